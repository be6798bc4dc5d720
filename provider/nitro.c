/* SPDX-License-Identifier: Apache-2.0
 *
 * attest:nitro[?device=PATH]: attestation documents of an AWS Nitro enclave.
 * The binder is the document's nonce; user_data and public_key stay empty. The
 * module may take its time, so it is asked on a thread that can be left
 * behind.
 */
#include "config.h" /* strerror_r as GNU has it */

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "cbor.h"
#include "cmw.h"
#include "provider/attester.h"
#include "provider/nsm.h"
#include "provider/task.h"

enum { CBOR_NULL = 0xf6 }; /* RFC 8949, 3.3 */

#define MEDIA_TYPE "application/vnd.atls.nitro-attestation+cose"

struct nitro {
    const struct atls_nsm_ops *ops;
    char *path;
    _Atomic(void *) device; /* NULL: not opened yet */
};

struct job { /* owned by whoever runs it */
    const struct atls_nsm_ops *ops;
    void *device;
    struct atls_buf request, response;
    int error_number;
};

static void job_free(void *arg)
{
    struct job *job = arg;

    if (job->device != NULL)
        job->ops->close(job->device);
    atls_buf_clear(&job->request);
    atls_buf_clear(&job->response);
    free(job);
}

static void job_run(void *arg)
{
    struct job *job = arg;

    job->error_number = job->ops->exchange(
        job->device, atls_buf_view(&job->request), &job->response);
}

static void nitro_free(void *state)
{
    struct nitro *nitro = state;

    if (nitro->device != NULL)
        nitro->ops->close(nitro->device);
    free(nitro->path);
    free(nitro);
}

enum atls_reason atls_nitro_new(const struct atls_nsm_ops *ops,
                                const struct atls_uri *uri, void **state,
                                struct atls_why *why)
{
    const char *path = atls_uri_option(uri, "device");
    struct nitro *nitro = calloc(1, sizeof(*nitro));

    if (nitro == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    *state = nitro;
    nitro->ops = ops;
    nitro->path = strdup(path == NULL ? ATLS_NSM_DEVICE : path);
    if (nitro->path == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (nitro->path[0] != '/')
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "device \"%s\": want an absolute path", path);
    return ATLS_OK;
}

static enum atls_reason nitro_check(OSSL_LIB_CTX *libctx,
                                    const struct atls_uri *uri, void **state,
                                    struct atls_why *why)
{
    (void)libctx;
    return atls_nitro_new(&atls_nsm_device, uri, state, why);
}

static enum atls_reason cannot_use(const struct nitro *nitro, int error_number,
                                   struct atls_why *why)
{
    bool is_denied = error_number == EACCES || error_number == EPERM;
    char text[128];

    if (error_number == ENOMEM)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return atls_why(
        why, ATLS_ATTESTER_ABSENT, "%s as uid %u: %s; %s", nitro->path,
        (unsigned)geteuid(), strerror_r(error_number, text, sizeof(text)),
        is_denied ? "Linux lets root ask (CAP_SYS_ADMIN); others ask "
                    "attest:broker"
                  : "is this an AWS Nitro enclave with the driver nsm?");
}

/* Threads may come at once: all but one throw theirs away. */
static enum atls_reason nitro_open(void *state, struct atls_why *why)
{
    struct nitro *nitro = state;
    void *device = NULL, *none = NULL;
    int error_number;

    if (nitro->device != NULL)
        return ATLS_OK;
    error_number = nitro->ops->open(nitro->path, &device);
    if (error_number != 0)
        return cannot_use(nitro, error_number, why);
    if (!atomic_compare_exchange_strong(&nitro->device, &none, device))
        nitro->ops->close(device);
    return ATLS_OK;
}

/* {"Attestation": {"user_data": null, "nonce": binder, "public_key": null}},
 * as serde encodes the NSM API's Request. */
static void put_request(struct atls_buf *out, struct atls_view binder)
{
    atls_cbor_put_map(out, 1);
    atls_cbor_put_text(out, "Attestation");
    atls_cbor_put_map(out, 3);
    atls_cbor_put_text(out, "user_data");
    atls_buf_u8(out, CBOR_NULL);
    atls_cbor_put_text(out, "nonce");
    atls_cbor_put_bytes(out, binder);
    atls_cbor_put_text(out, "public_key");
    atls_buf_u8(out, CBOR_NULL);
}

static enum atls_reason job_new(const struct nitro *nitro,
                                struct atls_view binder, struct job **out,
                                struct atls_why *why)
{
    struct job *job = calloc(1, sizeof(*job));
    int error_number;

