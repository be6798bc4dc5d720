/* SPDX-License-Identifier: Apache-2.0
 *
 * The payload of an Attestation Result: what is read keeps its limits, and no
 * status is better than its vector.
 */
#include "fuzz.h"

#include <string.h>

#include "ear.h"

const char fuzz_target[] = "ear";

static void check_nonce(const struct atls_ear_nonce *nonce)
{
    fuzz_must(nonce->len == 0 ||
              (nonce->len >= 8 && nonce->len <= sizeof(nonce->bytes)));
}

static void check_submod(const struct atls_ear_submod *submod)
{
    enum atls_tier worst = atls_verdict_worst(submod->vector);

    fuzz_must(submod->name[0] != '\0' && json_is_object(submod->claims));
    fuzz_must(submod->status != ATLS_TIER_AFFIRMING ||
              worst == ATLS_TIER_AFFIRMING);
    fuzz_must(submod->status >= worst || worst == ATLS_TIER_AFFIRMING);
    fuzz_must(submod->akpub.len <= ATLS_EAR_MAX_AKPUB);
    fuzz_must(atls_view_equal(submod->akpub, submod->akpub)); /* is there */
    check_nonce(&submod->nonce);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct atls_ear ear; /* too large for a stack */
    struct atls_why why = {0};
    enum atls_reason reason = atls_ear_parse(atls_view(data, size), &ear, &why);

    fuzz_must(reason == why.reason);
    if (reason == ATLS_OK) {
        fuzz_must(ear.num_submods >= 1 &&
                  ear.num_submods <= ATLS_EAR_MAX_SUBMODS);
        fuzz_must(ear.profile != NULL && ear.iat >= 0);
        check_nonce(&ear.nonce);
        for (size_t i = 0; i < ear.num_submods; i++)
            check_submod(&ear.submods[i]);
    }
    atls_ear_clear(&ear);
    return 0;
}
