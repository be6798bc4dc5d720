/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of handshakes with a Verifier. Differences of p99 are between
 * separate runs of handshakes: the interval is the widest that theirs allow.
 */
#include "report.h"

#include <string.h>

#include "print.h"

#define ENOUGH    200 /* latencies */
#define COLD_MS   5   /* over the Verifier's own p99 */
#define CACHED_MS 1   /* over a plain handshake's */
#define BESIDE    1.1 /* of plain handshakes beside: over those beside plain */

static double p99(const json_t *latencies, const char *key)
{
    return bench_number(json_object_get(latencies, "p99_ms"), key);
}

/* A p99 of few is their longest. */
static const char *judge(const json_t *a, const json_t *b, double low,
                         double high, double budget)
{
    if (bench_number(a, "num") < ENOUGH || bench_number(b, "num") < ENOUGH)
        return "undecided, too few";
    if (high <= budget)
        return "kept";
    return low > budget ? "MISSED" : "undecided";
}

static void print_row(const json_t *row, FILE *out)
{
    static const char *const columns[] = {"handshake", "beside", "verifier"};
    const json_t *delay = json_object_get(row, "delay_ms");

    fprintf(out, "  %-10s", json_string_value(json_object_get(row, "name")));
    if (delay != NULL)
        fprintf(out, " %4.0f", json_number_value(delay));
    else
        fprintf(out, " %4s", "-");
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        const json_t *part = json_object_get(row, columns[i]);

        if (part != NULL)
            fprintf(out, "  %6.0f %8.2f %8.2f", bench_number(part, "num"),
                    bench_number(part, "p50_ms"), p99(part, "median"));
    }
    fputc('\n', out);
}

static void print_difference(const char *what, const json_t *a, const json_t *b,
                             double budget, FILE *out)
{
    double low = p99(a, "low") - p99(b, "high");
    double high = p99(a, "high") - p99(b, "low");

    fprintf(out, "  %-46s%8.2f [%.2f, %.2f]  <= %-5g %s\n", what,
            p99(a, "median") - p99(b, "median"), low, high, budget,
            judge(a, b, low, high, budget));
}

static void print_ratio(const char *what, const json_t *a, const json_t *b,
                        FILE *out)
{
    double low = p99(a, "low") / p99(b, "high");
    double high = p99(a, "high") / p99(b, "low");

    fprintf(out, "  %-46s%8.2f [%.2f, %.2f]  <= %-5g %s\n", what,
            p99(a, "median") / p99(b, "median"), low, high, BESIDE,
            judge(a, b, low, high, BESIDE));
}

static void print_goals(const json_t *row, const json_t *plain, FILE *out)
{
    const json_t *shake = json_object_get(row, "handshake");
    const json_t *verifier = json_object_get(row, "verifier");
    const json_t *beside = json_object_get(row, "beside");
    const json_t *over = json_object_get(row, "over_plain");
    double delay = bench_number(row, "delay_ms");
    char what[64];

    (void)snprintf(what, sizeof(what), "%s %.0f ms: p99 over %s p99, ms",
                   verifier != NULL ? "asked," : "cached,", delay,
                   verifier != NULL ? "the Verifier's" : "plain");
    if (verifier != NULL)
        print_difference(what, shake, verifier, COLD_MS, out);
    else
        print_difference(what, shake, json_object_get(plain, "handshake"),
                         CACHED_MS, out);
    (void)snprintf(what, sizeof(what), "%s %.0f ms: p50 / plain p50",
                   verifier != NULL ? "asked," : "cached,", delay);
    fprintf(out, "  %-46s%8.2f [%.2f, %.2f]\n", what,
            bench_number(over, "median"), bench_number(over, "low"),
            bench_number(over, "high"));
    (void)snprintf(what, sizeof(what), "%s %.0f ms: p99 beside / beside plain",
                   verifier != NULL ? "asked," : "cached,", delay);
    print_ratio(what, beside, json_object_get(plain, "beside"), out);
}

void bench_report_verifier(const json_t *result, FILE *out)
{
    const json_t *rows = json_object_get(result, "variants");
    size_t i;
    json_t *row;

    fprintf(out,
            "\na Verifier (atls serve) each of whose answers takes a while; a "
            "question has two.\nOne handshake after the other; beside them, in "
            "another thread, %.0f plain ones a second\n"
            "  %-10s %4s  %6s %8s %8s  %6s %8s %8s  %6s %8s %8s\n",
            bench_number(result, "beside_per_s"), "wall time", "ms", "num",
            "p50 ms", "p99 ms", "beside", "p50 ms", "p99 ms", "alone", "p50 ms",
            "p99 ms");
    json_array_foreach(rows, i, row) print_row(row, out);
    json_array_foreach(rows, i, row) if (i > 0)
        print_goals(row, json_array_get(rows, 0), out);
}
