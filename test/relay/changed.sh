# SPDX-License-Identifier: Apache-2.0
# A machine that is changed after it was vouched for: who takes Evidence for
# each connection sees it at the next one, who takes a delegate or a passport
# when that is made anew. README, "What a passport stops".
. "$top_srcdir/test/cli/harness.sh"
. "$top_srcdir/test/swtpm.sh"
trap 'swtpm_stop; cleanup' EXIT
if ! swtpm_have || ! have tpm2_pcrextend || ! have python3 ||
    [ ! -f "$top_builddir/.libs/atls_tpm.so" ]; then
    echo "1..0 # SKIP swtpm, tpm2-tools, python3 or attest:tpm is not there"
    exit 0
fi
swtpm_start tpm || exit 1
tpm="attest:tpm?tcti=$SWTPM_TCTI&pcrs=sha256:14"

make_tls() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
        -keyout tls.key -out tls.pem 2>/dev/null
}

# serve NAME: s_server under NAME.cnf; sets NAME_pid and NAME_port
serve() {
    rm -f "$1.out"
    OPENSSL_CONF=$1.cnf openssl s_server -accept 127.0.0.1:0 -cert tls.pem \
        -key tls.key -www </dev/null >"$1.out" 2>"$1.err" &
    eval "$1_pid=$!"
    pids="$pids $!"
    tries=0
    until grep -q '^ACCEPT ' "$1.out" 2>/dev/null || [ $tries -ge 1200 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    eval "$1_port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$1.out")"
}

again() { # NAME: with nothing made yet
    eval "kill \$$1_pid"
    serve "$1"
}

# sees SENTENCE CLIENT SERVER REASON LOG: a handshake; what LOG says last
sees() {
    eval "port=\$$3_port"
    : >"$5.log"
    OPENSSL_CONF=$2.cnf openssl s_client -connect "localhost:$port" \
        -servername localhost -CAfile tls.pem </dev/null >out 2>err
    grep '"event":"handshake"' "$5.log" | tail -n 1 |
        grep -q "\"reason\":\"$4\""
    result $? "$1"
}

configuration() { # NAME POLICY WORD...
    name=$1 policy=$2
    shift 2
    "$atls" config --policy "$policy" --set log="file:$work/$name.log" "$@" \
        >"$name.cnf"
}

make_tls
"$atls" policy learn "$tpm" >learned.json
python3 - learned.json >delegated.json <<'END'
import json, sys
policy = json.load(open(sys.argv[1]))
policy["rules"] = [{"delegated_max_age": "10m"}]
json.dump(policy, sys.stdout)
END
configuration each learned.json --require server
configuration lax delegated.json --require server
configuration by_delegate learned.json --attester "$tpm" --set delegate=10m
serve by_delegate
sees "Evidence of the machine is accepted" each by_delegate OK each
sees "a delegate of the machine is accepted" lax by_delegate OK lax

openssl genpkey -algorithm EC -pkeyopt group:P-256 -out sign.key 2>/dev/null
openssl pkey -in sign.key -pubout -out sign.pub
"$atls" serve --listen 127.0.0.1:0 --policy learned.json --signing-key sign.key \
    --log "file:$work/verifier.log" >verifier.url 2>verifier.err &
pids="$pids $!"
tries=0
until [ -s verifier.url ] || [ $tries -ge 1200 ] || ! kill -0 $! 2>/dev/null; do
    tries=$((tries + 1))
    sleep 0.05
done
url=$(cat verifier.url)
if [ -n "$url" ]; then
    verifiers='"verifiers": { "'$url'": { "http": "loopback",
        "keys": ["sign.pub"], "any": true } }'
    echo "{ $verifiers }" >shows.json
    echo "{ $verifiers, \"rules\": [ { \"passport\": [\"$url\"],
        \"delegated_max_age\": \"10m\" } ] }" >believes.json
    configuration believer believes.json --require server
    configuration by_passport shows.json --attester "$tpm" \
        --set passport="$url" --set delegate=10m
    serve by_passport
    sees "a passport of the machine is accepted" believer by_passport OK believer
fi

# Something else is booted, or loaded.
swtpm_extend 14 rootkit
sees "the machine changes: Evidence for the next connection says so" \
    each by_delegate PCR_MISMATCH each
sees "who takes a delegate does not see it" lax by_delegate OK lax
again by_delegate
sees "before the next delegate" lax by_delegate PCR_MISMATCH lax
if [ -n "$url" ]; then
    sees "who takes a passport does not see it" believer by_passport OK believer
    again by_passport
    sees "before the next passport, which is not given" believer by_passport \
        RESULT_REFUSED by_passport
else
    skip "a passport of the machine" "atls serve is not built"
fi
plan
