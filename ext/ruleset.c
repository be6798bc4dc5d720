/* SPDX-License-Identifier: Apache-2.0
 *
 * One policy at a time, exchanged whole.
 */
#include "ruleset.h"

#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

struct stamp { /* what tells one state of a file from the next */
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed, modified;
};

/* One of several SSL_CTX_new in threads may run while another thread forks: the
 * child must not find the mutex taken. */
static struct atls_ruleset *kept;

struct atls_ruleset {
    const struct atls_settings *settings;
    pthread_mutex_t mutex;
    struct atls_policy *policy;
    struct stamp stamp; /* of the file last looked at, good or bad */
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

static struct stamp stamp_of(const char *path)
{
    struct stamp stamp;
    struct stat file;

    memset(&stamp, 0, sizeof(stamp)); /* compared with its padding */
    if (stat(path, &file) != 0)
        return stamp;
    stamp.device = file.st_dev;
    stamp.inode = file.st_ino;
    stamp.size = file.st_size;
    stamp.changed = file.st_ctim;
    stamp.modified = file.st_mtim;
    return stamp;
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

static enum atls_reason read_policy(const struct atls_ruleset *ruleset,
                                    struct atls_policy **out,
                                    struct atls_why *why)
{
    const struct atls_settings *settings = ruleset->settings;
    enum atls_reason reason =
        atls_policy_read(settings->policy, NULL, NULL, out, why);
    struct atls_why inner = {0};

    if (reason != ATLS_OK || check_policy(*out, settings, &inner) == ATLS_OK)
        return reason;
    atls_policy_free(*out);
    *out = NULL;
    return atls_why(why, inner.reason, "%s: %s", settings->policy, inner.text);
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
    ruleset->stamp = stamp_of(settings->policy); /* before reading: never too
                                                    new */
    reason = read_policy(ruleset, &ruleset->policy, why);
    if (reason != ATLS_OK) {
        atls_ruleset_free(ruleset);
        return reason;
    }
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
    pthread_mutex_destroy(&ruleset->mutex);
    free(ruleset);
}

static void read_again(struct atls_ruleset *ruleset, struct atls_log *log)
{
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    if (read_policy(ruleset, &policy, &why) != ATLS_OK) {
        atls_log_text(log, ATLS_LOG_ERROR,
                      "the changed policy is not taken, the old one stays in "
                      "force: %s",
                      why.text);
        return;
    }
    atls_policy_free(ruleset->policy);
    ruleset->policy = policy;
    atls_log_text(log, ATLS_LOG_INFO, "policy %s read anew",
                  ruleset->settings->policy);
}

void atls_ruleset_refresh(struct atls_ruleset *ruleset, struct atls_log *log)
{
    struct stamp stamp;

    if (ruleset == NULL)
        return;
    pthread_mutex_lock(&ruleset->mutex);
    stamp = stamp_of(ruleset->settings->policy);
    if (memcmp(&stamp, &ruleset->stamp, sizeof(stamp)) != 0) {
        ruleset->stamp = stamp;
        read_again(ruleset, log);
    }
    pthread_mutex_unlock(&ruleset->mutex);
}

struct atls_policy *atls_ruleset_get1(struct atls_ruleset *ruleset)
{
    struct atls_policy *policy;

    if (ruleset == NULL)
        return NULL;
    pthread_mutex_lock(&ruleset->mutex);
    policy = ruleset->policy;
    atls_policy_up_ref(policy);
    pthread_mutex_unlock(&ruleset->mutex);
    return policy;
}
