# SPDX-License-Identifier: Apache-2.0
# atls doctor: each mistake that openssl.cnf allows is named, with whose move
# it is.
. "$top_srcdir/test/cli/harness.sh"
make_soft_key soft
uri=attest:soft?key=$work/soft.pem
"$atls" policy learn "$uri" >policy.json
chmod 644 policy.json
"$atls" config --attester "$uri" --require server --policy policy.json \
    --set log=file:"$work/log" >good.cnf
# examine SENTENCE STATUS [SED-SCRIPT]: doctor on good.cnf, changed.
examine() {
    sed "${3:-}" good.cnf >now.cnf
    asks "$1" "$2" doctor --config now.cnf curl
}

examine "a good file passes" 0
says "the module is named" '^ok +module: \[atls_section\] of now.cnf names '
says "diagnostics are on" '^ok +diagnostics: '
says "the order is right" '^ok +order: the module stands after providers'
says "the default provider is active" '^ok +default provider: '
says "a child loads it" '^ok +loading: a program loads this file'
says "the attester answers" '^ok +attester: attest:soft.* answers: 5 quotes, .* ms'
says "and is said to prove nothing" '^warn +attester: .*for development'
says "the policy is good" '^ok +policy: .* is a good policy'
says "and its owner's" '^ok +policy: .* changed by its owner only'
says "what curl needs is told" '^note +curl: '
says "and summed up" '^[0-9]+ ok, [0-9]+ to know, [0-9]+ to look at, 0 to mend$'
asks "as JSON" 0 doctor --json --config good.cnf curl
json "each finding has level, subject and text" \
    'it["is_good"] and all(set(f) == {"level", "subject", "text"} for f in it["findings"])'
OPENSSL_CONF=$work/good.cnf "$atls" doctor curl >out 2>err
result $? "OPENSSL_CONF names the file"
says "that is examined" "names .*atls_ext\\.so"

at() { date -u -d "$1 seconds" +%Y-%m-%dT%H:%M:%SZ; }
delegate_line() { # TLS-KEY OUTCOME AGE EXPIRES [MORE]; pid, scheme
    echo "{\"time\":\"$(at "-$3")\",\"event\":\"delegate\",\"outcome\":\"$2\",${pid:+\"pid\":$pid,}\"own_scheme\":\"${scheme:-a/b}\",\"tls_key\":\"$1\",\"expires\":\"$(at "$4")\"${5:-}}"
}
with_delegate='/^attester = /a delegate = 10m'
rm -f log
examine "a delegate that nobody has made yet" 0 "$with_delegate"
says "is to be made by a handshake" '^note +delegate: .*makes it'
{
    echo '{"time":"2026-01-01T00:00:00Z","event":"handshake"}'
    delegate_line aaaaaaaabbbb made 5000 -4400
    delegate_line aaaaaaaabbbb renewed 100 500
    delegate_line ccccccccdddd made 700 -100
    delegate_line eeeeeeeeffff failed 20 80 ',"reason":"ATTESTER_FAILED","text":"no quote"'
    delegate_line 111111112222 failed 20 -80 ',"reason":"ATTESTER_FAILED","text":"no quote"'
    echo 'no JSON'
} >log
examine "delegates that the log tells of" 1 "$with_delegate"
says "have their age" '^ok +delegate: for TLS key aaaaaaaa: 1[0-9]+ s old, expires in (4[0-9]+|500) s, a/b$'
says "or have expired" '^note +delegate: for TLS key cccccccc: 7[0-9]+ s old, expired 1[0-9]+ s ago'
says "or could not be renewed" '^warn +delegate: .*eeeeeeee .*ATTESTER_FAILED: no quote; the one before it still serves'
says "or could not be made" '^fail +delegate: .*11111111 .*none was left'
gone=$(sh -c 'echo $$')
{
    pid=$$ delegate_line aaaaaaaabbbb failed 60 -10 ',"reason":"ATTESTER_FAILED","text":"no quote"'
    pid=$PPID delegate_line aaaaaaaabbbb made 50 550
    pid=$gone delegate_line aaaaaaaabbbb failed 40 -10 ',"reason":"ATTESTER_FAILED","text":"went with it"'
} >log
examine "processes that have delegates of their own" 1 "$with_delegate"
says "one's success hides no other's failure" "^fail +delegate: .*aaaaaaaa \\(pid $$\\) .*no quote"
says "nor one's failure another's success" "^ok +delegate: for TLS key aaaaaaaa \\(pid $PPID\\): "
! grep -q "went with it" out
result $? "a process that is gone says nothing of those that are there"
says "but that it is" '^note +delegate: 1 that .*/log tells of went with'
openssl ecparam -name prime256v1 -genkey -noout | openssl pkey -pubout -out verifier.pub
echo '{"verifiers": {"https://v.example": {"keys": ["verifier.pub"], "any": true}}}' >passport.json
chmod 644 passport.json verifier.pub
with_passport="/^attester = /a passport = https://v.example
s|^policy = .*|policy = $work/passport.json|
s|^require = .*|require = none|"
scheme=https://v.example delegate_line aaaaaaaabbbb made 100 200 >log
examine "a passport that the log tells of" 0 "$with_passport"
says "has its age" '^ok +delegate: for TLS key aaaaaaaa: 1[0-9]+ s old, expires in [0-9]+ s, https://v.example$'
scheme=https://v.example delegate_line aaaaaaaabbbb failed 5 -1 ',"reason":"VERIFIER_UNREACHABLE","text":"https://v.example: nobody is there"' >>log
examine "a passport that could not be fetched" 1 "$with_passport"
says "is a failure, with what the Verifier said" '^fail +delegate: .*VERIFIER_UNREACHABLE: https://v.example: nobody is there; none was left'
rm verifier.pub
examine "keys of a Verifier that are gone" 1 "$with_passport"
says "are missed, though processes go on with them" \
    '^fail +policy: .*/keys/0: .*verifier.pub: No such file'
