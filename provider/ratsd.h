/* SPDX-License-Identifier: Apache-2.0
 *
 * Asking ratsd (github.com/veraison/ratsd), a daemon beside us that attests for
 * others. The border between atls.so and atls_ratsd.so, which alone speaks
 * HTTP and is loaded when it is needed: one symbol, one table.
 */
#ifndef ATLS_RATSD_H
#define ATLS_RATSD_H

#include "http.h"

#define ATLS_RATSD_MODULE_FILE   "atls_ratsd.so"
#define ATLS_RATSD_MODULE_SYMBOL "atls_ratsd_module"
#define ATLS_RATSD_MEDIA_TYPE    "application/vnd.veraison.tsm-report+cbor"
#define ATLS_RATSD_CHALLENGE     64    /* bytes */
#define ATLS_RATSD_MAX_ANSWER    98304 /* bytes of JSON */

struct atls_ratsd_module {
    const char *version; /* of the package; both sides must be of one build */
    enum atls_reason (*open)(const struct atls_http_peer *peer,
                             struct atls_http **out, struct atls_why *why);
    void (*close)(struct atls_http *http);
    /* ask: body is of type application/vnd.veraison.chares+json; the answer is
     * JSON, appended to `answer`. deadline_ns is of atls_clock_now.
     * ATTESTER_TIMEOUT, ATTESTER_FAILED, OUT_OF_MEMORY. */
    enum atls_reason (*ask)(struct atls_http *http, struct atls_view body,
                            int64_t deadline_ns, struct atls_buf *answer,
                            struct atls_why *why);
};

extern const struct atls_ratsd_module atls_ratsd_module;

/* atls_ratsd_put_request: asks the attester tsm-report for one report. */
void atls_ratsd_put_request(struct atls_buf *out,
                            const uint8_t challenge[ATLS_RATSD_CHALLENGE]);

/* atls_ratsd_read: the report's CBOR map, appended to `report`. It must hold
 * the challenge: since 2026 ratsd attests over a hash of it (nonce_adjust),
 * which is no binder. ATTESTER_FAILED, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_ratsd_read(struct atls_view answer,
                const uint8_t challenge[ATLS_RATSD_CHALLENGE],
                struct atls_buf *report, struct atls_why *why);

#endif
