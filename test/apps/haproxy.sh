#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# HAProxy: as root it drops its rights and enters an empty chroot after it has
# loaded everything: as a server of curl, then on both ends.
. "$top_srcdir/test/apps/harness.sh"
plan 22
need haproxy curl python3
setup
mkdir "$work/empty"

haproxy_global() {
    echo global
    if is_root; then
        printf '    user nobody\n    group nogroup\n    chroot %s\n' \
            "$work/empty"
    fi
    cat <<END
defaults
    mode http
    timeout connect 30s
    retries 0
    timeout client 60s
    timeout server 60s
END
}

server() {
    cat "$work/server.pem" "$work/server.key" >"$work/haproxy.pem"
    bind="ssl crt $work/haproxy.pem"
    [ "$mutual" = no ] || bind="$bind verify required ca-file $work/ca.pem"
    {
        haproxy_global
        cat <<END
frontend tls
    bind 127.0.0.1:$port $bind
    http-request return status 200 content-type text/plain string "hello"
END
    } >"$work/haproxy.cfg"
    exec haproxy -db -f "$work/haproxy.cfg"
}

client() {
    set --
    [ "$mutual" = no ] ||
        set -- --cert "$work/client.pem" --key "$work/client.key"
    exec curl -sS --max-time 60 --cacert "$work/ca.pem" \
        --resolve "$peer_name:$port:127.0.0.1" "$@" \
        "https://$peer_name:$port/"
}

scenario HAProxy curl

proxy() {
    cat "$work/client.pem" "$work/client.key" >"$work/haproxy-client.pem"
    backend="ssl verify required ca-file $work/ca.pem"
    backend="$backend sni str($peer_name) verifyhost $peer_name"
    [ "$mutual" = no ] || backend="$backend crt $work/haproxy-client.pem"
    {
        haproxy_global
        cat <<END
listen plain
    bind 127.0.0.1:$proxy_port
    server upstream 127.0.0.1:$port $backend
END
    } >"$work/haproxy-proxy.cfg"
    exec haproxy -db -f "$work/haproxy-proxy.cfg"
}

client() {
    through_proxy
}

scenario HAProxy 'HAProxy as a proxy'
