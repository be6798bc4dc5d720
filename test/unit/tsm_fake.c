/* SPDX-License-Identifier: Apache-2.0
 *
 * configfs-tsm in memory.
 */
#include "tsm_fake.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tsm_forge.h"

enum { MAX_OUTBLOB = 32768 }; /* TSM_REPORT_OUTBLOB_MAX of Linux 6.7 */

static struct tsm_fake *the_fake;

void tsm_fake_init(struct tsm_fake *fake)
{
    memset(fake, 0, sizeof(*fake));
    pthread_mutex_init(&fake->mutex, NULL);
    pthread_cond_init(&fake->changed, NULL);
    fake->provider = "sev_guest";
    fake->has_privlevel = true;
    fake->has_auxblob = true;
    tsm_forge_open();
    the_fake = fake;
}

static void forget(struct tsm_fake_entry *entry)
{
    if (entry->has_report) {
        atls_buf_clear(&entry->outblob);
        atls_buf_clear(&entry->auxblob);
        atls_buf_clear(&entry->manifestblob);
    }
    entry->has_report = false;
}

void tsm_fake_clear(struct tsm_fake *fake)
{
    for (int i = 0; i < TSM_FAKE_ENTRIES; i++)
        forget(&fake->entries[i]);
    pthread_cond_destroy(&fake->changed);
    pthread_mutex_destroy(&fake->mutex);
}

static unsigned count(const struct tsm_fake *fake)
{
    unsigned num = 0;

    for (int i = 0; i < TSM_FAKE_ENTRIES; i++)
        num += fake->entries[i].name[0] != '\0';
    return num;
}

unsigned tsm_fake_num_entries(struct tsm_fake *fake)
{
    unsigned num;

    pthread_mutex_lock(&fake->mutex);
    num = count(fake);
    pthread_mutex_unlock(&fake->mutex);
    return num;
}

void tsm_fake_finish(struct tsm_fake *fake, unsigned num_holds)
{
    pthread_mutex_lock(&fake->mutex);
    fake->is_slow = false;
    pthread_cond_broadcast(&fake->changed);
    while (count(fake) > 0 || fake->num_holds > num_holds)
        pthread_cond_wait(&fake->changed, &fake->mutex);
    pthread_mutex_unlock(&fake->mutex);
}

static struct tsm_fake_entry *find(struct tsm_fake *fake, const char *name)
{
    for (int i = 0; i < TSM_FAKE_ENTRIES; i++)
        if (strcmp(fake->entries[i].name, name) == 0)
            return &fake->entries[i];
    return NULL;
}

static int fault(struct tsm_fake *fake, const char *operation,
                 const char *attribute)
{
    for (int i = 0; i < TSM_FAKE_FAULTS; i++) {
        struct tsm_fake_fault *one = &fake->faults[i];

        if (one->times == 0 || strcmp(one->operation, operation) != 0 ||
            (one->attribute != NULL && strcmp(one->attribute, attribute) != 0))
            continue;
        one->times--;
        return one->error_number;
    }
    return 0;
}

static int fake_open(const char *path, void **tree)
{
    int error_number;

    (void)path;
    pthread_mutex_lock(&the_fake->mutex);
    error_number = fault(the_fake, "open", "");
    if (error_number == 0)
        the_fake->num_holds++;
    pthread_mutex_unlock(&the_fake->mutex);
    *tree = the_fake;
    return error_number;
}

static int fake_copy(void *tree, void **copy)
{
    struct tsm_fake *fake = tree;

    pthread_mutex_lock(&fake->mutex);
    fake->num_holds++;
    pthread_mutex_unlock(&fake->mutex);
    *copy = tree;
    return 0;
}

static void fake_close(void *tree)
{
    struct tsm_fake *fake = tree;

    pthread_mutex_lock(&fake->mutex);
    fake->num_holds--;
    pthread_cond_broadcast(&fake->changed);
    pthread_mutex_unlock(&fake->mutex);
}

