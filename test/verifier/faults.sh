# SPDX-License-Identifier: Apache-2.0
# Handshakes of the distribution's own s_client and s_server whose Verifier is
# slow, hangs, lies or talks rubbish: each ends with its own reason and in time,
# and the log says what was wrong. The last lines are a table of it all. And who
# need not attest does not wait meanwhile.
. "$top_srcdir/test/verifier/harness.sh"
ATLS_MODULES=$top_builddir/.libs
PATH=/usr/bin:/bin:$PATH # the distribution's own programs first
export ATLS_MODULES PATH
preload openssl python3
pids=
trap 'kill $pids 2>/dev/null; cleanup' EXIT
# What ends by `timeout` has one of a second, all else one that it does not get
# near. What is caught is a wait without an end: a machine with far too much to
# do takes seconds to notice that a second is over.
short=1000 long=60000 enough=16000

new_key() { # NAME
    openssl genpkey -algorithm EC -pkeyopt group:P-256 -out "$1.key" \
        2>/dev/null && openssl pkey -in "$1.key" -pubout -out "$1.pub"
}

cnf_for() { # NAME TIMEOUT LINE...
    cnf_name=$1 cnf_timeout=$2
    shift 2
    {
        cat <<END
openssl_conf = openssl_init
config_diagnostics = 1
[openssl_init]
providers = provider_section
atls = atls_section
[provider_section]
default = default_section
atls = atls_provider_section
[default_section]
activate = 1
[atls_provider_section]
module = $ATLS_MODULES/atls.so
activate = 1
[atls_section]
path = $ATLS_MODULES/atls_ext.so
log = file:$work/$cnf_name.log
timeout = ${cnf_timeout}ms
END
        printf '%s\n' "$@"
    } >"$cnf_name.$cnf_timeout.cnf"
}

cnf() { # NAME LINE...: for both
    both_name=$1
    shift
    cnf_for "$both_name" $short "$@"
    cnf_for "$both_name" $long "$@"
}

timeout_of() { # BOUND
    case $1 in
    timeout*) echo $short ;;
    *) echo $long ;;
    esac
}

# policy FILE URL MEMBER RULES: one Verifier, and what it is asked about
policy() {
    cat >"$1" <<END
{ "verifiers": { "https://v.example": { "url": "$2", $3,
    "keys": ["verifier.pub"],
    "nonce_checked": ["PSA_IOT"],
    "accept": [ { "PSA_IOT": ["executables", "hardware"] } ] } },
  "profiles": { "soft": { "format": "psa", "verifier": "https://v.example" } },
  "rules": [ $4 ] }
END
}
loopback='"http": "loopback"'
background='{ "match": { "name": "plain.test" }, "require": false }, {}'

# server CNF OPTION...: s_server of the distribution; sets port and server_pid
server() {
    server_cnf=$1
    shift
    rm -f server.out
    OPENSSL_CONF=$server_cnf openssl s_server -accept 127.0.0.1:0 \
        "$@" -www </dev/null 9>&- >server.out 2>server.err &
    server_pid=$!
    pids="$pids $server_pid"
    tries=0
    until grep -q '^ACCEPT ' server.out 2>/dev/null || [ $tries -ge 1200 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' server.out)
}

end_server() {
    kill $server_pid 2>/dev/null
    wait $server_pid 2>/dev/null
}

client() { # CNF OPTION...
    client_cnf=$1
    shift
    OPENSSL_CONF=$client_cnf timeout 120 openssl s_client \
        -connect "localhost:$port" -servername localhost -CAfile ca.pem "$@" \
        </dev/null >client.out 2>client.err
}

# field LOG MEMBER: of its last line about a handshake
field() {
    python3 - "$1" "$2" <<'END'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
found = [line for line in lines if line.get("event") == "handshake"][-1:]
print(found[0].get(sys.argv[2], "") if found else "")
END
}

add_row() { # FAULT REASON BOUND MS TEXT
    printf '| %s | %s | %s | %s | %s |\n' "$1" "$2" "$3" "$4" \
        "$(printf %s "$5" | sed -E 's/(localhost|127\.0\.0\.1):[0-9]+/HOST/g')" \
        >>table
}

is_in_time() { # MS BOUND
    case $2 in
    timeout) least=$((short * 9 / 10)) ;;
    *) least=0 ;;
    esac
    awk -v ms="$1" -v least=$least -v most=$enough \
        'BEGIN { exit !(ms != "" && ms + 0 >= least && ms + 0 < most) }'
}

