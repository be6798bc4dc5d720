# SPDX-License-Identifier: Apache-2.0
# atls policy: check reports everything at once, learn writes what check likes.
. "$top_srcdir/test/cli/harness.sh"
. "$top_srcdir/test/swtpm.sh"
trap 'swtpm_stop; cleanup' EXIT
make_soft_key soft
make_soft_key other
uri=attest:soft?key=$work/soft.pem
evidence soft.pem 0123456789abcdef0123456789abcdef e.cmw

asks "a policy is learnt from an attester" 0 policy learn "$uri"
cp out learnt.json
json "it has one profile and one rule, with the key inside" \
    'len(it["profiles"]) == 1 and len(it["rules"]) == 1 and "BEGIN PUBLIC KEY" in [*it["profiles"].values()][0]["trust_anchors"][0]'
asks "and it is a good policy" 0 policy check learnt.json
says "as check says" 'learnt.json: a good policy'
asks "learn --json prints JSON too" 0 policy learn --json "$uri"
check "the same" cmp -s out learnt.json
asks "a policy is learnt from Evidence and its key" 0 policy learn \
    --trust-anchor soft.pub e.cmw
check "the same as from the attester" cmp -s out learnt.json
asks "another key did not sign it" 1 policy learn --trust-anchor other.pub e.cmw
complains "and nothing is learnt" "the signature is not this key.s"
asks "Evidence in a file needs its key" 2 policy learn e.cmw
complains "and atls says so" 'needs --trust-anchor'
asks "an attester brings its own" 2 policy learn --trust-anchor soft.pub "$uri"
complains "and atls says so" 'an attester gives its own key'
asks "what is no key is no trust anchor" 2 policy learn --trust-anchor e.cmw e.cmw
complains "and atls says what it wants" 'want a public key or a certificate in PEM'
asks "no such attester" 2 policy learn attest:tmp
complains "is named" 'unknown attester'
asks "an ordinary key is no attester" 2 policy learn "file:$work/soft.pem"
complains "and is named" 'want an attester, found an ordinary key'
echo '{"a": 1}' >no.json
asks "what is no Evidence teaches nothing" 1 policy learn \
    --trust-anchor soft.pub no.json
complains "and atls says why" 'CMW'

evidence other.pem 0123456789abcdef0123456789abcdef f.cmw
{ printf '\242\144host' && cat e.cmw && printf '\146device' && cat f.cmw; } >both.cmw
asks "a policy is learnt from a composite and its keys" 0 policy learn \
    --trust-anchor other.pub --trust-anchor soft.pub both.cmw
cp out both.json
json "it has a profile for each member" \
    'sorted(it["profiles"]) == ["learned", "learned.device", "learned.host"]'
json "under the key of its own" 'len({it["profiles"]["learned." + name]["trust_anchors"][0] for name in ("host", "device")}) == 2'
asks "and it is a good policy" 0 policy check both.json
asks "that accepts the composite" 0 appraise --policy both.json \
    --nonce "$(hex 0123456789abcdef0123456789abcdef)" both.cmw
asks "one key is not enough" 1 policy learn --trust-anchor soft.pub both.cmw
complains "and the member is named" 'member device: .*signature'

device=attest:soft?key=$work/other.pem
asks "a policy is learnt from several attesters" 0 policy learn \
    "host=$uri" "device=$device"
cmp out both.json
result $? "the same as from what they make together"
asks "and with the type of their collection" 0 policy learn \
    --collection tag:example.com,2026:both "host=$uri" "device=$device"
json "which the profile then wants" \
    'it["profiles"]["learned"]["type"] == "tag:example.com,2026:both"'
asks "each of several has a label" 2 policy learn "host=$uri" "$device"
complains "or atls says so" 'want LABEL=URI'
asks "the first of several, too" 2 policy learn "$device" "host=$uri"
complains "or atls says so" 'several attesters with a label each'
asks "another label than the first's" 2 policy learn "a=$uri" "a=$device"
complains "or atls says so" 'a: want each label once'
asks "one of several that is no attester" 2 policy learn "host=$uri" \
    device=attest:tmp
complains "is named by its label" 'device: .*unknown attester'
asks "a type that is none" 2 policy learn --collection x "host=$uri"
complains "is refused" '--collection: want a short URI or OID'
asks "a type without labels" 2 policy learn --collection urn:x "$uri"
complains "is refused" '--collection is for attesters with a label'
asks "a collection is for learn" 2 policy check --collection urn:x both.json
complains "and atls says so" 'is for learn'
asks "one policy is checked at a time" 2 policy check both.json learnt.json
complains "and the other is named" 'unexpected argument "learnt.json"'

cat >bad.json <<'END'
{
  "profiles": {
    "a": { "format": "psa", "trust_anchors": ["nowhere.pem"] },
    "b": { "format": "tmp", "colour": 1 }
  },
  "rules": [ { "accept": ["c"] }, { "match": { "role": "king" } } ]
}
END
asks "a bad policy is refused" 1 policy check bad.json
check "with all that is wrong" [ "$(grep -c '^bad.json:' out)" -ge 5 ]
says "by line and pointer" '^bad.json:[0-9]+: .*/profiles/a/trust_anchors'
says "in the profiles" '/profiles/b/'
says "and in the rules" '/rules/0/accept'
says "each of them" '/rules/1/match/role'
asks "the same as JSON" 1 policy check --json bad.json
json "has them in a list" 'not it["is_good"] and len(it["problems"]) >= 5'
asks "a good one as JSON" 0 policy check --json learnt.json
json "has none" 'it["is_good"] and it["problems"] == []'
printf '{"profiles": {' >cut.json
asks "what is no JSON is refused" 1 policy check cut.json
says "by line" 'line 1'
cat >loose.json <<END
{ "profiles": { "a": { "format": "psa", "trust_anchors": ["soft.pub"] } } }
END
asks "a profile that pins nothing is refused" 1 policy check loose.json
says "with the word that allows it" '"?any"?'
asks "a policy that is not there is bad input" 2 policy check nowhere.json
complains "by name" 'nowhere.json: No such file'
asks "a third thing cannot be done with a policy" 2 policy forget learnt.json
complains "and atls says what can" 'want check, learn or import, found "forget"'
asks "a trust anchor is for learn" 2 policy check --trust-anchor a learnt.json
complains "and atls says so" 'is for learn'

if swtpm_have && [ -f "$ATLS_MODULES/atls_tpm.so" ] && swtpm_start "$work/tpm"; then
    asks "a policy is learnt from a TPM" 0 policy learn \
        "attest:tpm?tcti=$SWTPM_TCTI"
    cp out tpm.json
    json "it pins PCRs" '"sha256" in [*it["profiles"].values()][0]["pcrs"]'
    asks "and it is a good policy" 0 policy check tpm.json
else
    for sentence in "a policy is learnt from a TPM" "it pins PCRs" \
        "and it is a good policy"; do
        skip "$sentence" "swtpm or attest:tpm"
    done
fi
plan
