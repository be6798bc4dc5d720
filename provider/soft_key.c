/* SPDX-License-Identifier: Apache-2.0
 *
 * The soft attester's key file.
 */
#include "provider/soft_key.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "provider/provider.h"
#include "provider/uri_file.h"

#define KEY_FILE_MAX 16384 /* bytes */

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(EVP_KEYMGMT, EVP_KEYMGMT_free)

/* Called for an encrypted file only. */
static int refuse_passphrase(char *text, int size, int is_write, void *asked)
{
    (void)text;
    (void)size;
    (void)is_write;
    *(bool *)asked = true;
    return -1;
}

static EVP_PKEY *parse(OSSL_LIB_CTX *libctx, struct atls_view pem,
                       bool *is_encrypted)
{
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(pem.data, (int)pem.len);

    if (bio == NULL)
        return NULL;
    return PEM_read_bio_PrivateKey_ex(bio, NULL, refuse_passphrase,
                                      is_encrypted, libctx, NULL);
}

static enum atls_reason check_provider(OSSL_LIB_CTX *libctx,
                                       struct atls_why *why)
{
    ATLS_AUTO(EVP_KEYMGMT) *ec = EVP_KEYMGMT_fetch(libctx, "EC", NULL);

    if (ec != NULL)
        return ATLS_OK;
    return atls_why(why, ATLS_CRYPTO_FAILED,
                    "no provider here handles EC keys; activate the default "
                    "provider in openssl.cnf");
}

static enum atls_reason why_not_parsed(const char *path, bool is_encrypted,
                                       struct atls_why *why)
{
    if (is_encrypted)
        return atls_why(why, ATLS_ATTESTER_KEY,
                        "key %s is encrypted and nobody is asked for its "
                        "passphrase; want plain PEM: openssl pkey -in %s -out "
                        "FILE",
                        path, path);
    return atls_why(
        why, ATLS_ATTESTER_KEY,
        "key %s is no private key in PEM; make one: " ATLS_SOFT_GENPKEY, path);
}

static enum atls_reason check_curve(EVP_PKEY *key, const char *path,
                                    struct atls_why *why)
{
    char group[64] = "none";

    if (EVP_PKEY_is_a(key, "EC"))
        (void)EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
    if (strcmp(group, "prime256v1") == 0)
        return ATLS_OK;
    return atls_why(why, ATLS_ATTESTER_KEY,
                    "key %s is %s, group %s; want EC P-256: " ATLS_SOFT_GENPKEY,
                    path, EVP_PKEY_get0_type_name(key), group);
}

static enum atls_reason read_key(OSSL_LIB_CTX *libctx, const char *path,
                                 EVP_PKEY **out, struct atls_why *why)
{
    ATLS_AUTO_BUF pem = atls_buf(KEY_FILE_MAX);
    ATLS_AUTO(EVP_PKEY) *key = NULL;
    enum atls_reason reason;
    bool is_encrypted = false;

    reason = check_provider(libctx, why);
    if (reason != ATLS_OK)
        return reason;
    reason = atls_uri_file_read(path, "key", &pem, ATLS_ATTESTER_KEY, why);
    if (reason != ATLS_OK)
        return reason;
    key = parse(libctx, atls_buf_view(&pem), &is_encrypted);
    if (key == NULL)
        return why_not_parsed(path, is_encrypted, why);
    reason = check_curve(key, path, why);
    if (reason == ATLS_OK)
        *out = ATLS_STEAL(key);
    return reason;
}

enum atls_reason atls_soft_key_read(OSSL_LIB_CTX *libctx, const char *path,
                                    EVP_PKEY **out, struct atls_why *why)
{
    enum atls_reason reason;

    if (path == NULL)
        return atls_why(
            why, ATLS_ATTESTER_KEY,
            "want attest:soft?key=FILE; make one: " ATLS_SOFT_GENPKEY);
    ERR_set_mark();
    reason = read_key(libctx, path, out, why);
    ERR_pop_to_mark();
    return reason;
}
