/* SPDX-License-Identifier: Apache-2.0
 *
 * Text for people. What a peer chose is shown, never obeyed: control
 * characters and bytes outside ASCII leave as \xNN.
 */
#ifndef ATLS_CLI_TERMINAL_H
#define ATLS_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

enum atls_colour { ATLS_PLAIN, ATLS_GREEN, ATLS_YELLOW, ATLS_RED, ATLS_BOLD };

/* atls_terminal_has_colour: a terminal, and NO_COLOR (no-color.org) is not
 * set, and TERM is not dumb. */
bool atls_terminal_has_colour(FILE *file);

/* atls_terminal_put: text, made printable. */
void atls_terminal_put(FILE *file, const char *text);

/* atls_terminal_paint: the same in a colour, where there are colours. */
void atls_terminal_paint(FILE *file, enum atls_colour colour, const char *text);

#endif
