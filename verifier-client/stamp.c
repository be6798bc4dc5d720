/* SPDX-License-Identifier: Apache-2.0
 *
 * Stamps by stat(2).
 */
#include "stamp.h"

#include <string.h>
#include <sys/stat.h>

struct state {
    bool exists;
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed, modified;
};

struct stamp {
    char *path; /* owned */
    struct state state;
};

struct list {
    struct stamp *items;
    size_t num, size;
};

struct atls_stamps {
    struct list always, members;
    size_t turn; /* the member that comes next */
};

struct atls_stamps *atls_stamps_new(void)
{
    return calloc(1, sizeof(struct atls_stamps));
}

static void free_list(struct list *list)
{
    for (size_t i = 0; i < list->num; i++)
        free(list->items[i].path);
    free(list->items);
}

void atls_stamps_free(struct atls_stamps *stamps)
{
    if (stamps == NULL)
        return;
    free_list(&stamps->always);
    free_list(&stamps->members);
    free(stamps);
}

static struct state state_of(const char *path)
{
    struct state state = {.exists = false};
    struct stat file;

    if (stat(path, &file) != 0)
        return state;
    return (struct state){.exists = true,
                          .device = file.st_dev,
                          .inode = file.st_ino,
                          .size = file.st_size,
                          .changed = file.st_ctim,
                          .modified = file.st_mtim};
}

static bool times_equal(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool states_equal(const struct state *a, const struct state *b)
{
    return a->exists == b->exists && a->device == b->device &&
           a->inode == b->inode && a->size == b->size &&
           times_equal(a->changed, b->changed) &&
           times_equal(a->modified, b->modified);
}

static bool grow(struct list *list)
{
    size_t size = list->size > 0 ? 2 * list->size : 8;
    struct stamp *items;

    if (list->num < list->size)
        return true;
    items = realloc(list->items, size * sizeof(*items));
    if (items == NULL)
        return false;
    list->items = items;
    list->size = size;
    return true;
}

bool atls_stamps_add(struct atls_stamps *stamps, const char *path,
                     bool is_member)
{
    struct list *list = is_member ? &stamps->members : &stamps->always;
    char *copy = strdup(path);

    if (copy == NULL || !grow(list)) {
        free(copy);
        return false;
    }
    list->items[list->num++] = (struct stamp){copy, state_of(path)};
    return true;
}

static bool is_changed(const struct stamp *stamp)
{
    struct state now = state_of(stamp->path);

    return !states_equal(&now, &stamp->state);
}

static bool is_member_changed(struct atls_stamps *stamps)
{
    size_t num = stamps->members.num;

    for (size_t i = 0; i < num && i < ATLS_STAMPS_TURN; i++) {
        stamps->turn = (stamps->turn + 1) % num;
        if (is_changed(&stamps->members.items[stamps->turn]))
            return true;
    }
    return false;
}

enum atls_stamps_state atls_stamps_look(struct atls_stamps *stamps)
{
    const struct list *always = &stamps->always;
    bool is_different = false;

    for (size_t i = 0; i < always->num; i++) {
        struct state now = state_of(always->items[i].path);

        if (i == 0 && !now.exists)
            return ATLS_STAMPS_GONE;
        is_different =
            is_different || !states_equal(&now, &always->items[i].state);
    }
    return is_different || is_member_changed(stamps) ? ATLS_STAMPS_CHANGED
                                                     : ATLS_STAMPS_SAME;
}
