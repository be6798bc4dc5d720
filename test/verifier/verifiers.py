# SPDX-License-Identifier: Apache-2.0
"""Verifiers for server.py: Veraison's, Trustee's and ratsd's sides of a
conversation, as they were recorded, and each way to spoil them. The first
folder of a URL is the name of a script."""
import base64
import hashlib
import json
import os
import re
import socket
import threading

SESSION = "application/vnd.veraison.challenge-response-session+json"
DISCOVERY = "application/vnd.veraison.discovery+json"
PROBLEM = "application/problem+json"
RESULT = "eyJhbGciOiJFUzI1NiJ9.e30.AAAA"
TYPES = ["application/psa-attestation-token",
         'application/eat+cwt; '
         'eat_profile="tag:psacertified.org,2023:psa#tfm"']
deleted = set()
asked = []  # names of scripts whose session was recorded


def message(status, body=b"", kind="text/plain", headers=()):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    head = "HTTP/1.1 %d Said\r\nContent-Type: %s\r\nContent-Length: %d\r\n" % (
        status, kind, len(body))
    head += "".join("%s: %s\r\n" % field for field in headers)
    return head.encode() + b"\r\n" + body


def unpadded(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Veraison:
    """One that behaves; each spoiled one overrides a step."""

    polls = 0  # answers of "processing"

    def __init__(self):
        self.waited = {}

    def nonce(self, text):
        return text

    def session(self, nonce, status, **more):
        return {"status": status, "nonce": self.nonce(nonce),
                "expiry": "2126-11-23T10:03:55.833470869Z", "accept": TYPES,
                **more}

    def location(self, request, session):
        return "session/" + session

    def create(self, request):
        nonce = re.search(r"[?&]nonce=([^&]*)", request.path).group(1)
        return message(201, self.session(nonce, "waiting"), SESSION,
                       [("Location", self.location(request, nonce))])

    def complete(self, nonce, request):
        return message(200, self.session(nonce, "complete", result=RESULT),
                       SESSION)

    def processing(self, nonce):
        return message(202, self.session(nonce, "processing"), SESSION)

    def submit(self, nonce, request):
        assert request.body and request.headers["content-type"] in TYPES
        self.waited[nonce] = 0
        if self.polls:
            return self.processing(nonce)
        return self.complete(nonce, request)

    def poll(self, nonce, request):
        self.waited[nonce] += 1
        if self.waited[nonce] < self.polls:
            return message(200, self.session(nonce, "processing"), SESSION)
        return self.complete(nonce, request)

    def drop(self, nonce):
        deleted.add(nonce)
        return message(204)

    def __call__(self, peer, request):
        path = request.path.split("?")[0]
        nonce = path.split("/")[-1]
        if path.endswith("/challenge-response/v1/newSession"):
            answer = self.create(request)
        elif "/challenge-response/v1/session/" not in path:
            answer = message(404, b"404 page not found\n")
        elif request.method == "POST":
            answer = self.submit(nonce, request)
        elif request.method == "GET":
            answer = self.poll(nonce, request)
        else:
            answer = self.drop(nonce)
        peer.sendall(answer)


class Recorded(Veraison):
    """What a running Veraison said, byte for byte, to what it was asked."""

    def __init__(self, name):
        super().__init__()
        self.path = os.path.join(os.environ.get("ATLS_VECTORS", ""),
                                 "veraison", "live", name + ".session.json")

    def complete(self, nonce, request):
        with open(self.path, "rb") as file:
            text = file.read()
        record = json.loads(text)
        assert record["nonce"] == nonce
        assert request.headers["content-type"] == record["evidence"]["type"]
        assert request.body == base64.b64decode(record["evidence"]["value"])
        return message(200, text, SESSION)

    def create(self, request):
        asked.append(request.told)
        with open(self.path, "rb") as file:
            accept = json.load(file)["accept"]
        nonce = re.search(r"nonce=(.*)", request.path).group(1)
        return message(201, {"status": "waiting", "nonce": nonce,
                             "accept": accept}, SESSION,
                       [("Location", "session/" + nonce)])

    def submit(self, nonce, request):
        return self.complete(nonce, request)


class DropsLate(Veraison):
    """Answers a DELETE when it is asked the next question, and that question
    only then."""

    connections = set()
    wanted = None  # by a DELETE that waits: the next question
    answered = None

    def __call__(self, peer, request):
        self.connections.add(request.connection)
        if request.method == "DELETE":
            self.wanted, self.answered = threading.Event(), threading.Event()
            answered = self.answered
            self.wanted.wait()
            super().__call__(peer, request)
            answered.set()
            return
        if self.wanted and not self.wanted.is_set():
            self.wanted.set()
            self.answered.wait()
        super().__call__(peer, request)


class Closes(Veraison):
    """Each answer is the last of its connection."""

    def __call__(self, peer, request):
        class Ending:
            def sendall(self, data):
                peer.sendall(data.replace(b"\r\n\r\n",
                                          b"\r\nConnection: close\r\n\r\n", 1))
                peer.shutdown(socket.SHUT_WR)
        super().__call__(Ending(), request)


def spoiled(**steps):
    return type("Spoiled", (Veraison,), steps)()


def said(*arguments, **keywords):
    return lambda *ignored: message(*arguments, **keywords)


def standard(text):
    return base64.b64encode(base64.urlsafe_b64decode(text + "==")).decode()


def other_nonce(self, text):
    return unpadded(64 * b"\x55")


def not_named(self, nonce, status, **more):
    session = Veraison.session(self, nonce, status, **more)
    session["state"] = session.pop("status")
    return session


def hang(*ignored):
    threading.Event().wait()


class Half(Veraison):
    def __call__(self, peer, request):
        if request.method == "POST" and "/session/" in request.path:
            peer.sendall(self.complete("", request)[:-20])
            peer.shutdown(socket.SHUT_RDWR)
        else:
            super().__call__(peer, request)


def with_result(result):
    return lambda self, nonce, request: message(
        200, self.session(nonce, "complete", result=result), SESSION)


def with_status(status):
    return lambda self, nonce, request: message(
        200, self.session(nonce, status), SESSION)


VERAISON = {
    "good": Veraison(),
    "absolute": spoiled(location=lambda self, request, session: (
        "http://%s/absolute/challenge-response/v1/session/%s" % (
            request.headers["host"], session))),
    "rooted": spoiled(location=lambda self, request, session: (
        "/rooted/challenge-response/v1/session/" + session)),
    "state": spoiled(session=not_named),
    "polled": spoiled(polls=3),
    "polled_empty": spoiled(polls=1, processing=said(202)),
    "forever": spoiled(polls=1000000),
    "padded": spoiled(nonce=lambda self, text: text + "=" * (-len(text) % 4)),
    "standard": spoiled(nonce=lambda self, text: standard(text)),
    "standard_unpadded": spoiled(
        nonce=lambda self, text: standard(text).rstrip("=")),
    "drop_fails": spoiled(drop=said(500)),
    "drop_hangs": spoiled(drop=hang),
    "drops_late": DropsLate(),
    "closes": Closes(),
    "failed": spoiled(complete=with_status("failed")),
    "unknown_status": spoiled(complete=with_status("done")),
    "other_nonce": spoiled(nonce=other_nonce),
    "other_nonce_later": spoiled(complete=lambda self, nonce, request: message(
        200, self.session(unpadded(64 * b"\x55"), "complete", result=RESULT),
        SESSION)),
    "no_nonce": spoiled(session=lambda self, nonce, status, **more: {
        "status": status, **more}),
    "cross_origin": spoiled(location=lambda self, request, session:
                            "http://127.0.0.2:1/session/" + session),
    "cross_host": spoiled(location=lambda self, request, session:
                          "//127.0.0.2/session/" + session),
    "no_location": spoiled(create=lambda self, request: message(
        201, self.session(request.path.split("=")[1], "waiting"), SESSION)),
    "wrong_type": spoiled(create=said(201, b"{}", "application/json")),
    "html": spoiled(complete=said(200, b"<html>", "text/html")),
    "no_json": spoiled(complete=said(200, b"<html>", SESSION)),
    "twice": spoiled(complete=said(
        200, b'{"status":"complete","status":"complete"}', SESSION)),
    "deep": spoiled(complete=said(200, 1000 * b"[", SESSION)),
    "no_result": spoiled(complete=with_status("complete")),
    "result_object": spoiled(complete=with_result({"a": "b"})),
    "result_large": spoiled(complete=with_result(300000 * "a")),
    "oversized": spoiled(complete=with_result(600000 * "a")),
    "other_types": spoiled(session=lambda self, nonce, status, **more: {
        "status": status, "nonce": nonce, "accept": ["application/other"]}),
    "unsupported": spoiled(
        session=lambda self, nonce, status, **more: {"status": status,
                                                     "nonce": nonce, **more},
        submit=said(415, headers=[("Accept", "application/other")])),
    "problem": spoiled(submit=said(400, {
        "type": "about:blank", "title": "Bad Request", "status": 400,
        "detail": "no session with that id"}, PROBLEM)),
    "problem_500": spoiled(create=said(500, {
        "title": "Internal Server Error", "status": 500}, PROBLEM)),
    "problem_bad": spoiled(create=said(500, b"{{{", PROBLEM)),
    "text_502": spoiled(create=said(502, b"bad\r\ngateway \x1b[31m")),
    "unauthorized": spoiled(create=said(401)),
    "moved": spoiled(create=said(302, headers=[
        ("Location", "http://127.0.0.2/")])),
    "not_found": lambda peer, request: peer.sendall(
        message(404, b"404 page not found\n")),
    "create_hangs": spoiled(create=hang),
    "submit_hangs": spoiled(submit=hang),
    "submit_half": Half(),
    "recorded_psa": Recorded("psa"),
    "recorded_psa-badnonce": Recorded("psa-badnonce"),
    "recorded_cca": Recorded("cca"),
    "recorded_snp": Recorded("snp"),
    "recorded_parsec-cca": Recorded("parsec-cca"),
}


def well_known(peer, request):
    """Discovery has a place of its own, whatever the URL's path."""
    peer.sendall(message(200, {
        "service-state": "READY", "media-types": TYPES,
        "api-endpoints": {"newChallengeResponseSession":
                          "/good/challenge-response/v1/newSession"}},
        DISCOVERY))


def was_deleted(peer, request):
    peer.sendall(message(200, sorted(deleted)))


def was_asked(peer, request):
    peer.sendall(message(200, {name: asked.count(name) for name in asked}))


def num_connections(peer, request):
    peer.sendall(message(200, len(DropsLate.connections)))


def trustee(answer):
    def attest(peer, request):
        if request.method != "POST" or not request.path.endswith(
                "/attestation"):
            peer.sendall(message(404))
            return
        asked = json.loads(request.body)
        assert request.headers["content-type"] == "application/json"
        assert len(asked["verification_requests"]) == 1
        one = asked["verification_requests"][0]
        evidence = json.loads(base64.urlsafe_b64decode(one["evidence"] + "=="))
        raw = base64.urlsafe_b64decode(one["runtime_data"]["raw"] + "==")
        peer.sendall(answer(one["tee"], evidence, raw, asked["policy_ids"]))
    return attest


def takes_tdx(tee, evidence, raw, policies):
    """Answers with what it was asked, in the place of claims."""
    assert tee == "tdx" and set(evidence) <= {"quote", "cc_eventlog"}
    told = {"quote": base64.b64decode(evidence["quote"]).hex(),
            "raw": raw.hex(), "policies": policies}
    return message(200, ("e30.%s.AAAA" % unpadded(
        json.dumps(told).encode())).encode())


TRUSTEE = {
    "tdx": trustee(takes_tdx),
    "trustee_fails": trustee(lambda *ignored: message(
        500, b"An internal error occured: \n0: attestation report evaluate\n"
        b"1: Verifier evaluate failed: REPORT_DATA is different")),
    "trustee_empty": trustee(lambda *ignored: message(200)),
    "trustee_html": trustee(lambda *ignored: message(
        200, b"<html>a.b.c</html>", "text/html")),
    "trustee_json": trustee(lambda *ignored: message(
        200, {"token": "e30.e30.AAAA"}, "application/json")),
    "trustee_large": trustee(lambda *ignored: message(
        200, b"e30." + 300000 * b"a" + b".AAAA")),
}

def ratsd(answer):
    def attest(peer, request):
        assert request.method == "POST"
        assert request.path.endswith("/ratsd/chares")
        assert request.headers["content-type"] == (
            "application/vnd.veraison.chares+json")
        wanted = json.loads(request.body)
        assert wanted["attester-selection"] == ["tsm-report"]
        nonce = base64.urlsafe_b64decode(wanted["nonce"] + "==")
        assert len(nonce) == 64
        peer.sendall(answer(nonce))
    return attest


def report(nonce, **more):
    collection = {"__cmwc_t": "tag:github.com,2025:veraison/ratsd/cmw",
                  "tsm-report": ["application/vnd.veraison.tsm-report+cbor",
                                 unpadded(b"REPORT OF " + nonce)]}
    return message(200, {
        "eat_profile": "tag:github.com,2024:veraison/ratsd",
        "eat_nonce": unpadded(nonce), "cmw": base64.b64encode(
            json.dumps(collection).encode()).decode(), **more},
        'application/eat-ucs+json; '
        'eat_profile="tag:github.com,2024:veraison/ratsd"')


RATSD = {
    "ratsd_good": ratsd(report),
    "ratsd_adjusts": ratsd(lambda nonce: report(
        hashlib.shake_256(nonce).digest(64),
        **{"vnd.veraison.nonce_adjust_function": "shake-256",
           "vnd.veraison.nonce_adjust_map": {"tsm-report": 64}})),
    "ratsd_problem": ratsd(lambda nonce: message(400, {
        "title": "Bad Request", "detail": "nonce length"}, PROBLEM)),
}

SCRIPTS = {**VERAISON, **TRUSTEE, **RATSD, ".well-known": well_known,
           "deleted": was_deleted, "asked": was_asked,
           "connections": num_connections}
