#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Binder vectors: from the secrets of a connection to what an attester signs.

An implementation of doc/protocol.md, "The binder", that shares no code with
the one in ext/, in nothing but Python's hashlib and hmac.

    generate.py            writes one JSON file a vector beside this program
    generate.py --check    compares them with what it computes; 1: they differ
"""
import hashlib
import hmac
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
HASHES = {"SHA-256": hashlib.sha256, "SHA-384": hashlib.sha384}

# Public keys of RFC 6979, A.2.5 and A.2.6, as DER SubjectPublicKeyInfo.
P256 = bytes.fromhex(
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299")
P384 = bytes.fromhex(
    "3076301006072a8648ce3d020106052b8104002203620004"
    "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e"
    "06aae5286b300c64def8f0ea9055866064a254515480bc13"
    "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9"
    "f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720")

# Secrets of the handshake of RFC 8448, 3, which ran with SHA-256.
RFC8448_SERVER = bytes.fromhex(
    "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38")
RFC8448_HANDSHAKE = bytes.fromhex(
    "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac")
RFC8448_HELLO_HASH = bytes.fromhex(
    "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8")
RFC8448_EXPORTER = bytes.fromhex(
    "fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50")


def hkdf_label(label, context, length):
    """RFC 9846, 7.1: struct HkdfLabel."""
    label = b"tls13 " + label.encode()
    return (length.to_bytes(2, "big") + bytes([len(label)]) + label
            + bytes([len(context)]) + context)


def expand(key, info, length, new_hash):
    """RFC 5869, 2.3: HKDF-Expand."""
    out = block = b""
    counter = 1
    while len(out) < length:
        block = hmac.new(key, block + info + bytes([counter]),
                         new_hash).digest()
        out += block
        counter += 1
    return out[:length]


class Derivation:
    """Steps by name, in order, with the HkdfLabel that each was made with."""

    def __init__(self, hash_name):
        self.new_hash = HASHES[hash_name]
        self.length = self.new_hash().digest_size
        self.steps = {}

    def digest(self, name, data):
        return self.keep(name, self.new_hash(data).digest())

    def expand_label(self, name, key, label, context):
        info = hkdf_label(label, context, self.length)
        self.keep(name + "_hkdf_label", info)
        return self.keep(name, expand(key, info, self.length, self.new_hash))

    def keep(self, name, value):
        self.steps[name] = value.hex()
        return value


def bound_binder(derivation, secret, spki):
    spki_hash = derivation.digest("spki_hash", spki)
    derivation.expand_label("binder", secret, "atls binder", spki_hash)


def bound_server(hash_name, traffic_secret, spki):
    derivation = Derivation(hash_name)
    secret = derivation.expand_label("secret", traffic_secret,
                                     "atls server", b"")
    bound_binder(derivation, secret, spki)
    return {"binding": "bound", "role": "server", "hash": hash_name,
            "input": {"server_handshake_traffic_secret": traffic_secret.hex(),
                      "spki": spki.hex()},
            "steps": derivation.steps}


def bound_client(hash_name, exporter_secret, spki):
    """TLS-Exporter("EXPORTER-atls-client", "", L), RFC 9846, 7.5."""
    derivation = Derivation(hash_name)
    empty_hash = derivation.digest("empty_hash", b"")
    derived = derivation.expand_label("exporter_derived_secret",
                                      exporter_secret, "EXPORTER-atls-client",
                                      empty_hash)
    secret = derivation.expand_label("secret", derived, "exporter", empty_hash)
    bound_binder(derivation, secret, spki)
    return {"binding": "bound", "role": "client", "hash": hash_name,
            "input": {"exporter_secret": exporter_secret.hex(),
                      "spki": spki.hex()},
            "steps": derivation.steps}


def transcript(derivation, messages):
    """RFC 9846, 4.5.1: after HelloRetryRequest, message_hash stands for the
    first ClientHello."""
    if len(messages) == 4:
        first = derivation.digest("client_hello_1_hash", messages[0])
        messages = [b"\xfe\0\0" + bytes([derivation.length]) + first,
                    *messages[1:]]
    return derivation.digest("transcript_hash", b"".join(messages))


def draft(hash_name, messages, spki):
    derivation = Derivation(hash_name)
    context = transcript(derivation, messages)
    base = derivation.expand_label("attest_base", bytes(derivation.length),
                                   "attestation base", context)
    spki_hash = derivation.digest("spki_hash", spki)
    derivation.expand_label("binder", base, "attestation", spki_hash)
    return {"binding": "draft", "role": "either", "hash": hash_name,
            "input": {"messages": [message.hex() for message in messages],
                      "spki": spki.hex()},
            "steps": derivation.steps}


def handshake_message(kind, body):
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def made_up_secret(name):
    """48 bytes that nobody chose."""
    return hashlib.sha384(name.encode()).digest()


def vectors():
    toy = [b"CH-SH transcript test vector"]
    retried = [handshake_message(1, b"CH1"), handshake_message(2, b"HRR"),
               handshake_message(1, b"CH2"), handshake_message(2, b"SH")]
    key = b"SPKI test vector"
    return {
        "bound-server-sha256": bound_server("SHA-256", RFC8448_SERVER, P256),
        "bound-server-sha384": bound_server(
            "SHA-384", made_up_secret("server handshake traffic"), P384),
        "bound-client-sha256": bound_client("SHA-256", RFC8448_EXPORTER, P256),
        "bound-client-sha384": bound_client(
            "SHA-384", made_up_secret("exporter"), P384),
        # One secret, one key, the other role: another binder.
        "bound-client-role": bound_client("SHA-256", RFC8448_SERVER, P256),
        # One secret, one role, another key: another binder.
        "bound-server-key": bound_server("SHA-256", RFC8448_SERVER, P384),
        "draft-sha256": draft("SHA-256", toy, key),
        "draft-sha384": draft("SHA-384", toy, key),
        "draft-retry-sha256": draft("SHA-256", retried, key),
        "draft-retry-sha384": draft("SHA-384", retried, key),
        "draft-key-sha256": draft("SHA-256", toy, P256),
        "draft-key-sha384": draft("SHA-384", toy, P384),
    }


def path_of(name):
    return os.path.join(HERE, name + ".json")


def text_of(vector):
    return json.dumps(vector, indent=2) + "\n"


def on_disk(name):
    try:
        with open(path_of(name), encoding="ascii") as file:
            return file.read()
    except FileNotFoundError:
        return None


def derives_as_rfc8448():
    derivation = Derivation("SHA-256")
    return RFC8448_SERVER == derivation.expand_label(
        "", RFC8448_HANDSHAKE, "s hs traffic", RFC8448_HELLO_HASH)


def differences(made):
    wrong = [name for name in made if on_disk(name) != text_of(made[name])]
    known = {name + ".json" for name in made}
    return wrong + sorted(name for name in os.listdir(HERE)
                          if name.endswith(".json") and name not in known)


def main(arguments):
    made = vectors()
    if arguments == ["--check"]:
        wrong = differences(made)
        for name in wrong:
            print("differs from what generate.py computes:", name)
        if not derives_as_rfc8448():
            wrong.append("HKDF-Expand-Label is not that of RFC 8448")
            print(wrong[-1])
        return 1 if wrong else 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    for name, vector in made.items():
        with open(path_of(name), "w", encoding="ascii") as file:
            file.write(text_of(vector))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
