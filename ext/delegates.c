/* SPDX-License-Identifier: Apache-2.0
 *
 * A small table under a mutex, which nobody holds while something is made.
 */
#include "delegates.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include <openssl/rand.h>

#include "clock.h"

#define SECOND_NS INT64_C(1000000000)

struct entry {
    bool is_used;
    uint8_t tik[ATLS_DELEGATION_HASH];
    unsigned way;
    struct atls_delegate *current; /* NULL: none yet */
    uint64_t last_use;             /* of the table's counter */

    bool is_being_made;
    pthread_t maker;
    unsigned num_waiters; /* for it to be made */
    unsigned num_callers; /* in atls_delegates_get1: it must stay */

    unsigned num_failures; /* in a row */
    int64_t retry_ns;      /* not before; of atls_clock_now */
    struct atls_why why;   /* of the last failure */
};

struct atls_delegates {
    struct atls_delegates_world world;
    pthread_mutex_t mutex;
    pthread_cond_t made;
    bool is_inherited; /* from the process that forked this one */
    uint64_t num_uses;
    struct entry entries[ATLS_DELEGATES_MAX];
};

/* A thread may use the table while another one forks: the child must not find
 * the mutex taken, nor an entry half written. */
static struct atls_delegates *watched;

static void before_fork(void)
{
    if (watched != NULL)
        pthread_mutex_lock(&watched->mutex);
}

static void after_fork(void)
{
    if (watched != NULL)
        pthread_mutex_unlock(&watched->mutex);
}

static void init_locks(struct atls_delegates *delegates)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&delegates->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&delegates->made, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* Nothing of libcrypto is called here, whose locks may be taken as well. */
static void in_child(void)
{
    if (watched == NULL)
        return;
    init_locks(watched);
    watched->is_inherited = true;
}

struct atls_delegates *
atls_delegates_new(const struct atls_delegates_world *world)
{
    struct atls_delegates *delegates = calloc(1, sizeof(*delegates));

    if (delegates == NULL)
        return NULL;
    delegates->world = *world;
    init_locks(delegates);
    if (watched == NULL) {
        watched = delegates;
        pthread_atfork(before_fork, after_fork, in_child);
    }
    return delegates;
}

static void drop_all(struct atls_delegates *delegates)
{
    for (size_t i = 0; i < ATLS_DELEGATES_MAX; i++)
        atls_delegate_free(delegates->entries[i].current);
    memset(delegates->entries, 0, sizeof(delegates->entries));
}

void atls_delegates_free(struct atls_delegates *delegates)
{
    if (delegates == NULL)
        return;
    if (watched == delegates)
        watched = NULL;
    drop_all(delegates);
    pthread_cond_destroy(&delegates->made);
    pthread_mutex_destroy(&delegates->mutex);
    free(delegates);
}

/* The keys of the parent are the parent's. */
static void lock(struct atls_delegates *delegates)
{
    pthread_mutex_lock(&delegates->mutex);
    if (delegates->is_inherited)
        drop_all(delegates);
    delegates->is_inherited = false;
}

static bool is_of(const struct entry *entry, const uint8_t *tik, unsigned way)
{
    return entry->is_used && entry->way == way &&
           memcmp(entry->tik, tik, sizeof(entry->tik)) == 0;
}

/* A free entry, else the least recently used that nobody is in. */
static struct entry *find_room(struct atls_delegates *delegates)
{
    struct entry *oldest = NULL;

    for (size_t i = 0; i < ATLS_DELEGATES_MAX; i++) {
        struct entry *entry = &delegates->entries[i];

        if (!entry->is_used)
            return entry;
        if (entry->num_callers == 0 &&
            (oldest == NULL || entry->last_use < oldest->last_use))
            oldest = entry;
    }
    return oldest;
}

static struct entry *find(struct atls_delegates *delegates, const uint8_t *tik,
                          unsigned way)
{
    struct entry *entry = NULL;

    for (size_t i = 0; i < ATLS_DELEGATES_MAX; i++)
        if (is_of(&delegates->entries[i], tik, way))
            entry = &delegates->entries[i];
    if (entry == NULL && (entry = find_room(delegates)) != NULL) {
        atls_delegate_free(entry->current);
        *entry = (struct entry){.is_used = true, .way = way};
        memcpy(entry->tik, tik, sizeof(entry->tik));
    }
    if (entry != NULL)
        entry->last_use = ++delegates->num_uses;
    return entry;
}

