/* SPDX-License-Identifier: Apache-2.0
 *
 * Quotes.
 */
#include "provider/tpm_quote.h"

#include <string.h>

#include <openssl/evp.h>

#include "cbor.h"
#include "provider/provider.h"

#define MAX_TRIES 4 /* PCRs that are extended meanwhile */

ATLS_AUTO_FREE(EVP_MD_CTX, EVP_MD_CTX_free)

/* By bank of the settings and index; len 0: not read yet. */
struct atls_tpm_pcr_values {
    TPM2B_DIGEST digests[ATLS_PCRS_MAX_BANKS][ATLS_PCRS_NUM];
};

void atls_tpm_quote_clear(struct atls_tpm_quote *quote)
{
    Esys_Free(quote->attest);
    Esys_Free(quote->signature);
    free(quote->values);
    *quote = (struct atls_tpm_quote){NULL, NULL, NULL};
}

static void set_bank(TPMS_PCR_SELECTION *selection,
                     const struct atls_pcr_bank *bank)
{
    selection->hash = bank->algorithm;
    selection->sizeofSelect = 3;
    for (unsigned i = 0; i < 3; i++)
        selection->pcrSelect[i] = (BYTE)(bank->indices >> 8 * i);
}

static TPML_PCR_SELECTION selection_of(const struct atls_pcrs *pcrs)
{
    TPML_PCR_SELECTION selection = {.count = pcrs->num_banks};

    for (unsigned i = 0; i < pcrs->num_banks; i++)
        set_bank(&selection.pcrSelections[i], &pcrs->banks[i]);
    return selection;
}

/* Which of the PCRs that we asked for came; the values stand in order. */
static uint32_t take_values(const TPML_PCR_SELECTION *read,
                            const TPML_DIGEST *digests, TPM2B_DIGEST *to)
{
    uint32_t taken = 0, next = 0;

    for (unsigned i = 0; i < ATLS_PCRS_NUM && read->count == 1; i++) {
        if (i / 8 >= read->pcrSelections[0].sizeofSelect ||
            (read->pcrSelections[0].pcrSelect[i / 8] & 1u << i % 8) == 0)
            continue;
        if (next == digests->count)
            break;
        to[i] = digests->digests[next++];
        taken |= UINT32_C(1) << i;
    }
    return taken;
}

/* TPM2_PCR_Read gives eight at most. */
static enum atls_reason read_bank(const struct atls_tpm_line *line,
                                  struct atls_pcr_bank bank, TPM2B_DIGEST *to,
                                  struct atls_why *why)
{
    TPML_PCR_SELECTION wanted = {.count = 1};
    enum atls_reason reason;
    uint32_t taken = 0;
    TSS2_RC rc;

    for (; bank.indices != 0; bank.indices &= ~taken) {
        ATLS_AUTO_ESYS TPML_PCR_SELECTION *read = NULL;
        ATLS_AUTO_ESYS TPML_DIGEST *digests = NULL;

        set_bank(&wanted.pcrSelections[0], &bank);
        rc = Esys_PCR_Read(line->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                           &wanted, NULL, &read, &digests);
        reason = atls_tpm_line_check(line, rc, "TPM2_PCR_Read", why);
        if (reason != ATLS_OK)
            return reason;
        taken = take_values(read, digests, to) & bank.indices;
        if (taken == 0)
            return atls_why(why, ATLS_ATTESTER_FAILED,
                            "the TPM has no PCR bank %s, or not all of its "
                            "PCRs; tpm2_getcap pcrs lists them",
                            atls_pcrs_bank_name(bank.algorithm));
    }
    return ATLS_OK;
}

