#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# stunnel on both ends: a program that speaks no TLS talks to another through
# two of them. As root the server's end drops its rights after loading.
. "$top_srcdir/test/apps/harness.sh"
plan 11
need stunnel python3
setup

server() {
    {
        ! is_root || printf 'setuid = nobody\nsetgid = nogroup\n'
        cat <<END
foreground = yes
debug = notice
pid =
[hello]
accept = 127.0.0.1:$port
exec = /bin/echo
execArgs = echo hello
cert = $work/server.pem
key = $work/server.key
END
        [ "$mutual" = no ] ||
            printf 'CAfile = %s\nverifyChain = yes\n' "$work/ca.pem"
    } >"$work/stunnel-server.conf"
    exec stunnel "$work/stunnel-server.conf"
}

# In inetd mode: the local end is its standard input and output. Its exit status
# says nothing.
client() {
    {
        cat <<END
client = yes
foreground = yes
debug = notice
pid =
output = $work/stunnel-client.log
connect = 127.0.0.1:$port
CAfile = $work/ca.pem
verifyChain = yes
checkHost = $peer_name
sni = $peer_name
END
        [ "$mutual" = no ] ||
            printf 'cert = %s\nkey = %s\n' "$work/client.pem" \
                "$work/client.key"
    } >"$work/stunnel-client.conf"
    timeout 60 stunnel "$work/stunnel-client.conf" | grep .
}

scenario stunnel 'a client stunnel'
