/* SPDX-License-Identifier: Apache-2.0
 *
 * Event logs in the crypto-agile form (TCG PC Client Platform Firmware Profile,
 * 10), of TPMs and of confidential computing (UEFI 2.10, 38.4: CCEL), and what
 * they add up to. A log is nobody's word until its registers are those that
 * were quoted.
 */
#ifndef ATLS_EVENTLOG_H
#define ATLS_EVENTLOG_H

#include "tpm_structure.h"

#define ATLS_EVENTLOG_MAX        (1 << 20) /* bytes */
#define ATLS_EVENTLOG_MAX_EVENTS 16384

enum {
    ATLS_EVENTLOG_MAX_HASHES = 8,
    ATLS_EVENTLOG_NO_ACTION = 3, /* EV_NO_ACTION: extends nothing */
    ATLS_EVENTLOG_RTMRS = 4
};

struct atls_eventlog_event {
    uint32_t index; /* PCR; in a CCEL 0 is MRTD and n is RTMR n - 1 */
    uint32_t type;
    struct atls_view digests[ATLS_TPM_NUM_HASHES]; /* empty: has none */
    struct atls_view data;
};

struct atls_eventlog { /* where a walk stands */
    struct atls_reader in;
    struct { /* TCG_EfiSpecIdEventAlgorithmSize */
        uint16_t id;
        size_t len;
    } hashes[ATLS_EVENTLOG_MAX_HASHES];
    size_t num_hashes;
    uint32_t first_index; /* of the header: 1 in a CCEL */
    unsigned num_events;
    bool failed;
};

/* atls_eventlog_open: reads the header, "Spec ID Event03". EVIDENCE_MALFORMED,
 * also for logs of SHA-1 alone, which have none. */
enum atls_reason ATLS_MUST_USE atls_eventlog_open(struct atls_view bytes,
                                                  struct atls_eventlog *out,
                                                  struct atls_why *why);

/* atls_eventlog_next: false at the end, which may be followed by bytes that
 * nothing was written to (all 0xff or all 0), and where the log is broken:
 * then log->failed. */
bool atls_eventlog_next(struct atls_eventlog *log,
                        struct atls_eventlog_event *out);

struct atls_eventlog_registers {
    uint32_t mask; /* bit n: register n was extended */
    uint8_t values[ATLS_TPM_NUM_PCRS][ATLS_TPM_MAX_HASH];
};

/* atls_eventlog_replay: what the events add up to in the bank of that hash (of
 * atls_tpm_hashes). EVIDENCE_MALFORMED; ALGORITHM_UNSUPPORTED: the log has no
 * such bank; CRYPTO_FAILED. */
enum atls_reason ATLS_MUST_USE
atls_eventlog_replay(struct atls_view bytes, int hash,
                     struct atls_eventlog_registers *out, struct atls_why *why);

/* atls_eventlog_has_hash: is there such a bank? */
bool atls_eventlog_has_hash(const struct atls_eventlog *log, int hash);

/* atls_eventlog_type_name: of TCG's and UEFI's events, or "". */
const char *atls_eventlog_type_name(uint32_t type);

#endif
