# SPDX-License-Identifier: Apache-2.0
# attest:tsm and attest:nitro with stock tools, where no TEE is. What they make
# is tested in test/unit against fakes of the kernel's.
. "$top_srcdir/test/provider/harness.sh"
tsm="attest:tsm?root=$work/none"

text_says() { # TEXT COMMAND...
    wanted=$1
    shift
    "$@" | grep -qF "$wanted"
}
holds "load touches no device" openssl pkey -noout -in "$tsm"
holds "storeutl attest: lists attest:tsm" \
    text_says "Name: attest:tsm" openssl storeutl attest:
holds "pkey -text names what it makes" \
    text_says "application/vnd.veraison.tsm-report+cbor" \
    openssl pkey -in "$tsm" -noout -text
holds "pkey -text says that there is no key to show" \
    text_says "certificates vouch for the key that signs" \
    openssl pkey -in "$tsm" -noout -text
fails "pkey -pubout says so, too" \
    "attest:tsm has none to show: certificates vouch for the key that signs, \
and their root is the trust anchor" openssl pkey -in "$tsm" -pubout
fails "as does pkey -pubin" "attest:tsm has none to show" \
    openssl pkey -pubin -in "$tsm" -noout
fails "without configfs-tsm the message says path and whose move it is" \
    "$work/none: No such file or directory; want Linux 6.7" sign "$tsm"
fails "an unknown option is refused with those that exist" \
    'attest:tsm has no option "path"; it has root, privlevel, eventlog' \
    sign "attest:tsm?path=/x"
fails "a bad privilege level is refused at load" \
    'privlevel "4": want 0 to 3' openssl pkey -noout -in "$tsm&privlevel=4"
printf 'no log' >"$work/no.log"
fails "what is no event log is refused at load" \
    "eventlog $work/no.log: want a crypto-agile log" \
    openssl pkey -noout -in "$tsm&eventlog=$work/no.log"
fails "and so is one that is not there" \
    "eventlog $work/none.log: No such file" \
    openssl pkey -noout -in "$tsm&eventlog=$work/none.log"
mkdir "$work/plain"
fails "a folder that is no configfs-tsm is refused, and nothing is left in it" \
    "configfs-tsm: provider as uid $(id -u): No such file or directory" \
    sign "attest:tsm?root=$work/plain"
empty() {
    rmdir "$work/plain"
}
holds "nothing is left in it" empty
fails "without a Nitro Secure Module the message says path and whose move" \
    "$work/none as uid $(id -u): No such file or directory; is this an AWS \
Nitro enclave" sign "attest:nitro?device=$work/none"
fails "attest:nitro has no key to show" "attest:nitro has none to show" \
    openssl pkey -in "attest:nitro?device=$work/none" -pubout
plan
