# SPDX-License-Identifier: Apache-2.0
# What the application tests share, to be sourced. A test names its programs,
# says how its server is started and what its client does, and calls scenario:
#
#     need nginx curl
#     server() { write a configuration for $port; exec nginx ...; }
#     client() { curl ...; }              # prints "hello" when it was served
#     scenario nginx curl
#
# Both run the distribution's own programs with OPENSSL_CONF in the environment
# and nothing else of ours. $mutual is yes or no: whether the server asks for a
# client certificate and the client has one. In $work stand ca.pem, server.pem,
# server.key, client.pem, client.key, and $state, a folder that the user of the
# server owns; its name is $peer_name.
#
# The servers attest with a TPM (profile "node") where atls and swtpm have one,
# else with a development key (profile "dev"), the clients with the latter.
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH # the distribution's own programs first
export LC_ALL PATH
. "$top_srcdir/test/swtpm.sh"
peer_name=localhost
tap=0
server_pid=

cleanup() {
    server_stop
    swtpm_stop
    rm -rf "$work"
}

plan() { # NUMBER
    planned=$1
    echo "1..$1"
}

result() { # STATUS SENTENCE
    tap=$((tap + 1))
    if [ "$1" = 0 ]; then
        echo "ok $tap - $2"
    else
        echo "not ok $tap - $2"
        show_logs
    fi
}

# check SENTENCE COMMAND...: the command succeeds.
check() {
    sentence=$1
    shift
    if "$@"; then result 0 "$sentence"; else result 1 "$sentence"; fi
}

show_logs() {
    for file in "$work"/*.out "$work"/*.log "$state"/*.log; do
        [ -s "$file" ] || continue
        tail -n 25 "$file" | sed "s|^|# ${file##*/}: |"
    done
}

# need PROGRAM...: skips the whole plan, by name, when one is not installed.
need() {
    for program; do
        command -v "$program" >/dev/null 2>&1 && continue
        while [ "$tap" -lt "$planned" ]; do
            tap=$((tap + 1))
            echo "ok $tap - $program # SKIP $program is not installed"
        done
        exit 0
    done
}

# wait_until COMMAND...: asks again until it succeeds, for at most 30 s.
wait_until() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || return 1
        sleep 0.05
    done
}

# As root, servers run as nobody, because several refuse to be root.
as_nobody() {
    if [ "$(id -u)" = 0 ]; then
        exec setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
    fi
    exec "$@"
}

is_root() {
    [ "$(id -u)" = 0 ]
}

give_to_server() { # FILE...
    ! is_root || chown nobody:nogroup "$@"
}

make_leaf() { # NAME SUBJECT-ALT-NAME
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -keyout "$work/$1.key" -subj "/CN=$1" -out "$work/$1.csr" &&
        printf '%s\n' "subjectAltName = $2" 'basicConstraints = CA:FALSE' \
            'keyUsage = digitalSignature' 'authorityKeyIdentifier = keyid' \
            'subjectKeyIdentifier = hash' >"$work/$1.ext" &&
        openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.pem" \
            -CAkey "$work/ca.key" -CAcreateserial -days 2 \
            -extfile "$work/$1.ext" -out "$work/$1.pem"
}

