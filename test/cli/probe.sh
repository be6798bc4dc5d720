# SPDX-License-Identifier: Apache-2.0
# atls probe against the distribution's s_server, attesting and not.
. "$top_srcdir/test/cli/harness.sh"
make_soft_key soft
make_soft_key other
uri=attest:soft?key=$work/soft.pem
make_certificate
"$atls" policy learn "$uri" >policy.json
"$atls" policy learn "attest:soft?key=$work/other.pem" >other.json
"$atls" config --attester "$uri" --set log=file:"$work/log" >attests.cnf

serve "$work/attests.cnf"
attesting=$port
asks "a server that attests is found out" 0 probe "127.0.0.1:$port"
says "with its TLS version" '^tls: TLSv1\.3$'
says "its scheme" '^chosen: application/eat\+cwt; eat_profile="tag:psacert'
says "its Evidence" 'lifecycle: assembly_and_test'
says "bound to this connection" '^is_bound: yes$'
says "and so attested" '^is_attested: yes$'
! grep -q "$(printf '\033')" out
result $? "there are no colours in a file"
asks "a SHA-256 suite has a binder of its own length" 0 probe "localhost:$port"
asks "the certificate is verified when asked" 0 probe --cafile tls.pem \
    "localhost:$port"
says "and found trusted" '^is_certificate_trusted: yes$'
asks "for an address too" 0 probe --cafile tls.pem "127.0.0.1:$port"
asks "another name is not trusted" 1 probe --cafile tls.pem \
    --name other.example "127.0.0.1:$port"
says "and why is said" '^certificate_problem: [Hh]ostname mismatch'
asks "its policy accepts it" 0 probe --policy policy.json "localhost:$port"
says "as affirming" '^verdict: affirming$'
asks "another policy does not" 1 probe --policy other.json "localhost:$port"
says "and says why" '^reason: ANCHOR_UNKNOWN$'
says "it is bound all the same" '^is_bound: yes$'
asks "as JSON" 0 probe --json --policy policy.json "localhost:$port"
json "everything is there" \
    'it["is_bound"] and it["is_attested"] and it["verdict"] == "affirming" and it["evidence"]["content_format"] == 10003'

if have python3; then
    python3 - "$atls" "localhost:$attesting" >out 2>err <<'END'
import os, pty, sys
atls, server = sys.argv[1:]
def run(environment):
    os.environ.pop("NO_COLOR", None)
    os.environ.update({"TERM": "xterm", **environment})
    shown = bytearray()
    def read(fd):
        data = os.read(fd, 4096)
        shown.extend(data)
        return data
    sys.stdout.flush()
    pty.spawn([atls, "probe", server], read, lambda fd: b"")
    return bytes(shown)
assert b"\033[32m" in run({}), "no colours on a terminal"
assert b"\033[" not in run({"NO_COLOR": "1"}), "colours under NO_COLOR"
END
    result $? "a terminal gets colours, unless NO_COLOR is set"
else
    skip "a terminal gets colours, unless NO_COLOR is set" "no python3"
fi

serve /dev/null
asks "a server that does not attest is found out" 1 probe "localhost:$port"
says "as silent" '^chosen: nothing: the server did not answer the offer$'
says "by reason" '^problem: NOT_ANSWERED$'
says "with whose move it is" '^text: .*; see atls doctor there$'
asks "the same as JSON" 1 probe --json "localhost:$port"
json "it is not attested" 'not it["is_attested"] and it["problem"] == "NOT_ANSWERED"'
serve /dev/null -tls1_2
asks "a server without TLS 1.3 is found out" 1 probe "localhost:$port"
says "as such" '^chosen: nothing: attestation needs TLS 1\.3$'
serve "$work/attests.cnf" -ciphersuites TLS_AES_128_GCM_SHA256
asks "a binder of SHA-256 is recomputed" 0 probe "localhost:$port"
says "with that suite" '^cipher: TLS_AES_128_GCM_SHA256$'

# A server that asks for a client's Evidence: said, never given.
"$atls" config --attester "$uri" --require client --policy policy.json \
    --set log=file:"$work/log" >mutual.cnf
serve "$work/mutual.cnf" -CAfile tls.pem
asks "a server that attests and requires is found out" 0 probe "localhost:$port"
says "as bound" '^is_bound: yes$'
says "and asking" '^asked: the server wants the client to attest too$'

# Servers that are none. PostgreSQL's way to TLS, by a server of ten lines.
if have python3; then
    cat >servers.py <<'END'
import socket, sys, threading
target = int(sys.argv[1])
def silent(c):
    c.recv(1 << 20)
    threading.Event().wait()
def rude(c):
    c.recv(1 << 20)
    c.sendall(b"HTTP/1.0 400 go away\r\n\r\n")
    c.close()
def copy(a, b):
    while data := a.recv(1 << 16):
        b.sendall(data)
    b.shutdown(socket.SHUT_WR)
def postgres(c):
    assert c.recv(8) == bytes([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f])
    c.sendall(b"S")
    s = socket.create_connection(("127.0.0.1", target))
    threading.Thread(target=copy, args=(s, c), daemon=True).start()
    copy(c, s)
def smtp(c):
    c.sendall(b"220-mail\r\n220 here\r\n")
    assert c.recv(100).startswith(b"EHLO")
    c.sendall(b"250-mail\r\n250 STARTTLS\r\n")
    assert c.recv(100) == b"STARTTLS\r\n"
    c.sendall(b"220 go\r\n")
    s = socket.create_connection(("127.0.0.1", target))
    threading.Thread(target=copy, args=(s, c), daemon=True).start()
    copy(c, s)
