# SPDX-License-Identifier: Apache-2.0
# atls appraise: accepts and refuses what openssl pkeyutl signed with an
# attester, as the policy says, and says which claim differs.
. "$top_srcdir/test/cli/harness.sh"
make_soft_key soft
make_soft_key other
text=0123456789abcdef0123456789abcdef
nonce=$(hex $text)
evidence soft.pem $text e.cmw
"$atls" policy learn "attest:soft?key=$work/soft.pem" >policy.json
judge() { # SENTENCE STATUS WORD...
    sentence=$1
    wanted=$2
    shift 2
    asks "$sentence" "$wanted" appraise --policy policy.json "$@"
}

judge "good Evidence is accepted" 0 --nonce "$nonce" e.cmw
says "as affirming" '^verdict: affirming$'
says "under its profile" '^profile: learned$'
says "with the vector" '  instance-identity: 2$'
says "and the claims" 'lifecycle: assembly_and_test'
judge "by its profile's name" 0 --nonce "$nonce" --profile learned e.cmw
judge "at a time" 0 --nonce "$nonce" --at 2026-11-23T21:00:00Z e.cmw
judge "at a time elsewhere" 0 --nonce "$nonce" --at 2026-11-23T21:00:00.5+02:00 \
    e.cmw
judge "as JSON" 0 --json --nonce "$nonce" e.cmw
json "the verdict is there" \
    'it["verdict"] == "affirming" and it["reason"] == "OK" and it["vector"]["hardware"] == 2'

judge "another nonce is refused" 1 --nonce 0011223344556677 e.cmw
says "by its reason" '^reason: BINDER_MISMATCH$'
says "and what was seen" "$nonce"
evidence other.pem $text other.cmw
judge "another key is refused" 1 --nonce "$nonce" other.cmw
says "as unknown" '^reason: ANCHOR_UNKNOWN$'
size=$(wc -c <e.cmw)
cp e.cmw bad.cmw
printf '\000\000\000' | dd of=bad.cmw bs=1 seek=$((size - 12)) conv=notrunc 2>/dev/null
judge "a broken signature is refused" 1 --nonce "$nonce" bad.cmw
says "as such" '^reason: SIGNATURE_INVALID$'
sed 's/"measurement": "00/"measurement": "ff/' policy.json >strict.json
asks "another measurement is refused" 1 appraise --policy strict.json \
    --nonce "$nonce" e.cmw
says "by its reason" '^reason: COMPONENT_REFUSED$'
says "with what was wanted and seen" '^text: .*0000000000'
sed 's/assembly_and_test/secured/' policy.json >secured.json
asks "a development lifecycle is refused" 1 appraise --policy secured.json \
    --nonce "$nonce" e.cmw
says "by its reason" '^reason: LIFECYCLE_REFUSED$'
says "with what was wanted" '^text: .*secured.*assembly_and_test'
echo '{"a": 1}' >no.json
judge "what is no Evidence is refused" 1 --nonce "$nonce" no.json
says "as malformed" '^reason: CMW_MALFORMED$'
judge "a refusal as JSON" 1 --json --nonce 0011223344556677 e.cmw
json "has its reason" 'it["reason"] == "BINDER_MISMATCH" and it["verdict"] == "none"'

# Stored Evidence, which nothing binds to anybody
judge "without a nonce nothing is accepted" 1 --no-nonce e.cmw
says "the verdict is unbound" '^verdict: unbound$'
says "for a reason" '^reason: EVIDENCE_UNBOUND$'
says "beside what it would be" '^  verdict: affirming$'
says "with its reason" '^  reason: OK$'
says "and the claims" 'lifecycle: assembly_and_test'
judge "nor as JSON" 1 --json --no-nonce e.cmw
json "which says both" \
    'it["verdict"] == "unbound" and it["reason"] == "EVIDENCE_UNBOUND" and it["vector"] == {} and it["otherwise"]["verdict"] == "affirming" and it["otherwise"]["reason"] == "OK"'
judge "what is refused is no better without a nonce" 1 --json --no-nonce \
    other.cmw
json "and why is said" \
    'it["verdict"] == "unbound" and it["otherwise"]["reason"] == "ANCHOR_UNKNOWN"'
