/* SPDX-License-Identifier: Apache-2.0
 *
 * atls_tpm.so: what its table offers. A session is what lasts between quotes:
 * the device's descriptor, whose turn it is, the key wrapped by its TPM. All
 * else is made for one quote, so that fork needs no care.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "provider/tpm_ak.h"
#include "provider/tpm_module.h"
#include "provider/tpm_public.h"
#include "provider/tpm_quote.h"

#define SPKI_MAX 1024 /* bytes: RSA-4096 and more */

struct atls_tpm_session {
    const struct atls_tpm_settings *settings;
    struct atls_tpm_turn *turn;
    /* for the holder of the turn */
    struct atls_tpm_descriptor descriptor;
    struct atls_tpm_ak ak;
};

static void session_close(struct atls_tpm_session *session)
{
    atls_tpm_descriptor_close(&session->descriptor);
    atls_tpm_turn_free(session->turn);
    atls_tpm_ak_clear(&session->ak);
    free(session);
}

/* tpm2-tss writes what it meets to the program's stderr, unless told not to;
 * it has no other switch, and reads this one when it first logs. What we have
 * to say goes onto the error queue. */
static void silence(void)
{
    (void)setenv("TSS2_LOG", "all+none", 0);
}

static enum atls_reason session_open(const struct atls_tpm_settings *settings,
                                     struct atls_tpm_session **out,
                                     struct atls_why *why)
{
    struct atls_tpm_session *session = calloc(1, sizeof(*session));
    enum atls_reason reason;

    if (session == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    silence();
    session->settings = settings;
    session->descriptor.fd = -1;
    reason = atls_tpm_turn_new(&session->turn, why);
    if (reason == ATLS_OK && settings->target.kind == ATLS_TPM_DEVICE)
        reason = atls_tpm_descriptor_open(settings->target.text,
                                          &session->descriptor, why);
    if (reason == ATLS_OK)
        *out = session;
    else
        session_close(session);
    return reason;
}

/* With a line and the key: binder NULL asks for the public key alone. */
static enum atls_reason use_key(struct atls_tpm_session *session,
                                const struct atls_tpm_line *line,
                                const struct atls_view *binder,
                                struct atls_buf *out, struct atls_why *why)
{
    const struct atls_tpm_settings *settings = session->settings;
    ATLS_AUTO_BUF spki = atls_buf(SPKI_MAX);
    ESYS_TR handle = ESYS_TR_NONE;
    enum atls_reason reason =
        atls_tpm_ak_load(&session->ak, line, settings, &handle, why);

    if (reason == ATLS_OK)
        reason = atls_tpm_public_spki(&session->ak.public_area->publicArea,
                                      settings->libctx, &spki, why);
    if (reason == ATLS_OK && binder != NULL)
        reason =
            atls_tpm_quote(line, handle, &session->ak.public_area->publicArea,
                           atls_buf_view(&spki), settings, *binder, out, why);
    else if (reason == ATLS_OK)
        atls_buf_put(out, atls_buf_view(&spki));
    atls_tpm_ak_release(line, settings, handle);
    return reason;
}

static enum atls_reason use_line(struct atls_tpm_session *session,
                                 const struct atls_view *binder,
                                 atls_deadline deadline, struct atls_buf *out,
                                 struct atls_why *why)
{
    struct atls_tpm_line line = ATLS_TPM_NO_LINE;
    enum atls_reason reason =
        atls_tpm_line_open(&session->settings->target, &session->descriptor,
                           session->turn, deadline, &line, why);

    if (reason == ATLS_OK)
        reason = use_key(session, &line, binder, out, why);
    atls_tpm_line_close(&line);
    return reason;
}

static enum atls_reason take_turn(struct atls_tpm_session *session,
                                  const struct atls_view *binder,
                                  atls_deadline deadline, struct atls_buf *out,
                                  struct atls_why *why)
{
    enum atls_reason reason = atls_tpm_turn_take(session->turn, deadline, why);

    if (reason != ATLS_OK)
        return reason;
    reason = use_line(session, binder, deadline, out, why);
    atls_tpm_turn_give(session->turn);
    return reason;
}

static enum atls_reason session_public_key(struct atls_tpm_session *session,
                                           atls_deadline deadline,
                                           struct atls_buf *spki,
                                           struct atls_why *why)
{
    return take_turn(session, NULL, deadline, spki, why);
}

static enum atls_reason session_attest(struct atls_tpm_session *session,
                                       struct atls_view binder,
                                       atls_deadline deadline,
                                       struct atls_buf *evidence,
                                       struct atls_why *why)
{
    return take_turn(session, &binder, deadline, evidence, why);
}

__attribute__((visibility("default")))
const struct atls_tpm_module atls_tpm_module = {
    .version = PACKAGE_VERSION,
    .open = session_open,
    .close = session_close,
    .public_key = session_public_key,
    .attest = session_attest,
};
