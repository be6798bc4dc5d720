# SPDX-License-Identifier: Apache-2.0
# A Verifier's life: starting, loading anew under load, sharing sessions with
# another, stopping. No request is lost on the way.
. "$top_srcdir/test/serve/harness.sh"
if ! have python3; then
    echo "1..0 # SKIP python3 is not installed"
    exit 0
fi
make_soft_key soft
make_soft_key other
make_signing_key sign
make_signing_key next
make_certificate
"$atls" policy learn "attest:soft?key=$work/soft.pem" >good.json
sed 's/assembly_and_test/secured/' good.json >strict.json
echo '{"profiles": {' >broken.json
cmw='Content-Type: application/cmw'

# Starting
asks "where to listen must be said" 2 serve --policy good.json \
    --signing-key sign.pem
complains "and atls says so" '--listen is missing'
asks "so must the policy" 2 serve --listen 127.0.0.1:0 --signing-key sign.pem
complains "and atls says so" '--policy is missing'
asks "and the key" 2 serve --listen 127.0.0.1:0 --policy good.json
complains "and atls says so" '--signing-key is missing'
starts_not() { # SENTENCE EXTENDED-REGEX OPTION...
    sentence=$1
    pattern=$2
    shift 2
    asks "$sentence" 2 serve --listen 127.0.0.1:0 --policy good.json \
        --signing-key sign.pem "$@"
    complains "and atls says so" "$pattern"
}
starts_not "a policy is good" 'broken.json' --policy broken.json
asks "a key that signs is private" 2 serve --listen 127.0.0.1:0 \
    --policy good.json --signing-key sign.pub
complains "and atls says so" 'sign.pub: want one private key in PEM'
openssl pkey -in sign.pem -aes128 -passout pass:secret -out locked.pem
starts_not "and has no passphrase" 'without a passphrase' \
    --signing-key locked.pem
for pair in 'sign next' 'sign sign' 'tls sign'; do
    cat "${pair% *}.pem" "${pair#* }.pem" >two.pem
    starts_not "what has two blocks is not one key (${pair% *}, ${pair#* })" \
        'two.pem: want one private or public key in PEM' --signing-key two.pem
done
cat sign.pub next.pub >two.pub
starts_not "nor are two public ones" 'two.pub: want one' --signing-key two.pub
starts_not "a certificate is none" 'tls.pem: want one' --signing-key tls.pem
for mode in 644 602; do
    cp sign.pem open.pem
    chmod $mode open.pem
    starts_not "a key is not for everybody (mode $mode)" \
        "open.pem: want a file that others .* mode 0$mode" \
        --signing-key open.pem
done
cp tls.key open.key
chmod 644 open.key
starts_not "nor is that of TLS" \
    'open.key: want a file that others .* mode 0644' \
    --tls-cert tls.pem --tls-key open.key
starts_not "a profile is in the policy" 'has no profile "nobody"' \
    --profile nobody
starts_not "TLS needs both" 'go together' --tls-cert tls.pem
starts_not "and a certificate that is one" 'libmicrohttpd: ' \
    --tls-cert sign.pub --tls-key tls.key
starts_not "a profile of results is known" 'want veraison or ietf' \
    --ear-profile trustee
starts_not "a number is one" 'want 1 to 256' --threads 0
starts_not "and no larger" 'want 1 to 65536' --connections 70000
starts_not "nor for one address" 'want 1 to 65536' --per-address 0
starts_not "a time is one" 'want a time such as' --at noon
starts_not "a log is a place" 'want stderr, syslog or file' --log here
starts_not "without TLS there is loopback alone" 'plain HTTP is for loopback' \
    --listen 0.0.0.0:0
starts_not "an address is one" 'want ADDR:PORT' --listen nowhere
python3 - <<'END'
import json
policy = json.load(open("good.json"))
policy["rules"] = [{"match": {"role": "server", "name": "a.example"},
                    "accept": ["learned"]}]
