# SPDX-License-Identifier: Apache-2.0
# Two TEEs, a stolen TLS key and a man in the middle who relays Evidence. Against a binder of a nonce and a public key he gets through; against
# ours he does not. Each cell is one run of three processes over loopback. Then
# he keeps what he saw, and shows it himself: with a delegate of his own, with
# the recorded one's name, and with the recorded one's key out of a dump of the
# genuine side's memory.
#
# What is asserted of a cell: what each end says, the reason in the log of the
# end that must refuse, that genuine Evidence did reach the man in the middle,
# and what he could read.
work=$(mktemp -d) || exit 1
pids=
number=0
failed=0

finish() {
    for pid in $pids; do kill "$pid" 2>/dev/null; done
    rm -rf "$work"
}
trap finish EXIT
cd "$work" || exit 1

modules=$top_builddir/.libs
tools=$top_builddir/test/relay
OPENSSL_CONF=$work/plain.cnf # ours does not matter to what makes keys
export OPENSSL_CONF
printf '[req]\ndistinguished_name = dn\n[dn]\n' >plain.cnf

new_key() {
    openssl genpkey -algorithm EC -pkeyopt group:P-256 -out "$1" 2>>openssl.log
}

new_certificate() { # FILE NAME
    new_key "$1.key" &&
        openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr" &&
        printf 'subjectAltName = DNS:%s\n' "$2" >san &&
        openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -days 2 \
            -CAcreateserial -extfile san -out "$1.pem" 2>>openssl.log
}

new_tee() { # SIDE: the key that signs its Evidence
    new_key "$1.tee.key" &&
        openssl pkey -in "$1.tee.key" -pubout -out "$1.tee.pem"
}

attester_of() { # SIDE
    echo "attest:soft?key=$work/$1.tee.key"
}

new_world() {
    new_key ca.key &&
        openssl req -x509 -new -key ca.key -subj /CN=CA -days 2 -out ca.pem \
            -addext basicConstraints=critical,CA:TRUE &&
        new_certificate server server.test &&
        new_certificate client client.test &&
        new_certificate other server.test &&
        new_tee server &&
        new_tee client &&
        cat >policy.json <<END
{ "profiles": { "tee": { "format": "psa", "trust_anchors": ["*.tee.pem"],
                         "lifecycle": ["assembly_and_test"], "any": true } } }
END
    sed 's/ } } }$/ } },\n  "rules": [ { "delegated_max_age": "10m" } ] }/' \
        policy.json >delegated.json
}

# atls serve, which vouches for both TEEs, and a policy that knows no more than
# its key.
start_verifier() {
    new_key verifier.key
    openssl pkey -in verifier.key -pubout -out verifier.pub
    "$top_builddir/atls" serve --listen 127.0.0.1:0 --policy policy.json \
        --signing-key verifier.key --log "file:$work/verifier.log" \
        >verifier.out 2>verifier.err &
    verifier_pid=$!
    pids="$pids $verifier_pid"
    while kill -0 $verifier_pid 2>/dev/null && [ ! -s verifier.out ]; do
        sleep 0.02
    done
    verifier=$(cat verifier.out)
    cat >passport.json <<END
{ "verifiers": { "$verifier": { "http": "loopback", "keys": ["verifier.pub"],
                                "any": true } },
  "rules": [ { "passport": ["$verifier"], "delegated_max_age": "10m" } ] }
END
    [ -n "$verifier" ]
}

head_of_cnf() {
    cat <<END
openssl_conf = openssl_init
config_diagnostics = 1
[openssl_init]
providers = provider_section
$1
[provider_section]
default = default_section
atls = atls_provider_section
[default_section]
activate = 1
[atls_provider_section]
module = $modules/atls.so
activate = 1
END
}

policy_of() {
    if has strict; then
        echo policy.json
        return
    fi
    for kind in delegated passport; do
        if has $kind; then
            echo $kind.json
            return
        fi
    done
    echo policy.json
}

