/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder by itself, read as a policy that names nothing else would.
 */
#include "stock.h"

#include <errno.h>

#include <openssl/err.h>

static enum atls_reason read_into(struct atls_document *document,
                                  const char *path,
                                  struct atls_stock_folder *out)
{
    enum atls_reason reason =
        atls_document_open(document, atls_view_text("{}"));
    struct atls_node root;

    if (reason != ATLS_OK)
        return reason;
    root = atls_node_root(document);
    atls_collateral_read_folder(&root, path, &out->collateral);
    atls_tcb_read(&root, &out->collateral, &out->tcb);
    return document->why.reason;
}

enum atls_reason atls_stock_read(const char *path, atls_problem_fn *problems,
                                 void *arg, struct atls_stock_folder *out,
                                 struct atls_why *why)
{
    struct atls_document document = {
        .folder = "", .problems = problems, .arg = arg};
    enum atls_reason reason;
    int saved = errno;

    ERR_set_mark();
    reason = read_into(&document, path, out);
    ERR_pop_to_mark();
    atls_document_clear(&document);
    errno = saved;
    return reason == ATLS_OK ? ATLS_OK
                             : atls_why(why, reason, "%s", document.why.text);
}

void atls_stock_clear(struct atls_stock_folder *folder)
{
    atls_tcb_clear(&folder->tcb);
    atls_collateral_clear(&folder->collateral);
}

struct atls_stock atls_stock_of(const struct atls_stock_folder *folder)
{
    return (struct atls_stock){.collateral = &folder->collateral,
                               .tcb = &folder->tcb};
}