json.dump(policy, open("named.json", "w"))
END
starts_not "a rule is for a server without a name" 'want a rule that matches' \
    --policy named.json

python3 - <<'END'
import json
policy = json.load(open("good.json"))
policy["verifiers"] = {"https://v.example": {
    "keys": [open("sign.pub").read()], "any": True}}
policy["profiles"]["learned"]["verifier"] = "https://v.example"
json.dump(policy, open("elsewhere.json", "w"))
END
starts_not "a Verifier asks no other" 'a Verifier judges itself' \
    --policy elsewhere.json
python3 - <<'END'
import json
policy = json.load(open("good.json"))
policy["verifiers"] = {"https://v.example": {
    "keys": [open("sign.pub").read()], "any": True}}
policy["rules"] = [{"accept": [], "delegated_max_age": "10m",
                    "passport": ["https://v.example"]}]
json.dump(policy, open("nothing.json", "w"))
del policy["profiles"], policy["rules"]
json.dump(policy, open("none.json", "w"))
END
asks "a policy that takes passports alone is one" 0 policy check nothing.json
for policy in nothing none; do
    starts_not "a Verifier judges something ($policy.json)" \
        'want a profile that .* found none' --policy $policy.json
done

# Loading anew
cp good.json policy.json
cp sign.pem signing.pem
start_verifier v --policy policy.json --signing-key signing.pem
open_session
quote soft.pem e.cmw
judged() { # SENTENCE KEY REASON
    call "$1" 200 POST "$session" -H "$cmw" --data-binary @e.cmw
    if [ "$3" = OK ]; then
        ear "as affirming" "$2" 'sub["ear.status"] == "affirming"'
    else
        ear "as $3" "$2" \
            "sub['ear.veraison.policy-claims']['reason'] == '$3'"
    fi
}
reload() { # EXTENDED-REGEX of the log, which is emptied
    rm -f v.log
    kill -HUP $verifier
    await_line v.log "$1"
}
judged "Evidence is judged under the policy" sign.pub OK
cp strict.json policy.json
check "SIGHUP loads another, and the log is made anew" reload '"reloaded"'
judged "which judges from now on" sign.pub LIFECYCLE_REFUSED
cp broken.json policy.json
check "one that is broken is named" reload '"not reloaded: .*policy.json'
judged "and the old one stays" sign.pub LIFECYCLE_REFUSED
cp nothing.json policy.json
check "so is one under which nothing can be appraised" \
    reload '"not reloaded: .*nothing could be appraised'
judged "and the old one stays" sign.pub LIFECYCLE_REFUSED
call "both are counted" 200 GET /metrics
says "the good" '^atls_serve_reloads_total 1$'
says "and the bad" '^atls_serve_failed_reloads_total 2$'
cp good.json policy.json
cp next.pem signing.pem
check "keys are loaded too" reload '"reloaded"'
judged "and sign from now on" next.pub OK
cp sign.pub signing.pem
check "one that is none is named" reload '"not reloaded: .*signing.pem'
judged "and the old one stays" next.pub OK
stop_verifier $verifier

# A rotation: the next key is published, then it signs and the old one's public
# half stays, then that goes.
cat >keys.py <<'END'
import base64, hashlib, json, subprocess, sys
def text(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
def thumbprint(path): # RFC 7638, of a key on P-256
    point = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", path, "-outform", "DER"],
        check=True, capture_output=True).stdout[-64:]
    jwk = '{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}' % (
        text(point[:32]), text(point[32:]))
    return text(hashlib.sha256(jwk.encode()).digest())
keys = json.load(open("out"))["keys"]
wanted = [thumbprint(path) for path in sys.argv[1:]]
sys.exit([key["kid"] for key in keys] != wanted or
         any(set(key) != {"alg", "kid", "kty", "crv", "x", "y"} for key in keys))
END
publishes() { # SENTENCE PUBLIC-KEY...
    sentence=$1
    shift
    call "$sentence" 200 GET /.well-known/jwks.json
    check "and those alone, by their thumbprints" python3 keys.py "$@"
    cp out keys.json
}
cp sign.pem signing.pem
cp next.pub published.pem
start_verifier r --policy policy.json --signing-key signing.pem \
    --signing-key published.pem
