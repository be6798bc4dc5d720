# SPDX-License-Identifier: Apache-2.0
# attest:tpm with stock tools against a software TPM, cross-checked by
# tpm2-tools.
. "$top_srcdir/test/provider/harness.sh"
. "$top_srcdir/test/swtpm.sh"
clean_up() {
    swtpm_stop
}
fails "without a device the message says path, uid and whose move it is" \
    "cannot open /nowhere/tpm as uid $(id -u): No such file or directory; this \
machine shows no TPM 2.0; load its driver, or name another with tcti=" \
    sign "attest:tpm?tcti=device:/nowhere/tpm"
fails "without a software TPM the message says where it was looked for" \
    "TPM at 127.0.0.1 port 1: Connection refused; start it" \
    sign "attest:tpm?tcti=swtpm:host=127.0.0.1,port=1"
fails "an unknown TCTI is named" 'TCTI "nowhere:x": ' \
    sign "attest:tpm?tcti=nowhere:x"
fails "a bad PCR list is refused at load" "want indices 0 to 23 like 0-7,14" \
    openssl pkey -noout -in "attest:tpm?pcrs=sha256:24"
fails "SHA-1 is refused" 'bank "sha1"' \
    openssl pkey -noout -in "attest:tpm?pcrs=sha1:0"
fails "a transient handle is refused" "want a persistent handle" \
    openssl pkey -noout -in "attest:tpm?ak=0x80000000"
fails "a key file of another kind is refused" 'want PEM of a "TSS2 PRIVATE KEY"' \
    openssl pkey -noout -in "attest:tpm?ak=$work/key.pem"
holds "load touches no device" \
    openssl pkey -noout -in "attest:tpm?tcti=device:/nowhere/tpm"

if ! swtpm_have || ! command -v tpm2_checkquote >/dev/null 2>&1; then
    skips "quotes of a software TPM" "swtpm, tpm2-tools"
    plan
    exit 0
fi
swtpm_start "$work/tpm" || exit 1
tpm="attest:tpm?tcti=$SWTPM_TCTI"
TPM2TOOLS_TCTI=$SWTPM_TCTI
export TPM2TOOLS_TCTI
parts() {
    "$top_builddir/test/provider/evidence_parts" "$work/evidence.cmw" "$work"
}

quotes() { # URI
    sign "$1" && parts >"$work/pcrs" &&
        openssl pkey -in "$1" -pubout -out "$work/ak.pem" &&
        tpm2_checkquote -u "$work/ak.pem" -m "$work/attest" \
            -s "$work/signature" -q "$(hex "$work/binder")" -g sha256 \
            >"$work/checkquote"
}
holds "tpm2_checkquote accepts the quote under the key of pkey -pubout" \
    quotes "$tpm"
other_nonce() {
    tpm2_checkquote -u "$work/ak.pem" -m "$work/attest" \
        -s "$work/signature" -q 00 -g sha256
}
fails "and refuses it for another binder" "rror" other_nonce
kid() {
    openssl pkey -pubin -in "$work/ak.pem" -outform DER -out "$work/spki" &&
        openssl dgst -sha256 -binary -out "$work/digest" "$work/spki" &&
        cmp "$work/digest" "$work/kid"
}
holds "kid is the SHA-256 of that key" kid
default_pcrs() {
    [ "$(cut -d' ' -f1,2 "$work/pcrs" | tr '\n' ' ')" = \
        "11 0 11 1 11 2 11 3 11 4 11 5 11 6 11 7 " ]
}
holds "PCRs 0 to 7 of SHA-256 are the default" default_pcrs

same_as_tools() {
    tpm2_createprimary -Q -C e -G ecc256:ecdsa-sha256:null -c "$work/primary.ctx" \
        -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign' &&
        tpm2_readpublic -Q -c "$work/primary.ctx" -f pem -o "$work/tools.pem" &&
        tpm2_flushcontext -t &&
        openssl pkey -pubin -in "$work/tools.pem" -out "$work/tools.pub" &&
        cmp "$work/tools.pub" "$work/ak.pem"
}
holds "the key is the primary that tpm2_createprimary makes of the template" \
    same_as_tools

