# SPDX-License-Identifier: Apache-2.0
# attest:tpm with tls_key: the TPM certifies the TLS key beside the quote. Keys
# by tpm2-tools and by tpm2-openssl; then s_server whose key is the TPM's, and
# what s_client says to that.
. "$top_srcdir/test/provider/harness.sh"
. "$top_srcdir/test/swtpm.sh"
server=
clean_up() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    swtpm_stop
}
ATLS_MODULES=$modules
export ATLS_MODULES
type=application/vnd.parallaxsecond.key-attestation.tpm

fails "a transient handle is refused" \
    "tls_key 0x80000000: want a persistent handle" \
    openssl pkey -noout -in "attest:tpm?tls_key=0x80000000"
fails "a key file of another kind is refused" \
    "tls_key $work/key.pem: want PEM of a \"TSS2 PRIVATE KEY\"" \
    openssl pkey -noout -in "attest:tpm?tls_key=$work/key.pem"
fails "a key file that is not there is refused" "tls_key $work/nowhere: " \
    openssl pkey -noout -in "attest:tpm?tls_key=$work/nowhere"
if ! swtpm_have || ! command -v tpm2_create >/dev/null 2>&1; then
    skips "a TPM certifies a TLS key" "swtpm, tpm2-tools"
    plan
    exit 0
fi
swtpm_start "$work/tpm" || exit 1
tpm="attest:tpm?tcti=$SWTPM_TCTI"
TPM2TOOLS_TCTI=$SWTPM_TCTI
export TPM2TOOLS_TCTI

# Keys of tpm2-tools: NAME HANDLE ALGORITHM ATTRIBUTES
inside='fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign'
make_key() {
    tpm2_create -Q -C 0x81000001 -G "$3" -u "$work/$1.pub" -r "$work/$1.priv" \
        -a "$4" $5 &&
        tpm2_load -Q -C 0x81000001 -u "$work/$1.pub" -r "$work/$1.priv" \
            -c "$work/$1.ctx" &&
        tpm2_evictcontrol -Q -C o -c "$work/$1.ctx" "$2" &&
        tpm2_readpublic -Q -c "$2" -f pem -o "$work/$1.pem" &&
        tpm2_flushcontext -t
}
make_keys() {
    tpm2_createprimary -Q -C o -G ecc256 -c "$work/srk.ctx" &&
        tpm2_evictcontrol -Q -C o -c "$work/srk.ctx" 0x81000001 &&
        tpm2_flushcontext -t &&
        make_key ecc 0x81000002 ecc256:ecdsa-sha256:null "$inside" &&
        make_key rsa 0x81000003 rsa2048:null:null "$inside" &&
        make_key loose 0x81000004 ecc256:ecdsa-sha256:null \
            'sensitivedataorigin|userwithauth|sign' &&
        make_key locked 0x81000005 ecc256:ecdsa-sha256:null "$inside|noda" \
            '-p secret'
}
holds "an operator makes TLS keys" make_keys
policy() { # ANCHOR
    cat >"$work/policy.json" <<END
{ "profiles": { "p": { "format": "parsec-tpm", "trust_anchors": ["$1"],
                       "any": true } } }
END
}
openssl pkey -in "$tpm" -pubout -out "$work/ak.pem"
policy ak.pem
judges() { # KEY.pem [REASON]
    "$top_builddir/atls" appraise --policy "$work/policy.json" \
        --nonce "$(hex "$work/binder")" --spki "$work/$1" \
        "$work/evidence.cmw" >"$work/verdict"
    grep -qx "reason: ${2:-OK}" "$work/verdict"
}
certifies() { # TLS-KEY KEY.pem [MORE]
    sign "$tpm&tls_key=$1$3" && judges "$2"
}
holds "a persistent key is certified" certifies 0x81000002 ecc.pem
holds "for no other key" judges rsa.pem TLS_KEY_MISMATCH
holds "an RSA key is certified" certifies 0x81000003 rsa.pem
lists_types() {
    openssl pkey -noout -text -in "$tpm&tls_key=0x81000002" >"$work/text" &&
        [ "$(sed -n 's/^    //p' "$work/text" | tr '\n' ' ')" = \
            "$type application/vnd.atls.tpm-quote+cbor " ]
}
holds "key attestation comes first, and the quote alone can be had" lists_types
quote_alone() {
    sign "$tpm&tls_key=0x81000002" "$work/binder" \
        -pkeyopt evidence-format:application/vnd.atls.tpm-quote+cbor &&
        "$top_builddir/test/provider/evidence_parts" "$work/evidence.cmw" \
            "$work" >"$work/pcrs" && [ "$(wc -l <"$work/pcrs")" = 8 ]
}
holds "asked for, it is" quote_alone
spki() { # KEY.pem
    openssl pkey -pubin -in "$work/$1" -outform DER -out "$work/spki"
    hex "$work/spki"
}
subject() { # KEY.pem
    sign "$tpm&tls_key=0x81000002" "$work/binder" \
        -pkeyopt "hexsubject-key:$(spki "$1")"
}
holds "a subject-key that is the TPM's is taken" subject ecc.pem
fails "another one is refused" \
    "cannot attest this key: tls_key names another than that of the certificate" \
    subject rsa.pem