publishes "the next key is published beside the one that signs" \
    sign.pub next.pub
open_session
quote soft.pem e.cmw
judged "which signs" sign.pub OK
cp next.pem signing.pem
cp sign.pub published.pem
kill -HUP $verifier
check "SIGHUP loads the next" await_line r.log '"reloaded"'
publishes "the last one stays published, without its private half" \
    next.pub sign.pub
judged "and the next one signs" next.pub OK
ear "by its name" next.pub \
    'head["kid"] == json.load(open("keys.json"))["keys"][0]["kid"]'
rm published.pem
openssl ecparam -name prime256v1 -genkey -out published.pem
openssl pkey -in published.pem -pubout -out published.pub
rm r.log
kill -HUP $verifier
check "a private key may be published, too" await_line r.log '"reloaded"'
publishes "by its public half" next.pub published.pub
cat sign.pub next.pub >published.pem
kill -HUP $verifier
check "two in one file are none" \
    await_line r.log '"not reloaded: published.pem: want one'
publishes "and the old ones stay" next.pub published.pub
cp sign.pub published.pem
cp sign.pem signing.pem
chmod 644 signing.pem
kill -HUP $verifier
check "nor is one that everybody can read" \
    await_line r.log '"not reloaded: signing.pem: want a file that others'
publishes "and the old ones stay" next.pub published.pub
rm signing.pem
stop_verifier $verifier
cp sign.pem signing.pem
start_verifier v --policy policy.json --signing-key signing.pem
open_session
quote soft.pem e.cmw

# The load: four clients that submit until they are told to stop, on
# connections that they keep.
cat >load.py <<'END'
import http.client, json, os, sys, threading
port, path = int(sys.argv[1]), sys.argv[2]
body = open("e.cmw", "rb").read()
lock, counts = threading.Lock(), {}
def count(word):
    with lock:
        counts[word] = counts.get(word, 0) + 1
        if sum(counts.values()) == 200:
            open("load.runs", "w").write("yes")
def run():
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while not os.path.exists("load.stop"):
        try:
            c.request("POST", path, body, {"Content-Type": "application/cmw"})
            answer = c.getresponse()
            text = answer.read()
            done = json.loads(text)["status"] == "complete"
            count("done" if answer.status == 200 and done else "bad")
        except Exception as wrong:
            count(repr(wrong))
            c.close()
threads = [threading.Thread(target=run) for i in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(counts)
sys.exit(set(counts) != {"done"})
END
python3 load.py "${url##*:}" "$session" >load.out 2>&1 &
load=$!
pids="$pids $load"
await load.runs $load
i=0
while [ $i -lt 20 ]; do
    i=$((i + 1))
    case $((i % 3)) in
    0) cp broken.json policy.json ;;
    1) cp strict.json policy.json ;;
    2) cp good.json policy.json ;;
    esac
    reload '"(not )?reloaded'
done
touch load.stop
wait $load
result $? "20 reloads under load cost no request"
sed 's/^/# /' load.out
stop_verifier $verifier
check "SIGTERM ends it well" [ $? = 0 ]

# Two instances
cp good.json policy.json
rm -f load.stop
start_verifier a --policy policy.json --signing-key sign.pem \
    --session-key session.key
url_a=$url verifier_a=$verifier
start_verifier b --policy policy.json --signing-key sign.pem \
    --session-key session.key
url_b=$url verifier_b=$verifier
check "a session key is made, for its owner alone" \
    [ "$(stat -c %a session.key)" = 600 ]
url=$url_a
open_session
quote soft.pem e.cmw
url=$url_b
judged "a session of one is a session of the other" sign.pub OK
stop_verifier $verifier_a
check "one ends" [ $? = 0 ]
judged "and its sessions go on" sign.pub OK
start_verifier c --policy policy.json --signing-key sign.pem
url_c=$url verifier_c=$verifier
call "one with another key does not know them" 404 POST "$session" -H "$cmw" \
    --data-binary @e.cmw
