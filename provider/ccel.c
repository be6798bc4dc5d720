/* SPDX-License-Identifier: Apache-2.0
 *
 * TCG PC Client Platform Firmware Profile, 10.2: TCG_PCR_EVENT for the header,
 * TCG_PCR_EVENT2 for the rest, little-endian; walked by their lengths.
 */
#include "provider/ccel.h"

#include <string.h>

enum { MAX_HASHES = 8 };

struct hashes {
    struct {
        uint16_t id, len;
    } items[MAX_HASHES];
    uint32_t num;
};

static uint16_t take_u16(struct atls_reader *in)
{
    return __builtin_bswap16(atls_reader_u16(in));
}

static uint32_t take_u32(struct atls_reader *in)
{
    return __builtin_bswap32(atls_reader_u32(in));
}

static bool take_header(struct atls_reader *log, struct hashes *hashes)
{
    static const char signature[] = "Spec ID Event03";
    struct atls_reader in;

    (void)atls_reader_bytes(log, 28); /* index, type, SHA-1 */
    in = atls_reader(atls_reader_bytes(log, take_u32(log)));
    if (!atls_view_equal(atls_reader_bytes(&in, sizeof(signature)),
                         atls_view(signature, sizeof(signature))))
        return false;
    (void)atls_reader_bytes(&in, 8); /* platform, versions, size of UINTN */
    hashes->num = take_u32(&in);
    for (uint32_t i = 0; i < hashes->num && i < MAX_HASHES; i++) {
        hashes->items[i].id = take_u16(&in);
        hashes->items[i].len = take_u16(&in);
    }
    return hashes->num <= MAX_HASHES && !in.failed && !log->failed;
}

static void take_digest(struct atls_reader *log, const struct hashes *hashes)
{
    uint16_t id = take_u16(log);
    uint32_t i = 0;

    while (i < hashes->num && hashes->items[i].id != id)
        i++;
    if (i == hashes->num)
        log->failed = true;
    else
        (void)atls_reader_bytes(log, hashes->items[i].len);
}

static void take_event(struct atls_reader *log, const struct hashes *hashes)
{
    uint32_t num;

    (void)atls_reader_bytes(log, 8); /* index, type */
    num = take_u32(log);
    if (num > MAX_HASHES)
        log->failed = true;
    while (!log->failed && num-- > 0)
        take_digest(log, hashes);
    (void)atls_reader_bytes(log, take_u32(log));
}

static bool is_written(const struct atls_reader *log)
{
    if (log->at[0] != 0xff && log->at[0] != 0)
        return true;
    for (size_t i = 1; i < log->left; i++)
        if (log->at[i] != log->at[0])
            return true;
    return false;
}

size_t atls_ccel_length(struct atls_view bytes)
{
    struct atls_reader log = atls_reader(bytes);
    struct hashes hashes = {.num = 0};

    if (!take_header(&log, &hashes))
        return 0;
    while (atls_reader_more(&log) && is_written(&log))
        take_event(&log, &hashes);
    return log.failed ? 0 : bytes.len - log.left;
}
