/* SPDX-License-Identifier: Apache-2.0
 *
 * attest:tsm against a configfs-tsm that behaves as Linux's and misbehaves on
 * order, whose reports libatls appraises up to roots of the test's own; and its
 * way to real files against a plain folder.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../check_main.h"
#include "cbor.h"
#include "cmw.h"
#include "forge.h"
#include "forge_ccel.h"
#include "forge_dcap.h"
#include "provider/attester.h"
#include "provider/ccel.h"
#include "provider/descriptor.h"
#include "provider/task.h"
#include "tsm_fake.h"
#include "tsm_forge.h"

#define LONG_MS       60000
#define REPORT_LEN    1184 /* bytes of an SEV-SNP report */
#define LENGTH(array) (int)(sizeof(array) / sizeof((array)[0]))

static struct tsm_fake fake;
static const uint8_t binder_bytes[48] = {0xb1, 0x17, 0xde, 0x55, [47] = 0x9e};

static struct atls_view binder(void)
{
    return atls_view(binder_bytes, sizeof(binder_bytes));
}

static const struct atls_challenge *challenge(void)
{
    static struct atls_challenge of_binder;

    of_binder.binder = binder();
    return &of_binder;
}

static void set_up(void)
{
    tsm_fake_init(&fake);
}

static void tear_down(void)
{
    tsm_fake_clear(&fake);
}

static void *state_of(const char *text)
{
    ATLS_AUTO_URI uri = {.name = ""};
    void *state = NULL;

    ck_assert_reason(atls_uri_parse(text, &uri, NULL), ATLS_OK);
    ck_assert_reason(atls_tsm_new(&tsm_fake_ops, &uri, &state, NULL), ATLS_OK);
    return state;
}

static enum atls_reason attest(const char *uri, uint32_t ms,
                               struct atls_buf *cmw, struct atls_why *why)
{
    void *state = state_of(uri);
    enum atls_reason reason = atls_attester_tsm.attest(
        state, challenge(), atls_deadline_after(ms), cmw, why);

    atls_attester_tsm.free(state);
    return reason;
}

static void assert_refused(enum atls_reason wanted, const char *words)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct atls_why why = {0};

    ck_assert_reason(attest("attest:tsm", LONG_MS, &cmw, &why), wanted);
    ck_assert_msg(strstr(why.text, words) != NULL, "%s", why.text);
    ck_assert_uint_eq(cmw.len, 0);
    ck_assert_uint_eq(tsm_fake_num_entries(&fake), 0);
    ck_assert_uint_eq(fake.num_holds, 0);
}

struct parts {
    struct atls_view provider, outblob, auxblob, manifestblob, eventlog;
};

static void take_map(struct atls_view map, struct parts *out)
{
    struct atls_cbor in = atls_cbor(map);
    struct atls_cbor_iter entries;

    atls_cbor_map(&in, &entries);
    while (atls_cbor_next(&in, &entries)) {
        struct atls_view key = atls_cbor_text(&in);

        if (atls_view_is(key, "provider"))
            out->provider = atls_cbor_text(&in);
        else if (atls_view_is(key, "outblob"))
            out->outblob = atls_cbor_bytes(&in);
        else if (atls_view_is(key, "auxblob"))
            out->auxblob = atls_cbor_bytes(&in);
        else if (atls_view_is(key, "eventlog"))
            out->eventlog = atls_cbor_bytes(&in);
        else if (atls_view_is(key, "manifestblob"))
            out->manifestblob = atls_cbor_bytes(&in);
        else
            atls_cbor_fail(&in);
    }
    ck_assert(atls_cbor_done(&in));
}

static void parse(const struct atls_buf *cmw, struct parts *out)
{
    struct atls_cmw record;
    struct atls_type type;

    *out = (struct parts){.provider = atls_view(NULL, 0)};
    ck_assert(atls_type_parse(
        atls_view_text("application/vnd.veraison.tsm-report+cbor"), &type));
    ck_assert_reason(atls_cmw_parse(atls_buf_view(cmw), NULL, &record, NULL),
                     ATLS_OK);
    ck_assert(atls_type_equal(record.type, type));
    ck_assert_uint_eq(record.indicator, ATLS_CMW_EVIDENCE);
    take_map(record.value, out);
}

