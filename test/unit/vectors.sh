# SPDX-License-Identifier: Apache-2.0
# Real Evidence, made by others, is not part of this project: says which tests
# of it did not run. --with-vectors names its folder.
echo 1..2
n=0
for test in psa_token tpm_quote; do
    format=${test%%_*}
    n=$((n + 1))
    if [ -z "$ATLS_VECTORS" ]; then
        echo "ok $n - real Evidence judged by check_$test # SKIP --with-vectors names no folder"
    elif [ -d "$ATLS_VECTORS/$format" ]; then
        echo "ok $n - real Evidence judged by check_$test"
    else
        echo "not ok $n - $ATLS_VECTORS/$format is missing"
    fi
done
