# SPDX-License-Identifier: Apache-2.0
"""A client with connections of both kinds, as anybody would write it: it knows
nothing of attestation. In its working directory is ca.pem.

    waiting.py threads PORT PLAIN_PORT URL  the Verifier at URL keeps the
                                            question until 20 plain connections
                                            were made
    waiting.py loop PORT PLAIN_PORT         both from one thread; prints what
                                            the plain one took, in ms
    waiting.py often PORT TIMES             one after the other
"""
import asyncio
import socket
import ssl
import sys
import threading
import time
import urllib.request

HOST = "127.0.0.1"
ATTESTED, PLAIN = "localhost", "plain.test"
NUM_PLAIN = 20


def connect(context, port, name):
    with socket.create_connection((HOST, port)) as connection:
        with context.wrap_socket(connection, server_hostname=name) as tls:
            return tls.version()


def tell(url, what):
    urllib.request.urlopen("%s/%s" % (url, what), timeout=60).read()


def threads(context, port, plain_port, url):
    outcome = []

    def attested():
        try:
            outcome.append(connect(context, int(port), ATTESTED))
        except OSError as error:
            outcome.append(str(error))

    thread = threading.Thread(target=attested)
    thread.start()
    tell(url, "question")
    for _ in range(NUM_PLAIN):
        connect(context, int(plain_port), PLAIN)
    print("%d plain, attested %s" % (NUM_PLAIN, outcome or "waits"))
    tell(url, "release")
    thread.join()
    print("attested", outcome[0])


async def try_one(context, port, name):
    try:
        _, writer = await asyncio.open_connection(
            HOST, int(port), ssl=context, server_hostname=name)
        writer.close()
        return "accepted"
    except OSError as error:
        return str(error)


async def both(context, port, plain_port):
    async def plain():
        await asyncio.sleep(0)  # the other one begins
        begun = time.monotonic()
        outcome = await try_one(context, plain_port, PLAIN)
        return outcome, (time.monotonic() - begun) * 1000

    attested, (outcome, ms) = await asyncio.gather(
        try_one(context, port, ATTESTED), plain())
    print("attested", attested)
    print("plain %s %.0f" % (outcome, ms))


def loop(context, port, plain_port):
    asyncio.run(both(context, port, plain_port))


def often(context, port, times):
    for _ in range(int(times)):
        try:
            print(connect(context, int(port), ATTESTED))
        except OSError as error:
            print(error)


if __name__ == "__main__":
    {"threads": threads, "loop": loop, "often": often}[sys.argv[1]](
        ssl.create_default_context(cafile="ca.pem"), *sys.argv[2:])
