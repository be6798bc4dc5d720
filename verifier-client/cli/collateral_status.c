/* SPDX-License-Identifier: Apache-2.0
 *
 * atls collateral status: one line an item, and an exit status that monitoring
 * can use.
 */
#include "cli/collateral.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "expiry.h"

static const char help[] =
    "usage: atls collateral status [OPTION]... FOLDER\n"
    "       atls collateral status [OPTION]... --policy FILE\n"
    "\n"
    "Shows what is in a folder of collateral, or what all profiles of a policy "
    "rest\n"
    "on (with its trust anchors and its \"grace\"), one line each: whether it "
    "is\n"
    "fresh, ends soon (a third of its life is left, or 7 days if that is "
    "less),\n"
    "is stale or missing; what it is, and of what; when it was issued and "
    "when the\n"
    "next must be there. Signatures are not checked here.\n"
    "\n"
    "  --policy FILE  of this policy\n"
    "  --at TIME      as of this time (default: now)\n"
    "  --json         the same as a JSON object\n"
    "  --help         this\n"
    "\n"
    "Exit status: 0 all is fresh; 1 something is stale, missing or cannot be "
    "read,\n"
    "or the folder is empty; 2 bad usage or no such folder; 3 something ends "
    "soon.\n";

enum { NUM_STATES = 4 };

struct status {
    json_t *items, *problems;
    int64_t now;
    bool as_json;
    unsigned num[NUM_STATES];
};

static void print_item(const struct atls_expiry *expiry,
                       enum atls_expiry_state state, int64_t now)
{
    static const enum atls_colour colours[] = {[ATLS_EXPIRY_FRESH] = ATLS_GREEN,
                                               [ATLS_EXPIRY_SOON] = ATLS_YELLOW,
                                               [ATLS_EXPIRY_STALE] = ATLS_RED,
                                               [ATLS_EXPIRY_MISSING] =
                                                   ATLS_RED};
    const char *name = atls_expiry_name(state);
    char issued[32], next[32], age[32], left[32];

    atls_terminal_paint(stdout, colours[state], name);
    printf("%*s%-12s  ", 9 - (int)strlen(name), "", expiry->kind);
    atls_terminal_put(stdout, expiry->of);
    if (!expiry->is_missing) {
        atls_expiry_date(expiry->issued, issued, sizeof(issued));
        atls_expiry_date(expiry->next, next, sizeof(next));
        atls_expiry_length(now - expiry->issued, age, sizeof(age));
        atls_expiry_length(expiry->next - now, left, sizeof(left));
        printf("  issued %s (%s old), next %s", issued, age, next);
        if (expiry->next != ATLS_EXPIRY_NEVER)
            printf(" (%s %s)", left, now < expiry->next ? "left" : "ago");
        if (expiry->end != expiry->next) {
            atls_expiry_date(expiry->end, next, sizeof(next));
            printf(", taken until %s", next);
        }
    }
    putchar('\n');
}

static void put_date(json_t *item, const char *key, int64_t when)
{
    char text[32];

    atls_expiry_date(when, text, sizeof(text));
    atls_output_set(item, key, "%s", text);
}

static void keep_item(struct status *status, const struct atls_expiry *expiry,
                      enum atls_expiry_state state)
{
    json_t *item = json_object();

    atls_output_set(item, "state", "%s", atls_expiry_name(state));
    atls_output_set(item, "kind", "%s", expiry->kind);
    atls_output_set(item, "of", "%s", expiry->of);
    if (!expiry->is_missing) {
        put_date(item, "issued", expiry->issued);
        put_date(item, "next", expiry->next);
        put_date(item, "end", expiry->end);
        atls_output_add(item, "age_s",
                        json_integer(status->now - expiry->issued));
        if (expiry->end != ATLS_EXPIRY_NEVER)
            atls_output_add(item, "left_s",
                            json_integer(expiry->end - status->now));
    }
    if (expiry->profile != NULL)
        atls_output_set(item, "profile", "%s", expiry->profile);
    if (expiry->folder != NULL)
        atls_output_set(item, "folder", "%s", expiry->folder);
    json_array_append_new(status->items, item);
}

static void take_item(void *arg, const struct atls_expiry *expiry)
{
    struct status *status = arg;
    enum atls_expiry_state state = atls_expiry_state(expiry, status->now);

    status->num[state]++;
    keep_item(status, expiry, state);
    if (!status->as_json)
        print_item(expiry, state, status->now);
}

static void take_problem(void *arg, const char *sentence)
{
    struct status *status = arg;

    json_array_append_new(status->problems,
                          atls_output_text(atls_view_text(sentence)));
    if (status->as_json)
        return;
    atls_terminal_paint(stdout, ATLS_RED, "wrong");
    fputs("    ", stdout);
    atls_terminal_put(stdout, sentence);
    putchar('\n');
}

