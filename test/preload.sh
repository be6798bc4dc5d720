# SPDX-License-Identifier: Apache-2.0
# To be sourced where $work is. A program that is not sanitized needs the
# sanitizer's library first where it loads a module that is.
asan=$(ldd "$top_builddir/atls" 2>/dev/null |
    sed -n 's/.*libasan[^ ]* => \([^ ]*\).*/\1/p')

# preload PROGRAM...: of PATH as it is now; nothing in a build that is not
# sanitized
preload() {
    [ -n "$asan" ] || return 0
    mkdir -p "$work/preload"
    for program in "$@"; do
        cat >"$work/preload/$program.new" <<END
#!/bin/sh
LD_PRELOAD=$asan ASAN_OPTIONS=detect_leaks=0 exec $(command -v "$program") "\$@"
END
        chmod +x "$work/preload/$program.new"
        mv "$work/preload/$program.new" "$work/preload/$program"
    done
    PATH=$work/preload:$PATH
}
