/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading and publishing the keys that sign results.
 */
#include "serve/signer.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base64url.h"
#include "file.h"
#include "json.h"
#include "serve/secret.h"

ATLS_AUTO_FREE(BIO, BIO_free_all)

/* Nobody is there who could type a passphrase. */
static int no_passphrase(char *text, int size, int is_for_writing, void *arg)
{
    (void)text;
    (void)size;
    (void)is_for_writing;
    (void)arg;
    return 0;
}

/* RFC 7468, 2. What openssl ecparam writes before a key is none of its own. */
static unsigned num_blocks(const struct atls_buf *text)
{
    static const char begin[] = "-----BEGIN ", parameters[] = "EC PARAMETERS-";
    const uint8_t *at = text->data, *end = text->data + text->len;
    unsigned num = 0;

    while (at != NULL && (at = memmem(at, (size_t)(end - at), begin,
                                      sizeof(begin) - 1)) != NULL) {
        at += sizeof(begin) - 1;
        num += (size_t)(end - at) < sizeof(parameters) - 1 ||
               memcmp(at, parameters, sizeof(parameters) - 1) != 0;
    }
    return num;
}

/* NULL: it is none. */
static EVP_PKEY *parse(const struct atls_buf *text, bool is_public)
{
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(text->data, (int)text->len);
    EVP_PKEY *key = NULL;

    if (bio != NULL)
        key = is_public
                  ? PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL)
                  : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    ERR_clear_error();
    return key;
}

/* One key a file: of several, nobody could say which was meant. */
static enum atls_reason read_key(const char *path, bool must_sign,
                                 EVP_PKEY **out, struct atls_why *why)
{
    ATLS_AUTO_BUF text = atls_buf(ATLS_FILE_MAX);
    enum atls_reason reason = atls_file_read(path, &text, why);

    if (reason == ATLS_OK && num_blocks(&text) == 1)
        *out = parse(&text, false);
    if (*out != NULL)
        reason = atls_secret_check(path, why);
    else if (reason == ATLS_OK && !must_sign && num_blocks(&text) == 1)
        *out = parse(&text, true);
    if (text.len > 0)
        OPENSSL_cleanse(text.data, text.len);
    if (reason != ATLS_OK || *out != NULL)
        return reason;
    return atls_why(why, ATLS_VERIFIER_KEY,
                    "%s: want one %s in PEM, without a passphrase and with "
                    "nothing after it",
                    path, must_sign ? "private key" : "private or public key");
}

/* RFC 7638, 3.2 and RFC 8037, appendix A: the members that a key of its kind
 * must have, in the order of their names. */
static void put_required(struct atls_buf *out, const json_t *jwk)
{
    static const char *const members[] = {"crv", "e", "kty", "n",
                                          "x",   "y", NULL};
    const char *separator = "{\"";

    for (size_t i = 0; members[i] != NULL; i++) {
        const char *value = json_string_value(json_object_get(jwk, members[i]));

        if (value == NULL)
            continue;
        atls_buf_text(out, separator);
        atls_buf_text(out, members[i]);
        atls_buf_text(out, "\":\"");
        atls_buf_text(out, value);
        atls_buf_text(out, "\"");
        separator = ",\"";
    }
    atls_buf_text(out, "}");
}

static enum atls_reason name_key(struct atls_signer *signer,
                                 struct atls_why *why)
{
    ATLS_AUTO_BUF text = atls_buf(ATLS_FILE_MAX);
    ATLS_AUTO_BUF required = atls_buf(ATLS_FILE_MAX);
    ATLS_AUTO_BUF kid = atls_buf(ATLS_SIGNER_KID);
    ATLS_AUTO(json_t) *jwk = NULL;
    uint8_t digest[32];
    enum atls_reason reason = atls_jwk_put(&text, signer->key, NULL, why);

    if (reason != ATLS_OK)
        return reason;
    jwk = atls_json_parse(atls_buf_view(&text), ATLS_VERIFIER_KEY, why);
    put_required(&required, jwk);
    if (jwk == NULL || required.failed)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (EVP_Q_digest(NULL, "SHA256", NULL, required.data, required.len, digest,
                     NULL) != 1)
        return atls_why(why, ATLS_CRYPTO_FAILED, NULL);
    atls_base64url_put(&kid, atls_view(digest, sizeof(digest)));
    if (kid.failed)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    memcpy(signer->kid, kid.data, kid.len);
    return ATLS_OK;
}

enum atls_reason atls_signers_read(const struct atls_words *paths,
                                   struct atls_signers *signers,
                                   struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;

    for (unsigned i = 0; reason == ATLS_OK && i < paths->num; i++) {
        struct atls_signer *signer = &signers->items[signers->num++];

        reason = read_key(paths->items[i], i == 0, &signer->key, why);
        if (reason == ATLS_OK)
            reason = name_key(signer, why);
    }
    return reason;
}

void atls_signers_clear(struct atls_signers *signers)
{
    for (size_t i = 0; i < signers->num; i++)
        EVP_PKEY_free(signers->items[i].key);
    *signers = (struct atls_signers){0};
}

enum atls_reason atls_signers_put(const struct atls_signers *signers,
                                  struct atls_buf *out, struct atls_why *why)
{
    atls_buf_text(out, "{\"keys\":[");
    for (size_t i = 0; i < signers->num; i++) {
        const struct atls_signer *signer = &signers->items[i];
        enum atls_reason reason;

        if (i > 0)
            atls_buf_u8(out, ',');
        reason = atls_jwk_put(out, signer->key, signer->kid, why);
        if (reason != ATLS_OK)
            return reason;
    }
    atls_buf_text(out, "]}");
    return out->failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL) : ATLS_OK;
}
