/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates by the CA of the tests, with an extension of their own.
 */
#include "bearing.h"

#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define ID_PE "1.3.6.1.5.5.7.1.35"

const struct bearing bearing_right;

void bearing_put_der(int tag, struct atls_view content, struct atls_buf *out)
{
    int size = ASN1_object_size(0, (int)content.len, tag);
    uint8_t *at = atls_buf_room(out, (size_t)size);

    ASN1_put_object(&at, 0, (int)content.len, tag, V_ASN1_UNIVERSAL);
    memcpy(at, content.data, content.len);
}

void bearing_octets(struct atls_view cmw, struct atls_buf *out)
{
    bearing_put_der(V_ASN1_OCTET_STRING, cmw, out);
}

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

EVP_PKEY *bearing_key(const char *name)
{
    BIO *file = BIO_new_file(pair_path(name), "r");
    EVP_PKEY *key = PEM_read_bio_PrivateKey(file, NULL, NULL, NULL);

    ck_assert_ptr_nonnull(key);
    BIO_free(file);
    return key;
}

static struct identity open_ca(void)
{
    BIO *file = BIO_new_file(pair_path("../ca.pem"), "r");
    struct identity ca = {bearing_key("../ca.key"),
                          PEM_read_bio_X509(file, NULL, NULL, NULL)};

    ck_assert_ptr_nonnull(ca.certificate);
    BIO_free(file);
    return ca;
}

static void identity_free(struct identity *identity)
{
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
}

/* SHA-256 of the SubjectPublicKeyInfo, written once more */
void bearing_put_digest(EVP_PKEY *key, struct atls_buf *out)
{
    uint8_t *spki = NULL;
    int len = i2d_PUBKEY(key, &spki);

    ck_assert_int_gt(len, 0);
    ck_assert_int_eq(EVP_Digest(spki, (size_t)len, atls_buf_room(out, 32), NULL,
                                EVP_sha256(), NULL),
                     1);
    OPENSSL_free(spki);
}

/* The value of the extension, as the row has it. */
static void put_bearer(const struct bearing *how, EVP_PKEY *key,
                       struct atls_buf *out)
{
    ATLS_AUTO_BUF challenge = atls_buf(64), cmw = atls_buf(1 << 17);

    bearing_put_digest(key, &challenge);
    if (how->challenge != NULL)
        how->challenge(&challenge);
    pair_quote(how->attester != NULL ? how->attester : "soft.key",
               atls_buf_view(&challenge), &cmw);
    if (how->change != NULL)
        how->change(&cmw);
    (how->wrap != NULL ? how->wrap : bearing_octets)(atls_buf_view(&cmw), out);
    ck_assert(!out->failed && !cmw.failed);
}

static void add_bearer(X509 *certificate, struct atls_view value,
                       bool is_critical)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(ID_PE, 1);
    ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension;

    ASN1_OCTET_STRING_set(data, value.data, (int)value.len);
    extension = X509_EXTENSION_create_by_OBJ(NULL, oid, is_critical, data);
    ck_assert_int_eq(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(data);
    ASN1_OBJECT_free(oid);
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    ck_assert_int_eq(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* Valid since an hour; unsigned yet. */
static struct identity blank(const char *name, bool is_ca)
{
    struct identity identity = {EVP_EC_gen("P-256"), X509_new()};
    X509 *certificate = identity.certificate;
    char alternative[64];

    snprintf(alternative, sizeof(alternative), "DNS:%s", name);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 77 + is_ca);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN",
                               MBSTRING_ASC, (const unsigned char *)name, -1,
                               -1, 0);
    X509_set_pubkey(certificate, identity.key);
    if (is_ca)
        add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    else
        add_extension(certificate, NID_subject_alt_name, alternative);
    return identity;
}

static void sign(struct identity *identity, const struct identity *issuer)
{
    X509_set_issuer_name(identity->certificate,
                         X509_get_subject_name(issuer->certificate));
    ck_assert_int_gt(
        X509_sign(identity->certificate, issuer->key, EVP_sha256()), 0);
}

/* As "../bearer.pem" and "../bearer.key", by which a context takes it. */
static void write_identity(const struct identity *leaf,
                           const struct identity *issuer)
{
    BIO *chain = BIO_new_file(pair_path("../bearer.pem"), "w");
    BIO *key = BIO_new_file(pair_path("../bearer.key"), "w");

    ck_assert_int_eq(PEM_write_bio_X509(chain, leaf->certificate), 1);
    ck_assert_int_eq(PEM_write_bio_X509(chain, issuer->certificate), 1);
    ck_assert_int_eq(
        PEM_write_bio_PrivateKey(key, leaf->key, NULL, NULL, 0, NULL, NULL), 1);
    BIO_free(chain);
    BIO_free(key);
}

static void bear(const struct bearing *how, X509 *leaf, X509 *issuer,
                 EVP_PKEY *key)
{
    ATLS_AUTO_BUF value = atls_buf(1 << 17);

    put_bearer(how, key, &value);
    if (how->place == IN_ISSUER)
        add_bearer(issuer, atls_buf_view(&value), false);
    if (how->place <= IN_LEAF_CRITICAL)
        add_bearer(leaf, atls_buf_view(&value), how->place == IN_LEAF_CRITICAL);
    if (how->place == IN_LEAF_TWICE)
        add_bearer(leaf, atls_buf_view(&value), false);
}

/* What is wrong with the certificate itself */
static void flaw(const struct bearing *how, X509 *leaf)
{
    if (how->usage != NULL)
        add_extension(leaf, NID_ext_key_usage, how->usage);
    if (how->from_s != 0)
        X509_gmtime_adj(X509_getm_notBefore(leaf), how->from_s);
    if (how->until_s != 0)
        X509_gmtime_adj(X509_getm_notAfter(leaf), how->until_s);
}

void bearing_make(const struct bearing *how, const char *name)
{
    struct identity ca = open_ca(), issuer = blank("issuer", true);
    struct identity leaf = blank(name, false);

    bear(how, leaf.certificate, issuer.certificate, leaf.key);
    flaw(how, leaf.certificate);
    sign(&issuer, &ca);
    sign(&leaf, &issuer);
    write_identity(&leaf, &issuer);
    identity_free(&ca);
    identity_free(&issuer);
    identity_free(&leaf);
}

SSL_CTX *bearing_server(const struct bearing *how)
{
    SSL_CTX *ctx = pair_bare_server_ctx();

    bearing_make(how, "server.test");
    pair_use_identity(ctx, "bearer");
    return ctx;
}

SSL_CTX *bearing_client(const struct bearing *how)
{
    SSL_CTX *ctx = pair_bare_client_ctx();

    bearing_make(how, "client.test");
    pair_use_identity(ctx, "bearer");
    return ctx;
}
