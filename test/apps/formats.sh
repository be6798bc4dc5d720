#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Evidence of every format through s_server and s_client, in both roles, and a
# composite of a host and a device. The attesters hold the keys of vendors of
# our own (test/provider/vendors.h); the policies have those vendors' roots and
# the values of their devices, and nothing else.
. "$top_srcdir/test/apps/harness.sh"
plan 103
need openssl python3
others=forged
setup
. "$top_srcdir/test/apps/openssl_pair.sh"
vendors=$work/vendors
for folder in "$vendors" "$work/strangers"; do
    "$top_builddir/test/provider/make_vendors" "$folder" || exit 1
done
makers=$vendors # whose devices attest

# party NAME FORMAT FLAW SETTING...: attests in that format; no flaw: honestly.
party() {
    party_name=$1 party_format=$2 party_flaw=$3
    shift 3
    conf "$party_name" "policy = $vendors/$party_format.json" \
        "attester = forged:$party_format?folder=$makers&break=$party_flaw" \
        "$@"
}

# Each side has accepted the other's Evidence, by that profile and no other.
attested_by() { # FORMAT TYPE
    clear_logs
    served peer &&
        wait_until log_has peer event handshake role client verdict affirming \
            profile "$1" reason OK peer_scheme "$2" &&
        wait_until log_has honest event handshake role server \
            verdict affirming profile "$1" reason OK peer_scheme "$2"
}

refused_for() { # CLIENT-CNF LOG-OF ROLE REASON [WORDS]
    refused_because "$1" "$2" "$3" "$4" &&
        log_has "$2" event handshake role "$3" reason "$4" text ".*$5.*"
}

flaw_text() { # FLAW[&member=LABEL]
    case $1 in
    *member=*) echo "its ${1##*=}'s ${1%%&*}" ;;
    *) echo "its $1" ;;
    esac
}

# By the server that runs.
client_is_refused() { # FORMAT FLAW REASON [WORDS]
    party liar "$1" "$2" "require = server"
    mutual=yes
    check "s_server refuses $1 for $(flaw_text "$2"): $3" \
        refused_for liar honest server "$3" "$4"
}

server_is_refused() { # FORMAT FLAW REASON [WORDS]
    party liar "$1" "$2"
    mutual=no
    with_server liar "s_client refuses $1 for $(flaw_text "$2"): $3" \
        refused_for relying relying client "$3" "$4"
}

parties() { # FORMAT TYPE
    party honest "$1" '' "require = client"
    party peer "$1" '' "require = server"
    conf relying "require = server" "policy = $vendors/$1.json"
    mutual=yes
    with_server honest "s_server and s_client attest to each other by $1" \
        attested_by "$1" "$2"
}

# Devices like ours, of vendors whose roots nobody trusts.
strangers_are_refused() { # FORMAT REASON
    makers=$work/strangers
    party liar "$1" '' "require = server"
    mutual=yes
    check "s_server refuses $1 of another vendor: $2" \
        refused_because liar honest server "$2"
    party liar "$1" ''
    mutual=no
    with_server liar "s_client refuses $1 of another vendor: $2" \
        refused_because relying relying client "$2"
    makers=$vendors
}

# Of a stranger, of other software, and where it can be, of debug mode.
proves() { # FORMAT TYPE REASON REASON [REASON]
    parties "$1" "$2"
    client_is_refused "$1" binder BINDER_MISMATCH
    client_is_refused "$1" signature SIGNATURE_INVALID
    client_is_refused "$1" software "$4"
    [ -z "$5" ] || client_is_refused "$1" debug "$5"
    strangers_are_refused "$1" "$3"
    server_is_refused "$1" binder BINDER_MISMATCH
    server_is_refused "$1" software "$4"
    [ -z "$5" ] || server_is_refused "$1" debug "$5"
}

tsm=application/vnd.veraison.tsm-report+cbor
tpm=application/vnd.atls.tpm-quote+cbor
eat='application/eat+cwt; eat_profile=..tag' # two dots: \" in the log
proves snp $tsm CHAIN_UNTRUSTED MEASUREMENT_REFUSED DEBUG_REFUSED
proves tdx $tsm CHAIN_UNTRUSTED MEASUREMENT_REFUSED DEBUG_REFUSED
proves sgx application/vnd.atls.sgx-quote CHAIN_UNTRUSTED \
    MEASUREMENT_REFUSED DEBUG_REFUSED
proves nitro application/vnd.atls.nitro-attestation+cose CHAIN_UNTRUSTED \
    PCR_MISMATCH DEBUG_REFUSED
proves cca "$eat:arm.com,2023:cca_platform#1.0.0.." SIGNATURE_INVALID \
    REALM_REFUSED LIFECYCLE_REFUSED
proves psa "$eat:psacertified.org,2023:psa#tfm.." ANCHOR_UNKNOWN \
    COMPONENT_REFUSED LIFECYCLE_REFUSED
proves tpm $tpm ANCHOR_UNKNOWN PCR_MISSING
proves vtpm $tpm CHAIN_UNTRUSTED MEASUREMENT_REFUSED DEBUG_REFUSED
proves vtpm-tdx $tpm CHAIN_UNTRUSTED MEASUREMENT_REFUSED DEBUG_REFUSED

# One bad member of two is the verdict.
parties composite \
    'application/cmw+cbor; cmwc_t=..tag:example.com,2026:host-and-device..'
for role in client server; do
    refused=${role}_is_refused
    for member in host device; do
        $refused composite "binder&member=$member" BINDER_MISMATCH
        $refused composite "signature&member=$member" SIGNATURE_INVALID \
            "member $member"
    done
    $refused composite "debug&member=host" DEBUG_REFUSED "member host"
    $refused composite "debug&member=device" LIFECYCLE_REFUSED "member device"
    $refused composite "software&member=device" COMPONENT_REFUSED \
        "member device"
done
server_stop