examine "delegates that syslog tells of" 0 "s/^log = .*/log = syslog/;$with_delegate"
says "are to be looked for there" '^note +delegate: .*syslog'
rm -f log

examine "diagnostics that are off" 1 s/^config_diagnostics.*/config_diagnostics=0/
says "are to be turned on" '^fail +diagnostics: .*set config_diagnostics = 1'
examine "a module that is not named" 1 '/^path = /d'
says "does nothing" '^fail +module: .*nothing attests'
examine "a module that is not there" 1 's|^path = .*|path = /nowhere/atls_ext.so|'
says "is missed" '^fail +module: /nowhere/atls_ext.so'
says "and does not load" '^fail +loading: '
examine "a setting that is wrong" 1 's/^require = .*/require = all/'
says "is told as a program is told" '^fail +loading: .*want none, server, client or both'
examine "a default provider that is not active" 1 \
    '/^\[\(atls_default\|default_sect\)\]/,/^activate/s/^activate = 1/activate = 0/'
says "is missed" '^fail +default provider: '
examine "a provider that is not active" 1 \
    '/^\[atls_provider\]/,/^activate/s/^activate = 1/activate = 0/'
says "is missed" '^fail +atls provider: '
awk '/^atls = atls_section/ {next} /^providers = / {print "atls = atls_section"}
    {print}' good.cnf | sed '/^\[openssl_init\]/a atls = atls_section' >order.cnf
"$atls" config --include "" --attester "$uri" |
    awk '/^providers = / {held = $0; next} {print}
        /^atls = atls_section/ {print held}' >order.cnf
asks "a module before the providers" 1 doctor --config order.cnf curl
says "is to be moved" '^fail +order: .*move it behind'
"$atls" config --include "" --attester "$uri" >tls12.cnf
sed -i '/^\[openssl_init\]/a ssl_conf = s' tls12.cnf
printf '[s]\nsystem_default = t\n[t]\nMaxProtocol = TLSv1.2\n' >>tls12.cnf
asks "a system that speaks no TLS 1.3" 1 doctor --config tls12.cnf curl
says "is to allow it" '^fail +TLS 1.3: .*MaxProtocol = TLSv1.2'
examine "an attester that does not answer" 1 's|^attester = .*|attester = attest:soft?key=/nowhere|'
says "says why" '^fail +attester: .*/nowhere'
echo '{"profiles": 1}' >bad.json
make_soft_key other
two="s|^attester = .*|attester.host = $uri\nattester.device = attest:soft?key=$work/other.pem|"
examine "several attesters" 0 "$two"
says "are asked one by one" '^ok +attester\.host: attest:soft.* answers: 5 quotes'
says "by their labels" '^ok +attester\.device: attest:soft.*/other.pem answers'
says "and do not load without reason" '^ok +loading: a program loads this file'
says "their provider is looked for" '^ok +atls provider: '
! grep -q '^warn *attester: none' out
result $? "and are not taken for none"
examine "one of several that does not answer" 1 "$two;s|/other.pem|/nowhere.pem|"
says "is named" '^fail +attester\.device: .*/nowhere.pem'
examine "a bad policy" 1 "s|^policy = .*|policy = $work/bad.json|"
says "is a failure" '^fail +policy: .*/profiles'
examine "a policy that is not there" 1 's|^policy = .*|policy = /nowhere.json|'
says "is missed" '^fail +policy: /nowhere.json'
chmod 666 policy.json
examine "a policy that anyone can change" 1
says "is a failure" '^fail +policy: .*chmod go-w'
chmod 600 policy.json
# mktemp's folder keeps others out in any case
"$atls" doctor --config good.cnf nginx >out 2>err
if getent passwd www-data >/dev/null && [ "$(id -un)" != www-data ]; then
    says "a policy that a server's user cannot read is named" \
        '^warn +policy: .*cannot be read by: www-data'
else
    skip "a policy that a server's user cannot read is named" "no www-data"
fi
chmod 644 policy.json
examine "roll-out" 0 '/^\[atls_section\]/a enforce = log'
says "is to end" '^warn +enforce: log'
asks "a file that is not there" 1 doctor --config nowhere.cnf curl
says "is a failure" '^fail +openssl.cnf: nowhere.cnf'
echo '[unclosed' >broken.cnf
asks "a file with a mistake" 1 doctor --config broken.cnf curl
says "is named with its line" '^fail +openssl.cnf: broken.cnf:1: '
: >empty.cnf
asks "a file that says nothing" 1 doctor --config empty.cnf curl
says "loads nothing" '^fail +module: .*no openssl_conf line'
sed '/^nodejs_conf/d' good.cnf >node.cnf
asks "a file that node does not read" 1 doctor --config node.cnf node
says "is to name its section" '^fail +node: .*add nodejs_conf = openssl_init'
for app in nginx haproxy apache2 curl python3 postgresql psql mosquitto redis \
    stunnel node unbound bind; do
    asks "$app is known" 0 doctor --config good.cnf $app
    says "with what it needs" "^note +$app: "
done
asks "an application that is not known" 2 doctor emacs
complains "gets a list of those that are" 'want one of nginx, .*bind; found "emacs"'

# Processes, as this user sees them.
make_certificate
serve /dev/null
bare=$server_pid
serve "$work/good.cnf"
covered=$server_pid
"$atls" doctor --config good.cnf >out 2>err
says "a process without the module is found" \
    "^warn +process: openssl \\(pid $bare\\) has libssl and not the module"
! grep -q "pid $covered)" out
result $? "one that has it is not"
plan
