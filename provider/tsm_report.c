/* SPDX-License-Identifier: Apache-2.0
 *
 * The dialogue with configfs-tsm: make an entry, write its options, read the
 * blobs, and see by the generation that they were made from these options and
 * from no others (Linux, drivers/virt/coco/guest/report.c).
 */
#include "config.h" /* strerror_r as GNU has it */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provider/tsm.h"

#define PREFIX "atls-"
enum { MAX_TRIES = 4, PAUSE_MS = 5 };

struct entry {
    const struct atls_tsm_ops *ops;
    void *tree;
    char name[ATLS_TSM_MAX_NAME];
    unsigned num_writes;
    bool may_pass; /* what failed may succeed the next time */
};

void atls_tsm_report_init(struct atls_tsm_report *report)
{
    report->provider = atls_buf(ATLS_TSM_MAX_TEXT);
    report->outblob = atls_buf(ATLS_TSM_MAX_BLOB);
    report->auxblob = atls_buf(ATLS_TSM_MAX_BLOB);
    report->manifestblob = atls_buf(ATLS_TSM_MAX_BLOB);
}

void atls_tsm_report_clear(struct atls_tsm_report *report)
{
    atls_buf_clear(&report->provider);
    atls_buf_clear(&report->outblob);
    atls_buf_clear(&report->auxblob);
    atls_buf_clear(&report->manifestblob);
}

static const struct {
    int error_number;
    enum atls_reason reason;
    bool may_pass;
    const char *advice;
} causes[] = {
    {ENXIO, ATLS_ATTESTER_ABSENT, false,
     "no TEE is behind it; load the guest's driver: sev-guest, tdx-guest or "
     "arm-cca-guest"},
    {ENOENT, ATLS_ATTESTER_ABSENT, false,
     "want Linux 6.7 with CONFIG_TSM_REPORTS, and configfs mounted"},
    {EACCES, ATLS_ATTESTER_ABSENT, false,
     "only root may; others ask attest:broker"},
    {EPERM, ATLS_ATTESTER_ABSENT, false,
     "only root may; others ask attest:broker"},
    {EBADF, ATLS_ATTESTER_ABSENT, false,
     "the program closed our descriptor of it"},
    {EINVAL, ATLS_ATTESTER_FAILED, false, "the TEE refused the request"},
    {EFBIG, ATLS_ATTESTER_FAILED, false, "the blob is longer than is taken"},
    {ENOMEM, ATLS_OUT_OF_MEMORY, false, "no memory"},
    {EINTR, ATLS_ATTESTER_FAILED, true, "a signal came between"},
    {EAGAIN, ATLS_ATTESTER_FAILED, true, "the host lets this guest wait"},
    {EBUSY, ATLS_ATTESTER_FAILED, true, "another guest program is at it"},
    {EIO, ATLS_ATTESTER_FAILED, true,
     "firmware or host made no quote; see the kernel's log"},
    {ETIMEDOUT, ATLS_ATTESTER_FAILED, true,
     "the host did not answer the kernel"},
    {EEXIST, ATLS_ATTESTER_FAILED, true, "an entry of that name is there"},
};

static enum atls_reason complain(struct entry *entry, const char *what,
                                 int error_number, struct atls_why *why)
{
    enum atls_reason reason = ATLS_ATTESTER_FAILED;
    const char *advice = "see the kernel's log";
    char text[128];

    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
        if (causes[i].error_number == error_number) {
            reason = causes[i].reason;
            advice = causes[i].advice;
            entry->may_pass = causes[i].may_pass;
        }
    return atls_why(why, reason, "configfs-tsm: %s as uid %u: %s; %s", what,
                    (unsigned)geteuid(),
                    strerror_r(error_number, text, sizeof(text)), advice);
}

/* Processes in another namespace have numbers of their own. 0: not known,
 * which after chroot it is not. */
static unsigned long pid_namespace(void)
{
    struct stat status;

    return stat("/proc/self/ns/pid", &status) == 0
               ? (unsigned long)status.st_ino
               : 0;
}

static void name_entry(struct entry *entry)
{
    uint64_t random = 0;

    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) !=
        (ssize_t)sizeof(random))
        random ^= (uint64_t)atls_monotonic_ms() ^ (uintptr_t)entry;
    snprintf(entry->name, sizeof(entry->name), PREFIX "%lx-%lx-%016llx",
             pid_namespace(), (unsigned long)getpid(),
             (unsigned long long)random);
}

