# SPDX-License-Identifier: Apache-2.0
# Real Evidence, made by others, judged by `atls appraise` as a user would: one
# row of test/vectors/real/*.rows each. The files are no part of this project;
# --with-vectors names their folder, and without it each row is skipped.
#
# A row has columns between tabs, "-" for an empty one:
#
#     name  file  time  nonce  collateral  reason  profile  [spki]
#
# The file may be followed by @OFFSET+LENGTH. Several words are of one of these,
# files of the folder among them:
#
#     result FILE      what a Verifier said: appraise --result
#     VERB WORD...     Evidence that test/vectors/assemble puts together
#
# nonce is hex, or =FILE; without one the Evidence is judged by --no-nonce, which
# never accepts: the reason is then what it would be. The files of collateral are
# put into a folder of their own, @C@ in the profile; ./FILE is one of test/
# vectors/real. In the profile, which may be a whole policy with a profile "p",
# @V@ is the folder of vectors, @K@ the key that signed what was assembled, and
# @A:FILE@ the key of a list of anchors. spki is the DER of the peer's TLS key in
# base64, for Evidence that attests one.
#
# test/vectors/real/parts.table has a line for each file that is no Evidence:
#
#     file  reason  what it is  used by
#
# atls appraise must refuse it for that reason. Rows and tests that use it, by
# name and by path, must mention it; "-" stands for nobody. A reason of "-" is an
# exception, which is not judged, and says why. A file of the folder that is no
# row's Evidence and stands in no line is an error.
#
# With FORMAT=table all of it prints "file, date, expected, got" in place of TAP.
: "${top_srcdir:=.}" "${top_builddir:=.}" "${FORMAT:=tap}"
rows=$top_srcdir/test/vectors/real
atls=$top_builddir/atls
assemble=$top_builddir/test/vectors/assemble
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
tab=$(printf '\t')
n=0 bad=0 seen_collateral='?'
set -f # words, not patterns

# $evidence: the file to judge; $key: what signed it, where that is known
evidence() { # FILE[@OFFSET+LENGTH] | VERB WORD...
    evidence=$work/evidence
    case $1 in
    'result '*) evidence=$ATLS_VECTORS/${1#* } ;;
    *' '*)
        # shellcheck disable=SC2086 # words
        "$assemble" -k "$work/key.pem" $1 >"$evidence"
        ;;
    *@*)
        part=${1##*@}
        tail -c "+$((${part%+*} + 1))" "$ATLS_VECTORS/${1%@*}" |
            head -c "${part#*+}" >"$evidence"
        ;;
    *) evidence=$ATLS_VECTORS/$1 ;;
    esac
}

collateral() { # FILE...
    [ "$seen_collateral" != "$*" ] || return 0
    seen_collateral=$*
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

policy() { # PROFILE | POLICY
    case $1 in
    *@A:*)
        anchors=${1#*@A:}
        "$assemble" anchor "${anchors%%@*}" >"$work/anchor.json"
        ;;
    esac
    case $1 in
    '{"profiles"'* | '{"verifiers"'*) echo "$1" ;;
    *) echo "{\"profiles\":{\"p\":$1}}" ;;
    esac | sed "s,@V@,$ATLS_VECTORS,g; s,@C@,$work/collateral,g
        s,@K@,$work/key.pem,g; s,@A:[^@]*@,$work/anchor.json,g" \
        >"$work/policy.json"
}

# Which words of appraise say what the nonce is
nonce() { # - | HEX | =FILE
    case $1 in
    -) echo --no-nonce ;;
    =*) echo "--nonce $(od -An -v -tx1 "$ATLS_VECTORS/${1#=}" | tr -d ' \n')" ;;
    *) echo "--nonce $1" ;;
    esac
}

# The reason that atls gives; the exit status must be of one mind with it.
ask() { # WORD...
    "$atls" appraise --policy "$work/policy.json" "$@" --json "$evidence" \
        >"$work/answer" 2>"$work/error"
    status=$?
    if [ "$status" = 2 ] && grep -q 'policy\.json:' "$work/error"; then
        echo POLICY_INVALID
        return
    fi
    awk -F '"' -v status="$status" '
        /^ *"verdict":/ { verdict[++v] = $4 }
        /^ *"reason":/ { reason[++r] = $4 }
        END {
            got = verdict[1] == "unbound" ? reason[2] " unbound" : reason[1]
            print status == (got == "OK" ? 0 : 1) ? got : "status " status
        }' "$work/answer"
}

judge() { # FILE TIME NONCE COLLATERAL PROFILE SPKI
    evidence "$1"
    # shellcheck disable=SC2086 # a list of files
    collateral $4
    policy "$5"
    more=
    case $1 in
    'result '*) more="--result --verifier https://verifier.example" ;;
    esac
    if [ -n "$6" ]; then
        printf %s "$6" | openssl base64 -d -A >"$work/key"
        more="$more --spki $work/key"
    fi
    # shellcheck disable=SC2046,SC2086 # words
    ask $(nonce "$3") $more --at "$2"
}

