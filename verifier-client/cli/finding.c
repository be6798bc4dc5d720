/* SPDX-License-Identifier: Apache-2.0
 *
 * Collected first and printed then, so that text and JSON say the same.
 */
#include "cli/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/terminal.h"

static const struct {
    const char *name;
    enum atls_colour colour;
} levels[] = {[ATLS_LEVEL_OK] = {"ok", ATLS_GREEN},
              [ATLS_LEVEL_NOTE] = {"note", ATLS_PLAIN},
              [ATLS_LEVEL_WARN] = {"warn", ATLS_YELLOW},
              [ATLS_LEVEL_FAIL] = {"fail", ATLS_RED}};
#define NUM_LEVELS (sizeof(levels) / sizeof(levels[0]))

static enum atls_colour colour_of(const char *level)
{
    for (size_t i = 0; i < NUM_LEVELS; i++)
        if (strcmp(levels[i].name, level) == 0)
            return levels[i].colour;
    return ATLS_PLAIN;
}

void atls_finding(struct atls_findings *findings, enum atls_level level,
                  const char *subject, const char *format, ...)
{
    ATLS_AUTO_HEAP char *text = NULL;
    json_t *item = json_object();
    va_list args;
    int len;

    va_start(args, format);
    len = vasprintf(&text, format, args);
    va_end(args);
    findings->num[level]++;
    atls_output_set(item, "level", "%s", levels[level].name);
    atls_output_set(item, "subject", "%s", subject);
    if (len < 0)
        text = NULL;
    else
        atls_output_set(item, "text", "%s", text);
    json_array_append_new(findings->items, item);
}

static const char *member(json_t *item, const char *name)
{
    const char *text = json_string_value(json_object_get(item, name));

    return text != NULL ? text : "";
}

static void print_text(const struct atls_findings *findings)
{
    size_t i;
    json_t *item;

    json_array_foreach(findings->items, i, item)
    {
        const char *level = member(item, "level");

        atls_terminal_paint(stdout, colour_of(level), level);
        printf("%*s", 6 - (int)strlen(level), "");
        atls_terminal_put(stdout, member(item, "subject"));
        fputs(": ", stdout);
        atls_terminal_put(stdout, member(item, "text"));
        fputc('\n', stdout);
    }
    printf("%u ok, %u to know, %u to look at, %u to mend\n",
           findings->num[ATLS_LEVEL_OK], findings->num[ATLS_LEVEL_NOTE],
           findings->num[ATLS_LEVEL_WARN], findings->num[ATLS_LEVEL_FAIL]);
}

int atls_findings_print(const struct atls_findings *findings, bool as_json)
{
    ATLS_AUTO(json_t) *report = NULL;
    bool is_good = findings->num[ATLS_LEVEL_FAIL] == 0;
    int status = is_good ? ATLS_EXIT_YES : ATLS_EXIT_NO;

    if (!as_json) {
        print_text(findings);
        return fflush(stdout) == 0 ? status : ATLS_EXIT_USAGE;
    }
    report = json_object();
    atls_output_add(report, "is_good", json_boolean(is_good));
    atls_output_add(report, "findings", json_incref(findings->items));
    return atls_output_print(report, true, status);
}
