# SPDX-License-Identifier: Apache-2.0
# atls policy import: CoRIMs of our own to a policy that accepts the Evidence
# that they describe, and those of others, where --with-vectors names them.
. "$top_srcdir/test/cli/harness.sh"
"$top_builddir/test/cli/make_corim" "$work" || exit 1
psa=$top_srcdir/test/vectors/psa
for key in psa psa-other; do
    openssl pkey -in "$top_srcdir/test/vectors/keys/$key.pem" -pubout \
        -out "$key.pub"
done

judges() { # SENTENCE STATUS ROW
    asks "$1" "$2" appraise --policy policy.json \
        --nonce "$(cat "$psa/$3/nonce")" "$psa/$3/evidence.cmw"
}

asks "a CoRIM that is not signed becomes a policy" 0 policy import psa.corim
cp out policy.json
json "of one profile and one rule" \
    'list(it["profiles"]) == ["imported"] and it["rules"] == [{"accept": ["imported"]}]'
check "nothing was left out" [ ! -s err ]
asks "and it is a good policy" 0 policy check policy.json
judges "that accepts the Evidence which the CoRIM describes" 0 accept
judges "and refuses another state of the device" 1 reject-lifecycle
judges "and another key" 1 reject-other-anchor
says "by its reason" '^reason: ANCHOR_UNKNOWN'
asks "another CoRIM becomes another policy" 0 policy import other.corim
mv out policy.json
judges "that refuses this Evidence" 1 accept
says "by its component" '^reason: COMPONENT_REFUSED'
asks "the first one again" 0 policy import psa.corim
cp out policy.json

asks "one that is signed becomes a policy under its key" 0 policy import \
    --key psa-other.pub signed.corim
check "the same" cmp -s out policy.json
asks "the name is an option" 0 policy import --name node psa.corim
says "which the profile has" '"node": \{'
asks "another key did not sign it" 1 policy import --key psa.pub signed.corim
complains "and nothing is imported" 'signed.corim: want a signature of a key that was given'
asks "one that is signed wants a key" 1 policy import signed.corim
complains "and atls says how" 'signed.corim: it is signed: .*--key'
asks "one that is not signed is refused beside a key" 1 policy import \
    --key psa-other.pub psa.corim
complains "and atls says so" 'found one that is not signed'
asks "all of them must be signed" 1 policy import --key psa-other.pub \
    signed.corim values.corim
complains "the one that is not is named" 'values.corim: '
asks "what is no key pins nothing" 2 policy import --key psa.corim signed.corim
complains "and atls says what it wants" 'psa.corim: want a public key or a certificate in PEM'
asks "one that has expired is refused" 1 policy import --key psa-other.pub old.corim
complains "with its time" 'old.corim: it is valid until 1767225600'
asks "but for a time at which it was valid" 0 policy import \
    --key psa-other.pub --at 2025-12-31T00:00:00Z old.corim
head -c 100 psa.corim >cut.corim
asks "one that is cut is refused" 1 policy import cut.corim
complains "and atls says what it wants" 'cut.corim: want a CoRIM'
{ cat psa.corim; head -c 1100000 /dev/zero; } >large.corim
asks "one that is too large is refused" 2 policy import large.corim
complains "by its name" 'large.corim'
asks "values without keys are refused" 1 policy import values.corim
complains "with what would help" 'want trust anchors .*--trust-anchor'
asks "--trust-anchor helps" 0 policy import --trust-anchor psa.pub values.corim
cp out policy.json
judges "and the policy accepts the Evidence" 0 accept
asks "a CoRIM that is not there is bad input" 2 policy import nowhere.corim
asks "one at least is needed" 2 policy import
asks "an empty name is no name" 2 policy import --name '' psa.corim
complains "and atls says so" '--name: want 1 to 60 bytes, found 0'
asks "--at wants a time" 2 policy import --at tomorrow psa.corim
asks "no such folder of collateral" 2 policy import --collateral nowhere psa.corim
asks "import has help" 0 policy import --help
says "of its own" '^usage: atls policy import'

# What Veraison's services import; its tokens do not show all that it pins.
if [ -z "$ATLS_VECTORS" ]; then
    for file in psa/corim-psa-valid cca/corim-cca-platform-valid \
        cca/corim-cca-realm-valid snp/corim-sevsnp-valid \
        parsec-cca/corim-parsec-cca-valid; do
        skip "the CoRIM veraison/$file.cbor of others" \
            "--with-vectors names no folder"
    done
    plan
    exit
