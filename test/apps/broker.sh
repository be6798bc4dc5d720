#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Servers whose workers may not open the attester and attest through atlsd:
# nginx as nobody, HAProxy as nobody in an empty root; and 64 clients at a time
# against an attester that takes half a second.
. "$top_srcdir/test/apps/harness.sh"
plan 19
need nginx curl python3
broker_pid=
setup
trap 'broker_stop; cleanup' EXIT
mkdir "$work/empty" "$work/run"
chmod 755 "$work/run"
socket=$work/run/broker

broker_start() { # OPTION...
    : >"$work/atlsd.log"
    OPENSSL_MODULES=$work "$top_builddir/atlsd" --socket "$socket" \
        --allow nobody --allow "$(id -u)" "$@" 2>"$work/atlsd.log" &
    broker_pid=$!
    wait_until broker_is_up
}
broker_is_up() {
    grep -q 'is ready' "$work/atlsd.log" || ! kill -0 "$broker_pid" 2>/dev/null
}
broker_stop() {
    [ -n "$broker_pid" ] || return 0
    kill "$broker_pid" 2>/dev/null
    wait "$broker_pid" 2>/dev/null
    broker_pid=
}
conf attester "attester = attest:broker?socket=$socket" "timeout = 30s" \
    "attest_share = 100"
conf relying "require = server" "policy = $work/server-policy.json" \
    "timeout = 30s"
# both sides by the broker, whose attester is the servers'
conf wanting "require = client" "policy = $work/server-policy.json" \
    "timeout = 30s"
conf each "attester = attest:broker?socket=$socket" "require = client" \
    "policy = $work/server-policy.json" "timeout = 30s" "attest_share = 100"
conf other "attester = attest:broker?socket=$socket" "require = server" \
    "policy = $work/server-policy.json" "timeout = 30s" "attest_share = 100"
conf delegating "attester = attest:broker?socket=$socket" "delegate = 10m" \
    "timeout = 30s"
sed 's/"any": true } }/&, "rules": [ { "delegated_max_age": "10m" } ]/' \
    "$work/server-policy.json" >"$work/delegated.json"
conf taking "require = server" "policy = $work/delegated.json" "timeout = 30s"
conf shown "attester = attest:broker?socket=$socket" "attest_to = any" \
    "timeout = 30s" "attest_share = 100"
mutual=no

nginx_server() {
    {
        ! is_root || echo 'user nobody nogroup;'
        cat <<END
worker_processes $workers;
pid $state/nginx.pid;
error_log $state/nginx.log;
events { worker_connections 64; }
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
END
        [ "$mutual" = no ] || cat <<END
        ssl_verify_client on;
        ssl_client_certificate $work/ca.pem;
END
        cat <<END
        location / { return 200 "hello from nginx\\n"; }
    }
}
END
    } >"$work/nginx.conf"
    exec nginx -e "$state/nginx.log" -c "$work/nginx.conf" -g 'daemon off;'
}

haproxy_server() {
    cat "$work/server.pem" "$work/server.key" >"$work/haproxy.pem"
    {
        echo global
        ! is_root ||
            printf '    user nobody\n    group nogroup\n    chroot %s\n' \
                "$work/empty"
        cat <<END
defaults
    mode http
    timeout connect 30s
    timeout client 60s
    timeout server 60s
frontend tls
    bind 127.0.0.1:$port ssl crt $work/haproxy.pem
    http-request return status 200 content-type text/plain string "hello"
END
    } >"$work/haproxy.cfg"
    exec haproxy -db -f "$work/haproxy.cfg"
}

client() {
    set --
    [ "$mutual" = no ] ||
        set -- --cert "$work/client.pem" --key "$work/client.key"
    exec curl -sS --max-time 60 --cacert "$work/ca.pem" "$@" \
        --resolve "$peer_name:$port:127.0.0.1" "https://$peer_name:$port/"
}

in_a_batch() {
    log_has relying peer_scheme application/vnd.atls.batch+cbor reason OK
}
asked_as_nobody() {
    ! is_root || grep -q "uid $(id -u nobody) server: OK" "$work/atlsd.log"
}

workers=2
server() {
    nginx_server
}
broker_start --attester "$server_attester"
with_server attester "nginx attests through the broker" attested_client relying
check "in a batch" in_a_batch
check "and its workers ask as nobody" asked_as_nobody
broker_stop
check "without a broker there is no Evidence" \
    refused_because relying attester server ATTESTER_FAILED
