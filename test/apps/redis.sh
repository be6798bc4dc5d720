#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Redis and redis-cli.
. "$top_srcdir/test/apps/harness.sh"
plan 11
need redis-server redis-cli python3
setup

server() {
    as_nobody redis-server --port 0 --tls-port "$port" --bind 127.0.0.1 \
        --dir "$state" --save '' \
        --tls-cert-file "$work/server.pem" \
        --tls-key-file "$state/server.key" \
        --tls-ca-cert-file "$work/ca.pem" \
        --tls-auth-clients "$mutual"
}

client() {
    set --
    [ "$mutual" = no ] ||
        set -- --cert "$work/client.pem" --key "$work/client.key"
    exec timeout 60 redis-cli -h 127.0.0.1 -p "$port" --tls \
        --sni "$peer_name" --cacert "$work/ca.pem" "$@" echo hello
}

scenario Redis redis-cli
