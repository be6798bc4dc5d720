/* SPDX-License-Identifier: Apache-2.0
 *
 * Several attesters: what they make together, that they are asked at the same
 * time and have one deadline, and that one which fails fails the whole. The
 * attesters are stand-ins: a row of a table each, named by fake:ROW.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "batch.h"
#include "cmw.h"
#include "ext/attesters.h"
#include "../check_main.h"

#define MS_NS     INT64_C(1000000)
#define MAX_FAKES 4
#define PSA       "10003"
#define TPM       "application/vnd.atls.tpm-quote+cbor"

struct atls_attester { /* a stand-in */
    const char *formats[3];
    size_t max_size;
    bool takes_origin;
    enum atls_reason on_open, on_prepare, on_quote;
    const char *gives; /* the CMW; NULL: a record of the type asked for */
    size_t value_len;  /* of that; 0: 1 byte */
    int64_t takes_ns;  /* by the clock of this test */
    /* what was seen */
    struct atls_schemes schemes;
    struct atls_request request;
    unsigned timeout_ms, num_open, num_quotes;
    bool is_prepared, has_signal_blocked;
    pthread_t thread;
};

static struct atls_attester fakes[MAX_FAKES];
static int64_t now_ns;
static bool has_no_threads;
static pthread_barrier_t *meeting; /* of quotes; NULL: none */

int64_t __wrap_atls_clock_now(void);
int64_t __wrap_atls_clock_now(void)
{
    return now_ns;
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *arg)
{
    return has_no_threads ? EAGAIN
                          : __real_pthread_create(thread, attributes, run, arg);
}

enum atls_reason __wrap_atls_attester_open(const char *uri,
                                           unsigned share_percent,
                                           struct atls_attester **out,
                                           struct atls_why *why);
enum atls_reason __wrap_atls_attester_open(const char *uri,
                                           unsigned share_percent,
                                           struct atls_attester **out,
                                           struct atls_why *why)
{
    struct atls_attester *fake = &fakes[uri[5] - '0'];
    struct atls_type type;

    ck_assert_uint_eq(share_percent, 50);
    *out = NULL;
    if (fake->on_open != ATLS_OK)
        return atls_why(why, fake->on_open, "%s cannot be opened", uri);
    fake->schemes.num = 0;
    for (size_t i = 0; i < 3 && fake->formats[i] != NULL; i++) {
        ck_assert(atls_type_parse(atls_view_text(fake->formats[i]), &type));
        fake->schemes.list[fake->schemes.num++] = atls_scheme_of_type(type);
    }
    fake->num_open++;
    *out = fake;
    return ATLS_OK;
}

void __wrap_atls_attester_free(struct atls_attester *attester);
void __wrap_atls_attester_free(struct atls_attester *attester)
{
    if (attester != NULL)
        attester->num_open--;
}

enum atls_reason __wrap_atls_attester_prepare(struct atls_attester *attester,
                                              struct atls_why *why);
enum atls_reason __wrap_atls_attester_prepare(struct atls_attester *attester,
                                              struct atls_why *why)
{
    if (attester->on_prepare != ATLS_OK)
        return atls_why(why, attester->on_prepare, "no such device");
    attester->is_prepared = true;
    return ATLS_OK;
}

bool __wrap_atls_attester_is_prepared(const struct atls_attester *attester);
bool __wrap_atls_attester_is_prepared(const struct atls_attester *attester)
{
    return attester->is_prepared;
}

const struct atls_schemes *
__wrap_atls_attester_schemes(const struct atls_attester *attester);
const struct atls_schemes *
__wrap_atls_attester_schemes(const struct atls_attester *attester)
{
    return &attester->schemes;
}

size_t __wrap_atls_attester_max_size(const struct atls_attester *attester);
size_t __wrap_atls_attester_max_size(const struct atls_attester *attester)
{
    return attester->max_size;
}

bool __wrap_atls_attester_takes_origin(const struct atls_attester *attester);
bool __wrap_atls_attester_takes_origin(const struct atls_attester *attester)
{
    return attester->takes_origin;
}

