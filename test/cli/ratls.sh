# SPDX-License-Identifier: Apache-2.0
# atls inspect on certificates of RA-TLS, whose quotes are by an Intel of our
# own: as Gramine, who follows the interoperable form, and Open Enclave make
# them, and wrong in one place.
. "$top_srcdir/test/cli/harness.sh"
if ! have python3; then
    skip "RA-TLS certificates are read" "python3 is not installed"
    plan
    exit 0
fi
"$top_builddir/test/provider/make_vendors" "$work/vendors" || exit 1

# quote FORMAT FILE: the bare quote for the challenge in the file "data".
quote() {
    openssl pkeyutl -provider-path "$ATLS_MODULES" -provider forged \
        -provider default -sign -inkey "forged:$1?folder=$work/vendors" \
        -in data -out quote.cmw || exit 1
    python3 - "$2" <<'END'
import sys
def item(at):
    head = cmw[at]
    more = {24: 1, 25: 2, 26: 4}.get(head & 31, 0)
    size = int.from_bytes(cmw[at + 1:at + 1 + more], "big") if more else head & 31
    return at + 1 + more, size
cmw = open("quote.cmw", "rb").read()
at, size = item(1)           # the type
if cmw[1] >> 5 == 3:
    at += size
at, size = item(at)          # the value
value = cmw[at:at + size]
if b"outblob" in value:      # of configfs-tsm
    cmw, at = value, value.index(b"outblob") + 7
    at, size = item(at)
    value = cmw[at:at + size]
open(sys.argv[1], "wb").write(value)
END
}

# wrap EXPRESSION: its bytes, as Python has them, into the file "value". Of use
# in it: read(file), bstr(bytes), le(integer, size), sha(bytes).
wrap() {
    python3 - "$1" <<'END'
import hashlib, sys
read = lambda name: open(name, "rb").read()
sha = lambda data: hashlib.sha256(data).digest()
le = lambda value, size: value.to_bytes(size, "little")
def bstr(data):
    return (bytes([0x40 | len(data)]) if len(data) < 24 else
            bytes([0x58, len(data)]) if len(data) < 256 else
            b"\x59" + len(data).to_bytes(2, "big")) + data
claims = lambda key_hash, id=1: (b"\xa1\x6bpubkey-hash" + bstr(
    b"\x82" + bytes([id]) + bstr(key_hash)))
tagged = lambda quote, claims: b"\xd9\xea\x60\x82" + bstr(quote) + bstr(claims)
evidence = lambda data, format="a3a21e871b4d4014b70aa125d2fbcd8c": (
    le(3, 4) + bytes.fromhex(format) + bytes(4) + le(len(data), 8) + data)
report = lambda data, type=2: le(1, 4) + le(type, 4) + le(len(data), 8) + data
open("value", "wb").write(eval(sys.argv[1]))
END
}

# carry OID: the certificate of key.pem with that extension, as cert.pem.
carry() {
    openssl req -x509 -key key.pem -subj /CN=ra-tls -out cert.pem \
        -addext "$1=DER:$(od -An -v -tx1 value | tr -d ' \n')" 2>/dev/null
}

tells() { # SENTENCE OID EXPRESSION, of the extension "it"
    carry "$2"
    asks "$1 is read" 0 inspect --json cert.pem
    json "  with what it says" \
        "(lambda it: $3)([v for v in it['certificate'].values() if isinstance(v, dict)][0])"
}

openssl genpkey -algorithm EC -pkeyopt group:P-256 -out key.pem 2>/dev/null
openssl pkey -in key.pem -pubout -out key.pub
openssl pkey -in key.pem -pubout -outform DER -out key.spki
openssl genpkey -algorithm EC -pkeyopt group:P-256 -out other.pem 2>/dev/null
openssl pkey -in other.pem -pubout -out other.pub
spki=$(openssl dgst -sha256 -r key.spki | cut -d' ' -f1)
mrenclave='it["claims"]["format"] == "sgx" and len(it["claims"]["mrenclave"]) == 64'
gramine=0.6.9.42.840.113741.1337.6
interoperable=2.23.133.5.4.9
enclave=1.2.840.113556.10.1.2

