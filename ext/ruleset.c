/* SPDX-License-Identifier: Apache-2.0
 *
 * One policy at a time, exchanged whole. Whoever looks at the files holds no
 * mutex, so that nobody waits for him.
 */
#include "ruleset.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>

#include "clock.h"
#include "expiry_log.h"
#include "offload.h"
#include "stamp.h"

enum { LOOK_NS = 1000000000 }; /* between looks at the files */

/* One of several threads may exchange policies while another one forks: the
 * child must not find the mutex taken. */
static struct atls_ruleset *kept;

struct atls_ruleset {
    const struct atls_settings *settings;
    pthread_mutex_t mutex;
    struct atls_policy *policy; /* under the mutex */
    int64_t looked_ns;          /* atomic */
    pid_t looker; /* atomic; 0: nobody. What a parent's thread was doing when
                     it forked nobody will finish */
    /* His alone: */
    struct atls_stamps *stamps; /* of what was read last, good or bad */
    bool is_gone;               /* and that was said */
    struct atls_expiry_log ends;
};

static void before_fork(void)
{
    if (kept != NULL)
        pthread_mutex_lock(&kept->mutex);
}

static void after_fork(void)
{
    if (kept != NULL)
        pthread_mutex_unlock(&kept->mutex);
}

static enum atls_reason check_passport(const struct atls_policy *policy,
                                       const char *passport,
                                       struct atls_why *why)
{
    if (passport == NULL ||
        atls_policy_verifier(policy, atls_view_text(passport)) != NULL)
        return ATLS_OK;
    return atls_why(why, ATLS_POLICY_INVALID,
                    "passport: want one of the policy's \"verifiers\", found "
                    "\"%.80s\"",
                    passport);
}

static enum atls_reason check_policy(const struct atls_policy *policy,
                                     const struct atls_settings *settings,
                                     struct atls_why *why)
{
    enum atls_reason reason =
        atls_policy_check_identity(policy, settings->identity, why);

    if (reason == ATLS_OK)
        reason = atls_policy_check_verifier(policy, settings->verifier, why);
    return reason != ATLS_OK ? reason
                             : check_passport(policy, settings->passport, why);
}

static enum atls_reason read_policy(const struct atls_settings *settings,
                                    struct atls_stamps *stamps,
                                    struct atls_policy **out,
                                    struct atls_why *why)
{
    enum atls_reason reason =
        atls_policy_watch(settings->policy, stamps, out, why);
    struct atls_why inner = {0};

    if (reason != ATLS_OK || check_policy(*out, settings, &inner) == ATLS_OK)
        return reason;
    atls_policy_free(*out);
    *out = NULL;
    return atls_why(why, inner.reason, "%s: %s", settings->policy, inner.text);
}

/* A key that was taken away is trusted until another is there. */
static void tell_keys(void *arg, const char *verifier,
                      const struct atls_why *why)
{
    if (why->reason == ATLS_OK)
        atls_log_text(arg, ATLS_LOG_INFO, "keys of %s read anew", verifier);
    else
        atls_log_text(arg, ATLS_LOG_ERROR,
                      "the changed keys of %s are not taken, the old ones stay "
                      "in force: %s",
                      verifier, why->text);
}

static void tell_ends(void *arg)
{
    struct atls_ruleset *ruleset = arg;

    /* only who looks exchanges it */
    atls_expiry_log_say(&ruleset->ends, ruleset->policy, time(NULL),
                        ruleset->settings->log);
}

enum atls_reason atls_ruleset_open(const struct atls_settings *settings,
                                   struct atls_ruleset **out,
                                   struct atls_why *why)
{
    struct atls_ruleset *ruleset = calloc(1, sizeof(*ruleset));
    enum atls_reason reason;

    *out = NULL;
    if (ruleset == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    pthread_mutex_init(&ruleset->mutex, NULL);
    ruleset->settings = settings;
    ruleset->looked_ns = atls_clock_now();
    ruleset->stamps = atls_stamps_new();
    reason = ruleset->stamps == NULL ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL)
                                     : read_policy(settings, ruleset->stamps,
                                                   &ruleset->policy, why);
    if (reason != ATLS_OK) {
        atls_ruleset_free(ruleset);
        return reason;
    }
    atls_policy_watch_keys(ruleset->policy, tell_keys, settings->log);
    tell_ends(ruleset);
    *out = kept = ruleset;
    pthread_atfork(before_fork, after_fork, after_fork);
    return ATLS_OK;
}