static void give(const struct atls_attester *fake, struct atls_buf *out)
{
    ATLS_AUTO_BUF value = atls_buf(ATLS_CMW_MAX);
    size_t len = fake->value_len > 0 ? fake->value_len : 1;

    if (fake->gives != NULL) {
        if (fake->gives[0] == '[')
            atls_buf_text(out, fake->gives);
        else
            ck_assert(atls_hex_decode(atls_view_text(fake->gives), out));
        return;
    }
    memset(atls_buf_room(&value, len), (int)(fake - fakes), len);
    atls_cmw_put(out, fake->request.type, atls_buf_view(&value),
                 ATLS_CMW_EVIDENCE);
}

enum atls_reason __wrap_atls_attester_quote(struct atls_attester *attester,
                                            const struct atls_request *request,
                                            unsigned timeout_ms,
                                            struct atls_buf *out,
                                            struct atls_why *why);
enum atls_reason __wrap_atls_attester_quote(struct atls_attester *attester,
                                            const struct atls_request *request,
                                            unsigned timeout_ms,
                                            struct atls_buf *out,
                                            struct atls_why *why)
{
    sigset_t blocked;

    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    attester->has_signal_blocked = sigismember(&blocked, SIGTERM) == 1;
    attester->thread = pthread_self();
    attester->request = *request;
    attester->timeout_ms = timeout_ms;
    attester->num_quotes++;
    if (attester->takes_ns > 0)
        now_ns += attester->takes_ns;
    if (meeting != NULL)
        pthread_barrier_wait(meeting);
    if (attester->on_quote != ATLS_OK)
        return atls_why(why, attester->on_quote, "fake %d is out of order",
                        (int)(attester - fakes));
    give(attester, out);
    return ATLS_OK;
}

static struct atls_settings settings;
static struct atls_attesters *attesters;
static struct atls_why why;

/* "host device": one for each row, from the first; "": one without. */
static void name_attesters(const char *labels)
{
    static char texts[MAX_FAKES][16], uris[MAX_FAKES][8];
    const char *at = labels;
    int len;

    settings = (struct atls_settings){.attest_share = 50};
    do {
        struct atls_named_attester *named =
            &settings.attesters[settings.num_attesters];
        unsigned i = (unsigned)settings.num_attesters++;

        texts[i][0] = '\0';
        snprintf(uris[i], sizeof(uris[i]), "fake:%u", i);
        named->uri = uris[i];
        if (sscanf(at, "%15s%n", texts[i], &len) == 1)
            at += len;
        named->label = texts[i][0] != '\0' ? texts[i] : NULL;
    } while (*at != '\0');
}

static enum atls_reason open_all(void)
{
    why = (struct atls_why){0};
    return atls_attesters_open(&settings, &attesters, &why);
}

static void setup_two(void)
{
    fakes[0] = (struct atls_attester){.formats = {TPM}, .max_size = 100};
    fakes[1] = (struct atls_attester){.formats = {PSA}, .max_size = 100};
    name_attesters("host device");
    ck_assert_reason(open_all(), ATLS_OK);
}

static void close_all(void)
{
    atls_attesters_free(attesters);
    for (size_t i = 0; i < MAX_FAKES; i++)
        ck_assert_uint_eq(fakes[i].num_open, 0);
}

static const struct atls_secret binder = {.bytes = {7}, .len = 32};

static enum atls_reason quote(struct atls_buf *out)
{
    const struct atls_request request = {
        .type = atls_attesters_schemes(attesters)->list[0].type,
        .binder = &binder,
        .origin = atls_view_text("origin")};

    why = (struct atls_why){0};
    return atls_attesters_quote(attesters, &request, 2000, out, &why);
}

static void check_hex(const struct atls_buf *out, const char *hex)
{
    ATLS_AUTO_BUF want = atls_buf(ATLS_CMW_MAX);

    ck_assert(atls_hex_decode(atls_view_text(hex), &want));
    ck_assert(atls_view_equal(atls_buf_view(out), atls_buf_view(&want)));
}

