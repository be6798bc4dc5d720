/* SPDX-License-Identifier: Apache-2.0
 *
 * The percentile bootstrap of the median, or of another quantile. Its
 * randomness is seeded with a constant: the same series give the same interval.
 */
#include "sample.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NUM_RESAMPLES 2000

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* sorted_at: linear between neighbours. */
static double sorted_at(const double *sorted, size_t num, double quantile)
{
    double place = quantile * (double)(num - 1);
    size_t below = (size_t)place;
    double part = place - (double)below;

    if (below + 1 >= num)
        return sorted[num - 1];
    return sorted[below] * (1 - part) + sorted[below + 1] * part;
}

double bench_sample_quantile(const double *values, size_t num, double quantile)
{
    double *copy = num > 0 ? malloc(num * sizeof(*copy)) : NULL;
    double result = 0;

    if (copy != NULL) {
        memcpy(copy, values, num * sizeof(*copy));
        qsort(copy, num, sizeof(*copy), compare);
        result = sorted_at(copy, num, quantile);
    }
    free(copy);
    return result;
}

double bench_sample_median(const double *values, size_t num)
{
    return bench_sample_quantile(values, num, 0.5);
}

/* Marsaglia's xorshift64 */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void resample(const double *values, size_t num, double quantile,
                     double *draw, double *found)
{
    uint64_t state = 88172645463325252U;

    for (size_t i = 0; i < NUM_RESAMPLES; i++) {
        for (size_t j = 0; j < num; j++)
            draw[j] = values[next_random(&state) % num];
        found[i] = bench_sample_quantile(draw, num, quantile);
    }
}

struct bench_interval bench_sample_tail(const double *values, size_t num,
                                        double quantile)
{
    struct bench_interval out = {0, 0, 0};
    double *draw = malloc((num + NUM_RESAMPLES) * sizeof(*draw));

    if (draw != NULL && num > 0) {
        double *found = draw + num;

        resample(values, num, quantile, draw, found);
        out.median = bench_sample_quantile(values, num, quantile);
        out.low = bench_sample_quantile(found, NUM_RESAMPLES, 0.025);
        out.high = bench_sample_quantile(found, NUM_RESAMPLES, 0.975);
    }
    free(draw);
    return out;
}

struct bench_interval bench_sample_interval(const double *values, size_t num)
{
    return bench_sample_tail(values, num, 0.5);
}

struct bench_interval bench_sample_ratio(const double *a, const double *b,
                                         size_t num)
{
    struct bench_interval out = {0, 0, 0};
    double *ratios = malloc((num + 1) * sizeof(*ratios));

    for (size_t i = 0; ratios != NULL && i < num; i++)
        ratios[i] = a[i] / b[i];
    if (ratios != NULL)
        out = bench_sample_interval(ratios, num);
    free(ratios);
    return out;
}

struct bench_interval bench_sample_difference(const double *a, const double *b,
                                              size_t num)
{
    struct bench_interval out = {0, 0, 0};
    double *gaps = malloc((num + 1) * sizeof(*gaps));

    for (size_t i = 0; gaps != NULL && i < num; i++)
        gaps[i] = a[i] - b[i];
    if (gaps != NULL)
        out = bench_sample_interval(gaps, num);
    free(gaps);
    return out;
}

json_t *bench_sample_json(struct bench_interval interval, double budget)
{
    json_t *out = json_pack("{s:f,s:f,s:f}", "median", interval.median, "low",
                            interval.low, "high", interval.high);

    if (budget > 0)
        (void)json_object_set_new(out, "budget", json_real(budget));
    return out;
}
