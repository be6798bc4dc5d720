/* SPDX-License-Identifier: Apache-2.0
 *
 * What is appraised: Evidence of one format from a device of the vendors that
 * test/provider/make_vendors made, with the policy that takes it, and its
 * signatures alone.
 */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

#include "atls/atls.h"
#include "bare.h"
#include "test/provider/vendors.h"

#define BENCH_SUBJECT_ITEMS 20 /* connections, each with a nonce of its own */
#define BENCH_SUBJECT_NONCE 32 /* bytes */

struct bench_evidence {
    struct atls_buf cmw;
    uint8_t nonce[BENCH_SUBJECT_NONCE];
};

struct bench_subject {
    const struct vendors_format *format;
    const char *folder; /* the vendors' */
    int64_t now;        /* when the Evidence was made: seconds since 1970 */
    struct atls_policy *policy;
    struct bench_evidence items[BENCH_SUBJECT_ITEMS];
    struct bench_bare evidence; /* the signatures of the Evidence */
    struct bench_bare all;      /* these and those of its chain */
};

/* bench_subject_make: false after printing why. Clear it whatever comes. */
bool bench_subject_make(struct bench_subject *subject,
                        const struct vendors *vendors,
                        const struct vendors_format *format,
                        const char *folder);
void bench_subject_clear(struct bench_subject *subject);

/* bench_subject_renew: reads the policy again, which remembers no chain then.
 */
bool bench_subject_renew(struct bench_subject *subject);

/* bench_subject_appraise: one of the items; false after printing the verdict
 * unless it is accepted. */
bool bench_subject_appraise(const struct bench_subject *subject, unsigned item);

/* bench_subject_refuses: Evidence with one wrong bit is refused, after all that
 * was good and remembered. */
bool bench_subject_refuses(const struct bench_subject *subject,
                           const struct vendors *vendors);

#endif