fails "subject-key is not listed without tls_key" \
    "command not supported" \
    sign "$tpm" "$work/binder" -pkeyopt "hexsubject-key:$(spki ecc.pem)"
fails "a key that may leave the TPM is refused" \
    "tls_key: want a key that was made in the TPM and cannot leave it" \
    sign "$tpm&tls_key=0x81000004"
fails "a key with a password is told" \
    "TPM2_Certify of tls_key: the hierarchy or the key has a password" \
    sign "$tpm&tls_key=0x81000005"
fails "a missing key is told with its handle" \
    "handle 0x81000007: there is no key at that handle" \
    sign "$tpm&tls_key=0x81000007"
flushed() {
    tpm2_getcap handles-transient >"$work/handles" && [ ! -s "$work/handles" ]
}
holds "nothing is left in the TPM" flushed
changed() { # a byte of the file that is in the certificate's place
    sign "$tpm&tls_key=0x81000002" &&
        head -c 32 /dev/zero >"$work/zeros" &&
        ! "$top_builddir/atls" appraise --policy "$work/policy.json" \
            --nonce "$(hex "$work/zeros")" --spki "$work/ecc.pem" \
            "$work/evidence.cmw" >"$work/verdict" &&
        grep -qx 'reason: BINDER_MISMATCH' "$work/verdict"
}
holds "for another challenge it is refused" changed
if command -v tpm2_encodeobject >/dev/null 2>&1; then
    encode() {
        tpm2_encodeobject -Q -C 0x81000001 -u "$work/ecc.pub" \
            -r "$work/ecc.priv" -o "$work/ecc.key"
    }
    holds "tpm2_encodeobject writes the key into a file" encode
    holds "a key in a file is certified" certifies "$work/ecc.key" ecc.pem
    holds "four threads share a key in a file" \
        "$top_builddir/test/provider/sharers" "$tpm&tls_key=$work/ecc.key" 4 0
    holds "four children share a key in a file" \
        "$top_builddir/test/provider/sharers" "$tpm&tls_key=$work/ecc.key" 1 4
else
    skips "a key in a file is certified" "tpm2_encodeobject"
fi
learns() {
    "$top_builddir/atls" policy learn "$tpm&tls_key=0x81000002" \
        >"$work/policy.json" && certifies 0x81000002 ecc.pem &&
        swtpm_extend 7 changed && sign "$tpm&tls_key=0x81000002" &&
        judges ecc.pem PCR_MISMATCH
}
holds "a learnt policy accepts it until a PCR is extended" learns
policy ak.pem
holds "nothing is left in the TPM after that" flushed

# A key as OpenSSL makes it in the TPM, and a server that has it. The provider
# tpm2 and attest:tpm are two clients of one swtpm, see tpm_pipe.c.
if ! [ -f "$(openssl version -m | sed 's/.*"\(.*\)"/\1/')/tpm2.so" ]; then
    skips "a server's key of tpm2-openssl is certified" tpm2-openssl
    plan
    exit 0
fi
TPM2OPENSSL_TCTI="cmd:$top_builddir/test/provider/tpm_pipe ${SWTPM_TCTI##*=}"
export TPM2OPENSSL_TCTI
tpm2='?provider=tpm2,tpm2.digest!=yes'

# SIDE TEXT...: its openssl.cnf; TEXT stands in the module's section
configure() {
    side=$1
    shift
    cat >"$work/$side.cnf" <<END
openssl_conf = openssl_init
config_diagnostics = 1
[openssl_init]
$([ "$side" = client ] || echo alg_section = algorithms)
providers = providers
$([ "$side" = tools ] || echo atls = atls_section)
[algorithms]
default_properties = $tpm2
[providers]
default = default_provider
$([ "$side" = client ] || echo tpm2 = tpm2_provider)
$([ "$side" = tools ] || echo atls = atls_provider)
[default_provider]
activate = 1
[tpm2_provider]
activate = 1
[atls_provider]
module = $modules/atls.so
activate = 1
[atls_section]
path = $modules/atls_ext.so
timeout = 20s
log = file:$work/$side.log
END
    for line; do echo "$line"; done >>"$work/$side.cnf"
}
configure tools
tools() {
    OPENSSL_CONF=$work/tools.cnf openssl "$@"
}
make_server() { # NAME
    tools genpkey -algorithm EC -pkeyopt group:P-256 -out "$work/$1.key" \
        2>/dev/null && # it warns of entropy
        grep -q 'BEGIN TSS2 PRIVATE KEY' "$work/$1.key" &&
        tools req -x509 -new -key "$work/$1.key" -subj /CN=localhost -days 30 \
            -config /dev/null -out "$work/$1.crt" &&
        tools x509 -in "$work/$1.crt" -noout -pubkey -out "$work/$1.pem"
}
holds "OpenSSL makes a key in the TPM, and a certificate of it" \
    make_server served
