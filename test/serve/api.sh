# SPDX-License-Identifier: Apache-2.0
# The API of atls serve, as Veraison's was seen to behave: statuses, headers,
# bodies and the order of checks.
. "$top_srcdir/test/serve/harness.sh"
make_soft_key soft
make_soft_key other
make_signing_key sign
make_signing_key next
"$atls" policy learn "attest:soft?key=$work/soft.pem" >policy.json
start_verifier v --policy policy.json --signing-key sign.pem \
    --signing-key next.pem
check "a Verifier prints its URL when it is ready" \
    grep -Eq '^http://127\.0\.0\.1:[0-9]+$' v.url

# newSession
call "a session is made" 201 POST $api/newSession -H "Accept: $crs"
heads "it is at a relative place" '^location: session/[A-Za-z0-9_-]+$'
heads "its type is Veraison's" "^content-type: ${crs%+json}\\+json\$"
json "it waits, with 48 bytes of nonce" \
    'it["status"] == "waiting" and len(it["nonce"]) == 64 and list(it)[:4] == ["status", "nonce", "expiry", "accept"]'
json "it ends in two minutes and a half" \
    '145 <= __import__("calendar").timegm(__import__("time").strptime(it["expiry"], "%Y-%m-%dT%H:%M:%SZ")) - __import__("time").time() <= 151'
json "it says what may be sent, Veraison's names among it" \
    '"application/psa-attestation-token" in it["accept"] and "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\"" in it["accept"]'
# 62 of 64 letters are in both alphabets: by chance, one nonce in 8 would do.
spelled_alike() { # QUERY BYTES
    i=0
    while [ $i -lt 10 ]; do
        i=$((i + 1))
        request POST "$api/newSession$1" >status
        python3 -c 'import base64, json, sys
text = json.load(open("out"))["nonce"]
sys.exit(len(base64.b64decode(text, validate=True)) != int(sys.argv[1]) or
         not text.isalnum())' "$2" || return 1
    done
}
check "the nonce reads the same in every base64" spelled_alike '' 48
check "of any length without padding" spelled_alike '?nonceSize=24' 24
call "without Accept too" 201 POST $api/newSession -H "Accept:"
call "with a range" 201 POST $api/newSession -H "Accept: text/html, application/*;q=0.5"
call "with a weight of nothing not" 406 POST $api/newSession -H "Accept: $crs;q=0.0"
call "application/json is not acceptable" 406 POST $api/newSession \
    -H "Accept: application/json"
problem "and atls says what is" 406 "the only supported output format is ${crs%+json}"
call "a nonce may be given" 201 POST "$api/newSession?nonce=AAECAwQFBgc"
json "and is the session's" 'it["nonce"] == "AAECAwQFBgc"'
call "with padding too" 201 POST "$api/newSession?nonce=AAECAwQFBgc%3D"
call "64 bytes are the most" 201 POST \
    "$api/newSession?nonce=$(printf 'A%.0s' $(seq 86))"
call "65 are too many" 400 POST \
    "$api/newSession?nonce=$(printf 'A%.0s' $(seq 87))"
problem "and atls says so" 400 'nonce must be between 8 and 64 bytes'
for bad in AAEC AAECAwQFBgc%3D%3D AAECAwQFBg+c AAECAwQFBg/c 'AAECAwQFBgc!'; do
    call "nonce=$bad is refused" 400 POST "$api/newSession?nonce=$bad"
    problem "with a problem" 400 'failed handling nonce request: nonce must be'
done
for size in 8 64; do
    call "nonceSize=$size is taken" 201 POST "$api/newSession?nonceSize=$size"
    json "and so long is the nonce, without padding" \
        "len(it['nonce']) == -(-$size * 4 // 3)"
done
for size in 7 65 0 -1 08x 4294967304; do
    call "nonceSize=$size is refused" 400 POST "$api/newSession?nonceSize=$size"
    problem "with a problem" 400 'nonceSize must be in range 8..64'
done
call "both are refused" 400 POST "$api/newSession?nonce=AAECAwQFBgc&nonceSize=8"
problem "with a problem" 400 'mutually exclusive'
call "an empty one is none" 201 POST "$api/newSession?nonce=&nonceSize=9"

# session
open_session
call "a session can be looked at" 200 GET "$session"
json "and waits: nobody stores it" \
    'it["status"] == "waiting" and "result" not in it'
call "it is no application/json" 406 GET "$session" -H "Accept: application/json"
call "what is no id is bad" 400 GET "$api/session/a*b"
problem "and atls says so" 400 'no session id'
call "another's id is not found" 404 GET \
    $api/session/d8d214e4-e724-11f1-ac49-336431323139
