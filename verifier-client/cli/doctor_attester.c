/* SPDX-License-Identifier: Apache-2.0
 *
 * Does the attester answer, and how fast: every handshake that asks for
 * Evidence waits for one quote.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/rand.h>

#include "cli/doctor.h"
#include "cli/source.h"
#include "cmw.h"

enum { NUM_QUOTES = 5, SLOW_MS = 50 };

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static enum atls_reason quote_all(struct atls_source *source, double *ms,
                                  size_t *size, struct atls_why *why)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    enum atls_reason reason = ATLS_OK;
    uint8_t nonce[32];

    for (int i = 0; reason == ATLS_OK && i < NUM_QUOTES; i++) {
        double begun = now_ms();

        if (RAND_bytes(nonce, sizeof(nonce)) != 1)
            return atls_why(why, ATLS_CRYPTO_FAILED, NULL);
        reason = atls_source_quote(source, atls_view(nonce, sizeof(nonce)),
                                   &cmw, why);
        ms[i] = now_ms() - begun;
        *size = cmw.len;
    }
    qsort(ms, NUM_QUOTES, sizeof(*ms), compare);
    return reason;
}

static void report(const char *key, const char *uri,
                   const struct atls_source *source, const double *ms,
                   size_t size, struct atls_findings *findings)
{
    double middle = ms[NUM_QUOTES / 2];

    atls_finding(findings, middle > SLOW_MS ? ATLS_LEVEL_WARN : ATLS_LEVEL_OK,
                 key,
                 "%s answers: %d quotes, %.2f to %.2f ms, half of them within "
                 "%.2f ms, %zu bytes, type %.*s%s",
                 uri, NUM_QUOTES, ms[0], ms[NUM_QUOTES - 1], middle, size,
                 (int)strcspn(source->formats, "\n"), source->formats,
                 middle > SLOW_MS ? "; each attested handshake waits that "
                                    "long, and so do others in an event loop"
                                  : "");
    if (strncmp(uri, "attest:soft", strlen("attest:soft")) == 0)
        atls_finding(findings, ATLS_LEVEL_WARN, key,
                     "attest:soft is for development: it proves nothing about "
                     "this machine");
}

static void examine(const char *key, const char *uri,
                    struct atls_findings *findings)
{
    ATLS_AUTO_SOURCE source = {0};
    struct atls_why why = {0};
    double ms[NUM_QUOTES] = {0};
    size_t size = 0;

    if (strncmp(uri, "attest:", strlen("attest:")) != 0)
        atls_finding(findings, ATLS_LEVEL_WARN, key,
                     "%s belongs to another provider and was not asked; try "
                     "openssl pkey -in '%s' -pubout with this openssl.cnf",
                     uri, uri);
    else if (atls_source_open(uri, &source, &why) != ATLS_OK ||
             quote_all(&source, ms, &size, &why) != ATLS_OK)
        atls_finding(findings, ATLS_LEVEL_FAIL, key, "%s", why.text);
    else
        report(key, uri, &source, ms, size, findings);
}

void atls_doctor_attesters(const struct atls_cnf *cnf,
                           struct atls_findings *findings)
{
    const char *key, *uri;

    for (size_t i = 0; (uri = atls_cnf_attester(cnf, i, &key)) != NULL; i++)
        examine(key, uri, findings);
}