make_server another
holds "a key of OpenSSL's, whose parent is a hierarchy, is certified" \
    certifies "$work/served.key" served.pem
holds "and nothing is left in the TPM" flushed

serve() { # KEY CERT TLS-KEY: sets $server and $port
    rm -f "$work/server.log"
    configure server "attester = $tpm&tls_key=$3" $4
    OPENSSL_CONF=$work/server.cnf openssl s_server -accept 127.0.0.1:0 -www \
        -tls1_3 -key "$1" -cert "$2" >"$work/server.out" 2>&1 </dev/null &
    server=$!
    until grep -q '^ACCEPT' "$work/server.out" ||
        ! kill -0 "$server" 2>/dev/null; do
        sleep 0.05
    done
    port=$(sed -n 's/^ACCEPT.*:\([0-9]*\)$/\1/p' "$work/server.out")
}
stop() {
    kill "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    server=
    tpm2_flushcontext -t # swtpm has no resource manager that would do it
}
connect() {
    rm -f "$work/client.log"
    OPENSSL_CONF=$work/client.cnf timeout 60 openssl s_client -brief \
        -connect "127.0.0.1:$port" -servername localhost </dev/null \
        >"$work/client.out" 2>&1
}
logs() { # SIDE TEXT: its line is there when the connection is gone
    tries=0
    until [ -s "$work/$1.log" ] || [ $tries -ge 200 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    grep -qF -e "$2" "$work/$1.log" || {
        cat "$work/client.out" "$work/client.log" "$work/server.log" \
            "$work/server.out" >&2
        return 1
    }
}
accepted() {
    connect && logs client '"verdict":"affirming"' &&
        logs client "\"peer_scheme\":\"$type\""
}
refused() { # SIDE REASON
    ! connect && logs "$1" "\"reason\":\"$2\""
}
attested_policy() { # RULE
    cat >"$work/policy.json" <<END
{ "profiles": { "p": { "format": "parsec-tpm", "trust_anchors": ["ak.pem"],
                       "any": true } },
  "rules": [ { $1 } ] }
END
}

# The certificate is self-signed: nothing but the TPM says who this is.
attested_policy '"identity": "attested"'
configure client "require = server" "policy = $work/policy.json"
serve "$work/served.key" "$work/served.crt" "$work/served.key"
holds "a server whose TLS key is the TPM's needs no certificate of a CA" \
    accepted
holds "and again" accepted
attested_policy '"identity": "x509"'
holds "where one is asked for, it does" refused client CERTIFICATE_UNTRUSTED
stop
attested_policy '"identity": "attested"'
serve "$work/another.key" "$work/another.crt" "$work/served.key"
holds "a server whose TLS key is another attests nothing" \
    refused server ATTESTER_FAILED
says_why() {
    logs server "cannot attest this key: tls_key names another"
}
holds "and its log says whose move it is" says_why
stop

# Delegated, the key is attested as well.
attested_policy '"identity": "attested", "delegated_max_age": "10m"'
serve "$work/served.key" "$work/served.crt" "$work/served.key" "delegate=10m"
delegated() {
    connect && logs client '"verdict":"affirming"' &&
        logs client "of=\\\"$type\\\""
}
holds "a delegate's Evidence attests the TLS key, too" delegated
stop
serve "$work/another.key" "$work/another.crt" "$work/served.key" "delegate=10m"
holds "and none but that one" \
    refused client TLS_KEY_MISMATCH
stop

# By a handle, whatever provider uses the key
tools pkey -in handle:0x81000002 -pubout -out "$work/handle.pub" 2>"$work/out" &&
    tools req -x509 -new -key handle:0x81000002 -subj /CN=localhost -days 30 \
        -config /dev/null -out "$work/handle.crt" 2>>"$work/out"
attested_policy '"identity": "attested"'
serve handle:0x81000002 "$work/handle.crt" 0x81000002
holds "a server whose TLS key is at a persistent handle is accepted" accepted
stop
plan
