/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of handshakes that wait for a slow attester. A ratio is between
 * separate runs: its interval is the widest that theirs allow.
 */
#include "report.h"

#include "batch.h"
#include "print.h"

static double of(const json_t *row, const char *interval, const char *key)
{
    return bench_number(json_object_get(row, interval), key);
}

static void print_row(const char *name, const json_t *row, FILE *out)
{
    fprintf(out, "  %-34s %6.0f %8.1f [%.1f, %.1f]", name,
            bench_number(row, "num"), of(row, "per_s", "median"),
            of(row, "per_s", "low"), of(row, "per_s", "high"));
    if (json_object_get(row, "p50_ms") != NULL)
        fprintf(out, "  p50 %.0f", of(row, "p50_ms", "median"));
    fprintf(out, "  p99 %.0f", of(row, "p99_ms", "median"));
    if (json_object_get(row, "cpu_us") != NULL)
        fprintf(out, "  max %.0f ms, CPU us %.0f", bench_number(row, "max_ms"),
                bench_number(row, "cpu_us"));
    fputc('\n', out);
}

static void print_rate(const char *name, const json_t *a, const json_t *b,
                       double least, FILE *out)
{
    double low = of(a, "per_s", "low") / of(b, "per_s", "high");
    double high = of(a, "per_s", "high") / of(b, "per_s", "low");

    fprintf(out, "  %-44s%8.2f [%.2f, %.2f]  >= %g %s\n", name,
            of(a, "per_s", "median") / of(b, "per_s", "median"), low, high,
            least,
            low >= least   ? "kept"
            : high < least ? "MISSED"
                           : "undecided");
}

static void print_p99(const char *name, const json_t *row, FILE *out)
{
    double low = of(row, "p99_ms", "low"), high = of(row, "p99_ms", "high");

    fprintf(out, "  %-44s%8.0f [%.0f, %.0f]  <= %g %s\n", name,
            of(row, "p99_ms", "median"), low, high, BENCH_BATCH_P99,
            bench_judge(low, high, BENCH_BATCH_P99));
}

void bench_report_batch(const json_t *result, FILE *out)
{
    const json_t *unbatched = json_object_get(result, "unbatched");
    const json_t *batched = json_object_get(result, "batched");
    const json_t *instant = json_object_get(result, "instant");
    const json_t *arrivals = json_object_get(result, "arrivals");
    const json_t *quotes = json_object_get(result, "quotes");
    char name[64];

    fprintf(out,
            "\nan attester of %d ms, one quote at a time (a delay, no "
            "hardware), wall time; both\nsides of each handshake run here\n"
            "  %-34s %6s %8s\n",
            BENCH_BATCH_MS, "", "num", "a second");
    (void)snprintf(name, sizeof(name), "handshakes, unbatched, %g at once",
                   bench_number(unbatched, "at_once"));
    print_row(name, unbatched, out);
    (void)snprintf(name, sizeof(name), "handshakes, batched, %g at once",
                   bench_number(batched, "at_once"));
    print_row(name, batched, out);
    print_row("the same, an attester of 0 ms", instant, out);
    (void)snprintf(name, sizeof(name), "handshakes, batched, %d/s arrive",
                   BENCH_BATCH_RATE);
    print_row(name, arrivals, out);
    (void)snprintf(name, sizeof(name), "quotes alone, batched, %g at once",
                   bench_number(quotes, "at_once"));
    print_row(name, quotes, out);
    print_rate("rate of handshakes, batched / unbatched", batched, unbatched,
               BENCH_BATCH_FASTER, out);
    print_rate("rate of arrivals served / unbatched", arrivals, unbatched,
               BENCH_BATCH_FASTER, out);
    print_rate("rate of quotes alone / unbatched", quotes, unbatched,
               BENCH_BATCH_FASTER, out);
    print_rate("rate of handshakes / attester of 0 ms", batched, instant,
               BENCH_BATCH_PART, out);
    print_p99("p99 of quotes alone, ms", quotes, out);
    print_p99("p99 of arrivals, ms", arrivals, out);
    print_p99("p99 of handshakes, all at once, ms", batched, out);
}
