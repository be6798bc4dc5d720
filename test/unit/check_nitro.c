/* SPDX-License-Identifier: Apache-2.0
 *
 * attest:nitro against a Nitro Secure Module in memory, which checks requests
 * as strictly as the real one and answers as it is told, or with a document
 * that libatls appraises up to a root of the test's own.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "../check_main.h"
#include "cbor.h"
#include "cmw.h"
#include "forge.h"
#include "forge_nitro.h"
#include "forge_x509.h"
#include "policy.h"
#include "provider/attester.h"
#include "provider/nsm.h"

#define LONG_MS 60000

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned num_holds;
    int open_error, exchange_error;
    bool is_slow, is_closed;   /* is_closed: copies are refused */
    struct atls_view response; /* NULL: a document for the nonce */
    unsigned num_requests;
} nsm = {.mutex = PTHREAD_MUTEX_INITIALIZER,
         .changed = PTHREAD_COND_INITIALIZER};
static struct forge_nitro enclave;

static void make_enclave(void)
{
    forge_nitro(&enclave, NITRO_GOOD, atls_view("", 0));
}

static void clear_enclave(void)
{
    forge_nitro_clear(&enclave);
}

static void put_document(struct atls_view nonce, struct atls_buf *out)
{
    struct forge_nitro document = enclave;

    document.nonce = nonce;
    forge_nitro_put(&document, out);
    /* The thread may end after the program has, and what libcrypto keeps for
     * it would be lost. */
    OPENSSL_thread_stop();
}

static int fake_open(const char *path, void **device)
{
    (void)path;
    if (nsm.open_error != 0)
        return nsm.open_error;
    pthread_mutex_lock(&nsm.mutex);
    nsm.num_holds++;
    pthread_mutex_unlock(&nsm.mutex);
    *device = &nsm;
    return 0;
}

static int fake_copy(void *device, void **copy)
{
    (void)device;
    return nsm.is_closed ? EBADF : fake_open("", copy);
}

static void fake_close(void *device)
{
    (void)device;
    pthread_mutex_lock(&nsm.mutex);
    nsm.num_holds--;
    pthread_cond_broadcast(&nsm.changed);
    pthread_mutex_unlock(&nsm.mutex);
}

static struct atls_view nonce_of(struct atls_view request)
{
    struct atls_cbor in = atls_cbor(request);
    struct atls_view nonce = atls_view(NULL, 0);
    struct atls_cbor_iter requests, entries;

    atls_cbor_map(&in, &requests);
    while (atls_cbor_next(&in, &requests)) {
        ck_assert(atls_view_is(atls_cbor_text(&in), "Attestation"));
        atls_cbor_map(&in, &entries);
        while (atls_cbor_next(&in, &entries))
            if (atls_view_is(atls_cbor_text(&in), "nonce"))
                nonce = atls_cbor_bytes(&in);
            else
                atls_cbor_null(&in);
        ck_assert_uint_eq(entries.num_seen, 3);
    }
    ck_assert(atls_cbor_done(&in));
    return nonce;
}

static int fake_exchange(void *device, struct atls_view request,
                         struct atls_buf *response)
{
    struct atls_view nonce = nonce_of(request);
    ATLS_AUTO_BUF document = atls_buf(FORGE_MAX);

    (void)device;
    pthread_mutex_lock(&nsm.mutex);
    nsm.num_requests++;
    while (nsm.is_slow)
        pthread_cond_wait(&nsm.changed, &nsm.mutex);
    pthread_mutex_unlock(&nsm.mutex);
    if (nsm.exchange_error != 0)
        return nsm.exchange_error;
    if (nsm.response.data != NULL) {
        atls_buf_put(response, nsm.response);
        return 0;
    }
    put_document(nonce, &document);
    atls_cbor_put_map(response, 1);
    atls_cbor_put_text(response, "Attestation");
    atls_cbor_put_map(response, 1);
    atls_cbor_put_text(response, "document");
    atls_cbor_put_bytes(response, atls_buf_view(&document));
    return 0;
}