problem "and atls says so" 404 'there is no such session'
call "nor one with a changed letter" 404 GET "${session%?????}AAAAA"
call "a session can be deleted" 204 DELETE "$session"
check "and nothing is said" [ ! -s out ]
call "another's too" 204 DELETE \
    $api/session/d8d214e4-e724-11f1-ac49-336431323139
call "but not what is no id" 400 DELETE "$api/session/a*b"

# Evidence
open_session '?nonceSize=32'
quote soft.pem e.cmw
value e.cmw e.cose
psa='Content-Type: application/psa-attestation-token'
call "Evidence is appraised" 200 POST "$session" -H "$psa" --data-binary @e.cose
heads "the answer is a session" "^content-type: ${crs%+json}\\+json\$"
json "it is complete" \
    'it["status"] == "complete" and it["evidence"]["type"] == "application/psa-attestation-token"'
json "with the Evidence" \
    '__import__("base64").b64decode(it["evidence"]["value"], validate=True) == open("e.cose", "rb").read()'
ear "and a result that is affirming" sign.pub \
    'sub["ear.status"] == "affirming" and list(it["submods"]) == ["PSA_IOT"]'
ear "under Veraison's profile, made now" sign.pub \
    'it["eat_profile"] == "tag:github.com,2023:veraison/ear" and abs(it["iat"] - __import__("time").time()) < 60'
ear "signed with the first key, by its thumbprint" sign.pub \
    'head["alg"] == "ES256" and head["typ"] == "JWT" and len(head["kid"]) == 43'
ear "whose nonce is the session's, padded" sign.pub \
    "part(it['eat_nonce']).hex() == '$nonce' and it['eat_nonce'].endswith('=')"
ear "and the submodule's the Evidence's own" sign.pub \
    "part(sub['eat_nonce']).hex() == '$nonce'"
ear "with the policy and its vector" sign.pub \
    'sub["ear.appraisal-policy-id"] == "policy:learned" and sub["ear.trustworthiness-vector"]["hardware"] == 2 and len(sub["ear.trustworthiness-vector"]) == 8'
call "a session can be used twice" 200 POST "$session" -H "$psa" \
    --data-binary @e.cose
for type in application/cmw application/cmw+cbor application/cmw+json \
    application/vnd.veraison.cmw application/vnd.veraison.cmw+json \
    application/vnd.veraison.cmw+cbor; do
    call "$type is unwrapped" 200 POST "$session" -H "Content-Type: $type" \
        --data-binary @e.cmw
    ear "to the same" sign.pub 'sub["ear.status"] == "affirming" and session["evidence"]["type"].startswith("application/eat+cwt")'
done
call "with a parameter it is not" 415 POST "$session" \
    -H "Content-Type: application/cmw; foo=bar" --data-binary @e.cmw
call "nor in other letters" 415 POST "$session" \
    -H "Content-Type: application/CMW" --data-binary @e.cmw
python3 -c 'import base64, json
value = base64.urlsafe_b64encode(open("e.cose", "rb").read()).decode().rstrip("=")
record = ["application/psa-attestation-token", value]
json.dump(record, open("e.json", "w"))
json.dump({"__cmwc_t": "tag:example.com,2026:c", "a": record}, open("c.json", "w"))
json.dump(["application/psa-attestation-token", value, 8], open("ar.json", "w"))'
printf '\202\030\377\101\000' >number.cbor
call "a JSON record is unwrapped" 200 POST "$session" \
    -H "Content-Type: application/cmw+cbor" --data-binary @e.json
ear "whatever it is called" sign.pub 'sub["ear.status"] == "affirming"'
call "a collection is not appraised" 415 POST "$session" \
    -H "Content-Type: application/cmw+json" --data-binary @c.json
heads "and atls says what is" '^accept: .*application/psa-attestation-token'
call "nor a number that nobody knows" 415 POST "$session" \
    -H "Content-Type: application/cmw+cbor" --data-binary @number.cbor
problem "by its number" 415 'for 255'
call "a record that calls itself a result is judged so" 200 POST "$session" \
    -H "Content-Type: application/cmw+json" --data-binary @ar.json
ear "as no Evidence" sign.pub \
    'sub["ear.veraison.policy-claims"]["reason"] == "CMW_INDICATOR"'
call "what is no CMW cannot be unwrapped" 400 POST "$session" \
    -H "Content-Type: application/cmw" --data-binary @e.cose
problem "and atls says so" 400 'could not unwrap the CMW'
call "an unknown type is not appraised" 415 POST "$session" \
    -H "Content-Type: application/vnd.veraison.tsm-report+json" \
    --data-binary @e.cose
problem "by its name" 415 'no active plugin found for application/vnd.veraison'
call "a type that is none is bad" 400 POST "$session" \
    -H 'Content-Type: application/eat-cwt; profile=http://arm.com/psa/2.0.0' \
    --data-binary @e.cose
