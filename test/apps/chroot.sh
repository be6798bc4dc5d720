#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# nginx that sees nothing of the machine but a folder with its own libraries and
# the broker's socket, and whose workers are nobody: chroot(8) starts it there,
# as nginx cannot change its root itself. The TPM, and our module for one, are the
# broker's alone.
. "$top_srcdir/test/apps/harness.sh"
plan 7
need nginx curl python3
if ! is_root; then
    while [ "$tap" -lt "$planned" ]; do
        tap=$((tap + 1))
        echo "ok $tap - nginx in a chroot attests # SKIP root"
    done
    exit 0
fi
broker_pid=
setup
trap 'broker_stop; cleanup' EXIT
tree=$(realpath "$work")/tree

# put FILE [AS]: into the tree, with what the loader needs of it
put() {
    mkdir -p "$tree/$(dirname "${2:-$1}")" && cp -L "$1" "$tree/${2:-$1}" &&
        for library in $(ldd "$1" | grep -o '/[^ ]*'); do
            [ -e "$tree$library" ] || {
                mkdir -p "$tree$(dirname "$library")" &&
                    cp -L "$library" "$tree$library"
            } || return 1
        done
}

make_tree() {
    mkdir -p "$tree/etc" "$tree/run" "$tree/state" "$tree/log" &&
        put "$(command -v nginx)" /nginx && put "$work/atls.so" /atls.so &&
        put "$work/atls_ext.so" /atls_ext.so &&
        grep '^nobody:' /etc/passwd >"$tree/etc/passwd" &&
        grep '^nogroup:' /etc/group >"$tree/etc/group" &&
        cp "$work/server.pem" "$work/server.key" "$tree/etc" &&
        : >"$tree/log/atls" && chmod 666 "$tree/log/atls" &&
        chown nobody:nogroup "$tree/state"
}

inside() { # SETTING...: openssl.cnf as nginx finds it
    {
        sed -n '1,/^\[atls_section\]/p' "$work/tools.cnf" |
            sed "s,$work/atls.so,/atls.so,"
        printf '%s\n' 'path = /atls_ext.so' 'log = file:/log/atls' \
            'attester = attest:broker?socket=/run/broker' 'timeout = 30s' "$@"
    } >"$tree/etc/openssl.cnf"
}

broker_start() {
    : >"$work/atlsd.log"
    OPENSSL_MODULES=$work "$top_builddir/atlsd" --socket "$tree/run/broker" \
        --allow nobody --attester "$server_attester" 2>"$work/atlsd.log" &
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

server() {
    cat >"$tree/etc/nginx.conf" <<END
user nobody nogroup;
worker_processes 2;
pid /run/nginx.pid;
error_log /log/nginx;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path /state/body;
    proxy_temp_path /state/proxy;
    fastcgi_temp_path /state/fastcgi;
    uwsgi_temp_path /state/uwsgi;
    scgi_temp_path /state/scgi;
    server {
        listen 127.0.0.1:$port ssl;
        ssl_certificate /etc/server.pem;
        ssl_certificate_key /etc/server.key;
        ssl_protocols TLSv1.3;
        location / { return 200 "hello from nginx\\n"; }
    }
}
END
    OPENSSL_CONF=/etc/openssl.cnf exec chroot "$tree" /nginx -e /log/nginx \
        -c /etc/nginx.conf -g 'daemon off;'
}

client() {
    exec curl -sS --max-time 60 --cacert "$work/ca.pem" \
        --resolve "$peer_name:$port:127.0.0.1" "https://$peer_name:$port/"
}

conf relying "require = server" "policy = $work/server-policy.json" \
    "timeout = 30s"
sed 's/"profiles"/"rules": [ { "delegated_max_age": "10m" } ], &/' \
    "$work/server-policy.json" >"$work/delegated.json"
conf taking "require = server" "policy = $work/delegated.json" "timeout = 30s"
check "nginx and its libraries fit into a folder" make_tree
inside
broker_start
with_server attester "nginx in a chroot attests through the broker" \
    attested_client relying
workers_of() { # PID
    cat "/proc/$1/task/$1/children"
}
workers_are_confined() {
    [ "$(workers_of "$server_pid" | wc -w)" = 2 ] || return 1
    for worker in $(workers_of "$server_pid"); do
        [ "$(readlink "/proc/$worker/root")" = "$tree" ] &&
            grep -q "^Uid:	$(id -u nobody)	$(id -u nobody)	" \
                "/proc/$worker/status" &&
            grep -q '^CapEff:	0*$' "/proc/$worker/status" || return 1
    done
}
check "whose workers are nobody, without rights, in that folder" \
    workers_are_confined
asked_as_nobody() {
    grep -q "quote for .*uid $(id -u nobody) server: OK" "$work/atlsd.log"
}
check "and ask as such" asked_as_nobody
broker_stop
broker_start
check "also when the broker was restarted" attested_client relying
server_stop
inside "delegate = 10m"
with_server attester "or by a delegate that the broker vouched for" \
    attested_client taking
asked_for_a_delegate() {
    grep -q "quote for .*uid $(id -u nobody) delegate: OK" "$work/atlsd.log"
}
check "in the same way" asked_for_a_delegate
server_stop