static int make_locked(struct tsm_fake *fake, const char *name)
{
    struct tsm_fake_entry *entry = find(fake, "");
    int error_number = fault(fake, "make", "");

    if (error_number != 0)
        return error_number;
    if (fake->provider == NULL)
        return ENXIO;
    if (find(fake, name) != NULL)
        return EEXIST;
    if (entry == NULL)
        return ENOMEM;
    memset(entry, 0, sizeof(*entry));
    snprintf(entry->name, sizeof(entry->name), "%s", name);
    return 0;
}

static int fake_make(void *tree, const char *name)
{
    struct tsm_fake *fake = tree;
    int error_number;

    pthread_mutex_lock(&fake->mutex);
    error_number = make_locked(fake, name);
    pthread_mutex_unlock(&fake->mutex);
    return error_number;
}

static int fake_remove(void *tree, const char *name)
{
    struct tsm_fake *fake = tree;
    struct tsm_fake_entry *entry;
    int error_number;

    pthread_mutex_lock(&fake->mutex);
    entry = find(fake, name);
    error_number = entry == NULL ? ENOENT : fault(fake, "remove", "");
    if (error_number == 0) {
        forget(entry);
        entry->name[0] = '\0';
        pthread_cond_broadcast(&fake->changed);
    }
    pthread_mutex_unlock(&fake->mutex);
    return error_number;
}

/* try_advance_write_generation */
static int advance(struct tsm_fake_entry *entry)
{
    if (entry->write_generation == entry->read_generation - 1)
        return EBUSY;
    entry->write_generation++;
    return 0;
}

static int store_level(struct tsm_fake *fake, struct tsm_fake_entry *entry,
                       struct atls_view bytes)
{
    unsigned level = bytes.len == 1 ? bytes.data[0] - (unsigned)'0' : 99;
    int error_number;

    if (!fake->has_privlevel)
        return ENOENT;
    if (level < fake->privlevel_floor || level > 3)
        return EINVAL;
    error_number = advance(entry);
    if (error_number == 0)
        entry->privlevel = level;
    return error_number;
}

/* write() knows the length, close() stores and tells nobody */
static int store_inblob(struct tsm_fake *fake, struct tsm_fake_entry *entry,
                        struct atls_view bytes)
{
    if (bytes.len > sizeof(entry->inblob))
        return EFBIG;
    if (fake->num_lost > 0) {
        fake->num_lost--;
        return 0;
    }
    if (advance(entry) == 0) {
        memcpy(entry->inblob, bytes.data, bytes.len);
        entry->inblob_len = bytes.len;
    }
    return 0;
}

static int write_locked(struct tsm_fake *fake, const char *name,
                        const char *attribute, struct atls_view bytes)
{
    struct tsm_fake_entry *entry = find(fake, name);
    int error_number = fault(fake, "write", attribute);

    if (error_number != 0)
        return error_number;
    if (entry == NULL || fake->provider == NULL)
        return entry == NULL ? ENOENT : ENXIO;
    if (strcmp(attribute, "privlevel") == 0)
        return store_level(fake, entry, bytes);
    if (strcmp(attribute, "inblob") == 0)
        return store_inblob(fake, entry, bytes);
    return strcmp(attribute, "generation") == 0 ? EACCES : ENOENT;
}

static int fake_write(void *tree, const char *name, const char *attribute,
                      struct atls_view bytes)
{
    struct tsm_fake *fake = tree;
    int error_number;

    pthread_mutex_lock(&fake->mutex);
    error_number = write_locked(fake, name, attribute, bytes);
    pthread_mutex_unlock(&fake->mutex);
    return error_number;
}

static int put_text(struct atls_buf *out, const char *text)
{
    atls_buf_text(out, text);
    return out->failed ? EFBIG : 0;
}

static int put_number(struct atls_buf *out, uint64_t number)
{
    char text[32];

    snprintf(text, sizeof(text), "%llu\n", (unsigned long long)number);
    return put_text(out, text);
}