# SIDE, the PEER that must attest or none, whether this side attests, enforce
bound_cnf() {
    head_of_cnf "atls = atls_section"
    cat <<END
[atls_section]
path = $modules/atls_ext.so
require = $2
policy = $work/$(policy_of)
attest_to = any
enforce = $4
log = file:$work/$1.log
END
    [ "$3" = no ] || echo "attester = $(attester_of "$1")"
    if has delegated && [ "$3" = yes ]; then echo "delegate = $(life)"; fi
    if has passport && [ "$3" = yes ]; then
        printf 'passport = %s\ndelegate = %s\n' "$verifier" "$(life)"
    fi
}

life() {
    if has brief; then echo 10s; else echo 10m; fi
}

wait_for_port() { # FILE PID
    while kill -0 "$2" 2>/dev/null; do
        port=$(sed -n 's/^listening //p' "$1")
        [ -z "$port" ] || return 0
        sleep 0.02
    done
    return 1
}

# CELL is words of: weak bound delegated passport server client mutual relayed direct
# other retry lax record brief strict own named stolen keyless. "server" and "client" say who
# attests, "other" is without the stolen key, "retry" forces HelloRetryRequest everywhere, "lax" is
# a client with enforce = log, "record" keeps what was relayed and the memory of who attested,
# "brief" is a delegate that lives 10 seconds, "strict" a rule that takes none. "own", "named",
# "stolen" and "keyless" say what thief.c shows: the last without the TLS key.
has() {
    case " $cell " in *" $1 "*) return 0 ;; *) return 1 ;; esac
}

options_of() { # SIDE
    options="--cert $1.pem --key $1.key --ca ca.pem"
    if has weak && { has "$1" || has mutual; }; then
        options="$options --weak-attester $(attester_of "$1")"
    fi
    if has weak && { has mutual || ! has "$1"; }; then
        options="$options --weak-policy policy.json"
    fi
}

cnf_of() { # SIDE OTHER-SIDE
    if has weak; then
        head_of_cnf ""
        return
    fi
    attests=no requires=none enforce=yes
    if has "$1" || has mutual; then attests=yes; fi
    if has "$2" || has mutual; then requires=$2; fi
    if has lax && [ "$1" = client ]; then enforce=log; fi
    bound_cnf "$1" $requires $attests $enforce
}

start_server() {
    options_of server
    if has weak && ! has server; then options="$options --ask"; fi
    if has retry; then options="$options --groups P-384"; fi
    if has record && has server; then options="$options --dump memory"; fi
    # shellcheck disable=SC2086 # words
    OPENSSL_CONF=server.cnf "$tools/endpoint" server $options \
        >server.out 2>server.err &
    server_pid=$!
    pids="$pids $server_pid"
    wait_for_port server.out $server_pid
}

start_relay() {
    key=server
    options=
    if has other; then key=other; fi
    if has retry; then options="--groups P-256:P-384"; fi
    if has record; then
        rm -rf recorded memory
        mkdir recorded
        options="$options --record recorded"
    fi
    # shellcheck disable=SC2086
    "$tools/relay" --once --connect "$port" --cert $key.pem --key $key.key \
        --client-cert client.pem --client-key client.key $options \
        >relay.out 2>relay.err &
    relay_pid=$!
    pids="$pids $relay_pid"
    wait_for_port relay.out $relay_pid
}

run_client() {
    options_of client
    if has retry; then options="$options --groups X25519:P-256:P-384"; fi
    if has record && has client; then options="$options --dump memory"; fi
    # shellcheck disable=SC2086
    OPENSSL_CONF=client.cnf "$tools/endpoint" client --connect "$port" \
        --name server.test $options >client.out 2>client.err
}

reset_files() {
    for file in server client relay thief; do
        : >$file.out
        : >$file.err
        : >$file.log
    done
}

run_cell() { # WORDS...
    cell="$*"
    reset_files
    cnf_of server client >server.cnf
    cnf_of client server >client.cnf
    start_server || return 1
    if ! has direct; then start_relay || return 1; fi
    run_client
    if ! has direct; then wait "$relay_pid"; fi
    wait "$server_pid"
    if has retry && ! grep -qx retried client.out; then return 1; fi
    if has retry && ! grep -qx retried server.out; then return 1; fi
    return 0
}

