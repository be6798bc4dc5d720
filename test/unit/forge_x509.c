/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates as vendors make them: AMD's without key identifiers, with
 * serial 0 and signed by RSASSA-PSS; others by ECDSA.
 */
#include "forge_x509.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "base64url.h"

enum { MAX_DER = 65536 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

EVP_PKEY *forge_ec(const char *curve)
{
    EVP_PKEY *key = EVP_EC_gen(curve);

    must(key != NULL);
    return key;
}

EVP_PKEY *forge_rsa(unsigned index)
{
    static EVP_PKEY *keys[2];

    if (keys[index] == NULL)
        keys[index] = EVP_RSA_gen(2048);
    must(keys[index] != NULL);
    return keys[index];
}

static void sign_options(EVP_MD_CTX *context, EVP_PKEY *key, const char *digest,
                         bool is_pss)
{
    EVP_PKEY_CTX *options = NULL;
    const EVP_MD *md = EVP_get_digestbyname(digest);

    must(EVP_DigestSignInit(context, &options, md, NULL, key) == 1);
    if (is_pss) {
        must(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1);
        must(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, 48) == 1);
    }
}

static void add(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    must(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void add_raw(X509 *certificate, const struct forge_extension *wanted)
{
    ATLS_AUTO_BUF der = atls_buf(MAX_DER);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OBJECT *oid = OBJ_txt2obj(wanted->oid, 1);
    X509_EXTENSION *extension;

    must(atls_hex_decode(atls_view_text(wanted->hex), &der));
    must(ASN1_OCTET_STRING_set(value, der.data, (int)der.len) == 1);
    extension =
        X509_EXTENSION_create_by_OBJ(NULL, oid, wanted->is_critical, value);
    must(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    ASN1_OBJECT_free(oid);
    ASN1_OCTET_STRING_free(value);
}

static X509_NAME *name_of(const char *text)
{
    X509_NAME *name = X509_NAME_new();

    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                    (const uint8_t *)text, -1, -1, 0) == 1);
    return name;
}

static void set_names(X509 *out, const struct forge_certificate *wanted)
{
    X509_NAME *name = name_of(wanted->name);

    must(X509_set_subject_name(out, name) == 1);
    must(X509_set_issuer_name(out, wanted->issuer != NULL
                                       ? X509_get_subject_name(wanted->issuer)
                                       : name) == 1);
    X509_NAME_free(name);
}

static void set_time(ASN1_TIME *time, int64_t seconds)
{
    must(ASN1_TIME_set(time, (time_t)seconds) != NULL);
}

X509 *forge_x509(const struct forge_certificate *wanted)
{
    X509 *out = X509_new();
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    must(out != NULL && context != NULL && X509_set_version(out, 2) == 1);
    ASN1_INTEGER_set(X509_get_serialNumber(out), wanted->serial);
    set_names(out, wanted);
    set_time(X509_getm_notBefore(out),
             wanted->from != 0 ? wanted->from : FORGE_NOW - FORGE_YEAR);
    set_time(X509_getm_notAfter(out),
             wanted->until != 0 ? wanted->until : FORGE_NOW + FORGE_YEAR);
    must(X509_set_pubkey(out, wanted->key) == 1);
    if (wanted->is_ca) {
        add(out, NID_basic_constraints, "critical,CA:TRUE");
        add(out, NID_key_usage, "critical,keyCertSign,cRLSign");
    }
    for (const struct forge_extension *e = wanted->extensions;
         e != NULL && e->oid != NULL; e++)
        add_raw(out, e);
    sign_options(
        context, wanted->issuer != NULL ? wanted->issuer_key : wanted->key,
        wanted->digest != NULL ? wanted->digest : "SHA384", wanted->is_pss);
    must(X509_sign_ctx(out, context) > 0);
    EVP_MD_CTX_free(context);
    return out;
}

static void revoke(X509_CRL *crl, long serial, const ASN1_TIME *time)
{
    X509_REVOKED *revoked = X509_REVOKED_new();
    ASN1_INTEGER *number = ASN1_INTEGER_new();

    must(ASN1_INTEGER_set(number, serial) == 1);
    must(X509_REVOKED_set_serialNumber(revoked, number) == 1);
    must(X509_REVOKED_set_revocationDate(revoked,
                                         (ASN1_TIME *)(uintptr_t)time) == 1);
    must(X509_CRL_add0_revoked(crl, revoked) == 1);
    ASN1_INTEGER_free(number);
}

X509_CRL *forge_crl(X509 *issuer, EVP_PKEY *key, long revoked, int64_t from,
                    int64_t until)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *last = ASN1_TIME_set(NULL, (time_t)from);
    ASN1_TIME *next = ASN1_TIME_set(NULL, (time_t)until);

    must(crl != NULL && X509_CRL_set_version(crl, 1) == 1);
    must(X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) == 1);
    must(X509_CRL_set1_lastUpdate(crl, last) == 1);
    must(X509_CRL_set1_nextUpdate(crl, next) == 1);
    if (revoked != 0)
        revoke(crl, revoked, last);
    must(X509_CRL_sort(crl) == 1);
    must(X509_CRL_sign(crl, key, EVP_sha384()) > 0);
    ASN1_TIME_free(last);
    ASN1_TIME_free(next);
    return crl;
}

void forge_crl_pem(struct atls_buf *out, X509_CRL *crl)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    long len;

    must(PEM_write_bio_X509_CRL(bio, crl) == 1);
    len = BIO_get_mem_data(bio, &text);
    atls_buf_put(out, atls_view(text, (size_t)len));
    BIO_free(bio);
}

static void write_pem(struct atls_buf *out, X509 *certificate,
                      const char *newline)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    long len;

    must(PEM_write_bio_X509(bio, certificate) == 1);
    len = BIO_get_mem_data(bio, &text);
    for (long i = 0; i < len; i++)
        if (text[i] == '\n')
            atls_buf_text(out, newline);
        else
            atls_buf_u8(out, (uint8_t)text[i]);
    BIO_free(bio);
}

void forge_x509_pem(struct atls_buf *out, X509 *certificate)
{
    write_pem(out, certificate, "\n");
}

void forge_x509_json(struct atls_buf *out, X509 *certificate)
{
    write_pem(out, certificate, "\\n");
}

void forge_x509_der(struct atls_buf *out, X509 *certificate)
{
    uint8_t *der = NULL;
    int len = i2d_X509(certificate, &der);

    must(len > 0);
    atls_buf_put(out, atls_view(der, (size_t)len));
    OPENSSL_free(der);
}
