/* SPDX-License-Identifier: Apache-2.0
 *
 * One extension of a certificate, and what ties the Evidence in it to the
 * certificate's key.
 */
#include "bearer.h"

#include <inttypes.h>
#include <string.h>

#include "base64url.h"
#include "binder.h"
#include "chain.h"
#include "der.h"
#include "rule.h"

enum { SKEW_S = 60, SHOWN = 64 };

/* id-pe-cmw, 1.3.6.1.5.5.7.1.35 */
static bool is_id_pe_cmw(const ASN1_OBJECT *oid)
{
    static const uint8_t wanted[] = {0x2b, 6, 1, 5, 5, 7, 1, 35};

    return OBJ_length(oid) == sizeof(wanted) &&
           memcmp(OBJ_get0_data(oid), wanted, sizeof(wanted)) == 0;
}

/* How many there are; *value: of the last. */
static unsigned find(const X509 *certificate, struct atls_view *value)
{
    int num_extensions = X509_get_ext_count(certificate);
    unsigned num = 0;

    for (int i = 0; i < num_extensions; i++) {
        X509_EXTENSION *extension = X509_get_ext(certificate, i);
        const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(extension);

        if (!is_id_pe_cmw(X509_EXTENSION_get_object(extension)))
            continue;
        *value = atls_view(ASN1_STRING_get0_data(data),
                           (size_t)ASN1_STRING_length(data));
        num++;
    }
    return num;
}

bool atls_bearer_is(const X509 *certificate)
{
    struct atls_view value;

    return find(certificate, &value) > 0;
}

/* How long an element of DER with that content is: its length is written the
 * shortest way. */
static size_t der_size(size_t len)
{
    return len + (len < 0x80 ? 2 : len < 0x100 ? 3 : 4);
}

/* One element of DER that fills the bytes, and is not empty. */
static bool open_der(struct atls_view der, uint8_t *tag,
                     struct atls_view *content)
{
    struct atls_reader in = atls_reader(der);

    *content = atls_der_take_any(&in, tag);
    return !in.failed && content->len > 0 && der.len == der_size(content->len);
}

/* RFC 9999, "CMW Demux": JSON begins with [ or {, and no CBOR of it does. */
static bool is_json(struct atls_view cmw)
{
    return cmw.data[0] == '[' || cmw.data[0] == '{';
}

enum atls_reason atls_bearer_read(const X509 *certificate,
                                  struct atls_view *cmw, struct atls_why *why)
{
    struct atls_view value = {NULL, 0};
    unsigned num = find(certificate, &value);
    uint8_t tag;

    *cmw = atls_view(NULL, 0);
    if (num != 1) /* RFC 5280, 4.2: more than one there must not be */
        return atls_why(why, ATLS_BEARER_MALFORMED,
                        "id-pe-cmw: want it once in the certificate, found %u",
                        num);
    if (!open_der(value, &tag, cmw) ||
        (tag != ATLS_DER_UTF8_STRING && tag != ATLS_DER_OCTET_STRING))
        return atls_why(why, ATLS_BEARER_MALFORMED,
                        "id-pe-cmw: want DER of one UTF8String or OCTET "
                        "STRING, found something else");
    if (is_json(*cmw) != (tag == ATLS_DER_UTF8_STRING))
        return atls_why(why, ATLS_BEARER_MALFORMED,
                        "id-pe-cmw: want JSON in a UTF8String or CBOR in an "
                        "OCTET STRING, found it the other way round");
    return ATLS_OK;
}

/* How old the Evidence is at least: nobody can have put it there later. */
static enum atls_reason check_age(X509 *leaf, const struct atls_rule *rule,
                                  int64_t now, struct atls_why *why)
{
    int64_t from = atls_chain_seconds(X509_get0_notBefore(leaf));

    if (from != INT64_MIN && from <= now + SKEW_S &&
        now - from <= rule->bearer_max_age_s)
        return ATLS_OK;
    return atls_why(why, ATLS_EVIDENCE_STALE,
                    "want Evidence in a certificate that is valid since at "
                    "most %" PRId64 " s (bearer_max_age), peer's is since "
                    "%" PRId64 " s; have a new one issued, with new Evidence",
                    rule->bearer_max_age_s,
                    from != INT64_MIN ? now - from : INT64_MAX);
}

bool atls_bearer_fits(X509 *leaf, const struct atls_evidence *evidence)
{
    struct atls_secret wanted;

    return atls_binder_of_certificate(leaf, &wanted, NULL) == ATLS_OK &&
           atls_evidence_nonce_equal(evidence, atls_secret_view(&wanted));
}

static enum atls_reason check_key(X509 *leaf,
                                  const struct atls_evidence *evidence,
                                  struct atls_why *why)
{
    char want[2 * ATLS_BINDER_MAX + 1], seen[2 * SHOWN + 1];
    struct atls_secret wanted;
    enum atls_reason reason = atls_binder_of_certificate(leaf, &wanted, why);

    if (reason != ATLS_OK ||
        atls_evidence_nonce_equal(evidence, atls_secret_view(&wanted)))
        return reason;
    atls_hex(atls_secret_view(&wanted), want, sizeof(want));
    atls_hex(atls_evidence_nonce(evidence), seen, sizeof(seen));
    return atls_why(why, ATLS_KEY_MISMATCH,
                    "the Evidence in the certificate is not for its key: want "
                    "SHA-256 of its SubjectPublicKeyInfo, %s, as the "
                    "challenge, found %s",
                    want, seen);
}

enum atls_reason atls_bearer_take(X509 *leaf, const struct atls_rule *rule,
                                  int64_t now, struct atls_evidence **out,
                                  struct atls_why *why)
{
    struct atls_evidence *evidence = NULL;
    struct atls_view cmw;
    enum atls_reason reason = check_age(leaf, rule, now, why);

    *out = NULL;
    if (reason == ATLS_OK)
        reason = atls_bearer_read(leaf, &cmw, why);
    if (reason == ATLS_OK)
        reason = atls_evidence_parse(cmw, NULL, &evidence, why);
    if (reason == ATLS_OK)
        reason = check_key(leaf, evidence, why);
    if (reason == ATLS_OK)
        *out = ATLS_STEAL(evidence);
    atls_evidence_free(evidence);
    return reason;
}