# How the thief is told to show it.
theft_options() {
    options="--cert $thief.pem --key $thief.key --recorded recorded"
    if has other; then
        options="--cert other.pem --key other.key --recorded recorded"
    elif has keyless; then
        options="--cert $thief.pem --key other.key --recorded recorded --keyless"
    fi
    if has named; then options="$options --named"; fi
    if has stolen || has keyless; then options="$options --memory memory"; fi
}

# The genuine side is not there.
run_theft() { # WORDS...
    cell="$*"
    reset_files
    cnf_of server client >server.cnf
    cnf_of client server >client.cnf
    if has server; then thief=server; else thief=client; fi
    if has server; then
        theft_options
        # shellcheck disable=SC2086 # words
        "$tools/thief" server $options >thief.out 2>thief.err &
        thief_pid=$!
        pids="$pids $thief_pid"
        wait_for_port thief.out $thief_pid || return 1
        run_client
        wait "$thief_pid"
    else
        start_server || return 1
        theft_options
        # shellcheck disable=SC2086
        "$tools/thief" client --connect "$port" $options >thief.out \
            2>thief.err
        [ $? != 2 ] || kill "$server_pid" # nobody came
        wait "$server_pid"
    fi
    if has stolen || has keyless; then
        grep -qx "found the delegate" thief.out || return 1
    fi
    return 0
}

victim() {
    if has server; then echo client; else echo server; fi
}

# The victim refuses him, and he reads nothing.
turns_away() { # SENTENCE REASON ALERT
    says "$(victim)" "refused: $1" && ! grep -q '^stolen' thief.out &&
        grep -q "\"reason\":\"$2\".*\"alert\":$3" "$(victim).log"
}
wrong_value() {
    if has passport; then
        turns_away "the Attestation Result answers another challenge" \
            RESULT_NONCE 40
    else
        turns_away "the Evidence is not for this delegate and this key" \
            DELEGATION_VALUE 40
    fi
}
wrong_proof() {
    turns_away "the delegate has not signed for this connection" \
        DELEGATION_PROOF 40
}
is_stale() { turns_away "the delegation has expired" DELEGATION_STALE 40; }
not_offered() {
    if has server; then
        turns_away "peer chose an attestation scheme that was not offered" \
            SCHEME_NOT_OFFERED 47
    else # a server asks for what it takes, and gets something else
        turns_away "CMW type is not the chosen scheme's" CMW_TYPE 47
    fi
}
# What he shows is right, but the handshake needs the TLS key.
bad_signature() {
    says "$(victim)" "refused: bad signature" &&
        ! grep -q '^stolen' thief.out && grep -qx 'closed: .*' thief.out
}
robbed() {
    says "$(victim)" accepted &&
        grep -qx "stolen: secret of the $(victim)" thief.out &&
        grep -q '"verdict":"affirming".*"reason":"OK"' "$(victim).log"
}

says() { # SIDE LINE: its last one
    [ "$(tail -n 1 "$1.out")" = "$2" ]
}

# SIDE refused because the Evidence is bound to another connection
mismatch_at() {
    says "$1" "refused: Evidence is not bound to this connection" &&
        grep -q '"reason":"BINDER_MISMATCH"' "$1.log" &&
        grep -q '"alert":47' "$1.log"
}

was_relayed() { # SIDE whose genuine Evidence reached the man in the middle
    grep -q "^evidence $1 [1-9]" relay.out
}

stole() { # SIDE whose secret he read
    grep -qx "stolen: secret of the $1" relay.out
}

# What has to be seen after each kind of cell.
got_through() {
    says client accepted && says server accepted && stole client &&
        stole server
}

direct_works() {
    says client accepted && says server accepted
}