judge "what is no Evidence, too" 1 --json --no-nonce no.json
json "and why is said" \
    'it["verdict"] == "unbound" and it["otherwise"]["reason"] == "CMW_MALFORMED"'
judge "a nonce is given or not" 2 --no-nonce --nonce "$nonce" e.cmw
complains "and atls says so" 'no-nonce is for Evidence'

asks "a policy is needed" 2 appraise --nonce "$nonce" e.cmw
complains "and atls says so" '--policy is missing'
judge "a nonce is needed" 2 e.cmw
complains "and atls says so" '--nonce is missing'
for bad in 00112233 xyz 001 "$nonce$nonce$nonce"; do
    judge "--nonce $bad is refused" 2 --nonce "$bad" e.cmw
    complains "with what was wanted" 'want 8 to 64 bytes in hex'
done
for bad in yesterday 2026-11-23 2026-11-23T21:00:00 2026-13-23T21:00:00Z \
    2026-11-23T21:00:00+2; do
    judge "--at $bad is refused" 2 --nonce "$nonce" --at $bad e.cmw
    complains "with what was wanted" 'want a time such as'
done
judge "an unknown profile is refused" 2 --nonce "$nonce" --profile node e.cmw
complains "by name" 'has no profile "node"'
judge "Evidence that is not there is bad input" 2 --nonce "$nonce" nowhere
complains "by name" 'nowhere: No such file'
asks "a policy that is not there is bad input" 2 appraise --policy nowhere \
    --nonce "$nonce" e.cmw
complains "by name" 'nowhere'

# What a Verifier said of Evidence: a result of our own making, PS256.
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out verifier.pem \
    2>/dev/null
openssl pkey -in verifier.pem -pubout -out verifier.pub
base64url() {
    openssl base64 -A | tr '+/' '-_' | tr -d =
}
result_of() { # STATUS NONCE-AS-TEXT [MEMBERS], made in the year 2023
    printf '{"alg":"PS256","typ":"JWT"}' | base64url >head.b64
    printf '{"eat_profile":"tag:ietf.org,2026:rats/ear#03","iat":1700000000,"ear_verifier_id":{"developer":"d","build":"b"},"submods":{"PSA_IOT":{"ear_status":"%s","ear_trustworthiness_vector":{"hardware":2},"eat_nonce":"%s"%s}}}' \
        "$1" "$(printf %s "$2" | base64url)" "$3" | base64url >body.b64
    printf '%s.%s' "$(cat head.b64)" "$(cat body.b64)" >signed
    openssl dgst -sha256 -sigopt rsa_padding_mode:pss \
        -sigopt rsa_pss_saltlen:digest -sign verifier.pem signed |
        base64url >signature.b64
    printf '%s.%s\n' "$(cat signed)" "$(cat signature.b64)"
}
result_of affirming $text >result.jwt
cat >verifiers.json <<'END'
{ "verifiers": { "https://v.example": { "keys": "verifier.pub",
    "accept": [ { "PSA_IOT": ["hardware"] } ] } } }
END
hear() { # SENTENCE STATUS WORD...
    sentence=$1
    wanted=$2
    shift 2
    asks "$sentence" "$wanted" appraise --result --policy verifiers.json \
        --verifier https://v.example "$@"
}
then=2023-11-14T22:13:30Z
hear "a Verifier's result is accepted" 0 --nonce "$nonce" --at $then result.jwt
says "as affirming" '^verdict: affirming$'
says "after its signature was verified" "^jws: verified under the Verifier's key"
hear "not years later" 1 --nonce "$nonce" result.jwt
says "being stale" '^reason: RESULT_STALE$'
hear "nor before it was made" 1 --nonce "$nonce" --at 2023-11-14T22:00:00Z \
    result.jwt