def serve(listener, speak):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=speak, args=(connection,), daemon=True).start()
ports = []
for speak in (silent, rude, postgres, smtp):
    listener = socket.create_server(("127.0.0.1", 0))
    ports.append(str(listener.getsockname()[1]))
    threading.Thread(target=serve, args=(listener, speak), daemon=True).start()
print(*ports, flush=True)
threading.Event().wait()
END
    python3 servers.py "$attesting" >ports 2>servers.err &
    pids="$pids $!"
    tries=0
    until [ -s ports ] || [ $tries -ge 600 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    read -r silent rude postgres smtp <ports
    asks "a server that says nothing is left" 1 probe --timeout 1 \
        "127.0.0.1:$silent"
    says "after the timeout" 'the server took too long'
    asks "a server that speaks no TLS is found out" 1 probe "127.0.0.1:$rude"
    says "as that" 'the handshake failed: wrong version number'
    asks "PostgreSQL's way to TLS is known" 0 probe --starttls postgres \
        "localhost:$postgres"
    asks "and that of mail" 0 probe --starttls smtp "localhost:$smtp"
    asks "a server that starts no TLS is left" 2 probe --starttls postgres \
        "127.0.0.1:$rude"
    complains "and atls says so" 'does not start TLS by postgres'
else
    for sentence in "a server that says nothing is left" "after the timeout" \
        "a server that speaks no TLS is found out" "as that" \
        "PostgreSQL's way to TLS is known" "and that of mail" \
        "a server that starts no TLS is left" "and atls says so"; do
        skip "$sentence" "python3 is not installed"
    done
fi

asks "nobody there" 2 probe 127.0.0.1:1
complains "is said" '127.0.0.1:1: Connection refused'
for bad in localhost localhost: :443 1:2:3; do
    asks "$bad is no HOST:PORT" 2 probe "$bad"
    complains "and atls wants one" 'want HOST:PORT'
done
for bad in 0 -1 soon 601; do
    asks "--timeout $bad is refused" 2 probe --timeout=$bad localhost:1
    complains "with what is wanted" 'want 1 to 600 seconds'
done
asks "an unknown way to TLS is refused" 2 probe --starttls gopher \
    "localhost:$attesting"
complains "with those that are known" 'want postgres, smtp or imap'
asks "a policy that is not there is bad input" 2 probe --policy nowhere \
    "localhost:$attesting"
complains "by name" 'nowhere'
asks "so is a file of CAs" 2 probe --cafile nowhere "localhost:$attesting"
complains "by name too" 'nowhere: want PEM certificates'

# Evidence in the certificate of a server without atls
printf '[req]\ndistinguished_name = dn\n[dn]\n' >plain.cnf
bear() { # KEY: tls.pem bears Evidence for its key by that attester
    openssl pkey -in tls.key -pubout -outform DER |
        openssl dgst -sha256 -binary >nonce.bin
    openssl pkeyutl -provider-path "$ATLS_MODULES" -provider atls \
        -provider default -sign -inkey "attest:soft?key=$1" -in nonce.bin \
        -out e.cmw
    openssl req -x509 -key tls.key -out tls.pem -subj /CN=localhost -days 2 \
        -addext subjectAltName=DNS:localhost -addext \
        "1.3.6.1.5.5.7.1.35=ASN1:FORMAT:HEX,OCT:$(od -An -v -tx1 e.cmw |
            tr -d ' \n')" 2>/dev/null
}
sed 's/"accept"/"bearer": "certificate", "bearer_max_age": "1d", &/' \
    policy.json >bearer.json
bear soft.pem
serve "$work/plain.cnf"
asks "Evidence in a certificate is shown" 1 probe "localhost:$port"
says "as such" '^binding: certificate$'
says "with its claims" 'lifecycle: assembly_and_test'
says "and is not enough" '^problem: NOT_ANSWERED$'
asks "nor is it under a policy without a bearer" 1 probe --policy policy.json \
    --cafile tls.pem "localhost:$port"
says "which is named" '^text: .*only a rule with "bearer" takes'
asks "a rule with a bearer takes it" 0 probe --policy bearer.json \
    --cafile tls.pem "localhost:$port"
says "as affirming" '^verdict: affirming$'
says "and says what it rests on" '^binding: certificate$'
asks "but not of a certificate that nobody vouches for" 1 probe \
    --policy bearer.json "localhost:$port"
says "and says so" '^problem: CERTIFICATE_UNTRUSTED$'
bear other.pem
serve "$work/plain.cnf"
asks "nor by another attester" 1 probe --policy bearer.json --cafile tls.pem \
    "localhost:$port"
says "and says why" '^reason: ANCHOR_UNKNOWN$'
openssl genpkey -algorithm EC -pkeyopt group:P-256 -out tls.key 2>/dev/null
openssl req -x509 -key tls.key -out tls.pem -subj /CN=localhost -days 2 \
    -addext subjectAltName=DNS:localhost -addext \
    "1.3.6.1.5.5.7.1.35=ASN1:FORMAT:HEX,OCT:$(od -An -v -tx1 e.cmw |
        tr -d ' \n')" 2>/dev/null
serve "$work/plain.cnf"
asks "nor for another key" 1 probe --policy bearer.json --cafile tls.pem \
    "localhost:$port"
says "and says why" '^problem: KEY_MISMATCH$'
plan
