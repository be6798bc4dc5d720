/* SPDX-License-Identifier: Apache-2.0
 *
 * From Intel's root down to the quote: the PCK key is certified and has signed
 * the report of the quoting enclave, which names the attestation key, which
 * has signed the quote. Then what Intel says of that platform, and what the
 * policy says of all of it.
 */
#include "dcap.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base64url.h"
#include "certificate_cache.h"
#include "chain.h"
#include "cose.h"
#include "ecdsa.h"

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(EVP_MD_CTX, EVP_MD_CTX_free)

enum { DIGEST = 32, COORDINATES = 64, MAX_SHOWN = 64 };

/* PEM_read_bio_X509 would ask the terminal for a password where a block says
 * that it is encrypted. */
static X509 *take_certificate(BIO *bio)
{
    char *label = NULL, *header = NULL;
    uint8_t *der = NULL;
    X509 *certificate = NULL;
    long len;

    if (PEM_read_bio(bio, &label, &header, &der, &len) != 1)
        return NULL;
    if (strcmp(label, PEM_STRING_X509) == 0)
        certificate = atls_certificate_read(atls_view(der, (size_t)len));
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_free(der);
    return certificate;
}

/* The first certificate is the platform's; the others wait for the chain. */
static enum atls_reason read_pck(struct atls_dcap_claims *out,
                                 struct atls_why *why)
{
    struct atls_view text = out->quote.chain;
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(
        text.len > 0 ? (const char *)text.data : "", (int)text.len);
    ATLS_AUTO(X509) *leaf = bio != NULL ? take_certificate(bio) : NULL;

    if (bio == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (leaf == NULL)
        return atls_why(why, ATLS_CHAIN_MISSING,
                        "quote: want the PCK certificate chain in PEM, found "
                        "none that can be read");
    return atls_pck_read(leaf, &out->pck, why);
}

enum atls_reason atls_dcap_parse(struct atls_view quote,
                                 struct atls_dcap_claims *out,
                                 struct atls_why *why)
{
    enum atls_reason reason = atls_quote_parse(quote, &out->quote, why);

    if (reason != ATLS_OK)
        return reason;
    ERR_set_mark();
    reason = read_pck(out, why);
    ERR_pop_to_mark();
    return reason;
}

static enum atls_reason get_chain(const struct atls_dcap_claims *claims,
                                  STACK_OF(X509) * chain, struct atls_why *why)
{
    if (chain == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return atls_chain_read(claims->quote.chain, chain, why);
}

static enum atls_reason verify_pck(const struct atls_dcap_reference *reference,
                                   const struct atls_profile *profile,
                                   STACK_OF(X509) * chain, int64_t now,
                                   struct atls_why *why)
{
    struct atls_chain_check check = {.anchors = &profile->anchors,
                                     .leaf = sk_X509_value(chain, 0),
                                     .others = chain,
                                     .crls = reference->collateral.crls,
                                     .now = now,
                                     .grace_s = reference->grace_s};

    if (check.crls == NULL)
        return atls_why(why, ATLS_COLLATERAL_MISSING,
                        "profile %s: want CRLs of Intel's CAs in the "
                        "collateral folder, found none: fetch them",
                        profile->name);
    return atls_chain_verify(&check, why);
}

static enum atls_reason verify_with(EVP_PKEY *key, struct atls_view message,
                                    struct atls_view signature,
                                    const char *what, struct atls_why *why)
{
    struct atls_why cause = {0};
    enum atls_reason reason = atls_ecdsa_verify(key, NULL, "SHA2-256", &message,
                                                1, signature, &cause);

    if (reason == ATLS_OK)
        return ATLS_OK;
    return atls_why(why, reason, "%s: %s", what, cause.text);
}

static enum atls_reason verify_qe(const struct atls_quote *quote, X509 *leaf,
                                  struct atls_why *why)
{
    EVP_PKEY *key = X509_get0_pubkey(leaf);

    if (key == NULL || !EVP_PKEY_is_a(key, "EC"))
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "PCK certificate: want a key on P-256");
    return verify_with(key, quote->qe_report, quote->qe_signature,
                       "report of the quoting enclave", why);
}

/* The quoting enclave vouches for the key: its report data is a hash of it. */
static enum atls_reason verify_key(const struct atls_quote *quote,
                                   struct atls_why *why)
{
    ATLS_AUTO(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    uint8_t wanted[ATLS_QUOTE_REPORT_DATA] = {0};
    unsigned len = 0;

    if (context == NULL ||
        EVP_DigestInit_ex2(context, EVP_sha256(), NULL) != 1 ||
        EVP_DigestUpdate(context, quote->key.data, quote->key.len) != 1 ||
        EVP_DigestUpdate(context, quote->qe_auth.data, quote->qe_auth.len) !=
            1 ||
        EVP_DigestFinal_ex(context, wanted, &len) != 1 || len != DIGEST)
        return atls_why(why, ATLS_CRYPTO_FAILED,
                        "quote: libcrypto cannot digest its key");
    if (atls_view_equal(quote->qe.report_data,
                        atls_view(wanted, sizeof(wanted))))
        return ATLS_OK;
    return atls_why(why, ATLS_SIGNATURE_INVALID,
                    "quote: want the attestation key that the quoting enclave "
                    "vouches for, found another");
}

static enum atls_reason key_of(const struct atls_quote *quote, EVP_PKEY **out,
                               struct atls_why *why)
{
    uint8_t point[1 + COORDINATES] = {0x04}; /* uncompressed */

