/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets of keys, each immutable, the newest of which counts. A set stays until
 * the policy goes, since another thread may be using it: they are small, and
 * rotations are rare.
 */
#include "verifier_keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/x509.h>

#include "clock.h"
#include "file.h"
#include "spki.h"

enum { LOOK_NS = 1000000000 }; /* between looks at the files */

struct source {
    char *text; /* or path; owned */
    bool is_path;
    struct stat seen; /* when it was read last */
};

struct set {
    struct atls_jws_keys keys;
    uint64_t version;
    struct set *older;
};

struct atls_verifier_keys {
    struct source *sources;
    size_t num_sources;
    struct set *newest;              /* atomic */
    const struct atls_anchors *pool; /* NULL: not asked */
    const char *verifier;
    atls_verifier_keys_fn *tell; /* NULL: nobody */
    void *tell_arg;
    int64_t looked_ns; /* atomic */
    pid_t reloader; /* atomic; 0: nobody. What a parent's thread was doing when
                       it forked nobody will finish */
};

static void free_set(struct set *set)
{
    if (set == NULL)
        return;
    atls_jws_keys_clear(&set->keys);
    free(set);
}

static void free_sets(struct set *set)
{
    while (set != NULL) {
        struct set *older = set->older;

        free_set(set);
        set = older;
    }
}

static void auto_set(struct set **set)
{
    free_set(*set);
}
#define AUTO_SET __attribute__((cleanup(auto_set))) struct set

struct atls_verifier_keys *atls_verifier_keys_new(void)
{
    struct atls_verifier_keys *keys = calloc(1, sizeof(*keys));

    if (keys == NULL)
        return NULL;
    keys->newest = calloc(1, sizeof(*keys->newest));
    if (keys->newest == NULL) {
        free(keys);
        return NULL;
    }
    keys->newest->version = 1;
    return keys;
}

void atls_verifier_keys_free(struct atls_verifier_keys *keys)
{
    if (keys == NULL)
        return;
    free_sets(keys->newest);
    for (size_t i = 0; i < keys->num_sources; i++)
        free(keys->sources[i].text);
    free(keys->sources);
    free(keys);
}

static enum atls_reason read_source(const struct source *source,
                                    struct atls_jws_keys *out,
                                    struct atls_why *why)
{
    ATLS_AUTO_BUF text = atls_buf(ATLS_FILE_MAX);

    if (!source->is_path)
        return atls_jws_keys_read(atls_view_text(source->text), "key", out,
                                  why);
    if (atls_file_read(source->text, &text, why) != ATLS_OK)
        return why->reason;
    return atls_jws_keys_read(atls_buf_view(&text), source->text, out, why);
}

enum atls_reason atls_verifier_keys_add(struct atls_verifier_keys *keys,
                                        const char *text, bool is_path,
                                        struct atls_why *why)
{
    struct source *sources =
        realloc(keys->sources, (keys->num_sources + 1) * sizeof(*sources));
    struct source *source;
    struct atls_why found = {0};
    enum atls_reason reason;

