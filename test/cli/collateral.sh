# SPDX-License-Identifier: Apache-2.0
# atls collateral: fetched from a scripted AMD and Intel, under test roots, with
# one thing wrong at a time; then kept, renewed and looked after.
. "$top_srcdir/test/cli/harness.sh"
if ! have python3; then
    echo "1..0 # SKIP python3 is not installed"
    exit 0
fi
"$top_builddir/test/cli/make_vendor" "$work" || exit 1
nonce=$(python3 -c 'print("".join("%02x" % (0xa0 + i) for i in range(48)))')
chip=$(printf 'c1%.0s' $(seq 64))
vcek="/vcek/v1/Milan/$chip?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=217"
pck="/sgx/certification/v4/pckcrl?ca=platform&encoding=der"
tcb="/tdx/certification/v4/tcb?fmspc=50806f000000"

start_vendor() { # OUTPUT [CERTIFICATE KEY]: sets port
    out_of_vendor=$1
    shift
    python3 "$top_srcdir/test/cli/vendor.py" "$work" "$@" \
        >"$out_of_vendor" 2>vendor.err &
    pids="$pids $!"
    tries=0
    until [ -s "$out_of_vendor" ] || [ $tries -ge 1200 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    port=$(cat "$out_of_vendor")
}

good_routes() {
    cat <<END
/vcek/v1/Milan/cert_chain 200 amd-chain.pem
/vcek/v1/Milan/crl 200 amd-crl.der
$vcek 200 amd-vcek.der
/vlek/v1/Milan/cert_chain 200 amd-vlek-chain.pem
/vlek/v1/Milan/crl 200 amd-crl.der
$pck 200 pck.crl SGX-PCK-CRL-Issuer-Chain=pck-chain
/sgx/certification/v4/rootcacrl 200 root.crl.hex
$tcb 200 tdx-tcb.json TCB-Info-Issuer-Chain=tcb-chain
/tdx/certification/v4/qe/identity 200 tdx-qe.json SGX-Enclave-Identity-Issuer-Chain=tcb-chain
END
}

# serve_instead LINE: what goes before the good routes
serve_instead() {
    {
        echo "$1"
        good_routes
    } >routes
}

start_vendor port
url=http://127.0.0.1:$port
: >asked
serve_instead ''

# AMD, from a report to a verdict.
amd="--kds $url --trust-anchor ark.pem"
asks "what a report needs is fetched" 0 collateral fetch $amd box snp.cmw
says "the chain" '^fetched +certificates of ASK and ARK of Milan, until .*amd-vcek-Milan-chain.pem'
says "the CRL" '^fetched +CRL of the ARK of Milan .*amd-vcek-Milan.crl'
says "and the key of the chip" '^fetched +VCEK of Milan, chip c1c1'
check "and nothing else is there" [ "$(ls box | wc -l)" = 3 ]
check "for others to read, too" [ -z "$(find box -type f ! -perm -004)" ]
asks "a policy is learnt with it" 0 policy learn --trust-anchor \
    box/amd-vcek-Milan-chain.pem --collateral box snp.cmw
cp out snp.json
asks "and the report is accepted" 0 appraise --policy snp.json --nonce "$nonce" snp.cmw
says "as affirming" 'verdict: affirming'
rm box/amd-vcek-Milan-c1*
asks "without its key it is refused" 1 appraise --policy snp.json --nonce "$nonce" snp.cmw
says "by name" 'reason: COLLATERAL_MISSING'
: >asked
asks "what is missing is fetched" 0 collateral fetch $amd box snp.cmw
says "and what lasts stays" '^there +certificates of ASK and ARK'
says "or has no newer" '^there +CRL of the ARK .*there is no newer'
check "whose maker is not asked for what lasts" sh -c '! grep -q cert_chain asked'
: >asked
asks "the folder renews itself" 0 collateral fetch $amd box
check "by asking for the CRL alone" [ "$(cat asked)" = /vcek/v1/Milan/crl ]
serve_instead '/vcek/v1/Milan/crl 200 amd-crl-new.der'
asks "a newer CRL" 0 collateral fetch --json $amd box
json "is fetched" '[i["outcome"] for i in it["items"]].count("fetched") == 1 and it["is_good"]'
check "and is there" cmp -s amd-crl-new.der box/amd-vcek-Milan.crl
serve_instead '/vcek/v1/Milan/crl 200 amd-crl-old.der'
asks "an older one" 0 collateral fetch $amd box
says "is not taken" '^kept +CRL of the ARK .*issued before it'
check "and the newer one stays" cmp -s amd-crl-new.der box/amd-vcek-Milan.crl

# keeps SENTENCE LINE REGEX WORD...: with that route the fetch fails, says
# why, and the folder is as it was.
keeps() {
    sentence=$1
    regex=$3
    serve_instead "$2"
    shift 3
    rm -rf before
    cp -a box before
    asks "$sentence" 1 collateral fetch "$@"
    says "$sentence: says so" "$regex"
    diff -r before box >/dev/null 2>&1
    result $? "$sentence: what is there stays"
}

keeps "a CRL that has ended" '/vcek/v1/Milan/crl 200 amd-crl-ended.der' \
    '^failed +CRL of the ARK .*past its time.*what is there stays' $amd box
keeps "a CRL by another root" '/vcek/v1/Milan/crl 200 amd-crl-other.der' \
    'found no such signature' $amd box
keeps "a CRL that is cut" '/vcek/v1/Milan/crl 200 cut:amd-crl.der' \
    'want a connection and a whole answer' $amd box
keeps "a CRL without end" '/vcek/v1/Milan/crl 200 flood' \
    'want at most [0-9]+ bytes of body' $amd box
keeps "a CRL that is not there" '/vcek/v1/Milan/crl 404 -' \
    'saw 404: it has none by that name' $amd box
keeps "a server that fails" '/vcek/v1/Milan/crl 500 -' \
    'saw 500: that is its own failure' $amd box
keeps "a server that is asked too often" '/vcek/v1/Milan/crl 429 -' \
    'saw 429: it limits how often' $amd box
keeps "a page in place of a CRL" '/vcek/v1/Milan/crl 200 routes' \
    'want a CRL of that name' $amd box
rm box/amd-vcek-Milan-c1*
keeps "the key of another chip" "$vcek 200 amd-vcek-other-chip.der" \
    'want that of this chip at this TCB' $amd box snp.cmw
asks "it is fetched where it is right" 1 collateral fetch --kds http://127.0.0.1:1 \
    --trust-anchor ark.pem box snp.cmw
says "and nobody is there" 'want a connection and a whole answer.*is it running'

rm -rf fresh
serve_instead '/vcek/v1/Milan/cert_chain 200 amd-chain-other.pem'
asks "a chain under another root" 1 collateral fetch $amd fresh snp.cmw
says "is not trusted" '^failed +certificates of ASK and ARK of Milan: want a chain'
check "and not put there" [ ! -e fresh/amd-vcek-Milan-chain.pem ]
serve_instead '/vcek/v1/Milan/cert_chain 200 amd-chain-short.pem'
asks "a chain without its root" 1 collateral fetch $amd fresh snp.cmw
says "is not taken" 'want both certificates in PEM'
serve_instead ''
rm -rf fresh
asks "a root that is not AMD's" 1 collateral fetch --kds $url fresh snp.cmw
says "is to be named" "want its maker's root certificate .*--trust-anchor"
check "and nothing is put there" [ -z "$(ls fresh)" ]

asks "a report of a masked chip" 1 collateral fetch $amd fresh snp-masked.cmw
says "lacks what nobody can fetch" '^lacking .*MASK_CHIP_ID'
asks "a report by a VLEK" 1 collateral fetch $amd fresh snp-vlek.cmw
says "lacks what the cloud has" '^lacking .*cloud provider'
says "and gets its chain" '^fetched +certificates of ASVK and ARK of Milan'
asks "a report that names no product" 1 collateral fetch $amd fresh snp-v2.cmw
says "is to be told" '^lacking .*--product'
asks "as it is here" 0 collateral fetch $amd --product Milan fresh snp-v2.cmw
says "by its key" '^fetched +VCEK of Milan'
rm -rf fresh
asks "a chip can be named" 0 collateral fetch $amd --product Milan \
    --chip-id "$chip" --tcb 04000000000018d9 fresh
check "with the same result" cmp -s box/amd-vcek-Milan-chain.pem fresh/amd-vcek-Milan-chain.pem
asks "VLEKs have a chain" 0 collateral fetch $amd --product Milan --vlek fresh
says "of their own" 'amd-vlek-Milan-chain.pem'

# Intel, from a quote to a verdict.
intel="--pcs $url/sgx/certification/v4/ --trust-anchor intel.pem"
rm -rf box
asks "what a quote needs is fetched" 0 collateral fetch $intel box tdx.quote
for what in "CRL of Intel's PCK CA" "CRL of Intel's root CA" \
    "TCB info of TDX for FMSPC 50806f000000" "QE identity of TDX"; do
    says "the $what" "^fetched +$what"
done
asks "a policy is learnt with it" 0 policy learn --trust-anchor intel.pem \
    --collateral box tdx.quote
cp out tdx.json
asks "and the quote is accepted" 0 appraise --policy tdx.json --nonce "$nonce" tdx.quote
says "as affirming" 'verdict: affirming'
asks "a platform can be named" 0 collateral fetch $intel --fmspc 50806F000000 \
    --tee tdx --pck-ca platform other
check "with the same result" diff -r box other
asks "and its folder renews itself" 0 collateral fetch $intel box
check "where nothing is newer" [ "$(grep -c 'there is no newer' out)" = 4 ]
serve_instead "$tcb 200 tdx-tcb-new.json TCB-Info-Issuer-Chain=tcb-chain"
asks "newer TCB info" 0 collateral fetch $intel box
says "is fetched" '^fetched +TCB info'
keeps "TCB info that has ended" \
    "$tcb 200 tdx-tcb-ended.json TCB-Info-Issuer-Chain=tcb-chain" \
    '^failed +TCB info .*past its time' $intel box
keeps "TCB info of another FMSPC" \
    "$tcb 200 tdx-tcb-other-fmspc.json TCB-Info-Issuer-Chain=tcb-chain" \
    'want exactly that' $intel box
keeps "TCB info of another TEE" \
    "$tcb 200 sgx-tcb.json TCB-Info-Issuer-Chain=tcb-chain" \
    'want exactly that' $intel box
keeps "TCB info under another root" \
    "$tcb 200 tdx-tcb-other-root.json TCB-Info-Issuer-Chain=tcb-chain-other" \
    '^failed +TCB info .*trust_anchors' $intel box
keeps "TCB info without its chain" "$tcb 200 tdx-tcb.json" \
    'issuer chain in the header TCB-Info-Issuer-Chain, none came' $intel box
keeps "TCB info with garbage for a chain" \
    "$tcb 200 tdx-tcb.json TCB-Info-Issuer-Chain=tdx-tcb.json" \
    'its issuer chain' $intel box
keeps "TCB info that is cut" \
    "$tcb 200 cut:tdx-tcb.json TCB-Info-Issuer-Chain=tcb-chain" \
    'a whole answer' $intel box
keeps "TCB info without end" "$tcb 200 flood" 'want at most' $intel box
keeps "a platform that nobody knows" "$tcb 404 -" 'saw 404' $intel box
keeps "a root CRL by another root" \
    '/sgx/certification/v4/rootcacrl 200 root-other.crl' \
    'found no such signature' $intel box
keeps "a PCK CRL that has ended" \
    "$pck 200 pck-ended.crl SGX-PCK-CRL-Issuer-Chain=pck-chain" \
    'past its time' $intel box
serve_instead "$tcb 200 tdx-tcb-lower.json TCB-Info-Issuer-Chain=tcb-chain"
asks "TCB info of a lower evaluation" 0 collateral fetch $intel box
says "is not taken" '^kept +TCB info .*lower tcbEvaluationDataNumber'
serve_instead "$tcb 200 tdx-tcb-old.json TCB-Info-Issuer-Chain=tcb-chain"
asks "older TCB info" 0 collateral fetch $intel box
says "is not taken" '^kept +TCB info .*issued before it'
serve_instead ''
asks "a root that is not Intel's" 1 collateral fetch --pcs $url fresh2 tdx.quote
check "brings nothing" [ -z "$(ls fresh2)" ]
says "and is to be named" "want its maker's root certificate .*--trust-anchor"

# A full folder
mkdir full
(cd full && for i in $(seq 4096); do ln -s ../ark.pem "$i.pem"; done)
asks "a folder that is full" 1 collateral fetch $amd full snp.cmw
says "stays as it is" 'full: want at most 4096 files: remove those'
check "so that policies can still be read" [ "$(ls full | wc -l)" = 4096 ]

# Who is asked, and how.
asks "http is for this machine alone" 1 collateral fetch --kds http://192.0.2.1 \
    --trust-anchor ark.pem fresh snp.cmw
says "and atls says so" 'want https, or http to 127.0.0.1'
make_certificate
start_vendor tls.port tls.pem tls.key
rm -rf fresh
asks "a server that nobody vouches for" 1 collateral fetch \
    --kds https://localhost:$port --trust-anchor ark.pem fresh snp.cmw
says "is not believed" 'want a certificate that ca vouches for'
asks "one that --ca vouches for is" 0 collateral fetch \
    --kds https://localhost:$port --ca tls.pem --trust-anchor ark.pem fresh snp.cmw
says "and gives what it has" '^fetched +VCEK'

# Usage
evidence_file=no.cmw
echo '{"a":1}' >$evidence_file
asks "what is no Evidence" 2 collateral fetch $amd fresh no.cmw
complains "is named" 'no.cmw: '
asks "an empty folder without Evidence" 2 collateral fetch $amd empty
complains "has nothing to renew" 'empty: nothing there to renew'
asks "a chip needs its TCB" 2 collateral fetch --product Milan --chip-id c1 fresh
complains "and atls says so" '--chip-id and --tcb go together'
asks "and its product" 2 collateral fetch --chip-id c1 --tcb 04 fresh
complains "and atls says so" '--product is missing'
asks "a chip's name has a length" 2 collateral fetch --product Milan --chip-id c1 \
    --tcb 04000000000018d9 fresh
complains "and atls says which" '--chip-id: want 64 bytes in hex'
asks "there is no such product" 2 collateral fetch --product Naples fresh
complains "and atls says which there are" '--product: want Milan, Genoa or Turin'
asks "an FMSPC has a length" 2 collateral fetch --fmspc 12 fresh
complains "and atls says which" '--fmspc: want 6 bytes in hex'
asks "there is no such TEE" 2 collateral fetch --fmspc 50806f000000 --tee cca fresh
complains "and atls says which there are" '--tee: want tdx or sgx'
asks "a trust anchor is a certificate" 2 collateral fetch --kds $url \
    --trust-anchor no.cmw fresh snp.cmw
complains "and atls says so" 'want certificates in PEM'
asks "a folder that cannot be" 2 collateral fetch $amd no.cmw/box snp.cmw
complains "is named" 'no.cmw/box: '
asks "Evidence that needs no collateral" 0 collateral fetch $amd fresh \
    "$top_srcdir/test/vectors/psa/accept/evidence.cmw"
says "is told so" 'needs no collateral'
make_soft_key soft
asks "an attester is asked for Evidence" 0 collateral fetch $amd fresh \
    "attest:soft?key=$work/soft.pem"
says "and needs none either" 'needs no collateral'

# Status
at() { date -u -d "$1" +%Y-%m-%dT%H:%M:%SZ; }
asks "a folder that is fresh" 0 collateral status box
says "has a line each" '^fresh +TCB info +TDX, FMSPC 50806f000000 +issued .* old\), next .* left\)$'
says "and a sum" '^[0-9]+ fresh, 0 soon, 0 stale, 0 missing, 0 wrong$'
asks "as JSON" 0 collateral status --json box
json "each item has its dates" \
    'it["is_good"] and all({"state","kind","of","issued","next","end","age_s","left_s","folder"} <= set(i) for i in it["items"])'
asks "what ends soon has a status of its own" 3 collateral status --at "$(at '+24 days')" box
says "and is named" '^soon +TCB info'
asks "what has ended has another" 1 collateral status --at "$(at '+40 days')" box
says "and is named" '^stale +TCB info .* ago\)$'
asks "the policy has its trust anchors, too" 0 collateral status --policy tdx.json
says "among the others" '^fresh +trust anchor +Intel SGX Root CA'
sed 's/"format": "tdx"/&, "grace": "20d"/' tdx.json >grace.json
asks "and its grace" 3 collateral status --at "$(at '+40 days')" --policy grace.json
says "which is told" '^soon +TCB info .*, taken until '
rm box/intel-tdx-qe.json
asks "what is missing is no good" 1 collateral status --json --policy tdx.json
json "and is named" \
    '[i["kind"] for i in it["items"] if i["state"] == "missing"] == ["QE identity"]'
"$atls" config --require server --policy tdx.json --set log=stderr >doctor.cnf
asks "doctor looks for it as well" 1 doctor --config doctor.cnf curl
says "and names it" '^fail +collateral: profile learned: QE identity of TDX is not in '
says "and what ends first" '^ok +collateral: .* the next fresh one to end is '
asks "fetch brings it back" 0 collateral fetch $intel box tdx.quote
asks "and doctor is content" 0 doctor --config doctor.cnf curl
echo garbage >box/bad.crl
asks "a file that is none" 1 collateral status box
says "is named" '^wrong +box/bad.crl: want certificates or CRLs'
says "beside the others" '^fresh +QE identity'
mkdir nothing
asks "an empty folder is no good" 1 collateral status nothing
asks "a folder that is not there" 2 collateral status nowhere
complains "is named" 'nowhere: No such file'
asks "a policy that is not there" 2 collateral status --policy nowhere.json
complains "is named" 'nowhere.json: No such file'
asks "a folder or a policy" 2 collateral status
complains "is wanted" 'want either a folder or --policy'
asks "and not both" 2 collateral status --policy tdx.json box
asks "a time is wanted" 2 collateral status --at noon box
complains "as it is written" '--at: want a time'
asks "there are two things to do" 2 collateral forget box
complains "and atls says which" 'want fetch or status, found "forget"'
plan
