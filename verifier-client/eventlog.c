/* SPDX-License-Identifier: Apache-2.0
 *
 * TCG_PCR_EVENT for the header, TCG_PCR_EVENT2 for the rest; all integers are
 * little-endian.
 */
#include "eventlog.h"

#include <string.h>

static uint16_t take_u16(struct atls_reader *in)
{
    return __builtin_bswap16(atls_reader_u16(in));
}

static uint32_t take_u32(struct atls_reader *in)
{
    return __builtin_bswap32(atls_reader_u32(in));
}

static struct atls_view take_block(struct atls_reader *in)
{
    uint32_t len = take_u32(in);

    return atls_reader_bytes(in, len);
}

static bool has_id(const struct atls_eventlog *log, uint16_t id)
{
    for (size_t i = 0; i < log->num_hashes; i++)
        if (log->hashes[i].id == id)
            return true;
    return false;
}

/* A length that contradicts an algorithm that we know would shift the rest. */
static bool is_length(uint16_t id, size_t len)
{
    int hash = atls_tpm_hash_index(id);

    return len > 0 && len <= ATLS_TPM_MAX_HASH &&
           (hash < 0 || atls_tpm_hashes[hash].len == len);
}

/* TCG_EfiSpecIDEvent, 10.4.5.1 */
static bool take_spec(struct atls_view data, struct atls_eventlog *out)
{
    static const char signature[] = "Spec ID Event03";
    struct atls_reader in = atls_reader(data);
    struct atls_view seen = atls_reader_bytes(&in, sizeof(signature));
    uint32_t num;

    (void)atls_reader_bytes(&in, 8); /* platform, versions, size of UINTN */
    num = take_u32(&in);
    if (in.failed || memcmp(seen.data, signature, sizeof(signature)) != 0 ||
        num == 0 || num > ATLS_EVENTLOG_MAX_HASHES)
        return false;
    for (; out->num_hashes < num; out->num_hashes++) {
        uint16_t id = take_u16(&in);
        size_t len = take_u16(&in);

        if (has_id(out, id) || !is_length(id, len))
            return false;
        out->hashes[out->num_hashes].id = id;
        out->hashes[out->num_hashes].len = len;
    }
    (void)atls_reader_u8_block(&in); /* vendor's */
    return atls_reader_done(&in);
}

enum atls_reason atls_eventlog_open(struct atls_view bytes,
                                    struct atls_eventlog *out,
                                    struct atls_why *why)
{
    struct atls_view data;
    uint32_t type;

    *out = (struct atls_eventlog){.in = atls_reader(bytes)};
    out->first_index = take_u32(&out->in);
    type = take_u32(&out->in);
    (void)atls_reader_bytes(&out->in, 20); /* SHA-1, zeros */
    data = take_block(&out->in);
    if (bytes.len <= ATLS_EVENTLOG_MAX && !out->in.failed &&
        type == ATLS_EVENTLOG_NO_ACTION && take_spec(data, out))
        return ATLS_OK;
    return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                    "event log: want a crypto-agile one of at most %d bytes, "
                    "which begins with \"Spec ID Event03\", found something "
                    "else",
                    ATLS_EVENTLOG_MAX);
}

static bool is_unwritten(const struct atls_reader *in)
{
    if (in->at[0] != 0xff && in->at[0] != 0)
        return false;
    for (size_t i = 1; i < in->left; i++)
        if (in->at[i] != in->at[0])
            return false;
    return true;
}

/* TPML_DIGEST_VALUES: one digest for each algorithm of the header, in any
 * order. */
static bool take_digest(struct atls_eventlog *log, unsigned *seen,
                        struct atls_eventlog_event *out)
{
    uint16_t id = take_u16(&log->in);
    size_t at = 0;
    int hash = atls_tpm_hash_index(id);
    struct atls_view digest;

    while (at < log->num_hashes && log->hashes[at].id != id)
        at++;
    if (at == log->num_hashes || (*seen >> at & 1) != 0)
        return false;
    *seen |= 1u << at;
    digest = atls_reader_bytes(&log->in, log->hashes[at].len);
    if (hash >= 0)
        out->digests[hash] = digest;
    return true;
}

static bool take_event(struct atls_eventlog *log,
                       struct atls_eventlog_event *out)
{
    uint32_t num;
    unsigned seen = 0;

    out->index = take_u32(&log->in);
    out->type = take_u32(&log->in);
    num = take_u32(&log->in);
    if (num != log->num_hashes)
        return false;
    while (num-- > 0)
        if (!take_digest(log, &seen, out))
            return false;
    out->data = take_block(&log->in);
    return !log->in.failed;
}

bool atls_eventlog_next(struct atls_eventlog *log,
                        struct atls_eventlog_event *out)
{
    *out = (struct atls_eventlog_event){0};
    if (log->failed || log->in.left == 0 || is_unwritten(&log->in))
        return false;
    log->failed =
        ++log->num_events > ATLS_EVENTLOG_MAX_EVENTS || !take_event(log, out);
    return !log->failed;
}

