/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands out, responses in, before the deadline.
 */
#include "config.h" /* strerror_r as GNU has it */

#include "provider/tpm_tcti.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAGIC        UINT64_C(0x61746c73746d3031)
#define HEADER_LEN   10 /* tag, size, code (TPM 2.0 part 1, 18) */
#define SIZE_AT      2  /* where the header has the response's size */
#define BUSY_WAIT_MS 20

struct atls_tpm_tcti {
    TSS2_TCTI_CONTEXT_COMMON_V1 common; /* first: tpm2-tss casts */
    int fd;
    bool is_socket;
    struct atls_tpm_left *left;
    atls_deadline deadline;
    struct atls_why why;
    size_t have;
    uint8_t response[TPM2_MAX_RESPONSE_SIZE];
};

static struct atls_tpm_tcti *tcti_of(TSS2_TCTI_CONTEXT *context)
{
    return (struct atls_tpm_tcti *)(void *)context;
}

static TSS2_RC fail_timeout(struct atls_tpm_tcti *tcti)
{
    (void)!atls_why(&tcti->why, ATLS_ATTESTER_TIMEOUT,
                    "the TPM did not answer before the deadline");
    return TSS2_TCTI_RC_IO_ERROR;
}

static TSS2_RC fail_io(struct atls_tpm_tcti *tcti, int error_number)
{
    char text[128];

    (void)!atls_why(&tcti->why, ATLS_ATTESTER_FAILED,
                    "the way to the TPM broke: %s",
                    strerror_r(error_number, text, sizeof(text)));
    return TSS2_TCTI_RC_IO_ERROR;
}

/* Waits for events, timeout_ms at most (negative: until the deadline). */
static TSS2_RC wait_for(struct atls_tpm_tcti *tcti, short events,
                        int timeout_ms)
{
    struct pollfd poll_fd = {.fd = tcti->fd, .events = events};
    int result, left;

    do {
        left = atls_deadline_left(tcti->deadline);
        if (timeout_ms >= 0 && timeout_ms < left)
            left = timeout_ms;
        result = poll(&poll_fd, 1, left);
    } while (result < 0 && errno == EINTR);
    if (result < 0)
        return fail_io(tcti, errno);
    if (result > 0)
        return TSS2_RC_SUCCESS;
    if (atls_deadline_left(tcti->deadline) == 0)
        return fail_timeout(tcti);
    return TSS2_TCTI_RC_TRY_AGAIN;
}

