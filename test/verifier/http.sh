# SPDX-License-Identifier: Apache-2.0
# One HTTP request, and everything that a server can do to it.
. "$top_srcdir/test/verifier/harness.sh"

# asks SENTENCE PATTERN URL PATH [NAME=VALUE...]
asks() {
    sentence=$1 pattern=$2
    shift 2
    "$here/exchange" "$@" >out 2>&1
    grep -Eq -- "$pattern" out
    result $? "$sentence"
}

has() { # SENTENCE PATTERN: the answer before
    grep -Eq -- "$2" out
    result $? "$1"
}

has_no() {
    ! grep -Eiq -- "$2" out
    result $? "$1"
}

start plain
plain=$url
asks "an answer is taken" '^OK 200 type=application/json' \
    "$plain" /echo http=loopback
has "the method is what was asked for" '"method": "GET"'
has_no "nobody is waited for with Expect" '"expect"'
http_proxy=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1 \
    asks "no proxy of the environment is asked" '^OK 200' \
    "$plain" /echo http=loopback
printf 'default login me password secret\n' >.netrc
HOME=$work asks "no .netrc is read" '^OK 200' "$plain" /echo http=loopback
has_no "and no password of it sent" authorization

asks "a body is posted with its type" '"body": "hello"' "$plain" /echo \
    http=loopback method=POST type='application/x; y="z"' body=hello
has "as it was given" '"content-type": "application/x; y=\\"z\\""'
asks "an empty body is posted" '"content-length": "0"' "$plain" /echo \
    http=loopback method=POST
has_no "without a type" '"content-type"'
asks "DELETE is sent" '"method": "DELETE"' "$plain" /echo http=loopback \
    method=DELETE
asks "a media type is asked for" '"accept": "application/x"' "$plain" /echo \
    http=loopback accept=application/x
asks "a relative path goes behind the URL's" '"path": "/echo/a/b/c\?d=e"' \
    "$plain/echo/a" 'b/c?d=e' http=loopback
asks "an absolute path in its place" '"path": "/echo/b"' \
    "$plain/status/a/" /echo/b http=loopback
"$here/exchange" "$plain" /echo http=loopback requests=3 >out 2>&1
grep -o '"connection": [0-9]*' out | sort | uniq -c >connections
grep -q ' 3 "connection"' connections
result $? "three requests go over one connection"

asks "an error is an answer" '^OK 503 ' "$plain" /status/503 http=loopback
asks "a redirect is an answer and not followed" '^OK 302 .*location=/echo ' \
    "$plain" /redirect http=loopback
asks "a server that hangs" '^VERIFIER_TIMEOUT: ' "$plain" /hang http=loopback \
    timeout_ms=300
asks "a server that drips" '^VERIFIER_TIMEOUT: ' "$plain" /slow http=loopback \
    timeout_ms=300
asks "no time at all" '^VERIFIER_TIMEOUT: ' "$plain" /echo http=loopback \
    timeout_ms=-5
asks "an endless body" '^VERIFIER_TOO_LARGE: .*at most 65536 bytes' \
    "$plain" /endless http=loopback
asks "a body beyond its limit" '^VERIFIER_TOO_LARGE: .*at most 65536 bytes' \
    "$plain" /huge http=loopback
asks "a body of just its limit" '^OK 200' "$plain" /last http=loopback max=4
asks "a body of one byte more" '^VERIFIER_TOO_LARGE: ' "$plain" /last \
    http=loopback max=3
asks "endless headers" '^VERIFIER_TOO_LARGE: ' "$plain" /endless_headers \
    http=loopback
asks "a header beyond its limit" '^VERIFIER_TOO_LARGE: ' "$plain" \
    /long_header http=loopback
asks "something that is no HTTP" '^VERIFIER_ANSWER: ' "$plain" /garbage \
    http=loopback
asks "half an answer" '^VERIFIER_UNREACHABLE: ' "$plain" /half http=loopback
asks "no answer" '^VERIFIER_UNREACHABLE: ' "$plain" /nothing http=loopback
asks "a connection that the server closed is made anew" \
    '^OK 200' "$plain" /last http=loopback requests=3
asks "nobody listens" '^VERIFIER_UNREACHABLE: ' http://127.0.0.1:1 / \
    http=loopback
asks "no such host" '^VERIFIER_UNREACHABLE: ' https://no.such.host.invalid /
asks "a line break in a media type is not sent" '^VERIFIER_ANSWER: ' \
    "$plain" /echo http=loopback method=POST type="a/b
X-More: 1"
asks "a space in a path is not sent" '^VERIFIER_ANSWER: ' "$plain" \
    '/echo HTTP/1.1' http=loopback