    if (sources == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    keys->sources = sources;
    source = &sources[keys->num_sources];
    *source = (struct source){.text = strdup(text), .is_path = is_path};
    if (source->text == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    keys->num_sources++;
    if (is_path && stat(text, &source->seen) != 0)
        source->seen = (struct stat){0};
    reason = read_source(source, &keys->newest->keys, &found);
    return reason == ATLS_OK ? ATLS_OK
                             : atls_why(why, reason, "%s", found.text);
}

static enum atls_reason look_up(const struct atls_anchors *pool, EVP_PKEY *key,
                                struct atls_why *why)
{
    ATLS_AUTO_BUF spki = atls_buf(ATLS_SPKI_MAX);
    uint8_t id[ATLS_SPKI_HASH];

    if (atls_spki_put_key(&spki, key, NULL) != ATLS_OK ||
        atls_spki_hash(atls_buf_view(&spki), id, NULL) != ATLS_OK)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (atls_anchors_find(pool, atls_view(id, sizeof(id))) != NULL)
        return atls_why(why, ATLS_POLICY_INVALID,
                        "want keys of a Verifier that are no trust anchors for "
                        "Evidence, found one that is both");
    return ATLS_OK;
}

static enum atls_reason part(const struct atls_jws_keys *keys,
                             const struct atls_anchors *pool,
                             struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;

    for (size_t i = 0; pool != NULL && reason == ATLS_OK && i < keys->num; i++)
        reason = look_up(pool, keys->items[i].key, why);
    return reason;
}

enum atls_reason atls_verifier_keys_part(struct atls_verifier_keys *keys,
                                         const struct atls_anchors *pool,
                                         struct atls_why *why)
{
    keys->pool = pool;
    return part(&keys->newest->keys, pool, why);
}

void atls_verifier_keys_watch(struct atls_verifier_keys *keys,
                              const char *verifier, atls_verifier_keys_fn *tell,
                              void *arg)
{
    keys->verifier = verifier;
    keys->tell = tell;
    keys->tell_arg = arg;
}

/* One that is gone has changed, once: all of *now is 0 then. */
static bool is_changed(const struct source *source, struct stat *now)
{
    const struct stat *seen = &source->seen;

    if (source->is_path && stat(source->text, now) != 0)
        *now = (struct stat){0};
    return source->is_path &&
           (now->st_mtim.tv_sec != seen->st_mtim.tv_sec ||
            now->st_mtim.tv_nsec != seen->st_mtim.tv_nsec ||
            now->st_size != seen->st_size || now->st_ino != seen->st_ino ||
            now->st_dev != seen->st_dev);
}

static bool is_any_changed(const struct atls_verifier_keys *keys)
{
    struct stat now;

    for (size_t i = 0; i < keys->num_sources; i++)
        if (is_changed(&keys->sources[i], &now))
            return true;
    return false;
}

/* Taken before the files are read: what changes meanwhile is read once more. */
static void note_changes(struct atls_verifier_keys *keys)
{
    struct stat now;

    for (size_t i = 0; i < keys->num_sources; i++)
        if (is_changed(&keys->sources[i], &now))
            keys->sources[i].seen = now;
}

static struct set *read_set(const struct atls_verifier_keys *keys,
                            struct atls_why *why)
{
    AUTO_SET *set = calloc(1, sizeof(*set));

    if (set == NULL)
        atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    for (size_t i = 0; set != NULL && i < keys->num_sources; i++)
        if (read_source(&keys->sources[i], &set->keys, why) != ATLS_OK)
            return NULL;
    if (set == NULL || part(&set->keys, keys->pool, why) != ATLS_OK)
        return NULL;
    return ATLS_STEAL(set);
}

static void tell(const struct atls_verifier_keys *keys,
                 const struct atls_why *why)
{
    if (keys->tell != NULL)
        keys->tell(keys->tell_arg, keys->verifier, why);
}

/* Files that cannot be read now, or are wrong, are tried again when they change
 * once more. */
static void reload(struct atls_verifier_keys *keys)
{
    struct set *newest = __atomic_load_n(&keys->newest, __ATOMIC_ACQUIRE);
    struct atls_why why = {0};
    struct set *set;

    if (!is_any_changed(keys))
        return;
    note_changes(keys);
    set = read_set(keys, &why);
    if (set == NULL) {
        tell(keys, &why);
        return;
    }
    set->older = newest;
    set->version = newest->version + 1;
    __atomic_store_n(&keys->newest, set, __ATOMIC_RELEASE);
    tell(keys, &why);
}

/* One thread of this process at a time; others go on with what there is. */
static void look(struct atls_verifier_keys *keys)
{
    pid_t us = getpid();
    pid_t other = __atomic_load_n(&keys->reloader, __ATOMIC_ACQUIRE);
    int saved = errno;

    if (other == us ||
        !__atomic_compare_exchange_n(&keys->reloader, &other, us, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return;
    reload(keys);
    __atomic_store_n(&keys->reloader, 0, __ATOMIC_RELEASE);
    errno = saved;
}

const struct atls_jws_keys *
atls_verifier_keys_get0(struct atls_verifier_keys *keys, uint64_t *version)
{
    int64_t now = atls_clock_now();
    int64_t looked = __atomic_load_n(&keys->looked_ns, __ATOMIC_RELAXED);
    const struct set *set;

    if (now - looked >= LOOK_NS &&
        __atomic_compare_exchange_n(&keys->looked_ns, &looked, now, false,
                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        look(keys);
    set = __atomic_load_n(&keys->newest, __ATOMIC_ACQUIRE);
    *version = set->version;
    return &set->keys;
}
