/* SPDX-License-Identifier: Apache-2.0
 *
 * Fetching wants into a folder: asked for, checked, put there in one step.
 * Nothing that is there is touched before what replaces it has been verified.
 */
#ifndef ATLS_CLI_FETCHER_H
#define ATLS_CLI_FETCHER_H

#include "json.h"
#include "renewal.h"

struct atls_fetcher { /* zeroed but for the first five */
    const char *folder;
    const char *kds, *pcs; /* URLs; NULL: the makers' own; a pcs has all of
                              Intel's */
    const char *ca;        /* PEM file: whom to believe that a server is it;
                              NULL: the system's */
    int64_t now;
    struct atls_stock_folder stock; /* of the folder, as it was */
    STACK_OF(X509) * roots;         /* --trust-anchor; NULL: the makers' */
    STACK_OF(X509) * known;         /* certificates so far */
    STACK_OF(X509_CRL) * crls;      /* CRLs so far */
    json_t *items;    /* array of {outcome, what, file, until, reason, text} */
    unsigned num_bad; /* of them */
};

/* atls_fetcher_open: reads the folder, which is made if it is not there; what
 * is wrong in it is told by problems. FILE_UNREADABLE, OUT_OF_MEMORY. Close
 * *fetcher in any case. */
enum atls_reason ATLS_MUST_USE atls_fetcher_open(struct atls_fetcher *fetcher,
                                                 atls_problem_fn *problems,
                                                 void *arg,
                                                 struct atls_why *why);
void atls_fetcher_close(struct atls_fetcher *fetcher);

/* atls_fetcher_trust: the certificates of a PEM file: self-signed ones are
 * roots, others may lead to them. FILE_UNREADABLE, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE atls_fetcher_trust(struct atls_fetcher *fetcher,
                                                  const char *path,
                                                  struct atls_why *why);

/* atls_fetcher_run: every want, each with an item that says what came of it:
 * "fetched"; "there": what is there is as new, or lasts; "kept": what came is
 * older; "failed"; and "lacking": nobody can fetch it. */
void atls_fetcher_run(struct atls_fetcher *fetcher,
                      const struct atls_wants *wants);

#endif
