/* SPDX-License-Identifier: Apache-2.0
 *
 * atls_tpm.so: what its table offers. A session is what lasts between quotes:
 * the device's descriptor, whose turn it is, the key wrapped by its TPM. All
 * else is made for one quote, so that fork needs no care.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "provider/tpm_ak.h"
#include "provider/tpm_certify.h"
#include "provider/tpm_module.h"
#include "provider/tpm_passing.h"
#include "provider/tpm_public.h"

#define SPKI_MAX 1024 /* bytes: RSA-4096 and more */
#define KID      32   /* bytes: SHA-256 */

struct atls_tpm_session {
    const struct atls_tpm_settings *settings;
    struct atls_tpm_turn *turn;
    /* for the holder of the turn */
    struct atls_tpm_descriptor descriptor;
    struct atls_tpm_ak ak;
    TPMS_CONTEXT *saved_tls; /* the TLS key, wrapped by its TPM, or NULL */
};

static void session_close(struct atls_tpm_session *session)
{
    atls_tpm_descriptor_close(&session->descriptor);
    atls_tpm_turn_free(session->turn);
    atls_tpm_ak_clear(&session->ak);
    atls_tpm_tls_key_forget(&session->saved_tls);
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

/* The AK with all that is asked of it */
struct use {
    struct atls_tpm_session *session;
    const struct atls_tpm_line *line;
    const struct atls_tpm_request *request; /* NULL: the public key alone */
    struct atls_tpm_tls_key tls_key;
    ESYS_TR ak;
};

static enum atls_reason kid_of(OSSL_LIB_CTX *libctx, struct atls_view spki,
                               uint8_t kid[KID], struct atls_why *why)
{
    return EVP_Q_digest(libctx, "SHA256", NULL, spki.data, spki.len, kid, NULL)
               ? ATLS_OK
               : atls_why(why, ATLS_CRYPTO_FAILED, "no SHA-256");
}

static enum atls_reason certify(struct use *use,
                                const struct atls_tpm_quote *quote,
                                struct atls_view kid, struct atls_buf *out,
                                struct atls_why *why)
{
    ATLS_AUTO_TPM_CERTIFICATE certificate = {NULL, NULL};
    enum atls_reason reason =
        atls_tpm_certify(use->line, use->ak, &use->tls_key,
                         use->request->binder, &certificate, why);

    if (reason == ATLS_OK)
        atls_tpm_certify_put(out, &certificate, &use->tls_key, quote, kid);
    return reason;
}

static enum atls_reason quote(struct use *use, struct atls_view spki,
                              struct atls_buf *out, struct atls_why *why)
{
    struct atls_tpm_session *session = use->session;
    const struct atls_tpm_settings *settings = session->settings;
    ATLS_AUTO_TPM_QUOTE quoted = {NULL, NULL, NULL};
    uint8_t kid[KID];
    enum atls_reason reason = kid_of(settings->libctx, spki, kid, why);

    if (reason == ATLS_OK)
        reason = atls_tpm_quote_make(use->line, use->ak, settings,
                                     use->request->binder, &quoted, why);
    if (reason == ATLS_OK && use->request->certifies_tls_key)
        reason = certify(use, &quoted, atls_view(kid, sizeof(kid)), out, why);
    else if (reason == ATLS_OK)
        atls_tpm_quote_put(out, &quoted, &session->ak.public_area->publicArea,
                           atls_view(kid, sizeof(kid)), settings);
    if (reason == ATLS_OK && out->failed)
        return atls_why(why, ATLS_ATTESTER_FAILED,
                        "the Evidence exceeds %zu bytes; quote fewer PCRs",
                        out->max);
    return reason;
}

static enum atls_reason use_ak(struct use *use, struct atls_buf *out,
                               struct atls_why *why)
{
    struct atls_tpm_session *session = use->session;
    ATLS_AUTO_BUF spki = atls_buf(SPKI_MAX);
    enum atls_reason reason = atls_tpm_ak_load(
        &session->ak, use->line, session->settings, &use->ak, why);

    if (reason == ATLS_OK)
        reason = atls_tpm_public_spki(&session->ak.public_area->publicArea,
                                      session->settings->libctx, &spki, why);
    if (reason == ATLS_OK && use->request != NULL)
        reason = quote(use, atls_buf_view(&spki), out, why);
    else if (reason == ATLS_OK)
        atls_buf_put(out, atls_buf_view(&spki));
    atls_tpm_ak_release(use->line, session->settings, use->ak);
    return reason;
}

/* The TLS key comes first: while it is loaded its parent may be, too, and a
 * TPM has room for three. */
static enum atls_reason use_keys(struct atls_tpm_session *session,
                                 const struct atls_tpm_line *line,
                                 const struct atls_tpm_request *request,
                                 struct atls_buf *out, struct atls_why *why)
{
    struct use use = {.session = session,
                      .line = line,
                      .request = request,
                      .tls_key.handle = ESYS_TR_NONE,
                      .ak = ESYS_TR_NONE};
    enum atls_reason reason = ATLS_OK;

    atls_tpm_passing_clean(line);
    if (request != NULL && request->certifies_tls_key)
        reason =
            atls_tpm_tls_key_load(line, session->settings, request->subject,
                                  &session->saved_tls, &use.tls_key, why);
    if (reason == ATLS_OK)
        reason = use_ak(&use, out, why);
    atls_tpm_tls_key_release(line, &use.tls_key);
    return reason;
}

static enum atls_reason use_line(struct atls_tpm_session *session,
                                 const struct atls_tpm_request *request,
                                 atls_deadline deadline, struct atls_buf *out,
                                 struct atls_why *why)
{
    struct atls_tpm_line line = ATLS_TPM_NO_LINE;
    enum atls_reason reason =
        atls_tpm_line_open(&session->settings->target, &session->descriptor,
                           session->turn, deadline, &line, why);

    if (reason == ATLS_OK)
        reason = use_keys(session, &line, request, out, why);
    atls_tpm_line_close(&line);
    return reason;
}

static enum atls_reason take_turn(struct atls_tpm_session *session,
                                  const struct atls_tpm_request *request,
                                  atls_deadline deadline, struct atls_buf *out,
                                  struct atls_why *why)
{
    enum atls_reason reason = atls_tpm_turn_take(session->turn, deadline, why);

    if (reason != ATLS_OK)
        return reason;
    reason = use_line(session, request, deadline, out, why);
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
                                       const struct atls_tpm_request *request,
                                       atls_deadline deadline,
                                       struct atls_buf *evidence,
                                       struct atls_why *why)
{
    return take_turn(session, request, deadline, evidence, why);
}

__attribute__((visibility("default")))
const struct atls_tpm_module atls_tpm_module = {
    .version = PACKAGE_VERSION,
    .open = session_open,
    .close = session_close,
    .public_key = session_public_key,
    .attest = session_attest,
};
