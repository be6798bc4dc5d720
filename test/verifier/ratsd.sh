# SPDX-License-Identifier: Apache-2.0
# attest:ratsd with stock tools, against a ratsd that answers as the real one's
# sources say.
. "$top_srcdir/test/verifier/harness.sh"
modules=$top_builddir/.libs
printf 0123456789abcdef0123456789abcdef >binder

sign() { # URI
    openssl pkeyutl -provider-path "$modules" -provider atls -provider default \
        -sign -inkey "$1" -in binder -out evidence.cmw
}

fails() { # SENTENCE MESSAGE URI
    ! sign "$3" >out 2>&1 && grep -qF -- "$2" out
    result $? "$1"
}

start ratsd
sign "attest:ratsd?url=$url/ratsd_good" >out 2>&1
result $? "attest:ratsd attests"
grep -q 'vnd.veraison.tsm-report+cbor' evidence.cmw &&
    grep -q 'REPORT OF 0123456789abcdef0123456789abcdef' evidence.cmw
result $? "with a report over the binder, left, and zeros right"
fails "a ratsd that hashes the challenge binds nothing" \
    "want a report over the challenge, this version attests its shake-256" \
    "attest:ratsd?url=$url/ratsd_adjusts"
fails "its problem is repeated" "400 Bad Request: nonce length" \
    "attest:ratsd?url=$url/ratsd_problem"
fails "one that hangs up" "want a connection and a whole answer" \
    "attest:ratsd?url=$url/nothing"
fails "one that is not there" "want a connection and a whole answer" \
    "attest:ratsd?url=http://127.0.0.1:1"
fails "one on another host, in the clear" "want https" \
    "attest:ratsd?url=http://192.0.2.1"
fails "no URL" "want url=" attest:ratsd
fails "another option" 'attest:ratsd has no option "path"; it has url, ca, token' \
    "attest:ratsd?path=/x"
plan
