/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates, CRLs, quotes and signed JSON as Intel makes them.
 */
#include "forge_dcap.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/asn1t.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base64url.h"

#define NOT_BEFORE 1767225600 /* 2026-01-01 */
#define NOT_AFTER  2019686400 /* 2034-01-01 */
#define ISSUED     1793491200 /* FORGE_DCAP_ISSUED */
#define NEXT       1796083200 /* FORGE_DCAP_NEXT */

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(X509, X509_free)
ATLS_AUTO_FREE(X509_CRL, X509_CRL_free)
ATLS_AUTO_FREE(EVP_MD_CTX, EVP_MD_CTX_free)
ATLS_AUTO_FREE(ECDSA_SIG, ECDSA_SIG_free)

static void must(bool is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "forge: %s\n", what);
    ERR_print_errors_fp(stderr);
    abort();
}

static const struct {
    const char *name;
    enum forge_dcap_role issuer;
    bool is_ca;
} roles[] = {
    {"SGX Root CA", FORGE_DCAP_ROOT, true},
    {"SGX PCK Platform CA", FORGE_DCAP_ROOT, true},
    {"SGX PCK Certificate", FORGE_DCAP_CA, false},
    {"Intel SGX TCB Signing", FORGE_DCAP_ROOT, false},
};

/* DER by hand: short lengths suffice but for the whole. */
static void put_der(struct atls_buf *out, uint8_t tag, struct atls_view content)
{
    atls_buf_u8(out, tag);
    if (content.len >= 0x100) {
        atls_buf_u8(out, 0x82);
        atls_buf_u16(out, (uint16_t)content.len);
    } else {
        if (content.len >= 0x80)
            atls_buf_u8(out, 0x81);
        atls_buf_u8(out, (uint8_t)content.len);
    }
    atls_buf_put(out, content);
}

static const uint8_t sgx_arc[] = {0x2a, 0x86, 0x48, 0x86, 0xf8,
                                  0x4d, 0x01, 0x0d, 0x01};

/* SEQUENCE { OID 1.2.840.113741.1.13.1.arc[.more], value } */
static void put_entry(struct atls_buf *out, const char *arcs, uint8_t tag,
                      struct atls_view value)
{
    ATLS_AUTO_BUF oid = atls_buf(64), entry = atls_buf(FORGE_MAX);

    atls_buf_put(&oid, atls_view(sgx_arc, sizeof(sgx_arc)));
    atls_buf_put(&oid, atls_view_text(arcs));
    put_der(&entry, 0x06, atls_buf_view(&oid));
    put_der(&entry, tag, value);
    put_der(out, 0x30, atls_buf_view(&entry));
}

static void put_integer(struct atls_buf *out, const char *arcs, unsigned value)
{
    uint8_t bytes[] = {0, (uint8_t)(value >> 8), (uint8_t)value};
    size_t skip = value < 0x80 ? 2 : value < 0x8000 ? 1 : 0;

    put_entry(out, arcs, 0x02, atls_view(bytes + skip, 3 - skip));
}

static void put_tcb(const struct forge_dcap *dcap, struct atls_buf *out)
{
    ATLS_AUTO_BUF tcb = atls_buf(FORGE_MAX);
    char arcs[3] = {2, 0, 0};

    for (unsigned i = 0; i < 16; i++) {
        arcs[1] = (char)(i + 1);
        put_integer(&tcb, arcs, dcap->svns[i]);
    }
    arcs[1] = 17;
    put_integer(&tcb, arcs, dcap->pce_svn);
    arcs[1] = 18;
    put_entry(&tcb, arcs, 0x04, atls_view(dcap->svns, sizeof(dcap->svns)));
    put_entry(out, "\2", 0x30, atls_buf_view(&tcb));
}

static void put_sgx_extension(const struct forge_dcap *dcap,
                              struct atls_buf *out)
{
    static const uint8_t zeros[16], enumerated[] = {1};
    ATLS_AUTO_BUF entries = atls_buf(FORGE_MAX), fmspc = atls_buf(8);

