/* SPDX-License-Identifier: Apache-2.0
 *
 * SEV-SNP reports and the table of certificates beside them, taken apart.
 * Integers are little-endian, unlike everything that base/bytes reads.
 */
#include <string.h>

#include "snp.h"

enum {
    MIN_VERSION = 2,
    MAX_VERSION = 5,
    ECDSA_P384_SHA384 = 1, /* SIGNATURE_ALGO */
    FIELD = 72,            /* bytes of r, and of s, as they stand there */
    USED = 48,             /* bytes of r, and of s, on P-384 */
    ENTRY = 24,            /* bytes of an entry of the table */
    MAX_ENTRIES = 64,
    GUID = 16
};

/* Offsets, AMD 56860, table 23 */
enum {
    AT_VERSION = 0x000,
    AT_GUEST_SVN = 0x004,
    AT_POLICY = 0x008,
    AT_FAMILY_ID = 0x010,
    AT_IMAGE_ID = 0x020,
    AT_VMPL = 0x030,
    AT_ALGORITHM = 0x034,
    AT_CURRENT_TCB = 0x038,
    AT_PLATFORM_INFO = 0x040,
    AT_FLAGS = 0x048,
    AT_REPORT_DATA = 0x050,
    AT_MEASUREMENT = 0x090,
    AT_HOST_DATA = 0x0c0,
    AT_ID_KEY_DIGEST = 0x0e0,
    AT_AUTHOR_KEY_DIGEST = 0x110,
    AT_REPORT_ID = 0x140,
    AT_REPORT_ID_MA = 0x160,
    AT_REPORTED_TCB = 0x180,
    AT_CPUID = 0x188,
    AT_CHIP_ID = 0x1a0,
    AT_COMMITTED_TCB = 0x1e0,
    AT_CURRENT_VERSION = 0x1e8,
    AT_COMMITTED_VERSION = 0x1ec,
    AT_LAUNCH_TCB = 0x1f0,
    AT_LAUNCH_MIT = 0x1f8,
    AT_CURRENT_MIT = 0x200,
    AT_SIGNATURE = 0x2a0,
    AT_UNUSED = AT_SIGNATURE + 2 * FIELD
};

static const struct {
    size_t field; /* in struct atls_snp_report */
    size_t at, len;
} views[] = {
#define VIEW(name, at, len)                                                    \
    {                                                                          \
        offsetof(struct atls_snp_report, name), at, len                        \
    }
    VIEW(family_id, AT_FAMILY_ID, 16),
    VIEW(image_id, AT_IMAGE_ID, 16),
    VIEW(report_data, AT_REPORT_DATA, 64),
    VIEW(measurement, AT_MEASUREMENT, 48),
    VIEW(host_data, AT_HOST_DATA, 32),
    VIEW(id_key_digest, AT_ID_KEY_DIGEST, 48),
    VIEW(author_key_digest, AT_AUTHOR_KEY_DIGEST, 48),
    VIEW(report_id, AT_REPORT_ID, 32),
    VIEW(report_id_ma, AT_REPORT_ID_MA, 32),
    VIEW(chip_id, AT_CHIP_ID, ATLS_SNP_HWID),
    VIEW(current_tcb, AT_CURRENT_TCB, ATLS_SNP_TCB),
    VIEW(reported_tcb, AT_REPORTED_TCB, ATLS_SNP_TCB),
    VIEW(committed_tcb, AT_COMMITTED_TCB, ATLS_SNP_TCB),
    VIEW(launch_tcb, AT_LAUNCH_TCB, ATLS_SNP_TCB),
    VIEW(current_version, AT_CURRENT_VERSION, 3),
    VIEW(committed_version, AT_COMMITTED_VERSION, 3),
    VIEW(signed_part, 0, AT_SIGNATURE),
};

static uint64_t little_endian(struct atls_view bytes, size_t at, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++)
        value |= (uint64_t)bytes.data[at + i] << (8 * i);
    return value;
}

static uint32_t u32(struct atls_view bytes, size_t at)
{
    return (uint32_t)little_endian(bytes, at, 4);
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;

    for (size_t i = 0; i < len; i++)
        any |= bytes[i];
    return any == 0;
}

