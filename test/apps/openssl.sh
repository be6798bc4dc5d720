#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# openssl s_server and s_client, which print the reason themselves.
. "$top_srcdir/test/apps/harness.sh"
plan 13
need openssl python3
setup

. "$top_srcdir/test/apps/openssl_pair.sh"

prints_reason() { # CLIENT-CNF FILE SENTENCE
    refused "$1" && grep -q "atls.*$3" "$work/$2"
}

scenario s_server s_client
mutual=no
with_server plain 's_client prints why it refused' \
    prints_reason relying client.out 'did not answer the offer'
mutual=yes
with_server guard 's_server prints why it refused' \
    prints_reason plain server.out 'did not offer to'
