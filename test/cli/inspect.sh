# SPDX-License-Identifier: Apache-2.0
# atls inspect: everything that somebody may have in a file, and garbage.
. "$top_srcdir/test/cli/harness.sh"
make_soft_key soft
evidence soft.pem 0123456789abcdef0123456789abcdef e.cmw

asks "Evidence of attest:soft is described" 0 inspect e.cmw
says "as a record" '^cmw: record, CBOR'
says "with its type" 'type: application/eat\+cwt; eat_profile="tag:psacert'
says "its indicator" 'indicator: 4 \(evidence\)'
says "and its nonce" "nonce: $(hex 0123456789abcdef0123456789abcdef)"
asks "the same as JSON" 0 inspect --json e.cmw
json "the claims are there" \
    'it["content_format"] == 10003 and it["claims"]["lifecycle"] == "assembly_and_test"'
json "components are a list of objects" \
    'it["claims"]["components"][0]["type"] == "soft"'
"$atls" inspect - <e.cmw >out 2>err
result $? "standard input is read"
says "and described" '^cmw: record, CBOR'

asks "JSON that is no CMW is shown" 0 inspect "$top_srcdir/test/vectors/binder/bound-client-role.json"
says "as JSON" '^json:'
printf '\242\001\002\141a\103\001\002\003' >map.cbor
asks "CBOR that is no CMW is shown" 0 inspect map.cbor
says "with its keys" '  1: 2$'
says "and its bytes" '  a: 3 bytes: 010203$'
printf '\322\204\101\240\240\104\241\001\201\040\100' >sign1.cbor
asks "byte strings that wrap CBOR are opened" 0 inspect sign1.cbor
says "with what they hold" '4 bytes hold:'
printf '{"__cmwc_t":"tag:example.com,2026:a","a":["application/vnd.a","YQ"],"b":["application/vnd.b","YQ",4]}' >c.json
asks "a collection is shown" 0 inspect c.json
says "with its members" '^    type: application/vnd\.a$'
says "and why one cannot be appraised" 'not_appraisable: '
printf '{"a":["text/plain; x=\\u001b[31mred","YQ"]}' >escape.json
asks "what a peer chose is shown" 0 inspect escape.json
! grep -q "$(printf '\033')" out
result $? "and never reaches the terminal as an escape sequence"

# id-pe-cmw (RFC 9999) around the UTF8String {"a":["application/vnd.a","YQ"]}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout x.key -subj /CN=carrier -out x.pem \
    -addext '1.3.6.1.5.5.7.1.35=DER:0C207B2261223A5B226170706C69636174696F6E2F766E642E61222C225951225D7D' \
    2>/dev/null
asks "a certificate that carries a CMW is shown" 0 inspect x.pem
says "with its subject" 'subject: CN=carrier'
says "and the CMW" '^cmw: collection, JSON'
says "with its members" 'type: application/vnd\.a$'
openssl x509 -in x.pem -outform DER -out x.der
asks "in DER too" 0 inspect x.der
says "with the CMW" '^cmw: collection, JSON'

# A CCEL of one event, index 2, with a digest of SHA-384 that is all zero
zeros() { head -c "$1" /dev/zero; }
{
    printf '\001\0\0\0\003\0\0\0'
    zeros 20
    printf '\041\0\0\0Spec ID Event03\0'
    zeros 8
    printf '\001\0\0\0\014\0\060\0\0'
    printf '\002\0\0\0\004\0\0\0\001\0\0\0\014\0'
    zeros 48
    printf '\003\0\0\0abc'
    head -c 100 /dev/zero | tr '\0' '\377'
} >ccel
rtmr=$(zeros 96 | sha384sum | cut -d' ' -f1)
asks "an event log is replayed" 0 inspect --json ccel
json "to RTMRs" "it['registers'] == {'rtmr1': '$rtmr', **{'rtmr%d' % i: 96 * '0' for i in (0, 2, 3)}}"
json "from its events" \
    'it["events"][0]["register"] == "rtmr1" and it["events"][0]["type"] == "EV_SEPARATOR"'
