/* SPDX-License-Identifier: Apache-2.0
 *
 * Whom the broker serves: users by number, each with a share of its own. Root
 * is always among them, as it may open the device anyway.
 */
#ifndef ATLS_BROKER_CALLERS_H
#define ATLS_BROKER_CALLERS_H

#include <sys/types.h>

#include "clock.h"
#include "why.h"

#define ATLS_CALLERS_MAX 64 /* users */

struct atls_caller {
    uid_t uid;
    int64_t level_ns; /* of a leaky bucket: time that its requests stand for */
    int64_t drained_ns;
};

struct atls_callers {
    struct atls_caller list[ATLS_CALLERS_MAX];
    size_t num;
    unsigned rate; /* requests of one user a second */
};

void atls_callers_init(struct atls_callers *callers, unsigned rate);

/* atls_callers_add: name is a user's, or a number. SETTING_INVALID. */
enum atls_reason ATLS_MUST_USE atls_callers_add(struct atls_callers *callers,
                                                const char *name,
                                                struct atls_why *why);

/* NULL: not served. */
struct atls_caller *atls_callers_find(struct atls_callers *callers, uid_t uid);

/* atls_caller_charge: counts one request at now_ns. A burst of one second's
 * requests is allowed. ATTESTER_BUSY. */
enum atls_reason ATLS_MUST_USE atls_caller_charge(struct atls_caller *caller,
                                                  unsigned rate, int64_t now_ns,
                                                  struct atls_why *why);

#endif
