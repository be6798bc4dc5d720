/* SPDX-License-Identifier: Apache-2.0
 *
 * The PKI of a run, made with libcrypto alone.
 */
#include "pki.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "bytes.h"

#define LIFETIME_S 86400

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(X509, X509_free)
ATLS_AUTO_FREE(SSL_CTX, SSL_CTX_free)
ATLS_AUTO_FREE(X509_EXTENSION, X509_EXTENSION_free)

static inline void close_file(FILE *file)
{
    (void)fclose(file);
}
ATLS_AUTO_FREE(FILE, close_file)

struct issuer {
    X509 *cert;
    EVP_PKEY *key;
};

const char *bench_pki_path(const char *folder, const char *name, char *text)
{
    (void)snprintf(text, BENCH_PATH, "%s/%s", folder, name);
    return text;
}

static FILE *open_in(const char *folder, const char *name, const char *mode)
{
    char path[BENCH_PATH];

    return fopen(bench_pki_path(folder, name, path), mode);
}

static bool add_extension(X509 *cert, int nid, const char *value)
{
    ATLS_AUTO(X509_EXTENSION) *ext =
        X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    return ext != NULL && X509_add_ext(cert, ext, -1) == 1;
}

static bool name_it(X509 *cert, const char *name)
{
    return X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN",
                                      MBSTRING_ASC, (const unsigned char *)name,
                                      -1, -1, 0) == 1;
}

static bool date_it(X509 *cert, long serial)
{
    return X509_set_version(cert, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(cert), serial) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(cert), -60) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(cert), LIFETIME_S) != NULL;
}

/* make_cert: self-signed when issuer is NULL. */
static X509 *make_cert(const char *name, EVP_PKEY *key, long serial,
                       const struct issuer *issuer)
{
    ATLS_AUTO(X509) *cert = X509_new();
    X509 *by = issuer != NULL ? issuer->cert : cert;

    if (cert == NULL || !date_it(cert, serial) || !name_it(cert, name) ||
        X509_set_pubkey(cert, key) != 1 ||
        X509_set_issuer_name(cert, X509_get_subject_name(by)) != 1 ||
        !add_extension(cert, NID_basic_constraints,
                       issuer != NULL ? "critical,CA:FALSE"
                                      : "critical,CA:TRUE") ||
        !add_extension(cert, NID_subject_alt_name,
                       "DNS:" BENCH_HOST ",DNS:*." BENCH_BELOW) ||
        X509_sign(cert, issuer != NULL ? issuer->key : key, EVP_sha256()) == 0)
        return NULL;
    return ATLS_STEAL(cert);
}

static bool write_leaf(const char *folder, const char *file, long serial,
                       const struct issuer *ca)
{
    ATLS_AUTO(EVP_PKEY) *key = EVP_EC_gen("P-256");
    ATLS_AUTO(X509) *cert = make_cert(file, key, serial, ca);
    ATLS_AUTO(FILE) *out = open_in(folder, file, "w");

    return cert != NULL && out != NULL && PEM_write_X509(out, cert) == 1 &&
           PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1;
}

static bool write_pair(const char *folder, const char *private_name,
                       const char *public_name)
{
    ATLS_AUTO(EVP_PKEY) *key = EVP_EC_gen("P-256");
    ATLS_AUTO(FILE) *secret = open_in(folder, private_name, "w");
    ATLS_AUTO(FILE) *public = open_in(folder, public_name, "w");

    return key != NULL && secret != NULL && public != NULL &&
           fchmod(fileno(secret), 0600) == 0 &&
           PEM_write_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) == 1 &&
           PEM_write_PUBKEY(public, key) == 1;
}

bool bench_pki_make(const char *folder)
{
    ATLS_AUTO(EVP_PKEY) *key = EVP_EC_gen("P-256");
    ATLS_AUTO(X509) *cert = make_cert("bench CA", key, 1, NULL);
    ATLS_AUTO(FILE) *out = open_in(folder, "ca.pem", "w");
    struct issuer ca = {cert, key};

    return cert != NULL && out != NULL && PEM_write_X509(out, cert) == 1 &&
           write_leaf(folder, "server.pem", 2, &ca) &&
           write_leaf(folder, "client.pem", 3, &ca) &&
           write_pair(folder, "attester.key", "attester.pem") &&
           write_pair(folder, "verifier.key", "verifier.pem");
}

EVP_PKEY *bench_pki_attester(const char *folder)
{
    ATLS_AUTO(FILE) *in = open_in(folder, "attester.key", "r");

    return in != NULL ? PEM_read_PrivateKey(in, NULL, NULL, NULL) : NULL;
}

static bool load_files(SSL_CTX *ctx, const char *folder, const char *leaf)
{
    char path[BENCH_PATH];

    (void)bench_pki_path(folder, leaf, path);
    if (SSL_CTX_use_certificate_file(ctx, path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) != 1)
        return false;
    (void)bench_pki_path(folder, "ca.pem", path);
    return SSL_CTX_load_verify_locations(ctx, path, NULL) == 1;
}

/* Tickets cost 0.3 ms in a mutual handshake, and a server that requires
 * attestation sends none: equal means off everywhere. */
static bool settle(SSL_CTX *ctx, bool is_verifying)
{
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ctx,
                       is_verifying
                           ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                           : SSL_VERIFY_NONE,
                       NULL);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set1_groups_list(ctx, "X25519") == 1 &&
           SSL_CTX_set_num_tickets(ctx, 0) == 1;
}

SSL_CTX *bench_pki_role(const char *folder, bool is_server, bool is_mutual)
{
    ATLS_AUTO(SSL_CTX) *ctx =
        SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());

    if (ctx == NULL || !settle(ctx, !is_server || is_mutual) ||
        !load_files(ctx, folder, is_server ? "server.pem" : "client.pem")) {
        ERR_print_errors_fp(stderr);
        return NULL;
    }
    return ATLS_STEAL(ctx);
}
