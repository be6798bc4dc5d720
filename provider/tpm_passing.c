/* SPDX-License-Identifier: Apache-2.0
 *
 * What is kept for whoever comes next stands in memory that forked processes
 * share, beside the descriptor's turn.
 */
#include "provider/tpm_passing.h"

#include "provider/tpm_error.h"

void atls_tpm_passing_begin(const struct atls_tpm_line *line)
{
    if (line->left != NULL)
        line->left->is_passing = true;
}

void atls_tpm_passing_end(const struct atls_tpm_line *line, TSS2_RC rc,
                          ESYS_TR handle)
{
    TPM2_HANDLE number;

    if (line->left == NULL)
        return;
    if (rc == TSS2_RC_SUCCESS &&
        Esys_TR_GetTpmHandle(line->esys, handle, &number) == TSS2_RC_SUCCESS)
        atls_tpm_left_add(line->left, number);
    /* Of a response that is still due it has to be known. */
    if (!line->left->is_pending)
        line->left->is_passing = false;
}

void atls_tpm_passing_flush(const struct atls_tpm_line *line, ESYS_TR handle)
{
    TPM2_HANDLE number = 0;

    if (handle == ESYS_TR_NONE)
        return;
    (void)Esys_TR_GetTpmHandle(line->esys, handle, &number);
    if (Esys_FlushContext(line->esys, handle) == TSS2_RC_SUCCESS &&
        line->left != NULL)
        atls_tpm_left_drop(line->left, number);
}

static void clean_one(const struct atls_tpm_line *line, uint32_t number)
{
    ESYS_TR handle = ESYS_TR_NONE;
    TSS2_RC rc = Esys_TR_FromTPMPublic(line->esys, number, ESYS_TR_NONE,
                                       ESYS_TR_NONE, ESYS_TR_NONE, &handle);

    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_FlushContext(line->esys, handle);
    if (rc == TSS2_RC_SUCCESS || atls_tpm_error_is_from_tpm(rc))
        atls_tpm_left_drop(line->left, number);
}

void atls_tpm_passing_clean(const struct atls_tpm_line *line)
{
    for (unsigned i = 0; line->left != NULL && i < ATLS_TPM_MAX_PASSING; i++)
        if (line->left->passing[i] != 0)
            clean_one(line, line->left->passing[i]);
}
