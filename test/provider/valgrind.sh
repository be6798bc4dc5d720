# SPDX-License-Identifier: Apache-2.0
# Nothing leaks and nothing is read that was not written, in the stock tools
# and in a program with threads and children.
. "$top_srcdir/test/provider/harness.sh"
. "$top_srcdir/test/swtpm.sh"
broker_pid=
clean_up() {
    swtpm_stop
    [ -z "$broker_pid" ] || kill "$broker_pid" 2>/dev/null
}
soft="attest:soft?key=$work/key.pem"
if ! command -v valgrind >/dev/null 2>&1; then
    skips "pkeyutl under valgrind" valgrind
    plan
    exit 0
fi
if nm "$modules/atls.so" 2>/dev/null | grep -q __asan_init; then
    skips "pkeyutl under valgrind" "a build without sanitizers"
    plan
    exit 0
fi

clean() { # COMMAND...
    timeout 300 valgrind -q --leak-check=full \
        --show-leak-kinds=definite,possible \
        --errors-for-leak-kinds=definite,possible --error-exitcode=9 "$@"
}
clean_failure() { # COMMAND...: fails by itself, without valgrind's help
    clean "$@"
    [ $? = 1 ] && : >"$work/out"
}
holds "pkeyutl with attest:soft is clean" clean openssl pkeyutl -sign \
    -inkey "$soft" -in "$work/binder" -out "$work/evidence.cmw"
forged() { # every format that a member of these is not made like
    "$top_builddir/test/provider/make_vendors" "$work/vendors" || return 1
    for format in composite tdx nitro cca vtpm; do
        clean openssl pkeyutl -sign -inkey \
            "forged:$format?folder=$work/vendors" -in "$work/binder" \
            -out "$work/evidence.cmw" || return 1
    done
}
holds "pkeyutl with forged: is clean" forged
holds "pkey -pubout is clean" clean openssl pkey -in "$soft" -pubout
holds "a URI that fails is clean" clean_failure \
    openssl pkey -noout -in "attest:soft?key=$work/none"
holds "a binder that is refused is clean" clean_failure \
    openssl pkeyutl -sign -inkey "$soft" -in /dev/null -out /dev/null
holds "threads and children are clean" clean \
    "$top_builddir/test/provider/sharers" "$soft" 2 2
for case in fake evidence files; do
    if [ -x "$top_builddir/test/unit/check_tsm" ]; then
        checks() { # definite: glibc keeps stacks of threads that ended
            CK_FORK=no CK_RUN_CASE=$case timeout 300 valgrind -q \
                --leak-check=full --show-leak-kinds=definite \
                --errors-for-leak-kinds=definite --error-exitcode=9 \
                "$top_builddir/test/unit/check_tsm"
        }
        holds "attest:tsm is clean: $case" checks
    else
        skips "attest:tsm is clean: $case" "Check"
    fi
done
if [ -x "$top_builddir/test/unit/check_server" ]; then
    hostile() { # each test is a child, whose errors are its exit status
        CK_DEFAULT_TIMEOUT=120 timeout 600 valgrind -q --leak-check=full \
            --show-leak-kinds=definite --errors-for-leak-kinds=definite \
            --error-exitcode=9 "$top_builddir/test/unit/check_server"
    }
    holds "the broker's socket is clean, whoever comes to it" hostile
else
    skips "the broker's socket is clean, whoever comes to it" "Check"
fi
socket=$work/broker
: >"$work/atlsd.log"
valgrind -q --leak-check=full --show-leak-kinds=definite \
    --errors-for-leak-kinds=definite --error-exitcode=9 \
    --log-file="$work/atlsd.valgrind" "$top_builddir/atlsd" \
    --config "$OPENSSL_CONF" --attester "$soft" --socket "$socket" \
    2>"$work/atlsd.log" &
broker_pid=$!
while ! grep -q 'is ready' "$work/atlsd.log" && kill -0 "$broker_pid" 2>/dev/null
do
    sleep 0.05
done
brokered() {
    clean "$top_builddir/test/provider/brokered" \
        "attest:broker?socket=$socket" 4 2 2 >"$work/brokered"
}
holds "threads and children with attest:broker are clean" brokered
no_errors() {
    kill "$broker_pid"
    wait "$broker_pid" 2>/dev/null
    broker_pid=
    cat "$work/atlsd.valgrind" >&2
}
holds "the broker is clean" no_errors
if swtpm_have && [ -f "$modules/atls_tpm.so" ]; then
    swtpm_start "$work/tpm" || exit 1
    tpm="attest:tpm?tcti=$SWTPM_TCTI"
    holds "pkeyutl with attest:tpm is clean" clean openssl pkeyutl -sign \
        -inkey "$tpm" -in "$work/binder" -out "$work/evidence.cmw"
    holds "a missing key of a TPM is clean" clean_failure openssl pkeyutl \
        -sign -inkey "$tpm&ak=0x81000009" -in "$work/binder" -out /dev/null
    holds "threads and children with attest:tpm are clean" clean \
        "$top_builddir/test/provider/sharers" "$tpm" 2 2
else
    skips "pkeyutl with attest:tpm is clean" "swtpm or tpm2-tss"
fi
plan
