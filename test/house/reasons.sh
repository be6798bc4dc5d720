# SPDX-License-Identifier: Apache-2.0
# Every row of reason.def is asserted by some test: by its constant, its name or,
# where a stock tool prints it, its sentence.
. "$top_srcdir/test/house/harness.sh"

tests=$(find test -type f \( -name '*.c' -o -name '*.sh' -o -name '*.py' -o \
    -name '*.json' -o -name expect \) ! -path 'test/house/*' \
    ! -path 'test/fuzz/*' ! -path 'test/bench/*' ! -path 'test/doc/*')
scripts=$(find test -name '*.sh' ! -path 'test/house/*')

not_asserted() { # NAME SENTENCE
    grep -qwE "(ATLS_)?$1" $tests || grep -qF "$2" $scripts ||
        echo "no test asserts $1"
}

# Evidence and the key that signs are of one message, and libssl shows both:
# only a peer's raw public key (OpenSSL 3.2) can make them differ.
out_of_reach=KEY_MISMATCH

while IFS='	' read -r name sentence; do
    case $(not_asserted "$name" "$sentence")$name in
    "no test asserts $out_of_reach$out_of_reach")
        skips "$name is asserted by some test" "OpenSSL with raw public keys"
        ;;
    *)
        holds "$name is asserted by some test" \
            not_asserted "$name" "$sentence"
        ;;
    esac
done <<EOF
$(sed -n 's/^REASON(\([A-Z0-9_]*\),[^"]*"\(.*\)")$/\1	\2/p' \
    base/atls/reason.def)
EOF
plan
