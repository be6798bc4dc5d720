/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker's attester: any key that attests (atls(7), "Attester keys"),
 * opened through OSSL_STORE and asked through EVP alone. One thread asks it;
 * what waits meanwhile comes into the next batch.
 */
#ifndef ATLS_BROKER_QUOTER_H
#define ATLS_BROKER_QUOTER_H

#include "log.h"
#include "provider/broker/queue.h"
#include "provider/broker_message.h"

struct atls_quoter; /* one a process */

/* atls_quoter_new: the URI opens as a key that attests, and its device, too.
 * The log takes a line for each quote; it shall be without a limit, so that
 * nobody can be quoted for unseen. ATTESTER_ABSENT with what the provider said,
 * OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_quoter_new(const char *uri, struct atls_queue *queue, struct atls_log *log,
                struct atls_quoter **out, struct atls_why *why);
void atls_quoter_free(struct atls_quoter *quoter);

/* atls_quoter_describe: a description, as a reply's body. */
void atls_quoter_describe(const struct atls_quoter *quoter,
                          struct atls_buf *out);

/* atls_quoter_choose: what format means for a request: a batch, or a quote of
 * its own. ATTESTER_FORMAT. */
enum atls_reason ATLS_MUST_USE
atls_quoter_choose(const struct atls_quoter *quoter, struct atls_view format,
                   struct atls_pending *pending, struct atls_why *why);

/* atls_quoter_run: quotes what stands in the queue until that is closed. */
void atls_quoter_run(struct atls_quoter *quoter);

/* atls_quoter_reply: to the socket of a request, which it does not close. */
void atls_quoter_reply(int reply_to, enum atls_reason reason,
                       struct atls_view text, struct atls_view body);

#endif
