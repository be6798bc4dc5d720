/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence, and the table of who signs what of it.
 */
#include "subject.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/rand.h>

enum { MAX_CMW = 16384, MAX_SIGNERS = 6, PATH = 1024 };

enum {
    PCK = VENDORS_INTEL + FORGE_DCAP_PCK,
    INTEL_CA = VENDORS_INTEL + FORGE_DCAP_CA,
    INTEL_ROOT = VENDORS_INTEL + FORGE_DCAP_ROOT,
    QUOTE = VENDORS_INTEL + FORGE_DCAP_QUOTE,
    NITRO = VENDORS_NITRO + NITRO_LEAF,
    NITRO_2 = VENDORS_NITRO + NITRO_INT_2,
    NITRO_1 = VENDORS_NITRO + NITRO_INT_1,
    AWS = VENDORS_NITRO + NITRO_ROOT,
    NOBODY = -1
};

static const struct signers {
    const char *format;
    int evidence[MAX_SIGNERS]; /* of the Evidence itself */
    int chain[MAX_SIGNERS];    /* of certificates and CRLs */
} signers[] = {
    {"psa", {VENDORS_PSA, NOBODY}, {NOBODY}},
    {"tpm", {VENDORS_AK, NOBODY}, {NOBODY}},
    {"snp", {VENDORS_VCEK, NOBODY}, {VENDORS_ASK, VENDORS_ARK, NOBODY}},
    /* PCK and its CA, their CRLs, whoever signs the TCB info */
    {"tdx",
     {PCK, QUOTE, NOBODY},
     {INTEL_CA, INTEL_ROOT, INTEL_CA, INTEL_ROOT, INTEL_ROOT, NOBODY}},
    {"sgx",
     {PCK, QUOTE, NOBODY},
     {INTEL_CA, INTEL_ROOT, INTEL_CA, INTEL_ROOT, INTEL_ROOT, NOBODY}},
    {"nitro", {NITRO, NOBODY}, {NITRO_2, NITRO_1, AWS, NOBODY}},
    {"cca", {VENDORS_CPAK, VENDORS_RAK, NOBODY}, {NOBODY}},
    {"vtpm",
     {VENDORS_VCEK, VENDORS_VTPM, NOBODY},
     {VENDORS_ASK, VENDORS_ARK, NOBODY}},
    {"vtpm-tdx",
     {PCK, QUOTE, VENDORS_VTPM, NOBODY},
     {INTEL_CA, INTEL_ROOT, INTEL_CA, INTEL_ROOT, INTEL_ROOT, NOBODY}},
    {"composite",
     {VENDORS_VCEK, VENDORS_PSA, NOBODY},
     {VENDORS_ASK, VENDORS_ARK, NOBODY}},
};

/* AMD's certificates are PSS, a TPM's quotes are not. */
static bool add(struct bench_bare *bare, const struct vendors *vendors,
                const int *keys)
{
    bool is_well = true;

    for (; *keys != NOBODY && is_well; keys++)
        is_well = bench_bare_add(bare, vendors->keys[*keys],
                                 *keys == VENDORS_ARK || *keys == VENDORS_ASK);
    return is_well;
}

static bool prepare_bare(struct bench_subject *subject,
                         const struct vendors *vendors)
{
    for (size_t i = 0; i < sizeof(signers) / sizeof(signers[0]); i++)
        if (strcmp(signers[i].format, subject->format->name) == 0)
            return add(&subject->evidence, vendors, signers[i].evidence) &&
                   add(&subject->all, vendors, signers[i].evidence) &&
                   add(&subject->all, vendors, signers[i].chain);
    fprintf(stderr, "bench: nobody signs %s\n", subject->format->name);
    return false;
}

static void make_evidence(const struct bench_subject *subject,
                          const struct vendors *vendors, const char *flaw,
                          struct bench_evidence *out)
{
    const struct vendors_flaw what = {flaw, ""};

    out->cmw = atls_buf(MAX_CMW);
    (void)RAND_bytes(out->nonce, sizeof(out->nonce));
    vendors_evidence(vendors, subject->format,
                     atls_view(out->nonce, sizeof(out->nonce)), &what,
                     &out->cmw);
}

bool bench_subject_renew(struct bench_subject *subject)
{
    char path[PATH], why[256] = "";

    atls_policy_free(subject->policy);
    subject->policy = NULL;
    (void)snprintf(path, sizeof(path), "%s/%s.json", subject->folder,
                   subject->format->name);
    if (atls_policy_load(path, &subject->policy, why, sizeof(why)) == ATLS_OK)
        return true;
    fprintf(stderr, "bench: %s\n", why);
    return false;
}

bool bench_subject_make(struct bench_subject *subject,
                        const struct vendors *vendors,
                        const struct vendors_format *format, const char *folder)
{
    *subject = (struct bench_subject){
        .format = format, .folder = folder, .now = time(NULL)};
    for (size_t i = 0; i < BENCH_SUBJECT_ITEMS; i++)
        make_evidence(subject, vendors, "", &subject->items[i]);
    return prepare_bare(subject, vendors) && bench_subject_renew(subject);
}

void bench_subject_clear(struct bench_subject *subject)
{
    for (size_t i = 0; i < BENCH_SUBJECT_ITEMS; i++)
        atls_buf_clear(&subject->items[i].cmw);
    atls_policy_free(subject->policy);
    bench_bare_clear(&subject->evidence);
    bench_bare_clear(&subject->all);
    subject->policy = NULL;
}

static enum atls_reason appraise(const struct bench_subject *subject,
                                 const struct bench_evidence *evidence,
                                 struct atls_verdict *verdict)
{
    return atls_appraise(subject->policy, atls_buf_view(&evidence->cmw),
                         atls_view(evidence->nonce, sizeof(evidence->nonce)),
                         subject->now, NULL, verdict);
}

bool bench_subject_appraise(const struct bench_subject *subject, unsigned item)
{
    struct atls_verdict verdict;

    if (appraise(subject, &subject->items[item], &verdict) == ATLS_OK)
        return true;
    fprintf(stderr, "bench: %s is refused: %s: %s\n", subject->format->name,
            atls_reason_name(verdict.reason), verdict.text);
    return false;
}

bool bench_subject_refuses(const struct bench_subject *subject,
                           const struct vendors *vendors)
{
    struct atls_verdict verdict;
    struct bench_evidence forged;
    enum atls_reason reason;

    make_evidence(subject, vendors, "signature", &forged);
    reason = appraise(subject, &forged, &verdict);
    atls_buf_clear(&forged.cmw);
    if (reason == ATLS_SIGNATURE_INVALID)
        return true;
    fprintf(stderr,
            "bench: %s with a wrong signature: want it refused for "
            "that, found %s\n",
            subject->format->name, atls_reason_name(reason));
    return false;
}