# Some write their line when their peer is gone already.
await() { # LOG
    tries=0
    until [ -n "$(field "$1" reason)" ] || [ $tries -ge 300 ]; do
        tries=$((tries + 1))
        sleep 0.2
    done
}

# judged LOG REASON MEMBER BOUND PATTERN: what the log says is so
judged() {
    await "$1"
    reason=$(field "$1" reason) text=$(field "$1" text) ms=$(field "$1" "$3")
    [ "$reason" = "$2" ] && is_in_time "$ms" "$4" &&
        printf "%s\n" "$text" | grep -Eq -- "$5"
    good=$?
    [ $good = 0 ] || echo "# $reason, $ms ms: $text"
    return $good
}

# row FAULT REASON BOUND SCRIPT [PATTERN [URL MEMBERS]]: the client asks
row() {
    fault=$1 wanted=$2 bound=$3
    policy client.json "${6:-$url}/$4" "${7:-$loopback}" "$background"
    : >client.log
    client "client.$(timeout_of "$bound").cnf"
    judged client.log "$wanted" appraise_ms "$bound" "${5-.}" && client_knows
    result $? "$fault: $wanted"
    add_row "$fault" "$reason" "$bound" "$ms" "$text"
}

# s_client has the reason too, on its error queue, or was let through.
client_knows() {
    if [ "$wanted" = OK ]; then
        [ "$(field client.log verdict)" = affirming ] &&
            grep -q '^Verify return code: 0 ' client.out
    else
        grep -q ':atls:' client.err
    fi
}

new_key verifier
new_key other
new_key soft
authority ca
certificate server ca -days 2
san=plain.test certificate plain ca -days 2
san=
certificate expired ca -days -1
san=other.example certificate wrong ca -days 2
san=
authority stranger
cnf client "require = server" "policy = $work/client.json"
cnf server "attester = attest:soft?key=$work/soft.key"
server server.$long.cnf -cert server.pem -key server.key
attested_port=$port
start verifiers
verifiers=$url

row "none" OK - signed ''
row "slow, but in time" OK - signed_late ''

row "hangs when it is asked for a session" VERIFIER_TIMEOUT timeout hang
row "hangs over the Evidence" VERIFIER_TIMEOUT timeout submit_hangs
row "hangs in the body of its answer" VERIFIER_TIMEOUT timeout hang_in_body
row "sends a byte at a time" VERIFIER_TIMEOUT timeout slow
row "answers late, and together too late" VERIFIER_TIMEOUT timeout signed_slow
row "says 202 for ever" VERIFIER_TIMEOUT "timeout, as the next poll is after it" \
    forever 'still at work|before the timeout'
row "hangs when the session is dropped" OK - signed_drop_hangs ''
start full --full
row "nobody can connect" VERIFIER_TIMEOUT timeout x .
start deaf --deaf
row "hangs in its TLS handshake" VERIFIER_TIMEOUT timeout x . \
    "https${url#http}" '"ca": "ca.pem"'
url=$verifiers

row "is not there" VERIFIER_UNREACHABLE - x 'is it running' http://127.0.0.1:1
row "closes the connection" VERIFIER_UNREACHABLE - nothing
row "closes it in the middle of an answer" VERIFIER_UNREACHABLE - submit_half
row "sends a body without an end" VERIFIER_TOO_LARGE "524288 bytes" endless \
    524288
