#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Mosquitto, which drops its rights after it has loaded its certificates, and
# mosquitto_pub: a retained message, read back, is the proof of service.
. "$top_srcdir/test/apps/harness.sh"
plan 11
need mosquitto mosquitto_pub mosquitto_sub python3
setup

server() {
    {
        ! is_root || echo 'user nobody'
        cat <<END
listener $port 127.0.0.1
allow_anonymous true
cafile $work/ca.pem
certfile $work/server.pem
keyfile $state/server.key
END
        [ "$mutual" = no ] || echo 'require_certificate true'
    } >"$work/mosquitto.conf"
    exec mosquitto -c "$work/mosquitto.conf"
}

client() {
    set -- -h "$peer_name" -p "$port" --cafile "$work/ca.pem" -t atls -V mqttv5
    [ "$mutual" = no ] ||
        set -- "$@" --cert "$work/client.pem" --key "$work/client.key"
    timeout 60 mosquitto_pub "$@" -r -q 1 -m hello &&
        timeout 60 mosquitto_sub "$@" -C 1
}

scenario Mosquitto mosquitto_pub
