/* SPDX-License-Identifier: Apache-2.0
 *
 * attest:tsm[?root=FOLDER][&privlevel=0..3][&eventlog=FILE]: reports of the TEE
 * that this guest runs in, by Linux's configfs-tsm: SEV-SNP, TDX, Arm CCA. A
 * report may take seconds in firmware or host, so it is asked for on a thread
 * that can be left behind.
 */
#include "config.h" /* strerror_r as GNU has it */

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "cbor.h"
#include "cmw.h"
#include "provider/attester.h"
#include "provider/ccel.h"
#include "provider/task.h"
#include "provider/tsm.h"
#include "provider/uri_file.h"

#define MEDIA_TYPE "application/vnd.veraison.tsm-report+cbor"

enum { WRAPPER = 128 /* bytes of the CMW around a value, at most */ };

struct tsm {
    const struct atls_tsm_ops *ops;
    char *root;
    int privlevel;
    struct atls_buf eventlog; /* that firmware wrote; empty: none given */
    _Atomic(void *) tree;     /* NULL: not opened yet */
};

struct job { /* owned by whoever runs it */
    const struct atls_tsm_ops *ops;
    void *tree;
    struct atls_tsm_request request;
    atls_deadline deadline;
    struct atls_tsm_report report;
    struct atls_why why;
};

static void job_free(void *arg)
{
    struct job *job = arg;

    if (job->tree != NULL)
        job->ops->close(job->tree);
    atls_tsm_report_clear(&job->report);
    free(job);
}

static void job_run(void *arg)
{
    struct job *job = arg;

    job->why.reason = atls_tsm_report(job->ops, job->tree, &job->request,
                                      job->deadline, &job->report, &job->why);
}

static void tsm_free(void *state)
{
    struct tsm *tsm = state;

    if (tsm->tree != NULL)
        tsm->ops->close(tsm->tree);
    atls_buf_clear(&tsm->eventlog);
    free(tsm->root);
    free(tsm);
}

static enum atls_reason parse_level(const char *text, int *out,
                                    struct atls_why *why)
{
    *out = ATLS_TSM_NO_LEVEL;
    if (text == NULL)
        return ATLS_OK;
    if (text[0] < '0' || text[0] > '0' + ATLS_TSM_MAX_LEVEL || text[1] != '\0')
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "privlevel \"%s\": want 0 to %d", text,
                        ATLS_TSM_MAX_LEVEL);
    *out = text[0] - '0';
    return ATLS_OK;
}

/* What was there when the program started: firmware does not add to it, and
 * later only root might read it. */
static enum atls_reason read_log(const char *path, struct atls_buf *out,
                                 struct atls_why *why)
{
    ATLS_AUTO_BUF region = atls_buf(ATLS_TSM_MAX_CCEL);
    enum atls_reason reason;
    size_t len;

    if (path == NULL)
        return ATLS_OK;
    reason = atls_uri_file_read(path, "eventlog", &region, ATLS_ATTESTER_OPTION,
                                why);
    if (reason != ATLS_OK)
        return reason;
    len = atls_ccel_length(atls_buf_view(&region));
    if (len == 0 || len > ATLS_TSM_MAX_LOG)
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "eventlog %s: want a crypto-agile log (CCEL) of at "
                        "most %d bytes, found %s",
                        path, ATLS_TSM_MAX_LOG,
                        len == 0 ? "something else" : "more");
    atls_buf_put(out, atls_view(region.data, len));
    return out->failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL) : ATLS_OK;
}

enum atls_reason atls_tsm_new(const struct atls_tsm_ops *ops,
                              const struct atls_uri *uri, void **state,
                              struct atls_why *why)
{
    const char *root = atls_uri_option(uri, "root");
    struct tsm *tsm = calloc(1, sizeof(*tsm));
    enum atls_reason reason;

    if (tsm == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    *state = tsm;
    tsm->ops = ops;
    tsm->eventlog = atls_buf(ATLS_TSM_MAX_LOG);
    tsm->root = strdup(root == NULL ? ATLS_TSM_ROOT : root);
    if (tsm->root == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (tsm->root[0] != '/')
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "root \"%s\": want an absolute path", root);
    reason =
        parse_level(atls_uri_option(uri, "privlevel"), &tsm->privlevel, why);
    if (reason == ATLS_OK)
        reason =
            read_log(atls_uri_option(uri, "eventlog"), &tsm->eventlog, why);
    return reason;
}

static enum atls_reason tsm_check(OSSL_LIB_CTX *libctx,
                                  const struct atls_uri *uri, void **state,
                                  struct atls_why *why)
{
    (void)libctx;
    return atls_tsm_new(&atls_tsm_files, uri, state, why);
}

static enum atls_reason cannot_open(const struct tsm *tsm, int error_number,
                                    struct atls_why *why)
{
    char text[128];

    if (error_number == ENOMEM)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return atls_why(why, ATLS_ATTESTER_ABSENT,
                    "%s: %s; want Linux 6.7 with CONFIG_TSM_REPORTS, its "
                    "module tsm, and configfs mounted",
                    tsm->root, strerror_r(error_number, text, sizeof(text)));
}

static enum atls_reason open_tree(const struct tsm *tsm, void **tree,
                                  struct atls_why *why)
{
    int error_number = tsm->ops->open(tsm->root, tree);
    enum atls_reason reason;