/* binder left, zeros right */
static void assert_quoted(const char *uri, struct parts *out,
                          struct atls_buf *cmw)
{
    uint8_t wanted[ATLS_TSM_INBLOB] = {0};
    struct atls_view nonce;
    struct atls_why why = {0};

    memcpy(wanted, binder_bytes, sizeof(binder_bytes));
    ck_assert_reason(attest(uri, LONG_MS, cmw, &why), ATLS_OK);
    parse(cmw, out);
    nonce = tsm_forge_nonce(fake.provider, out->outblob);
    ck_assert(atls_view_equal(nonce, atls_view(wanted, sizeof(wanted))));
    ck_assert_uint_eq(tsm_fake_num_entries(&fake), 0);
    ck_assert_uint_eq(fake.num_holds, 0);
}

START_TEST(report_is_over_the_binder_and_zeros_to_its_right)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct parts parts;

    assert_quoted("attest:tsm", &parts, &cmw);
    ck_assert(atls_view_is(parts.provider, "sev_guest\n"));
    ck_assert_uint_gt(parts.auxblob.len, 0);
    ck_assert_uint_eq(parts.manifestblob.len, 0);
    ck_assert_uint_eq(tsm_forge_level(parts.outblob), 0);
}
END_TEST

static const struct {
    const char *provider;
    bool has_privlevel, has_auxblob;
    size_t padding;
} tees[] = {
    {"sev_guest", true, true, 0},
    {"tdx_guest", false, false, 0},
    {"tdx_guest", false, false, 4096},
    {"arm_cca_guest", false, false, 0},
};

static void be_tee(int i)
{
    fake.provider = tees[i].provider;
    fake.has_privlevel = tees[i].has_privlevel;
    fake.has_auxblob = tees[i].has_auxblob;
    fake.padding = tees[i].padding;
}

static void assert_appraised(const char *uri, struct atls_view nonce,
                             enum atls_reason wanted)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct atls_verdict verdict;
    struct atls_why why = {0};
    enum atls_reason reason;

    ck_assert_reason(attest(uri, LONG_MS, &cmw, &why), ATLS_OK);
    reason =
        tsm_forge_appraise(fake.provider, atls_buf_view(&cmw), nonce, &verdict);
    ck_assert_msg(reason == wanted, "want %s, found %s: %s",
                  atls_reason_name(wanted), atls_reason_name(reason),
                  verdict.text);
    ck_assert((reason == ATLS_OK) == (verdict.tier == ATLS_TIER_AFFIRMING));
}

START_TEST(evidence_of_every_tee_is_accepted_up_to_its_vendors_root)
{
    be_tee(_i);
    assert_appraised("attest:tsm", binder(), ATLS_OK);
}
END_TEST

START_TEST(evidence_of_every_tee_is_for_its_binder_alone)
{
    uint8_t other[sizeof(binder_bytes)];

    memcpy(other, binder_bytes, sizeof(other));
    other[sizeof(other) - 1] ^= 1;
    be_tee(_i);
    assert_appraised("attest:tsm", atls_view(other, sizeof(other)),
                     ATLS_BINDER_MISMATCH);
    /* zeros stand behind a binder, not the rest of a longer one */
    assert_appraised("attest:tsm", atls_view(binder_bytes, 32),
                     ATLS_BINDER_MISMATCH);
}
END_TEST

START_TEST(privilege_level_that_was_asked_for_is_in_the_evidence)
{
    assert_appraised("attest:tsm?privlevel=0", binder(), ATLS_OK);
    assert_appraised("attest:tsm?privlevel=3", binder(),
                     ATLS_CONFIGURATION_REFUSED);
}
END_TEST

START_TEST(privilege_level_is_written)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct parts parts;

    assert_quoted("attest:tsm?privlevel=2", &parts, &cmw);
    ck_assert_uint_eq(tsm_forge_level(parts.outblob), 2);
}
END_TEST