static enum atls_reason make_entry(struct entry *entry, struct atls_why *why)
{
    int error_number;

    name_entry(entry);
    error_number = entry->ops->make(entry->tree, entry->name);
    return error_number == 0 ? ATLS_OK
                             : complain(entry, "mkdir", error_number, why);
}

/* Nothing may be left behind, whatever it takes. */
static void remove_entry(struct entry *entry)
{
    for (int i = 0; i < MAX_TRIES; i++) {
        int error_number = entry->ops->remove(entry->tree, entry->name);

        if (error_number != EINTR && error_number != EBUSY)
            return;
    }
}

static enum atls_reason write_option(struct entry *entry, const char *option,
                                     struct atls_view value,
                                     struct atls_why *why)
{
    int error_number =
        entry->ops->write(entry->tree, entry->name, option, value);

    if (error_number != 0)
        return complain(entry, option, error_number, why);
    entry->num_writes++;
    return ATLS_OK;
}

static enum atls_reason read_attribute(struct entry *entry,
                                       const char *attribute,
                                       struct atls_buf *out,
                                       struct atls_why *why)
{
    int error_number =
        entry->ops->read(entry->tree, entry->name, attribute, out);

    return error_number == 0 ? ATLS_OK
                             : complain(entry, attribute, error_number, why);
}

/* Which attributes are there depends on the TEE. */
static enum atls_reason read_if_any(struct entry *entry, const char *attribute,
                                    struct atls_buf *out, struct atls_why *why)
{
    int error_number =
        entry->ops->read(entry->tree, entry->name, attribute, out);

    return error_number == 0 || error_number == ENOENT
               ? ATLS_OK
               : complain(entry, attribute, error_number, why);
}

/* Decimal digits and a newline. */
static bool parse_number(struct atls_view text, uint64_t *out)
{
    size_t i = 0;

    *out = 0;
    for (; i < text.len && text.data[i] != '\n'; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || i == 19)
            return false;
        *out = *out * 10 + (uint64_t)(text.data[i] - '0');
    }
    return i > 0 && i + 1 >= text.len;
}

static enum atls_reason read_number(struct entry *entry, const char *attribute,
                                    uint64_t *out, struct atls_why *why)
{
    ATLS_AUTO_BUF text = atls_buf(ATLS_TSM_MAX_TEXT);
    enum atls_reason reason = read_attribute(entry, attribute, &text, why);

    if (reason != ATLS_OK || parse_number(atls_buf_view(&text), out))
        return reason;
    return atls_why(why, ATLS_ATTESTER_FAILED,
                    "configfs-tsm: %s: want a number", attribute);
}

static enum atls_reason write_options(struct entry *entry,
                                      const struct atls_tsm_request *request,
                                      struct atls_why *why)
{
    char level[16];
    enum atls_reason reason = ATLS_OK;

    if (request->privlevel != ATLS_TSM_NO_LEVEL) {
        snprintf(level, sizeof(level), "%d", request->privlevel);
        reason = write_option(entry, "privlevel", atls_view_text(level), why);
    }
    if (reason == ATLS_OK)
        reason = write_option(
            entry, "inblob",
            atls_view(request->inblob, sizeof(request->inblob)), why);
    return reason;
}

/* The first blob makes the kernel ask the TEE; the others come with it. */
static enum atls_reason read_blobs(struct entry *entry,
                                   struct atls_tsm_report *out,
                                   struct atls_why *why)
{
    enum atls_reason reason =
        read_attribute(entry, "outblob", &out->outblob, why);

    if (reason == ATLS_OK && out->outblob.len == 0)
        reason = atls_why(why, ATLS_ATTESTER_FAILED,
                          "configfs-tsm: outblob is empty");
    if (reason == ATLS_OK)
        reason = read_if_any(entry, "auxblob", &out->auxblob, why);
    if (reason == ATLS_OK)
        reason = read_if_any(entry, "manifestblob", &out->manifestblob, why);
    if (reason == ATLS_OK)
        reason = read_attribute(entry, "provider", &out->provider, why);
    return reason;
}

static enum atls_reason use_entry(struct entry *entry,
                                  const struct atls_tsm_request *request,
                                  struct atls_tsm_report *out,
                                  struct atls_why *why)
{
    uint64_t before = 0, after = 0;
    enum atls_reason reason = read_number(entry, "generation", &before, why);

