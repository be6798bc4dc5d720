# SPDX-License-Identifier: Apache-2.0
# Real Evidence, made by others, judged by `atls appraise` as a user would: one
# row of test/vectors/real/*.rows each. The files are no part of this project;
# --with-vectors names their folder, and without it each row is skipped.
#
# A row has columns between tabs, "-" for an empty one:
#
#     name  file  time  nonce  collateral  reason  profile
#
# The file may be followed by @OFFSET+LENGTH. The files of collateral are put
# into a folder of their own, @C@ in the profile; ./FILE is one of test/vectors/
# real. @V@ is the folder of vectors.
# With FORMAT=table it prints "file, date, expected, got" instead of TAP.
: "${top_srcdir:=.}" "${top_builddir:=.}" "${FORMAT:=tap}"
rows=$top_srcdir/test/vectors/real
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
tab=$(printf '\t')

evidence() { # FILE[@OFFSET+LENGTH]
    case $1 in
    *@*)
        part=${1##*@}
        tail -c "+$((${part%+*} + 1))" "$ATLS_VECTORS/${1%@*}" |
            head -c "${part#*+}" >"$work/evidence"
        ;;
    *) cp "$ATLS_VECTORS/$1" "$work/evidence" ;;
    esac
}

collateral() { # FILE...
    rm -rf "$work/collateral"
    mkdir "$work/collateral"
    for name in "$@"; do
        case $name in
        -) ;;
        ./*) cp "$rows/$name" "$work/collateral/" ;;
        *) cp "$ATLS_VECTORS/$name" "$work/collateral/" ;;
        esac
    done
}

# The reason that atls gives, or nothing
judge() { # FILE TIME NONCE COLLATERAL PROFILE
    evidence "$1"
    # shellcheck disable=SC2086 # a list of files
    collateral $4
    printf '{"profiles":{"p":%s}}' "$5" |
        sed "s,@V@,$ATLS_VECTORS,g; s,@C@,$work/collateral,g" \
            >"$work/policy.json"
    "$top_builddir/atls" appraise --policy "$work/policy.json" \
        --nonce "$3" --at "$2" --json "$work/evidence" 2>"$work/error" |
        sed -n 's/.*"reason": *"\([A-Z0-9_]*\)".*/\1/p'
}

tell() { # NAME FILE TIME EXPECTED GOT
    if [ "$FORMAT" = table ]; then
        printf '%-52s %-20s %-22s %s\n' "$2" "$3" "$4" "$5"
    elif [ "$4" = "$5" ]; then
        echo "ok $n - $1: $2 gives $4"
    else
        sed 's/^/# /' "$work/error"
        echo "not ok $n - $1: $2 gives $4, not $5"
    fi
    [ "$4" = "$5" ] || bad=1
}

if [ "$FORMAT" = table ] && [ -z "$ATLS_VECTORS" ]; then
    echo "--with-vectors names no folder of real Evidence" >&2
    exit 1
fi
cat "$rows"/*.rows | grep -v '^#' >"$work/rows"
[ "$FORMAT" = table ] || echo "1..$(wc -l <"$work/rows")"
n=0 bad=0
while IFS=$tab read -r name file time nonce collateral reason profile; do
    n=$((n + 1))
    if [ -z "$ATLS_VECTORS" ]; then
        echo "ok $n - $name: $file # SKIP --with-vectors names no folder"
    else
        tell "$name" "$file" "$time" "$reason" \
            "$(judge "$file" "$time" "$nonce" "$collateral" "$profile")"
    fi
done <"$work/rows"
[ "$FORMAT" != table ] || exit "$bad"
