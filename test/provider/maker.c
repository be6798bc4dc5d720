/* SPDX-License-Identifier: Apache-2.0
 *
 * acme.c as an attester that believes nobody: it lists binder-origin, computes
 * the challenge from what it is told there (atls(7), "Attester keys: the
 * contract"), by HMAC and SHA-2 alone, and quotes nothing else. What each quote
 * was for it appends to the file that MAKER_LOG names, one character: s of a
 * server, c of a client, d of a delegate.
 *
 *     maker:KEY.pem[?batches|untold]
 *
 * With batches it says that it makes quotes together. With untold it does not
 * list binder-origin, believes everybody, and fails if it is given one.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/core_dispatch.h>
#include <openssl/hmac.h>
#include <openssl/params.h>

enum { MAX_ORIGIN = 8192, MAX_HASH = 48 };

struct acme_key;
struct acme_sign;
static int maker_set_options(struct acme_key *key, const char *query);
static int maker_batches(const struct acme_key *key);
static int maker_set(struct acme_sign *sign, const OSSL_PARAM params[]);
static const OSSL_PARAM *maker_settable(void *data, void *context);
static int maker_check(const struct acme_sign *sign, const unsigned char *nonce,
                       size_t len);

#define ACME_SCHEME                  "maker"
#define ACME_TYPE                    "MAKER-TEE"
#define ACME_MAX_SIZE(key)           1024
#define ACME_SET_OPTIONS(key, query) maker_set_options(key, query)
#define ACME_BATCHES(key)            maker_batches(key)
#define ACME_EVIDENCE                acme_evidence
#define ACME_CONTEXT                                                           \
    unsigned char origin[MAX_ORIGIN];                                          \
    size_t origin_len;
#define ACME_CONTEXT_ROWS                                                      \
    ROW(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, maker_set),                        \
        ROW(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, maker_settable),
#define ACME_SET_CONTEXT(sign, params)       maker_set(sign, params)
#define ACME_CHECK_CONTEXT(sign, nonce, len) maker_check(sign, nonce, len)
#include "acme.c"

static int maker_set_options(struct acme_key *key, const char *query)
{
    key->batches = query != NULL && strcmp(query, "batches") == 0;
    if (query != NULL && strcmp(query, "untold") == 0)
        strcpy(key->fault, "untold");
    return query == NULL || key->batches || key->fault[0] != '\0';
}

static int is_untold(const struct acme_sign *sign)
{
    return sign->key != NULL && sign->key->fault[0] != '\0';
}

static int maker_batches(const struct acme_key *key)
{
    return key->batches;
}

static const OSSL_PARAM *maker_settable(void *data, void *context)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string("binder-origin", NULL, 0), OSSL_PARAM_END};

    (void)context;
    return is_untold(data) ? &params[1] : params;
}

static int maker_set(struct acme_sign *sign, const OSSL_PARAM params[])
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, "binder-origin");
    void *to = sign->origin;

    if (p != NULL && is_untold(sign))
        return fail(sign->acme, "it was told what it did not ask for");
    return p == NULL ||
           OSSL_PARAM_get_octet_string(p, &to, MAX_ORIGIN, &sign->origin_len);
}

/* HKDF-Expand-Label (RFC 9846, 7.1) of as many bytes as the hash has: the
 * first block of HKDF-Expand (RFC 5869, 2.3) is all of it. */
static int expand(const EVP_MD *hash, const unsigned char *secret,
                  const char *label, const unsigned char *context,
                  unsigned char *out)
{
    unsigned char info[128], *at = info;
    unsigned char len = (unsigned char)EVP_MD_get_size(hash);

    *at++ = 0;
    *at++ = len;
    *at++ = (unsigned char)(6 + strlen(label));
    at = put(PUT(at, "tls13 "), label, strlen(label));
    *at++ = len;
    at = put(at, context, len);
    *at++ = 1;
    return HMAC(hash, secret, len, info, (size_t)(at - info), out, NULL) !=
           NULL;
}

/* u8 role, secret after a u8 length, SubjectPublicKeyInfo after a u16 length */
static size_t of_connection(const unsigned char *origin, size_t len,
                            unsigned char *binder)
{
    size_t secret_len = len > 1 ? origin[1] : 0, spki_len;
    const EVP_MD *hash = secret_len == 32   ? EVP_sha256()
                         : secret_len == 48 ? EVP_sha384()
                                            : NULL;
    const unsigned char *at = origin + 2 + secret_len;
    unsigned char digest[MAX_HASH];

    if (hash == NULL || len < 2 + secret_len + 2)
        return 0;
    spki_len = (size_t)at[0] << 8 | at[1];
    if (len != 2 + secret_len + 2 + spki_len ||
        !EVP_Digest(at + 2, spki_len, digest, NULL, hash, NULL) ||
        !expand(hash, origin + 2, "atls binder", digest, binder))
        return 0;
    return secret_len;
}

/* u8 2, SubjectPublicKeyInfo after a u16 length, 32 bytes, u64, u32: all but
 * the first and the length is what is hashed */
static size_t of_delegate(const unsigned char *origin, size_t len,
                          unsigned char *value)
{
    static const unsigned char zeros[32];
    unsigned char digest[32];

    if (len != 1 + 2 + 91 + 32 + 8 + 4 || origin[1] != 0 || origin[2] != 91 ||
        !EVP_Digest(origin + 3, len - 3, digest, NULL, EVP_sha256(), NULL) ||
        !expand(EVP_sha256(), zeros, "atls delegate", digest, value))
        return 0;
    return 32;
}

static void note(char of)
{
    const char *path = getenv("MAKER_LOG");
    int fd =
        path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);

    if (fd < 0)
        return;
    if (write(fd, &of, 1) != 1)
        abort();
    close(fd);
}

static int maker_check(const struct acme_sign *sign, const unsigned char *nonce,
                       size_t len)
{
    static const char kinds[] = "scd";
    unsigned char binder[MAX_HASH], kind = sign->origin[0];
    size_t binder_len = 0;

    if (is_untold(sign))
        return 1;
    if (sign->origin_len > 0 && kind < 3)
        binder_len = (kind < 2 ? of_connection : of_delegate)(
            sign->origin, sign->origin_len, binder);
    if (binder_len == 0)
        return fail(sign->acme,
                    "bad binder: want binder-origin, found %zu "
                    "bytes of something else",
                    sign->origin_len);
    if (binder_len != len || memcmp(binder, nonce, len) != 0)
        return fail(sign->acme, "bad binder: its origin gives another");
    note(kinds[kind]);
    return 1;
}
