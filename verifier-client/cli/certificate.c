/* SPDX-License-Identifier: Apache-2.0
 *
 * What a certificate says of itself, and which of its extensions hold Evidence.
 */
#include "cli/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "cli/outline.h"
#include "cli/output.h"
#include "gce.h"

enum { SHOWN = 32, MAX_TEXT = 256 };

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(X509, X509_free)

/* id-pe-cmw of RFC 9999; Gramine's quote, older and as TCG DICE has it; Open
 * Enclave's evidence and quote. */
static const struct carrier {
    const char *oid, *name;
} carriers[] = {
    {"1.3.6.1.5.5.7.1.35", "id_pe_cmw"},
    {"1.2.840.113741.1337.6", "gramine_quote"},
    {"2.23.133.5.4.9", "tcg_dice_tagged_evidence"},
    {"1.2.840.113556.10.1.1", "open_enclave_quote"},
    {"1.2.840.113556.10.1.2", "open_enclave_evidence"},
};

static X509 *read_certificate(struct atls_view bytes)
{
    const unsigned char *at = bytes.data;
    ATLS_AUTO(BIO) *bio = NULL;
    X509 *certificate = NULL;

    if (bytes.len == 0 || bytes.len > INT32_MAX)
        return NULL;
    certificate = d2i_X509(NULL, &at, (long)bytes.len);
    if (certificate != NULL && at == bytes.data + bytes.len)
        return certificate;
    X509_free(certificate);
    if (bytes.data[0] != '-') /* quotes hold PEM somewhere, too */
        return NULL;
    bio = BIO_new_mem_buf(bytes.data, (int)bytes.len);
    return bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
}

/* CMW ::= CHOICE { json UTF8String, cbor OCTET STRING } */
static void take_cmw(struct atls_view der, struct atls_buf *cmw)
{
    const unsigned char *at = der.data;
    long len = 0;
    int tag = 0, class = 0;
    int status = ASN1_get_object(&at, &len, &tag, &class, (long)der.len);

    if ((status & 0x80) == 0 && class == V_ASN1_UNIVERSAL && len >= 0 &&
        at + len == der.data + der.len &&
        (tag == V_ASN1_UTF8STRING || tag == V_ASN1_OCTET_STRING))
        atls_buf_put(cmw, atls_view(at, (size_t)len));
}

static void show_extension(json_t *report, X509_EXTENSION *extension,
                           struct atls_buf *cmw)
{
    const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(extension);
    struct atls_view der = atls_view(ASN1_STRING_get0_data(data),
                                     (size_t)ASN1_STRING_length(data));
    char oid[MAX_TEXT];

    OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(extension), 1);
    for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++) {
        if (!atls_view_is(atls_view_text(oid), carriers[i].oid))
            continue;
        atls_output_add(report, carriers[i].name,
                        atls_outline_bytes(der, SHOWN));
        if (i == 0 && cmw->len == 0)
            take_cmw(der, cmw);
    }
}

static void show_name(json_t *report, const char *key, const X509_NAME *name)
{
    ATLS_AUTO(BIO) *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len;

    if (bio == NULL || X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) < 0)
        return;
    len = BIO_get_mem_data(bio, &text);
    atls_output_add(report, key,
                    atls_output_text(atls_view(text, (size_t)len)));
}

static void show_time(json_t *report, const char *key, const ASN1_TIME *time)
{
    ATLS_AUTO(BIO) *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len;

    if (bio == NULL || ASN1_TIME_print(bio, time) != 1)
        return;
    len = BIO_get_mem_data(bio, &text);
    atls_output_add(report, key,
                    atls_output_text(atls_view(text, (size_t)len)));
}

static void show_usages(json_t *report, const X509 *certificate)
{
    EXTENDED_KEY_USAGE *usages =
        X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
    json_t *list = usages != NULL ? json_array() : NULL;
    char oid[MAX_TEXT];

    for (int i = 0; list != NULL && i < sk_ASN1_OBJECT_num(usages); i++) {
        OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(usages, i), 1);
        json_array_append_new(list, json_string(oid));
    }
    if (list != NULL)
        atls_output_add(report, "extended_key_usage", list);
    EXTENDED_KEY_USAGE_free(usages);
}

/* As a policy has it, and whether Google stands in for it. */
static void show_instance(json_t *report, const X509 *certificate)
{
    struct atls_gce_instance instance;
    json_t *shown = NULL;

    if (atls_gce_read(certificate, &instance, NULL) == ATLS_OK)
        shown = json_object();
    for (size_t i = 0; shown != NULL && i < ATLS_GCE_FIELDS; i++)
        atls_output_add(shown, atls_gce_keys[i],
                        atls_output_text(atls_view_text(instance.fields[i])));
    if (shown != NULL) {
        atls_output_add(shown, "production",
                        json_boolean(instance.is_production));
        atls_output_add(report, "gce", shown);
    }
}

bool atls_certificate_describe(json_t *report, struct atls_view bytes,
                               struct atls_buf *cmw)
{
    ATLS_AUTO(X509) *certificate = read_certificate(bytes);
    json_t *shown = json_object();

    if (certificate == NULL || shown == NULL) {
        json_decref(shown);
        return false;
    }
    show_name(shown, "subject", X509_get_subject_name(certificate));
    show_name(shown, "issuer", X509_get_issuer_name(certificate));
    show_time(shown, "not_before", X509_get0_notBefore(certificate));
    show_time(shown, "not_after", X509_get0_notAfter(certificate));
    for (int i = 0; i < X509_get_ext_count(certificate); i++)
        show_extension(shown, X509_get_ext(certificate, i), cmw);
    show_usages(shown, certificate);
    show_instance(shown, certificate);
    atls_output_add(report, "certificate", shown);
    return true;
}