static const struct atls_nsm_ops fake_ops = {
    .open = fake_open,
    .copy = fake_copy,
    .close = fake_close,
    .exchange = fake_exchange,
};

static const uint8_t binder[48] = {0xb1, 0x17, 0xde, 0x55};

static enum atls_reason attest(uint32_t ms, struct atls_buf *cmw,
                               struct atls_why *why)
{
    const struct atls_challenge challenge = {
        .binder = atls_view(binder, sizeof(binder))};
    ATLS_AUTO_URI uri = {.name = ""};
    void *state = NULL;
    enum atls_reason reason;

    ck_assert_reason(atls_uri_parse("attest:nitro", &uri, NULL), ATLS_OK);
    ck_assert_reason(atls_nitro_new(&fake_ops, &uri, &state, NULL), ATLS_OK);
    reason = atls_attester_nitro.attest(state, &challenge,
                                        atls_deadline_after(ms), cmw, why);
    atls_attester_nitro.free(state);
    return reason;
}

static enum atls_reason appraise(const struct atls_buf *cmw,
                                 struct atls_view nonce,
                                 struct atls_verdict *verdict)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;

    atls_buf_text(&text, "{\"profiles\":{\"enclave\":{\"format\":\"nitro\","
                         "\"module_id\":\"i-0123456789abcdef0-enc01\","
                         "\"trust_anchors\":[\"");
    forge_x509_json(&text, enclave.chain[NITRO_ROOT]);
    atls_buf_text(&text, "\"]}}}");
    ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "policy", "", NULL,
                                       NULL, &policy, NULL),
                     ATLS_OK);
    (void)atls_appraise(policy, atls_buf_view(cmw), nonce, FORGE_NOW, NULL,
                        verdict);
    atls_policy_free(policy);
    return verdict->reason;
}

static void assert_quoted(void)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct atls_verdict verdict;
    struct atls_cmw record;
    struct atls_why why = {0};

    ck_assert_reason(attest(LONG_MS, &cmw, &why), ATLS_OK);
    ck_assert_reason(atls_cmw_parse(atls_buf_view(&cmw), NULL, &record, NULL),
                     ATLS_OK);
    ck_assert(atls_type_equal(
        record.type, atls_type_of_text(atls_view_text(
                         "application/vnd.atls.nitro-attestation+cose"))));
    ck_assert_uint_eq(record.indicator, ATLS_CMW_EVIDENCE);
    ck_assert_uint_eq(nsm.num_holds, 0);
    ck_assert_reason(
        appraise(&cmw, atls_view(binder, sizeof(binder)), &verdict), ATLS_OK);
    ck_assert_int_eq(verdict.tier, ATLS_TIER_AFFIRMING);
    ck_assert_reason(appraise(&cmw, atls_view(binder, 32), &verdict),
                     ATLS_BINDER_MISMATCH);
}

START_TEST(document_for_the_binder_alone_is_accepted_up_to_the_vendors_root)
{
    assert_quoted();
    ck_assert_uint_eq(nsm.num_requests, 1);
}
END_TEST

START_TEST(device_that_a_daemon_closed_is_opened_again)
{
    nsm.is_closed = true;
    assert_quoted();
}
END_TEST

static const struct {
    const char *response;
    size_t len;
    const char *words;
} responses[] = {
    {"\xa1\x65"
     "Error\x6f"
     "InvalidArgument",
     23, "says InvalidArgument"},
    {"\xa1\x6b"
     "Attestation\xa0",
     14, "no document"},
    {"\xa1\x6b"
     "Attestation\xa1\x68"
     "document\x40",
     24, "no document"},
    {"\xa1\x6b"
     "Attestation\xa1\x68"
     "document\xf6",
     24, "no document"},
    {"\xa1\x6b"
     "Attestation\xa1\x68"
     "document\x41",
     24, "no document"},
    {"\xa1\x6b"
     "DescribePCR\xa0",
     14, "no document"},
    {"\xa0\x00", 2, "no document"},
    {"", 0, "no document"},
};

