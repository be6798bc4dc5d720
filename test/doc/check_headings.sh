# SPDX-License-Identifier: Apache-2.0
# A chapter is written once and is found: in each document no heading stands
# twice, an empty line comes before each, and links within it lead to one.
headings() { # DOCUMENT: without their signs, outside of fenced code
    awk '/^```/ { code = !code } !code && /^#+ / { sub(/^#+ /, ""); print }' \
        "$top_srcdir/$1"
}

twice() {
    headings "$1" | sort | uniq -d
}

glued() {
    awk '/^```/ { code = !code }
        !code && /^#+ / && NR > 1 && before != "" { print }
        { before = $0 }' "$top_srcdir/$1"
}

anchors() {
    headings "$1" | tr '[:upper:]' '[:lower:]' |
        sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

lost() {
    grep -oE '\]\(#[^)]*\)' "$top_srcdir/$1" | sed 's/^](#//; s/)$//' |
        sort -u | while read -r link; do
        anchors "$1" | grep -qxF -e "$link" || echo "#$link"
    done
}

documents='README.md HACKING.md SECURITY.md NEWS.md doc/protocol.md
doc/verifiers.md'
number=0
check() { # SENTENCE FAULTS
    number=$((number + 1))
    if [ -z "$2" ]; then
        echo "ok $number - $1"
    else
        printf '%s\n' "$2" | sed 's/^/# /'
        echo "not ok $number - $1"
    fi
}

echo 1..18
for document in $documents; do
    check "no heading of $document stands twice" "$(twice $document)"
    check "an empty line is before each of $document" "$(glued $document)"
    check "links within $document lead to a heading" "$(lost $document)"
done
