# SPDX-License-Identifier: Apache-2.0
# atlsd and attest:broker with stock tools, threads, children, chroot, other
# users, a broker that is restarted, and one that is slow.
. "$top_srcdir/test/provider/harness.sh"
broker_pid=
clean_up() {
    broker_stop
}
socket=$work/broker
broker="attest:broker?socket=$socket"
brokered=$top_builddir/test/provider/brokered
chmod 755 "$work"
chmod 644 "$OPENSSL_CONF" "$work/key.pem" "$work/binder"
OPENSSL_MODULES=$modules
export OPENSSL_MODULES

broker_start() { # OPTION...
    rm -f "$socket"
    : >"$work/log"
    "$top_builddir/atlsd" --config "$OPENSSL_CONF" --socket "$socket" \
        --allow "$(id -u)" "$@" 2>"$work/log" &
    broker_pid=$!
    while ! grep -q 'is ready' "$work/log" && kill -0 "$broker_pid" 2>/dev/null
    do
        sleep 0.02
    done
}
broker_stop() {
    [ -n "$broker_pid" ] || return 0
    kill "$broker_pid" 2>/dev/null
    wait "$broker_pid" 2>/dev/null
    broker_pid=
}
atlsd() {
    timeout 20 "$top_builddir/atlsd" "$@"
}
secret=$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
origin=0020${secret}0003aabbcc
asks() { # OPTION...
    sign "$broker" "$work/binder" "$@"
}
soft="attest:soft?key=$work/key.pem"

fails "atlsd wants an attester" "want --attester" atlsd
fails "and one that there is" 'there are attest:soft, attest:tpm' \
    atlsd --attester attest:none --socket "$socket"
fails "an attester that is absent is told at the start" \
    "$work/none: No such file or directory" \
    atlsd --attester "attest:tsm?root=$work/none" --socket "$socket"
fails "a user that there is not cannot be allowed" \
    "--allow nobody-at-all: there is no such user" \
    atlsd --attester "$soft" --allow nobody-at-all
fails "a rate of nothing is refused" "--rate 0: want 1 to 100000" \
    atlsd --attester "$soft" --rate 0
fails "a socket that cannot be made is told" \
    "--socket $work/none/broker: No such file or directory" \
    atlsd --attester "$soft" --socket "$work/none/broker"
fails "without a broker the message says where it was looked for" \
    "broker at $socket: connect as uid $(id -u): No such file or directory; is \
atlsd running" openssl pkey -noout -in "$broker"
fails "a relative path is refused" 'socket "broker": want an absolute path' \
    openssl pkey -noout -in "attest:broker?socket=broker"

broker_start --attester "$soft" --allow 65534
text_says() { # TEXT COMMAND...
    wanted=$1
    shift
    "$@" | grep -qF "$wanted"
}
holds "pkey -text shows what the broker makes: batches" \
    text_says application/vnd.atls.batch+cbor openssl pkey -in "$broker" \
    -noout -text
holds "and what its attester makes" text_says 10003 openssl pkey -in "$broker" \
    -noout -text
fails "pkey -pubout says whom to ask" \
    "the broker gives none: ask its attester, as root" \
    openssl pkey -in "$broker" -pubout
fails "a bare binder is not quoted" \
    "attest:broker quotes no bare value: want binder-origin" asks
fails "nor is an origin of another shape" "binder-origin: want a secret" \
    asks -pkeyopt "hexbinder-origin:${origin}00"
fails "nor one of another role" "binder-origin: want a role" \
    asks -pkeyopt "hexbinder-origin:03${origin#00}"
holds "an origin is" asks -pkeyopt "hexbinder-origin:$origin"
not_the_binder() {
    ! hex "$work/evidence.cmw" | grep -q "$(hex "$work/binder")"
}
holds "over a binder that the broker made itself" not_the_binder
in_batch() {
    hex "$work/evidence.cmw" | grep -q 6470617468806569 # "path": [], "index"
}
holds "alone in its batch" in_batch
plainly() {
    asks -pkeyopt "hexbinder-origin:$origin" -pkeyopt evidence-format:10003 &&
        hex "$work/evidence.cmw" | grep -q ^83192713
}
holds "without a batch around it where none was asked for" plainly
fails "a format that the attester does not make is refused" \
    '"263"; attest:broker makes application/vnd.atls.batch+cbor' \
    asks -pkeyopt "hexbinder-origin:$origin" -pkeyopt evidence-format:263