bool atls_eventlog_has_hash(const struct atls_eventlog *log, int hash)
{
    return has_id(log, atls_tpm_hashes[hash].id);
}

/* 3.3.2: TPM2_Startup from another locality leaves it in PCR 0. */
static void take_locality(const struct atls_eventlog_event *event, size_t len,
                          struct atls_eventlog_registers *out)
{
    static const char signature[] = "StartupLocality";

    if (event->index == 0 && (out->mask & 1) == 0 &&
        event->data.len == sizeof(signature) + 1 &&
        memcmp(event->data.data, signature, sizeof(signature)) == 0)
        out->values[0][len - 1] = event->data.data[sizeof(signature)];
}

static enum atls_reason extend(const struct atls_eventlog_event *event,
                               int hash, struct atls_eventlog_registers *out,
                               struct atls_why *why)
{
    size_t len = atls_tpm_hashes[hash].len;
    uint8_t both[2 * ATLS_TPM_MAX_HASH];

    if (event->type == ATLS_EVENTLOG_NO_ACTION) {
        take_locality(event, len, out);
        return ATLS_OK;
    }
    if (event->index >= ATLS_TPM_NUM_PCRS)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "event log: want registers 0 to %d, found %u",
                        ATLS_TPM_NUM_PCRS - 1, (unsigned)event->index);
    memcpy(both, out->values[event->index], len);
    memcpy(both + len, event->digests[hash].data, len);
    out->mask |= 1u << event->index;
    if (EVP_Q_digest(NULL, atls_tpm_hashes[hash].digest_name, NULL, both,
                     2 * len, out->values[event->index], NULL) != 1)
        return atls_why(why, ATLS_CRYPTO_FAILED,
                        "event log: libcrypto cannot digest it");
    return ATLS_OK;
}

enum atls_reason atls_eventlog_replay(struct atls_view bytes, int hash,
                                      struct atls_eventlog_registers *out,
                                      struct atls_why *why)
{
    struct atls_eventlog log;
    struct atls_eventlog_event event;
    enum atls_reason reason = atls_eventlog_open(bytes, &log, why);

    *out = (struct atls_eventlog_registers){0};
    if (reason == ATLS_OK && !atls_eventlog_has_hash(&log, hash))
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "event log: want digests of %s, found none",
                        atls_tpm_hashes[hash].name);
    while (reason == ATLS_OK && atls_eventlog_next(&log, &event))
        reason = extend(&event, hash, out, why);
    if (reason == ATLS_OK && log.failed)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "event log: event %u is broken", log.num_events);
    return reason;
}

/* 10.4.1, tables 27 and 28 */
const char *atls_eventlog_type_name(uint32_t type)
{
    static const struct {
        uint32_t type;
        const char *name;
    } names[] = {
        {0x00, "EV_PREBOOT_CERT"},
        {0x01, "EV_POST_CODE"},
        {0x03, "EV_NO_ACTION"},
        {0x04, "EV_SEPARATOR"},
        {0x05, "EV_ACTION"},
        {0x06, "EV_EVENT_TAG"},
        {0x07, "EV_S_CRTM_CONTENTS"},
        {0x08, "EV_S_CRTM_VERSION"},
        {0x09, "EV_CPU_MICROCODE"},
        {0x0a, "EV_PLATFORM_CONFIG_FLAGS"},
        {0x0b, "EV_TABLE_OF_DEVICES"},
        {0x0c, "EV_COMPACT_HASH"},
        {0x0d, "EV_IPL"},
        {0x0e, "EV_IPL_PARTITION_DATA"},
        {0x0f, "EV_NONHOST_CODE"},
        {0x10, "EV_NONHOST_CONFIG"},
        {0x11, "EV_NONHOST_INFO"},
        {0x12, "EV_OMIT_BOOT_DEVICE_EVENTS"},
        {0x13, "EV_POST_CODE2"},
        {0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG"},
        {0x80000002, "EV_EFI_VARIABLE_BOOT"},
        {0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION"},
        {0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER"},
        {0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER"},
        {0x80000006, "EV_EFI_GPT_EVENT"},
        {0x80000007, "EV_EFI_ACTION"},
        {0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB"},
        {0x80000009, "EV_EFI_HANDOFF_TABLES"},
        {0x8000000a, "EV_EFI_PLATFORM_FIRMWARE_BLOB2"},
        {0x8000000b, "EV_EFI_HANDOFF_TABLES2"},
        {0x8000000c, "EV_EFI_VARIABLE_BOOT2"},
        {0x80000010, "EV_EFI_HCRTM_EVENT"},
        {0x800000e0, "EV_EFI_VARIABLE_AUTHORITY"},
        {0x800000e1, "EV_EFI_SPDM_FIRMWARE_BLOB"},
        {0x800000e2, "EV_EFI_SPDM_FIRMWARE_CONFIG"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].type == type)
            return names[i].name;
    return "";
}