extended() {
    swtpm_extend 14 hello && tpm2_pcrread sha256:14 >"$work/pcrread" &&
        quotes "$tpm&pcrs=sha256:0-7,14" &&
        grep -qi "$(sed -n 's/^11 14 //p' "$work/pcrs")" "$work/pcrread" &&
        [ "$(wc -l <"$work/pcrs")" = 9 ]
}
holds "an extended PCR stands in the Evidence as tpm2_pcrread shows it" extended
two_banks() {
    quotes "$tpm&pcrs=sha384:0-1+sha256:0-23" &&
        [ "$(grep -c '^11 ' "$work/pcrs")" = 24 ] &&
        [ "$(grep -c '^12 ' "$work/pcrs")" = 2 ]
}
holds "two banks and all 24 PCRs are quoted" two_banks
for bytes in 1 48 64; do
    head -c $bytes /dev/urandom >"$work/binder"
    holds "a binder of $bytes bytes is quoted as it is" quotes "$tpm"
done
head -c 32 /dev/urandom >"$work/binder"
holds "pkeyutl takes a timeout" sign "$tpm" "$work/binder" -pkeyopt timeout:5000

flushed() {
    tpm2_getcap handles-transient >"$work/handles" && [ ! -s "$work/handles" ]
}
holds "nothing is left in the TPM" flushed
holds "four threads share a key" \
    "$top_builddir/test/provider/sharers" "$tpm" 4 0
holds "four children share a key with their parent" \
    "$top_builddir/test/provider/sharers" "$tpm" 1 4
holds "nothing is left in the TPM after that" flushed

loader=libtss2-tcti-swtpm.so.0
if ls /usr/lib/*/$loader >/dev/null 2>&1; then
    holds "a TCTI of tpm2-tss quotes, too" \
        quotes "attest:tpm?tcti=$loader:${SWTPM_TCTI#swtpm:}"
else
    skips "a TCTI of tpm2-tss quotes, too" "$loader"
fi
other_tcti=mssim
mssim_refused() {
    sign "attest:tpm?tcti=mssim:host=127.0.0.1,port=1"
}
if ls /usr/lib/*/libtss2-tcti-$other_tcti.so* >/dev/null 2>&1; then
    fails "a TCTI of tpm2-tss that cannot connect is named" \
        'TCTI "mssim:host=127.0.0.1,port=1": ' mssim_refused
else
    skips "a TCTI of tpm2-tss that cannot connect is named" "libtss2-tcti-mssim"
fi

# Keys of the operator's own
make_keys() {
    tpm2_createprimary -Q -C o -G ecc256 -c "$work/srk.ctx" &&
        tpm2_evictcontrol -Q -C o -c "$work/srk.ctx" 0x81000001 &&
        tpm2_flushcontext -t &&
        tpm2_create -Q -C 0x81000001 -G ecc256:ecdsa-sha256:null -u "$work/own.pub" \
            -r "$work/own.priv" \
            -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign' &&
        tpm2_load -Q -C 0x81000001 -u "$work/own.pub" -r "$work/own.priv" \
            -c "$work/own.ctx" &&
        tpm2_evictcontrol -Q -C o -c "$work/own.ctx" 0x81000002 &&
        tpm2_flushcontext -t
}
holds "an operator makes a key of his own" make_keys
holds "a persistent key quotes" quotes "$tpm&ak=0x81000002"
holds "four children share a persistent key" \
    "$top_builddir/test/provider/sharers" "$tpm&ak=0x81000002" 2 4
unset TSS2_LOG # attest:tpm must keep tpm2-tss silent by itself
fails "a missing key is told with its handle" \
    "handle 0x81000007: there is no key at that handle" \
    sign "$tpm&ak=0x81000007"
cp "$work/out" "$work/words"
is_silent() {
    ! grep -e WARNING -e ERROR "$work/words" >&2
}
holds "and tpm2-tss writes nothing to stderr" is_silent
TSS2_LOG=all+none
export TSS2_LOG
fails "a key that is not restricted is refused" \
    "the key is no attestation key: want attributes fixedtpm|" \
    sign "$tpm&ak=0x81000001"