    forge_hex(&fmspc, FORGE_DCAP_FMSPC);
    put_entry(&entries, "\1", 0x04, atls_view(zeros, 16)); /* PPID */
    put_tcb(dcap, &entries);
    put_entry(&entries, "\3", 0x04, atls_view(zeros, 2)); /* PCEID */
    put_entry(&entries, "\4", 0x04, atls_buf_view(&fmspc));
    put_entry(&entries, "\5", 0x0a, atls_view(enumerated, 1));
    put_der(out, 0x30, atls_buf_view(&entries));
}

static void add_sgx_extension(const struct forge_dcap *dcap, X509 *certificate)
{
    ATLS_AUTO_BUF der = atls_buf(FORGE_MAX);
    ASN1_OBJECT *oid = OBJ_txt2obj("1.2.840.113741.1.13.1", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension;

    put_sgx_extension(dcap, &der);
    must(ASN1_OCTET_STRING_set(value, der.data, (int)der.len) == 1, "SGX");
    extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
    must(X509_add_ext(certificate, extension, -1) == 1, "SGX extension");
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}

static void add_extension(X509 *certificate, int nid, const char *text)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, text);

    must(extension != NULL && X509_add_ext(certificate, extension, -1) == 1,
         text);
    X509_EXTENSION_free(extension);
}

static void set_name(X509_NAME *name, const struct forge_dcap *dcap, int role)
{
    char text[64];

    snprintf(text, sizeof(text), "%s%s",
             role == FORGE_DCAP_TCB ? "" : dcap->maker, roles[role].name);
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                    (const unsigned char *)text, -1, -1,
                                    0) == 1,
         text);
}

static X509 *make_certificate(const struct forge_dcap *dcap, int role)
{
    X509 *certificate = X509_new();

    ASN1_INTEGER_set(X509_get_serialNumber(certificate), role + 1);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_TIME_set(X509_getm_notBefore(certificate), dcap->not_before[role]);
    ASN1_TIME_set(X509_getm_notAfter(certificate), dcap->not_after[role]);
    set_name(X509_get_subject_name(certificate), dcap, role);
    set_name(X509_get_issuer_name(certificate), dcap, (int)roles[role].issuer);
    X509_set_pubkey(certificate, dcap->keys[role]);
    add_extension(certificate, NID_basic_constraints,
                  roles[role].is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_extension(certificate, NID_key_usage,
                  roles[role].is_ca ? "critical,keyCertSign,cRLSign"
                                    : "critical,digitalSignature");
    if (role == FORGE_DCAP_PCK)
        add_sgx_extension(dcap, certificate);
    must(X509_sign(certificate, dcap->keys[roles[role].issuer], EVP_sha256()) >
             0,
         "certificate");
    return certificate;
}

static void issue(struct forge_dcap *dcap, int role)
{
    X509_free(dcap->certificates[role]);
    dcap->certificates[role] = make_certificate(dcap, role);
}

void forge_dcap_open(struct forge_dcap *dcap)
{
    *dcap = (struct forge_dcap){.pce_svn = 11,
                                .issued = ISSUED,
                                .next = NEXT,
                                .revoked = "",
                                .maker = "Test "};
    memset(dcap->svns, 5, sizeof(dcap->svns));
    for (int i = 0; i < FORGE_DCAP_ROLES; i++) {
        dcap->not_before[i] = NOT_BEFORE;
        dcap->not_after[i] = NOT_AFTER;
        must((dcap->keys[i] = EVP_EC_gen("P-256")) != NULL, "key");
    }
    for (int i = 0; i < FORGE_DCAP_QUOTE; i++)
        issue(dcap, i);
}

void forge_dcap_rename(struct forge_dcap *dcap, const char *maker)
{
    dcap->maker = maker;
    for (int i = 0; i < FORGE_DCAP_QUOTE; i++)
        issue(dcap, i);
}

void forge_dcap_expire(struct forge_dcap *dcap, enum forge_dcap_role role,
                       int64_t not_after)
{
    dcap->not_after[role] = not_after;
    issue(dcap, (int)role);
}

void forge_dcap_delay(struct forge_dcap *dcap, enum forge_dcap_role role,
                      int64_t not_before)
{
    dcap->not_before[role] = not_before;
    issue(dcap, (int)role);
}

void forge_dcap_clear(struct forge_dcap *dcap)
{
    for (int i = 0; i < FORGE_DCAP_ROLES; i++) {
        EVP_PKEY_free(dcap->keys[i]);
        X509_free(dcap->certificates[i]);
    }
}

void forge_dcap_pem(const struct forge_dcap *dcap, struct atls_buf *out,
                    const int *chain)
{
    ATLS_AUTO(BIO) *bio = BIO_new(BIO_s_mem());
    char *text;
    long len;

    for (; *chain >= 0; chain++)
        must(PEM_write_bio_X509(bio, dcap->certificates[*chain]) == 1, "PEM");
    len = BIO_get_mem_data(bio, &text);
    atls_buf_put(out, atls_view(text, (size_t)len));
}

static void add_revoked(X509_CRL *crl, long serial, int64_t issued)
{
    X509_REVOKED *revoked = X509_REVOKED_new();
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)issued);

    ASN1_INTEGER_set(number, serial);
    X509_REVOKED_set_serialNumber(revoked, number);
    X509_REVOKED_set_revocationDate(revoked, time);
    must(X509_CRL_add0_revoked(crl, revoked) == 1, "CRL");
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(time);
}

