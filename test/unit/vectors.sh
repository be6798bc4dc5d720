# SPDX-License-Identifier: Apache-2.0
# Real Evidence and Attestation Results, made by others, are not part of this
# project: says which tests of them did not run. --with-vectors names their
# folder.
rows='
cca:cca
ear:veraison/ear
jws:veraison/live
nitro_document:nitro
parsec_tpm:tpm
psa_token:psa
quote:sgx
quote:tdx
result:veraison/live
snp:snp
tpm_cert:tpm
tpm_quote:tpm
vtpm:tpm
vtpm_tdx:tdx
'
echo 1..$(echo $rows | wc -w)
n=0
for row in $rows; do
    test=${row%%:*} folder=${row#*:}
    n=$((n + 1))
    if [ -z "$ATLS_VECTORS" ]; then
        echo "ok $n - real messages judged by check_$test # SKIP --with-vectors names no folder"
    elif [ -d "$ATLS_VECTORS/$folder" ]; then
        echo "ok $n - real messages judged by check_$test"
    else
        echo "not ok $n - $ATLS_VECTORS/$folder is missing"
    fi
done