tell() { # NAME FILE TIME EXPECTED GOT WHAT
    if [ "$FORMAT" = table ]; then
        printf '%-58s %-20s %-30s %-30s %s\n' "$2" "$3" "$4" "$5" "$6"
    elif [ "$4" = "$5" ]; then
        echo "ok $n - $1: $2 gives $4"
    else
        sed 's/^/# /' "$work/error"
        echo "not ok $n - $1: $2 gives $4, not $5"
    fi
    [ "$4" = "$5" ] || bad=1
}

# Several rows speak of the same files, and a verb is no file.
files_of() { # FILE | VERB WORD...
    case $1 in
    *' '*) echo "$1" | tr ' ' '\n' | grep / | sed 's/^[a-z_]*=//' | paste -sd, ;;
    *) echo "$1" ;;
    esac
}

judge_rows() {
    while IFS=$tab read -r name file time nonce collateral reason profile \
        spki; do
        n=$((n + 1))
        [ "$nonce" != - ] || reason="$reason unbound"
        if [ -z "$ATLS_VECTORS" ]; then
            echo "ok $n - $name: $file # SKIP --with-vectors names no folder"
        else
            tell "$name" "$(files_of "$file")" "$time" "$reason" \
                "$(judge "$file" "$time" "$nonce" "$collateral" "$profile" \
                    "$spki")"
        fi
    done <"$work/rows"
}

# What is no Evidence: a policy that would take any there is
judge_part() { # FILE
    evidence "$1"
    ask --nonce a0a1a2a3a4a5a6a7 --at 2026-11-23T21:00:00Z
}

judge_parts() {
    [ -z "$ATLS_VECTORS" ] ||
        policy '{"format":"psa","trust_anchors":["@V@/psa/tfm.public.pem"],"any":true}'
    while IFS=$tab read -r file reason what _; do
        n=$((n + 1))
        if [ -z "$ATLS_VECTORS" ]; then
            echo "ok $n - $what: $file # SKIP --with-vectors names no folder"
        elif [ "$reason" = - ]; then
            tell "$what" "$file" - exception exception "$what"
        else
            tell "$what" "$file" 2026-11-23T21:00:00Z "$reason" \
                "$(judge_part "$file")" "$what"
        fi
    done <"$work/parts"
}

# Paths of the folder, one a line, wherever they stand
mentioned() {
    folders=$(cut -d/ -f1 "$work/there" | sort -u | paste -sd'|')
    tr '\t ,"=' '\n\n\n\n\n' |
        sed 's,^@V@/,,; s,^@A:,,; s,@.*,,' | grep -E "^($folders)/" | sort -u
}

check() { # SENTENCE PROBLEMS
    n=$((n + 1))
    if [ -z "$ATLS_VECTORS" ]; then
        echo "ok $n - $1 # SKIP --with-vectors names no folder"
    elif [ -z "$2" ]; then
        [ "$FORMAT" = table ] || echo "ok $n - $1"
    else
        bad=1
        [ "$FORMAT" = table ] || echo "not ok $n - $1"
        echo "$2" | sed "s|^|# not so: $1: |"
    fi
}

unused() { # FILE WHO: those of WHO that do not use FILE
    for who in $2; do
        case $who in
        -) ;;
        */*) grep -qsF "$(basename "$1")" "$top_srcdir/$who" ||
            echo "$1 is used by $who" ;;
        *) grep "^$who$tab" "$work/rows" | grep -qF "$1" ||
            echo "$1 is used by row $who" ;;
        esac
    done
}

users_that_do_not_use() {
    while IFS=$tab read -r file _ _ users; do
        unused "$file" "$users"
    done <"$work/parts"
}

check_coverage() {
    cut -f1 "$work/parts" | sort >"$work/in_table"
    awk -F "$tab" '$2 == "-" { print $1 }' "$work/parts" | sort \
        >"$work/exceptions"
    (cd "$ATLS_VECTORS" && find . -type f | sed 's,^\./,,' | sort) >"$work/there"
    mentioned <"$work/rows" >"$work/in_rows"
    cut -f2 "$work/rows" | mentioned >"$work/judged"
    check "every file of the vectors is judged or stands in the table" \
        "$(sort -u "$work/in_table" "$work/judged" | comm -23 "$work/there" -)"
    check "rows and table name no file that is not there" \
        "$(sort -u "$work/in_table" "$work/in_rows" | comm -13 "$work/there" -)"
    check "no file is an exception that a row judges" \
        "$(comm -12 "$work/exceptions" "$work/judged")"
    check "no file stands in the table twice" "$(uniq -d "$work/in_table")"
    check "no two rows have one name" "$(cut -f1 "$work/rows" | sort | uniq -d)"
    check "who is said to use a file does" "$(users_that_do_not_use)"
}

if [ "$FORMAT" = table ] && [ -z "$ATLS_VECTORS" ]; then
    echo "--with-vectors names no folder of real Evidence" >&2
    exit 1
fi
set +f
cat "$rows"/*.rows | grep -v '^#' >"$work/rows"
set -f
grep -v '^#' "$rows/parts.table" >"$work/parts"
[ "$FORMAT" = table ] ||
    echo "1..$(($(cat "$work/rows" "$work/parts" | wc -l) + 6))"
judge_rows
judge_parts
check_coverage
[ "$FORMAT" != table ] || exit "$bad"