START_TEST(blobs_that_a_tee_does_not_have_are_left_out)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct parts parts;

    fake.provider = "tdx_guest";
    fake.has_auxblob = fake.has_privlevel = false;
    assert_quoted("attest:tsm", &parts, &cmw);
    ck_assert_uint_eq(parts.auxblob.len, 0);
}
END_TEST

START_TEST(blob_is_taken_with_the_padding_behind_it)
{
    static const uint8_t zeros[3000];
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct parts parts;

    fake.padding = sizeof(zeros);
    assert_quoted("attest:tsm", &parts, &cmw);
    ck_assert_uint_eq(parts.outblob.len, REPORT_LEN + sizeof(zeros));
    ck_assert_mem_eq(parts.outblob.data + REPORT_LEN, zeros, sizeof(zeros));
}
END_TEST

/* Its report is not over our binder, and nobody takes it for one that is. */
START_TEST(manifest_of_a_service_is_taken_along_and_refused)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct parts parts;

    fake.has_manifestblob = true;
    assert_quoted("attest:tsm", &parts, &cmw);
    ck_assert(atls_view_is(parts.manifestblob, "manifest"));
    assert_appraised("attest:tsm", binder(), ATLS_FORMAT_UNKNOWN);
}
END_TEST

static const struct forge_ccel_event events[] = {{1, 0x51}, {2, 0x52}, {0, 0}};

/* A folder with a file "log", and the URI that names it */
struct logged {
    struct forge_folder folder;
    char uri[128];
};

static void open_logged(struct logged *logged, struct atls_view region)
{
    forge_folder_open(&logged->folder);
    forge_folder_put(&logged->folder, "log", region);
    snprintf(logged->uri, sizeof(logged->uri), "attest:tsm?eventlog=%s/log",
             logged->folder.path);
}

START_TEST(event_log_goes_along_without_what_nothing_was_written_to)
{
    static const int fill[] = {0xff, 0x00, -1};
    ATLS_AUTO_BUF region = atls_buf(ATLS_TSM_MAX_CCEL);
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct logged logged;
    struct parts parts;
    size_t len;

    be_tee(1);
    forge_ccel(&region, events, 0);
    len = region.len;
    if (fill[_i] >= 0)
        memset(atls_buf_room(&region, 200000), fill[_i], 200000);
    open_logged(&logged, atls_buf_view(&region));
    assert_quoted(logged.uri, &parts, &cmw);
    ck_assert(atls_view_equal(parts.eventlog, atls_view(region.data, len)));
    forge_folder_clear(&logged.folder);
}
END_TEST

/* The TD's RTMRs are of no such events. */
START_TEST(event_log_is_for_profiles_that_want_one)
{
    ATLS_AUTO_BUF region = atls_buf(FORGE_MAX);
    struct logged logged;

    be_tee(1);
    forge_ccel(&region, events, 0);
    open_logged(&logged, atls_buf_view(&region));
    assert_appraised(logged.uri, binder(), ATLS_OK);
    forge_folder_clear(&logged.folder);
}
END_TEST

/* Room is asked for by the log that there is. */
START_TEST(event_log_is_in_the_length_of_the_longest_evidence)
{
    ATLS_AUTO_BUF region = atls_buf(FORGE_MAX);
    struct logged logged;
    void *with, *without = state_of("attest:tsm");

    forge_ccel(&region, events, 0);
    open_logged(&logged, atls_buf_view(&region));
    with = state_of(logged.uri);
    ck_assert_uint_eq(atls_attester_tsm.longest(with),
                      atls_attester_tsm.longest(without) + region.len);
    ck_assert_uint_le(atls_attester_tsm.longest(with), ATLS_CMW_MAX);
    atls_attester_tsm.free(with);
    atls_attester_tsm.free(without);
    forge_folder_clear(&logged.folder);
}
END_TEST

static void put_long_log(struct atls_buf *out, size_t num)
{
    forge_ccel(out, events, 0);
    while (num-- > 0)
        forge_ccel_put(out, 1, 0x5a, 0);
}

