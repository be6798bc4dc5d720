# SPDX-License-Identifier: Apache-2.0
# attest:soft and the contract of an attester key, with stock tools.
. "$top_srcdir/test/provider/harness.sh"
soft="attest:soft?key=$work/key.pem"
openssl pkey -in "$work/key.pem" -pubout -out "$work/key.pub"

signs() { # BYTES
    head -c "$1" /dev/urandom >"$work/long" && sign "$soft" "$work/long" &&
        hex "$work/evidence.cmw" | grep -q "^83192713.*$(hex "$work/long").*04$"
}
for bytes in 32 48 64; do
    holds "pkeyutl turns a binder of $bytes bytes into Evidence that holds it" \
        signs $bytes
done

token_is_signed() {
    sign "$soft" || return 1
    "$top_builddir/test/provider/evidence_parts" "$work/evidence.cmw" "$work" &&
        openssl dgst -sha256 -verify "$work/key.pub" \
            -signature "$work/signature.der" "$work/signed"
}
holds "the token is a COSE_Sign1 that openssl dgst verifies" token_is_signed

instance_id() {
    openssl pkey -pubin -in "$work/key.pub" -outform DER -out "$work/spki"
    openssl dgst -sha256 -r "$work/spki" | cut -d' ' -f1 >"$work/digest"
    hex "$work/evidence.cmw" | grep -q "190100582101$(cat "$work/digest")"
}
holds "the instance ID is 01 and the SHA-256 of the key" instance_id

has_lifecycle() {
    hex "$work/evidence.cmw" | grep -q 19095b191000
}
holds "the lifecycle is assembly_and_test" has_lifecycle

public_key() {
    openssl pkey -in "$soft" -pubout >"$work/pub" &&
        cmp "$work/pub" "$work/key.pub"
}
holds "pkey -pubout gives the key for a trust anchor" public_key
public_key_der() {
    openssl pkey -in "$soft" -pubout -outform DER >"$work/pub" &&
        openssl pkey -pubin -in "$work/key.pub" -outform DER >"$work/spki" &&
        cmp "$work/pub" "$work/spki"
}
holds "pkey -pubout -outform DER gives the same" public_key_der
text_says() { # TEXT COMMAND...
    wanted=$1
    shift
    "$@" | grep -qF "$wanted"
}
holds "pkey -text names attester, formats and size" \
    text_says "for development, proves nothing" openssl pkey -in "$soft" \
    -noout -text
holds "pkey -pubin gives a real EC key" \
    text_says "NIST CURVE: P-256" openssl pkey -pubin -in "$soft" -noout -text
holds "storeutl shows one key" \
    text_says "0: Pkey" openssl storeutl "$soft"
holds "storeutl attest: lists attest:soft" \
    text_says "Name: attest:soft" openssl storeutl attest:
holds "storeutl attest: lists attest:tpm" \
    text_says "Name: attest:tpm" openssl storeutl attest:
holds "attest:// names the same" \
    sign "attest://soft?key=$work/key.pem"
holds "a Content-Format chosen from the list is taken" \
    sign "$soft" "$work/binder" -pkeyopt evidence-format:10003
holds "the media type of that number is the same" \
    sign "$soft" "$work/binder" -pkeyopt \
    'evidence-format:application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"'

printf '{"client_id": -9, "boot_seed": "a1a2a3a4a5a6a7a8"}' >"$work/claims"
claims_are_used() {
    sign "$soft&claims=$work/claims" &&
        hex "$work/evidence.cmw" | grep -q 48a1a2a3a4a5a6a7a8
}
holds "claims come from a file" claims_are_used

private="an attester's private key never leaves it"
fails "pkey does not export the private key, and says so" \
    "$private" openssl pkey -in "$soft"
fails "neither as DER" "$private" openssl pkey -in "$soft" -outform DER
fails "genpkey is named when no key is" "want attest:soft?key=FILE; make one: \
openssl genpkey -algorithm EC -pkeyopt group:P-256 -out FILE" sign attest:soft
fails "a missing key file is named with the uid" \
    "key $work/none: No such file or directory (uid $(id -u))" \
    sign "attest:soft?key=$work/none"
fails "a directory is no key file" "key $work: " sign "attest:soft?key=$work"
echo text >"$work/text"
fails "a file that is no key is refused with the command that makes one" \
    "no private key in PEM; make one: openssl genpkey" \
    sign "attest:soft?key=$work/text"
