# SPDX-License-Identifier: Apache-2.0
# The client side of sessions with a real Veraison, played to atls serve:
# Evidence, nonce and media type as they were, and results that say the same.
# Then results in the profile of the draft, and what --unchecked-nonce does.
. "$top_srcdir/test/serve/harness.sh"
if ! have python3; then
    echo "1..0 # SKIP python3 is not installed"
    exit 0
fi
make_signing_key sign
live=$ATLS_VECTORS/veraison/live

# recorded NAME: sets theirs (their EAR's payload), type, nonce; writes evidence
recorded() {
    python3 - "$live/$1.session.json" <<'END' >recorded.sh
import base64, json, sys
session = json.load(open(sys.argv[1]))
open("evidence", "wb").write(base64.b64decode(session["evidence"]["value"]))
json.dump(session, open("theirs.json", "w"))
part = session["result"].split(".")[1]
open("theirs.ear", "wb").write(base64.urlsafe_b64decode(part + "=="))
print("type='%s'\nasked='%s'" % (session["evidence"]["type"], session["nonce"]))
END
    . ./recorded.sh
}

same='(lambda theirs: set(it) == set(theirs) and set(it["submods"]) == set(theirs["submods"]) and it["eat_nonce"] == theirs["eat_nonce"] and it["eat_profile"] == theirs["eat_profile"] and all(set(ours) - {"eat_nonce"} == set(theirs["submods"][name]) and ours["ear.status"] == theirs["submods"][name]["ear.status"] and set(ours["ear.trustworthiness-vector"]) == set(theirs["submods"][name]["ear.trustworthiness-vector"]) for name, ours in it["submods"].items()))(json.load(open("theirs.ear")))'

if [ -n "$ATLS_VECTORS" ] && [ -d "$live" ]; then
    recorded psa
    python3 -c 'import json, sys
ta = json.load(open(sys.argv[1]))["triples"]["attester-verification-keys"]
for i in 0, 1:
    open("ta%d.pem" % i, "w").write(ta[i]["verification-keys"][0]["value"] + "\n")
' "$ATLS_VECTORS/veraison/psa/comid-psa-ta.json"
    "$atls" policy learn --trust-anchor ta0.pem evidence >policy.json
    start_verifier v --policy policy.json --signing-key sign.pem \
        --at 2026-11-23T10:00:00Z
    for name in psa psa-badnonce; do
        recorded $name
        call "$name: a session for the nonce that they had" 201 POST \
            "$api/newSession?nonce=$asked" -H "Accept: $crs"
        json "$name: with the members that they had" \
            'list(it) == [name for name in json.load(open("theirs.json")) if name not in ("evidence", "result")] and it["nonce"] == json.load(open("theirs.json"))["nonce"]'
        session=$api/$(tr -d '\r' <head | sed -n 's/^Location: //pI')
        call "$name: their Evidence under their type" 200 POST "$session" \
            -H "Accept: $crs" -H "Content-Type: $type" --data-binary @evidence
        json "$name: the members and the Evidence are theirs" \
            '(lambda theirs: list(it) == list(theirs) and it["evidence"] == theirs["evidence"])(json.load(open("theirs.json")))'
    done
    ear "psa-badnonce: the result says what theirs said" sign.pub \
        "sub['ear.status'] == 'contraindicated' and set(sub['ear.trustworthiness-vector'].values()) == {99} and 'eat_nonce' not in sub"
    recorded psa

    request POST "$api/newSession?nonce=$asked" >status
    session=$api/$(tr -d '\r' <head | sed -n 's/^Location: //pI')
    for as in "$type" 'application/eat-cwt; profile="http://arm.com/psa/2.0.0"'; do
        call "psa: as $as" 200 POST "$session" -H "Content-Type: $as" \
            --data-binary @evidence
        ear "psa: the result says what theirs said" sign.pub "$same"
    done
    stop_verifier $verifier

    python3 -c 'import json
policy = json.load(open("policy.json"))
anchor = policy["profiles"]["learned"]["trust_anchors"][0]
anchor["key"] = open("ta1.pem").read()
json.dump(policy, open("ta1.json", "w"))'

    # SEV-SNP and CCA
    python3 - "$ATLS_VECTORS" <<'END' >chips.json
import base64, json, sys
jwk = json.load(open(sys.argv[1] + "/cca/veraison-services.ec.p256.jwk"))
point = b"".join(base64.urlsafe_b64decode(jwk[c] + "==") for c in "xy")
der = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
pem = "-----BEGIN PUBLIC KEY-----\n%s-----END PUBLIC KEY-----\n" % \
    base64.encodebytes(der + point).decode()
