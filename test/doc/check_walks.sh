# SPDX-License-Identifier: Apache-2.0
# The walks of doc/verifiers.md are followed word for word: what is indented
# there and is a command runs here, in its order. Only what is the reader's own
# is another: names, ports, and which shell it is. atls serve stands in for
# Veraison; of Trustee's walk policies and configurations are made and checked.
. "$top_srcdir/test/cli/harness.sh"
document=$top_srcdir/doc/verifiers.md
trap '[ ! -f server.pid ] || kill $(cat server.pid) 2>/dev/null
    [ ! -f verifier.pid ] || kill $(cat verifier.pid) 2>/dev/null
    cleanup' EXIT
if ! have python3 || ! have curl; then
    echo "1..0 # SKIP python3 or curl is not installed"
    exit 0
fi
mkdir bin
printf '#!/bin/sh\nexec "%s" "$@"\n' "$atls" >bin/atls
chmod +x bin/atls
PATH=$work/bin:$PATH
export PATH

# The commands of a page: indented blocks but those that show what is read.
commands() { # HEADING
    awk -v heading="## $1" '
        $0 == heading {inside = 1; next}
        /^## / {inside = 0}
        inside && /^    / {print; next}
        inside {print ""}' "$document" | awk -v RS= '!/^    ([{\["]|error:)/' |
        sed 's/^    //'
}

# How a block becomes a script: a server goes into the background, ports are
# the kernel'"'"'s, and a handshake that is refused does not end the walk.
script() {
    cat <<'END'
set -e
wait_for() { # FILE PATTERN
    tries=0
    until grep -q "$2" "$1" 2>/dev/null || [ $tries -ge 1200 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    grep -q "$2" "$1"
}
end_server() {
    [ ! -f server.pid ] || kill $(cat server.pid) || true
    rm -f s_server.out
}
server_runs() {
    echo $! >server.pid
    wait_for s_server.out '^ACCEPT '
    PORT=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' s_server.out)
}
verifier_runs() {
    wait_for url '^http'
    URL=$(cat url)
}
END
    sed -e 's/^\(.* s_server \)-accept 4433\(.*\)$/end_server; \1-accept 127.0.0.1:0\2 <\/dev\/null >s_server.out 2>s_server.err \& server_runs/' \
        -e '/ s_client /s/$/ 2>\&1 || true/' \
        -e 's/localhost:4433/localhost:$PORT/g' \
        -e 's/--listen 127.0.0.1:8880/--listen 127.0.0.1:0/' \
        -e 's/ & echo $! >verifier.pid/ >url \& echo $! >verifier.pid; verifier_runs/' \
        -e 's/http:\/\/127.0.0.1:8880/$URL/g' \
        -e 's/^kill -HUP .*/&; wait_for verifier.log reloaded/'
}

walk() { # SENTENCE: of walk.sh
    sh walk.sh >out 2>err
    result $? "$1"
}

good_policies() { # SENTENCE NUMBER
    [ "$(grep -c ': a good policy$' out)" = "$2" ]
    result $? "$1"
}

has_serve() {
    ! "$atls" serve 2>&1 | grep -q 'without libmicrohttpd'
}

# Veraison's part is played by a Verifier with TLS that knows the device: sets
# url.
stand_in() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
        -keyout tls.key -out tls.pem 2>/dev/null
    make_key sign
    atls policy learn "attest:soft?key=$work/soft.pem" >stand-in.json
    atls serve --listen 127.0.0.1:0 --policy stand-in.json \
        --signing-key sign.pem --tls-cert tls.pem --tls-key tls.key \
        --log "file:$work/stand-in.log" >stand-in.url 2>err &
    pids="$pids $!"
    tries=0
    until [ -s stand-in.url ] || [ $tries -ge 1200 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    url=$(sed 's/127\.0\.0\.1/localhost/' stand-in.url)
}

make_key() { # NAME
    openssl genpkey -algorithm EC -pkeyopt group:P-256 -out "$1.pem" \
        2>/dev/null
}

veraison_walk() {
    commands "With Veraison" | sed \
        -e "s|^VERAISON=.*|VERAISON=$url|" \
        -e "s|^VERAISON_CA=.*|VERAISON_CA=$work/tls.pem|" \
        -e '/ -out soft.pem$/d' | script
}

if has_serve; then
    make_key soft
    stand_in
    veraison_walk >walk.sh
    walk "the walk with Veraison"
    good_policies "its policies are good" 3
    says "its handshake is accepted by a result" \
        '"peer_scheme":"application/eat.cwt.*"verdict":"affirming","profile":"node".*"reason":"OK"'
    says "then by a passport" \
        "\"peer_scheme\":\"$url\",\"verdict\":\"affirming\",\"reason\":\"OK\""
    says "which the server fetched" \
        "\"outcome\":\"made\".*\"own_scheme\":\"$url\""
    says "s_client says that it is connected" '^CONNECTION ESTABLISHED'
    commands "Your own Verifier" | script >walk.sh
    walk "the walk with one's own Verifier"
    good_policies "its policies are good" 3
    says "its handshake is accepted by a result" \
        '"verdict":"affirming","profile":"node".*"reason":"OK"'
    says "then refused, as the Verifier no longer knows the machine" \
        '"reason":"RESULT_REFUSED"'
    says "as s_client says, too" ':atls:.*:the Verifier does not affirm'
else
    skip "the walks with Veraison and with one's own Verifier" libmicrohttpd
fi

# What needs no TEE.
make_key trustee
openssl pkey -in trustee.pem -pubout -out trustee.jwks
commands "With Trustee" | grep -v 'curl\|atls inspect\| s_server \| s_client \|^tail ' |
    script >walk.sh
walk "the walk with Trustee, as far as it goes without a TEE"
good_policies "its policies are good" 3
check "the server's configuration names the passport" \
    grep -q '^passport = trustee+https://as.example$' server.cnf
plan