broker_start --attester "$server_attester"
check "and there is again when it is back" attested_client relying
server_stop
mutual=yes
batch=application/vnd.atls.batch+cbor
asked_as() { # USER ROLE
    grep -q "quote for .*uid $(id -u "$1") $2" "$work/atlsd.log"
}
shows_itself() { # CLIENT-CNF SERVER-CNF: the server's word of the client
    clear_logs
    served "$1" && wait_until log_has "$2" event handshake role server \
        peer_scheme $batch verdict affirming profile "$server_profile" reason OK
}
shows_each_other() { # CLIENT-CNF SERVER-CNF
    shows_itself "$1" "$2" && log_has "$1" event handshake role client \
        peer_scheme $batch verdict affirming profile "$server_profile" reason OK
}
with_server wanting "curl attests through the broker" shows_itself shown wanting
check "as a client" asked_as "$(id -un)" client
with_server each "curl and nginx attest to each other through one broker" \
    shows_each_other other each
both_roles() {
    asked_as "$(id -un)" client &&
        { ! is_root || asked_as nobody server; }
}
check "each in its role" both_roles
server_stop
mutual=no

by_delegate_in_batch() { # CNF
    grep -q 'peer_scheme":.*of=\\"application/vnd.atls.batch+cbor\\"' \
        "$work/$1.log"
}
with_server delegating "nginx attests by a delegate of the broker's" \
    attested_client taking
check "whose value was quoted in a batch" by_delegate_in_batch taking
as_delegate() {
    asked_as "$(is_root && echo nobody || id -un)" delegate
}
check "and made by the broker" as_delegate
server_stop
if command -v haproxy >/dev/null 2>&1; then
    server() {
        haproxy_server
    }
    broker_stop
    broker_start --attester "$server_attester"
    with_server attester "HAProxy in an empty root attests through the broker" \
        attested_client relying
    check "and asks as nobody" asked_as_nobody
    broker_stop
    broker_start --attester "$server_attester"
    check "also when the broker was restarted, whose path it cannot see" \
        attested_client relying
    server_stop
else
    for sentence in "HAProxy in an empty root attests through the broker" \
        "and asks as nobody" \
        "also when the broker was restarted, whose path it cannot see"; do
        tap=$((tap + 1))
        echo "ok $tap - $sentence # SKIP haproxy is not installed"
    done
fi
broker_stop

# 64 clients, an attester of half a second
cat >"$work/slow.cnf" <<END
openssl_conf = openssl_init
[openssl_init]
providers = provider_section
[provider_section]
default = default_section
slow = slow_section
[default_section]
activate = 1
[slow_section]
module = $top_builddir/.libs/slow.so
activate = 1
END
many=64
all_served() { # CNF
    clear_logs
    clients=
    for number in $(seq $many); do
        (OPENSSL_CONF=$work/$1.cnf && client) >"$work/client.$number" \
            2>&1 </dev/null &
        clients="$clients $!"
    done
    for one in $clients; do
        wait "$one" || return 1
    done
    [ "$(cat "$work"/client.[0-9]* | grep -c ^hello)" = $many ]
}
fewer_quotes() {
    echo "# $many clients, $(wc -c <"$work/count") quotes"
    [ "$(wc -c <"$work/count")" -lt $((many / 2)) ]
}
SLOW_COUNT=$work/count
export SLOW_COUNT
broker_start --config "$work/slow.cnf" \
    --attester "slow:$work/server-soft.pem?ms=500"
server() {
    nginx_server
}
workers=$many
with_server attester "64 clients at a time are served" all_served relying
check "by fewer quotes than half of them" fewer_quotes
server_stop
# two workers, which do one thing at a time
broker_stop
: >"$work/count"
broker_start --config "$work/slow.cnf" \
    --attester "slow:$work/server-soft.pem?ms=500"
workers=2
with_server delegating "64 clients are served by two workers with delegates" \
    all_served taking
one_quote_each() {
    echo "# $many clients, $(wc -c <"$work/count") quotes"
    [ "$(wc -c <"$work/count")" -le "$workers" ]
}
check "and by one quote for each worker" one_quote_each
server_stop
