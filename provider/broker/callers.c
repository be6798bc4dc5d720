/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker's callers.
 */
#include "provider/broker/callers.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)

void atls_callers_init(struct atls_callers *callers, unsigned rate)
{
    *callers = (struct atls_callers){.num = 1, .rate = rate};
    callers->list[0].uid = 0;
}

static bool parse_uid(const char *name, uid_t *out)
{
    const struct passwd *user;
    char *end = NULL;
    unsigned long number;

    if (name[0] >= '0' && name[0] <= '9') {
        errno = 0;
        number = strtoul(name, &end, 10);
        *out = (uid_t)number;
        return errno == 0 && *end == '\0' && number < UINT32_MAX;
    }
    user = getpwnam(name);
    if (user != NULL)
        *out = user->pw_uid;
    return user != NULL;
}

enum atls_reason atls_callers_add(struct atls_callers *callers,
                                  const char *name, struct atls_why *why)
{
    uid_t uid = 0;

    if (!parse_uid(name, &uid))
        return atls_why(why, ATLS_SETTING_INVALID,
                        "--allow %s: there is no such user", name);
    if (atls_callers_find(callers, uid) != NULL)
        return ATLS_OK;
    if (callers->num == ATLS_CALLERS_MAX)
        return atls_why(why, ATLS_SETTING_INVALID,
                        "--allow: more than %d users", ATLS_CALLERS_MAX - 1);
    callers->list[callers->num++] = (struct atls_caller){.uid = uid};
    return ATLS_OK;
}

struct atls_caller *atls_callers_find(struct atls_callers *callers, uid_t uid)
{
    for (size_t i = 0; i < callers->num; i++)
        if (callers->list[i].uid == uid)
            return &callers->list[i];
    return NULL;
}

enum atls_reason atls_caller_charge(struct atls_caller *caller, unsigned rate,
                                    int64_t now_ns, struct atls_why *why)
{
    int64_t drained = now_ns - caller->drained_ns;

    caller->level_ns =
        drained < caller->level_ns ? caller->level_ns - drained : 0;
    caller->drained_ns = now_ns;
    if (caller->level_ns + SECOND_NS / rate > SECOND_NS)
        return atls_why(why, ATLS_ATTESTER_BUSY,
                        "uid %u asks more than %u times a second",
                        (unsigned)caller->uid, rate);
    caller->level_ns += SECOND_NS / rate;
    return ATLS_OK;
}
