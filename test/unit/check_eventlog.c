/* SPDX-License-Identifier: Apache-2.0
 *
 * Event logs: ours, cut and bent, and real ones against the registers that were
 * quoted.
 */
#include "eventlog.h"

#include <string.h>

#include "forge.h"
#include "json.h"
#include "quote.h"
#include "../check_main.h"

enum { SHA256, SHA384, SHA512 };

static void put_le(struct atls_buf *out, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++)
        atls_buf_u8(out, (uint8_t)(value >> (8 * i)));
}

static void put_zeros(struct atls_buf *out, size_t len)
{
    memset(atls_buf_room(out, len), 0, len);
}

/* SHA-256 and an unknown hash of 20 bytes */
static void put_header(struct atls_buf *out, uint32_t num)
{
    put_le(out, 4, 0);
    put_le(out, 4, 3);
    put_zeros(out, 20);
    put_le(out, 4, 28 + 4 * num + 1);
    atls_buf_put(out, atls_view("Spec ID Event03", 16));
    put_le(out, 4, 0);
    put_le(out, 4, 0x02000200);
    put_le(out, 4, num);
    put_le(out, 2, 0x0b);
    put_le(out, 2, 32);
    if (num > 1) {
        put_le(out, 2, 0x04);
        put_le(out, 2, 20);
    }
    for (uint32_t i = 2; i < num; i++) {
        put_le(out, 2, 0x100 + i);
        put_le(out, 2, 1);
    }
    atls_buf_u8(out, 0);
}

static void put_event(struct atls_buf *out, uint32_t index, uint32_t type,
                      int byte, struct atls_view data)
{
    put_le(out, 4, index);
    put_le(out, 4, type);
    put_le(out, 4, 2);
    put_le(out, 2, 0x04);
    put_zeros(out, 20);
    put_le(out, 2, 0x0b);
    memset(atls_buf_room(out, 32), byte, 32);
    put_le(out, 4, (uint32_t)data.len);
    atls_buf_put(out, data);
}

static void extend(uint8_t value[32], int byte)
{
    uint8_t both[64];

    memcpy(both, value, 32);
    memset(both + 32, byte, 32);
    ck_assert(EVP_Q_digest(NULL, "SHA256", NULL, both, 64, value, NULL));
}

static void put_log(struct atls_buf *out)
{
    put_header(out, 2);
    put_event(out, 0, 1, 0x11, atls_view_text("one"));
    put_event(out, 7, 4, 0x22, atls_view(NULL, 0));
    put_event(out, 0, 3, 0x33, atls_view_text("nothing"));
    put_event(out, 0, 1, 0x44, atls_view_text("four"));
}

START_TEST(events_add_up)
{
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
    static struct atls_eventlog_registers registers;
    uint8_t first[32] = {0}, seventh[32] = {0};

    put_log(&bytes);
    ck_assert_reason(
        atls_eventlog_replay(atls_buf_view(&bytes), SHA256, &registers, NULL),
        ATLS_OK);
    extend(first, 0x11);
    extend(first, 0x44);
    extend(seventh, 0x22);
    ck_assert_uint_eq(registers.mask, 0x81);
    ck_assert_mem_eq(registers.values[0], first, 32);
    ck_assert_mem_eq(registers.values[7], seventh, 32);
    ck_assert_reason(
        atls_eventlog_replay(atls_buf_view(&bytes), SHA384, &registers, NULL),
        ATLS_ALGORITHM_UNSUPPORTED);
}
END_TEST

START_TEST(startup_locality_is_where_pcr_0_begins)
{
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
    static struct atls_eventlog_registers registers;
    uint8_t value[32] = {[31] = 3};

    put_header(&bytes, 2);
    put_event(&bytes, 0, 3, 0, atls_view("StartupLocality\0\3", 17));
    put_event(&bytes, 0, 1, 0x11, atls_view_text("one"));
    put_event(&bytes, 0, 3, 0, atls_view("StartupLocality\0\4", 17));
    ck_assert_reason(
        atls_eventlog_replay(atls_buf_view(&bytes), SHA256, &registers, NULL),
        ATLS_OK);
    extend(value, 0x11);
    ck_assert_mem_eq(registers.values[0], value, 32);
}
END_TEST