START_TEST(event_log_that_no_handshake_carries_is_refused_at_load)
{
    ATLS_AUTO_BUF region = atls_buf(ATLS_TSM_MAX_CCEL);
    ATLS_AUTO_URI uri = {.name = ""};
    struct logged logged;
    struct atls_why why = {0};
    void *state = NULL;

    put_long_log(&region, 690); /* of 70 bytes */
    ck_assert_uint_lt(region.len, ATLS_TSM_MAX_LOG);
    open_logged(&logged, atls_buf_view(&region));
    atls_attester_tsm.free(state_of(logged.uri));
    region.len = 0;
    put_long_log(&region, 710);
    ck_assert_uint_gt(region.len, ATLS_TSM_MAX_LOG);
    forge_folder_put(&logged.folder, "log", atls_buf_view(&region));
    ck_assert_reason(atls_uri_parse(logged.uri, &uri, NULL), ATLS_OK);
    ck_assert_reason(atls_tsm_new(&tsm_fake_ops, &uri, &state, &why),
                     ATLS_ATTESTER_OPTION);
    ck_assert_ptr_nonnull(strstr(why.text, "at most 49152 bytes, found more"));
    atls_attester_tsm.free(state);
    forge_folder_clear(&logged.folder);
}
END_TEST

/* The kernel's blobs are taken up to a length of their own. */
START_TEST(event_log_and_blobs_that_are_too_long_together_are_refused)
{
    ATLS_AUTO_BUF region = atls_buf(ATLS_TSM_MAX_CCEL);
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct atls_why why = {0};
    struct logged logged;

    be_tee(1);
    fake.padding = 20000;
    put_long_log(&region, 690);
    open_logged(&logged, atls_buf_view(&region));
    ck_assert_reason(attest(logged.uri, LONG_MS, &cmw, &why),
                     ATLS_ATTESTER_FAILED);
    ck_assert_ptr_nonnull(strstr(why.text, "together"));
    ck_assert_uint_eq(cmw.len, 0);
    forge_folder_clear(&logged.folder);
}
END_TEST

START_TEST(length_of_a_log_ends_before_what_nothing_was_written_to)
{
    ATLS_AUTO_BUF log = atls_buf(FORGE_MAX);
    size_t header, first;

    forge_ccel(&log, events + 2, 0);
    header = log.len;
    forge_ccel_put(&log, 1, 0x51, 0);
    first = log.len;
    forge_ccel_put(&log, 2, 0xff, 0);
    for (size_t len = 0; len <= log.len; len++) {
        bool is_end = len == header || len == first || len == log.len;

        ck_assert_uint_eq(atls_ccel_length(atls_view(log.data, len)),
                          is_end ? len : 0);
    }
    memset(atls_buf_room(&log, 99), 0xff, 99);
    ck_assert_uint_eq(atls_ccel_length(atls_buf_view(&log)), log.len - 99);
    log.data[log.len - 1] = 0;
    ck_assert_uint_eq(atls_ccel_length(atls_buf_view(&log)), 0);
}
END_TEST

static const struct {
    size_t at;
    uint8_t value;
} bends[] = {
    {28, 0xff},     /* length of the header's data */
    {32, 'X'},      /* signature */
    {46, '2'},      /* Event02 */
    {56, 9},        /* too many hashes */
    {56, 0},        /* none, but the event has one */
    {60, 0x0b},     /* another than the event's */
    {65 + 8, 9},    /* too many digests */
    {65 + 8, 2},    /* one more than there are */
    {65 + 63, 0x80} /* more data than there is */
};

START_TEST(log_that_is_bent_has_no_length)
{
    ATLS_AUTO_BUF log = atls_buf(FORGE_MAX);

    forge_ccel(&log, events + 2, 0);
    ck_assert_uint_eq(log.len, 65);
    forge_ccel_put(&log, 1, 0x51, 0);
    ck_assert_uint_eq(atls_ccel_length(atls_buf_view(&log)), log.len);
    log.data[bends[_i].at] = bends[_i].value;
    ck_assert_uint_eq(atls_ccel_length(atls_buf_view(&log)), 0);
}
END_TEST

START_TEST(somebody_who_writes_our_options_costs_a_report_and_no_more)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct parts parts;

    fake.num_writers = 1;
    assert_quoted("attest:tsm", &parts, &cmw);
    ck_assert_uint_eq(fake.num_reports, 3); /* auxblob had one made anew */
}
END_TEST

