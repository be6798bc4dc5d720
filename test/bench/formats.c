/* SPDX-License-Identifier: Apache-2.0
 *
 * What Evidence of each format costs whoever judges it, and a token's claims
 * alone: the program `appraisal`, in one process for what is warm, and in a
 * fresh one for each verdict of a process that has done nothing before.
 */
#include "section.h"

#include <stdio.h>

#include "pki.h"
#include "process.h"
#include "sample.h"

#define MAX_FRESH 100 /* processes of each format */

static json_t *appraisal(const char *part, const char *a, const char *b)
{
    char program[BENCH_PATH];
    const char *argv[] = {bench_process_sibling("appraisal", program), part, a,
                          b, NULL};

    return bench_process_run(argv);
}

/* The vendors' folder must not be there before. */
static bool make_vendors(const char *folder)
{
    char program[BENCH_PATH];
    const char *argv[] = {
        bench_process_sibling("../provider/make_vendors", program), folder,
        NULL};
    struct bench_process process;

    return bench_process_start(argv, &process) && bench_process_end(&process);
}

static json_t *run_fresh(const char *folder, const char *format, unsigned num)
{
    static double read_us[MAX_FRESH], first_us[MAX_FRESH];

    for (unsigned i = 0; i < num; i++) {
        json_t *result = appraisal("cold", folder, format);

        if (result == NULL)
            return NULL;
        read_us[i] = json_real_value(json_object_get(result, "read_us"));
        first_us[i] = json_real_value(json_object_get(result, "first_us"));
        json_decref(result);
    }
    return json_pack("{s:f,s:f}", "read_us", bench_sample_median(read_us, num),
                     "first_us", bench_sample_median(first_us, num));
}

static bool add_fresh(const char *folder, json_t *result, unsigned num)
{
    json_t *formats = json_object_get(result, "formats"), *format;
    size_t i;

    json_array_foreach(formats, i, format)
    {
        const char *name = json_string_value(json_object_get(format, "format"));
        json_t *fresh = run_fresh(folder, name, num);

        if (fresh == NULL || json_object_set_new(format, "fresh", fresh) != 0)
            return false;
    }
    return json_object_set_new(result, "processes", json_integer(num)) == 0;
}

json_t *bench_formats(const char *folder, unsigned num_rounds)
{
    char vendors[BENCH_PATH], rounds[16];
    unsigned num_fresh = num_rounds / 10;
    json_t *result = NULL, *made = NULL;

    (void)bench_pki_path(folder, "vendors", vendors);
    (void)snprintf(rounds, sizeof(rounds), "%u", num_rounds);
    num_fresh = num_fresh < 1 ? 1 : num_fresh;
    num_fresh = num_fresh > MAX_FRESH ? MAX_FRESH : num_fresh;
    if (make_vendors(vendors))
        made = appraisal("make", vendors, NULL);
    if (made != NULL)
        result = appraisal("warm", vendors, rounds);
    json_decref(made);
    if (result != NULL && add_fresh(vendors, result, num_fresh))
        return result;
    json_decref(result);
    return NULL;
}

json_t *bench_decode(unsigned num_rounds)
{
    char rounds[16];

    (void)snprintf(rounds, sizeof(rounds), "%u", num_rounds);
    return appraisal("decode", rounds, NULL);
}