if command -v tpm2_encodeobject >/dev/null 2>&1; then
    encode() { # PARENT
        tpm2_encodeobject -Q -C "$1" -u "$work/own.pub" -r "$work/own.priv" \
            -o "$work/own.pem"
    }
    holds "tpm2_encodeobject writes it into a file" encode 0x81000001
    file_quotes() {
        quotes "$tpm&ak=$work/own.pem" && cp "$work/ak.pem" "$work/file.pem" &&
            quotes "$tpm&ak=0x81000002" && cmp "$work/ak.pem" "$work/file.pem"
    }
    holds "a key in a file quotes, and is the same" file_quotes
    holds "four threads share a key in a file" \
        "$top_builddir/test/provider/sharers" "$tpm&ak=$work/own.pem" 4 0
else
    skips "a key in a file quotes, and is the same" "tpm2_encodeobject"
fi

# What goes wrong in TPMs
fill() {
    for object in 1 2 3; do
        tpm2_createprimary -Q -C o -G ecc256 -c "$work/object.ctx" || return 1
    done
}
fill
fails "a full TPM is told from a broken one" \
    "the TPM has no room for the key: other programs left objects in it" \
    sign "$tpm"
tpm2_flushcontext -t
holds "and works when the objects are flushed" sign "$tpm"
fails "a hash that the TPM lacks is told" \
    "the TPM lacks that hash algorithm; tpm2_getcap pcrs lists its banks" \
    sign "$tpm&pcrs=sha3_256:0"
tpm2_changeauth -c endorsement secret
fails "a password of the endorsement hierarchy is told" \
    "the hierarchy or the key has a password, and atls gives none" sign "$tpm"
holds "a key by handle works then, too" sign "$tpm&ak=0x81000002"
tpm2_changeauth -c endorsement -p secret
tpm2_hierarchycontrol -C p ehEnable clear >/dev/null 2>&1
fails "a disabled endorsement hierarchy is told" \
    "the endorsement hierarchy is disabled" sign "$tpm"
tpm2_hierarchycontrol -C p ehEnable set >/dev/null 2>&1
lock_out() {
    tpm2_create -Q -C 0x81000001 -G ecc256:ecdsa-sha256:null -p secret \
        -u "$work/pw.pub" -r "$work/pw.priv" \
        -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign' &&
        tpm2_load -Q -C 0x81000001 -u "$work/pw.pub" -r "$work/pw.priv" \
            -c "$work/pw.ctx" &&
        tpm2_evictcontrol -Q -C o -c "$work/pw.ctx" 0x81000003 &&
        tpm2_flushcontext -t && tpm2_dictionarylockout -Q -s -n 1 -t 1000 -l 1000
}
holds "an operator makes a key with a password" lock_out
fails "a key with a password is told" \
    "the hierarchy or the key has a password" sign "$tpm&ak=0x81000003"
fails "the lockout that follows is told, and who ends it" \
    "the TPM is locked out after wrong passwords; wait, or its owner runs \
tpm2_dictionarylockout --clear-lockout" sign "$tpm&ak=0x81000003"
holds "the default key works in a lockout" sign "$tpm"

# What goes with a quote
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -config /dev/null -subj /CN=ak -keyout "$work/cert.key" \
    -out "$work/cert.pem" 2>/dev/null
openssl x509 -in "$work/cert.pem" -outform DER -out "$work/cert.der"
head -c 40000 /dev/urandom >"$work/events"
goes_along() { # CERT
    sign "$tpm&cert=$work/$1&eventlog=$work/events" &&
        hex "$work/evidence.cmw" >"$work/hex" &&
        grep -q "67616b5f63657274....*$(hex "$work/cert.der")" "$work/hex" &&
        grep -q "686576656e746c6f67599c40$(hex "$work/events" | cut -c1-64)" \
            "$work/hex"
}
holds "certificate and event log go with a quote" goes_along cert.pem
holds "a certificate in DER, too" goes_along cert.der
fails "a certificate that is none is refused" \
    "cert $work/key.pem: want an X.509 certificate in PEM or DER" \
    sign "$tpm&cert=$work/key.pem"