chmod 644 session.key
starts_not "a session key is not for everybody" 'chmod 600' \
    --session-key session.key
echo 00 >short.key
chmod 600 short.key
starts_not "nor too short" 'want 128 hex digits' --session-key short.key
rm -f session.key
for i in 1 2 3 4; do
    "$atls" serve --listen 127.0.0.1:0 --policy policy.json --log \
        "file:$work/n$i.log" --signing-key sign.pem --session-key session.key \
        >n$i.url 2>n$i.err &
    eval "n$i=$!"
    pids="$pids $!"
done
for i in 1 2 3 4; do
    eval "await n$i.url \$n$i" || cat n$i.err
done
url=$(cat n1.url)
open_session
quote soft.pem e.cmw
shared=0
for i in 2 3 4; do
    url=$(cat n$i.url)
    [ "$(request GET "$session")" = 200 ] && shared=$((shared + 1))
done
check "four that start at once make one key" [ $shared = 3 ]
check "and leave nothing else" \
    [ "$(find . -name 'session.key*' | wc -l)" = 1 ]
for i in 1 2 3 4; do
    eval "stop_verifier \$n$i"
done

# Stopping
url=$url_b
open_session
quote soft.pem e.cmw
cat >slow.py <<'END'
import os, socket, sys, time
port, path = int(sys.argv[1]), sys.argv[2].encode()
body = open("e.cmw", "rb").read()
s = socket.create_connection(("127.0.0.1", port), 60)
s.sendall(b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nContent-Type: "
          b"application/cmw\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
          % len(body))
assert s.recv(4096).startswith(b"HTTP/1.1 100")
open("slow.begun", "w").write("yes")
while not os.path.exists("slow.go"):
    time.sleep(0.02)
s.sendall(body)
text = b""
while True:
    more = s.recv(65536)
    if more == b"":
        break
    text += more
head, rest = text.split(b"\r\n\r\n", 1)
print(head)
sys.exit(not (head.startswith(b"HTTP/1.1 200") and b'"complete"' in rest and
              b"connection: close" in head.lower()))
