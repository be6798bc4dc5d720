/* SPDX-License-Identifier: Apache-2.0
 *
 * What a Verifier is asked about Evidence that was parsed here.
 */
#include "remote.h"

#include <string.h>

#include "parsed.h"

/* Trustee's name of a TEE, where it is the format's. */
static const char *tee_of(const char *format)
{
    static const char *const names[] = {"snp", "tdx", "sgx", "cca"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], format) == 0)
            return names[i];
    return NULL;
}

void atls_evidence_question(const struct atls_evidence *evidence,
                            struct atls_remote_question *out)
{
    *out = (struct atls_remote_question){
        .type = evidence->type,
        .value = evidence->value,
        .nonce = evidence->nonce,
        .tee = tee_of(evidence->format->name),
    };
}
