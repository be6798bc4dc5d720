# SPDX-License-Identifier: Apache-2.0
# The unit for systemd: it is one, it gives no rights away, and it starts what
# there is.
. "$top_srcdir/test/serve/harness.sh"
unit=$top_builddir/verifier-client/serve/atls-serve.service

check "no placeholder is left" sh -c "! grep -q '@[a-z]*@' '$unit'"
for option in $(grep -v '^#' "$unit" | grep -o -- '--[a-z-]*'); do
    "$atls" serve --help | grep -q -- "  $option "
    result $? "atls serve has $option"
done
for word in DynamicUser=yes ProtectSystem=strict NoNewPrivileges=yes \
    CapabilityBoundingSet= SystemCallFilter=@system-service; do
    check "it says $word" grep -qx "$word" "$unit"
done
if have systemd-analyze; then
    # The program is where it will be installed; here it is any that is there.
    mkdir units
    sed "s,^ExecStart=[^ ]*,ExecStart=/bin/true," "$unit" \
        >units/atls-serve.service
    systemd-analyze verify --man=no units/atls-serve.service >out 2>err
    check "systemd finds nothing wrong with it" \
        sh -c '! grep "atls-serve.service" err'
    exposure=$(systemd-analyze security --offline=yes --no-pager \
        units/atls-serve.service 2>>err |
        sed -n 's/.*exposure level[^:]*: *\([0-9]*\)\..*/\1/p')
    [ -n "$exposure" ] && [ "$exposure" -lt 2 ]
    result $? "and counts its exposure as below 2 of 10"
else
    skip "systemd finds nothing wrong with it" "systemd-analyze"
    skip "and counts its exposure as below 2 of 10" "systemd-analyze"
fi
plan
