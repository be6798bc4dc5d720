/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading keys.
 */
#include "provider/tpm_key.h"

#include <stdio.h>

#include "provider/tpm_key_file.h"
#include "provider/tpm_passing.h"

/* "ASN.1 Specification for TPM 2.0 Key Files": where the parent is a hierarchy,
 * it is the primary storage key on P-256 of this template, as tpm2-openssl
 * makes it, too. */
static const TPM2B_PUBLIC storage_template = {
    .publicArea = {
        .type = TPM2_ALG_ECC,
        .nameAlg = TPM2_ALG_SHA256,
        .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                            TPMA_OBJECT_SENSITIVEDATAORIGIN |
                            TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA |
                            TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
        .parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_AES,
                                               .keyBits.aes = 128,
                                               .mode.aes = TPM2_ALG_CFB},
                                 .scheme.scheme = TPM2_ALG_NULL,
                                 .curveID = TPM2_ECC_NIST_P256,
                                 .kdf.scheme = TPM2_ALG_NULL},
    }};

enum atls_reason atls_tpm_key_open_persistent(const struct atls_tpm_line *line,
                                              uint32_t number, ESYS_TR *handle,
                                              struct atls_why *why)
{
    char what[32];
    TSS2_RC rc = Esys_TR_FromTPMPublic(line->esys, number, ESYS_TR_NONE,
                                       ESYS_TR_NONE, ESYS_TR_NONE, handle);

    snprintf(what, sizeof(what), "handle 0x%08x", number);
    return atls_tpm_line_check(line, rc, what, why);
}

static ESYS_TR hierarchy_of(uint32_t parent)
{
    switch (parent) {
    case TPM2_RH_OWNER:
        return ESYS_TR_RH_OWNER;
    case TPM2_RH_ENDORSEMENT:
        return ESYS_TR_RH_ENDORSEMENT;
    case TPM2_RH_PLATFORM:
        return ESYS_TR_RH_PLATFORM;
    case TPM2_RH_NULL:
        return ESYS_TR_RH_NULL;
    default:
        return ESYS_TR_NONE;
    }
}

static enum atls_reason make_parent(const struct atls_tpm_line *line,
                                    ESYS_TR hierarchy, ESYS_TR *handle,
                                    struct atls_why *why)
{
    static const TPM2B_SENSITIVE_CREATE sensitive = {0};
    static const TPM2B_DATA outside = {0};
    static const TPML_PCR_SELECTION creation_pcrs = {0};
    TSS2_RC rc;

    atls_tpm_passing_begin(line);
    rc = Esys_CreatePrimary(line->esys, hierarchy, ESYS_TR_PASSWORD,
                            ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
                            &storage_template, &outside, &creation_pcrs, handle,
                            NULL, NULL, NULL, NULL);
    atls_tpm_passing_end(line, rc, *handle);
    return atls_tpm_line_check(line, rc, "TPM2_CreatePrimary of the parent",
                               why);
}

static enum atls_reason open_parent(const struct atls_tpm_line *line,
                                    uint32_t number, ESYS_TR *handle,
                                    struct atls_why *why)
{
    ESYS_TR hierarchy = hierarchy_of(number);

    *handle = ESYS_TR_NONE;
    return hierarchy == ESYS_TR_NONE
               ? atls_tpm_key_open_persistent(line, number, handle, why)
               : make_parent(line, hierarchy, handle, why);
}

static void close_parent(const struct atls_tpm_line *line, uint32_t number,
                         ESYS_TR handle)
{
    if (hierarchy_of(number) == ESYS_TR_NONE)
        Esys_TR_Close(line->esys, &handle);
    else
        atls_tpm_passing_flush(line, handle);
}

static enum atls_reason load(const struct atls_tpm_line *line,
                             const struct atls_tpm_key_file *file,
                             bool is_passing, ESYS_TR *handle,
                             struct atls_why *why)
{
    ESYS_TR parent;
    enum atls_reason reason = open_parent(line, file->parent, &parent, why);
    TSS2_RC rc;

    if (reason != ATLS_OK)
        return reason;
    if (is_passing)
        atls_tpm_passing_begin(line);
    rc = Esys_Load(line->esys, parent, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                   ESYS_TR_NONE, &file->private_area, &file->public_area,
                   handle);
    if (is_passing)
        atls_tpm_passing_end(line, rc, *handle);
    close_parent(line, file->parent, parent);
    return atls_tpm_line_check(line, rc, "TPM2_Load", why);
}

static enum atls_reason load_file(const struct atls_tpm_line *line,
                                  struct atls_view der, const char *what,
                                  bool is_passing, ESYS_TR *handle,
                                  struct atls_why *why)
{
    ATLS_AUTO_HEAP struct atls_tpm_key_file *file = NULL;
    enum atls_reason reason = atls_tpm_key_file_parse(der, what, &file, why);

    return reason == ATLS_OK ? load(line, file, is_passing, handle, why)
                             : reason;
}

enum atls_reason atls_tpm_key_load_file(const struct atls_tpm_line *line,
                                        struct atls_view der, const char *what,
                                        ESYS_TR *handle, struct atls_why *why)
{
    return load_file(line, der, what, false, handle, why);
}

enum atls_reason atls_tpm_key_load_passing(const struct atls_tpm_line *line,
                                           struct atls_view der,
                                           const char *what, ESYS_TR *handle,
                                           struct atls_why *why)
{
    return load_file(line, der, what, true, handle, why);
}

enum atls_reason atls_tpm_key_read_public(const struct atls_tpm_line *line,
                                          ESYS_TR handle, TPM2B_PUBLIC **out,
                                          struct atls_why *why)
{
    TSS2_RC rc = Esys_ReadPublic(line->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE,
                                 ESYS_TR_NONE, out, NULL, NULL);

    return atls_tpm_line_check(line, rc, "TPM2_ReadPublic", why);
}