START_TEST(cut_log_is_refused_but_between_events)
{
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
    static struct atls_eventlog_registers registers;
    size_t ends[5], num = 0, good = 0;

    put_header(&bytes, 2);
    ends[num++] = bytes.len;
    put_event(&bytes, 0, 1, 0x11, atls_view_text("one"));
    ends[num++] = bytes.len;
    put_event(&bytes, 7, 4, 0x22, atls_view_text("two"));
    ends[num++] = bytes.len;
    for (size_t len = 0; len <= bytes.len; len++) {
        enum atls_reason reason = atls_eventlog_replay(
            atls_view(bytes.data, len), SHA256, &registers, NULL);
        bool is_end = false;

        for (size_t i = 0; i < num; i++)
            is_end = is_end || ends[i] == len;
        /* the zeros of an index 0 are nothing written */
        if (len > ends[0] && len <= ends[0] + 4)
            is_end = true;
        good += is_end;
        ck_assert_reason(reason, is_end ? ATLS_OK : ATLS_EVIDENCE_MALFORMED);
    }
    ck_assert_uint_eq(good, 7);
}
END_TEST

START_TEST(bytes_that_nothing_was_written_to_end_a_log)
{
    static const int fill[] = {0xff, 0x00, 0x55};
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
    static struct atls_eventlog_registers registers;

    put_log(&bytes);
    memset(atls_buf_room(&bytes, 1000), fill[_i], 1000);
    ck_assert_reason(
        atls_eventlog_replay(atls_buf_view(&bytes), SHA256, &registers, NULL),
        fill[_i] == 0x55 ? ATLS_EVIDENCE_MALFORMED : ATLS_OK);
    bytes.data[bytes.len - 1] ^= 1;
    ck_assert_reason(
        atls_eventlog_replay(atls_buf_view(&bytes), SHA256, &registers, NULL),
        ATLS_EVIDENCE_MALFORMED);
}
END_TEST

static const struct bend_row {
    size_t at; /* of the header when below 69, else of the first event */
    uint8_t value;
} bends[] = {
    {4, 1},                  /* not EV_NO_ACTION */
    {28, 0xff},              /* length of the header's data */
    {32, 'X'},               /* signature */
    {46, '2'},               /* Event02 */
    {56, 0},                 /* no hash */
    {56, 9},                 /* too many */
    {56, 3},                 /* one more than there are */
    {60, 0x04},              /* one twice */
    {62, 20},                /* SHA-256 of 20 bytes */
    {66, 0},                 /* of none */
    {68, 1},                 /* vendor's data that is not there */
    {69 + 8, 1},             /* one digest */
    {69 + 8, 3},             /* three */
    {69 + 12, 0x0b},         /* the same twice */
    {69 + 12, 0x0c},         /* none of the header's */
    {69 + 12 + 22 + 34, 99}, /* more data than there is */
    {69 + 15 + 22 + 34, 0x80},
    {69 + 0, 24}, /* no such PCR */
    {69 + 3, 0x80},
};

START_TEST(bent_log_is_refused)
{
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
    static struct atls_eventlog_registers registers;

    put_header(&bytes, 2);
    ck_assert_uint_eq(bytes.len, 69);
    put_event(&bytes, 0, 1, 0x11, atls_view_text("one"));
    bytes.data[bends[_i].at] = bends[_i].value;
    ck_assert_reason(
        atls_eventlog_replay(atls_buf_view(&bytes), SHA256, &registers, NULL),
        ATLS_EVIDENCE_MALFORMED);
}
END_TEST

START_TEST(log_is_bounded)
{
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_EVENTLOG_MAX + 1);
    static struct atls_eventlog_registers registers;
    size_t more;

    put_log(&bytes);
    more = ATLS_EVENTLOG_MAX - bytes.len;
    memset(atls_buf_room(&bytes, more), 0xff, more);
    ck_assert_reason(
        atls_eventlog_replay(atls_buf_view(&bytes), SHA256, &registers, NULL),
        ATLS_OK);
    atls_buf_u8(&bytes, 0xff);
    ck_assert_reason(
        atls_eventlog_replay(atls_buf_view(&bytes), SHA256, &registers, NULL),
        ATLS_EVIDENCE_MALFORMED);
}
END_TEST

