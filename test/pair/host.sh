#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Hosts that override what atls needs, and hosts that only look like it.
set -u
: "${top_builddir:?}"
number=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# check SENTENCE STATUS: 77 is a skip, and the log's last line says why
check() {
    number=$((number + 1))
    case $2 in
    0) echo "ok $number - $1" ;;
    77) echo "ok $number - $1 # SKIP $(tail -n 1 "$folder/log")" ;;
    *)
        sed 's/^/# /' "$folder/log"
        echo "not ok $number - $1"
        ;;
    esac
}

run() {
    "$@" >"$folder/log" 2>&1
}

cat >"$folder/openssl.cnf" <<END
openssl_conf = init
config_diagnostics = 1
[init]
atls = atls
[atls]
path = $top_builddir/.libs/atls_ext.so
log = file:$folder/atls.log
END

# A sanitizer has an allocator of its own, and an opinion of libjson-c's loader.
unless_sanitized() {
    if nm "$1" | grep -q __asan_init; then
        echo "a build without sanitizers" >"$folder/log"
        return 77
    fi
    run "$@"
}

echo 1..4
run env OPENSSL_CONF="$folder/openssl.cnf" "$top_builddir/test/pair/host_json"
check "a host with a json_object_get of its own is told that it conflicts" $?
run "$top_builddir/test/pair/host_plain"
check "a host that overrides nothing attests" $?
unless_sanitized "$top_builddir/test/pair/host_plain" libjson-c.so.5
check "a host that has loaded json-c attests" $?
unless_sanitized "$top_builddir/test/pair/host_malloc"
check "a host with an allocator of its own attests" $?