void atls_ruleset_free(struct atls_ruleset *ruleset)
{
    if (ruleset == NULL)
        return;
    if (kept == ruleset)
        kept = NULL;
    atls_policy_free(ruleset->policy);
    atls_stamps_free(ruleset->stamps);
    pthread_mutex_destroy(&ruleset->mutex);
    free(ruleset);
}

static void exchange(struct atls_ruleset *ruleset, struct atls_policy *policy)
{
    struct atls_policy *old;

    pthread_mutex_lock(&ruleset->mutex);
    old = ruleset->policy;
    ruleset->policy = policy;
    pthread_mutex_unlock(&ruleset->mutex);
    atls_policy_free(old);
}

/* What is bad now is not read again before it changes once more; what could
 * not be read for want of memory is, at the next look. */
static void take(struct atls_ruleset *ruleset, struct atls_stamps *stamps)
{
    struct atls_log *log = ruleset->settings->log;
    struct atls_stamps *old = ruleset->stamps;
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};
    enum atls_reason reason =
        read_policy(ruleset->settings, stamps, &policy, &why);

    if (reason == ATLS_OK) {
        atls_policy_watch_keys(policy, tell_keys, log);
        exchange(ruleset, policy);
        ruleset->ends.next = 0;
        atls_log_text(log, ATLS_LOG_INFO, "policy %s read anew",
                      ruleset->settings->policy);
    } else {
        atls_log_text(log, ATLS_LOG_ERROR,
                      "the changed policy is not taken, the old one stays in "
                      "force: %s",
                      why.text);
    }
    ruleset->stamps = reason == ATLS_OUT_OF_MEMORY ? old : stamps;
    atls_stamps_free(reason == ATLS_OUT_OF_MEMORY ? stamps : old);
}

static void read_again(void *arg)
{
    struct atls_stamps *stamps = atls_stamps_new();

    if (stamps != NULL)
        take(arg, stamps);
}

/* A program may have changed its root, or given up the right to see them. */
static void note_gone(struct atls_ruleset *ruleset)
{
    if (ruleset->is_gone)
        return;
    ruleset->is_gone = true;
    atls_log_text(ruleset->settings->log, ATLS_LOG_ERROR,
                  "%s cannot be seen any more (%s): the old one stays in "
                  "force, and changes wait for a restart or until it can",
                  ruleset->settings->policy, strerror(errno));
}

static void look_at_files(struct atls_ruleset *ruleset)
{
    enum atls_stamps_state state = atls_stamps_look(ruleset->stamps);

    if (state == ATLS_STAMPS_GONE) {
        note_gone(ruleset);
        return;
    }
    ruleset->is_gone = false;
    /* without a thread: at the next look */
    if (state == ATLS_STAMPS_CHANGED)
        (void)!atls_offload(read_again, ruleset);
}

static void look(struct atls_ruleset *ruleset)
{
    look_at_files(ruleset);
    if (time(NULL) >= ruleset->ends.next)
        (void)!atls_offload(tell_ends, ruleset);
}

/* One thread of this process at a time; others go on with what there is. */
static void look_alone(struct atls_ruleset *ruleset)
{
    pid_t us = getpid();
    pid_t other = __atomic_load_n(&ruleset->looker, __ATOMIC_ACQUIRE);
    int saved = errno;

    if (other == us ||
        !__atomic_compare_exchange_n(&ruleset->looker, &other, us, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return;
    ERR_set_mark();
    look(ruleset);
    ERR_pop_to_mark();
    __atomic_store_n(&ruleset->looker, 0, __ATOMIC_RELEASE);
    errno = saved;
}

void atls_ruleset_refresh(struct atls_ruleset *ruleset)
{
    if (ruleset == NULL)
        return;
    __atomic_store_n(&ruleset->looked_ns, atls_clock_now(), __ATOMIC_RELAXED);
    look_alone(ruleset);
}

/* A second has passed, and nobody else has seen it pass. */
static bool is_time(struct atls_ruleset *ruleset)
{
    int64_t now = atls_clock_now();
    int64_t looked = __atomic_load_n(&ruleset->looked_ns, __ATOMIC_RELAXED);

    return now - looked >= LOOK_NS &&
           __atomic_compare_exchange_n(&ruleset->looked_ns, &looked, now, false,
                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

struct atls_policy *atls_ruleset_get1(struct atls_ruleset *ruleset)
{
    struct atls_policy *policy;

    if (ruleset == NULL)
        return NULL;
    if (is_time(ruleset))
        look_alone(ruleset);
    pthread_mutex_lock(&ruleset->mutex);
    policy = ruleset->policy;
    atls_policy_up_ref(policy);
    pthread_mutex_unlock(&ruleset->mutex);
    return policy;
}
