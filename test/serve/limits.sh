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
check "but not what libmicrohttpd refused, as the manual says" \
    sh -c '! grep -Eq "status=\"4[13][14]\"" out && ! grep -Eq "\"status\":4[13][14]" v.log'

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

# The same over TLS, for everybody: so one address has a part of it
make_certificate
start_verifier t --policy policy.json --signing-key sign.pem --timeout 2 \
    --threads 2 --listen 0.0.0.0:0 --tls-cert tls.pem --tls-key tls.key \
    --connections 16
port=${url##*:}
url=https://127.0.0.1:$port
cat >tls.py <<'END'
import socket, ssl, sys, time
context = ssl.create_default_context(cafile="tls.pem")
def connect():
    return socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
def speak(s):
    return context.wrap_socket(s, server_hostname="localhost")
def is_over(s):
    try:
        return s.recv(4096) == b""
    except (socket.timeout, ssl.SSLWantReadError):
        return False
    except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
        return True
END
cat >slow.py <<'END'
from tls import *
s = connect()
if sys.argv[2] == "tls":
    s = speak(s)
s.sendall(sys.argv[3].encode("latin-1"))
s.settimeout(0.2)
end = time.monotonic() + 60
while time.monotonic() < end:
    if is_over(s):
        sys.exit(0)
    try:
        s.sendall(sys.argv[4].encode("latin-1"))
    except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
        sys.exit(0)
sys.exit("still there")
END
open_session_tls() {
    request POST "$api/newSession" --cacert tls.pem >status
    session=$api/$(tr -d '\r' <head | sed -n 's/^Location: //pI')
}
open_session_tls
request="POST $session HTTP/1.1
Host: a
Content-Length: 1000
"
check "TLS: a connection that says nothing is ended" \
    python3 slow.py "$port" tcp '' ''
check "TLS: one that begins a handshake and stops" python3 slow.py "$port" tcp \
    "$(printf '\026\003\001\002')" ''
check "TLS: one that says its ClientHello by letters" \
    python3 slow.py "$port" tcp "$(printf '\026\003\001\002')" A
check "TLS: one that only shakes hands" python3 slow.py "$port" tls '' ''
check "TLS: one that says its header by letters" python3 slow.py "$port" tls \
    'GET /metrics HTTP/1.1
Host: a
X-Slow: ' a
check "TLS: one that says its body by letters" python3 slow.py "$port" tls \
    "$request
" a
check "TLS: one that asks once and then stays" python3 slow.py "$port" tls \
    'GET /.well-known/jwks.json HTTP/1.1
Host: a

' ''
check "TLS: one that does not read its answers" python3 - "$port" <<'END'
from tls import *
s = connect()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
s = speak(s)
s.settimeout(0.2)
end = time.monotonic() + 60
while time.monotonic() < end:
    try:
        s.sendall(100 * b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    except (socket.timeout, ssl.SSLWantWriteError):
        pass
    except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
        sys.exit(0)
sys.exit("still there")
END
call "TLS: others are served" 200 GET /metrics --cacert tls.pem
says "TLS: overdue connections are counted" \
    '^atls_serve_connections_cut_total [1-9]'
cat >address.py <<'END'
from tls import *
num = int(sys.argv[2])
mine = [speak(connect()) for i in range(num)]
more = connect()
more.settimeout(20) # that of a request is 60
if not is_over(more):
    sys.exit("one more was taken")
for s in mine:
    s.sendall(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\n")
    if not s.recv(4096).startswith(b"HTTP/1.1 200"):
        sys.exit("one of mine was not served")
mine[0].close()
end = time.monotonic() + 20
while time.monotonic() < end:
    try:
        speak(connect())
        sys.exit(0)
    except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
        time.sleep(0.02)
sys.exit("none was taken again")
END
stop_verifier $verifier
check "TLS: it ends well" [ $? = 0 ]
for given in '' '--per-address 3'; do
    start_verifier p --policy policy.json --signing-key sign.pem --timeout 60 \
        --threads 2 --listen 0.0.0.0:0 --tls-cert tls.pem --tls-key tls.key \
        --connections 16 $given
    num=${given#--per-address }
    python3 address.py "${url##*:}" "${num:-4}" >out 2>err
    result $? "one address has ${num:-4} of 16 connections, and no more"
    stop_verifier $verifier
    check "it ends well" [ $? = 0 ]
done
plan
