# SPDX-License-Identifier: Apache-2.0
# What the tests of the command share, to be sourced. Each call of asks runs
# atls once and is one test:
#
#     asks SENTENCE STATUS WORD... [-- ARGUMENT...]
#
# runs "atls WORD..." and wants STATUS; then says and keeps_silent look at what
# it printed ($work/out, $work/err).
LC_ALL=C
export LC_ALL
atls=$top_builddir/atls
ATLS_MODULES=$top_builddir/.libs
export ATLS_MODULES
unset OPENSSL_CONF NO_COLOR
work=$(mktemp -d) || exit 1
tap=0
pids=

cleanup() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work" || exit 1

result() { # STATUS SENTENCE
    tap=$((tap + 1))
    if [ "$1" = 0 ]; then
        echo "ok $tap - $2"
    else
        echo "not ok $tap - $2"
        sed -e 's/^/# out: /' -e '$a\' out 2>/dev/null | tail -n 20
        sed -e 's/^/# err: /' -e '$a\' err 2>/dev/null | tail -n 20
    fi
}

check() { # SENTENCE COMMAND...
    sentence=$1
    shift
    "$@" >/dev/null 2>&1
    result $? "$sentence"
}

skip() { # SENTENCE WHAT-IS-MISSING
    tap=$((tap + 1))
    echo "ok $tap - $1 # SKIP $2"
}

have() {
    command -v "$1" >/dev/null 2>&1
}

asks() { # SENTENCE STATUS WORD...
    sentence=$1
    wanted=$2
    shift 2
    "$atls" "$@" >out 2>err
    found=$?
    [ "$found" = "$wanted" ] || echo "# want status $wanted, found $found"
    [ "$found" = "$wanted" ]
    result $? "$sentence"
}

says() { # SENTENCE EXTENDED-REGEX, in standard output
    grep -Eq -- "$2" out
    result $? "$1"
}

complains() { # SENTENCE EXTENDED-REGEX, in standard error, and nothing else
    grep -Eq -- "$2" err && ! [ -s out ]
    result $? "$1"
}

# json SENTENCE EXPRESSION: standard output is one JSON value, "it", and the
# Python expression holds of it.
json() {
    if ! have python3; then
        skip "$1" "python3 is not installed"
        return
    fi
    python3 -c 'import json, sys
it = json.load(open("out"))
sys.exit(not eval(sys.argv[1]))' "$2" 2>>err
    result $? "$1"
}

make_soft_key() { # NAME
    openssl genpkey -algorithm EC -pkeyopt group:P-256 -out "$1.pem" 2>/dev/null
    openssl pkey -in "$1.pem" -pubout -out "$1.pub"
}

# evidence KEY NONCE-TEXT FILE: what attest:soft with that key shows.
evidence() {
    printf '%s' "$2" >nonce.bin
    openssl pkeyutl -provider-path "$ATLS_MODULES" -provider atls \
        -provider default -sign -inkey "attest:soft?key=$1" -in nonce.bin \
        -out "$3"
}

hex() { # TEXT
    printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'
}

# serve OPENSSL_CONF OPTION...: the distribution's s_server with tls.pem and
# tls.key; sets port and server_pid.
serve() {
    conf=$1
    shift
    rm -f server.out
    OPENSSL_CONF=$conf openssl s_server -accept 127.0.0.1:0 -cert tls.pem \
        -key tls.key "$@" -www </dev/null >server.out 2>&1 &
    server_pid=$!
    pids="$pids $server_pid"
    tries=0
    until grep -q '^ACCEPT' server.out 2>/dev/null || [ $tries -ge 600 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' server.out)
}

make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -keyout tls.key -out tls.pem -subj /CN=localhost -days 2 \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
}

plan() {
    echo "1..$tap"
}