/* 63 bytes an event: the bytes are bounded before the events are, unless they
 * have one hash of one byte. */
START_TEST(events_are_bounded)
{
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_EVENTLOG_MAX);
    struct atls_eventlog_event event;
    struct atls_eventlog log;
    unsigned num = 0;

    put_le(&bytes, 4, 0);
    put_le(&bytes, 4, 3);
    put_zeros(&bytes, 20);
    put_le(&bytes, 4, 33);
    atls_buf_put(&bytes, atls_view("Spec ID Event03", 16));
    put_zeros(&bytes, 8);
    put_le(&bytes, 4, 1);
    put_le(&bytes, 2, 0x100);
    put_le(&bytes, 2, 1);
    atls_buf_u8(&bytes, 0);
    for (unsigned i = 0; i <= ATLS_EVENTLOG_MAX_EVENTS; i++) {
        put_le(&bytes, 4, 1);
        put_le(&bytes, 4, 1);
        put_le(&bytes, 4, 1);
        put_le(&bytes, 2, 0x100);
        put_le(&bytes, 1, 0xaa);
        put_le(&bytes, 4, 0);
    }
    ck_assert(!bytes.failed);
    ck_assert_reason(atls_eventlog_open(atls_buf_view(&bytes), &log, NULL),
                     ATLS_OK);
    while (atls_eventlog_next(&log, &event))
        num++;
    ck_assert(log.failed);
    ck_assert_uint_eq(num, ATLS_EVENTLOG_MAX_EVENTS);
}
END_TEST

static const struct quote_row {
    const char *log, *quote;
    unsigned events;
    bool matches[ATLS_EVENTLOG_RTMRS];
} quote_rows[] = {
    {"tdx/gotdx-cos113.ccel_data.dat",
     "tdx/gotdx-cos113.quote.dat",
     43,
     {true, true, true, true}},
    {"tdx/lunal-live.ccel.bin",
     "tdx/lunal-live.quote.dat",
     20,
     {true, true, false, true}}, /* RTMR2 was extended later */
};

START_TEST(real_ccel_gives_the_rtmrs_that_were_quoted)
{
    const struct quote_row *row = &quote_rows[_i];
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_EVENTLOG_MAX);
    ATLS_AUTO_BUF quoted = atls_buf(FORGE_MAX);
    static struct atls_eventlog_registers registers;
    struct atls_eventlog_event event;
    struct atls_eventlog log;
    struct atls_quote quote;
    unsigned num = 0;

    ck_assert(forge_vector(row->log, &bytes));
    ck_assert(forge_vector(row->quote, &quoted));
    ck_assert_reason(atls_quote_parse(atls_buf_view(&quoted), &quote, NULL),
                     ATLS_OK);
    ck_assert_reason(
        atls_eventlog_replay(atls_buf_view(&bytes), SHA384, &registers, NULL),
        ATLS_OK);
    for (unsigned i = 0; i < ATLS_EVENTLOG_RTMRS; i++)
        ck_assert_msg(
            atls_view_equal(quote.td.rtmr[i], atls_view(registers.values[i + 1],
                                                        ATLS_QUOTE_MR)) ==
                row->matches[i],
            "RTMR %u", i);
    ck_assert_reason(atls_eventlog_open(atls_buf_view(&bytes), &log, NULL),
                     ATLS_OK);
    ck_assert_uint_eq(log.first_index, 1);
    while (atls_eventlog_next(&log, &event))
        num++;
    ck_assert_uint_eq(num, row->events);
}
END_TEST

