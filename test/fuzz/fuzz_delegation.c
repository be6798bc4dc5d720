/* SPDX-License-Identifier: Apache-2.0
 *
 * What a peer shows by way of a delegate, of either scheme: read, and judged
 * with a TLS key that nobody vouched for.
 */
#include "fuzz.h"

#include "ext/delegation.h"

const char fuzz_target[] = "delegation";

enum { NOW = 1700000000, MAX_AGE = 600 };

#define DELEGATED                                                              \
    "application/cmw+cbor; cmwc_t=\"" ATLS_DELEGATION_COLLECTION               \
    "\"; of=\"10003\""

static void judge(const struct atls_delegation *delegation,
                  const struct atls_evidence *evidence)
{
    static const uint8_t tik[ATLS_DELEGATION_HASH];
    struct atls_delegation_terms terms = {tik, MAX_AGE, NOW};
    struct atls_secret binder = {.len = 32}, value;
    struct atls_why why = {0};
    enum atls_reason reason =
        atls_delegation_check(delegation, evidence, &terms, &value, &why);

    fuzz_must(reason == why.reason);
    fuzz_must(evidence == NULL || reason != ATLS_OK);
    (void)atls_delegation_is_for(delegation, &binder);
}

static void read_as(struct atls_view cmw, const struct atls_scheme *scheme)
{
    struct atls_delegation *delegation;
    struct atls_evidence *evidence;
    struct atls_why why = {0};
    enum atls_reason reason =
        atls_delegation_parse(cmw, scheme, &delegation, &evidence, &why);

    fuzz_must(reason == why.reason);
    fuzz_must((reason == ATLS_OK) == (delegation != NULL));
    if (delegation == NULL)
        return;
    fuzz_must((evidence == NULL) ==
              (scheme->mechanism == ATLS_MECHANISM_RESULT));
    fuzz_must(delegation->mandate.spki.len == ATLS_DELEGATION_SPKI);
    judge(delegation, evidence);
    atls_delegation_free(delegation);
    atls_evidence_free(evidence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_scheme evidence =
        atls_scheme_of_type(atls_type_of_text(atls_view_text(DELEGATED)));
    struct atls_scheme result = atls_scheme_of_verifier(atls_view_text("v"));

    evidence.is_delegated = true;
    read_as(atls_view(data, size), &evidence);
    read_as(atls_view(data, size), &result);
    return 0;
}
