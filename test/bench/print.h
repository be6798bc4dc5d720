/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tables have in common.
 */
#ifndef BENCH_PRINT_H
#define BENCH_PRINT_H

#include <stdio.h>

#include <jansson.h>

double bench_number(const json_t *object, const char *key);    /* 0: none */
const char *bench_text(const json_t *object, const char *key); /* "": none */

/* bench_judge: "kept" and "MISSED" only where all of the interval says so; ""
 * without a budget. */
const char *bench_judge(double low, double high, double budget);

/* bench_print_interval: of bench_sample_json, and the end of the line; digits
 * after the point. */
void bench_print_interval(const json_t *interval, int digits, FILE *out);

#endif
