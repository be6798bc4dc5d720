# SPDX-License-Identifier: Apache-2.0
# One small block of each section, so that the bench runs when it is wanted.
# No time is asserted.
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
bench=$top_builddir/test/bench/bench
cd "$folder" || exit 1

check() {
    sentence=$1
    shift
    num=$((num + 1))
    if "$@" >out 2>&1; then
        echo "ok $num - $sentence"
    else
        echo "not ok $num - $sentence"
        sed 's/^/# /' out
    fi
}

measure() {
    num=$((num + 1))
    sentence="one block of $1 is measured and nothing in it refused"
    if BENCH_BLOCKS=1 "$bench" "$1" >"table.$1" 2>&1; then
        echo "ok $num - $sentence"
    else
        echo "not ok $num - $sentence"
        sed 's/^/# /' "table.$1"
    fi
}

refuses_without_modules() {
    if top_builddir=$folder BENCH_BLOCKS=1 "$bench" one-way; then
        return 1
    fi
}

num=0
echo 1..18
measure one-way
check "the table holds the module against the floor" \
    grep -q '^  atls / floor .*<= 1.1 ' table.one-way
check "the plot draws the budget" grep -q 'stroke="#c00000"' bench.svg
check "the JSON holds the module against the floor" \
    grep -q '"over": "floor"' bench.json
measure mutual
measure cold
measure start
if [ -x "$top_builddir/test/bench/memory" ]; then
    measure memory
else
    num=$((num + 1))
    echo "ok $num - heap is measured # SKIP sanitizers bring their own malloc"
fi
if "$top_builddir/atls" serve 2>&1 | grep -q 'without libmicrohttpd'; then
    num=$((num + 1))
    echo "ok $num - atls serve is measured # SKIP no libmicrohttpd"
else
    measure serve
fi
if grep -q '^atls serve' table.serve 2>/dev/null; then
    check "its memory is held against a budget" \
        grep -Eq '^ +second half over the first +-?[0-9]+ +<= 512 (kept|MISSED)$' \
        table.serve
else
    num=$((num + 1))
    echo "ok $num - its memory is held against a budget # SKIP no libmicrohttpd"
fi
if "$top_builddir/atls" serve 2>&1 | grep -q 'without libmicrohttpd'; then
    num=$((num + 1))
    echo "ok $num - a Verifier is measured # SKIP no libmicrohttpd"
else
    measure verifier
fi
measure formats
check "each format is held against its bare signatures" \
    sh -c 'test "$(grep -c "  <= 1.3 " table.formats)" -ge 10'
measure decode
check "decoding is held against libcbor" \
    grep -q '^  decode and check / libcbor .*<= 0.1 ' table.decode
measure batch
check "the batched rate is held against the unbatched" \
    grep -q '^  rate of handshakes, batched / unbatched .*>= 100 ' table.batch
check "a run without the modules is refused" refuses_without_modules
