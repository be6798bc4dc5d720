#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A part of the pair tests under valgrind: attested handshakes, and states that
# outlive a connection. CK_RUN_CASE picks the part: all of them take minutes.
set -u
: "${top_builddir:?}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# An executable under a sanitizer cannot run under valgrind as well.
missing=
command -v valgrind >/dev/null || missing="valgrind"
nm "$top_builddir/test/pair/check_attest" 2>/dev/null | grep -q __asan_init &&
    missing="a build without sanitizers"

number=0
# check SENTENCE PROGRAM CASE
check() {
    number=$((number + 1))
    if [ -n "$missing" ]; then
        echo "ok $number - $1 # SKIP $missing"
        return
    fi
    if CK_RUN_CASE=$3 CK_DEFAULT_TIMEOUT=300 valgrind -q --trace-children=yes \
        --error-exitcode=99 --leak-check=full \
        --errors-for-leak-kinds=definite \
        "$top_builddir/test/pair/$2" >"$folder/log" 2>&1; then
        echo "ok $number - $1"
    else
        grep -v '^ok' "$folder/log" | head -n 60 | sed 's/^/# /'
        echo "not ok $number - $1"
    fi
}

echo 1..2
check "attested handshakes are clean under valgrind" check_attest attest
check "what outlives a connection is clean under valgrind" check_gate state
