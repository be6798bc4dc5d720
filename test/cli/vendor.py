# SPDX-License-Identifier: Apache-2.0
# vendor.py FOLDER [CERTIFICATE KEY]: a maker's server by script. FOLDER/routes
# has a line each: PATH STATUS FILE [HEADER=FILE]..., looked up anew for every
# request; the first line whose PATH is the request's wins. FILE "-": an empty
# body; "flood": a body without end; "cut:FILE": half of one, then the end.
# Every request is a line of FOLDER/asked; the port is the one of standard
# output.
import http.server
import os
import ssl
import sys

folder = sys.argv[1]


def read(name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def route(self):
        for line in read("routes").decode().splitlines():
            words = line.split()
            if words and words[0] == self.path:
                return words
        return [self.path, "404", "-"]

    def flood(self):
        self.send_header("Content-Type", "application/octet-stream")
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(b"0" * 65536)
        except OSError:
            pass

    def do_GET(self):
        with open(os.path.join(folder, "asked"), "a") as file:
            print(self.path, file=file)
        _, status, name, *headers = self.route()
        self.send_response(int(status))
        for header in headers:
            key, value = header.split("=", 1)
            self.send_header(key, read(value).decode())
        if name == "flood":
            self.flood()
            return
        is_cut = name.startswith("cut:")
        body = b"" if name == "-" else read(name[4:] if is_cut else name)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if is_cut else body)
        self.close_connection = is_cut


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
