# SPDX-License-Identifier: Apache-2.0
# Metrics have the times at which somebody must have done something: when trust
# anchors end, and when collateral must be there anew.
. "$top_srcdir/test/serve/harness.sh"
if ! have python3; then
    echo "1..0 # SKIP python3 is not installed"
    exit 0
fi
make_signing_key sign

seconds() { # DATE
    date -u -d "$1" +%s
}
next_update() { # CRL
    seconds "$(openssl crl -in "$1" -noout -nextupdate | cut -d= -f2)"
}

# A vendor of our own, and two of its CRLs: the later one counts. Another
# vendor's ends first.
cat >ca.cnf <<'END'
[ca]
default_ca = it
[it]
database = index
default_md = sha256
crlnumber = number
END
: >index
echo 01 >number
vendor() { # NAME
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -keyout "$1.key" -out "$1.pem" -subj "/CN=$1" -days 30 2>/dev/null
}
crl() { # NAME FILE OPTION...
    name=$1
    file=$2
    shift 2
    openssl ca -config ca.cnf -cert "$name.pem" -keyfile "$name.key" -gencrl \
        -out "$file" "$@" 2>>err
}
mkdir folder
vendor one
vendor two
crl one folder/old.pem -crl_lastupdate 20260101000000Z \
    -crl_nextupdate 20260201000000Z
crl one folder/new.pem -crldays 20
crl two folder/two.pem -crldays 10
echo '{"profiles": {"p": {"format": "snp", "any": true,
    "trust_anchors": ["one.pem"], "collateral": "folder"}}}' >snp.json
start_verifier s --policy snp.json --signing-key sign.pem
call "metrics are there" 200 GET /metrics
says "with the end of a trust anchor" \
    "^atls_serve_anchor_not_after_seconds\{format=\"snp\",profile=\"0\"\} $(seconds \
        "$(openssl x509 -in one.pem -noout -enddate | cut -d= -f2)")\$"
says "and the nextUpdate of the CRL that ends first, of each issuer's newest" \
    "^atls_serve_collateral_next_update_seconds\{format=\"snp\",profile=\"0\",what=\"crl\"\} $(next_update folder/two.pem)\$"
rm folder/two.pem
kill -HUP $verifier
check "SIGHUP reads the folder again" await_line s.log '"reloaded"'
call "metrics are there" 200 GET /metrics
says "with what is there now" \
    "^atls_serve_collateral_next_update_seconds\{format=\"snp\",profile=\"0\",what=\"crl\"\} $(next_update folder/new.pem)\$"
stop_verifier $verifier

# Intel's, as it was once served
served=$ATLS_VECTORS/sgx/phala-sgx_quote.collateral.json
if [ -n "$ATLS_VECTORS" ] && [ -f "$served" ]; then
    mkdir intel
    cp "$served" intel/
    echo '{"profiles": {"p": {"format": "sgx", "any": true, "trust_anchors":
        ["'"$ATLS_VECTORS"'/tdx/intel-sgx-root-ca.pem"], "collateral": "intel"}}}' \
        >sgx.json
    start_verifier i --policy sgx.json --signing-key sign.pem
    call "metrics are there" 200 GET /metrics
    for kind in tcb_info qe_identity; do
        says "with the nextUpdate of $kind" \
            "^atls_serve_collateral_next_update_seconds\{format=\"sgx\",profile=\"0\",what=\"$kind\"\} $(seconds \
                "$(python3 -c 'import json, sys
print(json.loads(json.load(open(sys.argv[1]))[sys.argv[2]])["nextUpdate"])' \
                    "$served" $kind)")\$"
    done
    says "and of the CRLs" \
        '^atls_serve_collateral_next_update_seconds\{format="sgx",profile="0",what="crl"\} [0-9]+$'
    stop_verifier $verifier
else
    skip "metrics have the nextUpdate of Intel's TCB info" "no vectors"
fi
plan
