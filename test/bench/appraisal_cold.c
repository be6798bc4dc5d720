/* SPDX-License-Identifier: Apache-2.0
 *
 * A process whose first deed is a policy, and whose second is a verdict.
 */
#include "appraisal.h"

#include <stdio.h>
#include <time.h>

#include "atls/atls.h"

enum { MAX_CMW = 16384, PATH = 1024 };

struct file {
    unsigned char bytes[MAX_CMW];
    size_t len;
};

static bool read_file(const char *folder, const char *name, const char *end,
                      struct file *out)
{
    char path[PATH];
    FILE *in;

    (void)snprintf(path, sizeof(path), "%s/%s.%s", folder, name, end);
    in = fopen(path, "r");
    if (in == NULL)
        return false;
    out->len = fread(out->bytes, 1, sizeof(out->bytes), in);
    return fclose(in) == 0 && out->len > 0;
}

json_t *bench_appraisal_cold(const char *folder, const char *format)
{
    static struct file cmw, nonce;
    static struct atls_verdict verdict = {.reason = ATLS_FILE_UNREADABLE};
    static char path[PATH];
    struct atls_policy *policy = NULL;
    char why[256] = "";
    double begun_us, read_us = 0, first_us;

    (void)snprintf(path, sizeof(path), "%s/%s.json", folder, format);
    if (!read_file(folder, format, "cmw", &cmw) ||
        !read_file(folder, format, "nonce", &nonce))
        return NULL;
    begun_us = bench_appraisal_us();
    if (atls_policy_load(path, &policy, why, sizeof(why)) == ATLS_OK) {
        read_us = bench_appraisal_us();
        (void)atls_appraise(policy, (struct atls_view){cmw.bytes, cmw.len},
                            (struct atls_view){nonce.bytes, nonce.len},
                            time(NULL), NULL, &verdict);
    }
    first_us = bench_appraisal_us();
    atls_policy_free(policy);
    if (verdict.reason == ATLS_OK)
        return json_pack("{s:f,s:f}", "read_us", read_us - begun_us, "first_us",
                         first_us - read_us);
    fprintf(stderr, "bench: %s: %s%s\n", format, why, verdict.text);
    return NULL;
}