#define HOST_RECORD                                                            \
    "64686f73748378236170706c69636174696f6e2f766e642e61746c732e74706d2d71756f" \
    "74652b63626f72410004"
#define DEVICE_RECORD                                                          \
    "66646576696365831927134101"                                               \
    "04"

START_TEST(collection_has_a_record_of_each_under_its_label)
{
    ATLS_AUTO_BUF out = atls_buf(ATLS_CMW_MAX);

    setup_two();
    ck_assert_reason(quote(&out), ATLS_OK);
    check_hex(&out, "a2" HOST_RECORD DEVICE_RECORD);
    ck_assert_ptr_eq(fakes[0].request.binder, &binder);
    ck_assert_ptr_eq(fakes[1].request.binder, &binder);
    close_all();
}
END_TEST

START_TEST(collection_has_the_type_that_the_settings_give)
{
    ATLS_AUTO_BUF out = atls_buf(ATLS_CMW_MAX);
    char type[] = "urn:x", text[ATLS_TYPE_MAX_TEXT + 1];

    setup_two();
    close_all();
    settings.collection = type;
    ck_assert_reason(open_all(), ATLS_OK);
    ck_assert_uint_eq(atls_attesters_schemes(attesters)->num, 1);
    atls_scheme_text(&atls_attesters_schemes(attesters)->list[0], text,
                     sizeof(text));
    ck_assert_str_eq(text, "application/cmw+cbor; cmwc_t=\"urn:x\"");
    ck_assert_reason(quote(&out), ATLS_OK);
    check_hex(&out,
              "a3685f5f636d77635f746575726e3a78" HOST_RECORD DEVICE_RECORD);
    close_all();
}
END_TEST

START_TEST(collection_is_all_that_they_offer)
{
    char text[ATLS_TYPE_MAX_TEXT + 1];

    setup_two();
    ck_assert_uint_eq(atls_attesters_schemes(attesters)->num, 1);
    atls_scheme_text(&atls_attesters_schemes(attesters)->list[0], text,
                     sizeof(text));
    ck_assert_str_eq(text, "application/cmw+cbor");
    close_all();
}
END_TEST

START_TEST(one_without_a_label_is_asked_and_offered_as_it_is)
{
    ATLS_AUTO_BUF out = atls_buf(ATLS_CMW_MAX);

    fakes[0] =
        (struct atls_attester){.formats = {TPM, PSA}, .max_size = ATLS_CMW_MAX};
    name_attesters("");
    ck_assert_reason(open_all(), ATLS_OK);
    ck_assert_ptr_eq(atls_attesters_schemes(attesters), &fakes[0].schemes);
    ck_assert_reason(quote(&out), ATLS_OK);
    ck_assert_uint_eq(fakes[0].timeout_ms, 2000);
    ck_assert(out.data[0] == 0x83); /* a record */
    fakes[0].on_quote = ATLS_ATTESTER_BUSY;
    ck_assert_reason(quote(&out), ATLS_ATTESTER_BUSY);
    ck_assert_str_eq(why.text, "fake 0 is out of order");
    close_all();
}
END_TEST

/* Each quote waits until all four are there. */
START_TEST(all_are_asked_at_the_same_time_with_the_same_deadline)
{
    ATLS_AUTO_BUF out = atls_buf(ATLS_CMW_MAX);
    pthread_barrier_t barrier;
    sigset_t blocked;

    for (int i = 0; i < MAX_FAKES; i++)
        fakes[i] = (struct atls_attester){.formats = {PSA}, .max_size = 64};
    name_attesters("a b c d");
    ck_assert_reason(open_all(), ATLS_OK);
    pthread_barrier_init(&barrier, NULL, MAX_FAKES);
    meeting = &barrier;
    ck_assert_reason(quote(&out), ATLS_OK);
    for (int i = 0; i < MAX_FAKES; i++) {
        ck_assert_uint_eq(fakes[i].timeout_ms, 2000);
        ck_assert(fakes[i].has_signal_blocked == (i > 0));
        ck_assert((pthread_equal(fakes[i].thread, pthread_self()) != 0) ==
                  (i == 0));
    }
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    ck_assert_int_eq(sigismember(&blocked, SIGTERM), 0);
    close_all();
}
END_TEST