problem "and atls says so" 400 'could not check media type'
call "so is no type" 400 POST "$session" -H "Content-Type:" \
    --data-binary @e.cose
call "and nothing at all" 400 POST "$session" -H "$psa" --data-binary ''
problem "and atls says so" 400 'unable to read evidence'
call "a result is no application/json" 406 POST "$session" -H "$psa" \
    -H "Accept: application/json" --data-binary @e.cose
call "Evidence for what is no session is bad" 400 POST "$api/session/a*b" \
    -H "$psa" --data-binary @e.cose
call "for nobody's session is not found" 404 POST \
    $api/session/d8d214e4-e724-11f1-ac49-336431323139 -H "$psa" \
    --data-binary @e.cose

# Bad Evidence is no error of HTTP.
all99='sub["ear.status"] == "contraindicated" and set(sub["ear.trustworthiness-vector"].values()) == {99}'
head -c 300 /dev/urandom >garbage
call "garbage is answered" 200 POST "$session" -H "$psa" --data-binary @garbage
ear "as contraindicated" sign.pub "$all99 and 'eat_nonce' not in sub"
open_session
call "old Evidence is answered" 200 POST "$session" -H "$psa" \
    --data-binary @e.cose
ear "as contraindicated, by its nonce" sign.pub \
    "$all99 and sub['ear.veraison.policy-claims']['reason'] == 'BINDER_MISMATCH'"
quote other.pem o.cmw
call "another's Evidence is answered" 200 POST "$session" \
    -H "Content-Type: application/cmw" --data-binary @o.cmw
ear "as contraindicated, by its signer" sign.pub \
    'sub["ear.status"] == "contraindicated" and sub["ear.trustworthiness-vector"]["instance-identity"] == 97 and sub["ear.veraison.policy-claims"]["reason"] == "ANCHOR_UNKNOWN"'

# What it says of itself
call "discovery is there" 200 GET /.well-known/veraison/verification
heads "with its type" '^content-type: application/vnd.veraison.discovery\+json$'
heads "and an age" '^cache-control: max-age=60$'
json "it has the key, the types and the place" \
    'it["ear-verification-key"]["kty"] == "EC" and set(it["ear-verification-key"]) == {"alg", "kty", "crv", "x", "y"} and it["service-state"] == "READY" and it["api-endpoints"]["newChallengeResponseSession"] == "/challenge-response/v1/newSession" and "application/psa-attestation-token" in it["media-types"]'
call "as application/json too" 200 GET /.well-known/veraison/verification \
    -H "Accept: application/json"
call "as nothing else" 406 GET /.well-known/veraison/verification \
    -H "Accept: text/html"
call "its keys are there" 200 GET /.well-known/jwks.json
heads "with their type" '^content-type: application/jwk-set\+json$'
json "both, with names" \
    'len(it["keys"]) == 2 and len({key["kid"] for key in it["keys"]}) == 2 and not any("d" in key for key in it["keys"])'
call "no other path is there" 404 GET /challenge-response/v1/nothing
heads "which is said in plain text" '^content-type: text/plain$'
call "nor one below a session" 404 GET "$session/more"
call "a session is not PUT" 405 PUT "$session"
heads "and atls says what can be done" '^allow: DELETE, GET, HEAD, POST$'
call "metrics are there" 200 GET /metrics
heads "as Prometheus wants them" '^content-type: text/plain; version=0.0.4'
says "with verdicts and reasons" \
    '^atls_serve_appraisals_total\{verdict="contraindicated",reason="BINDER_MISMATCH"\} 1$'
says "with times" '^atls_serve_policy_loaded_seconds [0-9]+$'
says "with durations" '^atls_serve_appraisal_duration_seconds_bucket\{le="\+Inf"\} [0-9]+$'
says "with requests by route" \
    '^atls_serve_requests_total\{route="none",status="404"\} 2$'
check "nothing in it is a client's" sh -c '! grep -q nothing out'

# The log
check "each request has a line of JSON" python3 -c 'import json
lines = [json.loads(line) for line in open("v.log")]
assert all("status" in line for line in lines if line["event"] == "request")'
check "a verdict has its reason" \
    grep -q '"verdict":"contraindicated","reason":"ANCHOR_UNKNOWN"' v.log
check "no line has the id of a session" sh -c "! grep -q '${session##*/}' v.log"
call "a path that no terminal likes" 404 GET '/a%0a%1b%22b'
check "is escaped" grep -q '"path":"/a\\n\\u001B\\"b"' v.log
stop_verifier $verifier
check "SIGTERM ends it well" [ $? = 0 ]
plan