fi
veraison=$ATLS_VECTORS/veraison

asks "Veraison's CoRIM of PSA is imported" 0 policy import \
    "$veraison/psa/corim-psa-valid.cbor"
cp out policy.json
json "with both devices and three components" \
    '[len(it["profiles"]["imported"][key]) for key in ("trust_anchors", "components")] == [2, 3]'
token() { # SENTENCE STATUS
    asks "$1" "$2" appraise --policy policy.json --nonce \
        414a7c174141b3d0e9a1d28af31520f0d42299feac4007ded89d68ae6cd92f19 \
        "$veraison/psa/psa.good.cose"
}
token "the token beside it has another signer than it pins" 1
says "and is refused" 'component BL 2.1.0: want signer 53787963.*, found acbb11c7'
sed s/5378796307535df3ec8d8b15a2e2dc5641419c3d3060cfe32238c0fa973f7aa3/acbb11c7e4da217205523ce4ce1a245ae1a239ae3c6bfd9e7871f7e5d8bae86b/ \
    policy.json >signer.json
mv signer.json policy.json
token "with that signer it is accepted" 0

platform=$veraison/cca/corim-cca-platform-valid.cbor
realm=$veraison/cca/corim-cca-realm-valid.cbor
asks "a masked configuration is more than a policy can hold" 1 policy import \
    "$platform" "$realm"
complains "and is named" 'item 5: cca.platform-config'
asks "--partial leaves it out" 0 policy import --partial "$platform" "$realm"
cp out policy.json
check "and names it" grep -q 'left out: cca.platform-config' err
json "the realm is pinned by six values" \
    '{"rim", "rem0", "rem1", "rem2", "rem3", "personalization"} < set(it["profiles"]["imported"])'
asks "a platform alone is refused" 1 policy import --partial "$platform"
asks "and so is a realm alone" 1 policy import "$realm"
sed s/5378796307535df3ec8d8b15a2e2dc5641419c3d3060cfe32238c0fa973f7aa3/07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918/ \
    policy.json >signer.json
asks "with the signer of its token it accepts the token beside it" 0 appraise \
    --policy signer.json --nonce 6f24d6b9635a2c8bbf58e908b94e04c1bfb3ae80cdebe832424578499fe31761e7f5e1d8bce0121844f54abdfa5286da88f53a657b15335c9396b4329254bc5c \
    "$veraison/cca/cca-good.cbor"

guest=$veraison/snp/corim-sevsnp-valid.cbor
asks "fields of SEV-SNP that a policy cannot hold are refused" 1 policy import "$guest"
complains "by name" 'item 1: VERSION: a policy cannot hold this'
asks "--partial leaves them out" 0 policy import --partial "$guest"
cp out policy.json
check "and names twelve" [ "$(grep -c 'left out: ' err)" = 12 ]
json "the minimum of the TCB is Genoa's" \
    'it["profiles"]["imported"]["min_tcb"] == {"Genoa": {"bootloader": 10, "tee": 0, "snp": 23, "microcode": 84}}'
report() { # SENTENCE STATUS
    asks "$1" "$2" appraise --policy policy.json --at 2026-11-23T21:00:00Z \
        --nonce "$(hex MIDBNH28iioisjPyxxxxxxxxxxxxxxxxMIDBNH28iioisjPyxxxxxxxxxxxxxxxx)" \
        "$veraison/snp/sevsnp-tsm-report.cbor"
}
report "the report beside it is of another chip than it pins" 1
says "and is refused" '^reason: INSTANCE_REFUSED'
sed s/c2a6528b7364e07e9f5c653ab3aa0dbd7384f9a80dfde54cc643ddbb89d8936425ff8a32568ca6ed771020dc39c33ccffb3b43cac0c501a0093cad6012dfd3ed/7b1584c94c7a426164b2db1198903db0685b7f5fdabdf42d4da981b0de521d1d5d5d8a91932bbbc1b13f5d5cae45a7304657d9a9d01c50c435670f0562a5970b/ \
    policy.json >chip.json
mv chip.json policy.json
report "with that chip it is accepted" 0

asks "Parsec's CoRIM is of a profile that is not known" 1 policy import \
    "$veraison/parsec-cca/corim-parsec-cca-valid.cbor"
complains "and is refused by it" 'found tag:github.com/parallaxsecond,2023-03-03:cca'
plan