/* A process that may make no thread asks one after the other. */
START_TEST(without_threads_each_has_what_is_left_of_the_time)
{
    ATLS_AUTO_BUF out = atls_buf(ATLS_CMW_MAX);

    for (int i = 0; i < 3; i++)
        fakes[i] = (struct atls_attester){
            .formats = {PSA}, .max_size = 64, .takes_ns = 1100 * MS_NS};
    name_attesters("a b c");
    ck_assert_reason(open_all(), ATLS_OK);
    has_no_threads = true;
    ck_assert_reason(quote(&out), ATLS_OK);
    ck_assert_uint_eq(fakes[0].timeout_ms, 2000);
    ck_assert_uint_eq(fakes[1].timeout_ms, 900);
    ck_assert_uint_eq(fakes[2].timeout_ms, 1); /* it is over */
    close_all();
}
END_TEST

START_TEST(one_that_fails_fails_all_and_is_named)
{
    static const char *const said[] = {"member host: fake 0 is out of order",
                                       "member device: fake 1 is out of order"};
    static const enum atls_reason reasons[] = {ATLS_ATTESTER_TIMEOUT,
                                               ATLS_ATTESTER_BUSY};
    ATLS_AUTO_BUF out = atls_buf(ATLS_CMW_MAX);

    setup_two();
    fakes[_i].on_quote = reasons[_i];
    ck_assert_reason(quote(&out), reasons[_i]);
    ck_assert_str_eq(why.text, said[_i]);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_uint_eq(fakes[0].num_quotes, 1);
    ck_assert_uint_eq(fakes[1].num_quotes, 1);
    close_all();
}
END_TEST

START_TEST(of_two_that_fail_the_first_in_the_settings_is_told)
{
    ATLS_AUTO_BUF out = atls_buf(ATLS_CMW_MAX);

    setup_two();
    fakes[0].on_quote = ATLS_ATTESTER_FAILED;
    fakes[1].on_quote = ATLS_ATTESTER_TIMEOUT;
    ck_assert_reason(quote(&out), ATLS_ATTESTER_FAILED);
    ck_assert_str_eq(why.text, "member host: fake 0 is out of order");
    close_all();
}
END_TEST

static const struct {
    const char *gives;
    enum atls_reason reason;
} given[] = {
    {"831927134100"
     "04",
     ATLS_OK},
    {"[\"application/eat+cwt; eat_profile=\\\"tag:psacertified.org,2023:"
     "psa#tfm\\\"\",\"AA\",4]",
     ATLS_OK},
    {"9f192713410004ff", ATLS_OK}, /* of indefinite length */
    {"8319271441"
     "0004",
     ATLS_ATTESTER_FAILED},                       /* of another type */
    {"a16161821927134100", ATLS_ATTESTER_FAILED}, /* a collection */
    {"5a5a5a", ATLS_ATTESTER_FAILED},             /* no CMW */
    {"", ATLS_ATTESTER_FAILED},
};

START_TEST(what_is_given_is_read_and_written_as_cbor)
{
    ATLS_AUTO_BUF out = atls_buf(ATLS_CMW_MAX);

    setup_two();
    fakes[1].gives = given[_i].gives;
    ck_assert_reason(quote(&out), given[_i].reason);
    if (given[_i].reason == ATLS_OK)
        check_hex(&out, "a2" HOST_RECORD "6664657669636583192713410004");
    else
        ck_assert_ptr_nonnull(
            strstr(why.text, "member device: attester: want a record"));
    close_all();
}
END_TEST