    if (reason == ATLS_OK)
        reason = write_options(entry, request, why);
    if (reason == ATLS_OK)
        reason = read_blobs(entry, out, why);
    if (reason == ATLS_OK)
        reason = read_number(entry, "generation", &after, why);
    if (reason != ATLS_OK || after == before + entry->num_writes)
        return reason;
    entry->may_pass = true;
    return atls_why(why, ATLS_ATTESTER_FAILED,
                    "configfs-tsm: want generation %llu after our options, "
                    "found %llu: one was not stored, or somebody wrote there, "
                    "too",
                    (unsigned long long)(before + entry->num_writes),
                    (unsigned long long)after);
}

static enum atls_reason try_once(struct entry *entry,
                                 const struct atls_tsm_request *request,
                                 struct atls_tsm_report *out,
                                 struct atls_why *why)
{
    enum atls_reason reason = make_entry(entry, why);

    if (reason != ATLS_OK)
        return reason;
    reason = use_entry(entry, request, out, why);
    remove_entry(entry);
    return reason;
}

static void pause_before(int try)
{
    const struct timespec pause = {.tv_nsec = try * PAUSE_MS * 1000000L};

    nanosleep(&pause, NULL);
}

enum atls_reason atls_tsm_report(const struct atls_tsm_ops *ops, void *tree,
                                 const struct atls_tsm_request *request,
                                 atls_deadline deadline,
                                 struct atls_tsm_report *out,
                                 struct atls_why *why)
{
    for (int i = 1;; i++) {
        struct entry entry = {.ops = ops, .tree = tree};
        struct atls_why seen = {0};
        enum atls_reason reason = try_once(&entry, request, out, &seen);

        if (reason == ATLS_OK)
            return reason;
        atls_tsm_report_clear(out);
        if (!entry.may_pass || i == MAX_TRIES)
            return atls_why(why, reason, "%s", seen.text);
        if (atls_deadline_left(deadline) == 0)
            return atls_why(why, ATLS_ATTESTER_TIMEOUT, "%s", seen.text);
        pause_before(i);
    }
}

static enum atls_reason check_level(struct entry *entry, int privlevel,
                                    struct atls_why *why)
{
    uint64_t floor = 0;
    enum atls_reason reason =
        read_number(entry, "privlevel_floor", &floor, why);

    if (reason != ATLS_OK || (uint64_t)privlevel >= floor)
        return reason;
    return atls_why(why, ATLS_ATTESTER_OPTION,
                    "privlevel %d: this guest may ask for %llu to %d",
                    privlevel, (unsigned long long)floor, ATLS_TSM_MAX_LEVEL);
}

static enum atls_reason probe_entry(struct entry *entry, int privlevel,
                                    struct atls_why *why)
{
    ATLS_AUTO_BUF provider = atls_buf(ATLS_TSM_MAX_TEXT);
    enum atls_reason reason = read_attribute(entry, "provider", &provider, why);

    if (reason == ATLS_OK && privlevel != ATLS_TSM_NO_LEVEL)
        reason = check_level(entry, privlevel, why);
    return reason;
}

/* An entry of ours, that is: of this program in this namespace, whose process
 * is dead. */
static bool is_stale(const char *name, unsigned long namespace)
{
    unsigned long where = 0, pid = 0;
    unsigned long long random = 0;
    int end = 0;

    return namespace != 0 &&
           sscanf(name, PREFIX "%lx-%lx-%16llx%n", &where, &pid, &random,
                  &end) == 3 &&
           name[end] == '\0' && where == namespace && pid > 0 &&
           getpgid((pid_t)pid) < 0 && errno == ESRCH;
}

struct sweep {
    struct entry *entry;
    unsigned long namespace;
};

static void remove_if_stale(void *arg, const char *name)
{
    const struct sweep *sweep = arg;

    if (is_stale(name, sweep->namespace))
        (void)sweep->entry->ops->remove(sweep->entry->tree, name);
}

enum atls_reason atls_tsm_probe(const struct atls_tsm_ops *ops, void *tree,
                                int privlevel, struct atls_why *why)
{
    struct entry entry = {.ops = ops, .tree = tree};
    struct sweep sweep = {&entry, pid_namespace()};
    int saved = errno;
    enum atls_reason reason;

    (void)ops->list(tree, remove_if_stale, &sweep);
    reason = make_entry(&entry, why);
    if (reason == ATLS_OK) {
        reason = probe_entry(&entry, privlevel, why);
        remove_entry(&entry);
    }
    errno = saved;
    return reason;
}
