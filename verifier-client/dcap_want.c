/* SPDX-License-Identifier: Apache-2.0
 *
 * What it takes to judge a quote beside the PCK certificate that it brings.
 */
#include <string.h>

#include "chain.h"
#include "dcap.h"
#include "want.h"

enum { MAX_NAME = 64 };

/* Intel's CAs for PCK certificates: "Intel SGX PCK Processor CA", "... Platform
 * CA". */
static bool is_of_processor_ca(const struct atls_quote *quote)
{
    ATLS_AUTO_CHAIN STACK_OF(X509) *chain = sk_X509_new_null();
    char name[MAX_NAME] = "";

    if (chain == NULL || atls_chain_read(quote->chain, chain, NULL) != ATLS_OK)
        return false;
    (void)X509_NAME_get_text_by_NID(
        X509_get_issuer_name(sk_X509_value(chain, 0)), NID_commonName, name,
        MAX_NAME);
    return strstr(name, "Processor") != NULL;
}

void atls_dcap_want(const void *claims, struct atls_wants *wants)
{
    const struct atls_dcap_claims *dcap = claims;
    struct atls_want want = {.is_td = dcap->quote.is_td,
                             .has_pce_id = true,
                             .is_processor = is_of_processor_ca(&dcap->quote)};

    memcpy(want.fmspc, dcap->pck.fmspc, ATLS_PCK_FMSPC);
    memcpy(want.pce_id, dcap->pck.pce_id, ATLS_PCK_PCE_ID);
    for (int kind = ATLS_WANT_PCK_CRL; kind <= ATLS_WANT_QE_IDENTITY; kind++) {
        want.kind = (enum atls_want_kind)kind;
        atls_wants_add(wants, &want);
    }
}
