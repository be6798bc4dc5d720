# SPDX-License-Identifier: Apache-2.0
# Files that the documents name are there.
names() { # DOCUMENT
    grep -oE '(`|\]\()[.]*/?[a-z][a-z-]*/[A-Za-z0-9_./-]*(`|\))' \
        "$top_srcdir/$1" | tr -d '`()]' | grep -vE 'NAME|^/|^application/' | sort -u
}

echo 1..5
number=0
for document in README.md HACKING.md SECURITY.md doc/protocol.md \
    doc/verifiers.md; do
    number=$((number + 1))
    missing=
    for path in $(names $document); do
        [ -e "$top_srcdir/$path" ] ||
            [ -e "$top_srcdir/${document%/*}/$path" ] ||
            missing="$missing $path"
    done
    [ -z "$missing" ] || echo "# not there:$missing"
    if [ -z "$missing" ] && [ -n "$(names $document)" ]; then
        echo "ok $number - every file that $document names is there"
    else
        echo "not ok $number - every file that $document names is there"
    fi
done
