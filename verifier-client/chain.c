/* SPDX-License-Identifier: Apache-2.0
 *
 * Chains by X509_verify_cert, with the anchors as its trusted stack. What is
 * remembered of a good chain is a digest of all that went into it, and the
 * time through which all of it holds.
 */
#include "chain.h"

#include <stdatomic.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include "certificate_cache.h"

enum {
    MAX_TEXT = 65536, /* bytes that may hold certificates */
    SECURITY_LEVEL = 2,
    DIGEST = 32,
    CACHE_SLOTS = 256,
    MAX_SUBJECT = 128,
    MAX_OID = 64
};

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(X509_STORE, X509_STORE_free)
ATLS_AUTO_FREE(X509_STORE_CTX, X509_STORE_CTX_free)
ATLS_AUTO_FREE(EVP_MD_CTX, EVP_MD_CTX_free)

static void free_borrowing(STACK_OF(X509) * stack)
{
    sk_X509_free(stack);
}
static void auto_borrowing(void *stack)
{
    free_borrowing(*(STACK_OF(X509) **)stack);
}
#define AUTO_BORROWING __attribute__((cleanup(auto_borrowing)))

static enum atls_reason malformed(struct atls_why *why, const char *what)
{
    return atls_why(why, ATLS_EVIDENCE_MALFORMED, "certificates: %s", what);
}

static enum atls_reason read_der(const uint8_t *der, size_t len,
                                 STACK_OF(X509) * chain, struct atls_why *why)
{
    ATLS_AUTO(X509) *certificate = NULL;

    if (len > ATLS_CHAIN_MAX_CERTIFICATE)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "certificates: want at most %d bytes in one, found %zu",
                        ATLS_CHAIN_MAX_CERTIFICATE, len);
    if (sk_X509_num(chain) >= ATLS_CHAIN_MAX_CERTIFICATES)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "certificates: want at most %d, found more",
                        ATLS_CHAIN_MAX_CERTIFICATES);
    certificate = atls_certificate_read(atls_view(der, len));
    if (certificate == NULL)
        return malformed(why, "want one in DER, found something else");
    if (sk_X509_push(chain, certificate) <= 0)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    certificate = NULL;
    return ATLS_OK;
}

static enum atls_reason read_block(const char *label, const uint8_t *der,
                                   size_t len, STACK_OF(X509) * chain,
                                   struct atls_why *why)
{
    if (strcmp(label, PEM_STRING_X509) != 0 &&
        strcmp(label, PEM_STRING_X509_OLD) != 0)
        return malformed(why, "want CERTIFICATE in PEM, found another label");
    return read_der(der, len, chain, why);
}

