#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# openssl s_server and s_client, which print the reason themselves.
. "$top_srcdir/test/apps/harness.sh"
plan 13
need openssl python3
setup

server() {
    set --
    [ "$mutual" = no ] || set -- -Verify 1 -verify_return_error \
        -CAfile "$work/ca.pem"
    cd "$work" || exit 1
    exec openssl s_server -accept "127.0.0.1:$port" -cert "$work/server.pem" \
        -key "$work/server.key" -WWW "$@" </dev/null
}

client() {
    set --
    [ "$mutual" = no ] ||
        set -- -cert "$work/client.pem" -key "$work/client.key"
    {
        printf 'GET /hello.txt HTTP/1.0\r\n\r\n'
    } | timeout 60 openssl s_client -connect "127.0.0.1:$port" -quiet \
        -servername "$peer_name" -verify_hostname "$peer_name" \
        -verify_return_error -CAfile "$work/ca.pem" "$@"
}

prints_reason() { # CLIENT-CNF FILE SENTENCE
    refused "$1" && grep -q "atls.*$3" "$work/$2"
}

echo hello >"$work/hello.txt"
scenario s_server s_client
mutual=no
with_server plain 's_client prints why it refused' \
    prints_reason relying client.out 'did not answer the offer'
mutual=yes
with_server guard 's_server prints why it refused' \
    prints_reason plain server.out 'did not offer to'