static void make_report(struct tsm_fake *fake, struct tsm_fake_entry *entry)
{
    forget(entry);
    entry->outblob = atls_buf(2 * MAX_OUTBLOB);
    entry->auxblob = atls_buf(2 * MAX_OUTBLOB);
    entry->manifestblob = atls_buf(2 * MAX_OUTBLOB);
    entry->has_report = true;
    tsm_forge_report(fake->provider, entry->privlevel,
                     atls_view(entry->inblob, entry->inblob_len),
                     &entry->outblob, &entry->auxblob);
    if (fake->has_manifestblob)
        atls_buf_text(&entry->manifestblob, "manifest");
    if (fake->padding > 0)
        memset(atls_buf_room(&entry->outblob, fake->padding), 0, fake->padding);
    entry->read_generation = entry->write_generation;
    fake->num_reports++;
    if (fake->num_writers > 0) {
        fake->num_writers--;
        entry->write_generation++;
    }
}

static const struct atls_buf *blob_of(const struct tsm_fake *fake,
                                      const struct tsm_fake_entry *entry,
                                      const char *attribute)
{
    if (strcmp(attribute, "outblob") == 0)
        return &entry->outblob;
    if (strcmp(attribute, "auxblob") == 0)
        return fake->has_auxblob ? &entry->auxblob : NULL;
    if (strcmp(attribute, "manifestblob") == 0)
        return fake->has_manifestblob ? &entry->manifestblob : NULL;
    return NULL;
}

static int read_blob(struct tsm_fake *fake, struct tsm_fake_entry *entry,
                     const char *attribute, struct atls_buf *out)
{
    const struct atls_buf *blob = blob_of(fake, entry, attribute);

    if (blob == NULL)
        return ENOENT;
    if (entry->inblob_len == 0)
        return EINVAL;
    while (fake->is_slow)
        pthread_cond_wait(&fake->changed, &fake->mutex);
    if (!entry->has_report || entry->read_generation != entry->write_generation)
        make_report(fake, entry);
    if (blob->len > MAX_OUTBLOB)
        return EFBIG;
    atls_buf_put(out, atls_buf_view(blob));
    return out->failed ? EFBIG : 0;
}

static int read_locked(struct tsm_fake *fake, const char *name,
                       const char *attribute, struct atls_buf *out)
{
    struct tsm_fake_entry *entry = find(fake, name);
    int error_number = fault(fake, "read", attribute);

    if (error_number != 0)
        return error_number;
    if (entry == NULL || fake->provider == NULL)
        return entry == NULL ? ENOENT : ENXIO;
    if (strcmp(attribute, "generation") == 0)
        return put_number(out, entry->write_generation);
    if (strcmp(attribute, "privlevel_floor") == 0)
        return fake->has_privlevel ? put_number(out, fake->privlevel_floor)
                                   : ENOENT;
    if (strcmp(attribute, "provider") == 0)
        return put_text(out, fake->provider) != 0 ? EFBIG : put_text(out, "\n");
    return read_blob(fake, entry, attribute, out);
}

static int fake_read(void *tree, const char *name, const char *attribute,
                     struct atls_buf *out)
{
    struct tsm_fake *fake = tree;
    int error_number;

    pthread_mutex_lock(&fake->mutex);
    error_number = read_locked(fake, name, attribute, out);
    pthread_mutex_unlock(&fake->mutex);
    return error_number;
}

static int fake_list(void *tree, void (*each)(void *arg, const char *name),
                     void *arg)
{
    struct tsm_fake *fake = tree;
    char names[TSM_FAKE_ENTRIES][ATLS_TSM_MAX_NAME];

    pthread_mutex_lock(&fake->mutex);
    for (int i = 0; i < TSM_FAKE_ENTRIES; i++)
        memcpy(names[i], fake->entries[i].name, sizeof(names[i]));
    pthread_mutex_unlock(&fake->mutex);
    for (int i = 0; i < TSM_FAKE_ENTRIES; i++)
        if (names[i][0] != '\0')
            each(arg, names[i]);
    return 0;
}

const struct atls_tsm_ops tsm_fake_ops = {
    .open = fake_open,
    .copy = fake_copy,
    .close = fake_close,
    .make = fake_make,
    .remove = fake_remove,
    .write = fake_write,
    .read = fake_read,
    .list = fake_list,
};
