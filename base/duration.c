/* SPDX-License-Identifier: Apache-2.0
 *
 * A number and a letter.
 */
#include "duration.h"

#include <string.h>

static int64_t unit_of(char letter)
{
    switch (letter) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    default:
        return 0;
    }
}

bool atls_duration_parse(const char *text, int64_t *seconds)
{
    size_t num_digits = strspn(text, "0123456789");
    int64_t number = 0, unit = unit_of(text[num_digits]);

    *seconds = 0;
    if (strcmp(text, "0") == 0)
        return true;
    if (num_digits == 0 || num_digits > 9 || unit == 0 ||
        text[num_digits + 1] != '\0')
        return false;
    for (size_t i = 0; i < num_digits; i++)
        number = number * 10 + (text[i] - '0');
    if (number > ATLS_DURATION_MAX_S / unit)
        return false;
    *seconds = number * unit;
    return true;
}
