/* SPDX-License-Identifier: Apache-2.0
 *
 * What a verdict costs, without TLS. Prints one JSON object:
 *
 *     appraisal make FOLDER
 *     appraisal warm FOLDER ROUNDS
 *     appraisal cold FOLDER FORMAT
 *     appraisal decode ROUNDS
 *
 * FOLDER is one of test/provider/make_vendors.
 */
#include "appraisal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double bench_appraisal_us(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static unsigned rounds(const char *text)
{
    int wanted = atoi(text);

    if (wanted < 1)
        return 1;
    return wanted < BENCH_APPRAISAL_ROUNDS ? (unsigned)wanted
                                           : BENCH_APPRAISAL_ROUNDS;
}

static json_t *run(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "make") == 0)
        return bench_appraisal_make(argv[2]);
    if (argc == 4 && strcmp(argv[1], "warm") == 0)
        return bench_appraisal_warm(argv[2], rounds(argv[3]));
    if (argc == 4 && strcmp(argv[1], "cold") == 0)
        return bench_appraisal_cold(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "decode") == 0)
        return bench_appraisal_decode(rounds(argv[2]));
    fprintf(stderr, "appraisal: see its source\n");
    return NULL;
}

int main(int argc, char **argv)
{
    json_t *result = run(argc, argv);

    if (result == NULL || json_dumpf(result, stdout, JSON_COMPACT) != 0)
        return 1;
    json_decref(result);
    return 0;
}
