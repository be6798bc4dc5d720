# SPDX-License-Identifier: Apache-2.0
"""Verifiers for server.py that sign what they say: one that judges as it
should, each way to lie, and one that takes its time. Keys are verifier.key and
other.key of the working directory; openssl(1) signs."""
import json
import subprocess
import threading
import time

from verifiers import SESSION, Veraison, hang, message, unpadded


def fixed(integer):
    return integer.lstrip(b"\0").rjust(32, b"\0")


def raw_signature(der):
    """RFC 7518, 3.4: r and s, which DER has as two integers."""
    first = der[3]
    second = der[5 + first]
    return fixed(der[4:4 + first]) + fixed(der[6 + first:6 + first + second])


def sign(claims, key, algorithm="ES256"):
    text = ".".join(unpadded(json.dumps(part).encode()) for part in (
        {"alg": algorithm, "typ": "JWT"}, claims))
    der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key],
                         input=text.encode(), stdout=subprocess.PIPE,
                         check=True).stdout
    return text + "." + unpadded(raw_signature(der))


class Signing(Veraison):
    """One that is right; each liar overrides a step."""

    def submods(self):
        return {"PSA_IOT": {"ear.status": "affirming",
                            "ear.trustworthiness-vector": {
                                "instance-identity": 2, "executables": 2,
                                "hardware": 2}}}

    def claims(self, nonce):
        return {"eat_profile": "tag:github.com,2023:veraison/ear",
                "iat": int(time.time()), "eat_nonce": nonce,
                "ear.verifier-id": {"developer": "test", "build": "1"},
                "submods": self.submods()}

    def result(self, nonce):
        return sign(self.claims(nonce), "verifier.key")

    def complete(self, nonce, request):
        return message(200, self.session(nonce, "complete",
                                         result=self.result(nonce)), SESSION)


def liar(**steps):
    return type("Liar", (Signing,), steps)()


def claims_with(**changes):
    def claims(self, nonce):
        changed = {name: change() for name, change in changes.items()}
        return {**Signing.claims(self, nonce), **changed}
    return claims


def submods_with(status, **vector):
    def submods(self):
        found = Signing.submods(self)
        found["PSA_IOT"]["ear.status"] = status
        found["PSA_IOT"]["ear.trustworthiness-vector"].update(vector)
        return found
    return submods


class Repeats(Signing):
    """Says of every session what it said of the first."""

    first = None

    def result(self, nonce):
        self.first = self.first or super().result(nonce)
        return self.first


class Late(Signing):
    """Takes a while for each answer."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def create(self, request):
        time.sleep(self.seconds)
        return super().create(request)

    def submit(self, nonce, request):
        time.sleep(self.seconds)
        return super().submit(nonce, request)


class Held(Signing):
    """Keeps a question until it is told to go on; tells how many it keeps."""

    held = threading.Semaphore(0)
    released = threading.Event()

    def submit(self, nonce, request):
        self.held.release()
        self.released.wait()
        return super().submit(nonce, request)


def wait_for_question(peer, request):
    Held.held.acquire()
    peer.sendall(message(200))


def release(peer, request):
    Held.released.set()
    peer.sendall(message(200))


SCRIPTS = {
    "signed": Signing(),
    "signed_late": Late(0.1),
    "signed_slow": Late(0.7),
    "signed_drop_hangs": liar(drop=hang),
    "signed_by_another": liar(result=lambda self, nonce: sign(
        self.claims(nonce), "other.key")),
    "signed_nothing": liar(result=lambda self, nonce: "%s.%s." % (
        unpadded(b'{"alg":"none"}'),
        unpadded(json.dumps(self.claims(nonce)).encode()))),
    "signed_garbage": liar(result=lambda self, nonce: "affirming"),
    "signed_another_nonce": liar(
        claims=claims_with(eat_nonce=lambda: unpadded(32 * b"\x55"))),
    "signed_no_nonce": liar(claims=lambda self, nonce: {
        name: value for name, value in Signing.claims(self, nonce).items()
        if name != "eat_nonce"}),
    "signed_another_session": Repeats(),
    "signed_no": liar(submods=submods_with("contraindicated",
                                           executables=96)),
    "signed_yes_for_no": liar(submods=submods_with("affirming",
                                                   executables=96)),
    "signed_another_submodule": liar(submods=lambda self: {
        "SEVSNP": Signing.submods(self)["PSA_IOT"]}),
    "signed_stale": liar(claims=claims_with(
        iat=lambda: int(time.time()) - 3600)),
    "signed_future": liar(claims=claims_with(
        iat=lambda: int(time.time()) + 3600)),
    "held": Held(),
    "question": wait_for_question,
    "release": release,
}
