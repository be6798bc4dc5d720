/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines to TPMs.
 */
#include "provider/tpm_line.h"

#include <unistd.h>

#include "provider/tpm_error.h"

static enum atls_reason open_device(const struct atls_tpm_target *target,
                                    struct atls_tpm_descriptor *descriptor,
                                    struct atls_tpm_turn *turn,
                                    atls_deadline deadline,
                                    struct atls_tpm_line *out,
                                    struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;

    out->left = atls_tpm_turn_left(turn);
    if (!atls_tpm_descriptor_is_ours(descriptor)) {
        reason = atls_tpm_descriptor_open(target->text, descriptor, why);
        out->left->is_pending = false;
        out->left->handle = 0; /* a new descriptor has a space of its own */
        out->left->is_passing = false;
        for (unsigned i = 0; i < ATLS_TPM_MAX_PASSING; i++)
            out->left->passing[i] = 0;
    }
    if (reason == ATLS_OK)
        reason = atls_tpm_tcti_new(descriptor->fd, false, out->left, deadline,
                                   &out->own, why);
    if (reason == ATLS_OK)
        reason = atls_tpm_tcti_drain(out->own, why);
    return reason;
}

static enum atls_reason open_socket(const struct atls_tpm_target *target,
                                    atls_deadline deadline,
                                    struct atls_tpm_line *out,
                                    struct atls_why *why)
{
    enum atls_reason reason = atls_tpm_socket_connect(
        target->text, target->port, deadline, &out->socket_fd, why);

    if (reason != ATLS_OK)
        return reason;
    return atls_tpm_tcti_new(out->socket_fd, true, NULL, deadline, &out->own,
                             why);
}

static enum atls_reason open_tcti(const struct atls_tpm_target *target,
                                  struct atls_tpm_line *out,
                                  struct atls_why *why)
{
    TSS2_RC rc = Tss2_TctiLdr_Initialize(target->text, &out->other);

    if (rc == TSS2_RC_SUCCESS)
        return ATLS_OK;
    return atls_why(why, ATLS_ATTESTER_ABSENT,
                    "TCTI \"%s\": %s; is the TPM running, and is the TCTI "
                    "installed (Debian: libtss2-tcti-*)?",
                    target->text, Tss2_RC_Decode(rc));
}

static enum atls_reason open_way(const struct atls_tpm_target *target,
                                 struct atls_tpm_descriptor *descriptor,
                                 struct atls_tpm_turn *turn,
                                 atls_deadline deadline,
                                 struct atls_tpm_line *out,
                                 struct atls_why *why)
{
    switch (target->kind) {
    case ATLS_TPM_DEVICE:
        return open_device(target, descriptor, turn, deadline, out, why);
    case ATLS_TPM_SOCKET:
        return open_socket(target, deadline, out, why);
    case ATLS_TPM_TCTI:
        return open_tcti(target, out, why);
    }
    return atls_why(why, ATLS_ATTESTER_ABSENT, NULL);
}

enum atls_reason atls_tpm_line_open(const struct atls_tpm_target *target,
                                    struct atls_tpm_descriptor *descriptor,
                                    struct atls_tpm_turn *turn,
                                    atls_deadline deadline,
                                    struct atls_tpm_line *out,
                                    struct atls_why *why)
{
    enum atls_reason reason =
        open_way(target, descriptor, turn, deadline, out, why);

    if (reason != ATLS_OK)
        return reason;
    return atls_tpm_line_check(
        out,
        Esys_Initialize(&out->esys,
                        out->own != NULL ? atls_tpm_tcti_context(out->own)
                                         : out->other,
                        NULL),
        "tpm2-tss", why);
}

void atls_tpm_line_close(struct atls_tpm_line *line)
{
    Esys_Finalize(&line->esys);
    if (line->other != NULL)
        Tss2_TctiLdr_Finalize(&line->other);
    atls_tpm_tcti_free(line->own);
    if (line->socket_fd >= 0)
        close(line->socket_fd);
    *line = (struct atls_tpm_line)ATLS_TPM_NO_LINE;
}

/* What our TCTI knows is the first cause: ESYS only says that I/O failed. */
enum atls_reason atls_tpm_line_check(const struct atls_tpm_line *line,
                                     TSS2_RC rc, const char *what,
                                     struct atls_why *why)
{
    const struct atls_why *own;

    if (rc == TSS2_RC_SUCCESS)
        return ATLS_OK;
    own = line->own == NULL ? NULL : atls_tpm_tcti_why(line->own);
    if (own != NULL && own->reason != ATLS_OK)
        return atls_why(why, own->reason, "%s: %s", what, own->text);
    return atls_tpm_error(rc, what, why);
}