# A CA that vouches for the key, as Google's does for those of its machines
openssl pkey -in "$tpm" -pubout -out "$work/ak.pem"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
    -config /dev/null -subj /CN=root -addext basicConstraints=critical,CA:TRUE \
    -keyout "$work/root.key" -out "$work/root.pem" 2>/dev/null
cat >"$work/ak.ext" <<'END'
keyUsage = critical, digitalSignature
1.3.6.1.4.1.11129.2.1.21 = ASN1:SEQUENCE:instance
[instance]
zone = UTF8:zone-1
project_number = INTEGER:1234
project_id = UTF8:example-project
instance_id = INTEGER:5678
instance_name = UTF8:node
security = EXPLICIT:0,SEQUENCE:security
[security]
version = EXPLICIT:0,INTEGER:1
production = EXPLICIT:1,BOOLEAN:TRUE
END
certify() { # PUBLIC-KEY OUT
    openssl req -new -key "$work/root.key" -config /dev/null -subj /CN=ak |
        openssl x509 -req -CA "$work/root.pem" -CAkey "$work/root.key" \
            -days 30 -force_pubkey "$1" -extfile "$work/ak.ext" -out "$2" \
            2>/dev/null
}
certify "$work/ak.pem" "$work/ak.crt"
atls=$top_builddir/atls
ATLS_MODULES=$modules
export ATLS_MODULES
learns() {
    "$atls" policy learn --trust-anchor "$work/root.pem" \
        "$tpm&cert=$work/ak.crt" >"$work/policy.json" &&
        grep -q '"format": "tpm-cert"' "$work/policy.json" &&
        grep -q '"eku": "absent"' "$work/policy.json" &&
        grep -q '"instance_id": "5678"' "$work/policy.json"
}
holds "a policy is learnt from the certificate's root" learns
is_judged() { # CERT REASON
    sign "$tpm&cert=$work/$1" &&
        { "$atls" appraise --policy "$work/policy.json" \
            --nonce "$(hex "$work/binder")" "$work/evidence.cmw" \
            >"$work/verdict" || true; } &&
        grep -qx "reason: $2" "$work/verdict"
}
holds "and takes quotes with that certificate" is_judged ak.crt OK
sed -i 's/5678/5679/' "$work/ak.ext"
certify "$work/ak.pem" "$work/other.crt"
holds "but none of another instance" is_judged other.crt INSTANCE_REFUSED
holds "nor with a certificate of nobody's" is_judged cert.pem CHAIN_UNTRUSTED
shows() {
    sign "$tpm&cert=$work/ak.crt" &&
        "$atls" inspect "$work/evidence.cmw" >"$work/shown" &&
        grep -q 'project_id: example-project' "$work/shown"
}
holds "inspect shows whose the certificate is" shows
fails "a root is of no use where no certificate comes" \
    "--trust-anchor is for a file, or the root" \
    "$atls" policy learn --trust-anchor "$work/root.pem" "$tpm"

head -c 50000 /dev/urandom >"$work/events"
fails "an event log that no handshake carries is refused" \
    "eventlog $work/events: File too large" sign "$tpm&eventlog=$work/events"

kill -STOP "$SWTPM_PID"
fails "a TPM that does not answer is given up at the deadline" \
    "the TPM did not answer before the deadline" \
    sign "$tpm" "$work/binder" -pkeyopt timeout:50
kill -CONT "$SWTPM_PID"
tpm2_flushcontext -t # swtpm has no resource manager that would do it

swtpm_stop
fails "a TPM that went away is told" "Connection refused" sign "$tpm"
swtpm_start "$work/tpm" || exit 1
tpm="attest:tpm?tcti=$SWTPM_TCTI"
TPM2TOOLS_TCTI=$SWTPM_TCTI
tpm2_pcrallocate -Q sha256:all+sha384:none
swtpm_stop
swtpm_start "$work/tpm" || exit 1
tpm="attest:tpm?tcti=$SWTPM_TCTI"
fails "a PCR bank that is switched off is named" \
    "the TPM has no PCR bank sha384, or not all of its PCRs" \
    sign "$tpm&pcrs=sha384:0"
after_restart() {
    quotes "$tpm" &&
        cmp "$work/tools.pub" "$work/ak.pem"
}
holds "the key is the same after a restart of the TPM" after_restart
plan