asks "and as text" 0 inspect ccel
says "with what it adds up to" "rtmr1: $rtmr"
if [ -n "$ATLS_VECTORS" ]; then
    "$atls" inspect "$ATLS_VECTORS/tdx/gotdx-cos113.quote.dat" |
        grep -oE 'rtmr[0-3]: [0-9a-f]{96}' | sort >quoted
    "$atls" inspect "$ATLS_VECTORS/tdx/gotdx-cos113.ccel_data.dat" |
        grep -oE 'rtmr[0-3]: [0-9a-f]{96}' | sort >replayed
    [ "$(wc -l <quoted)" = 4 ] && cmp -s quoted replayed
    result $? "a real CCEL adds up to the RTMRs of its quote"
else
    skip "a real CCEL adds up to the RTMRs of its quote" "--with-vectors names no folder"
fi

# Garbage: an answer, not a crash, and no.
head -c 300 /dev/zero >zeros
asks "zeros are nothing" 1 inspect zeros
: >empty
asks "nothing is nothing" 1 inspect empty
printf '\033' >one
asks "a stray byte is nothing" 1 inspect one
head -c 200000 /dev/zero | tr '\0' '\201' >deep # arrays in arrays
asks "depth is limited" 1 inspect deep
printf '\233\377\377\377\377\377\377\377\377' >long
asks "a length of 2^64 is refused" 1 inspect long
head -c 200000 /dev/zero | tr '\0' '[' >deep.json
asks "depth of JSON is limited" 1 inspect deep.json

mutants() { # every byte of Evidence changed, and every length cut
    size=$(wc -c <e.cmw)
    at=0
    while [ $at -lt "$size" ]; do
        cp e.cmw mutant
        printf '\377' | dd of=mutant bs=1 seek=$at conv=notrunc 2>/dev/null
        "$atls" inspect mutant >out 2>err
        [ $? -le 1 ] || return 1
        head -c $at e.cmw >mutant
        "$atls" inspect mutant >out 2>err
        [ $? -le 1 ] || return 1
        at=$((at + 7))
    done
}
mutants
result $? "changed and cut Evidence gets an answer"

head -c 2000000 /dev/zero >huge
asks "a file beyond 1 MiB is not read" 2 inspect huge
complains "and the limit is named" 'at most 1048576 bytes'
asks "a file that is not there is bad input" 2 inspect nowhere
complains "by name" 'nowhere: No such file'

sentence="all vectors get an answer, in text and in valid JSON"
if [ ! -d "$ATLS_VECTORS" ]; then
    skip "$sentence" "no vectors"
elif ! have python3; then
    skip "$sentence" "python3 is not installed"
else
    python3 - "$atls" "$ATLS_VECTORS" >out 2>err <<'END'
import json, os, subprocess, sys
atls, top = sys.argv[1:]
for folder, _, files in os.walk(top):
    for name in files:
        path = os.path.join(folder, name)
        for option in ([], ["--json"]):
            done = subprocess.run([atls, "inspect", *option, path],
                                  capture_output=True)
            too_long = done.returncode == 2 and os.path.getsize(path) > 1 << 20
            assert done.returncode in (0, 1) or too_long, (path, done)
            if option and not too_long:
                json.loads(done.stdout)
END
    result $? "$sentence"
fi
psa=$ATLS_VECTORS/psa/tfm.psa-2_0_0_sign1.bin
if [ -f "$psa" ]; then
    asks "a bare token of another vendor is described" 0 inspect "$psa"
    says "as one" 'a token without its wrapper'
    says "with its profile" 'profile: http://arm.com/psa/2.0.0'
else
    skip "a bare token of another vendor is described" "no vectors"
    skip "as one" "no vectors"
    skip "with its profile" "no vectors"
fi
plan