/* The end of the text, and nothing else, is the end of the blocks. */
static bool is_end(void)
{
    unsigned long error = ERR_peek_last_error();

    return ERR_GET_LIB(error) == ERR_LIB_PEM &&
           ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

static enum atls_reason read_pem(struct atls_view text, STACK_OF(X509) * chain,
                                 struct atls_why *why)
{
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(text.data, (int)text.len);
    enum atls_reason reason = ATLS_OK;
    char *label = NULL, *header = NULL;
    uint8_t *der = NULL;
    bool has_any = false;
    long len = 0;

    if (bio == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    while (reason == ATLS_OK &&
           PEM_read_bio(bio, &label, &header, &der, &len) == 1) {
        reason = read_block(label, der, (size_t)len, chain, why);
        has_any = true;
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(der);
    }
    if (reason == ATLS_OK && (!has_any || !is_end()))
        return malformed(why, "want PEM, found something else");
    return reason;
}

enum atls_reason atls_chain_read(struct atls_view text, STACK_OF(X509) * chain,
                                 struct atls_why *why)
{
    enum atls_reason reason;

    if (text.len > MAX_TEXT)
        return malformed(why, "want at most 65536 bytes, found more");
    ERR_set_mark();
    if (text.len > 0 && text.data[0] == 0x30) { /* SEQUENCE */
        reason = read_der(text.data, text.len, chain, why);
    } else {
        while (text.len > 0 && text.data[text.len - 1] == 0)
            text.len--;
        reason = text.len > 0 ? read_pem(text, chain, why)
                              : malformed(why, "want one, found nothing");
    }
    ERR_pop_to_mark();
    return reason;
}

/* Without memory of its own, so that what is there is never taken for absent.
 */
static bool has_oid(X509_EXTENSION *extension, const char *oid)
{
    char text[MAX_OID];

    return OBJ_obj2txt(text, sizeof(text), X509_EXTENSION_get_object(extension),
                       1) < MAX_OID &&
           strcmp(text, oid) == 0;
}

struct atls_view atls_chain_extension(const X509 *certificate, const char *oid)
{
    X509_EXTENSION *found = NULL;
    const ASN1_OCTET_STRING *data;

    for (int i = 0; i < X509_get_ext_count(certificate); i++) {
        X509_EXTENSION *extension = X509_get_ext(certificate, i);

        if (!has_oid(extension, oid))
            continue;
        if (found != NULL)
            return atls_view(NULL, 0);
        found = extension;
    }
    if (found == NULL)
        return atls_view(NULL, 0);
    data = X509_EXTENSION_get_data(found);
    return atls_view(ASN1_STRING_get0_data(data),
                     (size_t)ASN1_STRING_length(data));
}

/* Good chains, each in the slot that its digest's first byte names. Whoever
 * finds the table busy does without: nobody waits, and a child that was forked
 * meanwhile does not either. */
struct entry {
    uint8_t digest[DIGEST];
    int64_t from, until; /* from < until: taken */
};
struct atls_chain_cache {
    atomic_flag is_busy;
    struct entry entries[CACHE_SLOTS];
};

struct atls_chain_cache *atls_chain_cache_new(void)
{
    struct atls_chain_cache *cache = calloc(1, sizeof(*cache));

    if (cache != NULL)
        atomic_flag_clear(&cache->is_busy);
    return cache;
}

void atls_chain_cache_free(struct atls_chain_cache *cache)
{
    free(cache);
}

static bool is_remembered(struct atls_chain_cache *cache,
                          const struct entry *wanted, int64_t now)
{
    const struct entry *entry = &cache->entries[wanted->digest[0]];
    bool is_good;

    if (atomic_flag_test_and_set(&cache->is_busy))
        return false;
    is_good = entry->from <= now && now < entry->until &&
              memcmp(entry->digest, wanted->digest, DIGEST) == 0;
    atomic_flag_clear(&cache->is_busy);
    return is_good;
}

static void remember(struct atls_chain_cache *cache, const struct entry *entry)
{
    if (entry->from >= entry->until ||
        atomic_flag_test_and_set(&cache->is_busy))
        return;
    cache->entries[entry->digest[0]] = *entry;
    atomic_flag_clear(&cache->is_busy);
}

static bool add_certificate(EVP_MD_CTX *context, const X509 *certificate)
{
    uint8_t *der = NULL;
    int len = i2d_X509(certificate, &der);
    bool is_good = len > 0 && EVP_DigestUpdate(context, der, (size_t)len) == 1;

    OPENSSL_free(der);
    return is_good;
}

/* A CRL is the operator's own file: its signature tells it from others. */
static bool add_crl(EVP_MD_CTX *context, const X509_CRL *crl)
{
    const ASN1_BIT_STRING *signature = NULL;

    X509_CRL_get0_signature(crl, &signature, NULL);
    return EVP_DigestUpdate(context, ASN1_STRING_get0_data(signature),
                            (size_t)ASN1_STRING_length(signature)) == 1;
}

/* Everything but the anchors, whose cache it is, and the time. */
static bool digest_check(const struct atls_chain_check *check,
                         uint8_t digest[DIGEST])
{
    ATLS_AUTO(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    int num_crls = check->crls != NULL ? sk_X509_CRL_num(check->crls) : 0;
    const uint8_t flags[] = {check->crls != NULL, check->leaf_has_no_crl,
                             check->crls_are_optional};
    bool is_good = context != NULL &&
                   EVP_DigestInit_ex2(context, EVP_sha256(), NULL) == 1 &&
                   EVP_DigestUpdate(context, flags, sizeof(flags)) == 1 &&
                   EVP_DigestUpdate(context, &check->grace_s,
                                    sizeof(check->grace_s)) == 1 &&
                   add_certificate(context, check->leaf);

    for (int i = 0; is_good && i < sk_X509_num(check->others); i++)
        is_good = add_certificate(context, sk_X509_value(check->others, i));
    for (int i = 0; is_good && i < num_crls; i++)
        is_good = add_crl(context, sk_X509_CRL_value(check->crls, i));
    return is_good && EVP_DigestFinal_ex(context, digest, NULL) == 1;
}

int64_t atls_chain_seconds(const ASN1_TIME *time)
{
    static const struct tm epoch = {.tm_year = 70, .tm_mday = 1};
    struct tm broken;
    int days, seconds;

    if (ASN1_TIME_to_tm(time, &broken) != 1 ||
        OPENSSL_gmtime_diff(&days, &seconds, &epoch, &broken) != 1)
        return INT64_MIN;
    return (int64_t)days * 86400 + seconds;
}

static void narrow(struct entry *entry, int64_t from, int64_t until)
{
    if (from > entry->from)
        entry->from = from;
    if (until < entry->until)
        entry->until = until;
}

static bool is_issuer_in(STACK_OF(X509) * chain, const X509_CRL *crl)
{
    for (int i = 0; i < sk_X509_num(chain); i++)
        if (X509_NAME_cmp(X509_get_subject_name(sk_X509_value(chain, i)),
                          X509_CRL_get_issuer(crl)) == 0)
            return true;
    return false;
}

/* From when until when the chain holds, and the CRLs of those in it. */
static void measure(const struct atls_chain_check *check,
                    STACK_OF(X509) * chain, struct entry *entry)
{
    entry->from = INT64_MIN;
    entry->until = INT64_MAX;
    for (int i = 0; i < sk_X509_num(chain); i++)
        narrow(entry,
               atls_chain_seconds(X509_get0_notBefore(sk_X509_value(chain, i))),
               atls_chain_seconds(X509_get0_notAfter(sk_X509_value(chain, i))));
    for (int i = 0; check->crls != NULL && i < sk_X509_CRL_num(check->crls);
         i++) {
        const X509_CRL *crl = sk_X509_CRL_value(check->crls, i);
        const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

        if (is_issuer_in(chain, crl))
            narrow(entry, atls_chain_seconds(X509_CRL_get0_lastUpdate(crl)),
                   next != NULL ? atls_chain_seconds(next) + check->grace_s
                                : INT64_MAX);
    }
}

static const struct atls_chain_check *check_of(X509_STORE_CTX *context)
{
    return X509_STORE_CTX_get_app_data(context);
}

static bool is_in_grace(X509_STORE_CTX *context)
{
    const struct atls_chain_check *check = check_of(context);
    const X509_CRL *crl = X509_STORE_CTX_get0_current_crl(context);
    const ASN1_TIME *next = crl != NULL ? X509_CRL_get0_nextUpdate(crl) : NULL;

    return next != NULL &&
           check->now < atls_chain_seconds(next) + check->grace_s;
}

/* The leaf issues nothing, whatever a CRL says. */
static bool has_crl_of_issuer(X509_STORE_CTX *context)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
    STACK_OF(X509_CRL) *crls = check_of(context)->crls;

    for (int i = 1; i < sk_X509_num(chain); i++)
        for (int j = 0; j < sk_X509_CRL_num(crls); j++)
            if (X509_NAME_cmp(
                    X509_get_subject_name(sk_X509_value(chain, i)),
                    X509_CRL_get_issuer(sk_X509_CRL_value(crls, j))) == 0)
                return true;
    return false;
}

/* Nobody but the operator could revoke an anchor, and some issuers publish no
 * CRL for what they issue. */
static bool needs_no_crl(X509_STORE_CTX *context)
{
    const struct atls_chain_check *check = check_of(context);
    int depth = X509_STORE_CTX_get_error_depth(context);
    int last = sk_X509_num(X509_STORE_CTX_get0_chain(context)) - 1;

    return depth == last || (depth == 0 && check->leaf_has_no_crl) ||
           (check->crls_are_optional && !has_crl_of_issuer(context));
}

static int decide(int is_good, X509_STORE_CTX *context)
{
    if (is_good)
        return 1;
    switch (X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_CRL_HAS_EXPIRED:
        return is_in_grace(context);
    case X509_V_ERR_UNABLE_TO_GET_CRL:
        return needs_no_crl(context);
    default:
        return 0;
    }
}

static enum atls_reason reason_of(int error)
{
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return ATLS_CHAIN_EXPIRED;
    case X509_V_ERR_CERT_REVOKED:
        return ATLS_CHAIN_REVOKED;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
        return ATLS_COLLATERAL_MISSING;
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
        return ATLS_COLLATERAL_STALE;
    case X509_V_ERR_OUT_OF_MEM:
        return ATLS_OUT_OF_MEMORY;
    default:
        return ATLS_CHAIN_UNTRUSTED;
    }
}

static bool is_signed(STACK_OF(X509) * chain)
{
    for (int i = 0; i + 1 < sk_X509_num(chain); i++)
        if (X509_verify(sk_X509_value(chain, i),
                        X509_get0_pubkey(sk_X509_value(chain, i + 1))) != 1)
            return false;
    return true;
}

/* libcrypto asks CRLs before it verifies the signatures of the chain, and has
 * put that together by names: what CRLs say of strangers is nobody's fault but
 * theirs. */
static int error_of(X509_STORE_CTX *context)
{
    int error = X509_STORE_CTX_get_error(context);
    enum atls_reason reason = reason_of(error);

    if ((reason == ATLS_CHAIN_REVOKED || reason == ATLS_COLLATERAL_MISSING ||
         reason == ATLS_COLLATERAL_STALE) &&
        !is_signed(X509_STORE_CTX_get0_chain(context)))
        return X509_V_ERR_CERT_SIGNATURE_FAILURE;
    return error;
}

static enum atls_reason refuse(X509_STORE_CTX *context, struct atls_why *why)
{
    int error = error_of(context);
    X509 *current = X509_STORE_CTX_get_current_cert(context);
    char subject[MAX_SUBJECT] = "";

    if (error == X509_V_OK) /* it failed before it looked at any */
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (current != NULL)
        (void)X509_NAME_oneline(X509_get_subject_name(current), subject,
                                sizeof(subject));
    return atls_why(why, reason_of(error),
                    "want a chain of certificates to one of trust_anchors, "
                    "found at %s: %s",
                    subject, X509_verify_cert_error_string(error));
}

static STACK_OF(X509) * untrusted_of(const struct atls_chain_check *check)
{
    AUTO_BORROWING STACK_OF(X509) *all =
        check->others != NULL ? sk_X509_dup(check->others) : sk_X509_new_null();
    STACK_OF(X509) *known = check->anchors->intermediates;

    for (int i = 0; all != NULL && i < sk_X509_num(known); i++)
        if (sk_X509_push(all, sk_X509_value(known, i)) <= 0)
            return NULL;
    return ATLS_STEAL(all);
}

static bool set_up(X509_STORE_CTX *context,
                   const struct atls_chain_check *check)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST;

    if (check->crls != NULL)
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    X509_VERIFY_PARAM_set_depth(param, ATLS_CHAIN_MAX_CERTIFICATES);
    X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
    X509_VERIFY_PARAM_set_time(param, (time_t)check->now);
    X509_STORE_CTX_set0_trusted_stack(context, check->anchors->roots);
    X509_STORE_CTX_set0_crls(context, check->crls);
    X509_STORE_CTX_set_verify_cb(context, decide);
    return X509_VERIFY_PARAM_set_flags(param, flags) == 1 &&
           X509_STORE_CTX_set_app_data(context, (void *)(uintptr_t)check) == 1;
}