    memcpy(point + 1, quote->key.data, COORDINATES);
    return atls_ecdsa_point_key(atls_ecdsa_of_id(ATLS_COSE_ES256),
                                atls_view(point, sizeof(point)), out, why);
}

static enum atls_reason verify_quote(const struct atls_quote *quote,
                                     struct atls_why *why)
{
    ATLS_AUTO(EVP_PKEY) *key = NULL;
    struct atls_why inner = {0};

    if (key_of(quote, &key, &inner) != ATLS_OK)
        return inner.reason != ATLS_CLAIM_INVALID
                   ? atls_why(why, inner.reason, NULL)
                   : atls_why(why, ATLS_SIGNATURE_INVALID,
                              "quote: want an attestation key on P-256, found "
                              "no point of it");
    return verify_with(key, quote->signed_bytes, quote->signature, "quote",
                       why);
}

static enum atls_reason verify_all(const struct atls_dcap_claims *claims,
                                   const struct atls_profile *profile,
                                   int64_t now, struct atls_why *why)
{
    ATLS_AUTO_CHAIN STACK_OF(X509) *chain = sk_X509_new_null();
    enum atls_reason reason = get_chain(claims, chain, why);

    if (reason == ATLS_OK)
        reason = verify_pck(profile->reference, profile, chain, now, why);
    if (reason == ATLS_OK)
        reason = verify_qe(&claims->quote, sk_X509_value(chain, 0), why);
    if (reason == ATLS_OK)
        reason = verify_key(&claims->quote, why);
    if (reason == ATLS_OK)
        reason = verify_quote(&claims->quote, why);
    return reason;
}

enum atls_reason atls_dcap_verify_chain(const void *claims,
                                        const struct atls_profile *profile,
                                        int64_t now, struct atls_why *why)
{
    enum atls_reason reason;

    ERR_set_mark();
    reason = verify_all(claims, profile, now, why);
    ERR_pop_to_mark();
    return reason;
}

/* draft-ietf-rats-ar4si, 2.3 */
enum {
    AFFIRMED = 2,      /* instance-identity, hardware */
    APPROVED_BOOT = 3, /* executables */
    UNSAFE = 32,       /* hardware: genuine, its state is not accepted */
    UNRECOGNIZED = 33  /* executables */
};

enum atls_reason atls_dcap_refuse_hardware(struct atls_verdict *verdict,
                                           const struct atls_why *why)
{
    return atls_verdict_refuse(verdict, ATLS_HARDWARE, UNSAFE, why);
}

enum atls_reason atls_dcap_refuse_software(struct atls_verdict *verdict,
                                           const struct atls_why *why)
{
    return atls_verdict_refuse(verdict, ATLS_EXECUTABLES, UNRECOGNIZED, why);
}

/* Nobody has signed them: whoever carries the quote could speak there. */
enum atls_reason atls_dcap_judge_trailing(const struct atls_dcap_claims *claims,
                                          const struct atls_profile *profile,
                                          struct atls_verdict *verdict)
{
    const struct atls_dcap_reference *reference = profile->reference;
    struct atls_why why = {0};