    if (error_number != 0)
        return cannot_open(tsm, error_number, why);
    reason = atls_tsm_probe(tsm->ops, *tree, tsm->privlevel, why);
    if (reason != ATLS_OK)
        tsm->ops->close(*tree);
    return reason;
}

/* Threads may come at once: all but one throw theirs away. */
static enum atls_reason tsm_open(void *state, struct atls_why *why)
{
    struct tsm *tsm = state;
    void *tree = NULL, *none = NULL;
    enum atls_reason reason;

    if (tsm->tree != NULL)
        return ATLS_OK;
    reason = open_tree(tsm, &tree, why);
    if (reason == ATLS_OK &&
        !atomic_compare_exchange_strong(&tsm->tree, &none, tree))
        tsm->ops->close(tree);
    return reason;
}

static enum atls_reason job_new(const struct tsm *tsm, struct atls_view binder,
                                atls_deadline deadline, struct job **out,
                                struct atls_why *why)
{
    struct job *job = calloc(1, sizeof(*job));
    int error_number;

    if (job == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    job->ops = tsm->ops;
    job->deadline = deadline;
    job->request.privlevel = tsm->privlevel;
    /* binder left, zeros right: doc/protocol.md, "The binder" */
    memcpy(job->request.inblob, binder.data, binder.len);
    atls_tsm_report_init(&job->report);
    error_number = tsm->ops->copy(tsm->tree, &job->tree);
    if (error_number == EBADF) /* a daemon closed all that it did not know */
        error_number = tsm->ops->open(tsm->root, &job->tree);
    if (error_number == 0) {
        *out = job;
        return ATLS_OK;
    }
    job_free(job);
    return cannot_open(tsm, error_number, why);
}

/* The map of Veraison's tsm-report, in the order of deterministic CBOR
 * (RFC 8949, 4.2.1). */
static void put_report(struct atls_buf *out,
                       const struct atls_tsm_report *report,
                       struct atls_view eventlog)
{
    bool has_aux = report->auxblob.len > 0;
    bool has_log = eventlog.len > 0;
    bool has_manifest = report->manifestblob.len > 0;

    atls_cbor_put_map(out, 2u + has_aux + has_log + has_manifest);
    if (has_aux) {
        atls_cbor_put_text(out, "auxblob");
        atls_cbor_put_bytes(out, atls_buf_view(&report->auxblob));
    }
    atls_cbor_put_text(out, "outblob");
    atls_cbor_put_bytes(out, atls_buf_view(&report->outblob));
    if (has_log) {
        atls_cbor_put_text(out, "eventlog");
        atls_cbor_put_bytes(out, eventlog);
    }
    atls_cbor_put_text(out, "provider");
    atls_cbor_put_text_view(out, atls_buf_view(&report->provider));
    if (has_manifest) {
        atls_cbor_put_text(out, "manifestblob");
        atls_cbor_put_bytes(out, atls_buf_view(&report->manifestblob));
    }
}

static size_t longest_value(const struct tsm *tsm)
{
    size_t len = ATLS_TSM_MAX_BLOB + tsm->eventlog.len;

    return len < ATLS_CMW_MAX - WRAPPER ? len : ATLS_CMW_MAX - WRAPPER;
}

static enum atls_reason put_evidence(const struct tsm *tsm,
                                     const struct atls_tsm_report *report,
                                     struct atls_buf *out, struct atls_why *why)
{
    ATLS_AUTO_BUF map = atls_buf(longest_value(tsm));

    put_report(&map, report, atls_buf_view(&tsm->eventlog));
    if (map.failed)
        return atls_why(why, ATLS_ATTESTER_FAILED,
                        "configfs-tsm: blobs of %zu and %zu bytes, eventlog of "
                        "%zu; together %zu are taken",
                        report->outblob.len, report->auxblob.len,
                        tsm->eventlog.len, map.max);
    atls_cmw_put(out, atls_type_of_text(atls_view_text(MEDIA_TYPE)),
                 atls_buf_view(&map), ATLS_CMW_EVIDENCE);
    return ATLS_OK;
}

static enum atls_reason tsm_attest(void *state,
                                   const struct atls_challenge *challenge,
                                   atls_deadline deadline, struct atls_buf *out,
                                   struct atls_why *why)
{
    static const struct atls_task task = {.run = job_run, .free = job_free};
    struct tsm *tsm = state;
    struct job *job = NULL;
    void *owned;
    enum atls_reason reason = tsm_open(tsm, why);

    if (reason == ATLS_OK)
        reason = job_new(tsm, challenge->binder, deadline, &job, why);
    if (reason != ATLS_OK)
        return reason;
    owned = job;
    reason = atls_task_run(&task, &owned, deadline, why);
    if (owned == NULL)
        return reason;
    if (reason == ATLS_OK && job->why.reason != ATLS_OK)
        reason = atls_why(why, job->why.reason, "%s", job->why.text);
    if (reason == ATLS_OK)
        reason = put_evidence(tsm, &job->report, out, why);
    job_free(job);
    return reason;
}

static size_t tsm_longest(const void *state)
{
    return longest_value(state) + WRAPPER;
}

static const char *const options[] = {"root", "privlevel", "eventlog", NULL};

const struct atls_attester atls_attester_tsm = {
    .name = "tsm",
    .description = "report of SEV-SNP, TDX or Arm CCA",
    .formats = MEDIA_TYPE,
    .options = options,
    .max_size = ATLS_CMW_MAX,
    .check = tsm_check,
    .longest = tsm_longest,
    .open = tsm_open,
    .attest = tsm_attest,
    .free = tsm_free,
};