report() { # STATUS SENTENCE
    number=$((number + 1))
    if [ "$1" = 0 ]; then
        echo "ok $number - $2"
        return
    fi
    failed=$((failed + 1))
    echo "not ok $number - $2"
    for file in server client relay thief; do
        for kind in out err log; do
            sed "s/^/# $file.$kind: /" $file.$kind
        done
    done
}

expect() { # SENTENCE CHECK WORDS...
    sentence=$1
    check=$2
    shift 2
    run_cell "$@" && $check
    report $? "$sentence"
}

client_refuses() { mismatch_at client && was_relayed server && ! stole client && ! stole server; }
server_refuses() { mismatch_at server && was_relayed client && ! stole server; }
lax_server_refuses() {
    server_refuses && was_relayed server &&
        grep -q '"reason":"BINDER_MISMATCH".*"would_refuse":true' client.log
}
weak_server_relayed() { got_through && was_relayed server; }
weak_client_relayed() { got_through && was_relayed client; }
weak_both_relayed() { weak_server_relayed && weak_client_relayed; }
delegated_works() {
    direct_works && grep -q '"own_scheme":"application/cmw+cbor' "$1.log"
}
delegated_server_works() { delegated_works server; }
delegated_client_works() { delegated_works client; }
passport_works() { direct_works && grep -q "\"own_scheme\":\"$verifier\"" "$1.log"; }
passport_server_works() { passport_works server; }
passport_client_works() { passport_works client; }
weak_mismatch() { says client "refused: BINDER_MISMATCH" && was_relayed server; }

theft() { # SENTENCE CHECK WORDS...
    sentence=$1
    check=$2
    shift 2
    run_theft "$@" && $check
    report $? "$sentence"
}

# What was recorded before is shown. KIND is delegated or passport.
thefts() { # KIND SIDE
    theft "$1, $2: recorded, shown with a delegate of one's own" wrong_value \
        bound "$1" "$2" own
    theft "$1, $2: recorded, shown in the recorded delegate's name" \
        wrong_proof bound "$1" "$2" named
    theft "$1, $2: the delegate stolen, with another TLS key" wrong_value \
        bound "$1" "$2" stolen other
    theft "$1, $2: the delegate stolen, with the certificate alone" \
        bad_signature bound "$1" "$2" keyless
    theft "$1, $2: TLS key and delegate stolen get through" robbed \
        bound "$1" "$2" stolen
    theft "$1, $2: but not to who takes Evidence for each connection only" \
        not_offered bound "$1" "$2" stolen strict
}

# And no longer than the delegate lives.
expiry() { # KIND
    run_cell bound "$1" server record brief
    tries=0
    until { run_theft bound "$1" server stolen && is_stale; } ||
        [ $tries -ge 200 ]; do
        tries=$((tries + 1))
        sleep 0.2
    done
    is_stale
    report $? "$1: TLS key and delegate stolen are refused when it has expired"
}

echo 1..58
new_world || {
    echo "Bail out! openssl makes no keys: $(tail -n 1 openssl.log)"
    exit 1
}

expect "a server attests, nobody in the middle" direct_works bound server direct
expect "a client attests, nobody in the middle" direct_works bound client direct
expect "both attest, nobody in the middle" direct_works bound mutual direct
expect "both attest after HelloRetryRequest, nobody in the middle" \
    direct_works bound mutual direct retry

expect "nonce and key: a server's Evidence is relayed" \
    weak_server_relayed weak server
expect "nonce and key: a client's Evidence is relayed" \
    weak_client_relayed weak client
expect "nonce and key: both sides' Evidence is relayed" \
    weak_both_relayed weak mutual
expect "nonce and key: a server's is relayed after HelloRetryRequest" \
    weak_server_relayed weak server retry
expect "nonce and key: a client's is relayed after HelloRetryRequest" \
    weak_client_relayed weak client retry
expect "nonce and key: both sides' is relayed after HelloRetryRequest" \
    weak_both_relayed weak mutual retry
expect "nonce and key: without the stolen key nothing is relayed" \
    weak_mismatch weak server other

