# SPDX-License-Identifier: Apache-2.0
# What a client can make a Verifier spend is bounded: bytes, connections, time.
. "$top_srcdir/test/serve/harness.sh"
if ! have python3; then
    echo "1..0 # SKIP python3 is not installed"
    exit 0
fi
make_soft_key soft
make_signing_key sign
"$atls" policy learn "attest:soft?key=$work/soft.pem" >policy.json
start_verifier v --policy policy.json --signing-key sign.pem --timeout 2 \
    --threads 2 --connections 8
port=${url##*:}
psa='Content-Type: application/psa-attestation-token'
open_session

# Bytes
head -c 65536 /dev/zero >most
head -c 65537 /dev/zero >more
head -c 3000000 /dev/zero >far_more
call "65536 bytes are read, and judged" 200 POST "$session" -H "$psa" \
    --data-binary @most
ear "as no Evidence" sign.pub 'sub["ear.status"] == "contraindicated"'
call "65537 are too many" 413 POST "$session" -H "$psa" --data-binary @more
problem "and atls says so" 413 'want at most 65536 bytes'
call "in chunks too" 413 POST "$session" -H "$psa" \
    -H "Transfer-Encoding: chunked" --data-binary @more
call "far more are not waited for" 413 POST "$session" -H "$psa" -H "Expect:" \
    --data-binary @far_more
check "far more in chunks end the connection" python3 - "$port" "$session" <<'END'
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
s.sendall(b"POST " + sys.argv[2].encode() + b" HTTP/1.1\r\nHost: a\r\n"
          b"Transfer-Encoding: chunked\r\n\r\n")
try:
    for i in range(3000):
        s.sendall(b"400\r\n" + 1024 * b"x" + b"\r\n")
    sys.exit(s.recv(1) != b"")
except (BrokenPipeError, ConnectionResetError):
    pass
END
call "a header of 20 kB is refused" 431 GET /metrics \
    -H "X-Long: $(printf 'a%.0s' $(seq 20000))"
# libmicrohttpd says so, with a page of its own
call "a path of 20 kB too" 414 GET "/$(printf 'a%.0s' $(seq 20000))"
call "others are served as before" 200 GET /metrics
says "and it was counted" 'status="413"\} [1-9]'

# Time: each of these is ended by the Verifier, or would go on for ever.
cat >client.py <<'END'
import socket, sys, time
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
s.sendall(sys.argv[2].encode())
s.settimeout(0.2)
end = time.monotonic() + 60
while time.monotonic() < end:
    try:
        if s.recv(4096) == b"":
            sys.exit(0)
    except socket.timeout:
        pass
    except ConnectionResetError:
        sys.exit(0)
    try:
        s.sendall(sys.argv[3].encode())
    except (BrokenPipeError, ConnectionResetError):
        sys.exit(0)
sys.exit("still there")
END
request="POST $session HTTP/1.1
Host: a
Content-Length: 1000
"
check "a connection that says nothing is ended" python3 client.py "$port" '' ''
check "one that says its header by letters" \
    python3 client.py "$port" 'GET /metrics HTTP/1.1
Host: a
X-Slow: ' a
check "one that says its body by letters" \
    python3 client.py "$port" "$request
" a
check "one that asks once and then stays" python3 client.py "$port" \
    'GET /.well-known/jwks.json HTTP/1.1
Host: a

' ''
call "others are served meanwhile" 200 GET /metrics
says "overdue connections are counted" '^atls_serve_connections_cut_total [1-9]'
check "one that does not read its answers" python3 - "$port" <<'END'
import socket, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
s.settimeout(0.2)
s.connect(("127.0.0.1", int(sys.argv[1])))
end = time.monotonic() + 60
while time.monotonic() < end:
    try:
        s.sendall(100 * b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    except socket.timeout:
        pass
    except (BrokenPipeError, ConnectionResetError):
        sys.exit(0)
sys.exit("still there")
END

# Connections
check "of 24 connections 8 are taken, and the others wait for their turn" \
    python3 - "$port" "$verifier" <<'END'
import os, socket, sys
def files():
    return len(os.listdir("/proc/" + sys.argv[2] + "/fd"))
before = files()
get = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\n"
all = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
       for i in range(24)]
served = most = 0
for s in all:
    s.sendall(get)
    served += s.recv(4096).startswith(b"HTTP/1.1 200")
    most = max(most, files() - before)
print(served, most)
sys.exit(served != 24 or most > 8)
END
call "as it is" 200 GET /metrics

# Words that are none
check "HTTP that is none gets 400 or nothing" python3 - "$port" <<'END'
import socket, sys
for words in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0" * 5000,
              b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
              b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
              b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
              b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
    s.sendall(words)
    s.shutdown(socket.SHUT_WR)
    try:
        said = s.recv(4096)
    except ConnectionResetError:
        said = b""
    if said and not said[9:10] == b"4":
        sys.exit("%r: %r" % (words, said))
END
call "and others are served" 200 GET /metrics
stop_verifier $verifier
check "it ends well" [ $? = 0 ]
plan
