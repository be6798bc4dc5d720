/* SPDX-License-Identifier: Apache-2.0
 *
 * configfs-tsm as Linux behaves (drivers/virt/coco/guest/report.c and
 * fs/configfs/file.c), without a TEE and without files: two counters, a report
 * of tsm_forge.h made by the first read after a write, stores whose failure
 * nobody hears, and whatever goes wrong on order.
 */
#ifndef ATLS_TSM_FAKE_H
#define ATLS_TSM_FAKE_H

#include <pthread.h>

#include "provider/tsm.h"

enum { TSM_FAKE_ENTRIES = 16, TSM_FAKE_FAULTS = 8 };

struct tsm_fake_entry {
    char name[ATLS_TSM_MAX_NAME]; /* empty: free */
    uint64_t write_generation, read_generation;
    uint8_t inblob[ATLS_TSM_INBLOB];
    size_t inblob_len;
    unsigned privlevel;
    bool has_report;
    struct atls_buf outblob, auxblob, manifestblob;
};

/* The next `times` operations of that kind on that attribute fail. */
struct tsm_fake_fault {
    const char *operation; /* "make", "remove", "write", "read", "open" */
    const char *attribute; /* NULL: any */
    int error_number;
    unsigned times;
};

struct tsm_fake {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct tsm_fake_entry entries[TSM_FAKE_ENTRIES];
    struct tsm_fake_fault faults[TSM_FAKE_FAULTS];
    const char *provider; /* NULL: no TEE */
    unsigned privlevel_floor;
    bool has_privlevel, has_auxblob, has_manifestblob;
    bool is_slow;         /* reports wait until this is false */
    unsigned num_writers; /* reports after which somebody writes, too */
    unsigned num_lost;    /* stores of inblob that fail at close */
    size_t padding;       /* bytes of zeros after a report */
    unsigned num_reports; /* made */
    unsigned num_holds;   /* on the tree */
};

/* The path that attest:tsm is told is not looked at. One at a time. */
extern const struct atls_tsm_ops tsm_fake_ops;

void tsm_fake_init(struct tsm_fake *fake); /* an SEV-SNP guest */
void tsm_fake_clear(struct tsm_fake *fake);
unsigned tsm_fake_num_entries(struct tsm_fake *fake);
/* Lets slow reports go on, and waits until entries and holds are gone. */
void tsm_fake_finish(struct tsm_fake *fake, unsigned num_holds);

#endif