fails "a public key is refused" "no private key in PEM" \
    sign "attest:soft?key=$work/key.pub"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 \
    -out "$work/rsa.pem" 2>/dev/null
fails "an RSA key is refused" "is RSA, group none; want EC P-256" \
    sign "attest:soft?key=$work/rsa.pem"
openssl genpkey -algorithm EC -pkeyopt group:P-384 -out "$work/p384.pem"
fails "another curve is refused" "is EC, group secp384r1; want EC P-256" \
    sign "attest:soft?key=$work/p384.pem"
openssl genpkey -algorithm ED25519 -out "$work/ed.pem"
fails "an Ed25519 key is refused" "is ED25519, group none; want EC P-256" \
    sign "attest:soft?key=$work/ed.pem"
openssl pkey -in "$work/key.pem" -aes128 -passout pass:x -out "$work/enc.pem"
fails "an encrypted key is refused and nobody is asked" \
    "is encrypted and nobody is asked for its passphrase" \
    sign "attest:soft?key=$work/enc.pem"
fails "an unknown option is refused with those that exist" \
    'attest:soft has no option "kye"; it has key, claims' \
    sign "attest:soft?kye=$work/key.pem"
fails "an unknown attester is refused with those that exist" \
    '"sgx"; there are attest:soft, attest:tpm' sign attest:sgx
fails "the list has no options" "attest: alone lists names and has no options" \
    sign "attest:?key=x"
fails "a missing claims file is named" \
    "claims $work/none: No such file or directory" \
    sign "$soft&claims=$work/none"
printf '{"lifecycle": "secured"}' >"$work/claims"
fails "no claims file makes it a device" \
    "a soft attester can only say assembly_and_test" \
    sign "$soft&claims=$work/claims"

: >"$work/empty"
fails "an empty binder is refused" "0 bytes; 1 to 64 are allowed" \
    sign "$soft" "$work/empty"
head -c 33 /dev/urandom >"$work/odd"
fails "a binder that no PSA nonce can be is refused" \
    "33 bytes; a PSA token's nonce has 32, 48 or 64" sign "$soft" "$work/odd"
fails "an Evidence format that it does not make is refused" \
    '"263"; attest:soft makes 10003' \
    sign "$soft" "$work/binder" -pkeyopt evidence-format:263
fails "words that are no format are refused" \
    '"psa": want a Content-Format or a media type' \
    sign "$soft" "$work/binder" -pkeyopt evidence-format:psa
fails "a digest cannot be asked for" "rror" \
    sign "$soft" "$work/binder" -rawin -digest sha256

fails "req makes no certificate request" "rror" openssl req -new -key "$soft" \
    -subj /CN=x -config /dev/null
fails "req makes no certificate" "rror" openssl req -new -x509 -key "$soft" \
    -subj /CN=x -config /dev/null
fails "dgst makes no signature" "rror" openssl dgst -sha256 -sign "$soft" \
    "$work/binder"
fails "pkeyutl verifies nothing" "rror" openssl pkeyutl -verify \
    -inkey "$soft" -in "$work/binder" -sigfile "$work/evidence.cmw"
fails "pkeyutl decrypts nothing" "rror" openssl pkeyutl -decrypt \
    -inkey "$soft" -in "$work/binder"

without_default() {
    OPENSSL_CONF=/dev/null timeout 60 openssl pkey -in "$soft" -noout \
        -provider-path "$modules" -provider atls
}
fails "without a provider for EC keys the default provider is asked for" \
    "activate the default provider" without_default

fips_properties() {
    {
        sed '/^providers = /i alg_section = evp' "$OPENSSL_CONF"
        printf '[evp]\ndefault_properties = fips=yes\n'
    } >"$work/fips.cnf"
    OPENSSL_CONF=$work/fips.cnf \
        "$top_builddir/test/provider/sharers" "$soft" 0 0
}
# No quote: where nothing offers fips=yes, libcrypto has no random numbers.
holds "default_properties = fips=yes does not hide the attester" fips_properties
holds "four threads share a key" \
    "$top_builddir/test/provider/sharers" "$soft" 4 0
holds "four children share a key with their parent" \
    "$top_builddir/test/provider/sharers" "$soft" 1 4

for provider in acme slow; do
    holds "a third party's $provider: key attests, untouched by ours" \
        sign "$provider:$work/key.pem"
done
fails "a third party's error arrives" "it was told to fail" \
    sign "slow:$work/key.pem?fault=fail"
plan
