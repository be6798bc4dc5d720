# SPDX-License-Identifier: Apache-2.0
# A software TPM for a shell test, to be sourced:
#
#     swtpm_start DIR     a TPM with its state in DIR (made if missing; made
#                         absolute); sets SWTPM_TCTI and SWTPM_PID. Returns 1,
#                         with a sentence on stderr, when none can be started.
#     swtpm_stop          ends it, by pid; fine when none was started
#     swtpm_extend N TEXT extends PCR N of the SHA-256 bank by SHA-256(TEXT)
#
# One TPM at a time per shell; call swtpm_stop from a trap. swtpm needs two
# adjacent ports, which the kernel cannot pick: it is started on a pair, and on
# another pair when bind() says that one is taken.
SWTPM_PID=
SWTPM_TCTI=

swtpm_have() {
    command -v swtpm >/dev/null 2>&1
}

swtpm_try() { # DIR PORT
    rm -f "$1/swtpm.pid"
    swtpm socket --tpm2 --tpmstate dir="$1" --pid file="$1/swtpm.pid" \
        --server type=tcp,bindaddr=127.0.0.1,port="$2" \
        --ctrl type=tcp,bindaddr=127.0.0.1,port="$(($2 + 1))" \
        --flags not-need-init,startup-clear \
        --log file="$1/swtpm.log" >"$1/swtpm.out" 2>&1 </dev/null &
    SWTPM_PID=$!
    while kill -0 "$SWTPM_PID" 2>/dev/null; do
        # written after bind() and listen(), so that a client can connect
        [ -s "$1/swtpm.pid" ] && return 0
        sleep 0.02
    done
    wait "$SWTPM_PID" 2>/dev/null
    SWTPM_PID=
    return 1
}

swtpm_start() { # DIR
    swtpm_have || {
        echo "swtpm is not installed (Debian: swtpm)" >&2
        return 1
    }
    mkdir -p "$1" || return 1
    swtpm_dir=$(cd "$1" && pwd) || return 1
    for swtpm_attempt in 1 2 3 4 5 6 7 8 9 10; do
        swtpm_port=$(od -An -N2 -tu2 /dev/urandom)
        swtpm_port=$((20000 + swtpm_port % 6000 * 2))
        if swtpm_try "$swtpm_dir" "$swtpm_port"; then
            SWTPM_TCTI="swtpm:host=127.0.0.1,port=$swtpm_port"
            return 0
        fi
    done
    echo "swtpm does not start: $(cat "$swtpm_dir/swtpm.out")" >&2
    return 1
}

swtpm_stop() {
    [ -n "$SWTPM_PID" ] || return 0
    kill "$SWTPM_PID" 2>/dev/null
    wait "$SWTPM_PID" 2>/dev/null
    SWTPM_PID=
    return 0
}

swtpm_extend() { # PCR TEXT
    swtpm_digest=$(printf %s "$2" | openssl dgst -sha256 -r | cut -d' ' -f1)
    tpm2_pcrextend -T "$SWTPM_TCTI" "$1:sha256=$swtpm_digest"
}
