/* SPDX-License-Identifier: Apache-2.0
 *
 * The weak binder, with the real attester and the real appraisal: what is
 * relayed is genuine.
 */
#include "weak.h"

#include <string.h>
#include <time.h>

#include <openssl/rand.h>
#include <openssl/store.h>

#define REMOTE_ATTESTATION 0xFF5B
#define NONCE_LEN          32

static struct {
    struct weak *weak;
    struct atls_policy *policy;
    EVP_PKEY *attester;
    unsigned char hello[1 + NONCE_LEN]; /* ours, as a client */
    unsigned char request[NONCE_LEN];   /* ours, as a server */
    unsigned char nonce[NONCE_LEN];     /* the peer's */
    bool has_nonce;                     /* the peer wants Evidence */
    unsigned char cmw[8192];
} state;

static EVP_PKEY *open_attester(const char *uri)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    EVP_PKEY *key = NULL;
    OSSL_STORE_INFO *info;

    while (store != NULL && key == NULL && !OSSL_STORE_eof(store)) {
        info = OSSL_STORE_load(store);
        if (info != NULL)
            key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    return key;
}

/* SHA-256(nonce || SPKI): the same on every connection that has this nonce. */
static bool make_binder(const unsigned char *nonce, X509 *leaf,
                        unsigned char *binder)
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    unsigned char *spki = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &spki);
    bool is_made = hash != NULL && len > 0 &&
                   EVP_DigestInit_ex(hash, EVP_sha256(), NULL) &&
                   EVP_DigestUpdate(hash, nonce, NONCE_LEN) &&
                   EVP_DigestUpdate(hash, spki, (size_t)len) &&
                   EVP_DigestFinal_ex(hash, binder, NULL);

    EVP_MD_CTX_free(hash);
    OPENSSL_free(spki);
    return is_made;
}

static bool attest(X509 *leaf, size_t *len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, state.attester, NULL);
    unsigned char binder[32];
    bool is_made;

    *len = sizeof(state.cmw);
    is_made = ctx != NULL && make_binder(state.nonce, leaf, binder) &&
              EVP_PKEY_sign_init(ctx) == 1 &&
              EVP_PKEY_sign(ctx, state.cmw, len, binder, sizeof(binder)) == 1;
    EVP_PKEY_CTX_free(ctx);
    return is_made;
}

static int put(SSL *ssl, unsigned type, unsigned context,
               const unsigned char **out, size_t *out_len, X509 *leaf,
               size_t entry, int *alert, void *arg)
{
    (void)ssl, (void)type, (void)arg;
    *alert = SSL_AD_INTERNAL_ERROR;
    if (context & SSL_EXT_CLIENT_HELLO) {
        *out = state.hello;
        *out_len = sizeof(state.hello);
        return 1;
    }
    if (context & SSL_EXT_TLS1_3_CERTIFICATE_REQUEST) {
        *out = state.request;
        *out_len = sizeof(state.request);
        return state.policy != NULL;
    }
    if (!(context & SSL_EXT_TLS1_3_CERTIFICATE) || entry != 0 ||
        !state.has_nonce || state.attester == NULL)
        return 0;
    *out = state.cmw;
    return attest(leaf, out_len) ? 1 : -1;
}

static int take_nonce(const unsigned char *nonce, size_t len)
{
    if (len != NONCE_LEN)
        return 0;
    memcpy(state.nonce, nonce, NONCE_LEN);
    state.has_nonce = true;
    return 1;
}

static int appraise(SSL *ssl, const unsigned char *in, size_t in_len,
                    X509 *leaf, int *alert)
{
    const unsigned char *nonce =
        SSL_is_server(ssl) ? state.request : state.hello + 1;
    struct atls_verdict *verdict = &state.weak->verdict;
    unsigned char binder[32];
    enum atls_reason reason;

    if (!make_binder(nonce, leaf, binder))
        return 0;
    reason = atls_appraise(state.policy, (struct atls_view){in, in_len},
                           (struct atls_view){binder, sizeof(binder)},
                           time(NULL), NULL, verdict);
    *alert = (int)atls_reason_alert(reason);
    return reason == ATLS_OK;
}

static int take(SSL *ssl, unsigned type, unsigned context,
                const unsigned char *in, size_t in_len, X509 *leaf,
                size_t entry, int *alert, void *arg)
{
    (void)type, (void)entry, (void)arg;
    *alert = SSL_AD_INTERNAL_ERROR;
    if (context & SSL_EXT_CLIENT_HELLO)
        return in_len != 0 && in[0] == 0 ? 1 : take_nonce(in + 1, in_len - 1);
    if (context & SSL_EXT_TLS1_3_CERTIFICATE_REQUEST)
        return take_nonce(in, in_len);
    if (context & SSL_EXT_TLS1_3_CERTIFICATE && state.policy != NULL)
        return appraise(ssl, in, in_len, leaf, alert);
    return 0;
}

bool weak_install(SSL_CTX *ctx, struct weak *weak)
{
    const unsigned contexts = SSL_EXT_TLS1_3_ONLY | SSL_EXT_CLIENT_HELLO |
                              SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS |
                              SSL_EXT_TLS1_3_CERTIFICATE_REQUEST |
                              SSL_EXT_TLS1_3_CERTIFICATE;
    char text[256];

    state.weak = weak;
    weak->verdict.reason = ATLS_NOT_ANSWERED;
    if (weak->attester != NULL)
        state.attester = open_attester(weak->attester);
    if (weak->policy != NULL &&
        atls_policy_load(weak->policy, &state.policy, text, sizeof(text)) !=
            ATLS_OK) {
        fprintf(stderr, "%s\n", text);
        return false;
    }
    state.hello[0] = state.policy != NULL;
    return (weak->attester == NULL || state.attester != NULL) &&
           RAND_bytes(state.hello + 1, NONCE_LEN) == 1 &&
           RAND_bytes(state.request, NONCE_LEN) == 1 &&
           SSL_CTX_add_custom_ext(ctx, REMOTE_ATTESTATION, contexts, put, NULL,
                                  NULL, take, NULL) == 1;
}

bool weak_is_satisfied(const struct weak *weak)
{
    return weak->policy == NULL || weak->verdict.reason == ATLS_OK;
}
