/* SPDX-License-Identifier: Apache-2.0
 *
 * The TLS key, found, compared and certified.
 */
#include "provider/tpm_certify.h"

#include <stdatomic.h>
#include <string.h>

#include "cbor.h"
#include "provider/tpm_error.h"
#include "provider/tpm_key.h"
#include "provider/tpm_passing.h"
#include "provider/tpm_public.h"
#include "spki.h"

static enum atls_reason check_subject(const TPMT_PUBLIC *public_area,
                                      OSSL_LIB_CTX *libctx,
                                      struct atls_view subject,
                                      struct atls_why *why)
{
    ATLS_AUTO_BUF spki = atls_buf(ATLS_SPKI_MAX);
    enum atls_reason reason =
        atls_tpm_public_spki(public_area, libctx, &spki, why);

    if (reason != ATLS_OK || subject.len == 0 ||
        atls_view_equal(atls_buf_view(&spki), subject))
        return reason;
    return atls_why(why, ATLS_ATTESTER_KEY,
                    "cannot attest this key: tls_key names another than that "
                    "of the certificate; serve with the key of the TPM, or "
                    "name the right one");
}

/* Emptied first, then freed: a child that is forked meanwhile finds nothing. */
void atls_tpm_tls_key_forget(TPMS_CONTEXT **saved)
{
    TPMS_CONTEXT *old = *saved;

    *saved = NULL;
    atomic_thread_fence(memory_order_seq_cst);
    Esys_Free(old);
}

/* A context that a reset TPM no longer takes is dropped, and the key loaded
 * anew. */
static bool load_saved(const struct atls_tpm_line *line, TPMS_CONTEXT **saved,
                       ESYS_TR *handle)
{
    TSS2_RC rc;

    if (*saved == NULL)
        return false;
    atls_tpm_passing_begin(line);
    rc = Esys_ContextLoad(line->esys, *saved, handle);
    atls_tpm_passing_end(line, rc, *handle);
    if (rc == TSS2_RC_SUCCESS)
        return true;
    if (atls_tpm_error_is_from_tpm(rc))
        atls_tpm_tls_key_forget(saved);
    return false;
}

/* Failing to save costs time, nothing else. */
static void save(const struct atls_tpm_line *line, ESYS_TR handle,
                 TPMS_CONTEXT **saved)
{
    if (*saved == NULL &&
        Esys_ContextSave(line->esys, handle, saved) != TSS2_RC_SUCCESS)
        *saved = NULL;
}

static enum atls_reason load(const struct atls_tpm_line *line,
                             const struct atls_tpm_settings *settings,
                             TPMS_CONTEXT **saved, struct atls_tpm_tls_key *key,
                             struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;

    if (key->is_persistent)
        return atls_tpm_key_open_persistent(line, settings->tls.handle,
                                            &key->handle, why);
    if (load_saved(line, saved, &key->handle))
        return ATLS_OK;
    reason = atls_tpm_key_load_passing(line, atls_buf_view(&settings->tls.der),
                                       "tls_key", &key->handle, why);
    if (reason == ATLS_OK)
        save(line, key->handle, saved);
    return reason;
}

enum atls_reason atls_tpm_tls_key_load(const struct atls_tpm_line *line,
                                       const struct atls_tpm_settings *settings,
                                       struct atls_view subject,
                                       TPMS_CONTEXT **saved,
                                       struct atls_tpm_tls_key *out,
                                       struct atls_why *why)
{
    enum atls_reason reason;

    *out = (struct atls_tpm_tls_key){
        .handle = ESYS_TR_NONE, .is_persistent = settings->tls.handle != 0};
    reason = load(line, settings, saved, out, why);
    if (reason == ATLS_OK)
        reason =
            atls_tpm_key_read_public(line, out->handle, &out->public_area, why);
    if (reason == ATLS_OK)
        reason =
            atls_tpm_public_check_inside(&out->public_area->publicArea, why);
    if (reason == ATLS_OK)
        reason = check_subject(&out->public_area->publicArea, settings->libctx,
                               subject, why);
    return reason;
}

void atls_tpm_tls_key_release(const struct atls_tpm_line *line,
                              struct atls_tpm_tls_key *key)
{
    Esys_Free(key->public_area);
    key->public_area = NULL;
    if (key->handle == ESYS_TR_NONE)
        return;
    if (key->is_persistent)
        Esys_TR_Close(line->esys, &key->handle);
    else
        atls_tpm_passing_flush(line, key->handle);
    key->handle = ESYS_TR_NONE;
}

void atls_tpm_certificate_clear(struct atls_tpm_certificate *certificate)
{
    Esys_Free(certificate->attest);
    Esys_Free(certificate->signature);
    *certificate = (struct atls_tpm_certificate){NULL, NULL};
}

enum atls_reason atls_tpm_certify(const struct atls_tpm_line *line, ESYS_TR ak,
                                  const struct atls_tpm_tls_key *key,
                                  struct atls_view binder,
                                  struct atls_tpm_certificate *out,
                                  struct atls_why *why)
{
    const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_NULL}; /* the AK's */
    TPM2B_DATA qualifying = {.size = (UINT16)binder.len};
    TSS2_RC rc;

    if (binder.len > ATLS_TPM_MAX_BINDER)
        return atls_why(why, ATLS_ATTESTER_BINDER, "%zu bytes", binder.len);
    memcpy(qualifying.buffer, binder.data, binder.len);
    rc = Esys_Certify(line->esys, key->handle, ak, ESYS_TR_PASSWORD,
                      ESYS_TR_PASSWORD, ESYS_TR_NONE, &qualifying, &scheme,
                      &out->attest, &out->signature);
    return atls_tpm_line_check(line, rc, "TPM2_Certify of tls_key", why);
}

/* What kat and pat have in common, but for the name of what is signed. */
static void put_head(struct atls_buf *out, size_t num_fields,
                     struct atls_view kid, const TPMT_SIGNATURE *signature)
{
    static const uint8_t ueid_rand = 0x01; /* RFC 9711, 4.2.1 */

    atls_cbor_put_map(out, num_fields);
    atls_cbor_put_text(out, "kid");
    atls_cbor_put_bytes_head(out, 1 + kid.len);
    atls_buf_u8(out, ueid_rand);
    atls_buf_put(out, kid);
    atls_cbor_put_text(out, "sig");
    atls_tpm_signature_put(out, signature);
    atls_cbor_put_text(out, "tpmVer");
    atls_cbor_put_text(out, "2.0");
}

static void put_attest(struct atls_buf *out, const char *label,
                       const TPM2B_ATTEST *attest)
{
    atls_cbor_put_text(out, label);
    atls_cbor_put_bytes(out, atls_view(attest->attestationData, attest->size));
}

/* Canonical CBOR of CTAP2: shorter labels first. */
void atls_tpm_certify_put(struct atls_buf *out,
                          const struct atls_tpm_certificate *certificate,
                          const struct atls_tpm_tls_key *key,
                          const struct atls_tpm_quote *quote,
                          struct atls_view kid)
{
    atls_cbor_put_map(out, 2);
    atls_cbor_put_text(out, "kat");
    put_head(out, 5, kid, certificate->signature);
    atls_cbor_put_text(out, "pubArea");
    atls_tpm_public_put(out, &key->public_area->publicArea);
    put_attest(out, "certInfo", certificate->attest);
    atls_cbor_put_text(out, "pat");
    put_head(out, 4, kid, quote->signature);
    put_attest(out, "attestInfo", quote->attest);
}
