#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Python's ssl module on both ends.
. "$top_srcdir/test/apps/harness.sh"
plan 11
need python3
setup

server() {
    exec python3 -I "$top_srcdir/test/apps/tls_hello.py" server "$port" \
        "$work" "$mutual"
}

client() {
    exec timeout 60 python3 -I "$top_srcdir/test/apps/tls_hello.py" client \
        "$port" "$work" "$mutual"
}

scenario "Python's server" "Python's client"