asks "http needs a word" '^VERIFIER_URL: .*want https' "$plain" /echo
asks "http is for loopback" '^VERIFIER_URL: ' http://192.0.2.1 / http=loopback
asks "http is not for names" '^VERIFIER_URL: ' http://verifier.example / \
    http=loopback
asks "nor for names that begin like an address" '^VERIFIER_URL: ' \
    http://127.0.0.1.example / http=loopback
for bad in ftp://127.0.0.1 file:///etc/passwd https://user@localhost \
    https://user:pass@localhost 'https://localhost/?a=b' 'https://localhost/#a' \
    'https://local host/' localhost https:// '' unix:relative; do
    asks "no URL to ask at: '$bad'" '^VERIFIER_URL: ' "$bad" / http=loopback
done
start socket --unix "$work/socket"
asks "a Unix socket is asked" '"path": "/echo"' "$url" /echo http=loopback
asks "with the same word" '^VERIFIER_URL: ' "$url" /echo

authority ca
authority other
certificate good ca -days 2
certificate expired ca -days -1
san=other.example certificate wrong ca -days 2
san=
certificate client ca -days 2
start good --tls good.pem good.key
good=$url
asks "a certificate of the CA is trusted" '^OK 200' "$good" /echo ca=ca.pem
asks "another CA's is not" '^VERIFIER_UNTRUSTED: .*self.signed|VERIFIER_UNTRUSTED: .*issuer' "$good" \
    /echo ca=other.pem
asks "nor one of nobody whom the system knows" '^VERIFIER_UNTRUSTED: ' \
    "$good" /echo
cp ca.pem now.pem
cp other.pem next.pem
asks "a CA file that is replaced is read by the next connection" \
    '^VERIFIER_UNTRUSTED: ' "$good" /last ca=now.pem next_ca=next.pem \
    requests=2
has "and was good for the one before" '^OK 200'
start expired --tls expired.pem expired.key
asks "nor an expired one" '^VERIFIER_UNTRUSTED: .*expired' "$url" /echo \
    ca=ca.pem
start wrong --tls wrong.pem wrong.key
asks "nor one for another name" '^VERIFIER_UNTRUSTED: .*name' "$url" /echo \
    ca=ca.pem
pin=$(spki_hash good.pem)
asks "the pinned key is trusted" '^OK 200' "$good" /echo ca=ca.pem spki="$pin"
other=$(spki_hash other.pem)
asks "so is one of two" '^OK 200' "$good" /echo ca=ca.pem spki="$other$pin"
asks "another key is not" '^VERIFIER_UNTRUSTED: .*spki' "$good" /echo \
    ca=ca.pem spki="$other"
asks "a pin is no CA" '^VERIFIER_UNTRUSTED: ' "$good" /echo ca=other.pem \
    spki="$pin"
asks "plain HTTP where TLS is" '^VERIFIER_UNREACHABLE: |^VERIFIER_ANSWER: ' \
    "http${good#https}" /echo http=loopback
asks "TLS where plain HTTP is" '^VERIFIER_UNREACHABLE: ' \
    "https${plain#http}" /echo ca=ca.pem
asks "a CA file that is none" '^FILE_UNREADABLE: .* ca,' "$good" /echo \
    ca=good.key

start mutual --tls good.pem good.key --clients ca.pem
mutual=$url
asks "our certificate is shown" '"certificate": ".*client' "$mutual" /echo \
    ca=ca.pem certificate=client.pem key=client.key
asks "without it nobody answers" '^VERIFIER_UNREACHABLE: ' "$mutual" /echo \
    ca=ca.pem
asks "another's key is not ours" '^FILE_UNREADABLE: .*certificate' "$mutual" \
    /echo ca=ca.pem certificate=client.pem key=other.key
openssl pkey -in client.key -aes128 -passout pass:secret -out locked.key
asks "nobody is asked for a password" '^FILE_UNREADABLE: .*password' \
    "$mutual" /echo ca=ca.pem certificate=client.pem key=locked.key

printf 'abc.DEF~1\n' >token
asks "a bearer token is sent" '"authorization": "Bearer abc.DEF~1"' "$good" \
    /echo ca=ca.pem token=token
printf 'abc\r\nX-More: 1\n' >token
asks "one with a line break is not" '^FILE_UNREADABLE: token' "$good" /echo \
    ca=ca.pem token=token
: >token
asks "an empty one is not" '^FILE_UNREADABLE: token' "$good" /echo ca=ca.pem \
    token=token
head -c 9000 /dev/zero | tr '\0' a >token
asks "a long one is not" '^FILE_UNREADABLE: token' "$good" /echo ca=ca.pem \
    token=token
asks "a token that is not there" '^FILE_UNREADABLE: token .*No such file' \
    "$good" /echo ca=ca.pem token=nowhere
asks "a pipe is no token" '^FILE_UNREADABLE: token' "$good" /echo ca=ca.pem \
    token=alive
plan