expect "ours: a server's relayed Evidence is refused" \
    client_refuses bound server
expect "ours: a client's relayed Evidence is refused" \
    server_refuses bound client
expect "ours: mutual, the client refuses the server's" \
    client_refuses bound mutual
expect "ours: mutual, the server refuses the client's" \
    lax_server_refuses bound mutual lax
expect "ours: a server's is refused after HelloRetryRequest" \
    client_refuses bound server retry
expect "ours: a client's is refused after HelloRetryRequest" \
    server_refuses bound client retry
expect "ours: mutual after HelloRetryRequest, the client refuses" \
    client_refuses bound mutual retry
expect "ours: mutual after HelloRetryRequest, the server refuses" \
    lax_server_refuses bound mutual lax retry

expect "delegate: a server attests, nobody in the middle" \
    delegated_server_works bound delegated server direct
expect "delegate: a client attests, nobody in the middle" \
    delegated_client_works bound delegated client direct
expect "delegate: a server's relayed proof is refused" \
    client_refuses bound delegated server record
thefts delegated server
expect "delegate: a client's relayed proof is refused" \
    server_refuses bound delegated client record
thefts delegated client
expiry delegated
expect "delegate: mutual, the client refuses the server's" \
    client_refuses bound delegated mutual
expect "delegate: mutual, the server refuses the client's" \
    lax_server_refuses bound delegated mutual lax

skip_passports() {
    while read -r sentence; do
        number=$((number + 1))
        echo "ok $number - $sentence # SKIP atls serve is not built"
    done <<END
passport: a server attests, nobody in the middle
passport: a client attests, nobody in the middle
passport: a server's relayed proof is refused
passport: a client's relayed proof is refused
passport: mutual, the client refuses the server's
passport: mutual, the server refuses the client's
passport: TLS key and delegate stolen are refused when it has expired
END
    for side in server client; do
        for what in 'recorded, own delegate' 'recorded, its name' \
            'another TLS key' 'the certificate alone' \
            'TLS key and delegate stolen' 'Evidence only'; do
            number=$((number + 1))
            echo "ok $number - passport, $side: $what # SKIP atls serve is not built"
        done
    done
}

if start_verifier; then
    expect "passport: a server attests, nobody in the middle" \
        passport_server_works bound passport server direct
    expect "passport: a client attests, nobody in the middle" \
        passport_client_works bound passport client direct
    expect "passport: a server's relayed proof is refused" \
        client_refuses bound passport server record
    thefts passport server
    expect "passport: a client's relayed proof is refused" \
        server_refuses bound passport client record
    thefts passport client
    expiry passport
    expect "passport: mutual, the client refuses the server's" \
        client_refuses bound passport mutual
    expect "passport: mutual, the server refuses the client's" \
        lax_server_refuses bound passport mutual lax
else
    skip_passports
fi

# The distribution's own programs instead of ours.
stock_cell() {
    cell="bound server"
    reset_files
    cnf_of server client >server.cnf
    cnf_of client server >client.cnf
    OPENSSL_CONF=server.cnf openssl s_server -accept 127.0.0.1:0 \
        -cert server.pem -key server.key -naccept 1 -www </dev/null \
        >server.out 2>server.err &
    server_pid=$!
    pids="$pids $server_pid"
    while kill -0 $server_pid && ! grep -q '^ACCEPT ' server.out; do
        sleep 0.02
    done
    port=$(sed -n 's/^ACCEPT //p' server.out)
    start_relay || return 1
    OPENSSL_CONF=client.cnf openssl s_client -connect "$port" \
        -servername server.test -CAfile ca.pem </dev/null \
        >client.out 2>client.err
    wait "$relay_pid"
    wait "$server_pid"
    grep -q "atls:.*:Evidence is not bound to this connection" client.err &&
        grep -q '"reason":"BINDER_MISMATCH"' client.log &&
        was_relayed server && ! grep -q '^stolen' relay.out
}
stock_cell
report $? "ours: s_client refuses what s_server's Evidence was relayed for"
[ $failed = 0 ]