void forge_dcap_crl(const struct forge_dcap *dcap, enum forge_dcap_role issuer,
                    struct atls_buf *out)
{
    static const char *const names[] = {"root", "ca", "pck", "tcb"};
    ATLS_AUTO(X509_CRL) *crl = X509_CRL_new();
    ASN1_TIME *issued = ASN1_TIME_set(NULL, (time_t)dcap->issued);
    ASN1_TIME *next = ASN1_TIME_set(NULL, (time_t)dcap->next);
    uint8_t *der = NULL;
    int len;

    X509_CRL_set_version(crl, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl,
                             X509_get_subject_name(dcap->certificates[issuer]));
    X509_CRL_set1_lastUpdate(crl, issued);
    X509_CRL_set1_nextUpdate(crl, next);
    for (int i = FORGE_DCAP_CA; i < FORGE_DCAP_QUOTE; i++)
        if (roles[i].issuer == issuer && strcmp(dcap->revoked, names[i]) == 0)
            add_revoked(crl, i + 1, dcap->issued);
    must(X509_CRL_sign(crl, dcap->keys[issuer], EVP_sha256()) > 0, "CRL");
    len = i2d_X509_CRL(crl, &der);
    atls_buf_put(out, atls_view(der, (size_t)len));
    OPENSSL_free(der);
    ASN1_TIME_free(issued);
    ASN1_TIME_free(next);
}

static void fill(uint8_t *body, size_t at, size_t len, int byte)
{
    memset(body + at, byte, len);
}

static void init_td(struct forge_dcap_quote *quote)
{
    static const uint8_t svns[16] = {5, 0, 5};

    memcpy(quote->body, svns, sizeof(svns));
    fill(quote->body, 16, 48, 0x10);  /* MRSEAM */
    quote->body[123] = 0x10;          /* SEPT_VE_DISABLE */
    fill(quote->body, 128, 8, 0xe7);  /* XFAM */
    fill(quote->body, 136, 48, 0x11); /* MRTD */
    fill(quote->body, 184, 48, 0x12); /* MRCONFIGID */
    fill(quote->body, 232, 48, 0x13); /* MROWNER */
    fill(quote->body, 280, 48, 0x14); /* MROWNERCONFIG */
    for (unsigned i = 0; i < 4; i++)
        fill(quote->body, 328 + 48 * i, 48, 0x20 + (int)i);
    if (quote->len > 584)
        memcpy(quote->body + 584, svns, sizeof(svns));
}

