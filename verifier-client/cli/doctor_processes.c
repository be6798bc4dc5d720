/* SPDX-License-Identifier: Apache-2.0
 *
 * Processes that speak TLS and are not covered: what /proc shows of libssl and
 * atls_ext.so. One that is linked statically, or speaks TLS by another library,
 * is not seen; neither is one of another user, unless root asks.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/output.h"

enum { MAX_SHOWN = 40 };

struct survey {
    unsigned num_seen, num_covered, num_hidden, num_bare;
};

static bool is_number(const char *text)
{
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static FILE *open_proc(const char *pid, const char *name)
{
    char path[300];

    snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
    return fopen(path, "re");
}

/* false: we may not look at it. One that has ended has no libssl. */
static bool look(const char *pid, bool *has_ssl, bool *has_module)
{
    FILE *maps = open_proc(pid, "maps");
    ATLS_AUTO_HEAP char *line = NULL;
    size_t size = 0;

    *has_ssl = *has_module = false;
    if (maps == NULL)
        return errno == ENOENT || errno == ESRCH;
    while (getline(&line, &size, maps) >= 0) {
        if (strstr(line, "/libssl.so") != NULL)
            *has_ssl = true;
        if (strstr(line, "atls_ext.so") != NULL)
            *has_module = true;
    }
    fclose(maps);
    return true;
}

static void read_name(const char *pid, char *name, size_t size)
{
    FILE *file = open_proc(pid, "comm");

    snprintf(name, size, "?");
    if (file == NULL)
        return;
    if (fgets(name, (int)size, file) != NULL)
        name[strcspn(name, "\n")] = '\0';
    fclose(file);
}

static void examine(const char *pid, struct survey *survey,
                    struct atls_findings *findings)
{
    bool has_ssl, has_module;
    char name[64];

    if (atoi(pid) == (int)getpid())
        return;
    if (!look(pid, &has_ssl, &has_module)) {
        survey->num_hidden++;
        return;
    }
    survey->num_seen++;
    survey->num_covered += has_module;
    if (!has_ssl || has_module || survey->num_bare++ >= MAX_SHOWN)
        return;
    read_name(pid, name, sizeof(name));
    atls_finding(findings, ATLS_LEVEL_WARN, "process",
                 "%s (pid %s) has libssl and not the module: if its TLS should "
                 "be attested, start it anew with this openssl.cnf",
                 name, pid);
}

void atls_doctor_processes(struct atls_findings *findings)
{
    struct survey survey = {0};
    DIR *folder = opendir("/proc");
    const struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL)
        if (is_number(entry->d_name))
            examine(entry->d_name, &survey, findings);
    if (folder != NULL)
        closedir(folder);
    atls_finding(findings, ATLS_LEVEL_OK, "processes",
                 "%u looked at: %u with the module, %u with libssl and not the "
                 "module",
                 survey.num_seen, survey.num_covered, survey.num_bare);
    if (survey.num_hidden > 0)
        atls_finding(findings, ATLS_LEVEL_WARN, "processes",
                     "%u could not be looked at: ask again as root",
                     survey.num_hidden);
}
