#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# CPython's own test_ssl: an atls of which nobody requires anything changes no
# result, whether or not there is an attester.
. "$top_srcdir/test/apps/harness.sh"
plan 3
need python3
python3 -c 'import test.test_ssl' 2>/dev/null || need "test_ssl of Python"
setup
conf can_attest "attester = $server_attester"

suite() { # CNF
    OPENSSL_CONF=$work/$1.cnf python3 -I "$top_srcdir/test/apps/ssl_suite.py" \
        >"$work/$1.results" 2>"$work/$1.err.out"
}

passes() { # CNF
    grep -q ' passed$' "$work/$1.results" &&
        ! grep ' failed' "$work/$1.results" >"$work/failed.out"
}

same_results() { # CNF [TEST]: but for that test
    for results in plain "$1"; do
        grep -v "\.${2:-none} " "$work/$results.results" >"$work/$results.same"
    done
    diff "$work/plain.same" "$work/$1.same" >"$work/diff.out"
}

# Where libssl compresses certificates (3.2 and later), one that can attest sets
# SSL_OP_NO_TX_CERTIFICATE_COMPRESSION, and test_options sees every option.
compresses() {
    python3 -c 'import ssl; exit(ssl.OPENSSL_VERSION_INFO < (3, 2))'
}

suite plain &
pids=$!
suite idle &
pids="$pids $!"
suite can_attest &
pids="$pids $!"
wait $pids
check 'test_ssl passes without atls' passes plain
check 'test_ssl gives the same with an atls that requires nothing' \
    same_results idle
check 'test_ssl gives the same with an atls that can attest' \
    same_results can_attest $(! compresses || echo test_options)
