/* SPDX-License-Identifier: Apache-2.0
 *
 * getopt_long(3) from a table. getopt's own messages are off: ours say whose
 * they are and where the help is.
 */
#include "cli/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/terminal.h"

enum { HELP = 'h', FIRST = 256 };

int atls_usage_wrong(const char *command, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "atls %s: ", command);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nTry 'atls %s --help'.\n", command);
    return ATLS_EXIT_USAGE;
}

int atls_usage_failed(const char *command, const struct atls_why *why)
{
    fprintf(stderr, "atls %s: ", command);
    atls_terminal_put(stderr, why->text);
    fputc('\n', stderr);
    return ATLS_EXIT_USAGE;
}

static void fill(const struct atls_option *options, struct option *longs)
{
    int i;

    for (i = 0; options[i].name != NULL && i < ATLS_OPTIONS_MAX; i++)
        longs[i] = (struct option){options[i].name, options[i].flag == NULL,
                                   NULL, FIRST + i};
    longs[i] = (struct option){"help", no_argument, NULL, HELP};
}

static bool take(const struct atls_option *option, const char *argument)
{
    if (option->flag != NULL)
        *option->flag = true;
    else if (option->text != NULL)
        *option->text = argument;
    else if (option->words->num == ATLS_WORDS_MAX)
        return false;
    else
        option->words->items[option->words->num++] = argument;
    return true;
}

static int refuse(const struct atls_usage *usage, int found, char **argv)
{
    const char *option = argv[optind - 1];

    return found == ':' ? atls_usage_wrong(usage->command,
                                           "%s wants an argument", option)
                        : atls_usage_wrong(usage->command,
                                           "there is no option %s", option);
}

int atls_options_read(const struct atls_usage *usage,
                      const struct atls_option *options, int argc, char **argv)
{
    struct option longs[ATLS_OPTIONS_MAX + 2] = {{0}};
    int found;

    fill(options, longs);
    opterr = 0;
    optind = 0; /* getopt(3): begin anew */
    while ((found = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
        if (found == HELP) {
            fputs(usage->help, stdout);
            return ATLS_EXIT_YES;
        }
        if (found < FIRST)
            return refuse(usage, found, argv);
        if (!take(&options[found - FIRST], optarg))
            return atls_usage_wrong(usage->command, "too many times --%s",
                                    options[found - FIRST].name);
    }
    if (argc - optind < usage->min)
        return atls_usage_wrong(usage->command, "an argument is missing");
    if (argc - optind > usage->max)
        return atls_usage_wrong(usage->command, "unexpected argument \"%s\"",
                                argv[optind + usage->max]);
    return -1;
}