logged() { # TEXT
    grep -q "$1" "$work/log"
}
holds "the log names each caller, by what the kernel says" \
    logged "quote for pid [0-9]* uid $(id -u) server: OK"
holds "eight threads and four children share a connection" \
    "$brokered" "$broker" 8 4 4
holds "a program that asks for each quote of its own is served, too" \
    "$brokered" "$broker" 1 2 1

: >"$work/log"
holds "who had 300 requests refused may ask, and does so 150 times" \
    "$brokered" "$broker" 1 0 150 annoy 300
lines() { # NUMBER TEXT: so many lines of the log have it
    [ "$(grep -c "$2" "$work/log")" = "$1" ] || {
        grep -c "$2" "$work/log" >&2
        return 1
    }
}
holds "each quote is in the log, though not all refusals are" \
    lines 150 "quote for pid [0-9]* uid $(id -u) server: OK"
not_all_refusals() {
    grep -q "refused pid [0-9]* uid $(id -u): ATTESTER_BINDER" "$work/log" &&
        ! lines 300 "refused pid" 2>/dev/null
}
holds "of which there is a limited number of lines" not_all_refusals

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null 2>&1; then
    mkdir "$work/empty"
    holds "a program that changed root and dropped its rights goes on" \
        "$brokered" "$broker" 4 2 2 leave "$work/empty"
    holds "the log has it as the user that it became" logged "uid 65534 server"
    stranger() {
        setpriv --reuid 65533 --regid 65533 --clear-groups "$@"
    }
    readable=$(stranger test -r "$modules/atls.so" && echo yes)
    if [ "$readable" = yes ]; then
        fails "a user who is not on the list cannot connect" \
            "broker at $socket: ask as uid 65533: " \
            stranger openssl pkey -noout -in "$broker"
    else
        skips "a user who is not on the list cannot connect" \
            "a build directory that others may read"
    fi
else
    for sentence in \
        "a program that changed root and dropped its rights goes on" \
        "the log has it as the user that it became" \
        "a user who is not on the list cannot connect"; do
        skips "$sentence" "root and setpriv"
    done
fi

# A restart: what is connected connects anew
mkfifo "$work/fifo"
"$brokered" "$broker" 4 2 2 wait "$work/fifo" >"$work/said" 2>"$work/out" &
waiting=$!
while ! grep -q ready "$work/said" && kill -0 "$waiting" 2>/dev/null; do
    sleep 0.02
done
broker_stop
broker_start --attester "$soft"
if [ "$(id -u)" = 0 ]; then
    fails "who became a user that is not on the list is refused, by name" \
        "the broker does not serve this user" \
        "$brokered" "$broker" 1 0 1 leave "$work/empty"
else
    skips "who became a user that is not on the list is refused, by name" root
fi
restarted() {
    echo go >"$work/fifo" && wait "$waiting"
}
holds "who is connected does not notice a restart" restarted
broker_stop
fails "a broker that is gone is told" "is atlsd running" asks
: >"$work/log"
"$top_builddir/atlsd" --attester "$soft" --socket "$socket" \
    --allow "$(id -u)" 2>"$work/log" &
broker_pid=$!
while ! grep -q 'is ready' "$work/log" && kill -0 "$broker_pid" 2>/dev/null; do
    sleep 0.02
done
holds "what one that died left behind is no hindrance" \
    asks -pkeyopt "hexbinder-origin:$origin"
broker_stop

# Started by whoever opened its socket, when the first caller stands there
activated_start() { # KIND OPTION...
    rm -f "$socket"
    : >"$work/said"
    : >"$work/log"
    kind=$1
    shift
    "$top_builddir/test/provider/activated" "$kind" "$socket" \
        "$(realpath "$top_builddir/atlsd")" --config "$OPENSSL_CONF" \
        --allow "$(id -u)" "$@" >"$work/said" 2>"$work/log" &
    broker_pid=$!
    while ! grep -q listening "$work/said" && kill -0 "$broker_pid" 2>/dev/null
    do
        sleep 0.02
    done
}
activated_start seqpacket --attester "$soft" --socket "$work/not-this-one"
holds "the caller for whom a broker is started is served" \
    asks -pkeyopt "hexbinder-origin:$origin"
