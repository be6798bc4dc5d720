/* SPDX-License-Identifier: Apache-2.0
 *
 * attest:soft?key=FILE[&claims=FILE]: a development attester. It makes PSA
 * attestation tokens (RFC 9783) with a key in a file, so it proves nothing;
 * its lifecycle is assembly_and_test, which no policy for real devices takes.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "cmw.h"
#include "cose.h"
#include "provider/attester.h"
#include "provider/provider.h"
#include "provider/psa.h"
#include "provider/soft_key.h"
#include "provider/uri_file.h"

#define MAX_SIZE 4096 /* bytes: all components, texts of all lengths */
#define ENVELOPE 192  /* bytes: COSE_Sign1 with its signature, and CMW */

struct soft {
    OSSL_LIB_CTX *libctx;
    EVP_PKEY *key;
    uint8_t instance_id[ATLS_PSA_INSTANCE_ID_LEN];
    struct atls_psa_claims claims;
    size_t longest; /* bytes of a CMW with the longest nonce */
};

static void soft_free(void *state)
{
    struct soft *soft = state;

    EVP_PKEY_free(soft->key);
    free(soft);
}

static enum atls_reason soft_public_key(void *state, struct atls_buf *spki,
                                        struct atls_why *why)
{
    const struct soft *soft = state;
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(soft->key, &der);

    if (len <= 0)
        return atls_why(why, ATLS_CRYPTO_FAILED, "cannot encode the key");
    atls_buf_put(spki, atls_view(der, (size_t)len));
    OPENSSL_free(der);
    if (spki->failed)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return ATLS_OK;
}

/* RFC 9783, 4.2.1: the instance ID is 01 and the hash of the public key. */
static enum atls_reason set_instance_id(struct soft *soft, struct atls_why *why)
{
    ATLS_AUTO_BUF spki = atls_buf(512);
    enum atls_reason reason = soft_public_key(soft, &spki, why);

    if (reason != ATLS_OK)
        return reason;
    soft->instance_id[0] = 0x01;
    if (!EVP_Q_digest(soft->libctx, "SHA256", NULL, spki.data, spki.len,
                      soft->instance_id + 1, NULL))
        return atls_why(why, ATLS_CRYPTO_FAILED, "no SHA-256");
    return ATLS_OK;
}

static enum atls_reason read_claims(struct soft *soft, const char *path,
                                    struct atls_why *why)
{
    ATLS_AUTO_BUF json = atls_buf(ATLS_PSA_MAX_CLAIMS_FILE);
    enum atls_reason reason;

    atls_psa_claims_default(&soft->claims);
    if (path == NULL)
        return ATLS_OK;
    reason =
        atls_uri_file_read(path, "claims", &json, ATLS_FILE_UNREADABLE, why);
    if (reason != ATLS_OK)
        return reason;
    return atls_psa_claims_read(atls_buf_view(&json), &soft->claims, why);
}

static enum atls_reason measure(struct soft *soft, struct atls_why *why)
{
    static const uint8_t nonce[ATLS_CHALLENGE_MAX];
    ATLS_AUTO_BUF claims = atls_buf(MAX_SIZE - ENVELOPE);

    atls_psa_claims_put(&claims, &soft->claims, atls_view(nonce, sizeof(nonce)),
                        atls_view(soft->instance_id, ATLS_PSA_INSTANCE_ID_LEN));
    if (claims.failed)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    soft->longest = claims.len + ENVELOPE;
    return ATLS_OK;
}

static size_t soft_longest(const void *state)
{
    return ((const struct soft *)state)->longest;
}

static enum atls_reason soft_check(OSSL_LIB_CTX *libctx,
                                   const struct atls_uri *uri, void **state,
                                   struct atls_why *why)
{
    struct soft *soft = calloc(1, sizeof(*soft));
    enum atls_reason reason;

    if (soft == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    *state = soft;
    soft->libctx = libctx;
    reason = atls_soft_key_read(libctx, atls_uri_option(uri, "key"), &soft->key,
                                why);
    if (reason == ATLS_OK)
        reason = set_instance_id(soft, why);
    if (reason == ATLS_OK)
        reason = read_claims(soft, atls_uri_option(uri, "claims"), why);
    if (reason == ATLS_OK)
        reason = measure(soft, why);
    return reason;
}

static enum atls_reason soft_attest(void *state,
                                    const struct atls_challenge *challenge,
                                    atls_deadline deadline,
                                    struct atls_buf *out, struct atls_why *why)
{
    const struct soft *soft = state;
    struct atls_view binder = challenge->binder;
    struct atls_view id =
        atls_view(soft->instance_id, ATLS_PSA_INSTANCE_ID_LEN);
    ATLS_AUTO_BUF claims = atls_buf(MAX_SIZE);
    ATLS_AUTO_BUF token = atls_buf(MAX_SIZE);
    enum atls_reason reason;

    (void)deadline; /* one ECDSA signature waits for nobody */
    if (binder.len != 32 && binder.len != 48 && binder.len != 64)
        return atls_why(why, ATLS_ATTESTER_BINDER,
                        "%zu bytes; a PSA token's nonce has 32, 48 or 64",
                        binder.len);
    atls_psa_claims_put(&claims, &soft->claims, binder, id);
    if (claims.failed)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = atls_cose_sign1_put(&token, atls_buf_view(&claims), soft->key,
                                 soft->libctx, why);
    if (reason != ATLS_OK)
        return reason;
    atls_cmw_put(out, atls_type_of_format(ATLS_PSA_CONTENT_FORMAT),
                 atls_buf_view(&token), ATLS_CMW_EVIDENCE);
    return ATLS_OK;
}

static const char *const options[] = {"key", "claims", NULL};

const struct atls_attester atls_attester_soft = {
    .name = "soft",
    .description = "for development, proves nothing",
    .formats = "10003",
    .options = options,
    .max_size = MAX_SIZE,
    .check = soft_check,
    .longest = soft_longest,
    .public_key = soft_public_key,
    .attest = soft_attest,
    .free = soft_free,
};
