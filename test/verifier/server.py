# SPDX-License-Identifier: Apache-2.0
"""A server that does what it is told by the first folder of the path.

    server.py [--tls CERT KEY [--clients CA]] [--unix PATH] [--deaf | --full]

prints its URL when it listens. Loopback only; it ends with its standard input.
--deaf: nobody ever reads what is sent. --full: nobody can connect.
"""
import argparse
import json
import os
import select
import socket
import ssl
import sys
import threading

import signing
import verifiers

connections = 0
released = threading.Event()  # never set: what waits for it hangs


class Request:
    def __init__(self, head, body, connection):
        line, *fields = head.decode("latin-1").split("\r\n")
        self.method, self.path, _ = line.split(" ")
        self.headers = {}
        for field in fields:
            name, value = field.split(":", 1)
            self.headers[name.lower()] = value.strip()
        self.body = body
        self.connection = connection

    @property
    def told(self):
        return self.path.split("?")[0].split("/")[1]


def read_request(stream, connection):
    if stream.peek(1)[:1] == b"\x16":
        raise ValueError("TLS, where there is none")
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return None
        head += line
    request = Request(head[:-4], b"", connection)
    request.body = stream.read(int(request.headers.get("content-length", 0)))
    return request


def answer(status, body=b"", kind="text/plain", headers=()):
    head = "HTTP/1.1 %d Said\r\nContent-Type: %s\r\nContent-Length: %d\r\n" % (
        status, kind, len(body))
    head += "".join("%s: %s\r\n" % field for field in headers)
    return head.encode() + b"\r\n" + body


def echo(peer, request):
    told = {"method": request.method, "path": request.path,
            "headers": request.headers, "body": request.body.decode("latin-1"),
            "connection": request.connection, "certificate": None}
    if isinstance(peer, ssl.SSLSocket) and peer.getpeercert():
        told["certificate"] = str(peer.getpeercert()["subject"])
    peer.sendall(answer(200, json.dumps(told).encode(), "application/json"))


def status(peer, request):
    peer.sendall(answer(int(request.path.split("/")[2])))


def redirect(peer, request):
    peer.sendall(answer(302, headers=[("Location", "/echo")]))


def hang(peer, request):
    released.wait()


def slow(peer, request):
    """A byte at a time, always before any idle timeout, and never all."""
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not released.wait(0.05):
        peer.sendall(b"x")


def hang_in_body(peer, request):
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    released.wait()


def endless(peer, request):
    peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        peer.sendall(b"1000\r\n" + 4096 * b"x" + b"\r\n")


def endless_headers(peer, request):
    peer.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        peer.sendall(b"X-More: and more\r\n")


def long_header(peer, request):
    peer.sendall(answer(201, headers=[("Location", "/" + 2000 * "x")]))


def huge(peer, request):
    peer.sendall(answer(200, 2 * 1024 * 1024 * b"x"))


def garbage(peer, request):
    peer.sendall(b"SSH-2.0-Server\r\n")
    peer.close()


def half(peer, request):
    """The connection ends in the middle of the body."""
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    peer.shutdown(socket.SHUT_RDWR)
    peer.close()


def nothing(peer, request):
    peer.shutdown(socket.SHUT_RDWR)
    peer.close()


def last(peer, request):
    """An answer, after which the connection is closed without a word."""
    peer.sendall(answer(200, b"last"))
    peer.shutdown(socket.SHUT_RDWR)
    peer.close()


SCRIPTS = {function.__name__: function for function in (
    echo, status, redirect, hang, hang_in_body, slow, endless, endless_headers, long_header,
    huge, garbage, half, nothing, last)}
SCRIPTS.update(verifiers.SCRIPTS)
SCRIPTS.update(signing.SCRIPTS)


def serve(peer, number, context):
    try:
        if context:
            peer = context.wrap_socket(peer, server_side=True)
        stream = peer.makefile("rb")
        while True:
            request = read_request(stream, number)
            if request is None:
                break
            SCRIPTS[request.told](peer, request)
    except (OSError, ValueError, KeyError, AssertionError) as error:
        print("%s: %r" % (number, error), file=sys.stderr)
    finally:
        peer.close()


def fill(server):
    """Connects until the kernel takes no more."""
    waiting = []
    while True:
        peer = socket.socket()
        waiting.append(peer)
        peer.setblocking(False)
        peer.connect_ex(server.getsockname())
        if not select.select([], [peer], [], 1)[1]:
            return waiting


def listen(options):
    global connections
    if options.unix:
        server = socket.socket(socket.AF_UNIX)
        server.bind(options.unix)
        server.listen()
        print("unix:" + options.unix, flush=True)
    else:
        server = socket.create_server(("127.0.0.1", 0), backlog=(
            0 if options.full else 128))
        waiting = fill(server) if options.full else []
        print("%s://localhost:%d" % ("https" if options.tls else "http",
                                     server.getsockname()[1]), flush=True)
    if options.full or options.deaf:
        released.wait()
    context = None
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
        if options.clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(options.clients)
    while True:
        peer, _ = server.accept()
        connections += 1
        threading.Thread(target=serve, args=(peer, connections, context),
                         daemon=True).start()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--clients")
    parser.add_argument("--unix")
    parser.add_argument("--deaf", action="store_true")
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    threading.Thread(target=listen, args=(options,), daemon=True).start()
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