END
python3 slow.py "${url##*:}" "$session" >slow.out 2>&1 &
slow=$!
pids="$pids $slow"
await slow.begun $slow
kill -TERM $verifier_b
await_line b.log '"stopping"'
tries=0
while [ "$(request GET /metrics)" != 000 ] && [ $tries -lt 600 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
check "one that stops takes nobody new" [ $tries -lt 600 ]
touch slow.go
wait $slow
status=$?
sed 's/^/# /' slow.out
result $status "and finishes what was under way, as the last on its connection"
wait $verifier_b
check "and ends well" [ $? = 0 ]
stop_verifier $verifier_c
check "SIGTERM ends an idle one well" [ $? = 0 ]

# TLS
start_verifier t --policy policy.json --signing-key sign.pem \
    --tls-cert tls.pem --tls-key tls.key --listen 127.0.0.1:0 --timeout 60
check "with TLS the URL says so" grep -q '^https://127' t.url
call "and a client that knows the certificate is served" 200 GET /metrics \
    --cacert tls.pem
wanted=$(date -d "$(openssl x509 -in tls.pem -noout -enddate | cut -d= -f2)" +%s)
says "metrics have its end" \
    "^atls_serve_certificate_not_after_seconds\{chain=\"tls\",depth=\"0\"\} $wanted\$"
https=$url
url="http://${url#https://}"
check "one that speaks plain HTTP learns nothing" \
    sh -c "! curl -s -m 20 '$url/metrics' | grep -q atls_serve"
url=$https
cat >kept.py <<'END'
import http.client, os, ssl, sys, time
context = ssl.create_default_context(cafile="old.pem")
c = http.client.HTTPSConnection("127.0.0.1", int(sys.argv[1]), timeout=60,
                                context=context)
for i in (1, 2):
    c.request("GET", "/.well-known/jwks.json")
    answer = c.getresponse()
    answer.read()
    if answer.status != 200:
        sys.exit(answer.status)
    if i == 1:
        open("kept.begun", "w").write("yes")
        while not os.path.exists("kept.go"):
            time.sleep(0.02)
sys.exit(answer.getheader("Connection") != "close")
END
cp tls.pem old.pem
python3 kept.py "${url##*:}" >kept.out 2>&1 &
kept=$!
pids="$pids $kept"
await kept.begun $kept
make_certificate
rm -f t.log
kill -HUP $verifier
check "SIGHUP loads another certificate" \
    await_line t.log '"certificate reloaded"'
touch kept.go
wait $kept
result $? "a connection under the old one gets its answer, as its last"
sed 's/^/# /' kept.out
call "the new one is shown" 200 GET /metrics --cacert tls.pem
call "and the old one no more" 000 GET /metrics --cacert old.pem
# A request that is under way while the certificate changes twice
open_session() { # over TLS
    request POST "$api/newSession" --cacert tls.pem >status
    session=$api/$(tr -d '\r' <head | sed -n 's/^Location: //pI')
}
open_session
sed -e 's/^s = .*/&\ns = ssl.create_default_context(cafile="old.pem")\\\n    .wrap_socket(s, server_hostname="localhost")/' \
    -e 's/^import /import ssl, /' slow.py >slow_tls.py
rm -f slow.begun slow.go
cp tls.pem old.pem
python3 slow_tls.py "${url##*:}" "$session" >slow.out 2>&1 &
slow=$!
pids="$pids $slow"
await slow.begun $slow
for i in 1 2; do
    make_certificate
    rm -f t.log
    kill -HUP $verifier
    check "SIGHUP loads another certificate ($i)" \
        await_line t.log '"certificate reloaded"'
done
call "the last one is shown" 200 GET /metrics --cacert tls.pem
touch slow.go
wait $slow
result $? "a request from before both gets its answer"
sed 's/^/# /' slow.out
chmod 644 tls.key
rm -f t.log
kill -HUP $verifier
check "a key that everybody can read is named" await_line t.log \
    '"certificate not reloaded: tls.key: want a file that others'
call "and the service stays" 200 GET /metrics --cacert tls.pem
chmod 600 tls.key
cp sign.pub tls.pem
rm -f t.log
kill -HUP $verifier
check "one that is none is named" await_line t.log \
    '"certificate not reloaded: libmicrohttpd: '
call "and the service stays" 200 GET /metrics --insecure
says "metrics count certificates that were loaded" \
    '^atls_serve_certificate_reloads_total 3$'
says "and those that could not be" \
    '^atls_serve_failed_certificate_reloads_total 2$'
stop_verifier $verifier
check "SIGTERM ends it well" [ $? = 0 ]

# More changes than there are places for old daemons
for i in 1 2 3 4 5 6 7 8 9 10 11; do
    make_certificate
    mv tls.pem tls$i.pem
    mv tls.key tls$i.key
done
turn() { # N
    cp tls$1.pem tls.pem
    cp tls$1.key tls.key
    rm -f m.log
    kill -HUP $verifier
    await_line m.log '"certificate (reloaded|waits)'
}
cp tls1.pem tls.pem
cp tls1.key tls.key
start_verifier m --policy policy.json --signing-key sign.pem \
    --tls-cert tls.pem --tls-key tls.key --timeout 8
for i in 2 3 4 5 6 7 8 9; do
    turn $i
    result $? "certificate $i is loaded"
done
turn 10
turn 11
check "then a change waits" grep -q '"certificate waits' m.log
call "for a moment the one before is shown" 200 GET /metrics --cacert tls9.pem
await_line m.log '"certificate reloaded"'
call "and then the last one" 200 GET /metrics --cacert tls11.pem
stop_verifier $verifier
check "SIGTERM ends it well" [ $? = 0 ]
plan
