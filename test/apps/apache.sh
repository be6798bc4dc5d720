#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Apache with mod_ssl, whose parent opens the attester as root and whose
# children use it as nobody.
. "$top_srcdir/test/apps/harness.sh"
plan 11
need apache2 curl python3
setup
modules=/usr/lib/apache2/modules

server() {
    {
        ! is_root || printf 'User nobody\nGroup nogroup\n'
        cat <<END
ServerName $peer_name
ServerRoot $state
PidFile $state/apache.pid
ErrorLog $state/apache.log
DefaultRuntimeDir $state
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule ssl_module $modules/mod_ssl.so
Listen 127.0.0.1:$port https
DocumentRoot $work/www
SSLEngine on
SSLCertificateFile $work/server.pem
SSLCertificateKeyFile $work/server.key
END
        [ "$mutual" = no ] || cat <<END
SSLVerifyClient require
SSLCACertificateFile $work/ca.pem
END
    } >"$work/apache.conf"
    exec apache2 -DFOREGROUND -f "$work/apache.conf"
}

client() {
    set --
    [ "$mutual" = no ] ||
        set -- --cert "$work/client.pem" --key "$work/client.key"
    exec curl -sS --max-time 60 --cacert "$work/ca.pem" \
        --resolve "$peer_name:$port:127.0.0.1" "$@" \
        "https://$peer_name:$port/index.html"
}

mkdir "$work/www"
echo hello >"$work/www/index.html"
scenario Apache curl
