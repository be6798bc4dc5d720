# SPDX-License-Identifier: Apache-2.0
# A Verifier is asked, and everything that it can do to us. Each ends before its
# deadline with its own reason.
. "$top_srcdir/test/verifier/harness.sh"
ATLS_MODULES=$top_builddir/.libs
export ATLS_MODULES
nonce=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
printf evidence >value

# asks SENTENCE PATTERN URL [NAME=VALUE...]: one answer, and nothing else
asks() {
    sentence=$1 pattern=$2
    shift 2
    "$here/ask" "$@" >out 2>&1
    grep -Eq -- "$pattern" out && [ "$(wc -l <out)" = 1 ]
    result $? "$sentence"
}

start verifiers
said() { # SENTENCE PATTERN SCRIPT [NAME=VALUE...]
    sentence=$1 pattern=$2 script=$3
    shift 3
    asks "$sentence" "$pattern" "$url/$script" value=value nonce=$nonce "$@"
}
result='^OK eyJhbGciOiJFUzI1NiJ9\.e30\.AAAA$'

dropped() { # SENTENCE NONCE: nobody waits for that, so it may take a moment
    tries=0
    until "$here/exchange" "$url" /deleted http=loopback >out &&
        grep -q "$2" out || [ $tries -ge 600 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    grep -q "$2" out
    result $? "$1"
}

said "a result is taken" "$result" good
dropped "and its session dropped" AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8
said "by discovery, where that is allowed" "$result" no_such_folder \
    discovery=true
said "at an absolute Location" "$result" absolute
said "at an absolute path" "$result" rooted
said "with its status called state" "$result" state
said "after polls" "$result" polled
said "after an answer of 202 that says no more" "$result" polled_empty
said "with the nonce in padded base64url" "$result" padded
said "with the nonce in padded base64" "$result" standard \
    nonce=fbfffefbfffefbfffefbfffefbfffefbfffe
said "with the nonce in base64 without padding" "$result" standard_unpadded \
    nonce=fbfffefbfffefbfffefbfffefbfffefbfffefb
said "and a session that cannot be dropped" "$result" drop_fails
said "or that hangs when it is dropped" "$result" drop_hangs
said "with a Verifier that closes each connection" "$result" closes \
    nonce=00112233445566778899
dropped "and its session dropped" ABEiM0RVZneImQ
"$here/ask" "$url/drops_late" value=value nonce=$nonce times=5 >out 2>&1
[ "$(grep -Ec "$result" out)" = 5 ]
result $? "five, and nobody waits for a session to be dropped"
"$here/exchange" "$url" /connections http=loopback >out
tail -n 1 out | grep -qx 2
result $? "the connection is used again when it was"

refused='^VERIFIER_REFUSED: '
said "a session that failed" "$refused.*session failed" failed
said "types that it does not take" "$refused.*application/other" other_types
said "a 415 says what it takes" "$refused.*but application/other$" unsupported
said "problem details are repeated" \
    "$refused.*400 Bad Request: no session with that id$" problem
said "of 500 too" "$refused.*500 Internal Server Error$" problem_500
said "problem details that are none" "$refused.*500 $" problem_bad
said "text is repeated, without what steers a terminal" \
    "$refused.*502 bad  gateway  \[31m$" text_502
said "401" "$refused.*401 $" unauthorized
said "404 in text" "$refused.*404 404 page not found$" not_found
said "Evidence without a media type" "$refused.*65000" good type=65000
said "a nonce that is too short" "$refused.*8 to 64" good nonce=00010203040506
said "a nonce that is too long" "$refused.*8 to 64" good nonce=$nonce${nonce}ff

answer='^VERIFIER_ANSWER: '
said "a redirect" "$answer.*redirects to http://127.0.0.2/" moved
said "a session elsewhere" "$answer.*own origin" cross_origin
said "a session on another host" "$answer.*own origin" cross_host
said "a session nowhere" "$answer.*own origin" no_location
said "another nonce" "$answer.*another" other_nonce
said "another nonce in the end" "$answer.*another" other_nonce_later
said "no nonce" "$answer.*nonce in base64" no_nonce
said "another media type" "$answer.*saw application/json" wrong_type
said "HTML" "$answer.*saw text/html" html
said "no JSON" "$answer.*JSON" no_json
said "a member twice" "$answer.*JSON" twice
said "JSON that is deep" "$answer.*16 levels" deep
said "a status that nobody knows" "$answer.*processing or failed" \
    unknown_status
said "no result" "$answer.*one string" no_result
said "a result that is no string" "$answer.*one string" result_object
said "something that is no HTTP" "$answer" garbage

said "a result beyond its limit" '^VERIFIER_TOO_LARGE: .*262144' result_large
said "an answer beyond its limit" '^VERIFIER_TOO_LARGE: .*524288' oversized
said "an endless answer" '^VERIFIER_TOO_LARGE: ' endless
said "endless headers" '^VERIFIER_TOO_LARGE: ' endless_headers

said "a Verifier that is never done" '^VERIFIER_TIMEOUT: ' forever \
    timeout_ms=400
said "that hangs" '^VERIFIER_TIMEOUT: ' create_hangs timeout_ms=300
said "that hangs over the Evidence" '^VERIFIER_TIMEOUT: ' submit_hangs \
    timeout_ms=300
said "that drips" '^VERIFIER_TIMEOUT: ' slow timeout_ms=300
said "that hangs up" '^VERIFIER_UNREACHABLE: ' nothing
said "that hangs up in the middle" '^VERIFIER_UNREACHABLE: ' submit_half
asks "nobody" '^VERIFIER_UNREACHABLE: ' http://127.0.0.1:1 value=value \
    nonce=$nonce
asks "no URL" '^VERIFIER_URL: ' http://192.0.2.1 value=value nonce=$nonce

"$here/ask" "$url/create_hangs" value=value nonce=$nonce timeout_ms=200 \
    times=5 | cut -d: -f1 >out
printf '%s\n' VERIFIER_TIMEOUT VERIFIER_TIMEOUT VERIFIER_TIMEOUT \
    VERIFIER_BROKEN VERIFIER_BROKEN | cmp -s - out
result $? "after three timeouts it is left alone"
"$here/ask" "$url/problem_500" value=value nonce=$nonce times=5 |
    cut -d: -f1 >out
[ "$(sort -u out)" = VERIFIER_REFUSED ]
result $? "which errors do not bring about"

authority ca
certificate good ca -days 2
certificate expired ca -days -1
san=other.example certificate wrong ca -days 2
san=
start secure --tls good.pem good.key
said "over TLS" "$result" good ca=ca.pem
said "whose CA nobody knows" '^VERIFIER_UNTRUSTED: ' good
start expired --tls expired.pem expired.key
said "whose certificate has expired" '^VERIFIER_UNTRUSTED: .*expired' good \
    ca=ca.pem
start wrong --tls wrong.pem wrong.key
said "whose certificate is for another name" '^VERIFIER_UNTRUSTED: .*name' \
    good ca=ca.pem

url=$(cat verifiers.url)
asks "Trustee is asked about a quote" '^OK e30\.' "$url/tdx" kind=trustee \
    tee=tdx type=application/x value=value nonce=$nonce
cut -d. -f2 out | tr '_-' '/+' | base64 -d 2>/dev/null >told
grep -q '"quote": "65766964656e6365", "raw": "000102.*1e1f", "policies": \[\]' \
    told
result $? "with its report data, always"
trustee() { # SENTENCE PATTERN SCRIPT [NAME=VALUE...]
    sentence=$1 pattern=$2 script=$3
    shift 3
    said "$sentence" "$pattern" "$script" kind=trustee tee=tdx \
        type=application/x "$@"
}
trustee "its error chain is repeated" \
    "$refused.*500 An internal error.*REPORT_DATA is different$" trustee_fails
trustee "an empty answer" "$answer.*compact JWS" trustee_empty
trustee "HTML" "$answer.*compact JWS" trustee_html
trustee "JSON" "$answer.*compact JWS" trustee_json
trustee "a result beyond its limit" '^VERIFIER_TOO_LARGE: ' trustee_large
trustee "report data beyond its field" "$refused.*at most 64" tdx \
    nonce=$nonce${nonce}ff
trustee "its example TEE, which signs nothing" "$refused.*sample" tdx tee=sample
said "a format that it does not know" "$refused.*no appraisal" tdx kind=trustee

if [ ! -d "$ATLS_VECTORS/veraison/live" ]; then
    tap=$((tap + 1))
    echo "ok $tap - recorded sessions # SKIP no vectors"
    plan
    exit
fi

field() { # FILE EXPRESSION
    python3 -c 'import base64, json, sys
it = json.load(open(sys.argv[1]))
sys.stdout.buffer.write(eval(sys.argv[2]))' "$1" "$2"
}

# Veraison's own words, byte for byte
for name in psa psa-badnonce cca snp parsec-cca; do
    live=$ATLS_VECTORS/veraison/live
    session=$live/$name.session.json
    field "$session" 'base64.b64decode(it["evidence"]["value"])' >recorded
    "$here/ask" "$url/recorded_$name" value=recorded \
        nonce="$(field "$session" \
            'base64.urlsafe_b64decode(it["nonce"] + "==").hex().encode()')" \
        type="$(field "$session" 'it["evidence"]["type"].encode()')" >out 2>&1
    printf 'OK %s\n' "$(cat "$live/$name.ear.jwt")" | cmp -s - out
    result $? "the recorded session of $name"
done

# Background check: the recorded result under the key that signed it
cp "$ATLS_VECTORS/veraison/ear/arc-pkey.jwk.json" key.jwk
cat >policy.json <<END
{"verifiers": {"$url/recorded_psa": {"http": "loopback", "keys": ["key.jwk"],
    "accept": [{"PSA_IOT": ["executables", "hardware"]}]}},
 "profiles": {"psa": {"format": "psa", "verifier": "$url/recorded_psa"}},
 "rules": [{}]}
END
session=$ATLS_VECTORS/veraison/live/psa.session.json
field "$session" 'base64.b64decode(it["evidence"]["value"])' >recorded
count() { # of sessions so far
    "$here/exchange" "$url" /asked http=loopback |
        sed -n 's/.*"recorded_psa": \([0-9]*\).*/\1/p'
}
appraises() { # SENTENCE PATTERN SESSIONS [NAME=VALUE...]
    sentence=$1 pattern=$2 sessions=$(($3 + $(count)))
    shift 3
    "$here/ask" "$url/recorded_psa" policy=policy.json value=recorded \
        type=application/psa-attestation-token nonce="$(field "$session" \
            'base64.urlsafe_b64decode(it["nonce"] + "==").hex().encode()')" \
        "$@" >out 2>&1
    ! grep -Ev "$pattern" out && [ "$(count)" = "$sessions" ]
    result $? "$sentence"
}
appraises "a result is judged under the policy, and asked for once" \
    '^OK affirming: $' 1 now=1795428090 times=3
appraises "a stale one is not taken, nor kept" '^RESULT_STALE ' 2 \
    now=1795429090 times=2
printf '{"kty":"EC","crv":"P-256","x":"%s","y":"%s"}' \
    axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY \
    T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU >key.jwk
appraises "nor one under another key" '^RESULT_SIGNATURE ' 1 now=1795428090
plan
