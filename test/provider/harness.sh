# SPDX-License-Identifier: Apache-2.0
# A test of attester keys with the stock tools; sourced by the scripts here.
# Everything lives in $work; openssl finds the providers by $OPENSSL_CONF.
work=$(mktemp -d) || exit 1
clean_up() {
    :
}
trap 'clean_up; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
num_tests=0
modules=$top_builddir/.libs
OPENSSL_CONF=$work/openssl.cnf
export OPENSSL_CONF

cat >"$OPENSSL_CONF" <<END
openssl_conf = openssl_init
[openssl_init]
providers = providers
[providers]
default = default_provider
atls = atls_provider
acme = acme_provider
slow = slow_provider
forged = forged_provider
[default_provider]
activate = 1
[atls_provider]
module = $modules/atls.so
activate = 1
[acme_provider]
module = $modules/acme.so
activate = 1
[slow_provider]
module = $modules/slow.so
activate = 1
[forged_provider]
module = $modules/forged.so
activate = 1
END

verdict() { # RESULT SENTENCE
    num_tests=$((num_tests + 1))
    if [ "$1" = 0 ]; then
        echo "ok $num_tests - $2"
    else
        echo "not ok $num_tests - $2"
        sed 's/^/# /' "$work/out"
    fi
}

# holds SENTENCE COMMAND...: it succeeds and says nothing on stderr.
holds() {
    sentence=$1
    shift
    "$@" >"$work/stdout" 2>"$work/out" && [ ! -s "$work/out" ]
    verdict $? "$sentence"
}

# fails SENTENCE TEXT COMMAND...: it fails, and TEXT is in what it says.
fails() {
    sentence=$1 text=$2
    shift 2
    if "$@" >"$work/out" 2>&1; then
        verdict 1 "$sentence"
    else
        tr -d '\n' <"$work/out" | grep -qF -e "$text"
        verdict $? "$sentence"
    fi
}

skips() { # SENTENCE WHAT-IS-MISSING
    num_tests=$((num_tests + 1))
    echo "ok $num_tests - $1 # SKIP $2"
}

plan() {
    echo "1..$num_tests"
}

sign() { # URI [BINDER [OPTION...]]
    sign_uri=$1 sign_binder=${2:-$work/binder}
    shift
    [ $# = 0 ] || shift
    timeout 60 openssl pkeyutl -sign -inkey "$sign_uri" -in "$sign_binder" \
        -out "$work/evidence.cmw" "$@"
}

hex() { # FILE
    od -An -v -tx1 "$1" | tr -d ' \n'
}

head -c 32 /dev/urandom >"$work/binder"
openssl genpkey -algorithm EC -pkeyopt group:P-256 -out "$work/key.pem"
