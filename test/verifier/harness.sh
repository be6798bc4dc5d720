# SPDX-License-Identifier: Apache-2.0
# What the tests of asking others over HTTP share, to be sourced: certificates,
# the scripted server, and one line a question.
LC_ALL=C
export LC_ALL
here=$top_builddir/test/verifier
unset OPENSSL_CONF
work=$(mktemp -d) || exit 1
tap=0

# Each server ends when the pipe that is its standard input does.
cleanup() {
    exec 9>&-
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work" || exit 1
mkfifo alive
exec 9<>alive

if ! command -v python3 >/dev/null 2>&1; then
    echo "1..0 # SKIP python3 is not installed"
    exit 0
fi

. "$top_srcdir/test/preload.sh"
preload openssl

result() { # STATUS SENTENCE
    tap=$((tap + 1))
    if [ "$1" = 0 ]; then
        echo "ok $tap - $2"
    else
        echo "not ok $tap - $2"
        sed 's/^/# out: /' out 2>/dev/null | cut -c1-400 | tail -n 20
    fi
}

plan() {
    echo "1..$tap"
}

# start NAME OPTION...: sets url
start() {
    name=$1
    shift
    python3 "$top_srcdir/test/verifier/server.py" "$@" <alive 9>&- \
        >"$name.url" 2>"$name.err" &
    tries=0
    until [ -s "$name.url" ] || [ $tries -ge 600 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    url=$(cat "$name.url")
}

# authority NAME; certificate NAME AUTHORITY [OPTION...]
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -keyout "$1.key" -out "$1.pem" -subj "/CN=$1" -days 2 2>/dev/null
}

certificate() {
    name=$1 ca=$2
    shift 2
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -keyout "$name.key" -out "$name.csr" -subj "/CN=$name" 2>/dev/null
    openssl x509 -req -in "$name.csr" -CA "$ca.pem" -CAkey "$ca.key" \
        -CAcreateserial -out "$name.pem" -extfile /dev/stdin "$@" \
        2>/dev/null <<END
subjectAltName = DNS:${san:-localhost},IP:127.0.0.1
END
}

spki_hash() { # CERTIFICATE
    openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER |
        openssl dgst -sha256 -r | cut -d' ' -f1
}
