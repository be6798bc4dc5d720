# SPDX-License-Identifier: Apache-2.0
# server and client of harness.sh: the openssl program's own, both of them. To
# be sourced after setup.
server() {
    set --
    [ "$mutual" = no ] || set -- -Verify 1 -verify_return_error \
        -CAfile "$work/ca.pem"
    cd "$work" || exit 1
    exec openssl s_server -accept "127.0.0.1:$port" -cert "$work/server.pem" \
        -key "$work/server.key" -WWW "$@" </dev/null
}

client() {
    set --
    [ "$mutual" = no ] ||
        set -- -cert "$work/client.pem" -key "$work/client.key"
    {
        printf 'GET /hello.txt HTTP/1.0\r\n\r\n'
    } | timeout 60 openssl s_client -connect "127.0.0.1:$port" -quiet \
        -servername "$peer_name" -verify_hostname "$peer_name" \
        -verify_return_error -CAfile "$work/ca.pem" "$@"
}

echo hello >"$work/hello.txt"
