# SPDX-License-Identifier: Apache-2.0
# The layers: base <- verifier-client <- ext, base <- provider. provider and ext
# meet only in OpenSSL; a foreign header has few homes.
. "$top_srcdir/test/house/harness.sh"

# resolve FILE NAME: where the compiler finds #include "NAME" of FILE
resolve() {
    for path in "$(dirname "$1")/$2" "$2" "base/$2" "verifier-client/$2"; do
        case $path in
        */../* | ../*) continue ;;
        esac
        [ -f "$path" ] && { echo "$path"; return; }
    done
    echo "nowhere/$2"
}

# includes_beyond FOLDER ALLOWED...: folders or single headers
includes_beyond() {
    own=$1 # and the first that is allowed
    for file in $(sources "$own" | grep "^$own/[^/]*$"); do
        sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' \
            "$file" | while read -r name; do
            path=$(resolve "$file" "$name")
            for allowed; do
                case $path in
                "$allowed" | "$allowed"/*) continue 2 ;;
                esac
            done
            [ "$name" = config.h ] || echo "$file includes $path"
        done
    done
}

# foreign PATTERN HOME...: files outside the homes that include <PATTERN>
foreign() {
    pattern=$1
    shift
    for file in $(sources base verifier-client ext provider); do
        grep -q "^[[:space:]]*#[[:space:]]*include[[:space:]]*<$pattern" \
            "$file" || continue
        for home; do
            case $file in
            $home) continue 2 ;;
            esac
        done
        echo "$file includes <$pattern>"
    done
}

at_most_one() { # PATTERN
    files=$(grep -lE "^[[:space:]]*#[[:space:]]*include[[:space:]]*<$1" \
        $(sources base verifier-client ext provider))
    [ "$(echo "$files" | wc -l)" -le 1 ] || echo "$files"
}

calls_of_libcbor() {
    grep -noE '\bcbor_[a-z0-9_]+ *\(' $(sources base verifier-client provider) |
        grep -v ':cbor_stream_decode *('
}

holds "base includes only base" includes_beyond base
holds "verifier-client includes only itself and base" \
    includes_beyond verifier-client base
# The command checks settings with the code that will read them, and probe
# speaks the extension and recomputes the binder with the code of the module.
holds "the command includes what it drives, and of ext what has no state" \
    includes_beyond verifier-client/cli verifier-client base ext/settings.h \
    ext/extension.h ext/wire.h
holds "the Verifier includes what it judges with and the command's words" \
    includes_beyond verifier-client/serve verifier-client base
holds "libmicrohttpd has one home" at_most_one 'microhttpd'
holds "provider includes only itself and base" \
    includes_beyond provider base
holds "the broker includes only itself, its messages and base" \
    includes_beyond provider/broker base provider/broker_message.h \
    provider/deadline.h
holds "ext includes only itself, verifier-client and base" \
    includes_beyond ext verifier-client base
# ext/host.c asks where the functions that we call come from.
holds "libcbor has one home" foreign 'cbor' base/cbor.c ext/host.c
holds "jansson is spoken through base/json.h" \
    foreign 'jansson' base/json.h ext/host.c
holds "tpm2-tss has one home" foreign 'tss2' provider/tss.h
holds "libcurl has one home" at_most_one 'curl/'
# doctor's child makes an SSL_CTX to see what a program is told; base/http.c
# says which SSL_CTX is our own.
holds "libssl is met in ext, by HTTP, the probe and doctor's child alone" \
    foreign 'openssl/\(ssl\|tls1\|quic\|dtls1\)' 'ext/*' base/http.c \
    verifier-client/cli/probe.c verifier-client/cli/doctor_load.c
holds "of libcbor only cbor_stream_decode is called" calls_of_libcbor
plan
