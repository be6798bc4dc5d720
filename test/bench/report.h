/* SPDX-License-Identifier: Apache-2.0
 *
 * The result of a run for people: a table, and a plot of the ratios against
 * their budgets.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdio.h>

#include <jansson.h>

void bench_report_table(json_t *result, FILE *out);
void bench_report_verifier(const json_t *result, FILE *out);
void bench_report_formats(const json_t *result, FILE *out);
void bench_report_decode(const json_t *result, FILE *out);
void bench_report_batch(const json_t *result, FILE *out);
void bench_report_plot(const json_t *result, FILE *out); /* SVG */

#endif