# Gramine: SHA-256 of the SubjectPublicKeyInfo
openssl dgst -sha256 -binary -out data key.spki
quote sgx quote
cp quote value
tells "a certificate of Gramine's" $gramine "$mrenclave and it['is_for_key']"
json "  and the digest of its key" "it['certificate']['key_sha256'] == '$spki'"
json "  under a name of its own" "'gramine_quote' in it['certificate']"
asks "the same as text" 0 inspect cert.pem
says "  with its claims" '^      mrenclave: [0-9a-f]{64}$'
says "  and that it is for the key" '^    is_for_key: yes$'
tells "the OID that Gramine means" 1.2.840.113741.1337.6 \
    "$mrenclave and it['is_for_key']"
tells "a quote of Intel's own tools" 1.2.840.113741.1.13.1 \
    "$mrenclave and 'is_for_key' not in it"
quote tdx tdx.quote
cp tdx.quote value
tells "a TD's quote" $gramine \
    "it['claims']['format'] == 'tdx' and it['is_for_key']"
printf 'another key, whatever it is...!!' >data
quote sgx value
tells "a quote for another key" $gramine "$mrenclave and not it['is_for_key']"
printf '\004\003\000\001\002' >value
tells "something that is no quote" $gramine \
    "it['content'] == '5 bytes: 0403000102' and 'not_a_cmw' in it"
wrap 'read("quote")[:200]'
tells "a quote that is cut" $gramine \
    "'claims' not in it and 'not_appraisable' in it"
printf '\060\003\002\001\001' >value
carry 1.2.840.113741.1.13.1
asks "what a PCK certificate has there is let be" 0 inspect --json cert.pem
json "  as it is no quote" "'intel_quote' not in it['certificate']"

# The interoperable form: SHA-256 of claims that hold a hash of it
wrap 'claims(sha(read("key.spki")))'
cp value claims
openssl dgst -sha256 -binary -out data claims
quote sgx quote
wrap 'tagged(read("quote"), read("claims"))'
tells "tagged evidence" $interoperable \
    "$mrenclave and it['is_for_key'] and it['wrapped_claims'].startswith('51 bytes')"
wrap 'tagged(read("quote"), claims(sha(b"another")))'
tells "tagged evidence with other claims" $interoperable \
    "$mrenclave and not it['is_for_key']"
for hash in 7:384 8:512; do
    wrap "claims(hashlib.sha${hash#*:}(read('key.spki')).digest(), ${hash%:*})"
    cp value claims
    openssl dgst -sha256 -binary -out data claims
    quote sgx quote
    wrap 'tagged(read("quote"), read("claims"))'
    tells "tagged evidence with SHA-${hash#*:}" $interoperable \
        "it['is_for_key']"
done
wrap 'claims(sha(b"another key"))'
cp value claims
openssl dgst -sha256 -binary -out data claims
quote sgx quote
wrap 'tagged(read("quote"), read("claims"))'
tells "tagged evidence for another key" $interoperable \
    "$mrenclave and not it['is_for_key']"
for wrong in 'tagged(read("quote"), read("claims")) + b"\0"' \
    'tagged(read("quote"), read("claims"))[:-1]' \
    'b"\xd9\xea\x61" + tagged(read("quote"), b"")[3:]' \
    'b"\xd9\xea\x60\x81" + bstr(read("quote"))' \
    'b"\xd9\xea\x60\xa1\x01\x02"' 'b"\0"'; do
    wrap "$wrong"
    tells "what is no tagged evidence" $interoperable \
        "'claims' not in it and 'problem' in it"
done
printf '\202\163application/x-other\101\001' >value
tells "a CMW by TCG's extension" $interoperable \
    "it['type'] == 'application/x-other' and 'problem' in it"

