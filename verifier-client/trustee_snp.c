/* SPDX-License-Identifier: Apache-2.0
 *
 * A SEV-SNP report for Trustee: AttestationReport as the crate `sev` derives
 * its JSON (src/firmware/guest/types/snp.rs): one row a member, byte arrays as
 * arrays of numbers, all integers little-endian in the report.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "trustee.h"

enum { REPORT_LEN = 1184, GUID_LEN = 16, ENTRY_LEN = 24, MAX_ENTRIES = 16 };
enum { VERSION_AT = 0, FAMILY_AT = 0x188, FAMILY_TURIN = 0x1a };

struct row {
    const char *name;
    enum { NUMBER, BYTES, TCB, VERSION } kind;
    size_t at, len; /* bytes */
    unsigned since; /* version of the report; before: null */
};

static const struct row rows[] = {
    {"version", NUMBER, 0x00, 4, 0},
    {"guest_svn", NUMBER, 0x04, 4, 0},
    {"policy", NUMBER, 0x08, 8, 0},
    {"family_id", BYTES, 0x10, 16, 0},
    {"image_id", BYTES, 0x20, 16, 0},
    {"vmpl", NUMBER, 0x30, 4, 0},
    {"sig_algo", NUMBER, 0x34, 4, 0},
    {"current_tcb", TCB, 0x38, 8, 0},
    {"plat_info", NUMBER, 0x40, 8, 0},
    {"key_info", NUMBER, 0x48, 4, 0},
    {"report_data", BYTES, 0x50, 64, 0},
    {"measurement", BYTES, 0x90, 48, 0},
    {"host_data", BYTES, 0xc0, 32, 0},
    {"id_key_digest", BYTES, 0xe0, 48, 0},
    {"author_key_digest", BYTES, 0x110, 48, 0},
    {"report_id", BYTES, 0x140, 32, 0},
    {"report_id_ma", BYTES, 0x160, 32, 0},
    {"reported_tcb", TCB, 0x180, 8, 0},
    {"cpuid_fam_id", NUMBER, 0x188, 1, 3},
    {"cpuid_mod_id", NUMBER, 0x189, 1, 3},
    {"cpuid_step", NUMBER, 0x18a, 1, 3},
    {"chip_id", BYTES, 0x1a0, 64, 0},
    {"committed_tcb", TCB, 0x1e0, 8, 0},
    {"current", VERSION, 0x1e8, 3, 0},
    {"committed", VERSION, 0x1ec, 3, 0},
    {"launch_tcb", TCB, 0x1f0, 8, 0},
    {"launch_mit_vector", NUMBER, 0x1f8, 8, 5},
    {"current_mit_vector", NUMBER, 0x200, 8, 5},
};

static uint64_t number_at(struct atls_view bytes, size_t at, size_t len)
{
    uint64_t value = 0;

    while (len-- > 0)
        value = value << 8 | bytes.data[at + len];
    return value;
}

static void put_number(struct atls_buf *out, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    atls_buf_text(out, text);
}

static void put_bytes(struct atls_buf *out, struct atls_view bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        atls_buf_u8(out, i == 0 ? '[' : ',');
        put_number(out, bytes.data[i]);
    }
    atls_buf_text(out, bytes.len == 0 ? "[]" : "]");
}

static void put_member(struct atls_buf *out, const char *name, uint64_t value)
{
    atls_buf_text(out, name);
    put_number(out, value);
}

/* AMD 56860, table 3: since Turin the first byte is the FMC's. */
static void put_tcb(struct atls_buf *out, const uint8_t *tcb, bool is_turin)
{
    if (is_turin)
        put_member(out, "{\"fmc\":", tcb[0]);
    else
        atls_buf_text(out, "{\"fmc\":null");
    put_member(out, ",\"bootloader\":", tcb[is_turin ? 1 : 0]);
    put_member(out, ",\"tee\":", tcb[is_turin ? 2 : 1]);
    put_member(out, ",\"snp\":", tcb[is_turin ? 3 : 6]);
    put_member(out, ",\"microcode\":", tcb[7]);
    atls_buf_u8(out, '}');
}

/* build, minor, major */
static void put_version(struct atls_buf *out, const uint8_t *version)
{
    put_member(out, "{\"major\":", version[2]);
    put_member(out, ",\"minor\":", version[1]);
    put_member(out, ",\"build\":", version[0]);
    atls_buf_u8(out, '}');
}