print(json.dumps({"profiles": {
    "snp": {"format": "snp", "any": True,
            "trust_anchors": [sys.argv[1] + "/snp/ask_ark_genoa.pem"]},
    "cca": {"format": "cca", "any": True, "trust_anchors":
            [{"instance_id": "01" + 32 * "02", "key": pem}]}}}))
END
    start_verifier s --policy chips.json --signing-key sign.pem \
        --at 2026-11-23T21:00:00Z
    for name in snp cca; do
        recorded $name
        request POST "$api/newSession?nonce=$asked" >status
        session=$api/$(tr -d '\r' <head | sed -n 's/^Location: //pI')
        call "$name: their Evidence under their type" 200 POST "$session" \
            -H "Content-Type: $type" --data-binary @evidence
        ear "$name: the result says what theirs said, and has the nonce" \
            sign.pub "(lambda theirs: sub['ear.status'] == 'affirming' and set(subs) == set(theirs['submods']) and all(s['ear.status'] == 'affirming' for s in subs.values()) and it['eat_nonce'] == theirs['eat_nonce'] and part(sub['eat_nonce']) == part(theirs['eat_nonce']))(json.load(open('theirs.ear')))"
        call "$name: for another nonce" 201 POST "$api/newSession?nonceSize=64"
        session=$api/$(tr -d '\r' <head | sed -n 's/^Location: //pI')
        call "$name: it is answered" 200 POST "$session" \
            -H "Content-Type: $type" --data-binary @evidence
        ear "$name: as contraindicated" sign.pub \
            "all(s['ear.status'] == 'contraindicated' and s['ear.veraison.policy-claims']['reason'] == 'BINDER_MISMATCH' for s in subs.values())"
    done
    call "metrics have the end of AMD's root" 200 GET /metrics
    says "by its profile's place" \
        '^atls_serve_anchor_not_after_seconds\{format="snp",profile="0"\} [0-9]+$'
    stop_verifier $verifier
    recorded psa
    start_verifier w --policy ta1.json --signing-key sign.pem
    request POST "$api/newSession?nonce=$asked" >status
    session=$api/$(tr -d '\r' <head | sed -n 's/^Location: //pI')
    call "psa: under another trust anchor" 200 POST "$session" \
        -H "Content-Type: $type" --data-binary @evidence
    ear "psa: it is not believed" sign.pub \
        'sub["ear.status"] == "contraindicated" and sub["ear.veraison.policy-claims"]["reason"] == "SIGNATURE_INVALID"'
    stop_verifier $verifier
else
    skip "sessions of a real Veraison, played again" "no vectors"
fi

# The draft's profile
make_soft_key soft
"$atls" policy learn "attest:soft?key=$work/soft.pem" >soft.json
start_verifier i --policy soft.json --signing-key sign.pem --ear-profile ietf
open_session
quote soft.pem e.cmw
call "a result in the draft's profile" 200 POST "$session" \
    -H "Content-Type: application/cmw" --data-binary @e.cmw
ear "has its names, an end, and the Evidence's nonce" sign.pub \
    "it['eat_profile'] == 'tag:ietf.org,2026:rats/ear#03' and it['exp'] == it['iat'] + 300 and it['ear_verifier_id']['developer'] == 'atls' and part(it['eat_nonce']).hex() == '$nonce' and not it['eat_nonce'].endswith('=') and sub['ear_status'] == 'affirming' and sub['ear_appraisal_policy_ids'] == ['policy:learned'] and part(sub['eat_nonce']).hex() == '$nonce'"
stop_verifier $verifier

# As some schemes of Veraison, which compare no nonce: anybody's old Evidence,
# and a nonce of mine.
start_verifier u --policy soft.json --signing-key sign.pem --unchecked-nonce
check "a Verifier that compares no nonce says so at once" \
    grep -q -- '"warning","message":"--unchecked-nonce' u.log
open_session
call "old Evidence is taken there" 200 POST "$session" \
    -H "Content-Type: application/cmw" --data-binary @e.cmw
ear "as affirming, for a nonce that it does not carry" sign.pub \
    "sub['ear.status'] == 'affirming' and part(it['eat_nonce']).hex() == '$nonce' and not sub['ear.veraison.annotated-evidence']['nonce'].startswith('$nonce')"
ear "but no submodule vouches for the nonce, nor has a name that does" \
    sign.pub \
    'list(it["submods"]) == ["UNCHECKED_PSA_IOT"] and "eat_nonce" not in sub'
stop_verifier $verifier
plan
