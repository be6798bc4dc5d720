# SPDX-License-Identifier: Apache-2.0
# Every header compiles alone, the public ones as C++ too.
. "$top_srcdir/test/house/harness.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

made() { # a variable of the build's Makefile
    sed -n "s/^$1 = //p" "$top_builddir/Makefile" | head -n 1
}

c=$(made CC)
flags="-I. -Ibase -Iverifier-client $(made CRYPTO_CFLAGS) $(made SSL_CFLAGS)
    $(made CBOR_CFLAGS) $(made JANSSON_CFLAGS) $(made TSS2_CFLAGS)"

headers() {
    sources base verifier-client ext provider | grep '\.h$' |
        if made HAVE_TPM_TRUE | grep -q '#'; then
            grep -vxF "$(grep -lE '"tss\.h"|<tss2/' provider/*.h)"
        else
            cat
        fi
}

# An include guard and every declaration have to stand a second time.
compiles() { # LANGUAGE COMPILER HEADER...
    language=$1 compiler=$2
    shift 2
    for header; do
        printf '#include "%s"\n#include "%s"\nextern int unused;\n' \
            "$header" "$header" >"$work/alone.$language"
        $compiler $flags -Wall -Wextra -fsyntax-only "$work/alone.$language" \
            >"$work/said" 2>&1 && [ ! -s "$work/said" ] ||
            { echo "$header:"; cat "$work/said"; }
    done
}

holds "every header compiles alone" \
    compiles c "$c -std=gnu11 -Werror" $(headers)
if printf 'int main() {}\n' >"$work/try.cc" &&
    c++ -fsyntax-only "$work/try.cc" 2>/dev/null; then
    holds "public headers compile as C++" compiles cc "c++ -Werror" \
        base/atls/reason.h base/atls/view.h verifier-client/atls/atls.h
else
    skips "public headers compile as C++" "no C++ compiler"
fi
plan