static void init_enclave(uint8_t *body, int mr_enclave, int mr_signer)
{
    fill(body, 0, 16, 5); /* CPUSVN */
    body[48] = 0x05;      /* INIT, MODE64BIT */
    body[56] = 0xe7;      /* XFRM */
    fill(body, 64, 32, mr_enclave);
    fill(body, 128, 32, mr_signer);
    body[256] = 2; /* ISVPRODID */
    body[258] = 7; /* ISVSVN */
}

/* Key Separation and Sharing, of an enclave that has it */
static void init_kss(uint8_t *body)
{
    body[16] = 0x01;           /* MISCSELECT */
    fill(body, 32, 16, 0x33);  /* ISVEXTPRODID */
    body[48] |= 0x80;          /* KSS */
    fill(body, 192, 64, 0x34); /* CONFIGID */
    body[260] = 5;             /* CONFIGSVN */
    fill(body, 304, 16, 0x35); /* ISVFAMILYID */
}

void forge_dcap_quote_init(struct forge_dcap_quote *quote, const char *kind,
                           struct atls_view nonce)
{
    static const uint8_t intel[] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c,
                                    0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3,
                                    0x95, 0x7f, 0x06, 0x07};
    static const int chain[] = {FORGE_DCAP_PCK, FORGE_DCAP_CA, FORGE_DCAP_ROOT,
                                -1};
    bool is_td = kind[0] == 't', is_15 = strcmp(kind, "tdx15") == 0;

    *quote =
        (struct forge_dcap_quote){.key_type = 2, .qe_type = 6, .chain_type = 5};
    quote->version = is_15 ? 5 : (uint16_t)(kind[3] - '0');
    quote->tee = is_td ? 0x81 : 0;
    quote->body_type = is_15 ? 3 : is_td ? 2 : 1;
    quote->len = is_15 ? 648 : is_td ? 584 : 384;
    quote->body_len = (uint32_t)quote->len;
    memcpy(quote->vendor, intel, sizeof(intel));
    memcpy(quote->chain, chain, sizeof(chain));
    fill(quote->auth, 0, sizeof(quote->auth), 0xaa);
    if (is_td)
        init_td(quote);
    else {
        init_enclave(quote->body, 0x31, 0x32);
        init_kss(quote->body);
    }
    init_enclave(quote->qe_report, 0x41, 0x42);
    if (nonce.len > 0)
        memcpy(quote->body + (is_td ? 520 : 320), nonce.data, nonce.len);
}

static void put_le(struct atls_buf *out, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++)
        atls_buf_u8(out, (uint8_t)(value >> (8 * i)));
}

static void sign(EVP_PKEY *key, struct atls_view message, struct atls_buf *out)
{
    ATLS_AUTO(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    ATLS_AUTO(ECDSA_SIG) *signature = NULL;
    uint8_t der[80], raw[64];
    const uint8_t *at = der;
    size_t len = sizeof(der);

    must(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
             EVP_DigestSign(context, der, &len, message.data, message.len) == 1,
         "signature");
    signature = d2i_ECDSA_SIG(NULL, &at, (long)len);
    BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + 32, 32);
    atls_buf_put(out, atls_view(raw, sizeof(raw)));
}

static void put_header(const struct forge_dcap_quote *quote,
                       struct atls_buf *out)
{
    static const uint8_t user_data[20];

    put_le(out, 2, quote->version);
    put_le(out, 2, quote->key_type);
    put_le(out, 4, quote->tee);
    put_le(out, 4, 0);
    atls_buf_put(out, atls_view(quote->vendor, 16));
    atls_buf_put(out, atls_view(user_data, sizeof(user_data)));
    if (quote->version == 5) {
        put_le(out, 2, quote->body_type);
        put_le(out, 4, quote->body_len);
    }
    atls_buf_put(out, atls_view(quote->body, quote->len));
}

static void put_block(struct atls_buf *out, struct atls_view bytes)
{
    put_le(out, 4, (uint32_t)bytes.len);
    atls_buf_put(out, bytes);
}

