#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# nginx and curl, and nginx and Python, each side attesting in its own model:
# one by passport, the other by background check, with atls serve between them.
. "$top_srcdir/test/apps/harness.sh"
plan 8
need nginx curl python3
verifier_pid=
setup
trap 'verifier_stop; cleanup' EXIT
named=https://verifier.example
ATLS_MODULES=$top_builddir/.libs
export ATLS_MODULES

verifier_stop() {
    [ -n "$verifier_pid" ] || return 0
    kill "$verifier_pid" 2>/dev/null
    wait "$verifier_pid" 2>/dev/null
    verifier_pid=
}

verifier_is_up() {
    [ -s "$work/verifier.out" ] || ! kill -0 "$verifier_pid" 2>/dev/null
}

# The Verifier takes the soft keys of both sides.
verifier_start() {
    cat >"$work/verifier.json" <<END
{ "profiles": { "dev": { "format": "psa",
    "trust_anchors": ["server-soft.pub", "client-soft.pub"],
    "lifecycle": ["assembly_and_test"], "components": [
      { "type": "soft", "required": true,
        "signer_id": "$(printf '%064d' 0)",
        "measurement": "$(printf '%064d' 0)" } ] } } }
END
    "$top_builddir/atls" serve --listen 127.0.0.1:0 \
        --policy "$work/verifier.json" --signing-key "$work/sign.pem" \
        >"$work/verifier.out" 2>"$work/verifier.log" &
    verifier_pid=$!
    wait_until verifier_is_up
    url=$(cat "$work/verifier.out")
    [ -n "$url" ]
}

# model_policy NAME RULE: what a relying party says of its peers.
model_policy() {
    cat >"$work/$1.json" <<END
{ "verifiers": { "$named": { "url": "$url", "http": "loopback",
    "keys": ["sign.pub"], "accept": [ { "PSA_IOT": ["executables"] } ] } },
  "profiles": { "dev": { "format": "psa", "verifier": "$named" } },
  "rules": [ $2 ] }
END
}

make_models() {
    make_soft_key sign && chmod 600 "$work/sign.pem" && verifier_start || return 1
    model_policy background '{ "accept": ["dev"] }'
    model_policy passport '{ "accept": [], "passport": ["'$named'"],
        "delegated_max_age": "10m" }'
    # the server shows a passport, the client is checked, and turned round
    conf server-passport "attester = attest:soft?key=$work/server-soft.pem" \
        "passport = $named" "require = client" \
        "policy = $work/background.json"
    conf client-background "attester = $client_attester" "require = server" \
        "policy = $work/passport.json"
    conf server-background "attester = attest:soft?key=$work/server-soft.pem" \
        "require = client" "policy = $work/passport.json"
    conf client-passport "attester = $client_attester" "passport = $named" \
        "require = server" "policy = $work/background.json"
}

nginx_server() {
    {
        ! is_root || echo 'user nobody nogroup;'
        cat <<END
worker_processes 1;
pid $state/nginx.pid;
error_log $state/nginx.log;
events { }
http {
    access_log off;
    client_body_temp_path $state/body;
    proxy_temp_path $state/proxy;
    fastcgi_temp_path $state/fastcgi;
    uwsgi_temp_path $state/uwsgi;
    scgi_temp_path $state/scgi;
    server {
        listen 127.0.0.1:$port ssl;
        ssl_certificate $work/server.pem;
        ssl_certificate_key $work/server.key;
        ssl_protocols TLSv1.3;
        ssl_verify_client on;
        ssl_client_certificate $work/ca.pem;
        location / { return 200 "hello from nginx\\n"; }
    }
}
END
    } >"$work/nginx.conf"
    exec nginx -e "$state/nginx.log" -c "$work/nginx.conf" -g 'daemon off;'
}
server() { nginx_server; }

curl_client() {
    exec curl -sS --max-time 60 --cacert "$work/ca.pem" \
        --cert "$work/client.pem" --key "$work/client.key" \
        --resolve "$peer_name:$port:127.0.0.1" "https://$peer_name:$port/"
}

python_client() {
    exec python3 -c '
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[1] + "/ca.pem")
context.load_cert_chain(sys.argv[1] + "/client.pem", sys.argv[1] + "/client.key")
print(urllib.request.urlopen(sys.argv[2], context=context).read().decode())
' "$work" "https://$peer_name:$port/"
}

# each_judged CLIENT-CNF SERVER-CNF: both logs say affirming.
each_judged() {
    clear_logs
    served "$1" && wait_until log_has "$1" event handshake role client \
        verdict affirming reason OK &&
        wait_until log_has "$2" event handshake role server \
            verdict affirming reason OK
}

# shown_by CNF SCHEME: what the peer of CNF's process attested with.
shown_by() {
    log_has "$1" event handshake peer_scheme "$2"
}

if ! make_models >"$work/models.out" 2>&1; then
    show_logs
    echo 'Bail out! no Verifier'
    exit 1
fi
for program in curl python; do
    eval "client() { ${program}_client; }"
    with_server server-passport \
        "nginx shows a passport, and $program's Evidence is checked there" \
        each_judged client-background server-passport
    check "$program was shown a result of the Verifier" \
        shown_by client-background "$named"
    with_server server-background \
        "$program shows a passport, and nginx's Evidence is checked there" \
        each_judged client-passport server-background
    check "nginx was shown a result of the Verifier" \
        shown_by server-background "$named"
    server_stop
done
