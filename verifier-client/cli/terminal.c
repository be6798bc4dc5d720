/* SPDX-License-Identifier: Apache-2.0
 *
 * What goes to a terminal: colours where they are wanted, and no escape
 * sequence that is not ours.
 */
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool atls_terminal_has_colour(FILE *file)
{
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return (no == NULL || *no == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0 && isatty(fileno(file));
}

void atls_terminal_put(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c >= ' ' && c < 0x7f)
            fputc(c, file);
        else
            fprintf(file, "\\x%02x", c);
    }
}

void atls_terminal_paint(FILE *file, enum atls_colour colour, const char *text)
{
    static const char *const codes[] = {
        [ATLS_PLAIN] = "0", [ATLS_GREEN] = "32", [ATLS_YELLOW] = "33",
        [ATLS_RED] = "31",  [ATLS_BOLD] = "1",
    };
    bool has_colour = colour != ATLS_PLAIN && atls_terminal_has_colour(file);

    if (has_colour)
        fprintf(file, "\033[%sm", codes[colour]);
    atls_terminal_put(file, text);
    if (has_colour)
        fputs("\033[0m", file);
}
