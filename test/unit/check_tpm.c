/* SPDX-License-Identifier: Apache-2.0
 *
 * What attest:tpm does without a TPM: codes to sentences, our TCTI against a
 * peer that misbehaves, descriptors, turns across fork, key files.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../check_main.h"
#include "provider/tpm_descriptor.h"
#include "provider/tpm_error.h"
#include "provider/tpm_key_file.h"
#include "provider/tpm_public.h"
#include "provider/tpm_tcti.h"
#include "provider/tpm_turn.h"

#define LONG_MS 60000

static const struct {
    uint32_t rc;
    enum atls_reason reason;
    const char *text;
} codes[] = {
    {0x902, ATLS_ATTESTER_FAILED, "no room for the key"},
    {0x904, ATLS_ATTESTER_FAILED, "no room for the key"},
    {0x922, ATLS_ATTESTER_FAILED, "try again later"},
    {0x90a, ATLS_ATTESTER_FAILED, "try again later"},
    {0x921, ATLS_ATTESTER_ABSENT, "locked out after wrong passwords"},
    {0x907, ATLS_ATTESTER_ABSENT, "at our locality"},
    {0x100, ATLS_ATTESTER_ABSENT, "was not started"},
    {0x101, ATLS_ATTESTER_ABSENT, "in failure mode"},
    {0x185, ATLS_ATTESTER_ABSENT, "endorsement hierarchy is disabled"},
    {0x98e, ATLS_ATTESTER_KEY, "has a password"},
    {0x9a2, ATLS_ATTESTER_KEY, "has a password"},
    {0x18b, ATLS_ATTESTER_KEY, "no key at that handle"},
    {0x1df, ATLS_ATTESTER_KEY, "of another TPM"},
    {0xc0902, ATLS_ATTESTER_FAILED,
     "no room for the key"}, /* from tpm2-abrmd */
    {0xa000a, ATLS_ATTESTER_ABSENT, "way to the TPM broke"},
    {0x1c4, ATLS_ATTESTER_FAILED, "0x1c4"}, /* TPM_RC_VALUE, parameter 1 */
};

START_TEST(tpm_code_becomes_reason_and_sentence)
{
    struct atls_why why = {0};

    ck_assert_reason(atls_tpm_error(codes[_i].rc, "step", &why),
                     codes[_i].reason);
    ck_assert_msg(strstr(why.text, codes[_i].text) != NULL, "%s", why.text);
    ck_assert_int_eq(strncmp(why.text, "step: ", 6), 0);
}
END_TEST

struct wire {
    int ours, theirs;
    struct atls_tpm_left left;
    struct atls_tpm_tcti *tcti;
    TSS2_TCTI_CONTEXT *context;
};

static void wire_init(struct wire *wire, uint32_t deadline_ms)
{
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    wire->ours = fds[0];
    wire->theirs = fds[1];
    ck_assert_int_eq(fcntl(wire->ours, F_SETFL, O_NONBLOCK), 0);
    memset(&wire->left, 0, sizeof(wire->left));
    ck_assert_reason(atls_tpm_tcti_new(wire->ours, true, &wire->left,
                                       atls_deadline_after(deadline_ms),
                                       &wire->tcti, NULL),
                     ATLS_OK);
    wire->context = atls_tpm_tcti_context(wire->tcti);
}

static void wire_clear(struct wire *wire)
{
    atls_tpm_tcti_free(wire->tcti);
    close(wire->ours);
    if (wire->theirs >= 0)
        close(wire->theirs);
}

/* An answer without content: tag, size, code */
static const uint8_t answer[] = {0x80, 0x01, 0, 0, 0, 10, 0, 0, 0, 0};

static void say(struct wire *wire, const void *bytes, size_t len)
{
    ck_assert_int_eq(write(wire->theirs, bytes, len), (ssize_t)len);
}