/* Nothing signs what stands behind r and s: it must not say anything. */
static bool read_signature(const uint8_t *in, uint8_t out[2 * USED])
{
    for (size_t i = 0; i < USED; i++) {
        out[i] = in[USED - 1 - i];
        out[USED + i] = in[FIELD + USED - 1 - i];
    }
    return is_zero(in + USED, FIELD - USED) &&
           is_zero(in + FIELD + USED, FIELD - USED) &&
           is_zero(in + 2 * FIELD, ATLS_SNP_REPORT - AT_UNUSED);
}

static enum atls_reason check_head(struct atls_view bytes, struct atls_why *why)
{
    uint32_t version, algorithm;

    if (bytes.len != ATLS_SNP_REPORT)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "SEV-SNP report: want %d bytes, found %zu",
                        ATLS_SNP_REPORT, bytes.len);
    version = u32(bytes, AT_VERSION);
    algorithm = u32(bytes, AT_ALGORITHM);
    if (version < MIN_VERSION || version > MAX_VERSION)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "SEV-SNP report: want version %d to %d, found %lu",
                        MIN_VERSION, MAX_VERSION, (unsigned long)version);
    if (algorithm != ECDSA_P384_SHA384)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "SEV-SNP report: want signature algorithm 1 (ECDSA "
                        "P-384 with SHA-384), found %lu",
                        (unsigned long)algorithm);
    return ATLS_OK;
}

static void read_numbers(struct atls_view bytes, struct atls_snp_report *out)
{
    out->version = u32(bytes, AT_VERSION);
    out->guest_svn = u32(bytes, AT_GUEST_SVN);
    out->policy = little_endian(bytes, AT_POLICY, 8);
    out->vmpl = u32(bytes, AT_VMPL);
    out->platform_info = little_endian(bytes, AT_PLATFORM_INFO, 8);
    out->flags = u32(bytes, AT_FLAGS);
    out->has_cpuid = out->version >= 3;
    if (out->has_cpuid) {
        out->family = bytes.data[AT_CPUID];
        out->model = bytes.data[AT_CPUID + 1];
        out->stepping = bytes.data[AT_CPUID + 2];
    }
    if (out->version >= 5) {
        out->launch_mit_vector = little_endian(bytes, AT_LAUNCH_MIT, 8);
        out->current_mit_vector = little_endian(bytes, AT_CURRENT_MIT, 8);
    }
}

enum atls_reason atls_snp_report_parse(struct atls_view bytes,
                                       struct atls_snp_report *out,
                                       struct atls_why *why)
{
    enum atls_reason reason = check_head(bytes, why);

    if (reason != ATLS_OK)
        return reason;
    out->bytes = bytes;
    read_numbers(bytes, out);
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
        *(struct atls_view *)((char *)out + views[i].field) =
            atls_view(bytes.data + views[i].at, views[i].len);
    if (!read_signature(bytes.data + AT_SIGNATURE, out->signature))
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "SEV-SNP report: want zeros around the signature's "
                        "two numbers of 48 bytes, found something else");
    return ATLS_OK;
}

const char *const atls_snp_keys_of_report[] = {"vcek", "vlek", NULL};

int atls_snp_report_key(const struct atls_snp_report *report)
{
    unsigned key = report->flags >> 2 & 7; /* SIGNING_KEY; 7: none */

    return key < ATLS_SNP_NUM_KEYS ? (int)key : -1;
}

const char *const atls_snp_product_names[] = {"unknown", "Milan", "Genoa",
                                              "Turin"};

