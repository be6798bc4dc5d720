# SPDX-License-Identifier: Apache-2.0
# atls config: the file that it prints works with the distribution's openssl,
# and nothing is printed when something is wrong.
. "$top_srcdir/test/cli/harness.sh"
make_soft_key soft
uri=attest:soft?key=$work/soft.pem

asks "a file for an attester is made" 0 config --attester "$uri"
cp out own.cnf
says "it turns diagnostics on" '^config_diagnostics = 1$'
says "it names atls_ext.so by an absolute path" '^path = /.*/atls_ext\.so$'
says "it names atls.so by an absolute path" '^module = /.*/atls\.so$'
says "it holds the attester" "^attester = attest:soft\\?key=$work/soft\\.pem$"
says "node finds it too" '^nodejs_conf = '
OPENSSL_CONF=$work/own.cnf openssl list -providers >out 2>err
result $? "the distribution's openssl loads it"
says "the default provider is active in it" 'OpenSSL Default Provider'
says "and so is ours" '^ *atls$'
OPENSSL_CONF=$work/own.cnf openssl pkey -in "$uri" -pubout >out 2>err
check "its attester opens" cmp out soft.pub

# libcrypto runs modules in the order of the file.
order_of() { # FILE
    "$atls" config --include "$1" --attester "$uri" >made.cnf &&
        awk -v section="[$2]" '$0 == section {on = 1; next} /^\[/ {on = 0}
            on && /^(providers|atls) *=/ {print $1}' "$1" made.cnf |
        tr '\n' ' '
}
cat >upstream.cnf <<END
openssl_conf = my_init
[my_init]
providers = my_providers
ssl_conf = my_ssl
[my_providers]
default = my_default
[my_default]
[my_ssl]
system_default = my_system
[my_system]
MinProtocol = TLSv1.3
END
check "our module stands behind the providers that the system has" \
    [ "$(order_of upstream.cnf my_init)" = "providers atls " ]
"$atls" config --include upstream.cnf --attester "$uri" >made.cnf 2>err
cp made.cnf out
says "the system's default provider is activated where it is" '^\[my_default\]'
OPENSSL_CONF=$work/made.cnf openssl list -providers >out 2>err
says "and openssl has it" 'OpenSSL Default Provider'
says "beside ours" '^ *atls$'

# A server that may speak TLS 1.3 only, by the system's own setting.
make_certificate
serve "$work/made.cnf"
echo | openssl s_client -tls1_2 -connect "127.0.0.1:$port" >out 2>err
! grep -q 'Cipher is [A-Z]*-' out
result $? "the system's ssl_conf stays in force: TLS 1.2 is refused"
echo | openssl s_client -tls1_3 -connect "127.0.0.1:$port" >out 2>err
says "and TLS 1.3 is spoken" 'TLSv1\.3, Cipher is'

asks "no system file is needed" 0 config --include "" --attester "$uri"
cp out alone.cnf
OPENSSL_CONF=$work/alone.cnf openssl list -providers >out 2>err
says "its file has both providers" 'OpenSSL Default Provider'

asks "a policy is learnt" 0 policy learn "$uri"
cp out policy.json
asks "a file that requires is made" 0 config --require server \
    --policy policy.json --set log=file:"$work/atls.log" --set timeout=500ms
says "the policy's path is made absolute" "^policy = $work/policy\\.json$"
says "other settings are there" '^timeout = 500ms$'
check "the log is not made by asking" [ ! -e atls.log ]
asks "the same as JSON" 0 config --json --require server --policy policy.json
json "it holds the file and the settings" \
    '"atls_ext.so" in it["openssl_cnf"] and it["settings"]["require"] == "server"'

make_soft_key other
asks "a file for a host and its device is made" 0 config \
    --attester "host=$uri" --attester "device=attest:soft?key=$work/other.pem"
cp out several.cnf
says "it holds the host's attester" "^attester\\.host = attest:soft\\?key=$work/soft\\.pem$"
says "and the device's" "^attester\\.device = attest:soft\\?key=$work/other\\.pem$"
asks "a label is given once" 2 config --attester "a=$uri" --attester "a=$uri"
complains "or is named" 'attester\.a: want it once'
asks "with a label and without go not together" 2 config \
    --attester "a=$uri" --attester "$uri"
complains "and atls says so" 'attester: want one, or several with a label each'
asks "a label is a word" 2 config --attester "a
b=$uri"
complains "of what a key can have" 'want a label of 1 to 63 letters'
asks "one of several that is unknown is refused" 2 config \
    --attester "host=$uri" --attester device=attest:tmp
complains "by its label" 'attester\.device: .*unknown attester'
asks "the type of their collection is set" 0 config --attester "host=$uri" \
    --set collection=urn:example
says "as another setting" '^collection = urn:example$'

# What config(5) takes for syntax.
odd='a # $b "c" \d'
asks "odd characters in a value survive" 0 config \
    --set "log=file:/$odd"
cp out odd.cnf
says "as they are escaped" 'log = file:/a \\# \\\$b \\"c\\" \\\\d'

for row in "require=all:want none, server, client or both" \
    "colour=blue:unknown key" "timeout=soon:want 1ms" "identity=me:want x509" \
    "binding=draft:want bound" "resume=bounded:want never" \
    "log=nowhere:log" "path=/x:want a key of atls"; do
    asks "--set ${row%%:*} is refused" 2 config --set "${row%%:*}"
    complains "with what was wanted" "${row#*:}"
done
asks "--set wants KEY=VALUE" 2 config --set colour
complains "and says so" 'want KEY=VALUE, found "colour"'
asks "a key is set once" 2 config --require none --set require=none
complains "or is named" 'require: want it once'
asks "require needs a policy" 2 config --require server
complains "and says so" 'policy: require needs one'
asks "a policy that is not there is refused" 2 config --policy nowhere.json
complains "by name" 'nowhere.json: No such file'
echo '{"profiles": {}, "rule": []}' >bad.json
asks "a bad policy is refused" 2 config --require server --policy bad.json
complains "with its first problem" 'bad.json'
asks "an unknown attester is refused" 2 config --attester attest:tmp
complains "with those that there are" 'unknown attester.*tpm'
asks "a bad option of a URI is refused" 2 config --attester 'attest:tpm?pin=1'
complains "by name" 'pin'
asks "a missing key is refused" 2 config --attester attest:soft
complains "with the command that makes one" 'openssl genpkey'
asks "attest:tpm needs no TPM to be configured" 0 config \
    --attester attest:tpm?tcti=device:/nowhere/tpm0
asks "what the system's file has already is not added again" 2 config \
    --include own.cnf --attester "$uri"
complains "and it says where it is" 'already loads atls_ext.so in \[atls_section\]'
asks "an included file must be there" 2 config --include nowhere.cnf
complains "or is named" 'nowhere.cnf: No such file'
asks "a value with a line break cannot be written" 2 config \
    --set "log=file:/a
b"
complains "and atls says so" 'line break'
ATLS_MODULES=/nowhere
asks "modules that are not installed are missed" 2 config --attester "$uri"
complains "by path" '/nowhere/atls.so: want an installed module'
plan