START_TEST(tcti_carries_a_command_and_its_response)
{
    uint8_t command[12] = {0x80, 0x01, 0, 0, 0, 12}, seen[12], response[64];
    size_t size = sizeof(response);
    struct wire wire;

    wire_init(&wire, LONG_MS);
    ck_assert_uint_eq(Tss2_Tcti_Transmit(wire.context, 12, command), 0);
    ck_assert(wire.left.is_pending);
    ck_assert_int_eq(read(wire.theirs, seen, 12), 12);
    ck_assert_mem_eq(seen, command, 12);
    say(&wire, answer, sizeof(answer));
    ck_assert_uint_eq(Tss2_Tcti_Receive(wire.context, &size, response, -1), 0);
    ck_assert_uint_eq(size, sizeof(answer));
    ck_assert_mem_eq(response, answer, sizeof(answer));
    ck_assert(!wire.left.is_pending);
    wire_clear(&wire);
}
END_TEST

START_TEST(tcti_waits_for_the_rest_of_a_response)
{
    uint8_t response[64];
    size_t size = sizeof(response);
    struct wire wire;

    wire_init(&wire, LONG_MS);
    for (size_t i = 0; i < sizeof(answer) - 1; i++) {
        say(&wire, answer + i, 1);
        ck_assert_uint_eq(Tss2_Tcti_Receive(wire.context, &size, response, 0),
                          TSS2_TCTI_RC_TRY_AGAIN);
    }
    say(&wire, answer + sizeof(answer) - 1, 1);
    ck_assert_uint_eq(Tss2_Tcti_Receive(wire.context, &size, response, 0), 0);
    ck_assert_uint_eq(size, sizeof(answer));
    wire_clear(&wire);
}
END_TEST

static enum atls_reason reason_of_receive(struct wire *wire)
{
    uint8_t response[64];
    size_t size = sizeof(response);

    ck_assert_uint_eq(Tss2_Tcti_Receive(wire->context, &size, response, -1),
                      TSS2_TCTI_RC_IO_ERROR);
    return atls_tpm_tcti_why(wire->tcti)->reason;
}

START_TEST(silent_tpm_is_given_up_at_the_deadline)
{
    struct wire wire;

    wire_init(&wire, 20);
    ck_assert_reason(reason_of_receive(&wire), ATLS_ATTESTER_TIMEOUT);
    wire_clear(&wire);
}
END_TEST

START_TEST(tpm_that_hangs_up_is_told_from_a_silent_one)
{
    struct wire wire;

    wire_init(&wire, LONG_MS);
    say(&wire, answer, 4);
    close(wire.theirs);
    wire.theirs = -1;
    ck_assert_reason(reason_of_receive(&wire), ATLS_ATTESTER_FAILED);
    wire_clear(&wire);
}
END_TEST

static const uint8_t bad_sizes[][4] = {
    {0, 0, 0, 0}, {0, 0, 0, 9}, {0, 0, 0x10, 1}, {0xff, 0xff, 0xff, 0xff}};

START_TEST(response_of_impossible_size_is_refused)
{
    uint8_t bytes[10] = {0x80, 0x01};
    struct wire wire;

    memcpy(bytes + 2, bad_sizes[_i], 4);
    wire_init(&wire, LONG_MS);
    say(&wire, bytes, sizeof(bytes));
    ck_assert_reason(reason_of_receive(&wire), ATLS_ATTESTER_FAILED);
    wire_clear(&wire);
}
END_TEST

START_TEST(response_that_nobody_read_is_not_taken_for_the_next)
{
    static const uint8_t old[] = {0x80, 0x01, 0, 0, 0, 10, 1, 1, 1, 1};
    uint8_t response[64];
    size_t size = sizeof(response);
    struct wire wire;

    wire_init(&wire, LONG_MS);
    wire.left.is_pending = true;
    say(&wire, old, sizeof(old));
    ck_assert_reason(atls_tpm_tcti_drain(wire.tcti, NULL), ATLS_OK);
    ck_assert(!wire.left.is_pending);
    ck_assert_uint_eq(Tss2_Tcti_Transmit(wire.context, 10, answer), 0);
    say(&wire, answer, sizeof(answer));
    ck_assert_uint_eq(Tss2_Tcti_Receive(wire.context, &size, response, -1), 0);
    ck_assert_mem_eq(response, answer, sizeof(answer));
    wire_clear(&wire);
}
END_TEST