static enum atls_reason read_pcrs(const struct atls_tpm_line *line,
                                  const struct atls_pcrs *pcrs,
                                  struct atls_tpm_quote *quote,
                                  struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;

    quote->values = calloc(1, sizeof(*quote->values));
    if (quote->values == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    for (unsigned i = 0; i < pcrs->num_banks && reason == ATLS_OK; i++)
        reason =
            read_bank(line, pcrs->banks[i], quote->values->digests[i], why);
    return reason;
}

static enum atls_reason ask(const struct atls_tpm_line *line, ESYS_TR ak,
                            const struct atls_pcrs *pcrs,
                            struct atls_view binder,
                            struct atls_tpm_quote *quote, struct atls_why *why)
{
    const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_NULL}; /* the key's */
    TPML_PCR_SELECTION selection = selection_of(pcrs);
    TPM2B_DATA qualifying = {.size = (UINT16)binder.len};
    TSS2_RC rc;

    if (binder.len > ATLS_TPM_MAX_BINDER)
        return atls_why(why, ATLS_ATTESTER_BINDER, "%zu bytes", binder.len);
    memcpy(qualifying.buffer, binder.data, binder.len);
    rc = Esys_Quote(line->esys, ak, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                    ESYS_TR_NONE, &qualifying, &scheme, &selection,
                    &quote->attest, &quote->signature);
    return atls_tpm_line_check(line, rc, "TPM2_Quote", why);
}

static const char *hash_name(TPMI_ALG_HASH algorithm)
{
    switch (algorithm) {
    case TPM2_ALG_SHA256:
        return "SHA256";
    case TPM2_ALG_SHA384:
        return "SHA384";
    case TPM2_ALG_SHA512:
        return "SHA512";
    default:
        return NULL;
    }
}

static bool hash_values(EVP_MD_CTX *context, const struct atls_pcrs *pcrs,
                        const struct atls_tpm_pcr_values *values)
{
    for (unsigned i = 0; i < pcrs->num_banks; i++)
        for (unsigned j = 0; j < ATLS_PCRS_NUM; j++)
            if ((pcrs->banks[i].indices & UINT32_C(1) << j) != 0 &&
                !EVP_DigestUpdate(context, values->digests[i][j].buffer,
                                  values->digests[i][j].size))
                return false;
    return true;
}

/* The hash of the signature scheme over all values in their order (TPM 2.0
 * part 3, TPM2_Quote), whatever the banks' own are. */
