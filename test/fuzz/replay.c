/* SPDX-License-Identifier: Apache-2.0
 *
 * Feeds files to a fuzz target and speaks TAP: without arguments its corpus
 * and the real Evidence of $ATLS_VECTORS, else the files and folders named.
 * What a target finds wrong ends the program.
 */
#define _XOPEN_SOURCE 700 /* nftw() */
#include "fuzz.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>

enum { MAX_INPUT = 1 << 20, MAX_OPEN_FOLDERS = 8, MAX_PATH = 1024 };

static unsigned num_inputs, num_tests;

/* The bytes get memory of just their size, where sanitizers see the end. */
static void feed(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len == 0 ? 1 : len);

    fuzz_must(copy != NULL);
    memcpy(copy, data, len);
    (void)LLVMFuzzerTestOneInput(copy, len);
    free(copy);
    num_inputs++;
}

static int feed_file(const char *path, const struct stat *status, int type,
                     struct FTW *place)
{
    static uint8_t data[MAX_INPUT];
    FILE *file;

    (void)status;
    (void)place;
    if (type != FTW_F)
        return 0;
    file = fopen(path, "rb");
    if (file == NULL)
        return 0;
    feed(data, fread(data, 1, sizeof(data), file));
    fclose(file);
    return 0;
}

static int replay(const char *path)
{
    int is_good;

    num_inputs = 0;
    is_good = nftw(path, feed_file, MAX_OPEN_FOLDERS, 0) == 0 && num_inputs > 0;
    printf("%s %u - %s: %u inputs of %s\n", is_good ? "ok" : "not ok",
           ++num_tests, fuzz_target, num_inputs, path);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int replay_all(const char *top_srcdir, const char *vectors)
{
    char corpus[MAX_PATH];
    int result;

    snprintf(corpus, sizeof(corpus), "%s/test/fuzz/corpus/%s", top_srcdir,
             fuzz_target);
    puts("1..2");
    result = replay(corpus);
    if (vectors == NULL || *vectors == '\0')
        printf("ok 2 - %s: real Evidence # SKIP no vectors\n", fuzz_target);
    else if (replay(vectors) != EXIT_SUCCESS)
        result = EXIT_FAILURE;
    return result;
}

int main(int argc, char **argv)
{
    const char *top_srcdir = getenv("top_srcdir");
    int result = EXIT_SUCCESS;

    if (argc < 2)
        return replay_all(top_srcdir != NULL ? top_srcdir : ".",
                          getenv("ATLS_VECTORS"));
    printf("1..%d\n", argc - 1);
    for (int i = 1; i < argc; i++)
        if (replay(argv[i]) != EXIT_SUCCESS)
            result = EXIT_FAILURE;
    return result;
}