/* TPM2_CreatePrimary answers with the handle first (TPM 2.0 part 3). */
static const uint8_t late[] = {0x80, 0x02, 0,    0, 0, 16, 0, 0,
                               0,    0,    0x80, 0, 0, 2,  0, 0};

START_TEST(key_that_was_loaded_too_late_is_remembered)
{
    struct wire wire;

    wire_init(&wire, LONG_MS);
    wire.left.is_pending = true;
    say(&wire, late, sizeof(late));
    ck_assert_reason(atls_tpm_tcti_drain(wire.tcti, NULL), ATLS_OK);
    ck_assert_uint_eq(wire.left.handle, 0x80000002);
    wire_clear(&wire);
}
END_TEST

/* For the next holder to flush; the attestation key stays the one it was. */
START_TEST(passing_key_that_was_loaded_too_late_is_no_attestation_key)
{
    struct wire wire;

    wire_init(&wire, LONG_MS);
    wire.left.handle = 0x80000001;
    wire.left.is_pending = true;
    wire.left.is_passing = true;
    say(&wire, late, sizeof(late));
    ck_assert_reason(atls_tpm_tcti_drain(wire.tcti, NULL), ATLS_OK);
    ck_assert_uint_eq(wire.left.handle, 0x80000001);
    ck_assert_uint_eq(wire.left.passing[0], 0x80000002);
    ck_assert(!wire.left.is_passing);
    atls_tpm_left_add(&wire.left, 0x80000003);
    atls_tpm_left_drop(&wire.left, 0x80000002);
    ck_assert_uint_eq(wire.left.passing[0], 0);
    ck_assert_uint_eq(wire.left.passing[1], 0x80000003);
    wire_clear(&wire);
}
END_TEST

START_TEST(command_that_was_never_answered_is_waited_for)
{
    struct atls_why why = {0};
    struct wire wire;

    wire_init(&wire, 20);
    wire.left.is_pending = true;
    ck_assert_reason(atls_tpm_tcti_drain(wire.tcti, &why),
                     ATLS_ATTESTER_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(why.text, "an earlier command"));
    wire_clear(&wire);
}
END_TEST

START_TEST(leftovers_that_nobody_announced_are_discarded)
{
    uint8_t response[64];
    size_t size = sizeof(response);
    struct wire wire;

    wire_init(&wire, LONG_MS);
    say(&wire, "leftovers", 9);
    ck_assert_reason(atls_tpm_tcti_drain(wire.tcti, NULL), ATLS_OK);
    say(&wire, answer, sizeof(answer));
    ck_assert_uint_eq(Tss2_Tcti_Receive(wire.context, &size, response, -1), 0);
    ck_assert_mem_eq(response, answer, sizeof(answer));
    wire_clear(&wire);
}
END_TEST

START_TEST(descriptor_is_high_and_closed_on_exec)
{
    struct atls_tpm_descriptor descriptor = {.fd = -1};

    ck_assert_reason(atls_tpm_descriptor_open("/dev/zero", &descriptor, NULL),
                     ATLS_OK);
    ck_assert_int_ge(descriptor.fd, 512);
    ck_assert_int_eq(fcntl(descriptor.fd, F_GETFD), FD_CLOEXEC);
    ck_assert(atls_tpm_descriptor_is_ours(&descriptor));
    atls_tpm_descriptor_close(&descriptor);
    ck_assert_int_eq(descriptor.fd, -1);
}
END_TEST

