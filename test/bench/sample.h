/* SPDX-License-Identifier: Apache-2.0
 *
 * Medians, and the ratio of two interleaved series with its interval.
 */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include <stddef.h>

#include <jansson.h>

struct bench_interval {
    double median, low, high; /* low to high: 95 %, bootstrap */
};

double bench_sample_median(const double *values, size_t num);
double bench_sample_quantile(const double *values, size_t num, double quantile);

/* bench_sample_interval: of num values. */
struct bench_interval bench_sample_interval(const double *values, size_t num);

/* bench_sample_tail: the same of another quantile than the median. */
struct bench_interval bench_sample_tail(const double *values, size_t num,
                                        double quantile);

/* bench_sample_ratio: of a[i] / b[i], each pair measured in one round. */
struct bench_interval bench_sample_ratio(const double *a, const double *b,
                                         size_t num);
/* bench_sample_difference: of a[i] - b[i]. */
struct bench_interval bench_sample_difference(const double *a, const double *b,
                                              size_t num);

/* {"median":..., "low":..., "high":...}, plus "budget" when it is above 0. */
json_t *bench_sample_json(struct bench_interval interval, double budget);

#endif
