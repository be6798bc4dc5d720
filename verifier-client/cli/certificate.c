/* SPDX-License-Identifier: Apache-2.0
 *
 * What a certificate says of itself, and which of its extensions hold Evidence.
 */
#include "cli/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base64url.h"
#include "bearer.h"
#include "binder.h"
#include "cli/describe.h"
#include "cli/outline.h"
#include "cli/output.h"
#include "gce.h"
#include "cli/ratls.h"
#include "quote.h"

enum { SHOWN = 32, MAX_TEXT = 256 };

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(X509, X509_free)

typedef enum atls_reason open_fn(struct atls_view bytes, struct atls_ratls *out,
                                 struct atls_why *why);

static enum atls_reason open_quote(struct atls_view bytes,
                                   struct atls_ratls *out, struct atls_why *why)
{
    (void)why;
    *out = (struct atls_ratls){.binding = ATLS_RATLS_KEY, .quote = bytes};
    return ATLS_OK;
}

static enum atls_reason open_intel(struct atls_view bytes,
                                   struct atls_ratls *out, struct atls_why *why)
{
    (void)why;
    *out = (struct atls_ratls){.binding = ATLS_RATLS_UNKNOWN, .quote = bytes};
    return ATLS_OK;
}

/* Gramine's quote, under the OID that is meant and the one that it writes,
 * which has type and length of that in front; what Intel's SGX SDK writes
 * beside the interoperable form, where PCK certificates have something else;
 * that form; Open Enclave's report and evidence, by Microsoft's old and new
 * OIDs. */
static const struct carrier {
    const char *oid, *name;
    open_fn *open;
} carriers[] = {
    {"1.2.840.113741.1337.6", "gramine_quote", open_quote},
    {"0.6.9.42.840.113741.1337.6", "gramine_quote", open_quote},
    {"1.2.840.113741.1.13.1", "intel_quote", open_intel},
    {"2.23.133.5.4.9", "tcg_dice_tagged_evidence", atls_ratls_tagged},
    {"1.2.840.113556.10.1.1", "open_enclave_report", atls_ratls_open_enclave},
    {"1.3.6.1.4.1.311.105.1", "open_enclave_report", atls_ratls_open_enclave},
    {"1.2.840.113556.10.1.2", "open_enclave_evidence", atls_ratls_open_enclave},
    {"1.3.6.1.4.1.311.105.2", "open_enclave_evidence", atls_ratls_open_enclave},
};
#define NUM_CARRIERS (sizeof(carriers) / sizeof(carriers[0]))

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

static void show_bytes(json_t *report, const char *name, struct atls_view bytes)
{
    if (bytes.len > 0)
        atls_output_add(report, name, atls_outline_bytes(bytes, SHOWN));
}

/* What is in it, and whether that is about the key of the certificate; NULL:
 * of none. */
static void show_ratls(json_t *report, const struct atls_ratls *ratls,
                       X509 *certificate)
{
    struct atls_evidence *evidence;

    show_bytes(report, "format", ratls->format);
    show_bytes(report, "wrapped_claims", ratls->claims);
    evidence = atls_describe_bare(report, ratls->quote);
    if (evidence != NULL && certificate != NULL &&
        ratls->binding != ATLS_RATLS_UNKNOWN)
        atls_output_add(
            report, "is_for_key",
            json_boolean(atls_ratls_is_for(ratls, atls_evidence_nonce(evidence),
                                           certificate)));
    atls_evidence_free(evidence);
}

static json_t *describe_carried(const struct carrier *carrier,
                                struct atls_view bytes, X509 *certificate)
{
    json_t *report = json_object();
    struct atls_why why = {0};
    struct atls_ratls ratls;

    show_bytes(report, "content", bytes);
    if (carrier->open(bytes, &ratls, &why) == ATLS_OK) {
        show_ratls(report, &ratls, certificate);
        return report;
    }
    atls_output_set(report, "problem", "%s", why.text);
    if (carrier->open == atls_ratls_tagged) /* TCG has a CMW there, too */
        atls_evidence_free(atls_describe_bare(report, bytes));
    return report;
}

bool atls_certificate_content(json_t *report, struct atls_view bytes)
{
    struct atls_ratls ratls;
    json_t *shown;
    bool is_tagged = atls_ratls_tagged(bytes, &ratls, NULL) == ATLS_OK;

    if (!is_tagged && atls_ratls_open_enclave(bytes, &ratls, NULL) != ATLS_OK)
        return false;
    shown = json_object();
    show_ratls(shown, &ratls, NULL);
    atls_output_add(report, is_tagged ? "tagged_evidence" : "open_enclave",
                    shown);
    return true;
}

/* PCK certificates have something else by the OID of Intel's. */
static bool is_carried(const struct carrier *carrier, const char *oid,
                       struct atls_view bytes)
{
    return atls_view_is(atls_view_text(oid), carrier->oid) &&
           (carrier->open != open_intel || atls_quote_resembles(bytes));
}

static void show_extension(json_t *report, X509_EXTENSION *extension,
                           X509 *certificate)
{
    const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(extension);
    struct atls_view bytes = atls_view(ASN1_STRING_get0_data(data),
                                       (size_t)ASN1_STRING_length(data));
    char oid[MAX_TEXT];

    OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(extension), 1);
    for (size_t i = 0; i < NUM_CARRIERS; i++)
        if (is_carried(&carriers[i], oid, bytes))
            atls_output_add(report, carriers[i].name,
                            describe_carried(&carriers[i], bytes, certificate));
}

/* The CMW of id-pe-cmw, which is described like any other. */
static void show_bearer(json_t *report, X509 *certificate, struct atls_buf *cmw)
{
    json_t *shown = json_object();
    struct atls_evidence *evidence = NULL;
    struct atls_why why = {0};
    struct atls_view bytes;

    if (atls_bearer_read(certificate, &bytes, &why) != ATLS_OK) {
        atls_output_set(shown, "problem", "%s", why.text);
        atls_output_add(report, "id_pe_cmw", shown);
        return;
    }
    show_bytes(shown, "content", bytes);
    atls_buf_put(cmw, bytes);
    if (atls_evidence_parse(bytes, NULL, &evidence, NULL) == ATLS_OK)
        atls_output_add(shown, "is_for_key",
                        json_boolean(atls_bearer_fits(certificate, evidence)));
    atls_evidence_free(evidence);
    atls_output_add(report, "id_pe_cmw", shown);
}

/* What Evidence for this key is challenged with. */
static void show_key(json_t *report, X509 *certificate)
{
    char hex[2 * ATLS_BINDER_MAX + 1];
    struct atls_secret digest;

    if (atls_binder_of_certificate(certificate, &digest, NULL) != ATLS_OK)
        return;
    atls_hex(atls_secret_view(&digest), hex, sizeof(hex));
    atls_output_set(report, "key_sha256", "%s", hex);
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
    show_key(shown, certificate);
    if (atls_bearer_is(certificate))
        show_bearer(shown, certificate, cmw);
    for (int i = 0; i < X509_get_ext_count(certificate); i++)
        show_extension(shown, X509_get_ext(certificate, i), certificate);
    show_usages(shown, certificate);
    show_instance(shown, certificate);
    atls_output_add(report, "certificate", shown);
    return true;
}