    if (reference->ignores_trailing ||
        atls_quote_is_zero(claims->quote.trailing))
        return ATLS_OK;
    (void)atls_why(&why, ATLS_EVIDENCE_MALFORMED,
                   "quote: want nothing but zeros behind it, found %zu bytes "
                   "of something else, which \"trailing_bytes\": \"ignore\" "
                   "would pass over",
                   claims->quote.trailing.len);
    return atls_dcap_refuse_software(verdict, &why);
}

static bool takes_advisory(const struct atls_dcap_reference *reference,
                           const char *advisory)
{
    for (size_t i = 0; i < reference->num_advisories; i++)
        if (strcmp(reference->advisories[i], advisory) == 0)
            return true;
    return false;
}

static enum atls_reason
check_advisories(const struct atls_dcap_reference *reference,
                 const struct atls_profile *profile, const json_t *list,
                 struct atls_why *why)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *advisory = json_string_value(json_array_get(list, i));

        if (!takes_advisory(reference, advisory))
            return atls_why(why, ATLS_ADVISORY_REFUSED,
                            "profile %s: want no advisory but those listed in "
                            "\"advisories\", the platform has %.40s",
                            profile->name, advisory);
    }
    return ATLS_OK;
}

static bool takes_state(const struct atls_dcap_reference *reference,
                        unsigned state)
{
    const char *name = atls_tcb_name(state);

    for (size_t i = 0; atls_tcb_names[i] != NULL; i++)
        if (strcmp(atls_tcb_names[i], name) == 0)
            return reference->takes_state[i];
    return false;
}

static const char *name_of(const struct atls_tcb_level *level)
{
    return level != NULL ? atls_tcb_name(level->state) : "not asked";
}

static enum atls_reason check_result(const struct atls_tcb_result *result,
                                     const struct atls_profile *profile,
                                     struct atls_why *why)
{
    const struct atls_dcap_reference *reference = profile->reference;
    enum atls_reason reason = ATLS_OK;

    if (!takes_state(reference, result->state))
        return atls_why(why, ATLS_TCB_REFUSED,
                        "profile %s: want a TCB status of \"tcb_status\", "
                        "found %s (platform %s, quoting enclave %s, TDX module "
                        "%s): the platform needs an update",
                        profile->name, atls_tcb_name(result->state),
                        name_of(result->levels[0]), name_of(result->levels[1]),
                        name_of(result->levels[2]));
    for (size_t i = 0; reference->has_advisories && i < ATLS_TCB_MAX_LEVELS &&
                       reason == ATLS_OK;
         i++)
        if (result->levels[i] != NULL)
            reason = check_advisories(reference, profile,
                                      result->levels[i]->advisories, why);
    return reason;
}

static enum atls_reason judge_tcb(const struct atls_dcap_claims *claims,
                                  const struct atls_profile *profile,
                                  int64_t now, struct atls_why *why)
{
    const struct atls_dcap_reference *reference = profile->reference;
    const struct atls_tcb_check check = {.tcb = &reference->tcb,
                                         .collateral = &reference->collateral,
                                         .anchors = &profile->anchors,
                                         .quote = &claims->quote,
                                         .pck = &claims->pck,
                                         .now = now,
                                         .grace_s = reference->grace_s,
                                         .min_evaluation =
                                             reference->min_evaluation};
    struct atls_tcb_result result;
    enum atls_reason reason;

    ERR_set_mark();
    reason = atls_tcb_appraise(&check, &result, why);
    ERR_pop_to_mark();
    return reason == ATLS_OK ? check_result(&result, profile, why) : reason;
}

enum atls_reason atls_dcap_judge_tcb(const struct atls_dcap_claims *claims,
                                     const struct atls_profile *profile,
                                     int64_t now, struct atls_verdict *verdict)
{
    struct atls_why why = {0};

    if (judge_tcb(claims, profile, now, &why) != ATLS_OK)
        return atls_dcap_refuse_hardware(verdict, &why);
    verdict->vector[ATLS_INSTANCE_IDENTITY] = AFFIRMED;
    verdict->vector[ATLS_HARDWARE] = AFFIRMED;
    return ATLS_OK;
}

