/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker's callers, counted.
 */
#include "provider/broker/tally.h"

#include <stdio.h>

/* From one on, with it; all of them are named from now on. */
static size_t count_alike(struct atls_pending *one)
{
    size_t num = 0;

    for (struct atls_pending *at = one; at != NULL; at = at->next)
        if (at->uid == one->uid && at->kind == one->kind) {
            at->is_named = true;
            num++;
        }
    return num;
}

static int name(struct atls_pending *one, char *text, size_t size)
{
    size_t num = count_alike(one);

    return num == 1 ? snprintf(text, size, "pid %ld uid %lu %s", (long)one->pid,
                               (unsigned long)one->uid,
                               atls_origin_kind_name(one->kind))
                    : snprintf(text, size, "%zu of uid %lu %s", num,
                               (unsigned long)one->uid,
                               atls_origin_kind_name(one->kind));
}

bool atls_tally_name(struct atls_pending *list, char text[ATLS_TALLY_TEXT])
{
    char *at = text, *end = text + ATLS_TALLY_TEXT;
    int num = 0;

    for (; list != NULL && num < ATLS_TALLY_MAX_NAMED; list = list->next) {
        if (list->is_named)
            continue;
        if (num++ > 0)
            at += snprintf(at, (size_t)(end - at), ", ");
        at += name(list, at, (size_t)(end - at));
    }
    return num > 0;
}