/* Before version 3 a report does not name its processor, and Trustee takes
 * none: its number of bytes of chip ID tells (Turin: 8). */
static bool is_turin(struct atls_view report, uint64_t version)
{
    return version >= 3 && report.data[FAMILY_AT] == FAMILY_TURIN;
}

static void put_row(struct atls_buf *out, const struct row *row,
                    struct atls_view report)
{
    uint64_t version = number_at(report, VERSION_AT, 4);

    atls_buf_u8(out, '"');
    atls_buf_text(out, row->name);
    atls_buf_text(out, "\":");
    if (version < row->since) {
        atls_buf_text(out, "null");
        return;
    }
    switch (row->kind) {
    case NUMBER:
        put_number(out, number_at(report, row->at, row->len));
        break;
    case BYTES:
        put_bytes(out, atls_view(report.data + row->at, row->len));
        break;
    case TCB:
        put_tcb(out, report.data + row->at, is_turin(report, version));
        break;
    case VERSION:
        put_version(out, report.data + row->at);
        break;
    }
}

static void put_report(struct atls_buf *out, struct atls_view report)
{
    atls_buf_text(out, "{\"attestation_report\":{");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_row(out, &rows[i], report);
        atls_buf_u8(out, ',');
    }
    atls_buf_text(out, "\"signature\":{\"r\":");
    put_bytes(out, atls_view(report.data + 0x2a0, 72));
    atls_buf_text(out, ",\"s\":");
    put_bytes(out, atls_view(report.data + 0x2e8, 72));
    atls_buf_text(out, "}}");
}

/* The GUIDs of the two keys that sign reports; Trustee has their issuers. */
static const struct {
    const char *name;
    uint8_t guid[GUID_LEN];
} keys[] = {
    {"VCEK",
     {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9,
      0x3b, 0xe8, 0xac, 0xcd}},
    {"VLEK",
     {0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0,
      0x45, 0xa0, 0xb8, 0xa1}},
};

static const char *name_of(const uint8_t *guid)
{
    for (size_t i = 0; i < 2; i++)
        if (memcmp(keys[i].guid, guid, GUID_LEN) == 0)
            return keys[i].name;
    return NULL;
}

/* One entry: GUID, offset, length. false: it ends the table or is wrong. */
static bool put_entry(struct atls_buf *out, struct atls_view table, size_t at,
                      bool *is_wrong)
{
    static const uint8_t end[GUID_LEN];
    uint64_t offset, len;
    const char *name;

    *is_wrong = table.len < at + ENTRY_LEN;
    if (*is_wrong || memcmp(table.data + at, end, GUID_LEN) == 0)
        return false;
    offset = number_at(table, at + GUID_LEN, 4);
    len = number_at(table, at + GUID_LEN + 4, 4);
    *is_wrong = offset > table.len || len > table.len - offset;
    name = name_of(table.data + at);
    if (*is_wrong || name == NULL)
        return !*is_wrong;
    atls_buf_text(out, out->data[out->len - 1] == '[' ? "{" : ",{");
    atls_buf_text(out, "\"cert_type\":\"");
    atls_buf_text(out, name);
    atls_buf_text(out, "\",\"data\":");
    put_bytes(out, atls_view(table.data + offset, (size_t)len));
    atls_buf_u8(out, '}');
    return true;
}

static bool put_chain(struct atls_buf *out, struct atls_view table)
{
    bool is_wrong = false;
    size_t i = 0;

    if (table.len == 0) {
        atls_buf_text(out, ",\"cert_chain\":null}");
        return true;
    }
    atls_buf_text(out, ",\"cert_chain\":[");
    while (i < MAX_ENTRIES && !out->failed &&
           put_entry(out, table, i * ENTRY_LEN, &is_wrong))
        i++;
    atls_buf_text(out, "]}");
    return !is_wrong && i < MAX_ENTRIES;
}

enum atls_reason atls_trustee_put_snp(struct atls_view report,
                                      struct atls_view certificates,
                                      struct atls_buf *out,
                                      struct atls_why *why)
{
    if (report.len != REPORT_LEN)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "SEV-SNP: want a report of %d bytes, found %zu",
                        REPORT_LEN, report.len);
    put_report(out, report);
    if (!put_chain(out, certificates) && !out->failed)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "SEV-SNP: want a table of certificates that ends and "
                        "has its certificates in it");
    return out->failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL) : ATLS_OK;
}