row "sends a body that is too large" VERIFIER_TOO_LARGE "524288 bytes" \
    oversized 524288
row "sends headers without an end" VERIFIER_TOO_LARGE "32768 bytes" \
    endless_headers 32768
row "sends a result that is too large" VERIFIER_TOO_LARGE "262144 bytes" \
    result_large 262144

row "500" VERIFIER_REFUSED - problem_500 '500 Internal Server Error'
row "502 of a gateway, in text" VERIFIER_REFUSED - text_502 '502 bad  gateway'
row "401" VERIFIER_REFUSED - unauthorized 401
row "404" VERIFIER_REFUSED - not_found '404 page not found'
row "does not take the Evidence" VERIFIER_REFUSED - other_types \
    'application/other'
row "says that the session failed" VERIFIER_REFUSED - failed 'session failed'
row "redirects" VERIFIER_ANSWER - moved 'redirects to http://127.0.0.2/'
row "sends the session elsewhere" VERIFIER_ANSWER - cross_origin 'own origin'
row "speaks something else than HTTP" VERIFIER_ANSWER - garbage
row "sends a page of HTML" VERIFIER_ANSWER - html 'saw text/html'
row "sends what is no JSON" VERIFIER_ANSWER - no_json JSON
row "sends 1000 levels of JSON" VERIFIER_ANSWER "16 levels" deep '16 levels'
row "answers another session" VERIFIER_ANSWER - other_nonce_later another
row "sends no result" VERIFIER_ANSWER - no_result 'one string'

row "signs with another key" RESULT_SIGNATURE - signed_by_another \
    "result of https://v.example: .*ES256"
row "signs nothing (alg none)" RESULT_KEY_UNKNOWN - signed_nothing none
row "signs with what is no JWS" RESULT_MALFORMED - signed_garbage
row "signs another nonce" RESULT_NONCE - signed_another_nonce
row "signs no nonce" RESULT_NONCE_UNCHECKED - signed_no_nonce
row "repeats what it said of another session (the first is good)" OK - \
    signed_another_session ''
row "repeats what it said of another session" RESULT_NONCE - \
    signed_another_session
row "says no (contraindicated)" RESULT_REFUSED - signed_no
row "says affirming, over a vector that says no" RESULT_REFUSED - \
    signed_yes_for_no
row "speaks of another submodule" RESULT_SUBMOD - signed_another_submodule
row "signed an hour ago" RESULT_STALE max_age signed_stale
row "signs from the future" RESULT_FUTURE skew signed_future

secured() { # FAULT CERTIFICATE PATTERN [MEMBERS]
    start "tls_$2" --tls "$2.pem" "$2.key"
    row "$1" VERIFIER_UNTRUSTED - signed "$3" "$url" "${4:-\"ca\": \"ca.pem\"}"
    secure=$url url=$verifiers
}
secured "its certificate has expired" expired expired
secured "its certificate is for another name" wrong name
secured "another CA vouches for it" server . '"ca": "stranger.pem"'
row "it has another key than the pinned one" VERIFIER_UNTRUSTED - signed spki \
    "$secure" "\"ca\": \"ca.pem\", \"spki\": [\"$(spki_hash stranger.pem)\"]"
row "none, over TLS" OK - signed '' "$secure" \
    "\"ca\": \"ca.pem\", \"spki\": [\"$(spki_hash server.pem)\"]"

# Of several in one process the breaker takes care.
policy client.json "$url/hang" "$loopback" "$background"
: >client.log
waiting() { # TIMEOUT WORD...
    waiting_cnf=client.$1.cnf
    shift
    OPENSSL_CONF=$waiting_cnf timeout 200 python3 \
        "$top_srcdir/test/verifier/waiting.py" "$@" >out 2>&1
}
waiting $short often "$attested_port" 5
reasons=$(sed -n 's/.*"reason":"\([A-Z_]*\)".*/\1/p' client.log | tr '\n' ' ')
[ "$reasons" = "VERIFIER_TIMEOUT VERIFIER_TIMEOUT VERIFIER_TIMEOUT \
VERIFIER_BROKEN VERIFIER_BROKEN " ] &&
    judged client.log VERIFIER_BROKEN appraise_ms - '3 timeouts in a row'