/* A daemon closes everything; its next socket gets our number. */
START_TEST(descriptor_that_became_somebody_elses_is_left_alone)
{
    struct atls_tpm_descriptor descriptor = {.fd = -1};
    int other = open("/dev/null", O_RDONLY), fd;

    ck_assert_reason(atls_tpm_descriptor_open("/dev/zero", &descriptor, NULL),
                     ATLS_OK);
    fd = descriptor.fd;
    ck_assert_int_eq(dup2(other, fd), fd);
    ck_assert(!atls_tpm_descriptor_is_ours(&descriptor));
    atls_tpm_descriptor_close(&descriptor);
    ck_assert_int_ne(fcntl(fd, F_GETFD), -1);
    close(fd);
    close(other);
}
END_TEST

START_TEST(device_that_is_not_there_names_uid_and_path)
{
    struct atls_tpm_descriptor descriptor = {.fd = -1};
    struct atls_why why = {0};

    ck_assert_reason(
        atls_tpm_descriptor_open("/nowhere/tpm", &descriptor, &why),
        ATLS_ATTESTER_ABSENT);
    ck_assert_ptr_nonnull(strstr(why.text, "cannot open /nowhere/tpm as uid "));
    ck_assert_ptr_nonnull(strstr(why.text, "shows no TPM 2.0"));
    ck_assert_int_eq(descriptor.fd, -1);
}
END_TEST

START_TEST(file_that_is_no_device_is_refused)
{
    struct atls_tpm_descriptor descriptor = {.fd = -1};
    char path[] = "/tmp/atls-tpm-XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_reason(atls_tpm_descriptor_open(path, &descriptor, NULL),
                     ATLS_ATTESTER_ABSENT);
    close(fd);
    unlink(path);
}
END_TEST

START_TEST(turn_is_waited_for_until_the_deadline)
{
    struct atls_tpm_turn *turn = NULL;
    pid_t child;
    int status;

    ck_assert_reason(atls_tpm_turn_new(&turn, NULL), ATLS_OK);
    ck_assert_reason(
        atls_tpm_turn_take(turn, atls_deadline_after(LONG_MS), NULL), ATLS_OK);
    child = fork();
    if (child == 0)
        _exit(atls_tpm_turn_take(turn, atls_deadline_after(20), NULL) ==
                      ATLS_ATTESTER_TIMEOUT
                  ? 0
                  : 1);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    atls_tpm_turn_give(turn);
    atls_tpm_turn_free(turn);
}
END_TEST

