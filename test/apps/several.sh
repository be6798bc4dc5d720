#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Several attesters that attest together, through s_server and s_client, in both
# roles: two keys; a chip's report and a device's token, each by an attester of
# its own; and a TPM with a key beside it, which changes, hangs and is gone.
. "$top_srcdir/test/apps/harness.sh"
plan 27
need openssl python3
others=forged
setup
. "$top_srcdir/test/apps/openssl_pair.sh"
vendors=$work/vendors
"$top_builddir/test/provider/make_vendors" "$vendors" || exit 1
cmw='application/cmw.cbor' # a dot for the +

# Each side has accepted the other's members under one profile.
attested_by() { # PROFILE TYPE
    clear_logs
    served peer &&
        wait_until log_has peer event handshake role client verdict affirming \
            profile "$1" reason OK peer_scheme "$2" own_scheme "$2" &&
        wait_until log_has honest event handshake role server \
            verdict affirming profile "$1" reason OK peer_scheme "$2"
}

refused_for() { # CLIENT-CNF LOG-OF ROLE REASON [WORDS]
    refused_because "$1" "$2" "$3" "$4" &&
        log_has "$2" event handshake role "$3" reason "$4" text ".*$5.*"
}

# party NAME HOST DEVICE SETTING...: attests with both, under $policy.
party() {
    party_name=$1 party_host=$2 party_device=$3
    shift 3
    conf "$party_name" "attester.host = $party_host" \
        "attester.device = $party_device" "policy = $policy" "$@"
}

# parties HOST DEVICE [SETTING]: an honest server, its peer, and who only asks.
parties() {
    party honest "$1" "$2" "require = client" "$3"
    party peer "$1" "$2" "require = server" "$3"
    conf relying "require = server" "policy = $policy"
    mutual=yes
}

# A liar of HOST and DEVICE is refused by the honest in both roles.
liar_is_refused() { # SENTENCE HOST DEVICE REASON WORDS [SETTING]
    party liar "$2" "$3" "require = server" "$6"
    mutual=yes
    with_server honest "s_server refuses $1: $4" \
        refused_for liar honest server "$4" "$5"
    party liar "$2" "$3" "$6"
    mutual=no
    with_server liar "s_client refuses $1: $4" \
        refused_for relying relying client "$4" "$5"
}

# Two keys.

soft() { # NAME
    echo "attest:soft?key=$work/$1.pem"
}

# both_policy FILE HOST-PROFILE DEVICE-PROFILE: JSON of each
both_policy() {
    policy=$work/$1
    cat >"$policy" <<END
{ "profiles": { "both": { "format": "composite",
                          "members": { "host": "h", "device": "d" } },
                "h": { $2 }, "d": { $3 } },
  "rules": [ { "accept": ["both"] } ] }
END
}

soft_profile() { # NAME
    echo '"format": "psa", "trust_anchors": ["'"$1"'.pub"],
        "lifecycle": ["assembly_and_test"], "any": true'
}

both_policy two-keys.json "$(soft_profile server-soft)" \
    "$(soft_profile client-soft)"
host=$(soft server-soft) device=$(soft client-soft)
parties "$host" "$device"
with_server honest "s_server and s_client attest to each other by two keys" \
    attested_by both "$cmw"
liar_is_refused "another device's key" "$host" "$(soft stranger)" \
    ANCHOR_UNKNOWN "member device"
liar_is_refused "members that are exchanged" "$device" "$host" \
    ANCHOR_UNKNOWN "member host"
conf alone "attester = $host" "policy = $policy" "require = server"
mutual=yes
with_server honest "s_server refuses a host without its device" \
    refused_because alone honest server SCHEME_NOT_SHARED
mutual=no
with_server alone "s_client refuses a host without its device" \
    refused_because relying relying client NOT_ANSWERED
conf nobody "attester.host = $host" "attester.device = attest:soft?key=/nowhere"
check "a server one of whose attesters cannot be opened serves nobody" \
    serves_nobody nobody

# A chip and a device, of vendors of our own, and the type that the policy says.

forged() { # FORMAT [FLAW]
    echo "forged:$1?folder=$vendors&break=$2"
}

policy=$vendors/composite.json
typed='collection = tag:example.com,2026:host-and-device'
chip=$(forged snp '') token=$(forged psa '')
parties "$chip" "$token" "$typed"
with_server honest "s_server and s_client attest to each other by chip and token" \
    attested_by composite "$cmw; cmwc_t=..tag:example.com,2026:host-and-device.."
liar_is_refused "a chip's report of another connection" \
    "$(forged snp binder)" "$token" BINDER_MISMATCH "another connection" \
    "$typed"
liar_is_refused "a device's token of another connection" "$chip" \
    "$(forged psa binder)" BINDER_MISMATCH "another connection" "$typed"
liar_is_refused "a device's token that was changed" "$chip" \
    "$(forged psa signature)" SIGNATURE_INVALID "member device" "$typed"
liar_is_refused "a chip in debug mode" "$(forged snp debug)" "$token" \
    DEBUG_REFUSED "member host" "$typed"
liar_is_refused "a device with other software" "$chip" \
    "$(forged psa software)" COMPONENT_REFUSED "member device" "$typed"
party untyped "$chip" "$token"
mutual=no
with_server untyped "s_client refuses a collection of another type" \
    refused_because relying relying client NOT_ANSWERED

# A TPM, and a key beside it.

tpm_tests() {
    both_policy tpm-and-key.json '"format": "tpm", "trust_anchors":
        ["tpm.pub"], "pcrs": { "sha256": { "14": "'"$pcr14"'" } }' \
        "$(soft_profile server-soft)"
    parties "$server_attester" "$host"
    with_server honest "s_server and s_client attest to each other by TPM and key" \
        attested_by both "$cmw"
    mutual=no
    party server "$server_attester" "$host"
    with_server server "s_client accepts TPM and key" served relying
    kill -STOP "$SWTPM_PID"
    check "while the TPM hangs the handshake ends, and names it" \
        refused_for relying server server ATTESTER_FAILED \
        "member host: .*did not answer before the deadline"
    check "and others are served" served plain
    kill -CONT "$SWTPM_PID"
    check "when it answers again, so does the server" wait_until served relying
    swtpm_extend 14 more >"$work/extend.out" 2>&1
    check "a TPM that has changed is refused by its name" \
        refused_for relying relying client PCR_MISMATCH "member host"
    swtpm_stop
    check "a TPM that is gone fails the whole, and is named" \
        refused_for relying server server ATTESTER_FAILED \
        "member host: .*Connection refused"
}

if [ "$server_profile" = node ]; then
    tpm_tests
else
    for sentence in "s_server and s_client attest to each other by TPM and key" \
        "s_client accepts TPM and key" \
        "while the TPM hangs the handshake ends, and names it" \
        "and others are served" "when it answers again, so does the server" \
        "a TPM that has changed is refused by its name" \
        "a TPM that is gone fails the whole, and is named"; do
        tap=$((tap + 1))
        echo "ok $tap - $sentence # SKIP swtpm or attest:tpm"
    done
fi
server_stop
