# SPDX-License-Identifier: Apache-2.0
# What the tests of atls serve share, to be sourced: the command's harness, a
# Verifier, and curl. asks starts nothing here; call does:
#
#     call SENTENCE STATUS METHOD PATH [CURL-OPTION...]
#
# leaves the answer's headers in head and its body in out, where says and json
# look.
. "$top_srcdir/test/cli/harness.sh"
unset http_proxy HTTP_PROXY
api=/challenge-response/v1
crs=application/vnd.veraison.challenge-response-session+json

if ! have curl; then
    echo "1..0 # SKIP curl is not installed"
    exit 0
fi
if "$atls" serve 2>&1 | grep -q 'without libmicrohttpd'; then
    echo "1..0 # SKIP atls was built without libmicrohttpd"
    exit 0
fi

. "$top_srcdir/test/preload.sh"
preload openssl

# await FILE: until something stands in it, or its writer is gone
await() { # FILE PID
    tries=0
    until [ -s "$1" ] || [ $tries -ge 1200 ] || ! kill -0 "$2" 2>/dev/null; do
        tries=$((tries + 1))
        sleep 0.05
    done
    [ -s "$1" ]
}

# await_line FILE EXTENDED-REGEX
await_line() {
    tries=0
    until grep -Eq -- "$2" "$1" 2>/dev/null || [ $tries -ge 1200 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    grep -Eq -- "$2" "$1"
}

# start_verifier NAME OPTION...: sets url and verifier; logs to NAME.log
start_verifier() {
    name=$1
    shift
    rm -f "$name.url"
    "$atls" serve --listen 127.0.0.1:0 --log "file:$work/$name.log" "$@" \
        >"$name.url" 2>"$name.err" &
    verifier=$!
    pids="$pids $verifier"
    await "$name.url" $verifier || sed 's/^/# /' "$name.err"
    url=$(cat "$name.url")
}

# stop_verifier PID: by SIGTERM; its exit status
stop_verifier() {
    kill -TERM "$1"
    wait "$1"
}

request() { # METHOD PATH [CURL-OPTION...]: prints the status
    method=$1
    path=$2
    shift 2
    rm -f out head
    curl -s -m 60 -X "$method" -D head -o out -w '%{http_code}' "$@" \
        "$url$path" 2>>err
}

call() { # SENTENCE STATUS METHOD PATH [CURL-OPTION...]
    sentence=$1
    wanted=$2
    shift 2
    found=$(request "$@")
    [ "$found" = "$wanted" ] || echo "# want status $wanted, found $found"
    [ "$found" = "$wanted" ]
    result $? "$sentence"
}

heads() { # SENTENCE EXTENDED-REGEX, in the headers, without their CR
    tr -d '\r' <head | grep -Eiq -- "$2"
    result $? "$1"
}

problem() { # SENTENCE STATUS EXTENDED-REGEX, of detail
    tr -d '\r' <head | grep -Eiq '^content-type: application/problem\+json$' &&
        grep -q "\"type\":\"about:blank\"" out &&
        grep -q "\"status\":$2" out &&
        grep -Eq "\"detail\":\"[^\"]*$3" out
    result $? "$1"
}

# open_session [QUERY]: sets session (its path) and nonce (hex)
open_session() {
    request POST "$api/newSession${1:-}" >status
    session=$api/$(tr -d '\r' <head | sed -n 's/^Location: //pI')
    nonce=$(python3 -c 'import base64, json
text = json.load(open("out"))["nonce"]
print(base64.urlsafe_b64decode(text + "==").hex())')
}

# quote KEY FILE: Evidence of attest:soft for the session's nonce
quote() {
    python3 -c 'import sys
open("nonce.bin", "wb").write(bytes.fromhex(sys.argv[1]))' "$nonce"
    openssl pkeyutl -provider-path "$ATLS_MODULES" -provider atls \
        -provider default -sign -inkey "attest:soft?key=$1" -in nonce.bin \
        -out "$2"
}

# value CMW FILE: what a CBOR record of a text type with 16-bit length or an
# integer type wraps
value() {
    python3 -c 'import sys
data = open(sys.argv[1], "rb").read()
at = data.find(b"\xd2\x84")
assert at > 0
length = {0x58: 1, 0x59: 2}
for width in (1, 2):
    head = {1: 0x58, 2: 0x59}[width]
    if data[at - width - 1] == head:
        size = int.from_bytes(data[at - width:at], "big")
        open(sys.argv[2], "wb").write(data[at:at + size])' "$1" "$2"
}

# ear SENTENCE PUBLIC-KEY EXPRESSION: the session in out is complete, its result
# verifies under the key, and the Python expression holds: head, it (payload),
# sub (the only submodule, or of CCA's two the realm's), session.
ear() {
    python3 - "$2" "$3" <<'END' 2>>err
import base64, json, subprocess, sys
def part(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
def integer(data):
    data = data.lstrip(b"\0") or b"\0"
    data = (b"\0" if data[0] & 0x80 else b"") + data
    return b"\2" + bytes([len(data)]) + data
session = json.load(open("out"))
first, second, third = session["result"].split(".")
raw = part(third)
assert len(raw) == 64
body = integer(raw[:32]) + integer(raw[32:])
open("ear.sig", "wb").write(b"\x30" + bytes([len(body)]) + body)
open("ear.txt", "w").write(first + "." + second)
subprocess.run(["openssl", "dgst", "-sha256", "-verify", sys.argv[1],
                "-signature", "ear.sig", "ear.txt"], check=True,
               stdout=subprocess.DEVNULL)
head, it = json.loads(part(first)), json.loads(part(second))
subs = it["submods"]
sub = subs.get("CCA_REALM") or list(subs.values())[0]
assert session["status"] == "complete"
assert len(subs) == (2 if "CCA_REALM" in subs else 1)
if not eval(sys.argv[2]):
    sys.exit("not so: " + json.dumps(it))
END
    result $? "$1"
}

make_signing_key() { # NAME
    make_soft_key "$1"
}
