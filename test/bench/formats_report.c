/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of appraisal without TLS.
 */
#include "report.h"

#include <stdbool.h>

#include "print.h"

static bool holds_one(const json_t *interval)
{
    return bench_number(interval, "low") <= 1 &&
           bench_number(interval, "high") >= 1;
}

/* One interval in twenty lies beside what is true, and there are nine. */
static void print_equals(const json_t *formats, FILE *out)
{
    size_t i, num_apart = 0;
    json_t *format;

    json_array_foreach(formats, i, format)
    {
        if (!holds_one(json_object_get(format, "again_over_bare")))
            num_apart++;
    }
    fprintf(out, "  bare against bare: %zu of %zu intervals hold 1%s\n",
            json_array_size(formats) - num_apart, json_array_size(formats),
            num_apart > 2
                ? "; EQUALS DIFFER: the machine is too busy, run again"
                : "");
}

static void print_warm(const json_t *formats, FILE *out)
{
    size_t i;
    json_t *format;

    fprintf(out, "  %-10s %6s  %-22s %8s %8s  %s\n", "warm", "bytes",
            "signatures", "bare", "atls", "atls / bare");
    json_array_foreach(formats, i, format)
    {
        fprintf(out, "  %-10s %6.0f  %-22s %8.1f %8.1f",
                bench_text(format, "format"), bench_number(format, "bytes"),
                bench_text(format, "signatures"),
                bench_number(format, "bare_us"),
                bench_number(format, "warm_us"));
        bench_print_interval(json_object_get(format, "warm_over_bare"), 3, out);
    }
}

static void print_cold(const json_t *formats, FILE *out)
{
    size_t i;
    json_t *format;

    fprintf(out, "  %-10s %6s  %-22s %8s %8s  %s\n", "cold", "policy",
            "signatures, with chain", "bare", "atls", "atls / bare");
    json_array_foreach(formats, i, format)
    {
        fprintf(out, "  %-10s %6.0f  %-22s %8.1f %8.1f",
                bench_text(format, "format"), bench_number(format, "read_us"),
                bench_text(format, "all_signatures"),
                bench_number(format, "all_us"),
                bench_number(format, "cold_us"));
        bench_print_interval(json_object_get(format, "cold_over_all"), 3, out);
    }
}

static void print_fresh(const json_t *formats, FILE *out)
{
    size_t i;
    json_t *format;

    fprintf(out, "  a fresh process: policy read, first verdict\n");
    json_array_foreach(formats, i, format)
    {
        const json_t *fresh = json_object_get(format, "fresh");

        fprintf(out, "  %-10s %6.0f  %6.0f\n", bench_text(format, "format"),
                bench_number(fresh, "read_us"),
                bench_number(fresh, "first_us"));
    }
}

void bench_report_formats(const json_t *result, FILE *out)
{
    const json_t *formats = json_object_get(result, "formats");

    fprintf(out,
            "\nEvidence of each format, CPU us of a verdict: %g blocks of %g "
            "connections under\ntest roots; bare: its signatures alone, keys "
            "prepared; cold: a policy just read,\ncertificates of good chains "
            "decoded before\n",
            bench_number(result, "blocks"),
            bench_number(result, "appraisals_per_block"));
    print_warm(formats, out);
    print_equals(formats, out);
    print_cold(formats, out);
    print_fresh(formats, out);
}

void bench_report_decode(const json_t *result, FILE *out)
{
    static const struct {
        const char *key, *name;
        int digits;
    } rows[] = {
        {"ours_us", "decode and check, us", 2},
        {"aim_us", "the same against the aim", 2},
        {"cmw_us", "CMW to nonce, copied, us", 2},
        {"libcbor_us", "libcbor, claims extracted, us", 2},
        {"ours_over_libcbor", "decode and check / libcbor", 3},
    };

    fprintf(out,
            "\na PSA token of %g bytes with %g components, CPU us, without its "
            "signature\n",
            bench_number(result, "bytes"), bench_number(result, "components"));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fprintf(out, "  %-30s", rows[i].name);
        bench_print_interval(json_object_get(result, rows[i].key),
                             rows[i].digits, out);
    }
}
