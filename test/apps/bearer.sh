#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# s_server and s_client without atls, with Evidence of every format in their
# certificates, against each other with atls. The certificates are made as
# atls(7), "Evidence in certificates", says; the devices are those of
# test/apps/formats.sh.
. "$top_srcdir/test/apps/harness.sh"
plan 43
need openssl python3
others=forged
setup
. "$top_srcdir/test/apps/openssl_pair.sh"
vendors=$work/vendors
"$top_builddir/test/provider/make_vendors" "$vendors" || exit 1
conf makers

# bear NAME SUBJECT-ALT-NAME FORMAT FLAW: a new key and a certificate of the CA,
# which copies what the request has.
bear() {
    cd "$work" || exit 1
    openssl genpkey -algorithm EC -pkeyopt group:P-256 -out "$1.key"
    openssl pkey -in "$1.key" -pubout -outform DER |
        openssl dgst -sha256 -binary >challenge
    OPENSSL_CONF=$work/makers.cnf openssl pkeyutl -sign \
        -inkey "forged:$3?folder=$vendors&break=$4" -in challenge \
        -out evidence.cmw
    cmw=$(od -An -v -tx1 evidence.cmw | tr -d ' \n')
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr" \
        -addext "subjectAltName=$2" \
        -addext "1.3.6.1.5.5.7.1.35=ASN1:FORMAT:HEX,OCT:$cmw"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial \
        -days 2 -copy_extensions copy -out "$1.pem"
} >>"$work/bear.out" 2>&1

server_bears() { # FORMAT FLAW
    bear server "DNS:$peer_name" "$1" "$2"
}

client_bears() { # FORMAT FLAW
    bear client DNS:client.example "$1" "$2"
}

allow() { # FORMAT: policies by which certificates bear
    sed 's/"accept"/"bearer":"certificate","bearer_max_age":"1d",&/' \
        "$vendors/$1.json" >"$vendors/$1-bearer.json"
    conf relying "require = server" "policy = $vendors/$1-bearer.json"
    conf guard "require = client" "policy = $vendors/$1-bearer.json"
}

taken() { # CLIENT-CNF LOG-OF ROLE PROFILE
    clear_logs
    served "$1" && wait_until log_has "$2" event handshake role "$3" \
        verdict affirming profile "$4" reason OK binding certificate
}

not_taken() { # CLIENT-CNF LOG-OF ROLE REASON BINDING
    refused_because "$1" "$2" "$3" "$4" &&
        log_has "$2" event handshake role "$3" reason "$4" binding "$5"
}

bears() { # FORMAT REASON-OF-OTHER-SOFTWARE [MEMBER-THAT-HAS-IT]
    allow "$1"
    mutual=no
    server_bears "$1" ''
    with_server plain "s_client takes $1 in the certificate of s_server" \
        taken relying relying client "$1"
    mutual=yes
    client_bears "$1" ''
    with_server guard "s_server takes $1 in the certificate of s_client" \
        taken plain guard server "$1"
    client_bears "$1" binder
    check "s_server refuses $1 for another key: KEY_MISMATCH" \
        not_taken plain guard server KEY_MISMATCH certificate
    mutual=no
    server_bears "$1" "software${3:+&member=$3}"
    with_server plain "s_client refuses $1 of other software: $2" \
        not_taken relying relying client "$2" certificate
}

bears snp MEASUREMENT_REFUSED
bears tdx MEASUREMENT_REFUSED
bears sgx MEASUREMENT_REFUSED
bears nitro PCR_MISMATCH
bears cca REALM_REFUSED
bears psa COMPONENT_REFUSED
bears tpm PCR_MISSING
bears vtpm MEASUREMENT_REFUSED
bears composite COMPONENT_REFUSED device

# The same certificates, where no rule says so
server_bears snp ''
client_bears snp ''
conf relying "require = server" "policy = $vendors/snp.json"
conf guard "require = client" "policy = $vendors/snp.json"
mutual=no
with_server plain "s_client takes no certificate without a rule: NOT_ANSWERED" \
    not_taken relying relying client NOT_ANSWERED bound
mutual=yes
with_server guard "s_server takes no certificate without a rule: NOT_OFFERED" \
    not_taken plain guard server NOT_OFFERED bound

# Who speaks the extension is held to it, and what it shows there is stronger.
allow snp
conf speaks "attester = forged:snp?folder=$vendors&break="
mutual=no
bound() {
    clear_logs
    served relying && wait_until log_has relying event handshake role client \
        reason OK binding bound
}
with_server speaks "a server that attests and bears is bound" bound
conf liar "attester = forged:snp?folder=$vendors&break=software"
with_server liar "a server that attests to bad software is not saved by it" \
    not_taken relying relying client MEASUREMENT_REFUSED bound
mutual=yes
conf silent "require = server" "policy = $vendors/snp.json"
conf both "require = client" "attester = forged:snp?folder=$vendors&break=" \
    "policy = $vendors/snp-bearer.json"
with_server both "a client that only appraises is not saved by it" \
    not_taken silent both server NOT_OFFERED bound
clear_logs
check "while one without atls is" taken plain both server snp
server_stop

# By hand, as the manual has it: one that has gone bad is seen by atls inspect
"$top_builddir/atls" inspect --json "$work/server.pem" >"$work/shown"
check "atls inspect tells that the Evidence is for the key" \
    grep -q '"is_for_key": true' "$work/shown"
