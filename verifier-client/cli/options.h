/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands on the command line: long options by getopt_long, then operands.
 */
#ifndef ATLS_CLI_OPTIONS_H
#define ATLS_CLI_OPTIONS_H

#include <stdbool.h>

#include "why.h"

#define ATLS_OPTIONS_MAX 16
#define ATLS_WORDS_MAX   16

struct atls_words { /* an option that may be repeated; borrowed from argv */
    unsigned num;
    const char *items[ATLS_WORDS_MAX];
};

/* One row an option, NULL-ended by name. Exactly one of the three is set. */
struct atls_option {
    const char *name; /* without dashes */
    bool *flag;
    const char **text;
    struct atls_words *words;
};

struct atls_usage {
    const char *command; /* "policy check" */
    const char *help;    /* fits 24 lines of 80 characters */
    int min, max;        /* operands */
};

/* atls_options_read: -1, and operands at argv[optind], or an exit status:
 * --help was printed, or what is wrong was said. */
int atls_options_read(const struct atls_usage *usage,
                      const struct atls_option *options, int argc, char **argv);

/* Each prints "atls COMMAND: sentence" to stderr and returns
 * ATLS_EXIT_USAGE; usage_wrong adds where the help is. */
int atls_usage_wrong(const char *command, const char *format, ...)
    ATLS_PRINTF(2, 3);
int atls_usage_failed(const char *command, const struct atls_why *why);

#endif