static bool is_valid(const struct entry *entry, int64_t now_s)
{
    return entry->current != NULL &&
           atls_delegate_is_valid(entry->current, now_s);
}

enum step { USE, MAKE, WAIT, PAUSE };

static enum step next_step(const struct entry *entry, int64_t now_s)
{
    bool may_make =
        !entry->is_being_made && atls_clock_now() >= entry->retry_ns;

    if (is_valid(entry, now_s) &&
        (!may_make || !atls_delegate_is_due(entry->current, now_s)))
        return USE;
    if (may_make)
        return MAKE;
    return entry->is_being_made ? WAIT : PAUSE;
}

/* 1, 2, 4 ... seconds, a quarter more or less, so that a fleet does not come
 * back at once. */
static int64_t pause_ns(unsigned num_failures)
{
    unsigned doublings = num_failures < 7 ? num_failures - 1 : 6;
    int64_t pause_s = INT64_C(1) << doublings;
    uint8_t jitter = 128;

    if (pause_s > ATLS_DELEGATES_PAUSE_S)
        pause_s = ATLS_DELEGATES_PAUSE_S;
    (void)RAND_bytes(&jitter, 1);
    return pause_s * SECOND_NS / 4 * 3 + pause_s * SECOND_NS / 512 * jitter;
}

struct making {
    const struct atls_delegates_world *world;
    struct atls_delegates_request request;
};

static enum atls_reason vouch(void *arg, const struct atls_secret *value,
                              struct atls_view origin, int64_t now_s,
                              struct atls_buf *record, int64_t *expires_s,
                              struct atls_why *why)
{
    const struct making *making = arg;

    return making->world->vouch(making->world->arg, &making->request, value,
                                origin, now_s, record, expires_s, why);
}

/* With the mutex: what came of it. Returns what there was to tell. */
static struct atls_delegates_news settle(struct atls_delegates *delegates,
                                         struct entry *entry,
                                         struct atls_delegate *made,
                                         const struct atls_why *why)
{
    struct atls_delegates_news news = {.event = ATLS_DELEGATES_FAILED,
                                       .way = entry->way};

    entry->is_being_made = false;
    if (made != NULL) {
        news.event = entry->current == NULL ? ATLS_DELEGATES_MADE
                                            : ATLS_DELEGATES_RENEWED;
        atls_delegate_free(entry->current);
        entry->current = made;
        entry->num_failures = 0;
        entry->retry_ns = 0;
    } else {
        entry->num_failures++;
        entry->retry_ns = atls_clock_now() + pause_ns(entry->num_failures);
        entry->why = *why;
    }
    if (entry->current != NULL)
        news.expires_s = entry->current->expires_s;
    pthread_cond_broadcast(&delegates->made);
    return news;
}

/* What has expired at birth would be made again and again. */
static struct atls_delegate *check_life(struct atls_delegate *made,
                                        int64_t now_s, struct atls_why *why)
{
    if (atls_delegate_is_valid(made, now_s))
        return made;
    atls_why(why, ATLS_DELEGATION_STALE,
             "delegate: what vouches for it expired %lld s ago",
             (long long)(now_s - made->expires_s));
    atls_delegate_free(made);
    return NULL;
}

/* The mutex is given back while it takes its time. */
static void make(struct atls_delegates *delegates, struct entry *entry,
                 int64_t now_s, int64_t deadline_ns)
{
    uint8_t tik[ATLS_DELEGATION_HASH];
    struct making making = {&delegates->world,
                            {.way = entry->way,
                             .tik = tik,
                             .deadline_ns = deadline_ns,
                             .is_renewal = is_valid(entry, now_s),
                             .num_failures = entry->num_failures}};
    struct atls_delegate *made = NULL;
    struct atls_delegates_news news;
    struct atls_why why = {0};
    int64_t begun_ns = atls_clock_now();

    entry->is_being_made = true;
    entry->maker = pthread_self();
    memcpy(tik, entry->tik, sizeof(tik));
    pthread_mutex_unlock(&delegates->mutex);
    if (atls_delegate_make(tik, now_s, delegates->world.lifetime_s, vouch,
                           &making, &made, &why) == ATLS_OK)
        made = check_life(made, now_s, &why);
    pthread_mutex_lock(&delegates->mutex);
    news = settle(delegates, entry, made, &why);
    pthread_mutex_unlock(&delegates->mutex);
    news.tik = tik;
    news.took_ns = atls_clock_now() - begun_ns;
    news.why = &why;
    delegates->world.tell(delegates->world.arg, &news);
    pthread_mutex_lock(&delegates->mutex);
}

