/* SPDX-License-Identifier: Apache-2.0
 *
 * The table. What has a budget says whether it is kept; an interval that
 * holds the budget's border says so too.
 */
#include "report.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "print.h"

static void print_ratio(const json_t *ratio, FILE *out)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "%s / %s", bench_text(ratio, "of"),
                   bench_text(ratio, "over"));
    fprintf(out, "  %-30s", name);
    bench_print_interval(ratio, 3, out);
    fprintf(out, "  %30s", "client");
    bench_print_interval(json_object_get(ratio, "client"), 3, out);
    fprintf(out, "  %30s", "server");
    bench_print_interval(json_object_get(ratio, "server"), 3, out);
}

/* The pair of equals: an interval without 1 in it means that the machine was
 * too restless for the other ratios. */
static void print_equals(const json_t *ratio, FILE *out)
{
    bool holds_one =
        bench_number(ratio, "low") <= 1 && bench_number(ratio, "high") >= 1;

    fprintf(out, "  %-30s%s\n", "",
            holds_one ? "equals measure equal"
                      : "EQUALS DIFFER: the machine is too busy, run again");
}

static void print_warm(const char *title, const json_t *run, FILE *out)
{
    size_t i;
    json_t *item;

    fprintf(out, "\n%s, warm: %g blocks of %g handshakes; extension bytes %s\n",
            title, bench_number(run, "blocks"),
            bench_number(run, "handshakes_per_block"), bench_text(run, "wire"));
    fprintf(out, "  %-18s %9s %9s %9s %9s\n", "CPU us a handshake", "both",
            "client", "server", "bytes");
    json_array_foreach(json_object_get(run, "variants"), i, item)
    {
        fprintf(out, "  %-18s %9.1f %9.1f %9.1f %9.0f\n",
                bench_text(item, "name"), bench_number(item, "us"),
                bench_number(item, "client_us"),
                bench_number(item, "server_us"), bench_number(item, "bytes"));
    }
    json_array_foreach(json_object_get(run, "ratios"), i, item)
    {
        print_ratio(item, out);
        if (i == 0)
            print_equals(item, out);
    }
}

static void print_cold(const char *title, const json_t *runs, FILE *out)
{
    size_t i;
    json_t *item, *us;
    const char *key;

    json_array_foreach(runs, i, item)
    {
        fprintf(out, "\n%s, cold: %s, CPU us\n ", title,
                bench_text(item, "what"));
        json_object_foreach(json_object_get(item, "us"), key, us)
            fprintf(out, " %s %.0f ", key, json_number_value(us));
        fprintf(out, "\n  %-30s", "atls / floor");
        bench_print_interval(json_object_get(item, "atls_over_floor"), 3, out);
    }
}

static void print_instructions(const char *title, const json_t *rows, FILE *out)
{
    size_t i;
    json_t *item;

    fprintf(out, "\ninstructions a handshake, both sides: %s\n", title);
    json_array_foreach(rows, i, item)
    {
        double ratio = bench_number(item, "ratio"),
               budget = bench_number(item, "budget");

        fprintf(out, "  %-22s %12.0f %+10.0f %8.4f", bench_text(item, "name"),
                bench_number(item, "instructions"), bench_number(item, "added"),
                ratio);
        if (budget > 0)
            fprintf(out, "  <= %-8g %s", budget,
                    bench_judge(ratio, ratio, budget));
        fputc('\n', out);
    }
}

static void print_start(const json_t *start, FILE *out)
{
    size_t i;
    json_t *item;

    fprintf(out,
            "\nprocess start, %g of each; plain %.0f us CPU, %.0f us wall; "
            "added:\n",
            bench_number(start, "runs"), bench_number(start, "plain_cpu_us"),
            bench_number(start, "plain_wall_us"));
    json_array_foreach(json_object_get(start, "added"), i, item)
    {
        fprintf(out, "  %-10s CPU us     ", bench_text(item, "name"));
        bench_print_interval(json_object_get(item, "cpu_us"), 0, out);
        fprintf(out, "  %-10s wall us    ", bench_text(item, "name"));
        bench_print_interval(json_object_get(item, "wall_us"), 0, out);
        fprintf(out, "  %-10s private KiB", bench_text(item, "name"));
        bench_print_interval(json_object_get(item, "private_kib"), 0, out);
    }
}

static void print_side(const char *name, const json_t *side,
                       const json_t *dummy, FILE *out)
{
    double peak = bench_number(side, "peak") - bench_number(dummy, "peak");
    double kept = bench_number(side, "kept") - bench_number(dummy, "kept");

    fprintf(out,
            "  atls over dummy, %s: in flight %+.0f <= 4096 %s, kept "
            "%+.0f <= 512 %s\n",
            name, peak, bench_judge(peak, peak, 4096), kept,
            bench_judge(kept, kept, 512));
}

