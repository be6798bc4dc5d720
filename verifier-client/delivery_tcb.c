/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed JSON of Intel's: TCB info and QE identity.
 */
#include <stdio.h>
#include <string.h>

#include "delivering.h"
#include "tcb.h"

enum { MAX_CHAIN = 65536 };

#define CHAIN_KEY "{\"issuer_chain\":\""

/* The document as it was served, with its issuer chain as its first member: one
 * file, so that it is never there without its signer. */
static enum atls_reason compose(struct atls_delivering *delivering,
                                struct atls_why *why)
{
    struct atls_view body = delivering->delivery->body;
    struct atls_buf *file = &delivering->out->file;
    ATLS_AUTO_BUF pem = atls_buf(MAX_CHAIN);

    while (body.len > 0 && body.data[0] != '{' &&
           strchr(" \t\r\n", body.data[0]) != NULL && body.data[0] != '\0')
        body = atls_view(body.data + 1, body.len - 1);
    if (body.len == 0 || body.data[0] != '{')
        return atls_delivering_wrong(delivering, "a JSON object", why);
    if (!atls_delivering_put_pem(&pem, delivering->out->certificates))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    atls_buf_text(file, CHAIN_KEY);
    for (size_t i = 0; i < pem.len; i++)
        if (pem.data[i] == '\n')
            atls_buf_text(file, "\\n");
        else
            atls_buf_u8(file, pem.data[i]);
    atls_buf_text(file, "\",");
    atls_buf_put(file, atls_view(body.data + 1, body.len - 1));
    if (file->len > ATLS_COLLATERAL_MAX_JSON)
        return atls_delivering_wrong(delivering, "less JSON", why);
    return file->failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL) : ATLS_OK;
}

static bool is_wanted_document(const struct atls_want *want,
                               const struct atls_tcb *tcb)
{
    const struct atls_tcb_document *document = tcb->documents;

    if (tcb->num != 1 || document->is_td != want->is_td ||
        document->is_info != (want->kind == ATLS_WANT_TCB_INFO))
        return false;
    return !document->is_info ||
           (memcmp(document->fmspc, want->fmspc, ATLS_PCK_FMSPC) == 0 &&
            (!want->has_pce_id ||
             memcmp(document->pce_id, want->pce_id, ATLS_PCK_PCE_ID) == 0));
}

static enum atls_reason verify_document(struct atls_delivering *delivering,
                                        const struct atls_tcb *tcb,
                                        struct atls_why *why)
{
    struct atls_delivered *out = delivering->out;
    enum atls_reason reason;

    if (!is_wanted_document(delivering->want, tcb))
        return atls_delivering_wrong(delivering, "exactly that", why);
    out->issued = tcb->documents->issued;
    out->next = tcb->documents->next;
    out->evaluation = tcb->documents->evaluation;
    reason = atls_delivering_check_time(delivering, why);
    if (reason == ATLS_OK)
        reason = atls_delivering_open_roots(delivering, why);
    return reason == ATLS_OK
               ? atls_delivering_verify(delivering, tcb->documents->signer, why)
               : reason;
}

static enum atls_reason read_document(struct atls_delivering *delivering,
                                      struct atls_tcb *tcb,
                                      struct atls_why *why)
{
    char name[ATLS_WANT_TEXT];
    struct atls_collateral_json json = {.name = name,
                                        .text = delivering->out->file.data,
                                        .len = delivering->out->file.len};
    struct atls_collateral collateral = {.certificates =
                                             delivering->out->certificates,
                                         .documents = &json,
                                         .num_documents = 1};
    struct atls_document document = {.folder = ""};
    enum atls_reason reason =
        atls_document_open(&document, atls_view_text("{}"));
    struct atls_node root;

    snprintf(name, sizeof(name), "%s", delivering->what);
    if (reason == ATLS_OK) {
        root = atls_node_root(&document);
        atls_tcb_read(&root, &collateral, tcb);
        reason = document.why.reason;
    }
    atls_document_clear(&document);
    return reason == ATLS_OK ? ATLS_OK
                             : atls_why(why, reason, "%s", document.why.text);
}

enum atls_reason
atls_delivering_check_document(struct atls_delivering *delivering,
                               struct atls_why *why)
{
    struct atls_tcb tcb = {.num = 0};
    enum atls_reason reason = atls_delivering_read_chain(delivering, why);

    if (reason == ATLS_OK)
        reason = compose(delivering, why);
    if (reason == ATLS_OK)
        reason = read_document(delivering, &tcb, why);
    if (reason == ATLS_OK)
        reason = verify_document(delivering, &tcb, why);
    atls_tcb_clear(&tcb);
    return reason;
}
