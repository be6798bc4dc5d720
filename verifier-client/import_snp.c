/* SPDX-License-Identifier: Apache-2.0
 *
 * SEV-SNP: fields of a report by number, as Veraison's scheme of 2024 has them
 * after draft-deeglaze-amd-sev-snp-corim-profile, whose numbers have moved
 * since, and the roots that reports lead to. A policy has no exact value for
 * what may be newer, and no place for the host's state.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base64url.h"
#include "import_kind.h"
#include "snp.h"

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(X509, X509_free)

#define VALUE(name) (1U << ATLS_COMID_##name)

enum { GUEST_SVN = 1, VMPL = 5, REPORTED_TCB = 647 };

/* What is pinned as it stands in the report, and what a policy cannot hold */
static const struct row {
    uint64_t number; /* mkey */
    const char *key; /* of a profile; else a name in capitals, as AMD's */
    size_t len;      /* 0: it cannot be held */
} rows[] = {
    {0, "VERSION", 0},
    {2, "POLICY", 0},
    {3, "family_id", 16},
    {4, "image_id", 16},
    {6, "CURRENT_TCB", 0},
    {7, "PLATFORM_INFO", 0},
    {640, "REPORT_DATA", 0},
    {641, "measurement", 48},
    {642, "host_data", 32},
    {643, "id_key_digest", 48},
    {644, "author_key_digest", 48},
    {645, "REPORT_ID", 0},
    {646, "REPORT_ID_MA", 0},
    {3328, "chip_id", ATLS_SNP_HWID},
    {3329, "COMMITTED_TCB", 0},
    {3330, "CURRENT_VERSION", 0},
    {3936, "COMMITTED_VERSION", 0},
    {3968, "LAUNCH_TCB", 0},
};
enum { NUM_ROWS = sizeof(rows) / sizeof(rows[0]) };

static enum atls_reason set_number(json_t *want, const char *key,
                                   uint64_t number, struct atls_why *why)
{
    if (json_object_get(want, key) != NULL)
        return atls_why(why, ATLS_CORIM_CONFLICT,
                        "%s: want one value, found a second one", key);
    return json_object_set_new(want, key, json_integer((json_int_t)number)) == 0
               ? ATLS_OK
               : atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}

static enum atls_reason take_bytes(const struct row *row,
                                   const struct atls_comid_measurement *of,
                                   json_t *want, struct atls_why *why)
{
    bool is_digest = of->digest.data != NULL;
    struct atls_view bytes =
        is_digest ? of->digest
                  : atls_comid_choice_bytes(&of->raw, ATLS_COMID_BYTES);
    enum atls_reason reason =
        atls_import_only(of, is_digest ? VALUE(DIGESTS) : VALUE(RAW), why);

    if (reason != ATLS_OK)
        return reason;
    if (bytes.len != row->len)
        return atls_why(why, ATLS_CORIM_MALFORMED,
                        "%s: want a digest or a raw-value (tagged 560) of %zu "
                        "bytes, found %zu",
                        row->key, row->len, bytes.len);
    return atls_import_set_hex(want, row->key, bytes, why);
}

/* A little-endian field of the report, as bytes */
static enum atls_reason take_vmpl(const struct atls_comid_measurement *of,
                                  json_t *want, struct atls_why *why)
{
    struct atls_view bytes =
        atls_comid_choice_bytes(&of->raw, ATLS_COMID_BYTES);
    enum atls_reason reason = atls_import_only(of, VALUE(RAW), why);

    if (reason != ATLS_OK)
        return reason;
    if (bytes.len != 4 || bytes.data[0] >= ATLS_SNP_NUM_VMPLS ||
        (bytes.data[1] | bytes.data[2] | bytes.data[3]) != 0)
        return atls_why(why, ATLS_CORIM_MALFORMED,
                        "vmpl: want 4 bytes, tagged 560, little-endian, of 0 "
                        "to 3");
    return set_number(want, "vmpl", bytes.data[0], why);
}

