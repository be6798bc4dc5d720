# SPDX-License-Identifier: Apache-2.0
# Tables of the documents that are made from what they describe. To be sourced,
# or run to bring the documents up to date:
#
#     top_srcdir=. sh test/doc/tables.sh
#
# In a document such a table stands between a line with "NAME: kept equal to"
# and one with "end of NAME".
: "${top_srcdir:=.}"

# name, alert number or "-", sentence: one line each row of reason.def
reason_rows() {
    awk '
        FILENAME ~ /reason.h$/ && /ATLS_ALERT_[A-Z_]* = / {
            name = $1; sub("ATLS_ALERT_", "", name)
            number[name] = $3 + 0
        }
        /^REASON\(/ {
            split($0, part, /[(,"] */)
            split($0, text, "\"")
            gsub(" ", "", part[3])
            alert = number[part[3]]
            print part[2] "\t" (alert ? alert : "-") "\t" text[2]
        }' "$top_srcdir/base/atls/reason.h" "$top_srcdir/base/atls/reason.def"
}

reasons_markdown() {
    echo "| reason | alert | meaning |"
    echo "|---|---|---|"
    reason_rows | awk -F '\t' '{print "| " $1 " | " $2 " | " $3 " |"}'
}

reasons_mdoc() {
    echo ".Bl -column -compact \"CERTIFICATE_UNTRUSTED_\" \"alert\" \"meaning\""
    echo ".It Sy Reason Ta Sy Alert Ta Sy Meaning"
    reason_rows | awk -F '\t' '{print ".It " $1 " Ta " $2 " Ta " $3}'
    echo ".El"
}

# one vector: its name, then inputs and steps with their bytes
vector_lines() {
    awk -v name="$1" '
        BEGIN {print "    " name}
        /^    "[a-z_0-9]*": "/ || /^      "/ {
            gsub(/[",:]/, "")
            if (NF == 1) printf "      %-36s %s\n", "message", $1
            else printf "      %-36s %s\n", $1, $2
        }' "$top_srcdir/test/vectors/binder/$1.json"
}

vectors_markdown() {
    for vector in bound-server-sha256 bound-server-sha384 bound-client-sha256 \
        bound-client-sha384 draft-sha256 draft-retry-sha256; do
        echo
        vector_lines "$vector"
    done
    echo
}

# what stands between the marks of NAME in FILE
between_marks() { # NAME FILE
    awk -v name="$1" '
        index($0, "end of " name) {inside = 0}
        inside {print}
        index($0, name ": kept equal to") {inside = 1}' "$2"
}

write_between_marks() { # NAME FILE, new text on stdin
    cat >"$2.table"
    awk -v name="$1" -v table="$2.table" '
        index($0, "end of " name) {inside = 0}
        !inside {print}
        index($0, name ": kept equal to") {
            inside = 1
            while ((getline line < table) > 0) print line
        }' "$2" >"$2.new" && cat "$2.new" >"$2"
    rm -f "$2.new" "$2.table"
}

case $0 in
tables.sh | */tables.sh)
    reasons_markdown | write_between_marks reasons "$top_srcdir/doc/protocol.md"
    vectors_markdown | write_between_marks vectors "$top_srcdir/doc/protocol.md"
    if [ -f "$top_srcdir/man/atls.7" ]; then
        reasons_mdoc | write_between_marks reasons "$top_srcdir/man/atls.7"
    fi
    ;;
esac
