# SPDX-License-Identifier: Apache-2.0
# Each format's profile keys, as its table in the sources has them, are those
# that atls(5) explains for that format and those of policy.schema.json, no more
# and no less, and each is in a policy of that format's tests.
number=0
source=$top_srcdir/verifier-client

# equal SENTENCE WORDS WORDS: the same words, whatever their order
equal() {
    number=$((number + 1))
    first=$(printf '%s\n' $2 | sort)
    second=$(printf '%s\n' $3 | sort)
    if [ -n "$2" ] && [ "$first" = "$second" ]; then
        echo "ok $number - $1"
    else
        echo "not ok $number - $1"
        echo "# want:" $first
        echo "# found:" $second
    fi
}

# The format that a source file defines, and the name of its table of keys
row_of() { # FILE MEMBER
    sed -n "s/^    \.$2 = \"\{0,1\}\([a-z_-]*\)\"\{0,1\},\$/\1/p" "$1"
}

table() { # NAME FILE...
    name=$1
    shift
    cat "$@" | tr '\n' ' ' | grep -oE "const $name\[\] = \{[^}]*\}" | head -n 1 |
        grep -o '"[^"]*"' | tr -d '"'
}

# A line "FORMAT KEY" for each item of the lists under "Profiles"; of the list
# before the formats' own, "shared KEY". A format's list is announced by "Keys of
# a .Dq FORMAT profile" or "A .Dq FORMAT profile", and two can have one.
items() {
    awk '
        /^\.Ss / {inside = $2 == "Profiles"; names = "shared"; next}
        !inside {next}
        /^\.Bl / {depth++; next}
        /^\.El/ {if (--depth == 0) names = ""; next}
        depth == 0 && /^(Keys of an?|A)$/ {names = ""; announced = 1; next}
        depth == 0 && announced && /^\.Dq / {names = names " " $2; next}
        depth == 0 && /^profile/ {announced = 0; next}
        depth == 1 && /^\.It Cm / {
            num = split(names, each, " ")
            for (i = 1; i <= num; i++) print each[i], $3
        }' "$top_srcdir/man/atls.5"
}

explained() { # FORMAT...
    for format; do
        items | sed -n "s/^$format //p"
    done
}

# "properties" of a format in the schema: its members by their depth
schema_keys() { # FORMAT
    awk -v format="    \"$1\": {" '
        $0 == format {inside = 1; next}
        inside && /^    }/ {exit}
        inside && /^      "properties": / {listing = 1; next}
        inside && /^      [}"]/ {listing = 0}
        listing && /^        "/ {split($0, part, "\""); print part[2]}
        ' "$source/policy.schema.json"
}

# Policies of a format's tests: rows of C, and files of JSON
tests_of() { # FORMAT
    unit=$top_srcdir/test/unit
    case $1 in
    nitro) cat "$unit/check_nitro_document.c" ;;
    other) cat "$unit/check_background.c" "$unit/check_verifier.c" ;;
    psa) cat "$unit/check_psa_token.c" "$top_srcdir"/test/vectors/psa/*/policy.json ;;
    sgx | tdx) cat "$unit/check_dcap.c" ;;
    tpm) cat "$unit/check_tpm_quote.c" "$top_srcdir"/test/vectors/tpm/*/policy.json ;;
    *) cat "$unit/check_$(echo "$1" | tr - _).c" ;;
    esac
}

tested() { # FORMAT KEY...
    text=$(tests_of "$1")
    shift
    for key; do
        case $text in
        *\"$key\\\":* | *\"$key\":* | *\'$key\':* | *", \"$key\", "*) echo "$key" ;;
        esac
    done
}

# What is not in a table of a format: profile.c
shared="format trust_anchors any verifier"
equal "atls(5) has the keys that all formats share" \
    "$shared types" "$(explained shared)"

formats=
for file in "$source"/*.c; do
    grep -q '^const struct atls_format atls_format_' "$file" || continue
    format=$(row_of "$file" name)
    name=$(row_of "$file" keys)
    keys=$(table "$name" "$file")
    [ -n "$keys" ] || keys=$(table "$name" "$source"/*.c)
    formats="$formats $format"
    case $format in
    other) found=$(explained shared | grep -x types) ;;
    # "it has the keys of a ... profile"
    vtpm | tpm-cert) found=$(explained "$format" tpm) ;;
    parsec-cca) found=$(explained cca) ;;
    enacttrust) found=$(explained parsec-tpm) ;;
    *) found=$(explained "$format") ;;
    esac
    equal "atls(5) explains every key of a $format profile and no other" \
        "$keys" "$found"
    equal "a test has every key of a $format profile" \
        "$keys" "$(tested "$format" $keys)"
    case $format in
    composite) keys="format $keys" ;;
    *) keys="$shared $keys" ;;
    esac
    equal "the schema has every key of a $format profile and no other" \
        "$keys" "$(schema_keys "$format")"
done
equal "each of the formats was looked at" \
    "$(sed -n '/^const.* atls_formats\[\]/,/^}/p' "$source/format.c" |
        grep -o 'atls_format_[a-z_]*' | sed 's/atls_format_//; s/_/-/g')" \
    "$formats"
echo "1..$number"
