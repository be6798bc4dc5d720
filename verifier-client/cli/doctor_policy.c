/* SPDX-License-Identifier: Apache-2.0
 *
 * A policy is read by every program that has the module, with that program's
 * rights. Mode bits are judged as the kernel does, from the root folder down;
 * access control lists and security modules are not asked.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/doctor.h"
#include "policy.h"

enum { MAX_GROUPS = 64 };

struct reader {
    uid_t uid;
    gid_t groups[MAX_GROUPS];
    int num_groups;
};

static bool find_reader(const char *user, struct reader *out)
{
    const struct passwd *entry = getpwnam(user);

    if (entry == NULL)
        return false;
    out->uid = entry->pw_uid;
    out->num_groups = MAX_GROUPS;
    if (getgrouplist(user, entry->pw_gid, out->groups, &out->num_groups) < 0)
        out->num_groups = MAX_GROUPS;
    return true;
}

static bool is_in(const struct reader *reader, gid_t gid)
{
    for (int i = 0; i < reader->num_groups; i++)
        if (reader->groups[i] == gid)
            return true;
    return false;
}

/* bit: 4 to read a file, 1 to pass through a folder. */
static bool may(const struct reader *reader, const char *path, mode_t bit)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return false;
    if (reader->uid == 0)
        return true;
    if (info.st_uid == reader->uid)
        return (info.st_mode >> 6 & bit) != 0;
    if (is_in(reader, info.st_gid))
        return (info.st_mode >> 3 & bit) != 0;
    return (info.st_mode & bit) != 0;
}

static bool can_read(const struct reader *reader, const char *path)
{
    ATLS_AUTO_HEAP char *folder = strdup(path);
    bool can = folder != NULL && may(reader, "/", 1);

    for (size_t i = 1; can && path[i] != '\0'; i++) {
        if (path[i] != '/')
            continue;
        folder[i] = '\0';
        can = may(reader, folder, 1);
        folder[i] = '/';
    }
    return can && may(reader, path, 4);
}

static void add_name(struct atls_buf *list, const char *name)
{
    atls_buf_text(list, list->len > 0 ? ", " : "");
    atls_buf_text(list, name);
}

static const char *text_of(struct atls_buf *list)
{
    atls_buf_u8(list, 0);
    return list->failed ? "" : (const char *)list->data;
}

static void check_readers(const char *path, const struct atls_application *only,
                          struct atls_findings *findings)
{
    ATLS_AUTO_BUF able = atls_buf(1024);
    ATLS_AUTO_BUF unable = atls_buf(1024);
    struct reader reader;
    const char *user;

    for (size_t i = 0; (user = atls_application_user(only, i)) != NULL; i++)
        if (find_reader(user, &reader))
            add_name(can_read(&reader, path) ? &able : &unable, user);
    if (able.len > 0)
        atls_finding(findings, ATLS_LEVEL_OK, "policy", "%s can be read by: %s",
                     path, text_of(&able));
    if (unable.len > 0)
        atls_finding(findings, ATLS_LEVEL_WARN, "policy",
                     "%s cannot be read by: %s; programs that start as one of "
                     "these will not load: chmod a+r, and a+x its folders",
                     path, text_of(&unable));
}

static void check_writers(const char *path, const struct stat *info,
                          struct atls_findings *findings)
{
    const struct passwd *owner = getpwuid(info->st_uid);

    if ((info->st_mode & 0022) != 0)
        atls_finding(findings, ATLS_LEVEL_FAIL, "policy",
                     "%s has mode %04o: others than its owner can change whom "
                     "this host trusts; chmod go-w",
                     path, info->st_mode & 07777);
    else
        atls_finding(findings, ATLS_LEVEL_OK, "policy",
                     "%s can be changed by its owner only (%s, mode %04o)",
                     path, owner != NULL ? owner->pw_name : "without a name",
                     info->st_mode & 07777);
}

static void count_problem(void *arg, const char *sentence)
{
    atls_finding(arg, ATLS_LEVEL_FAIL, "policy", "%s", sentence);
}

static void check_content(const char *path, struct atls_findings *findings)
{
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};
    unsigned before = findings->num[ATLS_LEVEL_FAIL];
    enum atls_reason reason =
        atls_policy_read(path, count_problem, findings, &policy, &why);

    if (reason == ATLS_OK) {
        atls_finding(findings, ATLS_LEVEL_OK, "policy", "%s is a good policy",
                     path);
        atls_doctor_collateral(policy, findings);
    } else if (findings->num[ATLS_LEVEL_FAIL] == before) {
        atls_finding(findings, ATLS_LEVEL_FAIL, "policy", "%s", why.text);
    }
    atls_policy_free(policy);
}

void atls_doctor_policy(const char *path, const struct atls_application *only,
                        struct atls_findings *findings)
{
    struct stat info;

    if (path == NULL || *path == '\0')
        return;
    if (stat(path, &info) != 0) {
        atls_finding(findings, ATLS_LEVEL_FAIL, "policy",
                     "%s: %m: programs that load this file have no TLS", path);
        return;
    }
    check_content(path, findings);
    check_writers(path, &info, findings);
    check_readers(path, only, findings);
}