struct atls_view atls_dcap_field_view(const struct atls_quote *quote,
                                      const struct atls_dcap_field *field)
{
    struct atls_view view;

    memcpy(&view, (const char *)quote + field->at, sizeof(view));
    return view;
}

static enum atls_reason check_field(const struct atls_profile *profile,
                                    const struct atls_dcap_field *field,
                                    const struct atls_values *values,
                                    struct atls_view view, struct atls_why *why)
{
    char want[2 * MAX_SHOWN + 1], seen[sizeof(want)];

    if (values->num == 0 || atls_values_have(values, view))
        return ATLS_OK;
    atls_hex(atls_view(values->bytes, values->value_len), want, sizeof(want));
    atls_hex(view, seen, sizeof(seen));
    return atls_why(why,
                    field->is_configuration ? ATLS_CONFIGURATION_REFUSED
                                            : ATLS_MEASUREMENT_REFUSED,
                    "profile %s: %s (%s): want %s%s, found %s", profile->name,
                    field->term, field->key, want,
                    values->num > 1 ? " or another listed" : "",
                    view.len > 0 ? seen : "a quote without");
}

enum atls_reason atls_dcap_judge_fields(const struct atls_dcap_claims *claims,
                                        const struct atls_profile *profile,
                                        const struct atls_dcap_field *fields,
                                        struct atls_verdict *verdict)
{
    const struct atls_dcap_reference *reference = profile->reference;
    struct atls_why why = {0};

    for (size_t i = 0; fields[i].key != NULL; i++)
        if (check_field(profile, &fields[i], &reference->values[i],
                        atls_dcap_field_view(&claims->quote, &fields[i]),
                        &why) != ATLS_OK)
            return atls_dcap_refuse_software(verdict, &why);
    verdict->vector[ATLS_EXECUTABLES] = profile->is_pinned ? APPROVED_BOOT : 0;
    return ATLS_OK;
}

static void describe_bytes(struct atls_view bytes, const char *name,
                           atls_claim_fn *each, void *arg)
{
    char text[2 * MAX_SHOWN + 1];

    if (bytes.len == 0)
        return;
    atls_hex(bytes, text, sizeof(text));
    each(arg, name, text);
}

static void describe_number(size_t number, const char *name,
                            atls_claim_fn *each, void *arg)
{
    char text[24];

    snprintf(text, sizeof(text), "%zu", number);
    each(arg, name, text);
}

void atls_dcap_describe(const struct atls_dcap_claims *claims,
                        const struct atls_dcap_field *fields, bool brief,
                        atls_claim_fn *each, void *arg)
{
    const struct atls_quote *quote = &claims->quote;
    const struct atls_pck *pck = &claims->pck;

    describe_bytes(atls_dcap_field_view(quote, fields), fields->key, each, arg);
    describe_bytes(atls_view(pck->fmspc, sizeof(pck->fmspc)), "fmspc", each,
                   arg);
    if (brief)
        return;
    describe_number(quote->version, "quote_version", each, arg);
    for (fields++; fields->key != NULL; fields++)
        describe_bytes(atls_dcap_field_view(quote, fields), fields->key, each,
                       arg);
    describe_bytes(quote->is_td ? quote->td.report_data
                                : quote->enclave.report_data,
                   "nonce", each, arg);
    describe_bytes(quote->td.tee_tcb_svn, "tee_tcb_svn", each, arg);
    describe_bytes(quote->td.tee_tcb_svn2, "tee_tcb_svn2", each, arg);
    describe_bytes(atls_view(pck->svns, sizeof(pck->svns)), "sgx_tcb_svn", each,
                   arg);
    describe_number(pck->pce_svn, "pcesvn", each, arg);
    describe_bytes(atls_view(pck->pce_id, sizeof(pck->pce_id)), "pceid", each,
                   arg);
    describe_number(quote->qe.svn, "qe_isvsvn", each, arg);
    if (quote->trailing.len > 0)
        describe_number(quote->trailing.len, "trailing_bytes", each, arg);
}