static bool hash_pcrs(OSSL_LIB_CTX *libctx, TPMI_ALG_HASH algorithm,
                      const struct atls_pcrs *pcrs,
                      const struct atls_tpm_pcr_values *values, uint8_t *digest,
                      unsigned *len)
{
    ATLS_AUTO(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    const char *name = hash_name(algorithm);
    EVP_MD *md = name == NULL ? NULL : EVP_MD_fetch(libctx, name, NULL);
    bool is_good = context != NULL && md != NULL &&
                   EVP_DigestInit_ex2(context, md, NULL) &&
                   hash_values(context, pcrs, values) &&
                   EVP_DigestFinal_ex(context, digest, len);

    EVP_MD_free(md);
    return is_good;
}

static enum atls_reason check_pcrs(const struct atls_tpm_settings *settings,
                                   const struct atls_tpm_quote *quote,
                                   bool *is_same, struct atls_why *why)
{
    ATLS_AUTO_HEAP TPMS_ATTEST *attest = calloc(1, sizeof(*attest));
    TPM2B_DIGEST *quoted;
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    size_t at = 0;

    if (attest == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (Tss2_MU_TPMS_ATTEST_Unmarshal(quote->attest->attestationData,
                                      quote->attest->size, &at,
                                      attest) != TSS2_RC_SUCCESS ||
        attest->type != TPM2_ST_ATTEST_QUOTE)
        return atls_why(why, ATLS_ATTESTER_FAILED, "the TPM gave no quote");
    if (!hash_pcrs(settings->libctx, quote->signature->signature.any.hashAlg,
                   &settings->pcrs, quote->values, digest, &len))
        return atls_why(why, ATLS_CRYPTO_FAILED,
                        "the key signs with hash 0x%x; want SHA-256, SHA-384 "
                        "or SHA-512",
                        quote->signature->signature.any.hashAlg);
    quoted = &attest->attested.quote.pcrDigest;
    *is_same = quoted->size == len && memcmp(quoted->buffer, digest, len) == 0;
    return ATLS_OK;
}

/* Values and quote of one moment. */
enum atls_reason atls_tpm_quote_make(const struct atls_tpm_line *line,
                                     ESYS_TR ak,
                                     const struct atls_tpm_settings *settings,
                                     struct atls_view binder,
                                     struct atls_tpm_quote *quote,
                                     struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;
    bool is_same = false;

    for (int i = 0; i < MAX_TRIES && !is_same && reason == ATLS_OK; i++) {
        atls_tpm_quote_clear(quote);
        reason = read_pcrs(line, &settings->pcrs, quote, why);
        if (reason == ATLS_OK)
            reason = ask(line, ak, &settings->pcrs, binder, quote, why);
        if (reason == ATLS_OK)
            reason = check_pcrs(settings, quote, &is_same, why);
    }
    if (reason == ATLS_OK && !is_same)
        return atls_why(why, ATLS_ATTESTER_FAILED,
                        "PCRs changed between reading and quoting, %d times; "
                        "leave out with pcrs= those that are extended all the "
                        "time",
                        MAX_TRIES);
    return reason;
}

void atls_tpm_signature_put(struct atls_buf *out,
                            const TPMT_SIGNATURE *signature)
{
    uint8_t bytes[sizeof(*signature)];
    size_t len = 0;

    if (Tss2_MU_TPMT_SIGNATURE_Marshal(signature, bytes, sizeof(bytes), &len) !=
        TSS2_RC_SUCCESS)
        out->failed = true;
    atls_cbor_put_bytes(out, atls_view(bytes, len));
}

void atls_tpm_public_put(struct atls_buf *out, const TPMT_PUBLIC *public_area)
{
    uint8_t bytes[sizeof(*public_area)];
    size_t len = 0;

    if (Tss2_MU_TPMT_PUBLIC_Marshal(public_area, bytes, sizeof(bytes), &len) !=
        TSS2_RC_SUCCESS)
        out->failed = true;
    atls_cbor_put_bytes(out, atls_view(bytes, len));
}

static void put_pcrs(struct atls_buf *out, const struct atls_pcrs *pcrs,
                     const struct atls_tpm_pcr_values *values)
{
    atls_cbor_put_text(out, "pcrs");
    atls_cbor_put_map(out, pcrs->num_banks);
    for (unsigned i = 0; i < pcrs->num_banks; i++) {
        uint32_t indices = pcrs->banks[i].indices;

        atls_cbor_put_uint(out, pcrs->banks[i].algorithm);
        atls_cbor_put_map(out, (uint64_t)__builtin_popcount(indices));
        for (unsigned j = 0; j < ATLS_PCRS_NUM; j++) {
            if ((indices & UINT32_C(1) << j) == 0)
                continue;
            atls_cbor_put_uint(out, j);
            atls_cbor_put_bytes(out, atls_view(values->digests[i][j].buffer,
                                               values->digests[i][j].size));
        }
    }
}

static void put_if_any(struct atls_buf *out, const char *name,
                       const struct atls_buf *bytes)
{
    if (bytes->len == 0)
        return;
    atls_cbor_put_text(out, name);
    atls_cbor_put_bytes(out, atls_buf_view(bytes));
}

/* In the order of deterministic CBOR (RFC 8949, 4.2.1). */
void atls_tpm_quote_put(struct atls_buf *out,
                        const struct atls_tpm_quote *quote,
                        const TPMT_PUBLIC *public_area, struct atls_view kid,
                        const struct atls_tpm_settings *settings)
{
    atls_cbor_put_map(out, 5u + (settings->ak_cert.len > 0) +
                               (settings->eventlog.len > 0));
    atls_cbor_put_text(out, "kid");
    atls_cbor_put_bytes(out, kid);
    put_pcrs(out, &settings->pcrs, quote->values);
    atls_cbor_put_text(out, "ak_pub");
    atls_tpm_public_put(out, public_area);
    atls_cbor_put_text(out, "attest");
    atls_cbor_put_bytes(
        out, atls_view(quote->attest->attestationData, quote->attest->size));
    put_if_any(out, "ak_cert", &settings->ak_cert);
    put_if_any(out, "eventlog", &settings->eventlog);
    atls_cbor_put_text(out, "signature");
    atls_tpm_signature_put(out, quote->signature);
}