static enum atls_reason read_folder(struct status *status, const char *path,
                                    struct atls_why *why)
{
    struct atls_stock_folder folder = {.tcb = {.num = 0}};
    struct atls_stock stock;
    enum atls_reason reason =
        atls_stock_read(path, take_problem, status, &folder, why);

    stock = atls_stock_of(&folder);
    if (reason != ATLS_OUT_OF_MEMORY &&
        !atls_stock_expiries(&stock, take_item, status))
        reason = atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    atls_stock_clear(&folder);
    return reason;
}

static enum atls_reason read_policy(struct status *status, const char *path,
                                    struct atls_why *why)
{
    struct atls_policy *policy = NULL;
    enum atls_reason reason =
        atls_policy_read(path, take_problem, status, &policy, why);

    if (reason == ATLS_OK && !atls_policy_expiries(policy, take_item, status))
        reason = atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    atls_policy_free(policy);
    return reason;
}

static int exit_of(const struct status *status, bool is_folder)
{
    bool is_empty = json_array_size(status->items) == 0;

    if (status->num[ATLS_EXPIRY_STALE] > 0 ||
        status->num[ATLS_EXPIRY_MISSING] > 0 ||
        json_array_size(status->problems) > 0 || (is_folder && is_empty))
        return ATLS_EXIT_NO;
    return status->num[ATLS_EXPIRY_SOON] > 0 ? ATLS_EXIT_SOON : ATLS_EXIT_YES;
}

static int print(const struct status *status, bool is_folder)
{
    ATLS_AUTO(json_t) *report = json_object();
    int code = exit_of(status, is_folder);

    if (!status->as_json) {
        printf("%u fresh, %u soon, %u stale, %u missing, %zu wrong\n",
               status->num[ATLS_EXPIRY_FRESH], status->num[ATLS_EXPIRY_SOON],
               status->num[ATLS_EXPIRY_STALE], status->num[ATLS_EXPIRY_MISSING],
               json_array_size(status->problems));
        return fflush(stdout) == 0 ? code : ATLS_EXIT_USAGE;
    }
    atls_output_add(report, "is_good", json_boolean(code == ATLS_EXIT_YES));
    put_date(report, "at", status->now);
    atls_output_add(report, "items", json_incref(status->items));
    atls_output_add(report, "problems", json_incref(status->problems));
    return atls_output_print(report, true, code);
}

/* What cannot be looked at at all is no answer. */
static enum atls_reason check_path(const char *folder, const char *policy,
                                   struct atls_why *why)
{
    const char *path = folder != NULL ? folder : policy;
    DIR *list = folder != NULL ? opendir(folder) : NULL;
    bool is_there = folder != NULL ? list != NULL : access(policy, R_OK) == 0;

    if (list != NULL)
        closedir(list);
    return is_there ? ATLS_OK
                    : atls_why(why, ATLS_FILE_UNREADABLE, "%s: %s", path,
                               strerror(errno));
}

static int show(struct status *status, const char *folder, const char *policy)
{
    struct atls_why why = {0};
    enum atls_reason reason = check_path(folder, policy, &why);

    if (reason != ATLS_OK)
        return atls_usage_failed("collateral status", &why);
    reason = folder != NULL ? read_folder(status, folder, &why)
                            : read_policy(status, policy, &why);
    if (reason != ATLS_OK && json_array_size(status->problems) == 0)
        return atls_usage_failed("collateral status", &why);
    return print(status, folder != NULL);
}

int atls_collateral_status(int argc, char **argv)
{
    ATLS_AUTO(json_t) *items = json_array();
    ATLS_AUTO(json_t) *problems = json_array();
    struct status status = {
        .items = items, .problems = problems, .now = (int64_t)time(NULL)};
    const char *policy = NULL, *at = NULL;
    const struct atls_option options[] = {{"policy", NULL, &policy, NULL},
                                          {"at", NULL, &at, NULL},
                                          {"json", &status.as_json, NULL, NULL},
                                          {0}};
    const struct atls_usage usage = {"collateral status", help, 0, 1};
    int code = atls_options_read(&usage, options, argc, argv);

    if (code >= 0)
        return code;
    if ((policy != NULL) == (optind < argc))
        return atls_usage_wrong("collateral status",
                                "want either a folder or --policy");
    if (at != NULL && !atls_input_time(at, &status.now))
        return atls_usage_wrong("collateral status",
                                "--at: want a time such as "
                                "2026-11-23T21:00:00Z, found \"%s\"",
                                at);
    return show(&status, policy == NULL ? argv[optind] : NULL, policy);
}