START_TEST(somebody_who_always_writes_our_options_is_told)
{
    fake.num_writers = 1000;
    assert_refused(ATLS_ATTESTER_FAILED, "somebody wrote there, too");
}
END_TEST

START_TEST(inblob_whose_store_failed_at_close_is_noticed)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct parts parts;

    /* then the read fails, as nothing was ever stored */
    fake.num_lost = 1;
    assert_refused(ATLS_ATTESTER_FAILED, "outblob as uid");
    fake.num_lost = 0;
    assert_quoted("attest:tsm", &parts, &cmw);
}
END_TEST

static const int passing[] = {EINTR, EIO, EBUSY, EAGAIN, ETIMEDOUT};

START_TEST(error_that_passes_is_tried_again)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct parts parts;

    fake.faults[0] = (struct tsm_fake_fault){"read", "outblob", passing[_i], 1};
    fake.faults[1] =
        (struct tsm_fake_fault){"read", "generation", passing[_i], 1};
    fake.faults[2] = (struct tsm_fake_fault){"write", "inblob", passing[_i], 1};
    assert_quoted("attest:tsm", &parts, &cmw);
}
END_TEST

START_TEST(error_that_stays_is_given_up)
{
    fake.faults[0] =
        (struct tsm_fake_fault){"read", "outblob", passing[_i], 1000};
    assert_refused(ATLS_ATTESTER_FAILED, "configfs-tsm: outblob as uid");
    ck_assert_uint_eq(fake.faults[0].times, 1000 - 4);
}
END_TEST

START_TEST(entry_is_removed_though_rmdir_is_interrupted)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct parts parts;
    void *state = state_of("attest:tsm");

    ck_assert_reason(atls_attester_tsm.open(state, NULL), ATLS_OK);
    fake.faults[0] = (struct tsm_fake_fault){"remove", NULL, EINTR, 2};
    ck_assert_reason(atls_attester_tsm.attest(state, challenge(),
                                              atls_deadline_after(LONG_MS),
                                              &cmw, NULL),
                     ATLS_OK);
    parse(&cmw, &parts);
    ck_assert_uint_eq(tsm_fake_num_entries(&fake), 0);
    atls_attester_tsm.free(state);
}
END_TEST

static const struct {
    struct tsm_fake_fault fault;
    enum atls_reason reason;
    const char *words;
} faults[] = {
    {{"open", NULL, ENOENT, 1}, ATLS_ATTESTER_ABSENT, "CONFIG_TSM_REPORTS"},
    {{"make", NULL, ENXIO, 1}, ATLS_ATTESTER_ABSENT, "no TEE is behind it"},
    {{"make", NULL, EACCES, 1}, ATLS_ATTESTER_ABSENT, "attest:broker"},
    {{"make", NULL, EPERM, 1}, ATLS_ATTESTER_ABSENT, "attest:broker"},
    {{"write", "inblob", EINVAL, 1}, ATLS_ATTESTER_FAILED, "refused"},
    {{"read", "outblob", EFBIG, 1}, ATLS_ATTESTER_FAILED, "longer"},
    {{"read", "auxblob", EINVAL, 1}, ATLS_ATTESTER_FAILED, "auxblob"},
    {{"read", "outblob", ENXIO, 1}, ATLS_ATTESTER_ABSENT, "no TEE"},
    {{"read", "outblob", ENOMEM, 1}, ATLS_OUT_OF_MEMORY, "outblob"},
    {{"read", "outblob", EBADMSG, 1}, ATLS_ATTESTER_FAILED, "kernel's log"},
};

START_TEST(error_is_told_with_reason_and_whose_move_it_is)
{
    fake.faults[0] = faults[_i].fault;
    assert_refused(faults[_i].reason, faults[_i].words);
}
END_TEST

START_TEST(guest_without_a_tee_is_told_when_it_is_opened)
{
    void *state = state_of("attest:tsm");
    struct atls_why why = {0};

    fake.provider = NULL;
    ck_assert_reason(atls_attester_tsm.open(state, &why), ATLS_ATTESTER_ABSENT);
    ck_assert_uint_eq(fake.num_holds, 0);
    atls_attester_tsm.free(state);
}
END_TEST