# Open Enclave: the key in PEM with its NUL, as claims or as what is hashed
wrap 'read("key.pub") + b"\0"'
cp value claims
openssl dgst -sha256 -binary -out data claims
quote sgx quote
for oid in $enclave 1.3.6.1.4.1.311.105.2; do
    wrap 'evidence(read("quote") + read("claims"))'
    tells "evidence of Open Enclave" $oid "$mrenclave and it['is_for_key'] and
        it['format'] == '16 bytes: a3a21e871b4d4014b70aa125d2fbcd8c'"
done
wrap 'evidence(read("quote"), "1923d91e12d24c72b22025cd8dace871")'
tells "a raw quote of Open Enclave" $enclave \
    "$mrenclave and it['is_for_key'] and 'wrapped_claims' not in it"
for oid in 1.2.840.113556.10.1.1 1.3.6.1.4.1.311.105.1; do
    wrap 'report(read("quote"))'
    tells "a report of Open Enclave" $oid "$mrenclave and it['is_for_key']"
done
wrap 'evidence(read("quote") + read("claims")[:-1])'
tells "evidence whose claims are others" $enclave \
    "$mrenclave and not it['is_for_key']"
wrap 'read("other.pub") + b"\0"'
cp value claims
openssl dgst -sha256 -binary -out data claims
quote sgx quote
wrap 'evidence(read("quote") + read("claims"))'
tells "evidence for another key" $enclave \
    "$mrenclave and not it['is_for_key']"
for wrong in 'evidence(read("quote"))[:-1]' 'evidence(read("quote")) + b"\0"' \
    'evidence(read("quote"))[:31]' 'report(read("quote"), 1)' \
    'report(read("quote"))[:-1]' 'le(2, 4) + bytes(40)' 'b"\3"'; do
    wrap "$wrong"
    tells "what is no evidence of Open Enclave" $enclave \
        "'claims' not in it and it['problem'].startswith('Open Enclave: want')"
done

# The same by themselves
wrap 'evidence(read("quote") + read("claims"))'
asks "Open Enclave's evidence in a file is read" 0 inspect --json value
json "  with the quote's claims" 'it["open_enclave"]["claims"]["format"] == "sgx"'
wrap 'tagged(read("quote"), read("claims"))'
asks "tagged evidence in a file is read" 0 inspect --json value
json "  with the quote's claims" 'it["tagged_evidence"]["claims"]["format"] == "sgx"'
wrap 'b"# a comment\n#\n" + read("quote")'
asks "a quote behind comments is read" 0 inspect --json value
json "  with its claims" 'it["claims"]["format"] == "sgx"'

# id-pe-cmw, which handshakes know
pe=1.3.6.1.5.5.7.1.35
in_der='b"\4\x82" + len(read("quote.cmw")).to_bytes(2, "big") + read("quote.cmw")'
openssl dgst -sha256 -binary -out data key.spki
quote snp unused
wrap "$in_der"
tells "Evidence in id-pe-cmw" $pe "it['is_for_key']"
json "  and described as what it is" 'it["claims"]["format"] == "snp"'
printf 'another key, whatever it is...!!' >data
quote snp unused
wrap "$in_der"
tells "Evidence for another key" $pe "not it['is_for_key']"
cp quote.cmw value
tells "id-pe-cmw without DER in it" $pe \
    "it['problem'].startswith('id-pe-cmw: want DER')"
json "  of which no more is said" '"claims" not in it and "cmw" not in it'

# Real evidence of Open Enclave, read where it is
if [ -n "$ATLS_VECTORS" ]; then
    oe=$ATLS_VECTORS/sgx/oe-evidence.bin
    asks "real evidence of Open Enclave is read" 0 inspect --json "$oe"
    json "  with the enclave that it is of" \
        'it["claims"]["mrenclave"].startswith("91dd79e4")'
    sed 1,2d "$oe" >quote # lines of a licence
    wrap 'evidence(read("quote") + b"claims")'
    tells "the same as a certificate carries it" $enclave \
        "it['claims']['mrenclave'].startswith('91dd79e4') and
         it['wrapped_claims'] == '6 bytes: 636c61696d73' and not it['is_for_key']"
else
    skip "real evidence of Open Enclave is read" "--with-vectors names no folder"
fi
plan
