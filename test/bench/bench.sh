# SPDX-License-Identifier: Apache-2.0
# The bench runs: one small block of everything. No time is asserted.
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
bench=$top_builddir/test/bench/bench

echo 1..4
check() {
    num=$1
    sentence=$2
    shift 2
    if (cd "$folder" && "$@") >"$folder/out" 2>&1; then
        echo "ok $num - $sentence"
    else
        echo "not ok $num - $sentence"
        sed 's/^/# /' "$folder/out"
    fi
}
sections="one-way mutual loaded cold start memory flood"
check 1 "one block of each section is measured and every handshake attested" \
    env BENCH_BLOCKS=1 "$bench" $sections
check 2 "the table says what has a budget" grep -q 'atls / floor' out
