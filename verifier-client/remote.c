/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading atls_remote.so, and asking by it.
 */
#include "config.h" /* dladdr */

#include "remote.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "breaker.h"
#include "clock.h"

#define MODULE_FILE "atls_remote.so"
#define OPEN_FLAGS  (RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)

static const struct atls_remote_module *_Atomic module;
static const char *_Atomic chosen_folder;
static _Thread_local bool is_asking;

void atls_remote_set_folder(const char *folder)
{
    chosen_folder = folder;
}

static void *open_in(const char *folder, size_t len)
{
    char path[1024];

    if (snprintf(path, sizeof(path), "%.*s/" MODULE_FILE, (int)len, folder) >=
        (int)sizeof(path))
        return NULL;
    return dlopen(path, OPEN_FLAGS);
}

/* Beside what this is linked into, where a build tree has it; else where make
 * install puts it. Absolute both, so that no search path of the program
 * matters. */
static void *open_module(void)
{
    const char *folder = chosen_folder, *slash;
    Dl_info self;
    void *handle = NULL;

    if (folder != NULL)
        return open_in(folder, strlen(folder));
    if (dladdr((const void *)atls_remote_ask, &self) != 0 &&
        (slash = strrchr(self.dli_fname, '/')) != NULL)
        handle = open_in(self.dli_fname, (size_t)(slash - self.dli_fname));
    return handle != NULL ? handle : open_in(ATLS_EXTDIR, strlen(ATLS_EXTDIR));
}

/* Two threads may both open it, and get the same. */
enum atls_reason atls_remote_load(struct atls_why *why)
{
    const struct atls_remote_module *found;
    void *handle;

    if (module != NULL)
        return ATLS_OK;
    handle = open_module();
    if (handle == NULL)
        return atls_why(why, ATLS_FILE_UNREADABLE,
                        "what is elsewhere is asked for by " MODULE_FILE ": %s",
                        dlerror());
    found = dlsym(handle, "atls_remote_module");
    if (found == NULL || found->version != ATLS_REMOTE_VERSION)
        return atls_why(why, ATLS_FILE_UNREADABLE,
                        MODULE_FILE " is of another version of atls; install "
                                    "both anew");
    module = found;
    return ATLS_OK;
}

/* A rule may want the Verifier itself attested, and its appraisal may end up
 * here again. */
static enum atls_reason check_caller(const char *url, struct atls_why *why)
{
    if (!is_asking)
        return ATLS_OK;
    return atls_why(why, ATLS_VERIFIER_UNTRUSTED,
                    "%s: want Evidence of the Verifier that can be judged "
                    "here; it cannot vouch for itself",
                    url);
}

/* It is late where what came before (a slow attester, another Verifier) took
 * more than half of the timeout. */
static enum atls_reason check_time(const struct atls_remote_question *question,
                                   int64_t now_ns, bool *is_late,
                                   struct atls_why *why)
{
    int64_t left_ns = question->deadline_ns - now_ns;

    *is_late = 2 * left_ns < question->timeout_ns;
    if (left_ns > 0)
        return ATLS_OK;
    return atls_why(why, ATLS_VERIFIER_TIMEOUT,
                    "%s: not asked, as what came before took all of the "
                    "timeout; raise it",
                    question->verifier->peer.url);
}

static enum atls_reason ask_once(const struct atls_remote_question *question,
                                 struct atls_buf *result, struct atls_why *why)
{
    enum atls_reason reason;

    is_asking = true;
    reason = module->ask(question, result, why);
    is_asking = false;
    return reason;
}

/* A timeout says something of the Verifier only if it had the time. */
enum atls_reason atls_remote_ask(const struct atls_remote_question *question,
                                 struct atls_buf *result, struct atls_why *why)
{
    const char *url = question->verifier->peer.url;
    int64_t now_ns = atls_clock_now();
    bool is_late = false, timed_out;
    enum atls_reason reason = check_caller(url, why);

    if (reason == ATLS_OK)
        reason = check_time(question, now_ns, &is_late, why);
    if (reason == ATLS_OK)
        reason = atls_remote_load(why);
    if (reason != ATLS_OK)
        return reason;
    if (!atls_breaker_admits(url, now_ns))
        return atls_why(why, ATLS_VERIFIER_BROKEN,
                        "%s: %d timeouts in a row, not asked for %d s", url,
                        ATLS_BREAKER_TIMEOUTS, ATLS_BREAKER_OPEN_S);
    reason = ask_once(question, result, why);
    timed_out = reason == ATLS_VERIFIER_TIMEOUT;
    if (!timed_out || !is_late)
        atls_breaker_note(url, timed_out, atls_clock_now());
    return reason;
}

enum atls_reason atls_remote_get(const struct atls_remote_document *document,
                                 int64_t deadline_ns,
                                 struct atls_remote_copy *out,
                                 struct atls_why *why)
{
    enum atls_reason reason = atls_remote_load(why);

    return reason == ATLS_OK ? module->get(document, deadline_ns, out, why)
                             : reason;
}
