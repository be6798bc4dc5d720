# SPDX-License-Identifier: Apache-2.0
"""tls_hello.py server|client PORT FOLDER MUTUAL: says hello over TLS.

A program as anybody would write it with the standard library; it knows nothing
of attestation.
"""
import socket
import ssl
import sys


def serve(port, folder, mutual):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder + "/server.pem", folder + "/server.key")
    if mutual:
        context.load_verify_locations(folder + "/ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", port))
    while True:
        connection, _ = listener.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as tls:
                tls.recv(5)
                tls.sendall(b"hello")
        except OSError as error:
            print(error, flush=True)


def ask(port, folder, mutual):
    context = ssl.create_default_context(cafile=folder + "/ca.pem")
    if mutual:
        context.load_cert_chain(folder + "/client.pem", folder + "/client.key")
    with socket.create_connection(("127.0.0.1", port)) as connection:
        with context.wrap_socket(connection,
                                 server_hostname="localhost") as tls:
            tls.sendall(b"hi...")
            print(tls.recv(5).decode())


if __name__ == "__main__":
    run = {"server": serve, "client": ask}[sys.argv[1]]
    run(int(sys.argv[2]), sys.argv[3], sys.argv[4] == "yes")