says "being of the future" '^reason: RESULT_FUTURE$'
hear "nor for another challenge" 1 --nonce 0011223344556677 --at $then result.jwt
says "being about something else" '^reason: RESULT_NONCE$'
tr 'A-Y' 'B-Z' <result.jwt | sed 's/^[^.]*/'"$(cat head.b64)/" >forged.jwt
hear "nor changed on its way" 1 --nonce "$nonce" --at $then forged.jwt
says "being unsigned" '^reason: RESULT_(SIGNATURE|MALFORMED)$'
says "and said to be" '^jws: not verified|^verdict: none$'
result_of warning $text >warning.jwt
hear "a warning is refused" 1 --nonce "$nonce" --at $then warning.jwt
says "by its tier" '^text: .*want affirming, found warning'
hear "what is no result is refused" 1 --nonce "$nonce" e.cmw
says "as malformed" '^reason: RESULT_MALFORMED$'
asks "a Verifier must be named" 2 appraise --result --policy verifiers.json \
    --nonce "$nonce" result.jwt
complains "and atls says so" '--verifier is missing'
hear "a result has a nonce" 2 --no-nonce result.jwt
complains "and atls says so" 'no-nonce is for Evidence'
for key in own another; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -config /dev/null -subj /CN=$key -keyout "$key.key" -out "$key.crt" \
        2>/dev/null
    openssl pkey -in "$key.key" -pubout -out "$key.pub"
    openssl pkey -in "$key.key" -pubout -outform DER -out "$key.der"
done
attested=',"ear_veraison_key_attestation":{"akpub":"'$(base64url <own.der)'"}'
result_of affirming $text "$attested" >attested.jwt
hear "a result that attests a key is accepted" 0 --nonce "$nonce" --at $then \
    attested.jwt
for key in "--cert own.crt" "--spki own.pub" "--spki own.der"; do
    # shellcheck disable=SC2086 # two words
    hear "for the key of $key, too" 0 $key --nonce "$nonce" --at $then \
        attested.jwt
done
hear "not for another" 1 --cert another.crt --nonce "$nonce" --at $then \
    attested.jwt
says "being about that key" '^reason: RESULT_KEY$'
hear "nor for a key and a certificate" 2 --spki own.pub --cert own.crt \
    --nonce "$nonce" --at $then attested.jwt
complains "as one is enough" '--spki and --cert name the same key'
hear "a key is no certificate" 2 --cert own.pub --nonce "$nonce" attested.jwt
complains "and atls says so" 'own.pub: want a certificate in PEM or DER'
hear "a certificate is no key" 2 --spki own.crt --nonce "$nonce" attested.jwt
complains "and atls says so" 'own.crt: want a public key in PEM or DER'
hear "a profile is for Evidence" 2 --profile p --nonce "$nonce" result.jwt
complains "and atls says so" '--profile is for Evidence'
asks "an unknown Verifier is refused" 2 appraise --policy verifiers.json \
    --verifier https://w.example --nonce "$nonce" e.cmw
complains "by name" 'has no Verifier "https://w.example"'
asks "inspect opens a result" 0 inspect result.jwt
says "without verifying it" '^jws: not verified$'
says "tells when it was made" 'made: 2023-11-14T22:13:20Z'
says "what it is about" "nonce: $nonce"
says "and what it says" 'PSA_IOT'
printf '{"alg":"ES256"}' | base64url | sed 's/$/.e30./' >empty.jwt
asks "inspect opens a token that is no result" 0 inspect empty.jwt
says "and says why it is none" '^not_a_result: EAR: want a profile'

# Other people's: Trusted Firmware-M's published example and key.
psa=$ATLS_VECTORS/psa
if [ -f "$psa/tfm.psa-2_0_0_sign1.bin" ]; then
    asks "a policy is learnt from a bare token" 0 policy learn \
        --trust-anchor "$psa/tfm.public.pem" "$psa/tfm.psa-2_0_0_sign1.bin"
    cp out tfm.json
    zeros=$(printf "%0128d" 0)
    asks "and accepts it" 0 appraise --policy tfm.json --nonce "$zeros" \
        "$psa/tfm.psa-2_0_0_sign1.bin"
    asks "but no Mac0" 1 appraise --policy tfm.json --nonce "$zeros" \
        "$psa/tfm.psa-2_0_0_mac0.bin"
else
    for sentence in "a policy is learnt from a bare token" "and accepts it" \
        "but no Mac0"; do
        skip "$sentence" "no vectors"
    done
fi
plan
