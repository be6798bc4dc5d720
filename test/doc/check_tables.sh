# SPDX-License-Identifier: Apache-2.0
# The tables in the documents are what the sources say.
. "$top_srcdir/test/doc/tables.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

same() { # NUMBER SENTENCE TABLE DOCUMENT, the wanted text on stdin
    cat >"$work/wanted"
    between_marks "$3" "$top_srcdir/$4" >"$work/found"
    if [ -s "$work/wanted" ] && diff "$work/wanted" "$work/found"; then
        echo "ok $1 - $2"
    else
        echo "not ok $1 - $2"
        echo "# bring it up to date: sh test/doc/tables.sh"
    fi
}

echo 1..3
reasons_markdown |
    same 1 "the protocol's table of alerts is that of reason.def" \
        reasons doc/protocol.md
vectors_markdown |
    same 2 "the protocol's vectors are those of the files" \
        vectors doc/protocol.md
reasons_mdoc |
    same 3 "the manual's table of reasons is that of reason.def" \
        reasons man/atls.7