START_TEST(privilege_level_below_the_floor_is_refused_when_it_is_opened)
{
    void *state = state_of("attest:tsm?privlevel=1");
    struct atls_why why = {0};

    fake.privlevel_floor = 2;
    ck_assert_reason(atls_attester_tsm.open(state, &why), ATLS_ATTESTER_OPTION);
    ck_assert_msg(strstr(why.text, "may ask for 2 to 3") != NULL, "%s",
                  why.text);
    ck_assert_uint_eq(tsm_fake_num_entries(&fake), 0);
    atls_attester_tsm.free(state);
}
END_TEST

START_TEST(blobs_that_are_too_long_together_are_refused)
{
    fake.padding = 32768 - REPORT_LEN;
    assert_refused(ATLS_ATTESTER_FAILED, "together");
}
END_TEST

static const char *const bad_options[] = {
    "attest:tsm?privlevel=4",  "attest:tsm?privlevel=",
    "attest:tsm?privlevel=-1", "attest:tsm?privlevel=01",
    "attest:tsm?root=config",  "attest:tsm?root=",
};

START_TEST(bad_option_is_refused_at_load)
{
    ATLS_AUTO_URI uri = {.name = ""};
    void *state = NULL;

    ck_assert_reason(atls_uri_parse(bad_options[_i], &uri, NULL), ATLS_OK);
    ck_assert_reason(atls_tsm_new(&tsm_fake_ops, &uri, &state, NULL),
                     ATLS_ATTESTER_OPTION);
    atls_attester_tsm.free(state);
}
END_TEST

START_TEST(tee_that_does_not_answer_is_left_to_a_thread_that_cleans_up)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct atls_why why = {0};

    fake.is_slow = true;
    ck_assert_reason(attest("attest:tsm", 20, &cmw, &why),
                     ATLS_ATTESTER_TIMEOUT);
    /* the key is gone, and the thread has what it needs */
    ck_assert_uint_eq(tsm_fake_num_entries(&fake), 1);
    tsm_fake_finish(&fake, 0);
    ck_assert_uint_eq(fake.num_reports, 1);
}
END_TEST

START_TEST(quotes_that_hang_have_an_end)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    void *state = state_of("attest:tsm");
    struct atls_why why = {0};
    struct parts parts;

    ck_assert_reason(atls_attester_tsm.open(state, NULL), ATLS_OK);
    fake.is_slow = true;
    for (int i = 0; i < ATLS_TASK_MAX_HUNG; i++)
        ck_assert_reason(atls_attester_tsm.attest(state, challenge(),
                                                  atls_deadline_after(1), &cmw,
                                                  NULL),
                         ATLS_ATTESTER_TIMEOUT);
    ck_assert_reason(atls_attester_tsm.attest(state, challenge(),
                                              atls_deadline_after(LONG_MS),
                                              &cmw, &why),
                     ATLS_ATTESTER_BUSY);
    tsm_fake_finish(&fake, 1);
    atls_attester_tsm.free(state);
    assert_quoted("attest:tsm", &parts, &cmw);
}
END_TEST

START_TEST(child_of_fork_quotes_while_a_quote_of_its_parent_hangs)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct parts parts;
    int status = 0;
    pid_t pid;

    fake.is_slow = true;
    for (int i = 0; i < ATLS_TASK_MAX_HUNG; i++)
        ck_assert_reason(attest("attest:tsm", 1, &cmw, NULL),
                         ATLS_ATTESTER_TIMEOUT);
    pthread_mutex_lock(&fake.mutex);
    pid = fork();
    if (pid == 0) {
        tsm_fake_init(&fake); /* the kernel's state is not forked */
        assert_quoted("attest:tsm", &parts, &cmw);
        _exit(0);
    }
    pthread_mutex_unlock(&fake.mutex);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    tsm_fake_finish(&fake, 0);
}
END_TEST

/* Real files, in a plain folder. */

static char folder[] = "/tmp/atls-tsm-XXXXXX";