/* Others' reading of the same log: index, type and digest of every event. */
START_TEST(real_ccel_is_read_as_others_read_it)
{
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX), text = atls_buf(FORGE_MAX);
    ATLS_AUTO(json_t) *root = NULL;
    struct atls_eventlog_event event;
    struct atls_eventlog log;
    const json_t *list, *item;
    size_t i;

    ck_assert(forge_vector("tdx/trustee.CCEL_ovmf.dat", &bytes));
    ck_assert(forge_vector("tdx/trustee.CCEL_ovmf.expected.json", &text));
    root = json_loadb((const char *)text.data, text.len, 0, NULL);
    list = json_object_get(root, "uefi_event_logs");
    ck_assert_uint_gt(json_array_size(list), 0);
    ck_assert_reason(atls_eventlog_open(atls_buf_view(&bytes), &log, NULL),
                     ATLS_OK);
    json_array_foreach(list, i, item)
    {
        const json_t *digest =
            json_array_get(json_object_get(item, "digests"), 0);
        ATLS_AUTO_BUF wanted = atls_buf(ATLS_TPM_MAX_HASH);

        ck_assert(atls_eventlog_next(&log, &event));
        forge_hex(&wanted,
                  json_string_value(json_object_get(digest, "digest")));
        ck_assert_int_eq((json_int_t)event.index,
                         json_integer_value(json_object_get(item, "index")));
        ck_assert_str_eq(atls_eventlog_type_name(event.type),
                         json_string_value(json_object_get(item, "type_name")));
        ck_assert(
            atls_view_equal(event.digests[SHA384], atls_buf_view(&wanted)));
    }
    ck_assert(!atls_eventlog_next(&log, &event));
    ck_assert(!log.failed);
}
END_TEST

static const struct tpm_row {
    const char *log, *pcr0; /* its first bytes in the bank of SHA-256 */
    enum atls_reason reason;
} tpm_rows[] = {
    {"tpm/eventlog-cos-101-amd-sev.bin", "0f35c214", ATLS_OK},
    {"tpm/eventlog-ubuntu-2404-amd-sevsnp.bin", "50597a27", ATLS_OK},
    {"tpm/eventlog-arch-linux-workstation.bin", "", ATLS_OK},
    {"tpm/eventlog-ubuntu-2104-no-secure-boot.bin", "", ATLS_OK},
    {"tpm/eventlog-debian-10.bin", "", ATLS_EVIDENCE_MALFORMED}, /* SHA-1 */
};

START_TEST(real_log_of_a_tpm_adds_up)
{
    const struct tpm_row *row = &tpm_rows[_i];
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX), wanted = atls_buf(32);
    static struct atls_eventlog_registers registers;
    struct atls_why why = {0};
    enum atls_reason reason;

    ck_assert(forge_vector(row->log, &bytes));
    reason =
        atls_eventlog_replay(atls_buf_view(&bytes), SHA256, &registers, &why);
    ck_assert_msg(reason == row->reason, "%s", why.text);
    if (reason != ATLS_OK || row->pcr0[0] == '\0')
        return;
    forge_hex(&wanted, row->pcr0);
    ck_assert_mem_eq(registers.values[0], wanted.data, wanted.len);
}
END_TEST

#define add_rows(test, rows)                                                   \
    tcase_add_loop_test(cases, test, 0, sizeof(rows) / sizeof(rows[0]))

int main(void)
{
    Suite *suite = suite_create("eventlog");
    TCase *cases = tcase_create("eventlog");
    ATLS_AUTO_BUF probe = atls_buf(FORGE_MAX);

    tcase_add_test(cases, events_add_up);
    tcase_add_test(cases, startup_locality_is_where_pcr_0_begins);
    tcase_add_test(cases, cut_log_is_refused_but_between_events);
    tcase_add_loop_test(cases, bytes_that_nothing_was_written_to_end_a_log, 0,
                        3);
    add_rows(bent_log_is_refused, bends);
    tcase_add_test(cases, log_is_bounded);
    tcase_add_test(cases, events_are_bounded);
    if (forge_vector("tdx/gotdx-v5.quote.dat", &probe)) {
        add_rows(real_ccel_gives_the_rtmrs_that_were_quoted, quote_rows);
        tcase_add_test(cases, real_ccel_is_read_as_others_read_it);
        add_rows(real_log_of_a_tpm_adds_up, tpm_rows);
    }
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
