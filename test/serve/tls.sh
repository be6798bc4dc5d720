# SPDX-License-Identifier: Apache-2.0
# What TLS a Verifier speaks: nothing without forward secrecy, nothing without
# an AEAD. The client would take everything.
. "$top_srcdir/test/serve/harness.sh"
make_soft_key soft
make_signing_key sign
"$atls" policy learn "attest:soft?key=$work/soft.pem" >policy.json
cat >any.cnf <<'END'
openssl_conf = init
[init]
END
for kind in rsa:2048 ec; do
    openssl req -x509 -newkey $kind -pkeyopt \
        "$([ $kind = ec ] && echo ec_paramgen_curve:P-256 ||
            echo rsa_keygen_bits:2048)" \
        -nodes -keyout ${kind%:*}.key -out ${kind%:*}.pem -subj /CN=localhost \
        -days 2 -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
done

speaks() { # OPTION...: the handshake is done; what was agreed is in out
    OPENSSL_CONF=$work/any.cnf openssl s_client -connect "${url#https://}" \
        -CAfile $kind.pem -verify_return_error "$@" </dev/null >out 2>err
}
takes() { # SENTENCE REGEX OPTION...
    sentence=$1
    pattern=$2
    shift 2
    speaks "$@" && grep -Eq "$pattern" out
    result $? "$kind: $sentence"
}
refuses() { # SENTENCE OPTION...: the server hears the client, and hangs up
    sentence=$1
    shift
    ! speaks "$@" && grep -q '^New, (NONE)' out &&
        grep -Eq '^SSL handshake has read [0-9] bytes and written [1-9]' out
    result $? "$kind: $sentence"
}

for kind in rsa ec; do
    start_verifier $kind --policy policy.json --signing-key sign.pem \
        --tls-cert $kind.pem --tls-key $kind.key
    auth=$([ $kind = ec ] && echo ECDSA || echo RSA)
    takes "TLS 1.3" '^New, TLSv1.3, Cipher is TLS_AES_'
    takes "TLS 1.2, with ECDHE and GCM" \
        "^New, TLSv1.2, Cipher is ECDHE-$auth-AES128-GCM-SHA256" -tls1_2 \
        -cipher "ECDHE-$auth-AES128-GCM-SHA256"
    takes "and ChaCha20" "^New, TLSv1.2, Cipher is ECDHE-$auth-CHACHA20-POLY1305" \
        -tls1_2 -cipher "ECDHE-$auth-CHACHA20-POLY1305"
    refuses "no TLS 1.1" -tls1_1 -cipher ALL:@SECLEVEL=0
    refuses "nor TLS 1.0" -tls1 -cipher ALL:@SECLEVEL=0
    refuses "no CBC with SHA-1" -tls1_2 \
        -cipher "ECDHE-$auth-AES128-SHA:@SECLEVEL=0"
    refuses "nor with SHA-256" -tls1_2 \
        -cipher "ECDHE-$auth-AES128-SHA256:@SECLEVEL=0"
    [ $kind = ec ] || for suite in AES128-GCM-SHA256 AES256-GCM-SHA384 \
        AES128-SHA DHE-RSA-AES128-GCM-SHA256; do
        refuses "no $suite" -tls1_2 \
            -cipher "$suite:@SECLEVEL=0"
    done
    stop_verifier $verifier
    check "$kind: SIGTERM ends it well" [ $? = 0 ]
done
plan