/* What is newer is as good: the least is what a policy has. */
static enum atls_reason take_least(const struct atls_import *import,
                                   const struct atls_comid_measurement *of,
                                   const char *key, uint64_t max, json_t *want,
                                   struct atls_why *why)
{
    const struct atls_comid_choice *svn = &of->svn;
    enum atls_reason reason = atls_import_only(of, VALUE(SVN_VALUE), why);
    char what[64];

    if (reason != ATLS_OK)
        return reason;
    if (svn->form != ATLS_COMID_IS_NUMBER || svn->number > max)
        return atls_why(why, ATLS_CORIM_MALFORMED, "%s: want an svn", key);
    snprintf(what, sizeof(what), "%s, and nothing newer", key);
    if (svn->tag != ATLS_COMID_MIN_SVN) {
        reason = atls_import_leave_out(import, what, why);
        if (reason != ATLS_OK)
            return reason;
    }
    return set_number(want, key, svn->number, why);
}

static enum atls_reason
take_measurement(const struct atls_import *import,
                 const struct atls_comid_measurement *measurement, json_t *want,
                 struct atls_why *why)
{
    uint64_t number = measurement->key.number;
    if (measurement->key.form != ATLS_COMID_IS_NUMBER ||
        measurement->key.tag != 0)
        return atls_why(why, ATLS_CORIM_UNSUPPORTED,
                        "mkey: want the number of a field, found something "
                        "else");
    for (size_t i = 0; i < NUM_ROWS; i++)
        if (rows[i].number == number)
            return rows[i].len > 0
                       ? take_bytes(&rows[i], measurement, want, why)
                       : atls_import_leave_out(import, rows[i].key, why);
    if (number == GUEST_SVN)
        return take_least(import, measurement, "guest_svn", UINT32_MAX, want,
                          why);
    if (number == VMPL)
        return take_vmpl(measurement, want, why);
    if (number == REPORTED_TCB)
        return take_least(import, measurement, "min_tcb", UINT64_MAX, want,
                          why);
    return atls_why(why, ATLS_CORIM_UNSUPPORTED,
                    "mkey: want a field of the report, found %" PRIu64, number);
}

/* Without it anything that was launched would do. */
static enum atls_reason check_want(const struct atls_comid_triple *triple,
                                   const json_t *want, struct atls_why *why)
{
    struct atls_view instance =
        atls_comid_choice_bytes(&triple->instance, ATLS_COMID_BYTES);
    const char *measurement =
        json_string_value(json_object_get(want, "measurement"));
    char text[2 * ATLS_SNP_HWID + 1] = "";

    if (measurement == NULL && json_object_get(want, "id_key_digest") == NULL &&
        json_object_get(want, "author_key_digest") == NULL)
        return atls_why(why, ATLS_CORIM_INCOMPLETE,
                        "want the measurement (mkey 641), or who signed the ID "
                        "block (643, 644), found neither: any guest would do");
    if (triple->instance.form == ATLS_COMID_ABSENT)
        return ATLS_OK;
    if (instance.len <= ATLS_SNP_HWID)
        atls_hex(instance, text, sizeof(text));
    return measurement != NULL && strcmp(text, measurement) == 0
               ? ATLS_OK
               : atls_why(why, ATLS_CORIM_UNSUPPORTED,
                          "environment: want the measurement as instance, or "
                          "none, found something else");
}

static enum atls_reason take_guest(void *arg, struct atls_comid_triple *triple,
                                   struct atls_why *why)
{
    ATLS_AUTO(json_t) *want =
        json_pack("{s:s, s:n}", "format", "snp", "trust_anchors");
    struct atls_comid_measurement measurement;
    struct atls_import *import = arg;
    enum atls_reason reason = ATLS_OK;

