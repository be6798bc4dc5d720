/* SPDX-License-Identifier: Apache-2.0
 *
 * Linux's configfs-tsm (Documentation/ABI/testing/configfs-tsm-report): a
 * directory of its own for each report, whose files are options, blobs and a
 * count of the option writes. What is done there and in which order is
 * tsm_report.c's affair; how, that of a table of operations: real files, or a
 * test's.
 */
#ifndef ATLS_TSM_H
#define ATLS_TSM_H

#include "provider/deadline.h"
#include "provider/uri.h"

#define ATLS_TSM_ROOT        "/sys/kernel/config/tsm/report"
#define ATLS_TSM_INBLOB      64    /* bytes; TDX and SNP take no other length */
#define ATLS_TSM_MAX_BLOB    32768 /* bytes of each that comes back */
#define ATLS_TSM_MAX_TEXT    64    /* bytes of a text attribute */
#define ATLS_TSM_MAX_NAME    64    /* bytes of an entry's name, with the NUL */
#define ATLS_TSM_NO_LEVEL    -1
#define ATLS_TSM_MAX_LEVEL   3
#define ATLS_TSM_MAX_LOG     49152 /* bytes of an event log that fits a CMW */
#define ATLS_TSM_MAX_CCEL    (1 << 20) /* bytes that firmware keeps for it */
#define ATLS_TSM_MAX_ENTRIES 1024 /* looked at when stale ones are sought */

/* Each gives 0 or an errno. name is an entry's, attribute a file's in it. */
struct atls_tsm_ops {
    /* open: a hold on the tree at path, good after chroot, too. */
    int (*open)(const char *path, void **tree);
    /* copy: another hold, for a thread that may outlive this one. */
    int (*copy)(void *tree, void **copy);
    void (*close)(void *tree);
    int (*make)(void *tree, const char *name);
    int (*remove)(void *tree, const char *name);
    /* write: all of bytes at once. What the kernel thinks of a blob is not
     * told: it looks when the file is closed, and nobody hears its answer. */
    int (*write)(void *tree, const char *name, const char *attribute,
                 struct atls_view bytes);
    /* read: appends; EFBIG beyond out's maximum. */
    int (*read)(void *tree, const char *name, const char *attribute,
                struct atls_buf *out);
    /* list: calls each with the names of entries. */
    int (*list)(void *tree, void (*each)(void *arg, const char *name),
                void *arg);
};

extern const struct atls_tsm_ops atls_tsm_files;

struct atls_tsm_request {
    uint8_t inblob[ATLS_TSM_INBLOB];
    int privlevel; /* ATLS_TSM_NO_LEVEL: the kernel's own */
};

struct atls_tsm_report {
    struct atls_buf provider; /* text, as the kernel ends it: "sev_guest\n" */
    struct atls_buf outblob;
    struct atls_buf auxblob, manifestblob; /* empty: there is none */
};
void atls_tsm_report_init(struct atls_tsm_report *report);
void atls_tsm_report_clear(struct atls_tsm_report *report);

/* atls_tsm_probe: whether entries can be made, a TEE stands behind them and
 * takes that privilege level; removes entries of processes that are dead.
 * ATTESTER_ABSENT, ATTESTER_OPTION, ATTESTER_FAILED. */
enum atls_reason ATLS_MUST_USE atls_tsm_probe(const struct atls_tsm_ops *ops,
                                              void *tree, int privlevel,
                                              struct atls_why *why);

/* atls_tsm_report: one report, from an entry of its own that is gone
 * afterwards. What may pass (EINTR, EIO, EBUSY, somebody who wrote our
 * options) is tried again, a few times before deadline. ATTESTER_ABSENT,
 * ATTESTER_FAILED, ATTESTER_TIMEOUT, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_tsm_report(const struct atls_tsm_ops *ops, void *tree,
                const struct atls_tsm_request *request, atls_deadline deadline,
                struct atls_tsm_report *out, struct atls_why *why);

/* atls_tsm_new: the state of attest:tsm over these operations.
 * ATTESTER_OPTION, OUT_OF_MEMORY; *state is for the attester's free. */
enum atls_reason ATLS_MUST_USE atls_tsm_new(const struct atls_tsm_ops *ops,
                                            const struct atls_uri *uri,
                                            void **state, struct atls_why *why);

#endif
