#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# PostgreSQL, which forks for each connection, and psql.
. "$top_srcdir/test/apps/harness.sh"
plan 11
for pg_bin in /usr/lib/postgresql/*/bin; do
    PATH=$PATH:$pg_bin
done
need postgres initdb psql python3
setup
server_signal=-INT

(as_nobody initdb -D "$state/data" -U atls --auth=trust -E UTF8 --locale=C \
    --no-sync) >"$state/initdb.log" 2>&1 || {
    show_logs
    echo 'Bail out! initdb fails'
    exit 1
}

server() {
    hba="hostssl all all 127.0.0.1/32 trust"
    [ "$mutual" = no ] || hba="$hba clientcert=verify-ca"
    echo "$hba" >"$work/hba.conf"
    as_nobody postgres -D "$state/data" -p "$port" -k '' \
        -c listen_addresses=127.0.0.1 -c hba_file="$work/hba.conf" \
        -c fsync=off -c ssl=on -c ssl_cert_file="$work/server.pem" \
        -c ssl_key_file="$state/server.key" \
        -c ssl_ca_file="$work/ca.pem"
}

client() {
    conninfo="host=$peer_name hostaddr=127.0.0.1 port=$port user=atls"
    conninfo="$conninfo dbname=postgres sslmode=verify-full connect_timeout=60"
    conninfo="$conninfo sslrootcert=$work/ca.pem"
    if [ "$mutual" = yes ]; then
        conninfo="$conninfo sslcert=$work/client.pem sslkey=$work/client.key"
    else
        conninfo="$conninfo sslcert=$work/none"
    fi
    exec psql -X -A -t -c "select 'hel' || 'lo'" "$conninfo"
}

scenario PostgreSQL psql