result $? "hangs again and again: after three timeouts nobody waits"
add_row "hangs again and again, the fourth time" "$reason" "3 timeouts" "$ms" \
    "$text"

# Servers that judge their clients.
port=
client_row() { # FAULT REASON BOUND SCRIPT [PATTERN]
    fault=$1 wanted=$2 bound=$3
    policy judge.json "$url/$4" "$loopback" '{}'
    : >judge.log
    server "judge.$(timeout_of "$bound").cnf" -cert server.pem \
        -key server.key -Verify 1 -CAfile ca.pem
    client attests.$long.cnf -cert server.pem -key server.key
    judged judge.log "$wanted" appraise_ms "$bound" "${5-.}"
    good=$?
    end_server
    [ $good = 0 ]
    result $? "a server's Verifier, $fault: $wanted"
    add_row "a server's: $fault" "$reason" "$bound" "$ms" "$text"
}
cnf judge "require = client" "policy = $work/judge.json"
cnf attests "attester = attest:soft?key=$work/soft.key" "attest_to = any"
client_row "none" OK - signed ''
client_row "hangs" VERIFIER_TIMEOUT timeout submit_hangs
client_row "signs with another key" RESULT_SIGNATURE - signed_by_another
client_row "500" VERIFIER_REFUSED - problem_500 '500 Internal Server Error'

# Those that attest by passport.
passport_row() { # FAULT REASON BOUND SCRIPT [PATTERN]
    fault=$1 wanted=$2 bound=$3
    policy shows.json "$url/$4" "$loopback" '{}'
    policy client.json "$url/$4" "$loopback" \
        '{ "passport": ["https://v.example"], "delegated_max_age": "10m" }'
    : >shows.log
    : >client.log
    server "shows.$(timeout_of "$bound").cnf" -cert server.pem -key server.key
    client client.$long.cnf
    judged shows.log "$wanted" attest_ms "$bound" "${5-.}"
    good=$?
    end_server
    [ $good = 0 ]
    result $? "a passport's Verifier, $fault: $wanted"
    add_row "a passport's: $fault" "$reason" "$bound" "$ms" "$text"
}
cnf shows "attester = attest:soft?key=$work/soft.key" \
    "passport = https://v.example" "policy = $work/shows.json"
passport_row "none" OK - signed ''
passport_row "hangs" VERIFIER_TIMEOUT timeout submit_hangs
passport_row "signs with another key" RESULT_SIGNATURE - signed_by_another

# Who need not attest does not wait for who must.
server /dev/null -cert plain.pem -key plain.key
plain_port=$port
policy client.json "$url/held" "$loopback" "$background"
waiting $long threads "$attested_port" "$plain_port" "$url"
grep -qx "20 plain, attested waits" out && grep -qx "attested TLSv1.3" out
result $? "plain connections of the process go on while a Verifier is waited for"
add_row "hangs, seen by plain connections of other threads" - none - \
    "nothing: 20 were made while one waited"

# But with one thread for all there is nobody to go on.
policy client.json "$url/hang" "$loopback" "$background"
: >client.log
waiting $short loop "$attested_port" "$plain_port"
ms=$(sed -n 's/^plain accepted //p' out)
[ "$(field client.log reason)" = VERIFIER_TIMEOUT ] && is_in_time "$ms" -
result $? "those of its own thread after the timeout"
add_row "hangs, seen by a plain connection of the same thread" - timeout "$ms" \
    "nothing: it was accepted, late"

echo "# | fault | reason | bound | ms | what the log says |"
sed 's/^/# /' table
plan
