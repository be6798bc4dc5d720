#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# nginx, whose master opens the attester and whose workers use it as nobody:
# as a server of curl, then on both ends, where the client's end is a proxy.
. "$top_srcdir/test/apps/harness.sh"
plan 22
need nginx curl python3
setup

nginx_global() { # NAME
    ! is_root || echo 'user nobody nogroup;'
    cat <<END
worker_processes 2;
pid $state/$1.pid;
error_log $state/$1.log;
events { }
http {
    access_log off;
    client_body_temp_path $state/body;
    proxy_temp_path $state/proxy;
    fastcgi_temp_path $state/fastcgi;
    uwsgi_temp_path $state/uwsgi;
    scgi_temp_path $state/scgi;
END
}

server() {
    {
        nginx_global server
        cat <<END
    server {
        listen 127.0.0.1:$port ssl;
        ssl_certificate $work/server.pem;
        ssl_certificate_key $work/server.key;
        ssl_protocols TLSv1.3;
END
        [ "$mutual" = no ] || cat <<END
        ssl_verify_client on;
        ssl_client_certificate $work/ca.pem;
END
        cat <<END
        location / { return 200 "hello from nginx\\n"; }
    }
}
END
    } >"$work/server.conf"
    exec nginx -e "$state/server.log" -c "$work/server.conf" -g 'daemon off;'
}

client() {
    set --
    [ "$mutual" = no ] ||
        set -- --cert "$work/client.pem" --key "$work/client.key"
    exec curl -sS --max-time 60 --cacert "$work/ca.pem" \
        --resolve "$peer_name:$port:127.0.0.1" "$@" \
        "https://$peer_name:$port/"
}

scenario nginx curl

proxy() {
    {
        nginx_global proxy
        cat <<END
    server {
        listen 127.0.0.1:$proxy_port;
        location / {
            proxy_pass https://127.0.0.1:$port;
            proxy_ssl_protocols TLSv1.3;
            proxy_ssl_server_name on;
            proxy_ssl_name $peer_name;
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate $work/ca.pem;
END
        [ "$mutual" = no ] || cat <<END
            proxy_ssl_certificate $work/client.pem;
            proxy_ssl_certificate_key $work/client.key;
END
        printf '        }\n    }\n}\n'
    } >"$work/proxy.conf"
    exec nginx -e "$state/proxy.log" -c "$work/proxy.conf" -g 'daemon off;'
}

client() {
    through_proxy
}

scenario nginx 'nginx as a proxy'
