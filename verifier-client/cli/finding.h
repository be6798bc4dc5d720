/* SPDX-License-Identifier: Apache-2.0
 *
 * What doctor finds: one line each: good, worth knowing, doubtful or bad, and
 * whose move it is where something must be done.
 */
#ifndef ATLS_CLI_FINDING_H
#define ATLS_CLI_FINDING_H

#include "json.h"

enum atls_level {
    ATLS_LEVEL_OK,
    ATLS_LEVEL_NOTE,
    ATLS_LEVEL_WARN,
    ATLS_LEVEL_FAIL
};

struct atls_findings {
    json_t *items; /* array of {level, subject, text} */
    unsigned num[4];
};

/* atls_finding: about subject ("module", "nginx"). */
void atls_finding(struct atls_findings *findings, enum atls_level level,
                  const char *subject, const char *format, ...)
    ATLS_PRINTF(4, 5);

/* atls_findings_print: returns the exit status: no if anything is bad. */
int atls_findings_print(const struct atls_findings *findings, bool as_json);

#endif