static void make_folder(void)
{
    strcpy(folder + sizeof(folder) - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    ck_assert_int_eq(rmdir(folder), 0);
}

static void *open_folder(void)
{
    void *tree = NULL;

    errno = EXDEV;
    ck_assert_int_eq(atls_tsm_files.open(folder, &tree), 0);
    ck_assert_int_eq(errno, EXDEV);
    return tree;
}

START_TEST(descriptor_of_the_tree_is_high_and_closed_on_exec)
{
    struct atls_descriptor *tree = open_folder();

    ck_assert_int_ge(tree->fd, 512);
    ck_assert_int_eq(fcntl(tree->fd, F_GETFD), FD_CLOEXEC);
    atls_tsm_files.close(tree);
}
END_TEST

START_TEST(files_are_reached_when_their_path_is_no_more)
{
    char moved[64];
    void *tree = open_folder();
    ATLS_AUTO_BUF text = atls_buf(3);

    snprintf(moved, sizeof(moved), "%s.moved", folder);
    ck_assert_int_eq(rename(folder, moved), 0);
    ck_assert_int_eq(atls_tsm_files.make(tree, "entry"), 0);
    ck_assert_int_eq(atls_tsm_files.make(tree, "entry"), EEXIST);
    ck_assert_int_eq(atls_tsm_files.read(tree, "entry", "inblob", &text),
                     ENOENT);
    ck_assert_int_eq(rename(moved, folder), 0);
    snprintf(moved, sizeof(moved), "%s/entry/inblob", folder);
    close(open(moved, O_CREAT | O_RDWR, 0600));
    ck_assert_int_eq(
        atls_tsm_files.write(tree, "entry", "inblob", atls_view("abcd", 4)), 0);
    ck_assert_int_eq(atls_tsm_files.read(tree, "entry", "inblob", &text),
                     EFBIG);
    unlink(moved);
    ck_assert_int_eq(atls_tsm_files.remove(tree, "entry"), 0);
    atls_tsm_files.close(tree);
}
END_TEST

START_TEST(tree_whose_descriptor_was_closed_and_reused_is_not_touched)
{
    struct atls_descriptor *tree = open_folder();
    int other = open("/", O_RDONLY | O_DIRECTORY), fd = tree->fd;
    void *copy = NULL;

    ck_assert_int_eq(dup2(other, fd), fd);
    ck_assert_int_eq(atls_tsm_files.copy(tree, &copy), EBADF);
    atls_tsm_files.close(tree);
    ck_assert_int_ge(fcntl(fd, F_GETFD), 0); /* it is somebody else's */
    close(fd);
    close(other);
}
END_TEST

static unsigned long own_namespace(void)
{
    struct stat status;

    return stat("/proc/self/ns/pid", &status) == 0
               ? (unsigned long)status.st_ino
               : 0;
}

/* A number that had a process until now. */
static pid_t dead_process(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    return pid;
}

static void make_entry(char *path, size_t size, unsigned long where, long pid,
                       const char *rest)
{
    snprintf(path, size, "%s/atls-%lx-%lx-%s", folder, where,
             (unsigned long)pid, rest);
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

START_TEST(only_our_entries_of_dead_processes_are_cleaned_up)
{
    static const char random[] = "00112233aabbccdd";
    char stale[128], living[128], elsewhere[128], foreign[128];
    void *tree = open_folder();
    pid_t dead = dead_process();
    struct atls_why why = {0};

    make_entry(stale, sizeof(stale), own_namespace(), dead, random);
    make_entry(living, sizeof(living), own_namespace(), getpid(), random);
    make_entry(elsewhere, sizeof(elsewhere), own_namespace() + 1, dead, random);
    make_entry(foreign, sizeof(foreign), own_namespace(), dead, "0-report");
    /* a plain folder has no attributes, so the probe fails in the end */
    ck_assert_reason(
        atls_tsm_probe(&atls_tsm_files, tree, ATLS_TSM_NO_LEVEL, &why),
        ATLS_ATTESTER_ABSENT);
    ck_assert_int_eq(rmdir(stale), -1);
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_int_eq(rmdir(living), 0);
    ck_assert_int_eq(rmdir(elsewhere), 0);
    ck_assert_int_eq(rmdir(foreign), 0);
    atls_tsm_files.close(tree);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tsm");
    TCase *cases = tcase_create("fake"), *files = tcase_create("files");
    TCase *forks = tcase_create("fork"), *evidence = tcase_create("evidence");

    tcase_add_unchecked_fixture(cases, tsm_forge_open, NULL);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, report_is_over_the_binder_and_zeros_to_its_right);
    tcase_add_test(cases, privilege_level_is_written);
    tcase_add_test(cases, blobs_that_a_tee_does_not_have_are_left_out);
    tcase_add_test(cases, blob_is_taken_with_the_padding_behind_it);
    tcase_add_test(cases, manifest_of_a_service_is_taken_along_and_refused);
    tcase_add_loop_test(
        cases, event_log_goes_along_without_what_nothing_was_written_to, 0, 3);
    tcase_add_test(cases, event_log_is_for_profiles_that_want_one);
    tcase_add_test(cases, event_log_is_in_the_length_of_the_longest_evidence);
    tcase_add_test(cases,
                   event_log_that_no_handshake_carries_is_refused_at_load);
    tcase_add_test(cases,
                   event_log_and_blobs_that_are_too_long_together_are_refused);
    tcase_add_test(cases,
                   length_of_a_log_ends_before_what_nothing_was_written_to);
    tcase_add_loop_test(cases, log_that_is_bent_has_no_length, 0,
                        LENGTH(bends));
    tcase_add_test(cases,
                   somebody_who_writes_our_options_costs_a_report_and_no_more);
    tcase_add_test(cases, somebody_who_always_writes_our_options_is_told);
    tcase_add_test(cases, inblob_whose_store_failed_at_close_is_noticed);
    tcase_add_loop_test(cases, error_that_passes_is_tried_again, 0,
                        sizeof(passing) / sizeof(passing[0]));
    tcase_add_loop_test(cases, error_that_stays_is_given_up, 0,
                        sizeof(passing) / sizeof(passing[0]));
    tcase_add_test(cases, entry_is_removed_though_rmdir_is_interrupted);
    tcase_add_loop_test(cases, error_is_told_with_reason_and_whose_move_it_is,
                        0, sizeof(faults) / sizeof(faults[0]));
    tcase_add_test(cases, guest_without_a_tee_is_told_when_it_is_opened);
    tcase_add_test(
        cases, privilege_level_below_the_floor_is_refused_when_it_is_opened);
    tcase_add_test(cases, blobs_that_are_too_long_together_are_refused);
    tcase_add_loop_test(cases, bad_option_is_refused_at_load, 0,
                        sizeof(bad_options) / sizeof(bad_options[0]));
    tcase_add_test(cases,
                   tee_that_does_not_answer_is_left_to_a_thread_that_cleans_up);
    tcase_add_test(cases, quotes_that_hang_have_an_end);
    tcase_add_unchecked_fixture(evidence, tsm_forge_open, NULL);
    tcase_add_checked_fixture(evidence, set_up, tear_down);
    tcase_add_loop_test(
        evidence, evidence_of_every_tee_is_accepted_up_to_its_vendors_root, 0,
        LENGTH(tees));
    tcase_add_loop_test(evidence, evidence_of_every_tee_is_for_its_binder_alone,
                        0, LENGTH(tees));
    tcase_add_test(evidence,
                   privilege_level_that_was_asked_for_is_in_the_evidence);
    tcase_add_unchecked_fixture(forks, tsm_forge_open, NULL);
    tcase_add_checked_fixture(forks, set_up, tear_down);
    tcase_add_test(forks,
                   child_of_fork_quotes_while_a_quote_of_its_parent_hangs);
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_test(files, descriptor_of_the_tree_is_high_and_closed_on_exec);
    tcase_add_test(files, files_are_reached_when_their_path_is_no_more);
    tcase_add_test(files,
                   tree_whose_descriptor_was_closed_and_reused_is_not_touched);
    tcase_add_test(files, only_our_entries_of_dead_processes_are_cleaned_up);
    suite_add_tcase(suite, cases);
    suite_add_tcase(suite, evidence);
    suite_add_tcase(suite, files);
    suite_add_tcase(suite, forks);
    return check_main(suite);
}