static void print_memory(const char *title, const json_t *cases, FILE *out)
{
    const json_t *dummy = json_array_get(cases, 1);
    const json_t *ours = json_array_get(cases, 2);
    size_t i;
    json_t *item;

    fprintf(out,
            "\n%s, heap of a connection in bytes\n  %-18s %10s %10s %7s "
            "%10s %10s %7s %6s\n",
            title, "", "client", "kept", "calls", "server", "kept", "calls",
            "left");
    json_array_foreach(cases, i, item)
    {
        const json_t *client = json_object_get(item, "client");
        const json_t *server = json_object_get(item, "server");

        fprintf(out, "  %-18s %10.0f %10.0f %7.0f %10.0f %10.0f %7.0f %6.0f\n",
                bench_text(item, "name"), bench_number(client, "peak"),
                bench_number(client, "kept"), bench_number(client, "calls"),
                bench_number(server, "peak"), bench_number(server, "kept"),
                bench_number(server, "calls"), bench_number(item, "left"));
    }
    print_side("client", json_object_get(ours, "client"),
               json_object_get(dummy, "client"), out);
    print_side("server", json_object_get(ours, "server"),
               json_object_get(dummy, "server"), out);
}

static void print_load(const char *phase, const char *kind, const json_t *load,
                       FILE *out)
{
    fprintf(out,
            "  %-8s %-9s offered %4.0f served %4.0f (%5.1f/s) failed %4.0f  "
            "p50 %6.1f  p99 %7.1f  max %7.1f ms\n",
            phase, kind, bench_number(load, "offered"),
            bench_number(load, "served"), bench_number(load, "served_per_s"),
            bench_number(load, "failed"), bench_number(load, "p50_ms"),
            bench_number(load, "p99_ms"), bench_number(load, "max_ms"));
}

static void print_flood(const json_t *flood, FILE *out)
{
    static const char *const phases[] = {"quiet", "flooded"};

    fprintf(out,
            "\none recorded ClientHello, 40 times a second (attester: "
            "%s)\n",
            bench_text(flood, "attester"));
    for (size_t i = 0; i < 2; i++) {
        const json_t *phase = json_object_get(flood, phases[i]);

        print_load(phases[i], "plain", json_object_get(phase, "plain"), out);
        print_load(phases[i], "attested", json_object_get(phase, "attested"),
                   out);
    }
}

static void print_serve(const json_t *serve, FILE *out)
{
    const char *key;
    json_t *run;

    fprintf(out, "\natls serve, two threads, beside its load\n");
    json_object_foreach((json_t *)(uintptr_t)serve, key, run)
    {
        const json_t *rate = json_object_get(run, "per_s");
        double low = bench_number(rate, "low"),
               high = bench_number(rate, "high");
        double wanted = bench_number(run, "wanted_per_s");
        double growth = bench_number(run, "rss_growth_kib");
        double allowed = bench_number(run, "rss_growth_budget_kib");

        fprintf(out, "  %s: %.0f appraisals by %.0f requests\n  %-30s", key,
                bench_number(run, "appraisals"), bench_number(run, "requests"),
                "a second");
        fprintf(out, "%8.0f [%.0f, %.0f]  >= %g %s\n",
                bench_number(rate, "median"), low, high, wanted,
                low >= wanted   ? "kept"
                : high < wanted ? "MISSED"
                                : "undecided");
        fprintf(out, "  %-30s", "CPU us of the Verifier");
        bench_print_interval(json_object_get(run, "cpu_us"), 1, out);
        fprintf(out, "  %-30s%8.1f\n", "sign + verify alone, us",
                bench_number(run, "bare_us"));
        fprintf(out, "  %-30s", "Verifier / sign + verify");
        bench_print_interval(json_object_get(run, "over_bare"), 3, out);
        fprintf(out, "  %-30s%8.0f, last %.0f, most %.0f\n",
                "memory, KiB: first", bench_number(run, "rss_first_kib"),
                bench_number(run, "rss_last_kib"),
                bench_number(run, "rss_most_kib"));
        fprintf(out, "  %-30s%8.0f  <= %g %s\n", "  second half over the first",
                growth, allowed, growth <= allowed ? "kept" : "MISSED");
    }
}

void bench_report_table(json_t *result, FILE *out)
{
    static const char *const titles[] = {"one-way", "mutual", "loaded"};
    const char *key;
    json_t *rows;

    fprintf(out, "%s, %s\n", bench_text(result, "openssl"),
            bench_text(result, "cpu"));
    for (size_t i = 0; i < 3; i++)
        if (json_object_get(result, titles[i]) != NULL)
            print_warm(titles[i], json_object_get(result, titles[i]), out);
    for (size_t i = 0; i < 2; i++)
        print_cold(titles[i],
                   json_object_get(json_object_get(result, "cold"), titles[i]),
                   out);
    json_object_foreach(json_object_get(result, "instructions"), key, rows)
        print_instructions(key, rows, out);
    if (json_object_get(result, "start") != NULL)
        print_start(json_object_get(result, "start"), out);
    for (size_t i = 0; i < 2; i++) {
        const json_t *cases =
            json_object_get(json_object_get(result, "memory"), titles[i]);

        if (cases != NULL)
            print_memory(titles[i], cases, out);
    }
    if (json_object_get(result, "flood") != NULL)
        print_flood(json_object_get(result, "flood"), out);
    if (json_object_get(result, "serve") != NULL)
        print_serve(json_object_get(result, "serve"), out);
    if (json_object_get(result, "verifier") != NULL)
        bench_report_verifier(json_object_get(result, "verifier"), out);
    if (json_object_get(result, "formats") != NULL)
        bench_report_formats(json_object_get(result, "formats"), out);
    if (json_object_get(result, "decode") != NULL)
        bench_report_decode(json_object_get(result, "decode"), out);
    if (json_object_get(result, "batch") != NULL)
        bench_report_batch(json_object_get(result, "batch"), out);
}
