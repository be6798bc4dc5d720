# SPDX-License-Identifier: Apache-2.0
# A test of the house: each check prints what breaks its rule, and nothing when
# nothing does. Sourced by the scripts here.
cd "$top_srcdir" || exit 1
num_tests=0

# holds SENTENCE COMMAND...: ok, when the command prints nothing.
holds() {
    num_tests=$((num_tests + 1))
    sentence=$1
    shift
    broken=$("$@" 2>&1)
    if [ -z "$broken" ]; then
        echo "ok $num_tests - $sentence"
    else
        echo "not ok $num_tests - $sentence"
        echo "$broken" | sed 's/^/#   /'
    fi
}

skips() { # SENTENCE WHAT-IS-MISSING
    num_tests=$((num_tests + 1))
    echo "ok $num_tests - $1 # SKIP $2"
}

plan() {
    echo "1..$num_tests"
}

# The files of the project, one a line: those under version control, or all of
# an unpacked tarball but what a build inside it made.
project_files() {
    if git ls-files 2>/dev/null | grep -q .; then
        git ls-files | while read -r file; do
            [ ! -f "$file" ] || echo "$file" # may be deleted just now
        done
    else
        find . -type f | sed 's,^\./,,' | grep -vE \
            '^(\.git|build-aux|quickstart\.out|autom4te\.cache|build[^/]*|_build|_inst)/|\.(o|lo|la|log|trs|in)$|(^|/)\.(deps|libs)/|^(aclocal\.m4|config|libtool|configure|Makefile|stamp)|^m4/'
    fi
}

# C files of the folders that are installed
sources() { # FOLDER...
    find "$@" -name '*.[ch]' 2>/dev/null | sort
}
