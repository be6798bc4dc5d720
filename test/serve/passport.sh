# SPDX-License-Identifier: Apache-2.0
# Passports end to end: a server that atls serve vouches for, and clients that
# know nothing of it but the Verifier's key.
. "$top_srcdir/test/serve/harness.sh"
make_soft_key soft
make_signing_key sign
make_certificate
uri=attest:soft?key=$work/soft.pem
"$atls" policy learn "$uri" >verifier.json
start_verifier v --policy verifier.json --signing-key sign.pem
named=$url

# The Verifier as a policy names it, and nothing else.
verifiers() {
    cat <<END
"verifiers": { "$named": { "http": "loopback", "keys": ["sign.pub"],
                          "nonce_checked": ["PSA_IOT"],
                          "accept": [ { "PSA_IOT": ["executables"] } ] } }
END
}
openssl pkey -in sign.pem -pubout -out sign.pub
echo "{ $(verifiers) }" >server.json
echo "{ $(verifiers), \"rules\": [ { \"passport\": [\"$named\"],
    \"delegated_max_age\": \"10m\" } ] }" >client.json

"$atls" config --attester "$uri" --policy server.json \
    --set "passport=$named" --set log=file:"$work/server.log" >server.cnf
"$atls" config --require server --policy client.json \
    --set log=file:"$work/client.log" >client.cnf
"$atls" policy learn "$uri" >evidence.json
"$atls" config --require server --policy evidence.json \
    --set log=file:"$work/evidence.log" >evidence.cnf

# The other model: the client asks the Verifier itself.
echo "{ $(verifiers), \"profiles\": { \"psa\": { \"format\": \"psa\" } } }" \
    >background.json
"$atls" config --require server --policy background.json \
    --set "verifier=$named" --set log=file:"$work/background.log" \
    >background.cnf

# connect CNF: s_client of the distribution, to the server; a failure is told
# with what both sides last wrote into their logs
connect() {
    OPENSSL_CONF=$work/$1.cnf openssl s_client -connect "localhost:$port" \
        -servername localhost -CAfile tls.pem </dev/null >out 2>err && return
    tail -qn 1 "$1.log" server.log >>err 2>/dev/null
    return 1
}
sessions() { # made at the Verifier so far
    grep -c 'newSession' v.log
}
last() { # LOG EXTENDED-REGEX: its last line
    tail -n 1 "$1.log" | grep -Eq -- "$2"
}

serve "$work/server.cnf" -www
connect client
result $? "a client that knows the Verifier's key alone accepts the server"
last client "\"peer_scheme\":\"$named\".*\"verdict\":\"affirming\""
result $? "by the Verifier's result"
check "which was fetched once" [ "$(sessions)" = 1 ]
grep -q "\"event\":\"delegate\",\"outcome\":\"made\",\"pid\":[0-9]*,\"own_scheme\":\"$named\"" \
    server.log
result $? "as the server's log says"
connect client && connect client
result $? "the next connections are accepted, too"
check "without the Verifier" [ "$(sessions)" = 1 ]
connect evidence
result $? "a client that takes Evidence alone gets Evidence"
last evidence '"peer_scheme":"application/eat\+cwt.*"verdict":"affirming"'
result $? "and accepts it"

connect background
result $? "a client that asks the Verifier itself accepts the server"
last background '"peer_scheme":"application/eat\+cwt.*"verdict":"affirming".*"profile":"psa"'
result $? "by Evidence for this connection"
check "in a session of its own" [ "$(sessions)" = 2 ]

stop_verifier "$verifier"
! connect background
result $? "with the Verifier gone, who asks it refuses"
last background '"reason":"VERIFIER_UNREACHABLE".*"alert":40'
result $? "and says why"
connect client
result $? "with the Verifier gone, the passport goes on"
kill "$server_pid"
serve "$work/server.cnf" -www
! connect client
result $? "a server that has none yet refuses"
last server '"reason":"VERIFIER_UNREACHABLE".*"alert":40'
result $? "and says that its Verifier cannot be reached"
grep -q '"event":"delegate","outcome":"failed".*VERIFIER_UNREACHABLE' server.log
result $? "as it does of the delegate"
connect evidence
result $? "who takes Evidence is served all the same"

# A Verifier whose key is another one.
openssl genpkey -algorithm EC -pkeyopt group:P-256 -out sign.pem 2>/dev/null
start_verifier w --policy verifier.json --signing-key sign.pem
sed -i "s|\"$named\"|\"$url\"|" server.json client.json
sed -i "s|^passport = .*|passport = $url|" server.cnf
kill "$server_pid"
serve "$work/server.cnf" -www
! connect client
result $? "a result under another key is shown to nobody"
last server '"reason":"RESULT_SIGNATURE"'
result $? "the server says why"
plan