static void get_point(EVP_PKEY *key, uint8_t point[65])
{
    size_t len = 0;

    must(EVP_PKEY_get_octet_string_param(
             key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, 65, &len) == 1 &&
             len == 65,
         "point");
}

static void put_qe(const struct forge_dcap *dcap,
                   const struct forge_dcap_quote *quote, struct atls_buf *out)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);
    uint8_t report[384], bound[64 + sizeof(quote->auth)], point[65];

    memcpy(report, quote->qe_report, sizeof(report));
    get_point(dcap->keys[FORGE_DCAP_QUOTE], point);
    memcpy(bound, point + 1, 64);
    memcpy(bound + 64, quote->auth, sizeof(quote->auth));
    if (!quote->keeps_qe_data)
        must(EVP_Q_digest(NULL, "SHA256", NULL, bound, sizeof(bound),
                          report + 320, NULL) == 1,
             "digest");
    atls_buf_put(out, atls_view(report, sizeof(report)));
    sign(dcap->keys[FORGE_DCAP_PCK], atls_view(report, sizeof(report)), out);
    put_le(out, 2, sizeof(quote->auth));
    atls_buf_put(out, atls_view(quote->auth, sizeof(quote->auth)));
    put_le(out, 2, quote->chain_type);
    forge_dcap_pem(dcap, &pem, quote->chain);
    atls_buf_u8(&pem, 0);
    put_block(out, atls_buf_view(&pem));
}

void forge_dcap_quote(const struct forge_dcap *dcap,
                      const struct forge_dcap_quote *quote,
                      struct atls_buf *out)
{
    ATLS_AUTO_BUF data = atls_buf(FORGE_MAX), qe = atls_buf(FORGE_MAX);
    uint8_t point[65];

    put_header(quote, out);
    sign(dcap->keys[FORGE_DCAP_QUOTE], atls_buf_view(out), &data);
    get_point(dcap->keys[FORGE_DCAP_QUOTE], point);
    atls_buf_put(&data, atls_view(point + 1, 64));
    put_qe(dcap, quote, &qe);
    if (quote->version > 3)
        put_le(&data, 2, quote->qe_type);
    if (quote->version > 3)
        put_block(&data, atls_buf_view(&qe));
    else
        atls_buf_put(&data, atls_buf_view(&qe));
    put_block(out, atls_buf_view(&data));
    atls_buf_put(out, quote->trailing);
}

void forge_dcap_signed(const struct forge_dcap *dcap, const char *name,
                       const char *inner, struct atls_buf *out)
{
    ATLS_AUTO_BUF signature = atls_buf(64);
    char hex[129];

    sign(dcap->keys[FORGE_DCAP_TCB], atls_view_text(inner), &signature);
    atls_hex(atls_buf_view(&signature), hex, sizeof(hex));
    atls_buf_text(out, "{\"");
    atls_buf_text(out, name);
    atls_buf_text(out, "\":");
    atls_buf_text(out, inner);
    atls_buf_text(out, ",\"signature\":\"");
    atls_buf_text(out, hex);
    atls_buf_text(out, "\"}");
}

void forge_folder_open(struct forge_folder *folder)
{
    const char *root = getenv("TMPDIR");

    snprintf(folder->path, sizeof(folder->path), "%s/atls-XXXXXX",
             root != NULL && strlen(root) < 40 ? root : "/tmp");
    must(mkdtemp(folder->path) != NULL, folder->path);
}

void forge_folder_put(const struct forge_folder *folder, const char *name,
                      struct atls_view bytes)
{
    forge_write(folder->path, name, bytes);
}

void forge_folder_clear(struct forge_folder *folder)
{
    DIR *list = opendir(folder->path);
    struct dirent *entry;
    char path[512];

    must(list != NULL, folder->path);
    while ((entry = readdir(list)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder->path, entry->d_name);
        (void)unlink(path);
    }
    closedir(list);
    (void)rmdir(folder->path);
}
