# SPDX-License-Identifier: Apache-2.0
# The manual has no mistakes that mandoc finds, and leaves out no key, no
# option, no word of the log.
man=$top_srcdir/man
number=0

ok() { # STATUS SENTENCE
    number=$((number + 1))
    if [ "$1" = 0 ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
    fi
}

# What other pages are installed is not ours, nor whether they are indexed.
lint() { # PAGE
    mandoc -Tlint "$man/$1" 2>/dev/null |
        grep -v "referenced manual not found" | sed 's/^/# /'
}

check_lint() { # PAGE
    if ! command -v mandoc >/dev/null 2>&1; then
        number=$((number + 1))
        echo "ok $number - $1 is clean mdoc # SKIP mandoc is missing"
        return
    fi
    complaints=$(lint "$1")
    [ -z "$complaints" ] || echo "$complaints"
    [ -z "$complaints" ]
    ok $? "$1 is clean mdoc"
}

# words on stdin, each of which PAGE must have as an item or in bold
check_words() { # PAGE
    missing=
    count=0
    while read -r word; do
        count=$((count + 1))
        pattern=$(printf %s "$word" | sed 's/\$/\\$/')
        grep -Eq "^\.(It|Cm|Ic|Li)( Cm)? $pattern(\\\\&)?( |\$)" "$man/$1" ||
            missing="$missing $word"
    done
    [ -z "$missing" ] || echo "# missing in $1:$missing"
    [ -z "$missing" ] && [ "$count" -gt 0 ]
}

settings_keys() {
    grep -o '{"[a-z_.]*", set_' "$top_srcdir/ext/settings.c" | cut -d'"' -f2
}

log_keys() {
    grep -ohE 'set(_new|_text|_time|_scheme|_ms)?\((connection->)?line, "[a-z_]+"' \
        "$top_srcdir/ext/report.c" | cut -d'"' -f2 | sort -u
}

claim_keys() {
    grep -o '{"[a-z_]*", KIND_' "$top_srcdir/provider/psa_json.c" |
        cut -d'"' -f2
}

attester_options() {
    cat "$top_srcdir"/provider/*.c | tr '\n' ' ' |
        grep -oE 'static const char \*const options\[\] = \{[^}]*\}' |
        grep -o '"[^"]*"' | tr -d '"' | sort -u
}

policy_keys() {
    cat "$top_srcdir"/verifier-client/*.c | tr '\n' ' ' |
        grep -oE 'const (atls_[a-z]*_)?keys\[\] = \{[^}]*\}' |
        grep -o '"[^"]*"' | tr -d '"' | sort -u
}

subcommands() {
    sed -n 's/^    {"\([a-z]*\)", atls_command_.*, \(true\|false\)},$/\1/p' \
        "$top_srcdir/verifier-client/cli/main.c"
}

long_options() {
    grep -ohE '"  --[a-z-]+' "$top_srcdir"/verifier-client/cli/*.c \
        "$top_srcdir"/verifier-client/serve/*.c | sed 's/.*--/-/' | sort -u
}

# words on stdin, each of which must stand somewhere in PAGE after Fl
check_options() { # PAGE
    missing=
    count=0
    while read -r word; do
        count=$((count + 1))
        grep -q "Fl $word\( \|\$\)" "$man/$1" || missing="$missing $word"
    done
    [ -z "$missing" ] || echo "# missing in $1:$missing"
    [ -z "$missing" ] && [ "$count" -gt 0 ]
}

echo 1..12
for page in atls.1 atls.5 atls.7 atlsd.8; do
    check_lint $page
done
settings_keys | check_words atls.5
ok $? "atls(5) has every key of the module's section"
log_keys | check_words atls.7
ok $? "atls(7) has every key of the log"
claim_keys | check_words atls.7
ok $? "atls(7) has every claim of a soft attester"
policy_keys | check_words atls.5
ok $? "atls(5) has every key of the policy"
subcommands | check_words atls.1
ok $? "atls(1) has every command"
broker_options() {
    grep -oE '^        \{"[a-z]+", required_argument' \
        "$top_srcdir/provider/broker/main.c" | cut -d'"' -f2 | sed 's/^/-/'
}
broker_options | check_options atlsd.8
ok $? "atlsd(8) has every option"
long_options | check_options atls.1
ok $? "atls(1) has every option"
missing=
for option in $(attester_options); do
    grep -q "$option=" "$man/atls.7" || missing="$missing $option"
done
[ -z "$missing" ] || echo "# missing:$missing"
[ -z "$missing" ] && [ -n "$(attester_options)" ]
ok $? "atls(7) has every option of an attester's URI"