START_TEST(response_without_a_document_is_refused)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct atls_why why = {0};

    nsm.response = atls_view(responses[_i].response, responses[_i].len);
    ck_assert_reason(attest(LONG_MS, &cmw, &why), ATLS_ATTESTER_FAILED);
    ck_assert_msg(strstr(why.text, responses[_i].words) != NULL, "%s",
                  why.text);
    ck_assert_uint_eq(nsm.num_holds, 0);
}
END_TEST

static const struct {
    int open_error, exchange_error;
    enum atls_reason reason;
    const char *words;
} errors[] = {
    {ENOENT, 0, ATLS_ATTESTER_ABSENT, "AWS Nitro enclave"},
    {EACCES, 0, ATLS_ATTESTER_ABSENT, "attest:broker"},
    {0, EPERM, ATLS_ATTESTER_ABSENT, "attest:broker"},
    {0, EIO, ATLS_ATTESTER_ABSENT, "Input/output error"},
    {0, ENOMEM, ATLS_OUT_OF_MEMORY, ""},
};

START_TEST(error_of_the_device_is_told_with_whose_move_it_is)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct atls_why why = {0};

    nsm.open_error = errors[_i].open_error;
    nsm.exchange_error = errors[_i].exchange_error;
    ck_assert_reason(attest(LONG_MS, &cmw, &why), errors[_i].reason);
    ck_assert_msg(strstr(why.text, errors[_i].words) != NULL, "%s", why.text);
    ck_assert_uint_eq(nsm.num_holds, 0);
}
END_TEST

START_TEST(module_that_does_not_answer_is_left_to_a_thread)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);

    nsm.is_slow = true;
    ck_assert_reason(attest(20, &cmw, NULL), ATLS_ATTESTER_TIMEOUT);
    pthread_mutex_lock(&nsm.mutex);
    nsm.is_slow = false;
    pthread_cond_broadcast(&nsm.changed);
    while (nsm.num_holds > 0)
        pthread_cond_wait(&nsm.changed, &nsm.mutex);
    pthread_mutex_unlock(&nsm.mutex);
}
END_TEST

START_TEST(relative_path_is_refused_at_load)
{
    ATLS_AUTO_URI uri = {.name = ""};
    void *state = NULL;

    ck_assert_reason(atls_uri_parse("attest:nitro?device=nsm", &uri, NULL),
                     ATLS_OK);
    ck_assert_reason(atls_nitro_new(&fake_ops, &uri, &state, NULL),
                     ATLS_ATTESTER_OPTION);
    atls_attester_nitro.free(state);
}
END_TEST

START_TEST(what_is_no_secure_module_gives_no_document)
{
    ATLS_AUTO_BUF response = atls_buf(ATLS_NSM_MAX_RESPONSE);
    void *device = NULL, *copy = NULL;

    ck_assert_int_eq(atls_nsm_device.open("/dev/null", &device), 0);
    ck_assert_int_eq(atls_nsm_device.copy(device, &copy), 0);
    ck_assert_int_eq(
        atls_nsm_device.exchange(copy, atls_view("", 1), &response), ENOTTY);
    atls_nsm_device.close(copy);
    atls_nsm_device.close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nitro");
    TCase *cases = tcase_create("nitro");

    tcase_add_unchecked_fixture(cases, make_enclave, clear_enclave);
    tcase_add_test(
        cases,
        document_for_the_binder_alone_is_accepted_up_to_the_vendors_root);
    tcase_add_test(cases, device_that_a_daemon_closed_is_opened_again);
    tcase_add_loop_test(cases, response_without_a_document_is_refused, 0,
                        sizeof(responses) / sizeof(responses[0]));
    tcase_add_loop_test(cases,
                        error_of_the_device_is_told_with_whose_move_it_is, 0,
                        sizeof(errors) / sizeof(errors[0]));
    tcase_add_test(cases, module_that_does_not_answer_is_left_to_a_thread);
    tcase_add_test(cases, relative_path_is_refused_at_load);
    tcase_add_test(cases, what_is_no_secure_module_gives_no_document);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