static enum atls_reason verify(const struct atls_chain_check *check,
                               struct entry *entry, struct atls_why *why)
{
    ATLS_AUTO(X509_STORE) *store = X509_STORE_new();
    ATLS_AUTO(X509_STORE_CTX) *context = X509_STORE_CTX_new();
    AUTO_BORROWING STACK_OF(X509) *untrusted = untrusted_of(check);

    if (store == NULL || context == NULL || untrusted == NULL ||
        X509_STORE_CTX_init(context, store, check->leaf, untrusted) != 1 ||
        !set_up(context, check))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (X509_verify_cert(context) != 1)
        return refuse(context, why);
    measure(check, X509_STORE_CTX_get0_chain(context), entry);
    return ATLS_OK;
}

static enum atls_reason verify_once(const struct atls_chain_check *check,
                                    struct atls_why *why)
{
    struct atls_chain_cache *cache = check->anchors->cache;
    struct entry entry = {0};
    enum atls_reason reason;

    if (cache != NULL && !digest_check(check, entry.digest))
        cache = NULL;
    if (cache != NULL && is_remembered(cache, &entry, check->now))
        return ATLS_OK;
    reason = verify(check, &entry, why);
    if (reason == ATLS_OK && cache != NULL)
        remember(cache, &entry);
    return reason;
}

enum atls_reason atls_chain_verify(const struct atls_chain_check *check,
                                   struct atls_why *why)
{
    enum atls_reason reason;

    ERR_set_mark();
    reason = verify_once(check, why);
    if (reason == ATLS_OK) {
        atls_certificate_keep(check->leaf);
        for (int i = 0; i < sk_X509_num(check->others); i++)
            atls_certificate_keep(sk_X509_value(check->others, i));
    }
    ERR_pop_to_mark();
    return reason;
}
