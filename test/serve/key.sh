# SPDX-License-Identifier: Apache-2.0
# Key attestation at atls serve: the result names the key that the TPM
# certified, and counts for that key alone.
. "$top_srcdir/test/serve/harness.sh"
. "$top_srcdir/test/swtpm.sh"
if ! swtpm_have || ! have tpm2_create || [ ! -f "$ATLS_MODULES/atls_tpm.so" ]; then
    echo "1..0 # SKIP no TPM: swtpm, tpm2-tools and tpm2-tss are needed"
    exit 0
fi
swtpm_start "$work/tpm" || exit 1
pids="$pids $SWTPM_PID"
TPM2TOOLS_TCTI=$SWTPM_TCTI
export TPM2TOOLS_TCTI

tls_key() { # HANDLE NAME
    tpm2_create -Q -C 0x81000001 -G ecc256:ecdsa-sha256:null -u key.pub \
        -r key.priv -c key.ctx -a \
        'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign' &&
        tpm2_evictcontrol -Q -C o -c key.ctx "$1" &&
        tpm2_readpublic -Q -c "$1" -f pem -o "$2.pub" &&
        openssl pkey -pubin -in "$2.pub" -outform DER -out "$2.der" &&
        tpm2_flushcontext -t
}
keys() {
    tpm2_createprimary -Q -C o -G ecc256 -c srk.ctx &&
        tpm2_evictcontrol -Q -C o -c srk.ctx 0x81000001 &&
        tpm2_flushcontext -t && tls_key 0x81000002 own &&
        tls_key 0x81000003 another
}
check "an operator makes TLS keys" keys
uri="attest:tpm?tcti=$SWTPM_TCTI&tls_key=0x81000002"
make_signing_key sign
openssl pkey -in sign.pem -pubout -out sign.pub
check "a Verifier learns its policy" \
    sh -c "'$atls' policy learn '$uri' >policy.json"
start_verifier v --policy policy.json --signing-key sign.pem

open_session
python3 -c 'import sys
open("nonce.bin", "wb").write(bytes.fromhex(sys.argv[1]))' "$nonce"
openssl pkeyutl -provider-path "$ATLS_MODULES" -provider atls \
    -provider default -sign -inkey "$uri" -in nonce.bin -out e.cmw 2>err
result $? "the TPM certifies the key for the session's nonce"
call "the Evidence is appraised" 200 POST "$session" \
    -H "Content-Type: application/cmw+cbor" --data-binary @e.cmw
ear "the result is affirming" sign.pub \
    'sub["ear.status"] == "affirming" and list(it["submods"]) == ["PARSEC_TPM"]'
ear "and names the key that was certified" sign.pub \
    'part(sub["ear.veraison.key-attestation"]["akpub"]) == open("own.der", "rb").read()'
python3 -c 'import json
print(json.load(open("out"))["result"])' >result.jwt

echo "{ \"verifiers\": { \"$url\": { \"http\": \"loopback\",
    \"keys\": [\"sign.pub\"], \"accept\": [ { \"PARSEC_TPM\": [\"hardware\"] } ]
    } } }" >verifiers.json
hear() { # SENTENCE STATUS SPKI
    asks "$1" "$2" appraise --result --policy verifiers.json \
        --verifier "$url" --nonce "$nonce" --spki "$3" result.jwt
}
hear "a Relying Party takes it for that key" 0 own.pub
hear "and for no other" 1 another.pub
says "being about another key" '^reason: RESULT_KEY$'

# Of another nonce nothing is said of the key.
open_session
call "Evidence of another session is judged" 200 POST "$session" \
    -H "Content-Type: application/cmw+cbor" --data-binary @e.cmw
ear "it is refused, and no key named" sign.pub \
    'sub["ear.status"] == "contraindicated" and "ear.veraison.key-attestation" not in sub and sub["ear.veraison.policy-claims"]["reason"] == "BINDER_MISMATCH"'
plan