    if (want == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    while (reason == ATLS_OK &&
           atls_comid_measurement_next(triple, &measurement))
        reason = take_measurement(import, &measurement, want, why);
    if (reason == ATLS_OK)
        reason = check_want(triple, want, why);
    return reason == ATLS_OK
               ? atls_import_add(import->wants, ATLS_STEAL(want), why)
               : reason;
}

static enum atls_reason take_roots(void *arg, struct atls_comid_triple *triple,
                                   struct atls_why *why)
{
    json_t *anchors = atls_import_keys(arg, "snp", "snp");
    enum atls_reason reason = ATLS_OK;
    struct atls_comid_choice key;

    while (reason == ATLS_OK && atls_comid_key_next(triple, &key)) {
        json_t *pem = NULL;

        reason = atls_import_pem(&key, ATLS_COMID_CERTIFICATE, &pem, why);
        if (reason == ATLS_OK)
            reason = atls_import_add(anchors, pem, why);
    }
    return reason;
}

/* AMD's roots are named "ARK-Genoa" and so on. */
static enum atls_snp_product product_of(X509 *certificate)
{
    char name[32] = "";

    (void)X509_NAME_get_text_by_NID(X509_get_subject_name(certificate),
                                    NID_commonName, name, sizeof(name));
    for (int i = ATLS_SNP_MILAN; i < ATLS_SNP_NUM_PRODUCTS; i++)
        if (strncmp(name, "ARK-", 4) == 0 &&
            strcmp(name + 4, atls_snp_product_names[i]) == 0)
            return (enum atls_snp_product)i;
    return ATLS_SNP_UNKNOWN;
}

/* Bit n: a root of product n is in the text. */
static unsigned products_of(const char *pem)
{
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(pem, -1);
    unsigned products = 0;

    while (bio != NULL) {
        ATLS_AUTO(X509) *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

        if (certificate == NULL)
            break;
        products |= 1U << product_of(certificate);
    }
    return products & ~(1U << ATLS_SNP_UNKNOWN);
}

static json_t *parts_of(uint64_t tcb, enum atls_snp_product product)
{
    ATLS_AUTO(json_t) *parts = atls_json_object();

    for (int i = 0; i < ATLS_SNP_NUM_PARTS; i++) {
        int at = atls_snp_part_at(product, (enum atls_snp_part)i);

        if (at >= 0 &&
            json_object_set_new(parts, atls_snp_parts[i],
                                json_integer((uint8_t)(tcb >> 8 * at))) != 0)
            return NULL;
    }
    return ATLS_STEAL(parts);
}

enum atls_reason atls_import_snp_finish(json_t *profile, struct atls_why *why)
{
    const json_t *anchors = json_object_get(profile, "trust_anchors");
    const json_t *min_tcb = json_object_get(profile, "min_tcb");
    unsigned products = 0;
    uint64_t tcb;
    int product = ATLS_SNP_MILAN;

    if (min_tcb == NULL)
        return ATLS_OK;
    tcb = (uint64_t)json_integer_value(min_tcb);
    for (size_t i = 0; i < json_array_size(anchors); i++)
        products |= products_of(json_string_value(json_array_get(anchors, i)));
    while (product < ATLS_SNP_NUM_PRODUCTS && products != 1U << product)
        product++;
    if (product == ATLS_SNP_NUM_PRODUCTS)
        return atls_why(why, ATLS_CORIM_UNSUPPORTED,
                        "min_tcb: want roots (ARK) of one product, as each "
                        "has a TCB of its own, found none or several");
    return json_object_set_new(
               profile, "min_tcb",
               json_pack("{s:o}", atls_snp_product_names[product],
                         parts_of(tcb, (enum atls_snp_product)product))) == 0
               ? ATLS_OK
               : atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}

const struct atls_import_kind atls_import_snp = {
    .profile = "tag:amd.com,2024:snp-corim-profile",
    .references = take_guest,
    .keys = take_roots,
};