START_TEST(turn_of_a_child_that_died_is_taken_over)
{
    struct atls_tpm_turn *turn = NULL;
    pid_t child;
    int status;

    ck_assert_reason(atls_tpm_turn_new(&turn, NULL), ATLS_OK);
    child = fork();
    if (child == 0) {
        (void)!atls_tpm_turn_take(turn, atls_deadline_after(LONG_MS), NULL);
        atls_tpm_turn_left(turn)->is_pending = true;
        kill(getpid(), SIGKILL);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    for (int i = 0; i < 2; i++) {
        ck_assert_reason(
            atls_tpm_turn_take(turn, atls_deadline_after(LONG_MS), NULL),
            ATLS_OK);
        /* what it had sent is still to be answered */
        ck_assert(atls_tpm_turn_left(turn)->is_pending);
        atls_tpm_turn_give(turn);
    }
    atls_tpm_turn_free(turn);
}
END_TEST

static const struct {
    const char *bytes;
    size_t len;
} bad_keys[] = {
    {"", 0},
    {"\x30\x00", 2},
    {"\x30\x80", 2},
    {"\x30\x84\xff\xff\xff\xff", 6},
    {"\x30\x82\xff\xff\x06", 5},
    {"\x30\x08\x06\x06\x67\x81\x05\x0a\x01\x03", 10},
    {"\x30\x08\x06\x06\x67\x81\x05\x0a\x01\x04", 10},
    {"\x30\x12\x06\x06\x67\x81\x05\x0a\x01\x03\x02\x04\x81\x00\x00\x01\x04\x00"
     "\x04\x00",
     20},
    {"\x31\x08\x06\x06\x67\x81\x05\x0a\x01\x03", 10},
};

START_TEST(malformed_key_file_is_refused)
{
    struct atls_tpm_key_file *file = NULL;

    ck_assert_reason(
        atls_tpm_key_file_parse(atls_view(bad_keys[_i].bytes, bad_keys[_i].len),
                                "ak", &file, NULL),
        ATLS_ATTESTER_KEY);
    ck_assert_ptr_null(file);
}
END_TEST

static const struct {
    uint32_t parent;
    const char *field; /* before it */
    size_t field_len;
    enum atls_reason reason;
} parents[] = {
    {0x81000001, "", 0, ATLS_OK},
    {TPM2_RH_OWNER, "", 0, ATLS_OK},
    {TPM2_RH_ENDORSEMENT, "", 0, ATLS_OK},
    {TPM2_RH_PLATFORM, "", 0, ATLS_OK},
    {TPM2_RH_NULL, "", 0, ATLS_OK},
    {TPM2_RH_LOCKOUT, "", 0, ATLS_ATTESTER_KEY},
    {0x80000001, "", 0, ATLS_ATTESTER_KEY},
    {TPM2_RH_OWNER, "\xa0\x03\x01\x01\xff", 5, ATLS_OK}, /* emptyAuth */
    {TPM2_RH_OWNER, "\xa5\x03\x01\x01\x00", 5, ATLS_OK}, /* rsaParent */
    {TPM2_RH_OWNER, "\xa5\x03\x01\x01\xff", 5, ATLS_ATTESTER_KEY},
    {0x81000001, "\xa5\x03\x01\x01\xff", 5, ATLS_OK},
    {0x81000001, "\xa1\x02\x30\x00", 4, ATLS_ATTESTER_KEY}, /* policy */
};

static void put_file(struct atls_buf *out, size_t i)
{
    TPM2B_PUBLIC area = {.publicArea.type = TPM2_ALG_KEYEDHASH,
                         .publicArea.nameAlg = TPM2_ALG_SHA256};
    uint8_t public_area[64];
    size_t len = 0;

    area.publicArea.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
    ck_assert_uint_eq(Tss2_MU_TPM2B_PUBLIC_Marshal(&area, public_area,
                                                   sizeof(public_area), &len),
                      0);
    atls_buf_u8(out, 0x30);
    atls_buf_u8(out, (uint8_t)(8 + parents[i].field_len + 7 + 2 + len + 4));
    atls_buf_put(out, atls_view("\x06\x06\x67\x81\x05\x0a\x01\x03", 8));
    atls_buf_put(out, atls_view(parents[i].field, parents[i].field_len));
    atls_buf_put(out, atls_view("\x02\x05\x00", 3));
    atls_buf_u32(out, parents[i].parent);
    atls_buf_u8(out, 0x04);
    atls_buf_u8(out, (uint8_t)len);
    atls_buf_put(out, atls_view(public_area, len));
    atls_buf_put(out, atls_view("\x04\x02\x00\x00", 4));
    ck_assert(!out->failed);
}

START_TEST(key_file_names_a_parent_that_can_be_had)
{
    ATLS_AUTO_BUF der = atls_buf(256);
    struct atls_tpm_key_file *file = NULL;

    put_file(&der, (size_t)_i);
    ck_assert_reason(
        atls_tpm_key_file_parse(atls_buf_view(&der), "ak", &file, NULL),
        parents[_i].reason);
    ck_assert_uint_eq(file != NULL ? file->parent : 0,
                      parents[_i].reason == ATLS_OK ? parents[_i].parent : 0);
    free(file);
}
END_TEST

START_TEST(key_that_may_leave_is_no_tls_key_to_certify)
{
    TPMT_PUBLIC area = {.objectAttributes = 0x40072};

    ck_assert_reason(atls_tpm_public_check_inside(&area, NULL), ATLS_OK);
    area.objectAttributes = 0x40070; /* not fixedTPM */
    ck_assert_reason(atls_tpm_public_check_inside(&area, NULL),
                     ATLS_ATTESTER_KEY);
    area.objectAttributes = 0x40062; /* not fixedParent */
    ck_assert_reason(atls_tpm_public_check_inside(&area, NULL),
                     ATLS_ATTESTER_KEY);
    area.objectAttributes = 0x40052; /* not made there */
    ck_assert_reason(atls_tpm_public_check_inside(&area, NULL),
                     ATLS_ATTESTER_KEY);
    area.objectAttributes = 0x20072; /* decrypts only */
    ck_assert_reason(atls_tpm_public_check_inside(&area, NULL),
                     ATLS_ATTESTER_KEY);
}
END_TEST

START_TEST(key_that_signs_what_it_is_given_is_no_attestation_key)
{
    TPMT_PUBLIC area = {.objectAttributes = 0x50072};

    ck_assert_reason(atls_tpm_public_check(&area, NULL), ATLS_OK);
    area.objectAttributes = 0x40072; /* not restricted */
    ck_assert_reason(atls_tpm_public_check(&area, NULL), ATLS_ATTESTER_KEY);
    area.objectAttributes = 0x50070; /* not fixedTPM */
    ck_assert_reason(atls_tpm_public_check(&area, NULL), ATLS_ATTESTER_KEY);
    area.objectAttributes = 0x50062; /* not fixedParent */
    ck_assert_reason(atls_tpm_public_check(&area, NULL), ATLS_ATTESTER_KEY);
    area.objectAttributes = 0x50052; /* not made there */
    ck_assert_reason(atls_tpm_public_check(&area, NULL), ATLS_ATTESTER_KEY);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

int main(void)
{
    Suite *suite = suite_create("tpm");
    TCase *cases = tcase_create("tpm");

    tcase_add_loop_test(cases, tpm_code_becomes_reason_and_sentence, 0,
                        COUNT(codes));
    tcase_add_test(cases, tcti_carries_a_command_and_its_response);
    tcase_add_test(cases, tcti_waits_for_the_rest_of_a_response);
    tcase_add_test(cases, silent_tpm_is_given_up_at_the_deadline);
    tcase_add_test(cases, tpm_that_hangs_up_is_told_from_a_silent_one);
    tcase_add_loop_test(cases, response_of_impossible_size_is_refused, 0,
                        COUNT(bad_sizes));
    tcase_add_test(cases, response_that_nobody_read_is_not_taken_for_the_next);
    tcase_add_test(cases, key_that_was_loaded_too_late_is_remembered);
    tcase_add_test(cases,
                   passing_key_that_was_loaded_too_late_is_no_attestation_key);
    tcase_add_test(cases, command_that_was_never_answered_is_waited_for);
    tcase_add_test(cases, leftovers_that_nobody_announced_are_discarded);
    tcase_add_test(cases, descriptor_is_high_and_closed_on_exec);
    tcase_add_test(cases, descriptor_that_became_somebody_elses_is_left_alone);
    tcase_add_test(cases, device_that_is_not_there_names_uid_and_path);
    tcase_add_test(cases, file_that_is_no_device_is_refused);
    tcase_add_test(cases, turn_is_waited_for_until_the_deadline);
    tcase_add_test(cases, turn_of_a_child_that_died_is_taken_over);
    tcase_add_loop_test(cases, malformed_key_file_is_refused, 0,
                        COUNT(bad_keys));
    tcase_add_loop_test(cases, key_file_names_a_parent_that_can_be_had, 0,
                        COUNT(parents));
    tcase_add_test(cases, key_that_may_leave_is_no_tls_key_to_certify);
    tcase_add_test(cases,
                   key_that_signs_what_it_is_given_is_no_attestation_key);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