/* Families and models of the EPYC processors that speak SEV-SNP */
enum atls_snp_product
atls_snp_report_product(const struct atls_snp_report *report)
{
    static const struct {
        uint8_t family, first_model, last_model;
        enum atls_snp_product product;
    } rows[] = {
        {0x19, 0x00, 0x0f, ATLS_SNP_MILAN},
        {0x19, 0x10, 0x1f, ATLS_SNP_GENOA},
        {0x19, 0xa0, 0xaf, ATLS_SNP_GENOA}, /* Bergamo, Siena */
        {0x1a, 0x00, 0x1f, ATLS_SNP_TURIN},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (report->has_cpuid && report->family == rows[i].family &&
            report->model >= rows[i].first_model &&
            report->model <= rows[i].last_model)
            return rows[i].product;
    return ATLS_SNP_UNKNOWN;
}

const char *const atls_snp_parts[] = {"fmc", "bootloader", "tee",
                                      "snp", "microcode",  NULL};

int atls_snp_part_at(enum atls_snp_product product, enum atls_snp_part part)
{
    static const int before_turin[ATLS_SNP_NUM_PARTS] = {-1, 0, 1, 6, 7};
    static const int turin[ATLS_SNP_NUM_PARTS] = {0, 1, 2, 3, 7};

    return (product == ATLS_SNP_TURIN ? turin : before_turin)[part];
}

const struct atls_snp_bit atls_snp_policy_bits[] = {
    {"smt", ATLS_SNP_POLICY_SMT},
    {"migration", ATLS_SNP_POLICY_MIGRATE},
    {"debug", ATLS_SNP_POLICY_DEBUG},
    {"single_socket", ATLS_SNP_POLICY_SINGLE_SOCKET},
    {"cxl", 21},
    {"aes_256_xts", 22},
    {"rapl_disabled", 23},
    {"ciphertext_hiding", 24},
    {NULL, 0},
};

const struct atls_snp_bit atls_snp_platform_bits[] = {
    {"smt", 0},
    {"tsme", 1},
    {"ecc", 2},
    {"rapl_disabled", 3},
    {"ciphertext_hiding", 4},
    {"alias_check_complete", 5},
    {"tio", 7},
    {NULL, 0},
};

/* GUIDs, in the order of their text; others may stand beside them. */
static const struct {
    uint8_t guid[GUID];
    size_t field; /* in struct atls_snp_table */
} known[] = {
    {{0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9,
      0x3b, 0xe8, 0xac, 0xcd},
     offsetof(struct atls_snp_table, keys[ATLS_SNP_VCEK])},
    {{0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0,
      0x45, 0xa0, 0xb8, 0xa1},
     offsetof(struct atls_snp_table, keys[ATLS_SNP_VLEK])},
    {{0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae,
      0xf3, 0x27, 0xc7, 0x82},
     offsetof(struct atls_snp_table, ask)},
    {{0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6,
      0x01, 0x4c, 0xd0, 0xae},
     offsetof(struct atls_snp_table, ark)},
};

static struct atls_view *field_of(const uint8_t *guid,
                                  struct atls_snp_table *table)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (memcmp(guid, known[i].guid, GUID) == 0)
            return (struct atls_view *)((char *)table + known[i].field);
    return NULL;
}

static bool read_entry(struct atls_view bytes, size_t at,
                       struct atls_snp_table *out)
{
    struct atls_view *field = field_of(bytes.data + at, out);
    size_t offset = u32(bytes, at + GUID);
    size_t len = u32(bytes, at + GUID + 4);

    if (len == 0 || offset > bytes.len || len > bytes.len - offset)
        return false;
    if (field == NULL)
        return true;
    if (field->len > 0)
        return false;
    *field = atls_view(bytes.data + offset, len);
    return true;
}

enum atls_reason atls_snp_table_parse(struct atls_view bytes,
                                      struct atls_snp_table *out,
                                      struct atls_why *why)
{
    *out = (struct atls_snp_table){0};
    if (bytes.len == 0)
        return ATLS_OK;
    for (size_t i = 0; i <= MAX_ENTRIES; i++) {
        size_t at = i * ENTRY;

        if (bytes.len < ENTRY || at > bytes.len - ENTRY)
            break;
        if (is_zero(bytes.data + at, ENTRY))
            return ATLS_OK;
        if (i == MAX_ENTRIES || !read_entry(bytes, at, out))
            break;
    }
    return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                    "auxblob: want a table of certificates that ends in an "
                    "entry of zeros, each within its bytes and once, found "
                    "something else");
}
