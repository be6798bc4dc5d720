/* SPDX-License-Identifier: Apache-2.0
 *
 * The first cause and its sentence.
 */
#include "why.h"

#include <stdarg.h>
#include <stdio.h>

static void make_printable(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

enum atls_reason atls_why(struct atls_why *why, enum atls_reason reason,
                          const char *format, ...)
{
    va_list args;

    if (why == NULL)
        return reason;
    if (why->reason != ATLS_OK)
        return why->reason;
    why->reason = reason;
    va_start(args, format);
    if (format == NULL)
        snprintf(why->text, sizeof(why->text), "%s", atls_reason_text(reason));
    else
        vsnprintf(why->text, sizeof(why->text), format, args);
    va_end(args);
    make_printable(why->text);
    return why->reason;
}
