/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of the program `appraisal`, which has no TLS in it.
 */
#ifndef BENCH_APPRAISAL_H
#define BENCH_APPRAISAL_H

#include <jansson.h>

#define BENCH_APPRAISAL_ROUNDS 1000

/* bench_appraisal_make: Evidence of each format into the vendors' folder, for
 * fresh processes: NAME.cmw and NAME.nonce. */
json_t *bench_appraisal_make(const char *folder);

/* bench_appraisal_warm: all formats, so many rounds. */
json_t *bench_appraisal_warm(const char *folder, unsigned num_rounds);

/* bench_appraisal_cold: this process reads a policy and one file of Evidence,
 * and has done nothing before. */
json_t *bench_appraisal_cold(const char *folder, const char *format);

/* bench_appraisal_decode: a PSA token of 2 KB. */
json_t *bench_appraisal_decode(unsigned num_rounds);

double bench_appraisal_us(void); /* CPU of this process */

#endif