/* A handshake that comes out of making it (to the Verifier, say) would wait
 * for itself. */
static enum atls_reason wait_for(struct atls_delegates *delegates,
                                 struct entry *entry, int64_t deadline_ns,
                                 struct atls_why *why)
{
    struct timespec until = {deadline_ns / SECOND_NS, deadline_ns % SECOND_NS};
    int failed = 0;

    if (entry->num_waiters == ATLS_DELEGATES_WAITERS ||
        pthread_equal(entry->maker, pthread_self()))
        return atls_why(why, ATLS_DELEGATE_BUSY,
                        "delegate: another handshake makes it, and %u wait",
                        entry->num_waiters);
    entry->num_waiters++;
    while (entry->is_being_made && failed == 0)
        failed =
            pthread_cond_timedwait(&delegates->made, &delegates->mutex, &until);
    entry->num_waiters--;
    return entry->is_being_made
               ? atls_why(why, ATLS_DELEGATE_BUSY,
                          "delegate: another handshake makes it, and has not "
                          "done so before the timeout")
               : ATLS_OK;
}

static enum atls_reason pause(const struct entry *entry, struct atls_why *why)
{
    return atls_why(why, ATLS_DELEGATE_PAUSED,
                    "delegate: it is tried again soon; the last time: %s",
                    entry->why.text);
}

static enum atls_reason get_locked(struct atls_delegates *delegates,
                                   struct entry *entry, int64_t now_s,
                                   int64_t deadline_ns,
                                   struct atls_delegate **out,
                                   struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;

    while (reason == ATLS_OK) {
        switch (next_step(entry, now_s)) {
        case USE:
            *out = entry->current;
            atls_delegate_up_ref(*out);
            return ATLS_OK;
        case MAKE:
            make(delegates, entry, now_s, deadline_ns);
            if (entry->num_failures > 0 && !is_valid(entry, now_s))
                reason =
                    atls_why(why, entry->why.reason, "%s", entry->why.text);
            break;
        case WAIT:
            reason = wait_for(delegates, entry, deadline_ns, why);
            break;
        case PAUSE:
            reason = pause(entry, why);
            break;
        }
    }
    return reason;
}

enum atls_reason atls_delegates_get1(struct atls_delegates *delegates,
                                     const uint8_t tik[ATLS_DELEGATION_HASH],
                                     unsigned way, int64_t now_s,
                                     int64_t deadline_ns,
                                     struct atls_delegate **out,
                                     struct atls_why *why)
{
    struct entry *entry;
    enum atls_reason reason;

    *out = NULL;
    lock(delegates);
    entry = find(delegates, tik, way);
    if (entry == NULL) {
        reason = atls_why(why, ATLS_DELEGATE_BUSY,
                          "delegate: %d others are in use", ATLS_DELEGATES_MAX);
    } else {
        entry->num_callers++;
        reason = get_locked(delegates, entry, now_s, deadline_ns, out, why);
        entry->num_callers--;
    }
    pthread_mutex_unlock(&delegates->mutex);
    return reason;
}

bool atls_delegates_is_paused(struct atls_delegates *delegates, unsigned way,
                              int64_t now_s)
{
    bool is_paused = false, has_valid = false;

    lock(delegates);
    for (size_t i = 0; i < ATLS_DELEGATES_MAX; i++) {
        const struct entry *entry = &delegates->entries[i];

        if (!entry->is_used || entry->way != way)
            continue;
        is_paused |= atls_clock_now() < entry->retry_ns;
        has_valid |= is_valid(entry, now_s);
    }
    pthread_mutex_unlock(&delegates->mutex);
    return is_paused && !has_valid;
}
