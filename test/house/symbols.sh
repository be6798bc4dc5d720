# SPDX-License-Identifier: Apache-2.0
# What our libraries give to a program that loads them, what they take from it,
# and what they bring in.
. "$top_srcdir/test/house/harness.sh"
libs=$top_builddir/.libs

exported() { # LIBRARY
    nm -D --defined-only --format=posix "$libs/$1" |
        awk '$2 != "A" { sub(/@.*/, "", $1); print $1 }' | sort
}

exports_other_than() { # LIBRARY SYMBOL...
    library=$1
    shift
    printf '%s\n' "$@" | sort >"$work/wanted"
    exported "$library" | diff "$work/wanted" -
}

# The functions that the public headers declare
declared() {
    sed 's,/\*.*\*/,,; /^ \*/d; /^\/\*/d' verifier-client/atls/atls.h \
        base/atls/reason.h base/atls/view.h |
        grep -oE '\batls_[a-z0-9_]+\(' | tr -d '(' | sort -u
}

uses() { # LIBRARY PATTERN: undefined symbols that match all of it
    nm -D --undefined-only --format=posix "$libs/$1" |
        awk '{ sub(/@.*/, "", $1); print $1 }' | grep -xE "$2"
}

takes_more() { # LIBRARY
    uses "$1" 'cbor_.*' | grep -vx cbor_stream_decode
}

# A guest ends no process, takes no signal, changes nothing that is the
# program's own and writes nowhere uninvited. $tolerated is for one library.
rude='exit|_exit|quick_exit|abort|__assert_fail|atexit|raise|kill|signal|sigaction|bsd_signal|setlocale|uselocale|chdir|umask|setenv|putenv|unsetenv|srand|srandom|openlog|closelog|stderr|stdout|perror|puts|printf|__printf_chk|system|popen|fork|vfork|getenv|setuid|setgid'

misbehaves() { # LIBRARY
    uses "$1" "$rude" | grep -vxE "${tolerated:-none}"
}

needs_other_than() { # LIBRARY PATTERN
    readelf -d "$libs/$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
        grep -vxE "$2"
}

is_loose() { # LIBRARY: a protection that the linker did not put in
    readelf -dW "$libs/$1" | grep -q 'FLAGS.*NOW' || echo "$1: lazy binding"
    readelf -lW "$libs/$1" | grep -q GNU_RELRO || echo "$1: no relro"
    readelf -lW "$libs/$1" | grep 'GNU_STACK.*RWE'
    readelf -dW "$libs/$1" | grep -E 'RPATH|RUNPATH|TEXTREL'
}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
common='libc\.so.*|libcrypto\.so.*|libcbor\.so.*|libjansson\.so.*|ld-linux.*|libpthread.*|libm\.so.*|lib[au]san.*|libubsan.*|libgcc_s.*'

check() { # LIBRARY ALSO-NEEDED SYMBOL...
    library=$1 also=$2
    shift 2
    if [ ! -f "$libs/$library" ]; then
        skips "$library" "it is not built"
        return
    fi
    holds "$library exports what its loader looks for and nothing else" \
        exports_other_than "$library" "$@"
    holds "$library brings in no library but those it always needs" \
        needs_other_than "$library" "$common$also"
    holds "$library is bound now, read-only and finds no library by itself" \
        is_loose "$library"
    if nm -D "$libs/$library" | grep -q __asan_init; then
        skips "$library behaves as a guest" "sanitizers are no guests"
        return
    fi
    holds "$library behaves as a guest" misbehaves "$library"
}

check atls.so '' OSSL_provider_init
check atls_ext.so '|libssl\.so.*' OPENSSL_init OPENSSL_finish
# tpm2-tss logs to stderr, and only an environment variable silences it.
tolerated=setenv
check atls_tpm.so '|libtss2-.*' atls_tpm_module
tolerated=
check atls_remote.so '|libcurl\.so.*|libssl\.so.*' atls_remote_module
check atls_ratsd.so '|libcurl\.so.*|libssl\.so.*' atls_ratsd_module
check libatls.so '' $(declared)
for library in atls.so atls_tpm.so atls_remote.so atls_ratsd.so \
    libatls.so; do
    [ -f "$libs/$library" ] || continue
    holds "$library takes nothing of libcbor but cbor_stream_decode" \
        takes_more "$library"
done
if [ -f "$libs/atls_ext.so" ]; then
    not_kept() {
        readelf -dW "$libs/atls_ext.so" | grep -q 'FLAGS_1.*NODELETE' ||
            echo "atls_ext.so can be unmapped"
    }
    holds "atls_ext.so is never unmapped" not_kept
    # ext/host.c asks the dynamic linker about each of them
    not_asked_about() {
        uses atls_ext.so '(json|cbor)_.*' | sort >"$work/used"
        sed -n 's/.*FUNCTION(\([a-z_]*\)),/\1/p' ext/host.c |
            grep -E '^(json|cbor)_' | sort | diff "$work/used" -
    }
    holds "the host check asks about every function of jansson and libcbor" \
        not_asked_about
fi
plan
