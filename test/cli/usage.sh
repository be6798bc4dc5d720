# SPDX-License-Identifier: Apache-2.0
# The command as a whole: help that fits a screen, exit statuses, no openssl.cnf.
. "$top_srcdir/test/cli/harness.sh"

fits_a_screen() { # at most 24 lines of 80 characters
    [ -s out ] && [ "$(wc -l <out)" -le 24 ] && ! grep -q '.\{81\}' out
}

asks "atls --help succeeds" 0 --help
check "its help fits a screen" fits_a_screen
asks "atls --version succeeds" 0 --version
says "it tells the version" '^atls [0-9]+\.[0-9]+'
asks "without a command there is nothing to do" 2
complains "and atls says so" 'which command'
asks "an unknown command is bad usage" 2 attest
complains "and is named" 'no command "attest"'

for command in config inspect appraise policy collateral probe doctor serve; do
    asks "atls $command --help succeeds" 0 $command --help
    check "the help of $command fits a screen" fits_a_screen
    says "it tells the exit statuses of $command" 'Exit status: 0'
    asks "$command refuses an unknown option" 2 $command --colour
    complains "and names it and the help" 'no option --colour'
done
for command in fetch status; do
    asks "atls collateral $command --help succeeds" 0 collateral $command --help
    check "the help of collateral $command fits a screen" fits_a_screen
    says "it tells its exit statuses" 'Exit status: 0'
    asks "collateral $command refuses an unknown option" 2 collateral $command --colour
done
for command in inspect appraise policy collateral probe; do
    asks "$command wants its argument" 2 $command
    complains "and says that it is missing" 'an argument is missing'
done
asks "$command refuses an argument too many" 2 inspect a b
complains "and names it" 'unexpected argument "b"'
asks "an option without its argument is bad usage" 2 appraise --policy
complains "and is named" '--policy wants an argument'

# A broken file that every other program trips over must not stop this one.
echo 'openssl_conf = nowhere
config_diagnostics = 1' >broken.cnf
OPENSSL_CONF=$work/broken.cnf
export OPENSSL_CONF
echo '{"a": 1}' >some.json
asks "a broken openssl.cnf does not keep atls from working" 0 inspect some.json
unset OPENSSL_CONF

check "a full disk is no success" sh -c \
    '! [ -c /dev/full ] || { "$1" inspect some.json >/dev/full; [ $? = 2 ]; }' \
    - "$atls"
plan