make_certificates() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -keyout "$work/ca.key" -subj '/CN=atls test CA' -days 2 \
        -addext 'basicConstraints = critical, CA:TRUE' \
        -addext 'keyUsage = critical, keyCertSign' \
        -addext 'subjectKeyIdentifier = hash' -out "$work/ca.pem" &&
        make_leaf server "DNS:$peer_name, IP:127.0.0.1" &&
        make_leaf client "DNS:client.example" &&
        cp "$work/server.key" "$state/server.key" &&
        chmod 644 "$work"/*.pem &&
        chmod 600 "$work"/*.key "$state/server.key" &&
        give_to_server "$state/server.key"
}

make_soft_key() { # NAME
    openssl genpkey -algorithm EC -pkeyopt group:P-256 -out "$work/$1.pem" &&
        openssl pkey -in "$work/$1.pem" -pubout -out "$work/$1.pub" &&
        chmod 644 "$work/$1.pem"
}

# Providers of the tests' own, by name, that conf activates too.
others=

other_lines() {
    for other in $others; do
        echo "$other = ${other}_provider_section"
    done
}

other_sections() {
    for other in $others; do
        printf '[%s_provider_section]\nmodule = %s\nactivate = 1\n' \
            "$other" "$top_builddir/.libs/$other.so"
    done
}

# conf NAME KEY=VALUE...: writes $work/NAME.cnf, which logs to $work/NAME.log.
conf() {
    conf_name=$1
    shift
    : >"$work/$conf_name.log"
    chmod 666 "$work/$conf_name.log"
    {
        cat <<END
openssl_conf = openssl_init
config_diagnostics = 1
[openssl_init]
providers = provider_section
atls = atls_section
[provider_section]
default = default_section
atls = atls_provider_section
$(other_lines)
[default_section]
activate = 1
[atls_provider_section]
module = $work/atls.so
activate = 1
$(other_sections)
[atls_section]
path = $work/atls_ext.so
log = file:$work/$conf_name.log
END
        printf '%s\n' "$@"
    } >"$work/$conf_name.cnf"
}

has_tpm() {
    [ -f "$top_builddir/.libs/atls_tpm.so" ] && swtpm_have &&
        command -v tpm2_pcrextend >/dev/null 2>&1
}

# The quoted state: PCR 14, which starts as zeros, extended once.
make_tpm_attester() {
    server_attester="attest:tpm?tcti=$SWTPM_TCTI&pcrs=sha256:14"
    server_profile=node
    swtpm_extend 14 atls && OPENSSL_CONF=$work/tools.cnf \
        openssl pkey -in "$server_attester" -pubout -out "$work/tpm.pub"
}

pcr_of_text() { # TEXT: what a PCR of zeros becomes by swtpm_extend
    {
        head -c 32 /dev/zero
        printf %s "$1" | openssl dgst -sha256 -binary
    } | openssl dgst -sha256 -r | cut -d' ' -f1
}

policy() { # FILE TPM-ANCHOR SOFT-ANCHOR
    cat >"$work/$1" <<END
{ "profiles": {
    "node": { "format": "tpm", "trust_anchors": ["$2"],
              "pcrs": { "sha256": { "14": "$pcr14" } } },
    "dev": { "format": "psa", "trust_anchors": ["$3"],
             "lifecycle": ["assembly_and_test"], "any": true } } }
END
}

make_attesters() {
    make_soft_key server-soft && make_soft_key client-soft &&
        make_soft_key stranger || return 1
    conf tools
    pcr14=$(pcr_of_text atls)
    if has_tpm; then
        make_tpm_attester || return 1
    else
        server_attester="attest:soft?key=$work/server-soft.pem"
        server_profile=dev
        cp "$work/server-soft.pub" "$work/tpm.pub"
    fi
    policy server-policy.json tpm.pub server-soft.pub &&
        policy client-policy.json stranger.pub client-soft.pub &&
        policy strangers.json stranger.pub stranger.pub
}

make_confs() {
    client_attester="attest:soft?key=$work/client-soft.pem"
    conf idle "require = none"
    conf attester "attester = $server_attester"
    conf guard "attester = $server_attester" "require = client" \
        "policy = $work/client-policy.json"
    conf relying "require = server" "policy = $work/server-policy.json"
    conf stranger "require = server" "policy = $work/strangers.json"
    conf broken "require = both" "policy = $work/missing.json"
    conf both "require = server" "policy = $work/server-policy.json" \
        "attester = $client_attester"
}

# setup: the folder, certificates, attesters and openssl.cnf files.
setup() {
    work=$(mktemp -d) || exit 1
    trap cleanup EXIT
    trap 'exit 1' HUP INT PIPE TERM
    state=$work/state
    chmod 755 "$work"
    mkdir "$state" && give_to_server "$state"
    printf '[req]\ndistinguished_name = dn\n[dn]\n' >"$work/plain.cnf"
    OPENSSL_CONF=$work/plain.cnf
    export OPENSSL_CONF
    # where the user of a server can read them
    cp "$top_builddir/.libs"/atls*.so "$work"
    ! has_tpm || swtpm_start "$work/tpm" || exit 1
    {
        make_certificates && make_attesters && make_confs
    } >"$work/setup.out" 2>&1 || {
        show_logs
        echo 'Bail out! no certificates or no attesters'
        exit 1
    }
    rm "$work/setup.out"
    echo "# servers attest by ${server_attester%%\?*}, profile $server_profile"
}

pick_port() {
    python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

is_listening() { # PORT
    grep -qi ":$(printf %04X "$1") [0-9A-F:]* 0A " /proc/net/tcp
}

is_up_or_dead() { # PORT PID
    is_listening "$1" || ! kill -0 "$2" 2>/dev/null
}

# server_start CNF: runs server with $work/CNF.cnf until it listens on $port.
# Between the kernel's choice of a port and its use another may take it, hence
# the attempts.
server_start() {
    server_stop
    for attempt in 1 2 3; do
        port=$(pick_port)
        (OPENSSL_CONF=$work/$1.cnf && server) >"$work/server.out" 2>&1 &
        server_pid=$!
        wait_until is_up_or_dead "$port" "$server_pid"
        ! is_listening "$port" || return 0
        server_stop
    done
    return 1
}

server_stop() {
    [ -n "$server_pid" ] || return 0
    kill "${server_signal:--TERM}" "$server_pid" 2>/dev/null
    wait "$server_pid" 2>/dev/null
    server_pid=
}

# through_proxy: a client whose TLS is spoken by proxy, which listens on
# $proxy_port and speaks TLS to $port.
through_proxy() {
    proxy_port=$(pick_port)
    proxy >"$work/proxy.out" 2>&1 &
    proxy_pid=$!
    wait_until is_up_or_dead "$proxy_port" "$proxy_pid"
    (OPENSSL_CONF=$work/plain.cnf && exec curl -sS -f --max-time 60 \
        "http://127.0.0.1:$proxy_port/")
    proxy_status=$?
    kill "$proxy_pid" && wait "$proxy_pid"
    return "$proxy_status"
}

# served CNF: the client, with CNF.cnf, is served.
served() {
    (OPENSSL_CONF=$work/$1.cnf && client) >"$work/client.out" 2>&1 </dev/null &&
        grep -q ^hello "$work/client.out"
}

# refused CNF: the client fails, and is served nothing.
refused() {
    (OPENSSL_CONF=$work/$1.cnf && client) >"$work/client.out" 2>&1 \
        </dev/null && return 1
    ! grep -q ^hello "$work/client.out"
}

# log_has CNF KEY VALUE...: one line of CNF.log has all of these strings.
log_has() {
    log_name=$1
    shift
    log_lines=$(cat "$work/$log_name.log")
    while [ $# -gt 0 ]; do
        log_lines=$(printf '%s\n' "$log_lines" | grep "\"$1\": *\"$2\"") ||
            return 1
        shift 2
    done
}

clear_logs() {
    for log_file in "$work"/*.log; do
        : >"$log_file"
    done
}

# attested CNF PEER PROFILE: served, and CNF's log says what the peer is.
attested_client() { # CNF
    clear_logs
    served "$1" && wait_until log_has "$1" event handshake role client \
        verdict affirming profile "$server_profile" reason OK
}

attested_both() { # CLIENT-CNF SERVER-CNF
    attested_client "$1" && wait_until log_has "$2" event handshake \
        role server verdict affirming profile dev reason OK
}

refused_because() { # CLIENT-CNF LOG-OF ROLE REASON
    clear_logs
    refused "$1" && wait_until log_has "$2" event handshake role "$3" \
        reason "$4"
}

# nothing_noticed: both sides have the module and need nothing of it.
nothing_noticed() {
    clear_logs
    served idle && [ ! -s "$work/idle.log" ]
}

with_server() { # CNF SENTENCE COMMAND...
    server_cnf=$1
    sentence=$2
    shift 2
    if server_start "$server_cnf" && "$@"; then
        result 0 "$sentence"
    else
        result 1 "$sentence"
    fi
}

# serves_nobody CNF: whether or not it starts.
serves_nobody() {
    ! server_start "$1" || refused plain
}

# scenario SERVER CLIENT: eleven tests, first without atls at all.
scenario() {
    mutual=no
    with_server plain "$1 serves $2 without atls" served plain
    check "$2 refuses $1 without attestation" \
        refused_because relying relying client NOT_ANSWERED
    with_server idle "$1 and $2 notice nothing of an atls that is not needed" \
        nothing_noticed
    with_server attester "$1 attests to $2" attested_client relying
    check "$1 with an attester serves $2 without atls" served plain
    check "$2 refuses $1 when its key is no trust anchor" \
        refused_because stranger stranger client ANCHOR_UNKNOWN
    check "$2 whose policy is missing is served nothing" refused broken
    check "$1 whose policy is missing serves nobody" serves_nobody broken
    mutual=yes
    with_server plain "$1 and $2 have certificates without atls" served plain
    with_server guard "$1 and $2 attest to each other" \
        attested_both both guard
    check "$1 refuses $2 without attestation" \
        refused_because plain guard server NOT_OFFERED
    server_stop
}
