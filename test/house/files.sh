# SPDX-License-Identifier: Apache-2.0
# Every file of the project is one that anybody anywhere can use and read.
. "$top_srcdir/test/house/harness.sh"

# Brackets keep a pattern from finding itself.
paths_of_a_machine() {
    project_files | grep -vE '^test/fuzz/corpus/' | xargs -d '\n' \
        grep -nIE '/[w]ork/|/[t]mp/(wt|b)/|/[h]ome/[a-z]+/|/[r]oot/|/[U]sers/|[C]:\\' |
        grep -vE '^NEWS.md:'
}

package_registries() {
    project_files | xargs -d '\n' grep -nIiE \
        '[p]ypi\.org|[n]pmjs|[c]rates\.io|[r]egistry\.[a-z]|[p]roxy\.golang|[a]rtifactory|[n]exus'
}

# The first lines name the licence, in the comment style of the file.
without_a_licence() {
    for file in $(project_files |
        grep -E '\.(c|h|def|sh|py|mk|am|ac|map)$|^scripts/|^\.ci/'); do
        head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
            echo "$file"
    done
}

# A paragraph says what a C file is for.
without_a_purpose() {
    for file in $(project_files | grep -E '\.[ch]$'); do
        sed -n '3p' "$file" | grep -qE '^ \* +[^ ]' || echo "$file"
    done
}

unfinished() {
    project_files | grep -E '\.(c|h|def|sh|py|mk|am|ac|map)$|^scripts/' |
        xargs -d '\n' grep -nE '\b([T]ODO|[F]IXME|[X]XX|[H]ACK)\b'
}

blanks() {
    project_files | grep -E '\.(c|h|def|sh|py|mk|am|ac|map)$|^scripts/' |
        xargs -d '\n' grep -nE '[[:space:]]+$|^ +	'
}

recurses() { # json_loads and cbor_load recurse on a peer's bytes
    grep -nE '\b(json_loads|json_loadf|json_load_file|cbor_load)\b *\(' \
        $(sources base verifier-client ext provider)
}

holds "no file names a path of one machine" paths_of_a_machine
holds "no file names a package registry" package_registries
holds "every source names its licence" without_a_licence
holds "every C file says what it is for" without_a_purpose
holds "nothing is left for later" unfinished
holds "no line ends in white space" blanks
holds "JSON is parsed behind a depth scan and CBOR as a stream" recurses
plan
