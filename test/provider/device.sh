# SPDX-License-Identifier: Apache-2.0
# attest:tpm on a character device that is opened once and shared: swtpm behind
# a pseudo terminal stands in for /dev/tpmrm0 (see pty_tpm.c for what it is
# not).
. "$top_srcdir/test/provider/harness.sh"
. "$top_srcdir/test/swtpm.sh"
pid=
clean_up() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null
}
sharers=$top_builddir/test/provider/sharers

if ! swtpm_have; then
    skips "quotes of a device" swtpm
    plan
    exit 0
fi
if [ ! -x "$top_builddir/test/provider/pty_tpm" ]; then
    skips "quotes of a device" tpm2-tss
    plan
    exit 0
fi
mkdir "$work/state"
"$top_builddir/test/provider/pty_tpm" "$work/path" "$work/state" \
    >"$work/pty.log" 2>&1 </dev/null &
pid=$!
while [ ! -s "$work/path" ] && kill -0 "$pid" 2>/dev/null; do
    sleep 0.02
done
if [ ! -s "$work/path" ]; then
    skips "quotes of a device" "pseudo terminals"
    plan
    exit 0
fi
path=$(cat "$work/path")
device="attest:tpm?tcti=device:$path"

holds "a device quotes" sign "$device"
holds "four threads take turns at one descriptor" "$sharers" "$device" 4 0
holds "four children and their parent take turns at one descriptor" \
    "$sharers" "$device" 1 4
holds "a device whose descriptor was closed and reused is opened again" \
    "$sharers" "$device" 2 2 close-descriptors
holds "quotes that timed out fill no TPM and are not taken for later ones" \
    env TPM_PID=$pid "$sharers" "$device" 2 2 time-out

# Certifying loads a parent and a key besides, which must not stay either.
make_tls_key() {
    tpm2_flushcontext -t &&
        tpm2_createprimary -Q -C o -G ecc256 -c "$work/srk.ctx" &&
        tpm2_evictcontrol -Q -C o -c "$work/srk.ctx" 0x81000001 &&
        tpm2_flushcontext -t &&
        tpm2_create -Q -C 0x81000001 -G ecc256:ecdsa-sha256:null \
            -a "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign" \
            -u "$work/tls.pub" -r "$work/tls.priv" &&
        tpm2_encodeobject -Q -C 0x81000001 -u "$work/tls.pub" \
            -r "$work/tls.priv" -o "$work/tls.key"
}
if command -v tpm2_encodeobject >/dev/null 2>&1; then
    export TPM2TOOLS_TCTI="device:$path"
    holds "an operator makes a TLS key" make_tls_key
    certifying="$device&tls_key=$work/tls.key"
    share() { # as behind a resource manager, which frees what exits left
        tpm2_flushcontext -t && "$sharers" "$certifying" "$@"
    }
    holds "four threads have it certified" share 4 0
    holds "children and their parent have it certified" share 2 4
    TPM_PID=$pid
    export TPM_PID
    holds "certifying that timed out fills no TPM" share 2 2 time-out
else
    skips "a TLS key is certified" tpm2-tools
fi
public_key() {
    openssl pkey -in "$device" -pubout >"$work/1" &&
        openssl pkey -in "$device" -pubout >"$work/2" &&
        cmp "$work/1" "$work/2"
}
holds "the key is the same in each process" public_key

# As somebody who may not open it
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null 2>&1; then
    chmod 755 "$work" && chmod 644 "$OPENSSL_CONF" "$work/binder"
    denied() {
        setpriv --reuid 65534 --regid 65534 --clear-groups \
            openssl pkeyutl -sign -inkey "$device" -in "$work/binder" \
            -out /dev/null
    }
    readable=$(setpriv --reuid 65534 --regid 65534 --clear-groups \
        test -r "$modules/atls.so" && echo yes)
    if [ "$readable" = yes ]; then
        chmod 600 "$path"
        fails "a user without rights is told uid, path and whose move it is" \
            "cannot open $path as uid 65534: Permission denied; let this user \
read and write it (on Debian: group tss), or open it before rights are dropped" \
            denied
    else
        skips "a user without rights is told uid, path and whose move it is" \
            "a build directory that others may read"
    fi
else
    skips "a user without rights is told uid, path and whose move it is" \
        "root and setpriv"
fi
plan