holds "and so are those who come later" "$brokered" "$broker" 4 2 2
no_other_socket() {
    [ ! -e "$work/not-this-one" ]
}
holds "on the socket that was there, and on no other" no_other_socket
broker_stop
for kind in stream connected file none; do
    fails "a broker that was given a $kind in place of its socket ends" \
        "want a local SOCK_SEQPACKET socket that listens" timeout 20 \
        "$top_builddir/test/provider/activated" "$kind" "$socket.$kind" \
        "$(realpath "$top_builddir/atlsd")" --attester "$soft"
done
FDS=2
export FDS
fails "and one that was given two" "LISTEN_FDS is 2; want one" timeout 20 \
    "$top_builddir/test/provider/activated" connected "$socket" \
    "$(realpath "$top_builddir/atlsd")" --config "$OPENSSL_CONF" \
    --attester "$soft"
unset FDS

# A rate, and an attester that is slow or fails
broker_start --attester "$soft" --rate 3
too_often() {
    for i in 1 2 3 4 5 6 7 8; do
        asks -pkeyopt "hexbinder-origin:$origin" || return 1
    done
}
fails "who asks too often is refused" \
    "uid $(id -u) asks more than 3 times a second" too_often
broker_stop
SLOW_COUNT=$work/count
export SLOW_COUNT
broker_start --attester "slow:$work/key.pem?ms=200"
holds "a hundred wait for two or three quotes of 200 ms" \
    "$brokered" "$broker" 100 0 1
few_quotes() {
    [ "$(wc -c <"$work/count")" -le 4 ] || {
        wc -c "$work/count" >&2
        return 1
    }
}
holds "and not for a hundred" few_quotes
fails "a deadline is kept" "Connection timed out" \
    asks -pkeyopt "hexbinder-origin:$origin" -pkeyopt timeout:20
broker_stop
broker_start --attester "slow:$work/key.pem?fault=fail"
fails "what the attester says reaches who asked" "it was told to fail" \
    asks -pkeyopt "hexbinder-origin:$origin"
broker_stop
# The units of systemd
unit=$top_srcdir/provider/broker/atlsd.service.in
unit_has() { # KEY: its value
    sed -n "s/^$1=//p" "$unit"
}
no_groups() {
    [ -z "$(unit_has SupplementaryGroups)$(unit_has Group)" ]
}
holds "the unit names no group, which a system may not have" no_groups
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null 2>&1; then
    cp "$work/key.pem" "$work/device"
    chmod 660 "$work/device"
    chown 65533:65533 "$work/device"
    as_unit() { # CAPABILITIES COMMAND...: root with these alone
        bound=$1
        shift
        setpriv --clear-groups --no-new-privs --inh-caps -all \
            --bounding-set "-all$bound" "$@"
    }
    set_of_unit() {
        unit_has CapabilityBoundingSet | tr '[:upper:]' '[:lower:]' |
            sed 's/cap_/,+/g; s/ //g'
    }
    opens_device() { # CAPABILITIES
        as_unit "$1" openssl pkey -noout -in "attest:soft?key=$work/device"
    }
    holds "its capabilities open a device that is a group's" \
        opens_device "$(set_of_unit)"
    if as_unit ,+sys_admin test -r "$modules/atls.so"; then
        fails "which takes CAP_DAC_OVERRIDE" "Permission denied" \
            opens_device ,+sys_admin
    else
        skips "which takes CAP_DAC_OVERRIDE" "a build directory of root's"
    fi
else
    for sentence in "its capabilities open a device that is a group's" \
        "which takes CAP_DAC_OVERRIDE"; do
        skips "$sentence" "root and setpriv"
    done
fi
if command -v systemd-analyze >/dev/null 2>&1; then
    mkdir "$work/units"
    sed "s,@sbindir@,$(realpath "$top_builddir")," "$unit" \
        >"$work/units/atlsd.service"
    cp "$top_srcdir/provider/broker/atlsd.socket" "$work/units"
    holds "systemd understands them" systemd-analyze --man=no verify \
        "$work/units/atlsd.service" "$work/units/atlsd.socket"
else
    skips "systemd understands them" systemd-analyze
fi

inside() {
    broker_start --attester "$soft"
    atlsd --config "$OPENSSL_CONF" --attester "$broker" --socket "$socket.2"
}
fails "a broker behind a broker is refused" \
    "want an attester, found another broker" inside
plan
