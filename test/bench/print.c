/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers, and intervals beside their budgets.
 */
#include "print.h"

double bench_number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

const char *bench_text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value != NULL ? value : "";
}

const char *bench_judge(double low, double high, double budget)
{
    if (budget <= 0)
        return "";
    if (high <= budget)
        return "kept";
    return low > budget ? "MISSED" : "undecided";
}

void bench_print_interval(const json_t *interval, int digits, FILE *out)
{
    double budget = bench_number(interval, "budget");
    double low = bench_number(interval, "low"),
           high = bench_number(interval, "high");

    fprintf(out, "%8.*f [%.*f, %.*f]", digits, bench_number(interval, "median"),
            digits, low, digits, high);
    if (budget > 0)
        fprintf(out, "  <= %-8g %s", budget, bench_judge(low, high, budget));
    fputc('\n', out);
}