static ssize_t write_some(const struct atls_tpm_tcti *tcti,
                          struct atls_view bytes)
{
    if (tcti->is_socket)
        return send(tcti->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
    return write(tcti->fd, bytes.data, bytes.len);
}

/* EBUSY: the driver still works on a command, or holds a response that its
 * sender never read (tpm_common_write of tpm-dev-common.c). */
static TSS2_RC wait_for_room(struct atls_tpm_tcti *tcti, int error_number)
{
    uint8_t stale[64];
    TSS2_RC rc;

    if (error_number == EINTR)
        return TSS2_RC_SUCCESS;
    if (error_number == EAGAIN)
        return wait_for(tcti, POLLOUT, -1);
    if (error_number != EBUSY)
        return fail_io(tcti, error_number);
    rc = wait_for(tcti, POLLIN, BUSY_WAIT_MS);
    while (rc == TSS2_RC_SUCCESS && read(tcti->fd, stale, sizeof(stale)) > 0)
        continue;
    return rc == TSS2_TCTI_RC_TRY_AGAIN ? TSS2_RC_SUCCESS : rc;
}

static TSS2_RC tcti_transmit(TSS2_TCTI_CONTEXT *context, size_t size,
                             const uint8_t *command)
{
    struct atls_tpm_tcti *tcti = tcti_of(context);
    struct atls_view left = atls_view(command, size);
    TSS2_RC rc = TSS2_RC_SUCCESS;
    ssize_t written;

    tcti->have = 0;
    while (left.len > 0 && rc == TSS2_RC_SUCCESS) {
        written = write_some(tcti, left);
        if (written < 0)
            rc = wait_for_room(tcti, errno);
        else
            left = atls_view(left.data + written, left.len - (size_t)written);
    }
    /* Not before: who dies in between must not leave others waiting. */
    if (rc == TSS2_RC_SUCCESS && tcti->left != NULL)
        tcti->left->is_pending = true;
    return rc;
}

/* The size that the header names, 0 while it is not there; more than a
 * response can have when the header is nonsense. */
static size_t response_size(const struct atls_tpm_tcti *tcti)
{
    struct atls_reader in = atls_reader(atls_view(tcti->response + SIZE_AT, 4));
    size_t size;

    if (tcti->have < HEADER_LEN)
        return 0;
    size = atls_reader_u32(&in);
    return size < HEADER_LEN ? SIZE_MAX : size;
}

static TSS2_RC read_some(struct atls_tpm_tcti *tcti)
{
    ssize_t len = read(tcti->fd, tcti->response + tcti->have,
                       sizeof(tcti->response) - tcti->have);

    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return TSS2_RC_SUCCESS;
    if (len <= 0)
        return fail_io(tcti, len < 0 ? errno : EPIPE);
    tcti->have += (size_t)len;
    if (response_size(tcti) > sizeof(tcti->response))
        return fail_io(tcti, EPROTO);
    return TSS2_RC_SUCCESS;
}

static TSS2_RC read_response(struct atls_tpm_tcti *tcti, int timeout_ms)
{
    TSS2_RC rc = TSS2_RC_SUCCESS;

    while (tcti->have < HEADER_LEN || tcti->have < response_size(tcti)) {
        rc = wait_for(tcti, POLLIN, timeout_ms);
        if (rc == TSS2_RC_SUCCESS)
            rc = read_some(tcti);
        if (rc != TSS2_RC_SUCCESS)
            return rc;
    }
    if (tcti->left != NULL)
        tcti->left->is_pending = false;
    return TSS2_RC_SUCCESS;
}

static TSS2_RC tcti_receive(TSS2_TCTI_CONTEXT *context, size_t *size,
                            uint8_t *response, int32_t timeout)
{
    struct atls_tpm_tcti *tcti = tcti_of(context);
    size_t len;
    TSS2_RC rc;

    if (response == NULL) { /* "how much room?" */
        *size = sizeof(tcti->response);
        return TSS2_RC_SUCCESS;
    }
    rc = read_response(tcti, timeout);
    if (rc != TSS2_RC_SUCCESS)
        return rc;
    len = response_size(tcti);
    if (*size < len)
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    memcpy(response, tcti->response, len);
    *size = len;
    return TSS2_RC_SUCCESS;
}

static void tcti_finalize(TSS2_TCTI_CONTEXT *context)
{
    (void)context; /* atls_tpm_tcti_free does it */
}

/* What nobody announced: a descriptor may come with somebody's leftovers. */
static void discard(struct atls_tpm_tcti *tcti)
{
    while (read(tcti->fd, tcti->response, sizeof(tcti->response)) > 0)
        continue;
}

/* The first word of a good response to TPM2_CreatePrimary, TPM2_Load and
 * TPM2_ContextLoad; of no other that we send, but by chance, and then no key
 * of ours has that handle. */
static uint32_t loaded_handle(const struct atls_tpm_tcti *tcti)
{
    struct atls_reader in = atls_reader(atls_view(tcti->response, tcti->have));
    uint32_t code, handle;

    (void)atls_reader_u16(&in);
    (void)atls_reader_u32(&in);
    code = atls_reader_u32(&in);
    handle = atls_reader_u32(&in);
    return code == TPM2_RC_SUCCESS &&
                   handle >> TPM2_HR_SHIFT == TPM2_HT_TRANSIENT
               ? handle
               : 0;
}

/* An attestation key is used again; anything else is in its way. */
static void keep_handle(struct atls_tpm_left *left, uint32_t handle)
{
    if (handle != 0 && left->is_passing)
        atls_tpm_left_add(left, handle);
    else if (handle != 0)
        left->handle = handle;
}

enum atls_reason atls_tpm_tcti_drain(struct atls_tpm_tcti *tcti,
                                     struct atls_why *why)
{
    TSS2_RC rc = TSS2_RC_SUCCESS;

    tcti->have = 0;
    if (tcti->left->is_pending) {
        rc = read_response(tcti, -1);
        if (rc == TSS2_RC_SUCCESS)
            keep_handle(tcti->left, loaded_handle(tcti));
    }
    if (rc == TSS2_RC_SUCCESS)
        tcti->left->is_passing = false;
    if (rc == TSS2_RC_SUCCESS)
        discard(tcti);
    else
        (void)!atls_why(why, tcti->why.reason,
                        "an earlier command was not answered: %s",
                        tcti->why.text);
    return tcti->why.reason;
}

enum atls_reason atls_tpm_tcti_new(int fd, bool is_socket,
                                   struct atls_tpm_left *left,
                                   atls_deadline deadline,
                                   struct atls_tpm_tcti **out,
                                   struct atls_why *why)
{
    struct atls_tpm_tcti *tcti = calloc(1, sizeof(*tcti));

    if (tcti == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    tcti->common = (TSS2_TCTI_CONTEXT_COMMON_V1){.magic = MAGIC,
                                                 .version = 1,
                                                 .transmit = tcti_transmit,
                                                 .receive = tcti_receive,
                                                 .finalize = tcti_finalize};
    tcti->fd = fd;
    tcti->is_socket = is_socket;
    tcti->left = left;
    tcti->deadline = deadline;
    *out = tcti;
    return ATLS_OK;
}

void atls_tpm_tcti_free(struct atls_tpm_tcti *tcti)
{
    free(tcti);
}

TSS2_TCTI_CONTEXT *atls_tpm_tcti_context(struct atls_tpm_tcti *tcti)
{
    return (TSS2_TCTI_CONTEXT *)(void *)tcti;
}

const struct atls_why *atls_tpm_tcti_why(const struct atls_tpm_tcti *tcti)
{
    return &tcti->why;
}
