/* SPDX-License-Identifier: Apache-2.0
 *
 * The attester that every caller must survive: acme.c, slow and faulty.
 *
 *     slow:KEY.pem[?ms=N][&fault=NAME]
 *
 * It takes N ms for a quote. Faults: `fail` raises an error; `oversized`
 * claims a max-size that no CertificateEntry holds and fills it; `long` returns
 * a length beyond its max-size; `garbage` is no CMW; `empty` has no bytes;
 * `binder` signs another binder; `type` is Evidence of another type; `meet`
 * waits for another quote to begin. Signing appends one byte to the file that
 * SLOW_COUNT names, so that a test can count.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct acme_key;
static int slow_max_size(const struct acme_key *key);
static int slow_set_options(struct acme_key *key, char *query);
static const char *slow_formats(const struct acme_key *key);
static int slow_evidence(const struct acme_key *key, const unsigned char *nonce,
                         size_t nonce_len, unsigned char *out, size_t *out_len);

#define ACME_SCHEME                  "slow"
#define ACME_TYPE                    "SLOW-TEE"
#define ACME_MAX_SIZE(key)           slow_max_size(key)
#define ACME_SET_OPTIONS(key, query) slow_set_options(key, query)
#define ACME_EVIDENCE                slow_evidence
#define ACME_FORMATS(key)            slow_formats(key)
#include "acme.c"

#define OVERSIZED 70000 /* bytes; a CertificateEntry holds 65,528 */

static int has_fault(const struct acme_key *key, const char *name)
{
    return strcmp(key->fault, name) == 0;
}

static int slow_max_size(const struct acme_key *key)
{
    return has_fault(key, "oversized") ? OVERSIZED : 1024;
}

/* A collection is claimed, and none is made. */
static const char *slow_formats(const struct acme_key *key)
{
    if (has_fault(key, "collection"))
        return "application/cmw+cbor; cmwc_t=\"urn:example\"";
    return has_fault(key, "both") ? "Application/CMW+json\n10003" : "10003";
}

static int slow_set_options(struct acme_key *key, char *query)
{
    char *option, *rest = NULL;

    for (option = query == NULL ? NULL : strtok_r(query, "&", &rest);
         option != NULL; option = strtok_r(NULL, "&", &rest))
        if (strncmp(option, "ms=", 3) == 0)
            key->ms = atoi(option + 3);
        else if (strncmp(option, "fault=", 6) == 0)
            snprintf(key->fault, sizeof(key->fault), "%s", option + 6);
        else
            return 0;
    return 1;
}

static void count(void)
{
    const char *path = getenv("SLOW_COUNT");
    int fd =
        path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);

    if (fd < 0)
        return;
    if (write(fd, ".", 1) != 1)
        abort();
    close(fd);
}

static void wait_ms(int ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000L};

    while (nanosleep(&left, &left) != 0)
        continue;
}

/* Two quotes are under way, or were: of members that are asked one after the
 * other the first would wait for ever. */
static int meet(void)
{
    struct stat status = {0};

    for (int i = 0; i < 10000; i++) {
        if (stat(getenv("SLOW_COUNT"), &status) == 0 && status.st_size >= 2)
            return 1;
        wait_ms(1);
    }
    return 0;
}

static int slow_evidence(const struct acme_key *key, const unsigned char *nonce,
                         size_t nonce_len, unsigned char *out, size_t *out_len)
{
    unsigned char other[64] = {0};

    count();
    wait_ms(key->ms);
    if (has_fault(key, "meet") && !meet())
        return fail(key->acme, "attester not available: nobody came");
    if (has_fault(key, "fail"))
        return fail(key->acme, "attester not available: it was told to fail");
    if (has_fault(key, "binder"))
        return acme_evidence(key, other, nonce_len, out, out_len);
    if (!acme_evidence(key, nonce, nonce_len, out, out_len))
        return 0;
    if (has_fault(key, "oversized") || has_fault(key, "garbage"))
        memset(out, 0x5a, *out_len = (size_t)slow_max_size(key));
    if (has_fault(key, "long"))
        *out_len = (size_t)slow_max_size(key) + 1;
    if (has_fault(key, "empty"))
        *out_len = 0;
    if (has_fault(key, "type"))
        out[3] = 0x14; /* 10004, the legacy profiles */
    return 1;
}