    if (job == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    job->ops = nitro->ops;
    job->request = atls_buf(ATLS_NSM_MAX_REQUEST);
    job->response = atls_buf(ATLS_NSM_MAX_RESPONSE);
    put_request(&job->request, binder);
    error_number = job->request.failed
                       ? ENOMEM
                       : nitro->ops->copy(nitro->device, &job->device);
    if (error_number == EBADF) /* a daemon closed all that it did not know */
        error_number = nitro->ops->open(nitro->path, &job->device);
    if (error_number == 0) {
        *out = job;
        return ATLS_OK;
    }
    job_free(job);
    return cannot_use(nitro, error_number, why);
}

static struct atls_view take_document(struct atls_cbor *in)
{
    struct atls_view document = atls_view(NULL, 0);
    struct atls_cbor_iter entries;

    atls_cbor_map(in, &entries);
    while (atls_cbor_next(in, &entries))
        if (atls_view_is(atls_cbor_text(in), "document"))
            document = atls_cbor_bytes(in);
        else
            (void)atls_cbor_skip(in);
    return document;
}

/* {"Attestation": {"document": bytes}} or {"Error": text} */
enum atls_reason atls_nsm_read(struct atls_view response,
                               struct atls_view *document, struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(response);
    struct atls_view error = atls_view(NULL, 0);
    struct atls_cbor_iter entries;

    atls_cbor_map(&in, &entries);
    while (atls_cbor_next(&in, &entries)) {
        struct atls_view key = atls_cbor_text(&in);

        if (atls_view_is(key, "Attestation"))
            *document = take_document(&in);
        else if (atls_view_is(key, "Error"))
            error = atls_cbor_text(&in);
        else
            atls_cbor_fail(&in);
    }
    if (atls_cbor_done(&in) && error.len > 0)
        return atls_why(why, ATLS_ATTESTER_FAILED,
                        "the Nitro Secure Module says %.*s", (int)error.len,
                        (const char *)error.data);
    if (!atls_cbor_done(&in) || document->len == 0)
        return atls_why(why, ATLS_ATTESTER_FAILED,
                        "the Nitro Secure Module gave no document");
    return ATLS_OK;
}

static enum atls_reason put_evidence(const struct nitro *nitro,
                                     const struct job *job,
                                     struct atls_buf *out, struct atls_why *why)
{
    struct atls_view document = atls_view(NULL, 0);
    enum atls_reason reason;

    if (job->error_number != 0)
        return cannot_use(nitro, job->error_number, why);
    reason = atls_nsm_read(atls_buf_view(&job->response), &document, why);
    if (reason == ATLS_OK)
        atls_cmw_put(out, atls_type_of_text(atls_view_text(MEDIA_TYPE)),
                     document, ATLS_CMW_EVIDENCE);
    return reason;
}

static enum atls_reason nitro_attest(void *state,
                                     const struct atls_challenge *challenge,
                                     atls_deadline deadline,
                                     struct atls_buf *out, struct atls_why *why)
{
    static const struct atls_task task = {.run = job_run, .free = job_free};
    struct nitro *nitro = state;
    struct job *job = NULL;
    void *owned;
    enum atls_reason reason = nitro_open(nitro, why);

    if (reason == ATLS_OK)
        reason = job_new(nitro, challenge->binder, &job, why);
    if (reason != ATLS_OK)
        return reason;
    owned = job;
    reason = atls_task_run(&task, &owned, deadline, why);
    if (owned == NULL)
        return reason;
    if (reason == ATLS_OK)
        reason = put_evidence(nitro, job, out, why);
    job_free(job);
    return reason;
}

static const char *const options[] = {"device", NULL};

const struct atls_attester atls_attester_nitro = {
    .name = "nitro",
    .description = "attestation document of an AWS Nitro enclave",
    .formats = MEDIA_TYPE,
    .options = options,
    .max_size = ATLS_NSM_MAX_RESPONSE + 128, /* and the CMW's own */
    .check = nitro_check,
    .open = nitro_open,
    .attest = nitro_attest,
    .free = nitro_free,
};