/* Heads, labels and records: 1 + 2 * (2 + 1) bytes beside the records. */
START_TEST(sum_of_max_sizes_is_within_the_limit_or_refused)
{
    ATLS_AUTO_BUF out = atls_buf(ATLS_CMW_MAX);

    fakes[0] = (struct atls_attester){.formats = {PSA}, .max_size = 40000};
    fakes[1] = (struct atls_attester){.formats = {PSA},
                                      .max_size = ATLS_CMW_MAX - 7 - 40000};
    name_attesters("a b");
    ck_assert_reason(open_all(), ATLS_OK);
    for (int i = 0; i < 2; i++) /* [10003, h'...', 4] of that many bytes */
        fakes[i].value_len = fakes[i].max_size - 8;
    ck_assert_reason(quote(&out), ATLS_OK);
    ck_assert_uint_gt(out.len, ATLS_CMW_MAX - 10);
    ck_assert_uint_le(out.len, ATLS_CMW_MAX);
    close_all();
    fakes[1].max_size++;
    ck_assert_reason(open_all(), ATLS_ATTESTER_ABSENT);
    ck_assert_str_eq(why.text,
                     "attester.a and those beside it: want at most 65528 bytes "
                     "of Evidence, the sum of their max-size, found 65529: "
                     "leave one out, or have it make less");
    close_all();
}
END_TEST

#define COLLECTION "application/cmw+cbor"

static const struct {
    const char *formats[3], *asked, *says;
} kinds[] = {
    {{ATLS_BATCH_TYPE, TPM}, TPM, NULL}, /* a peer may not know batches */
    {{COLLECTION, PSA}, PSA, NULL},
    {{TPM, PSA}, TPM, NULL},
    {{COLLECTION},
     NULL,
     "attester.device: fake:1: want one that makes a "
     "record of its own, this makes collections alone"},
    {{ATLS_BATCH_TYPE, COLLECTION},
     NULL,
     "attester.device: fake:1: want one that makes a record of its own, this "
     "makes batches alone"},
};

START_TEST(member_is_asked_for_the_first_record_that_stands_alone)
{
    ATLS_AUTO_BUF out = atls_buf(ATLS_CMW_MAX);
    struct atls_type asked;

    fakes[0] = (struct atls_attester){.formats = {PSA}, .max_size = 100};
    fakes[1] = (struct atls_attester){.max_size = 100};
    memcpy(fakes[1].formats, kinds[_i].formats, sizeof(fakes[1].formats));
    name_attesters("host device");
    ck_assert_reason(open_all(),
                     kinds[_i].says != NULL ? ATLS_ATTESTER_ABSENT : ATLS_OK);
    if (kinds[_i].says != NULL) {
        ck_assert_str_eq(why.text, kinds[_i].says);
    } else {
        ck_assert_reason(quote(&out), ATLS_OK);
        ck_assert(atls_type_parse(atls_view_text(kinds[_i].asked), &asked));
        ck_assert(atls_type_equal(fakes[1].request.type, asked));
    }
    close_all();
}
END_TEST

START_TEST(one_that_cannot_be_opened_is_named_by_its_key)
{
    fakes[0] = (struct atls_attester){.formats = {PSA}, .max_size = 100};
    fakes[1] = (struct atls_attester){.on_open = ATLS_ATTESTER_UNKNOWN};
    name_attesters("host device");
    ck_assert_reason(open_all(), ATLS_ATTESTER_UNKNOWN);
    ck_assert_str_eq(why.text, "attester.device: fake:1 cannot be opened");
    ck_assert_ptr_null(attesters);
    close_all();
    fakes[0] = fakes[1];
    name_attesters("");
    ck_assert_reason(open_all(), ATLS_ATTESTER_UNKNOWN);
    ck_assert_str_eq(why.text, "attester: fake:0 cannot be opened");
    close_all();
}
END_TEST

