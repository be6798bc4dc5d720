/* SPDX-License-Identifier: Apache-2.0
 *
 * attest:ratsd?url=URL[&ca=FILE][&token=FILE]: reports of the TEE that this
 * guest runs in, made by ratsd. Here the URI is checked and atls_ratsd.so
 * loaded; the report is taken only if it is over our challenge.
 */
#include "config.h"

#include "provider/ratsd.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "cmw.h"
#include "provider/attester.h"

enum { MAX_SIZE = ATLS_CMW_MAX, MAX_REPORT = MAX_SIZE - 128 };

struct ratsd {
    char *url, *ca, *token;
    const struct atls_ratsd_module *_Atomic module;
    struct atls_http *_Atomic http; /* NULL: not opened yet */
};

static void ratsd_free(void *state)
{
    struct ratsd *ratsd = state;

    if (ratsd->http != NULL)
        ratsd->module->close(ratsd->http);
    free(ratsd->url);
    free(ratsd->ca);
    free(ratsd->token);
    free(ratsd);
}

/* false: no memory. */
static bool copy_option(const struct atls_uri *uri, const char *key, char **out)
{
    const char *value = atls_uri_option(uri, key);

    *out = value == NULL ? NULL : strdup(value);
    return value == NULL || *out != NULL;
}

static enum atls_reason ratsd_check(OSSL_LIB_CTX *libctx,
                                    const struct atls_uri *uri, void **state,
                                    struct atls_why *why)
{
    struct ratsd *ratsd = calloc(1, sizeof(*ratsd));

    (void)libctx;
    *state = ratsd;
    if (ratsd == NULL || !copy_option(uri, "url", &ratsd->url) ||
        !copy_option(uri, "ca", &ratsd->ca) ||
        !copy_option(uri, "token", &ratsd->token))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (ratsd->url == NULL)
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "attest:ratsd: want url=, http://127.0.0.1:8895 where "
                        "ratsd listens by default");
    return ATLS_OK;
}

/* As tpm.c does: beside atls.so, else where make install puts it. */
static void *load_module(void)
{
    char path[1024];
    const char *slash;
    Dl_info self;
    void *handle = NULL;

    if (dladdr(&atls_attester_ratsd, &self) != 0 &&
        (slash = strrchr(self.dli_fname, '/')) != NULL &&
        snprintf(path, sizeof(path), "%.*s/" ATLS_RATSD_MODULE_FILE,
                 (int)(slash - self.dli_fname),
                 self.dli_fname) < (int)sizeof(path))
        handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == NULL)
        handle = dlopen(ATLS_EXTDIR "/" ATLS_RATSD_MODULE_FILE,
                        RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    return handle;
}

static enum atls_reason need_module(struct ratsd *ratsd, struct atls_why *why)
{
    const struct atls_ratsd_module *module;
    void *handle;

    if (ratsd->module != NULL)
        return ATLS_OK;
    handle = load_module();
    if (handle == NULL)
        return atls_why(why, ATLS_ATTESTER_ABSENT,
                        "attest:ratsd needs " ATLS_RATSD_MODULE_FILE ": %s",
                        dlerror());
    module = dlsym(handle, ATLS_RATSD_MODULE_SYMBOL);
    if (module == NULL || strcmp(module->version, PACKAGE_VERSION) != 0)
        return atls_why(why, ATLS_ATTESTER_ABSENT,
                        ATLS_RATSD_MODULE_FILE
                        " is of another version than atls.so (%s); install "
                        "both anew",
                        PACKAGE_VERSION);
    ratsd->module = module;
    return ATLS_OK;
}

/* Threads may come at once: all but one throw theirs away. Nobody is connected
 * to before the first quote. */
static enum atls_reason ratsd_open(void *state, struct atls_why *why)
{
    struct ratsd *ratsd = state;
    const struct atls_http_peer peer = {.url = ratsd->url,
                                        .ca = ratsd->ca,
                                        .token_file = ratsd->token,
                                        .allows_loopback_http = true};
    struct atls_http *http = NULL, *none = NULL;
    enum atls_reason reason;

    if (ratsd->http != NULL)
        return ATLS_OK;
    reason = need_module(ratsd, why);
    if (reason == ATLS_OK)
        reason = ratsd->module->open(&peer, &http, why);
    if (reason == ATLS_OK &&
        !atomic_compare_exchange_strong(&ratsd->http, &none, http))
        ratsd->module->close(http);
    return reason;
}

static enum atls_reason ratsd_attest(void *state,
                                     const struct atls_challenge *asked,
                                     atls_deadline deadline,
                                     struct atls_buf *out, struct atls_why *why)
{
    struct ratsd *ratsd = state;
    ATLS_AUTO_BUF request = atls_buf(1024), report = atls_buf(MAX_REPORT);
    ATLS_AUTO_BUF answer = atls_buf(ATLS_RATSD_MAX_ANSWER);
    uint8_t challenge[ATLS_RATSD_CHALLENGE] = {
        0}; /* binder left, zeros right */
    enum atls_reason reason = ratsd_open(state, why);

    if (reason != ATLS_OK)
        return reason;
    memcpy(challenge, asked->binder.data, asked->binder.len);
    atls_ratsd_put_request(&request, challenge);
    if (request.failed)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = ratsd->module->ask(
        ratsd->http, atls_buf_view(&request),
        atls_clock_now() + (int64_t)atls_deadline_left(deadline) * 1000000,
        &answer, why);
    if (reason == ATLS_OK)
        reason =
            atls_ratsd_read(atls_buf_view(&answer), challenge, &report, why);
    if (reason == ATLS_OK)
        atls_cmw_put(out,
                     atls_type_of_text(atls_view_text(ATLS_RATSD_MEDIA_TYPE)),
                     atls_buf_view(&report), ATLS_CMW_EVIDENCE);
    return reason;
}

static const char *const options[] = {"url", "ca", "token", NULL};

const struct atls_attester atls_attester_ratsd = {
    .name = "ratsd",
    .description = "report of SEV-SNP, TDX or Arm CCA by ratsd",
    .formats = ATLS_RATSD_MEDIA_TYPE,
    .options = options,
    .max_size = MAX_SIZE,
    .check = ratsd_check,
    .open = ratsd_open,
    .attest = ratsd_attest,
    .free = ratsd_free,
};
