/* SPDX-License-Identifier: Apache-2.0
 *
 * Attestation keys.
 */
#include "provider/tpm_ak.h"

#include "provider/tpm_error.h"
#include "provider/tpm_key.h"
#include "provider/tpm_public.h"

/* What tpm2_createprimary -C e -G ecc256:ecdsa-sha256:null makes of the same
 * attributes. noDA: the key has no password that could be guessed, so a lockout
 * (TPM 2.0 part 1, 19.8) after somebody else's guesses must not stop it. */
static const TPM2B_PUBLIC ak_template = {
    .publicArea = {
        .type = TPM2_ALG_ECC,
        .nameAlg = TPM2_ALG_SHA256,
        .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                            TPMA_OBJECT_SENSITIVEDATAORIGIN |
                            TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA |
                            TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT,
        .parameters.eccDetail = {.symmetric.algorithm = TPM2_ALG_NULL,
                                 .scheme = {.scheme = TPM2_ALG_ECDSA,
                                            .details.ecdsa.hashAlg =
                                                TPM2_ALG_SHA256},
                                 .curveID = TPM2_ECC_NIST_P256,
                                 .kdf.scheme = TPM2_ALG_NULL},
    }};

static enum atls_reason create_primary(struct atls_tpm_ak *ak,
                                       const struct atls_tpm_line *line,
                                       ESYS_TR *handle, struct atls_why *why)
{
    static const TPM2B_SENSITIVE_CREATE sensitive = {0};
    static const TPM2B_DATA outside = {0};
    static const TPML_PCR_SELECTION creation_pcrs = {0};
    TSS2_RC rc = Esys_CreatePrimary(
        line->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
        ESYS_TR_NONE, &sensitive, &ak_template, &outside, &creation_pcrs,
        handle, &ak->public_area, NULL, NULL, NULL);

    return atls_tpm_line_check(line, rc, "TPM2_CreatePrimary", why);
}

static enum atls_reason load_file(struct atls_tpm_ak *ak,
                                  const struct atls_tpm_line *line,
                                  struct atls_view der, ESYS_TR *handle,
                                  struct atls_why *why)
{
    enum atls_reason reason =
        atls_tpm_key_load_file(line, der, "ak", handle, why);

    return reason == ATLS_OK
               ? atls_tpm_key_read_public(line, *handle, &ak->public_area, why)
               : reason;
}

/* A context that a reset TPM no longer takes is dropped: the key is then made
 * anew. Everything else that is wrong shows up there, too. */
static bool load_saved(struct atls_tpm_ak *ak, const struct atls_tpm_line *line,
                       ESYS_TR *handle)
{
    TSS2_RC rc;

    if (ak->saved == NULL)
        return false;
    rc = Esys_ContextLoad(line->esys, ak->saved, handle);
    if (rc == TSS2_RC_SUCCESS)
        return true;
    if (atls_tpm_error_is_from_tpm(rc))
        atls_tpm_ak_clear(ak);
    return false;
}

/* Failing to save costs time, nothing else. */
static void save(struct atls_tpm_ak *ak, const struct atls_tpm_line *line,
                 ESYS_TR handle)
{
    if (Esys_ContextSave(line->esys, handle, &ak->saved) != TSS2_RC_SUCCESS)
        ak->saved = NULL;
}

/* A key that stayed loaded in our device's space, because a deadline passed
 * while it was made or used, is used again: some TPMs take longer for a primary
 * than a handshake may take. */
static bool adopt(const struct atls_tpm_line *line, ESYS_TR *handle)
{
    uint32_t number = line->left == NULL ? 0 : line->left->handle;
    TSS2_RC rc;

    if (number == 0)
        return false;
    rc = Esys_TR_FromTPMPublic(line->esys, number, ESYS_TR_NONE, ESYS_TR_NONE,
                               ESYS_TR_NONE, handle);
    if (atls_tpm_error_is_from_tpm(rc))
        line->left->handle = rc == TSS2_RC_SUCCESS ? number : 0;
    return rc == TSS2_RC_SUCCESS;
}

static void remember(const struct atls_tpm_line *line, ESYS_TR handle)
{
    TPM2_HANDLE number;

    if (line->left != NULL &&
        Esys_TR_GetTpmHandle(line->esys, handle, &number) == TSS2_RC_SUCCESS)
        line->left->handle = number;
}

static enum atls_reason make(struct atls_tpm_ak *ak,
                             const struct atls_tpm_line *line,
                             const struct atls_tpm_settings *settings,
                             ESYS_TR *handle, struct atls_why *why)
{
    atls_tpm_ak_clear(ak);
    if (settings->ak.der.len != 0)
        return load_file(ak, line, atls_buf_view(&settings->ak.der), handle,
                         why);
    return create_primary(ak, line, handle, why);
}

static enum atls_reason load_transient(struct atls_tpm_ak *ak,
                                       const struct atls_tpm_line *line,
                                       const struct atls_tpm_settings *settings,
                                       ESYS_TR *handle, struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;

    if (!adopt(line, handle)) {
        if (!load_saved(ak, line, handle))
            reason = make(ak, line, settings, handle, why);
        if (reason == ATLS_OK)
            remember(line, *handle);
    }
    if (reason == ATLS_OK && ak->public_area == NULL)
        reason = atls_tpm_key_read_public(line, *handle, &ak->public_area, why);
    if (reason == ATLS_OK && ak->saved == NULL)
        save(ak, line, *handle);
    return reason;
}

static enum atls_reason load_persistent(struct atls_tpm_ak *ak,
                                        const struct atls_tpm_line *line,
                                        uint32_t number, ESYS_TR *handle,
                                        struct atls_why *why)
{
    enum atls_reason reason =
        atls_tpm_key_open_persistent(line, number, handle, why);

    if (reason == ATLS_OK && ak->public_area == NULL)
        reason = atls_tpm_key_read_public(line, *handle, &ak->public_area, why);
    return reason;
}

enum atls_reason atls_tpm_ak_load(struct atls_tpm_ak *ak,
                                  const struct atls_tpm_line *line,
                                  const struct atls_tpm_settings *settings,
                                  ESYS_TR *handle, struct atls_why *why)
{
    enum atls_reason reason =
        settings->ak.handle != 0
            ? load_persistent(ak, line, settings->ak.handle, handle, why)
            : load_transient(ak, line, settings, handle, why);

    if (reason != ATLS_OK)
        return reason;
    return atls_tpm_public_check(&ak->public_area->publicArea, why);
}

void atls_tpm_ak_release(const struct atls_tpm_line *line,
                         const struct atls_tpm_settings *settings,
                         ESYS_TR handle)
{
    if (handle == ESYS_TR_NONE)
        return;
    if (settings->ak.handle != 0)
        Esys_TR_Close(line->esys, &handle);
    else if (Esys_FlushContext(line->esys, handle) == TSS2_RC_SUCCESS &&
             line->left != NULL)
        line->left->handle = 0;
}

/* Emptied first, then freed: a child that is forked meanwhile finds nothing. */
void atls_tpm_ak_clear(struct atls_tpm_ak *ak)
{
    struct atls_tpm_ak old = *ak;

    *ak = (struct atls_tpm_ak){NULL, NULL};
    atomic_thread_fence(memory_order_seq_cst);
    Esys_Free(old.saved);
    Esys_Free(old.public_area);
}