/* What a program may open is opened, before it gives up its rights. */
START_TEST(each_device_is_opened_and_all_must_be)
{
    setup_two();
    fakes[0].on_prepare = ATLS_ATTESTER_ABSENT;
    ck_assert_reason(atls_attesters_prepare(attesters, &why),
                     ATLS_ATTESTER_ABSENT);
    ck_assert_str_eq(why.text, "member host: no such device");
    ck_assert(fakes[1].is_prepared);
    ck_assert(!atls_attesters_is_prepared(attesters));
    fakes[0].on_prepare = ATLS_OK;
    why = (struct atls_why){0};
    ck_assert_reason(atls_attesters_prepare(attesters, &why), ATLS_OK);
    ck_assert(atls_attesters_is_prepared(attesters));
    close_all();
}
END_TEST

START_TEST(origin_is_asked_for_when_one_of_them_takes_it)
{
    setup_two();
    ck_assert(!atls_attesters_takes_origin(attesters));
    fakes[1].takes_origin = true;
    ck_assert(atls_attesters_takes_origin(attesters));
    close_all();
}
END_TEST

/* A program may cancel the thread that a handshake runs on; what the other
 * threads work on must stay until they are done. */
static pthread_barrier_t started;
static bool is_finished;

/* AddressSanitizer's, if it is there: what it keeps around the variables of a
 * stack that is left at once must go. */
void __asan_handle_no_return(void) __attribute__((weak));

static void *quote_and_be_cancelled(void *arg)
{
    ATLS_AUTO_BUF out = atls_buf(ATLS_CMW_MAX);

    (void)arg;
    pthread_barrier_wait(&started);
    if (quote(&out) == ATLS_OK && out.len > 0)
        is_finished = true;
    atls_buf_clear(&out);
    if (__asan_handle_no_return != NULL)
        __asan_handle_no_return();
    pthread_testcancel();
    return NULL;
}

START_TEST(cancelled_thread_waits_for_those_that_it_started)
{
    pthread_barrier_t barrier;
    pthread_t thread;
    void *result = NULL;

    setup_two();
    pthread_barrier_init(&started, NULL, 2);
    pthread_barrier_init(&barrier, NULL, 3);
    meeting = &barrier;
    ck_assert_int_eq(
        __real_pthread_create(&thread, NULL, quote_and_be_cancelled, NULL), 0);
    pthread_barrier_wait(&started);
    pthread_cancel(thread);
    pthread_barrier_wait(&barrier); /* with both quotes */
    pthread_join(thread, &result);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    ck_assert(is_finished);
    close_all();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("attesters");
    TCase *cases = tcase_create("attesters");

    tcase_add_test(cases, collection_has_a_record_of_each_under_its_label);
    tcase_add_test(cases, collection_has_the_type_that_the_settings_give);
    tcase_add_test(cases, collection_is_all_that_they_offer);
    tcase_add_test(cases, one_without_a_label_is_asked_and_offered_as_it_is);
    tcase_add_test(cases,
                   all_are_asked_at_the_same_time_with_the_same_deadline);
    tcase_add_test(cases, without_threads_each_has_what_is_left_of_the_time);
    tcase_add_loop_test(cases, one_that_fails_fails_all_and_is_named, 0, 2);
    tcase_add_test(cases, of_two_that_fail_the_first_in_the_settings_is_told);
    tcase_add_loop_test(cases, what_is_given_is_read_and_written_as_cbor, 0,
                        sizeof(given) / sizeof(given[0]));
    tcase_add_test(cases, sum_of_max_sizes_is_within_the_limit_or_refused);
    tcase_add_loop_test(cases,
                        member_is_asked_for_the_first_record_that_stands_alone,
                        0, sizeof(kinds) / sizeof(kinds[0]));
    tcase_add_test(cases, one_that_cannot_be_opened_is_named_by_its_key);
    tcase_add_test(cases, each_device_is_opened_and_all_must_be);
    tcase_add_test(cases, origin_is_asked_for_when_one_of_them_takes_it);
    tcase_add_test(cases, cancelled_thread_waits_for_those_that_it_started);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
