/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading PEM, and the dates in it.
 */
#include "serve/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "chain.h"
#include "file.h"
#include "serve/secret.h"

ATLS_AUTO_FREE(BIO, BIO_free_all)

static enum atls_reason read_pem(const char *path, struct atls_buf *text,
                                 struct atls_why *why)
{
    enum atls_reason reason = atls_file_read(path, text, why);

    atls_buf_u8(text, '\0');
    return reason == ATLS_OK && text->failed
               ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL)
               : reason;
}

enum atls_reason atls_tls_read(const char *certificate, const char *key,
                               struct atls_tls *out, struct atls_why *why)
{
    enum atls_reason reason;

    *out = (struct atls_tls){atls_buf(ATLS_FILE_MAX + 1),
                             atls_buf(ATLS_FILE_MAX + 1)};
    if (certificate == NULL)
        return ATLS_OK;
    reason = read_pem(certificate, &out->certificate, why);
    if (reason == ATLS_OK)
        reason = atls_secret_check(key, why);
    return reason == ATLS_OK ? read_pem(key, &out->key, why) : reason;
}

void atls_tls_clear(struct atls_tls *tls)
{
    atls_buf_clear(&tls->certificate);
    atls_buf_clear(&tls->key);
}

bool atls_tls_equal(const struct atls_tls *a, const struct atls_tls *b)
{
    return atls_view_equal(atls_buf_view(&a->certificate),
                           atls_buf_view(&b->certificate)) &&
           atls_view_equal(atls_buf_view(&a->key), atls_buf_view(&b->key));
}

/* 0: there is no further certificate. */
static int64_t read_end(BIO *bio)
{
    ATLS_AUTO(X509) *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    return certificate == NULL
               ? 0
               : atls_chain_seconds(X509_get0_notAfter(certificate));
}

void atls_tls_note(const struct atls_tls *tls, struct atls_metrics *metrics)
{
    ATLS_AUTO(BIO) *bio = NULL;

    if (tls->certificate.len > 0)
        bio = BIO_new_mem_buf(tls->certificate.data, -1);
    for (size_t i = 0; bio != NULL && i < ATLS_METRICS_CERTIFICATES; i++)
        __atomic_store_n(&metrics->certificates[i], read_end(bio),
                         __ATOMIC_RELAXED);
    ERR_clear_error();
}
