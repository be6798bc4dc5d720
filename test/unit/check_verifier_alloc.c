/* SPDX-License-Identifier: Apache-2.0
 *
 * Every public function of verifier-client/ when the n-th allocation fails,
 * for every n: no crash, nothing lost (valgrind and sanitizers look on), never
 * OK for what is refused otherwise. Linked with --wrap, as check_alloc.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base64url.h"
#include "bearer.h"
#include "chain.h"
#include "document.h"
#include "evidence.h"
#include "expiry.h"
#include "forge.h"
#include "forge_ccel.h"
#include "forge_corim.h"
#include "forge_parsec.h"
#include "forge_snp.h"
#include "forge_tcb.h"
#include "forge_vtpm.h"
#include "import.h"
#include "learn.h"
#include "renewal.h"
#include "result.h"
#include "rule.h"
#include "stamp.h"
#include "tsm_report.h"
#include "../check_main.h"

static unsigned num_allocations, fail_at; /* 0: none fails */

void *__real_malloc(size_t size);
void *__real_calloc(size_t num, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t num, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

static bool fails(void)
{
    return ++num_allocations == fail_at;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t num, size_t size)
{
    return fails() ? NULL : __real_calloc(num, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t len)
{
    return fails() ? NULL : __real_strndup(text, len);
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return malloc(size);
}

static void *crypto_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return realloc(old, size);
}

static void crypto_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

static void *json_malloc(size_t size)
{
    return malloc(size);
}

/* Check allocates where it asserts, and is linked into this program. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

/* A row of test/vectors, loaded before anything fails */
static struct atls_buf cmw, policy_text;
static struct atls_policy *policy;
static EVP_PKEY *key;
static bool is_good;
static int64_t now;

/* SEV-SNP has certificates in its Evidence, which are made anew. */
static void open_snp(void)
{
    struct forge_snp chip;

    cmw = atls_buf(FORGE_MAX);
    policy_text = atls_buf(FORGE_MAX);
    forge_snp_open(&chip, ATLS_SNP_MILAN, forge_nonce(FORGE_NONCE));
    chip.has_pem = true;
    forge_snp_cmw(&chip, &cmw);
    atls_buf_text(&policy_text,
                  "{\"profiles\":{\"p\":{\"format\":\"snp\",\"key\":\"vcek\","
                  "\"any\":true,\"csp_id\":[\"a\",\"b\"],"
                  "\"trust_anchors\":[\"");
    forge_x509_json(&policy_text, chip.ask);
    atls_buf_text(&policy_text, "\",\"");
    forge_x509_json(&policy_text, chip.ark);
    atls_buf_text(&policy_text, "\"]}}}");
    forge_snp_clear(&chip);
    must(atls_policy_parse(atls_buf_view(&policy_text), "p", "", NULL, NULL,
                           &policy, NULL) == ATLS_OK);
    key = NULL;
    is_good = true;
    now = FORGE_NOW;
}

/* Formats whose Evidence is no row: made here. */
static struct atls_buf roots, spki;

static void open_policy(const char *more)
{
    atls_buf_text(&policy_text, more);
    must(!policy_text.failed &&
         atls_policy_parse(atls_buf_view(&policy_text), "p", "", NULL, NULL,
                           &policy, NULL) == ATLS_OK);
}

static const struct forge_quote made_quote = {.attributes = 0x00050072,
                                              .selections = {{0x0b, 0x01}}};

/* Google's extension: zone "z", project 1 "p", instance 2 "n", production */
static void open_tpm_cert(const char *project)
{
    static const struct forge_extension extensions[] = {
        {"1.3.6.1.4.1.11129.2.1.21",
         "301d0c017a0201010c01700201020c016ea00c300aa003020101a1030101ff",
         false},
        {NULL, NULL, false}};
    EVP_PKEY *root_key = forge_ec("P-256");
    X509 *root = forge_x509(&(struct forge_certificate){
        .name = "root", .key = root_key, .is_ca = true, .serial = 1});
    X509 *leaf =
        forge_x509(&(struct forge_certificate){.name = "ak",
                                               .key = key,
                                               .issuer = root,
                                               .issuer_key = root_key,
                                               .serial = 2,
                                               .extensions = extensions});
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), der = atls_buf(FORGE_MAX);
    struct forge_quote quote = made_quote;

    quote.key = key;
    quote.nonce = forge_nonce(FORGE_NONCE);
    forge_x509_der(&der, leaf);
    quote.ak_cert = atls_buf_view(&der);
    forge_quote(&value, &quote);
    forge_cmw(&cmw, "application/vnd.atls.tpm-quote+cbor",
              atls_buf_view(&value), 4);
    forge_x509_pem(&roots, root);
    atls_buf_u8(&roots, 0);
    atls_buf_text(&policy_text,
                  "{\"profiles\":{\"p\":{\"format\":\"tpm-cert\",\"eku\":["
                  "\"2.23.133.8.3\",\"absent\"],\"trust_anchors\":[\"");
    forge_x509_json(&policy_text, root);
    atls_buf_text(&policy_text, "\"],\"gce\":{\"zone\":[\"y\",\"z\"],"
                                "\"project_id\":\"");
    atls_buf_text(&policy_text, project);
    open_policy("\"}}}}");
    X509_free(root);
    X509_free(leaf);
    EVP_PKEY_free(root_key);
    now = FORGE_NOW;
}

static void open_enacttrust(const char *pcr)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), attest = atls_buf(FORGE_MAX);
    ATLS_AUTO_HEAP char *pem = forge_pem(key);
    struct forge_quote quote = made_quote;

    quote.key = key;
    quote.nonce = forge_nonce(FORGE_NONCE);
    forge_quote_attest(&quote, &attest);
    forge_hex(&value, "00112233445566778899aabbccddeeff");
    atls_buf_u16(&value, (uint16_t)attest.len);
    atls_buf_put(&value, atls_buf_view(&attest));
    forge_quote_signature(&quote, atls_buf_view(&attest), &value);
    forge_cmw(&cmw, "application/vnd.enacttrust.tpm-evidence",
              atls_buf_view(&value), 4);
    atls_buf_text(&policy_text,
                  "{\"profiles\":{\"p\":{\"format\":\"enacttrust\","
                  "\"trust_anchors\":[{\"node_id\":"
                  "\"00112233-4455-6677-8899-aabbccddeeff\",\"key\":\"");
    atls_buf_text(&policy_text, pem);
    atls_buf_text(&policy_text, "\"}],\"pcrs\":{\"sha256\":{\"0\":\"");
    for (int i = 0; i < 32; i++)
        atls_buf_text(&policy_text, pcr);
    open_policy("\"}}}}}");
}

static void open_parsec(bool is_peers)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    ATLS_AUTO_HEAP char *pem = forge_pem(key);
    EVP_PKEY *tls = forge_ec("P-256");
    struct forge_parsec_tpm forge =
        forge_parsec_tpm(key, tls, forge_nonce(FORGE_NONCE));

    forge_parsec_tpm_put(&forge, &value);
    forge_cmw(&cmw, "application/vnd.parallaxsecond.key-attestation.tpm",
              atls_buf_view(&value), 4);
    forge_spki(is_peers ? tls : key, &spki);
    EVP_PKEY_free(tls);
    atls_buf_text(&policy_text,
                  "{\"profiles\":{\"p\":{\"format\":\"parsec-tpm\","
                  "\"any\":true,\"trust_anchors\":[\"");
    atls_buf_text(&policy_text, pem);
    open_policy("\"]}}}");
}

static bool open_made(const char *row)
{
    bool is_other = strstr(row, "-other") != NULL;

    if (strncmp(row, "made-", 5) != 0)
        return false;
    cmw = atls_buf(FORGE_MAX);
    policy_text = atls_buf(FORGE_MAX);
    roots = atls_buf(FORGE_MAX);
    spki = atls_buf(FORGE_MAX);
    key = forge_key("ak-ecc");
    if (strstr(row, "tpm-cert") != NULL)
        open_tpm_cert(is_other ? "q" : "p");
    else if (strstr(row, "enacttrust") != NULL)
        open_enacttrust(is_other ? "01" : "00");
    else
        open_parsec(!is_other);
    is_good = !is_other;
    return true;
}

static enum atls_reason __attribute__((noinline))
judge(const struct atls_policy *with);

/* TDX has a folder of collateral beside it. */
static struct forge_folder folder;

static const char policy_of_tdx[] =
    "{\"profiles\":{\"p\":{\"format\":\"tdx\",\"any\":true,\"advisories\":["
    "\"a\",\"b\"],\"xfam\":\"e7e7e7e7e7e7e7e7\",\"eventlog\":%s,"
    "\"collateral\":\"%s\",\"trust_anchors\":[\"%s/root.pem\"]}}}";
static const char policy_of_vtpm[] =
    "{\"profiles\":{\"p\":{\"format\":\"vtpm\",\"any\":true,\"tee\":{"
    "\"format\":\"tdx\",\"debug\":%s,\"collateral\":\"%s\"},"
    "\"trust_anchors\":[\"%s/root.pem\"]}}}";

static void put_logged(const struct forge_dcap *dcap,
                       struct forge_dcap_quote *quote)
{
    static const struct forge_ccel_event events[] = {{1, 0x51}, {0, 0}};
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX), log = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF map = atls_buf(FORGE_MAX);

    memset(quote->body + 328, 0, 192); /* RTMRs */
    forge_ccel_extend(quote->body + 328, events);
    forge_ccel(&log, events, 0);
    forge_dcap_quote(dcap, quote, &bytes);
    atls_tsm_report_put(&map, ATLS_TSM_TDX, atls_buf_view(&bytes));
    forge_vtpm_entry(&map, "eventlog", atls_buf_view(&log));
    forge_cmw(&cmw, ATLS_TSM_REPORT_CBOR, atls_buf_view(&map), 4);
}

static void put_bare(const struct forge_dcap *dcap,
                     const struct forge_dcap_quote *quote)
{
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);

    forge_dcap_quote(dcap, quote, &bytes);
    forge_cmw(&cmw, "application/vnd.atls.tdx-quote", atls_buf_view(&bytes), 4);
}

static void put_vtpm(const struct forge_dcap *dcap,
                     struct forge_dcap_quote *quote)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    EVP_PKEY *ak = forge_key("ak-rsa");
    const struct forge_vtpm vtpm = {.platform = dcap, .td = quote, .ak = ak};

    forge_vtpm_value(&vtpm, forge_nonce(FORGE_NONCE), &value);
    forge_cmw(&cmw, "application/vnd.atls.tpm-quote+cbor",
              atls_buf_view(&value), 4);
    EVP_PKEY_free(ak);
}

static void open_tdx(const char *row)
{
    static struct forge_dcap_quote quote;
    bool is_vtpm = strcmp(row, "tdx-vtpm") == 0;
    bool has_log = strcmp(row, "tdx-log") == 0;
    static struct forge_dcap dcap;
    static char text[512];

    is_good = strcmp(row, "tdx-debug") != 0;
    forge_dcap_open(&dcap);
    forge_folder_open(&folder);
    forge_tcb_collateral(&dcap, true, folder.path);
    forge_dcap_quote_init(&quote, "tdx15", forge_nonce(FORGE_NONCE));
    quote.body[120] = !is_good;
    cmw = atls_buf(FORGE_MAX);
    if (is_vtpm)
        put_vtpm(&dcap, &quote);
    else if (has_log)
        put_logged(&dcap, &quote);
    else
        put_bare(&dcap, &quote);
    snprintf(text, sizeof(text), is_vtpm ? policy_of_vtpm : policy_of_tdx,
             has_log ? "true" : "false", folder.path, folder.path);
    policy_text = atls_buf(FORGE_MAX);
    atls_buf_text(&policy_text, text);
    must(atls_policy_parse(atls_buf_view(&policy_text), "p", "", NULL, NULL,
                           &policy, NULL) == ATLS_OK);
    forge_dcap_clear(&dcap);
    key = NULL;
    now = FORGE_DCAP_NOW;
    must((judge(policy) == ATLS_OK) == is_good);
}

static void open_row(const char *row, const char *key_name)
{
    char path[256];

    if (open_made(row))
        return;
    if (strncmp(row, "tdx", 3) == 0) {
        open_tdx(row);
        return;
    }

    if (strcmp(row, "snp") == 0) {
        open_snp();
        return;
    }
    cmw = atls_buf(FORGE_MAX);
    policy_text = atls_buf(FORGE_MAX);
    snprintf(path, sizeof(path), "test/vectors/%s/evidence.cmw", row);
    must(forge_file(path, &cmw));
    snprintf(path, sizeof(path), "test/vectors/%s/policy.json", row);
    must(forge_file(path, &policy_text));
    must(atls_policy_parse(atls_buf_view(&policy_text), "p", "", NULL, NULL,
                           &policy, NULL) == ATLS_OK);
    key = forge_key(key_name);
    is_good = strstr(row, "accept") != NULL;
}

static void close_row(void)
{
    atls_buf_clear(&cmw);
    atls_buf_clear(&policy_text);
    atls_buf_clear(&roots);
    atls_buf_clear(&spki);
    atls_policy_free(policy);
    EVP_PKEY_free(key);
    if (folder.path[0] != '\0')
        forge_folder_clear(&folder);
    folder.path[0] = '\0';
}

static enum atls_reason judge(const struct atls_policy *with)
{
    struct atls_verdict verdict;
    enum atls_reason reason = atls_appraise_for_key(
        with, atls_buf_view(&cmw), forge_nonce(FORGE_NONCE),
        atls_buf_view(&spki), now, NULL, &verdict);

    must(reason == verdict.reason);
    must(is_good || reason != ATLS_OK);
    return reason;
}

static enum atls_reason run_appraise(void)
{
    return judge(policy);
}

/* What was loaded with a hole in it must not accept more. */
static enum atls_reason run_load(void)
{
    struct atls_policy *loaded = NULL;
    struct atls_why why = {0};
    enum atls_reason reason = atls_policy_parse(
        atls_buf_view(&policy_text), "p", "", NULL, NULL, &loaded, &why);

    must(reason == why.reason);
    must((reason == ATLS_OK) == (loaded != NULL));
    if (reason == ATLS_OK)
        (void)judge(loaded);
    atls_policy_free(loaded);
    return reason;
}

static enum atls_reason run_read(void)
{
    static const char text[] =
        "{\"profiles\":{\"p\":{\"format\":\"tpm\",\"any\":true,"
        "\"trust_anchors\":[\"a.pem\",\"*.pem\"]}},"
        "\"rules\":[{\"match\":{\"name\":\"a\",\"uri\":\"b:c\",\"ca\":\"d\"}}]"
        "}";
    struct atls_policy *loaded = NULL;
    enum atls_reason reason = atls_policy_parse(
        atls_view_text(text), "p", "/nowhere", NULL, NULL, &loaded, NULL);

    must(loaded == NULL && reason != ATLS_OK);
    must(atls_policy_load("/nowhere/p", &loaded, NULL, 0) != ATLS_OK);
    return reason == ATLS_FILE_UNREADABLE ? ATLS_OK : reason;
}

static enum atls_reason learn_from(struct atls_view bytes)
{
    struct atls_lesson lesson = {.keys = &key, .num_keys = 1, .now = now};
    ATLS_AUTO_HEAP char *json = NULL;
    struct atls_evidence *evidence = NULL;
    enum atls_reason reason = atls_evidence_parse(bytes, NULL, &evidence, NULL);

    if (reason != ATLS_OK)
        return reason;
    if (roots.len > 0) {
        lesson.num_keys = 0;
        lesson.certificates = (const char *)roots.data;
    }
    reason = atls_policy_learn(evidence, &lesson, &json, NULL);
    must((reason == ATLS_OK) == (json != NULL));
    must(json == NULL || strstr(json, "\"any\"") == NULL);
    must(json == NULL || roots.len == 0 || strstr(json, "\"gce\"") != NULL);
    atls_evidence_free(evidence);
    return reason;
}

static enum atls_reason run_learn(void)
{
    return learn_from(atls_buf_view(&cmw));
}

/* {"a": the record, "b": the record} */
static enum atls_reason run_learn_composite(void)
{
    ATLS_AUTO_BUF both = atls_buf(FORGE_MAX);

    atls_buf_text(&both, "\xa2\x61"
                         "a");
    atls_buf_put(&both, atls_buf_view(&cmw));
    atls_buf_text(&both, "\x61"
                         "b");
    atls_buf_put(&both, atls_buf_view(&cmw));
    return both.failed ? ATLS_OUT_OF_MEMORY : learn_from(atls_buf_view(&both));
}

/* Verifiers and their results */

#define VERIFIER "https://v.example"

static void put_verifiers(struct atls_buf *text)
{
    ATLS_AUTO_BUF jwk = atls_buf(FORGE_MAX);

    must(atls_jwk_put(&jwk, key, "k", NULL) == ATLS_OK);
    atls_buf_text(text, "{\"verifiers\":{\"" VERIFIER "\":{\"keys\":[");
    atls_buf_put(text, atls_buf_view(&jwk));
    atls_buf_text(text, "],\"accept\":[{\"PSA_IOT\":[\"hardware\"]}]}},"
                        "\"profiles\":{\"p\":{\"format\":\"psa\",\"verifier\":"
                        "\"" VERIFIER "\"},\"o\":{\"format\":\"other\","
                        "\"types\":[\"a/b\"]}}}");
    must(!text->failed);
}

static enum atls_reason run_verifiers(void)
{
    static struct atls_buf text;
    struct atls_policy *loaded = NULL;
    struct atls_why why = {0};
    enum atls_reason reason;

    if (text.len == 0) {
        text = atls_buf(FORGE_MAX);
        put_verifiers(&text);
    }
    reason = atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                               &loaded, &why);
    must(reason == why.reason && (reason == ATLS_OK) == (loaded != NULL));
    must(loaded == NULL ||
         atls_policy_verifier(loaded, atls_view_text(VERIFIER)) != NULL);
    atls_policy_free(loaded);
    return reason;
}

static enum atls_reason put_payload(struct atls_buf *out)
{
    struct atls_verdict good = {.tier = ATLS_TIER_AFFIRMING,
                                .vector = {[ATLS_HARDWARE] = 2}};
    struct atls_ear_appraisal submod = {.name = "PSA_IOT",
                                        .verdict = &good,
                                        .nonce = forge_nonce(32),
                                        .policy_id = "p"};
    struct atls_ear_content content = {.profile = ATLS_EAR_PROFILE_IETF,
                                       .iat = 1000,
                                       .exp = 2000,
                                       .nonce = forge_nonce(32),
                                       .developer = "d",
                                       .build = "b",
                                       .raw_evidence = forge_nonce(64),
                                       .submods = &submod,
                                       .num_submods = 1};

    return atls_ear_put(out, &content, NULL);
}

static enum atls_reason run_put(void)
{
    ATLS_AUTO_BUF payload = atls_buf(FORGE_MAX);

    return put_payload(&payload);
}

static enum atls_reason run_result(void)
{
    static struct atls_policy *verifiers;
    static struct atls_buf jws;
    struct atls_result_subject subject = {.nonce = forge_nonce(32)};
    struct atls_verdict verdict;
    enum atls_reason reason;
    int64_t expires_s;

    if (verifiers == NULL) {
        ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
        ATLS_AUTO_BUF payload = atls_buf(FORGE_MAX);

        put_verifiers(&text);
        jws = atls_buf(FORGE_MAX);
        must(put_payload(&payload) == ATLS_OK);
        must(atls_jws_put(&jws, atls_buf_view(&payload), key, "k", NULL) ==
             ATLS_OK);
        must(atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                               &verifiers, NULL) == ATLS_OK);
    }
    reason = atls_result_appraise(
        atls_policy_verifier(verifiers, atls_view_text(VERIFIER)),
        atls_buf_view(&jws), &subject, 1000, &verdict, &expires_s);
    must(reason == verdict.reason);
    return reason;
}

/* Collateral: watched, looked through, delivered */

static enum atls_reason run_watch(void)
{
    static char path[128];
    struct atls_stamps *stamps = atls_stamps_new();
    struct atls_policy *loaded = NULL;
    enum atls_reason reason;

    if (path[0] == '\0') {
        snprintf(path, sizeof(path), "%s/policy", folder.path);
        forge_folder_put(&folder, "policy", atls_buf_view(&policy_text));
    }
    if (stamps == NULL)
        return ATLS_OUT_OF_MEMORY;
    reason = atls_policy_watch(path, stamps, &loaded, NULL);
    must((reason == ATLS_OK) == (loaded != NULL));
    must(reason != ATLS_OK || atls_stamps_look(stamps) == ATLS_STAMPS_SAME);
    atls_policy_free(loaded);
    atls_stamps_free(stamps);
    return reason;
}

static void count(void *arg, const struct atls_expiry *expiry)
{
    (void)expiry;
    ++*(unsigned *)arg;
}

static enum atls_reason run_expiries(void)
{
    unsigned num = 0;
    bool is_told = atls_policy_expiries(policy, count, &num);

    must(is_told == (num > 0));
    return is_told ? ATLS_OK : ATLS_OUT_OF_MEMORY;
}

static STACK_OF(X509) * trusted; /* of the folder: its root */

static enum atls_reason run_renewal(void)
{
    static struct atls_wants wants;
    struct atls_stock_folder stock = {.tcb = {.num = 0}};
    const struct atls_delivery_terms terms = {.roots = trusted, .now = now};
    enum atls_reason reason =
        atls_stock_read(folder.path, NULL, NULL, &stock, NULL);

    wants.num = 0;
    if (reason == ATLS_OK)
        atls_renewal_wants(&wants, &stock);
    for (size_t i = 0; i < wants.num; i++) {
        struct atls_delivered found;
        bool is_found =
            atls_renewal_find(&stock, &wants.items[i], &terms, &found);

        must(!is_found || found.issued <= now);
        atls_delivered_clear(&found);
    }
    atls_stock_clear(&stock);
    return reason;
}

static struct atls_buf served, served_chain;

static void open_delivery(void)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);
    char path[128];

    trusted = sk_X509_new_null();
    served = atls_buf(FORGE_MAX);
    served_chain = atls_buf(FORGE_MAX);
    snprintf(path, sizeof(path), "%s/root.pem", folder.path);
    must(forge_file(path, &pem));
    must(atls_chain_read(atls_buf_view(&pem), trusted, NULL) == ATLS_OK);
    snprintf(path, sizeof(path), "%s/tdx-info.json", folder.path);
    must(forge_file(path, &served));
    snprintf(path, sizeof(path), "%s/chain.pem", folder.path);
    must(forge_file(path, &served_chain));
}

static enum atls_reason run_delivery(void)
{
    static const struct atls_want want = {
        .kind = ATLS_WANT_TCB_INFO, .is_td = true, .fmspc = {0x50, 0x80, 0x6f}};
    const struct atls_delivery delivery = {
        .body = atls_buf_view(&served), .chain = atls_buf_view(&served_chain)};
    const struct atls_delivery_terms terms = {.roots = trusted, .now = now};
    struct atls_delivered delivered;
    struct atls_why why = {0};
    enum atls_reason reason =
        atls_delivery_check(&want, &delivery, &terms, &delivered, &why);

    must(reason == why.reason);
    must(reason != ATLS_OK || delivered.file.len > served.len);
    atls_delivered_clear(&delivered);
    return reason;
}

/* A certificate that bears a token for its key, made before anything fails */
static X509 *borne;

static void open_borne(void)
{
    static char hex[FORGE_MAX];
    const struct forge_extension extensions[] = {
        {"1.3.6.1.5.5.7.1.35", hex, false}, {.oid = NULL}};
    EVP_PKEY *tls_key = forge_ec("P-256");
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX), der = atls_buf(FORGE_MAX);
    struct forge_claims claims;
    uint8_t id[33]; /* 01 and SHA-256 of the SPKI */

    forge_id(tls_key, id);
    forge_claims(&claims, key, atls_view(id + 1, sizeof(id) - 1));
    forge_psa(&token, &claims, key);
    forge_claims_clear(&claims);
    forge_hex(&der, "04820000");
    forge_cmw(&der, "10003", atls_buf_view(&token), 4);
    der.data[2] = (uint8_t)((der.len - 4) >> 8);
    der.data[3] = (uint8_t)(der.len - 4);
    atls_hex(atls_buf_view(&der), hex, sizeof(hex));
    borne = forge_x509(&(struct forge_certificate){
        .name = "bearer", .key = tls_key, .extensions = extensions});
    EVP_PKEY_free(tls_key);
}

static enum atls_reason run_bearer(void)
{
    const struct atls_rule rule = {.bearer_max_age_s = 2 * FORGE_YEAR};
    struct atls_evidence *evidence = NULL;
    struct atls_why why = {0};
    enum atls_reason reason =
        atls_bearer_take(borne, &rule, FORGE_NOW, &evidence, &why);

    must(reason == why.reason);
    must((evidence != NULL) == (reason == ATLS_OK));
    must(reason == ATLS_OK || reason == ATLS_OUT_OF_MEMORY ||
         reason == ATLS_CRYPTO_FAILED);
    atls_evidence_free(evidence);
    return reason;
}

/* CoRIMs of each kind; the last one of them is signed. */

enum { NUM_CORIMS = 5 };
static struct atls_buf corims[NUM_CORIMS];

static void open_corims(void)
{
    static const char *const notations[NUM_CORIMS] = {
        FORGE_PSA,
        FORGE_CCA_PLATFORM(", {0: \"cca.platform-config\", 1: {4: "
                           "560(h'00'), 5: h'0f'}}"),
        FORGE_CCA_REALM(FORGE_X32("43"), FORGE_CCA_REGISTER("rim", "43")),
        FORGE_CORIM(FORGE_COMID(FORGE_SNP_GUEST(
                        "", "{0: 641, 1: {2: [[7, h'" FORGE_X32("4d") FORGE_X16(
                                "4d") "']]}}, {0: 647, 1: {1: 553(1)}}")),
                    FORGE_SNP_PROFILE),
        FORGE_PSA};

    for (size_t i = 0; i < NUM_CORIMS; i++) {
        ATLS_AUTO_BUF payload = atls_buf(FORGE_MAX);

        corims[i] = atls_buf(FORGE_MAX);
        forge_corim(&payload, notations[i]);
        if (i + 1 < NUM_CORIMS)
            atls_buf_put(&corims[i], atls_buf_view(&payload));
        else
            forge_corim_sign(&corims[i], atls_buf_view(&payload),
                             FORGE_CORIM_HEADER, key);
        must(!corims[i].failed);
    }
}

/* A policy that lacks a line of the usual one would accept more. */
static void must_be_usual(const char *json, size_t from)
{
    static char *usual[NUM_CORIMS];

    if (usual[from] == NULL && fail_at == 0)
        usual[from] = __real_strdup(json);
    must(usual[from] != NULL && strcmp(json, usual[from]) == 0);
}

static enum atls_reason import_some(size_t from, size_t until)
{
    struct atls_import_terms terms = {
        .name = "p", .is_partial = true, .corim = {.now = 1}};
    ATLS_AUTO_HEAP char *json = NULL;
    enum atls_reason reason = ATLS_OK;
    struct atls_import *import;

    if (corims[0].len == 0)
        open_corims();
    terms.corim.keys = &key;
    terms.corim.num_keys = from + 1 == NUM_CORIMS;
    import = atls_import_new(&terms);
    if (import == NULL)
        return ATLS_OUT_OF_MEMORY;
    for (size_t i = from; reason == ATLS_OK && i < until; i++)
        reason = atls_import_take(import, atls_buf_view(&corims[i]), "c", NULL);
    if (reason == ATLS_OK)
        reason = atls_import_policy(import, &json, NULL);
    must((reason == ATLS_OK) == (json != NULL));
    if (json != NULL)
        must_be_usual(json, from);
    atls_import_free(import);
    return reason;
}

static enum atls_reason run_import(void)
{
    return import_some(0, 3);
}

/* Its values have no root beside them. */
static enum atls_reason run_import_guest(void)
{
    enum atls_reason reason = import_some(3, 4);

    must(reason != ATLS_OK);
    return reason;
}

static enum atls_reason run_import_signed(void)
{
    return import_some(4, NUM_CORIMS);
}

static const struct row {
    const char *vector, *key_name;
    enum atls_reason (*run)(void);
    unsigned step; /* 0: 1 */
} rows[] = {
    {"psa/accept", "psa", run_appraise, 0},
    {"psa/accept-json", "psa", run_appraise, 0},
    {"psa/reject-component", "psa", run_appraise, 0},
    {"tpm/accept-rsapss", "ak-rsa", run_appraise, 0},
    {"tpm/reject-pcr-lied", "ak-ecc", run_appraise, 0},
    {"psa/accept-required-component", "psa", run_load, 0},
    {"psa/reject-component", "psa", run_load, 0},
    {"psa/reject-implementation-id", "psa", run_load, 0},
    {"psa/reject-instance-id", "psa", run_load, 0},
    {"tpm/reject-pcr", "ak-ecc", run_load, 0},
    {"tpm/reject-firmware-version", "ak-ecc", run_load, 0},
    {"psa/accept", "psa", run_read, 0},
    {"psa/accept-instance-id-of-bare-point", "psa", run_learn, 0},
    {"psa/reject-other-anchor", "psa", run_learn, 0},
    {"tpm/accept-rsassa", "ak-rsa", run_learn, 0},
    {"psa/accept", "psa", run_learn_composite, 0},
    {"psa/accept", "psa", run_verifiers, 0},
    {"psa/accept", "psa", run_put, 0},
    {"psa/accept", "psa", run_result, 0},
    {"psa/accept", "psa", run_bearer, 0},
    {"psa/accept", "psa", run_import, 0},
    {"psa/accept", "psa", run_import_guest, 0},
    {"psa/accept", "psa", run_import_signed, 0},
    {"snp", NULL, run_appraise, 0},
    {"snp", NULL, run_load, 0},
    {"made-tpm-cert", NULL, run_appraise, 0},
    {"made-tpm-cert-other", NULL, run_appraise, 0},
    {"made-tpm-cert", NULL, run_load, 7},
    {"made-tpm-cert-other", NULL, run_load, 7},
    {"made-tpm-cert", NULL, run_learn, 7},
    {"made-enacttrust", NULL, run_appraise, 0},
    {"made-enacttrust-other", NULL, run_load, 0},
    {"made-enacttrust", NULL, run_learn, 0},
    {"made-parsec", NULL, run_appraise, 0},
    {"made-parsec-other", NULL, run_appraise, 0},
    {"made-parsec-other", NULL, run_load, 0},
    {"made-parsec", NULL, run_learn, 0},
    /* a folder of collateral and six signatures each time: every 29th */
    {"tdx", NULL, run_appraise, 29},
    {"tdx", NULL, run_load, 29},
    {"tdx-debug", NULL, run_appraise, 29},
    {"tdx-debug", NULL, run_load, 29},
    {"tdx-log", NULL, run_appraise, 29},
    {"tdx-vtpm", NULL, run_appraise, 29},
    {"tdx-vtpm", NULL, run_load, 29},
    {"tdx", NULL, run_watch, 29},
    {"tdx", NULL, run_expiries, 0},
    {"tdx", NULL, run_renewal, 29},
    {"tdx", NULL, run_delivery, 29},
};

START_TEST(failed_allocation_never_accepts_and_never_crashes)
{
    unsigned n = 1, step = rows[_i].step != 0 ? rows[_i].step : 1;
    enum atls_reason usual;
    bool is_hit = true;

    open_row(rows[_i].vector, rows[_i].key_name);
    if (rows[_i].run == run_renewal || rows[_i].run == run_delivery)
        open_delivery();
    if (rows[_i].run == run_bearer)
        open_borne();
    (void)rows[_i].run(); /* what libcrypto makes once */
    usual = rows[_i].run();
    for (; is_hit && n < 40000; n += step) {
        num_allocations = 0;
        fail_at = n;
        (void)rows[_i].run();
        is_hit = num_allocations >= n;
        fail_at = 0;
    }
    ck_assert(!is_hit);
    ck_assert_uint_gt(n, 2); /* it does allocate */
    ck_assert_reason(rows[_i].run(), usual);
    close_row();
    X509_free(borne);
    borne = NULL;
    atls_chain_stack_free(trusted);
    atls_buf_clear(&served);
    atls_buf_clear(&served_chain);
}
END_TEST

/* No allocation of our own is taken for anything but what it is. */
START_TEST(lack_of_memory_for_evidence_has_its_reason)
{
    struct atls_evidence *evidence = NULL;
    enum atls_reason reason;

    open_row("psa/accept", "psa");
    num_allocations = 0;
    fail_at = 1;
    reason = atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL);
    fail_at = 0;
    ck_assert_reason(reason, ATLS_OUT_OF_MEMORY);
    ck_assert_ptr_null(evidence);
    close_row();
}
END_TEST

START_TEST(parsing_a_cbor_record_allocates_once)
{
    struct atls_evidence *evidence = NULL;
    unsigned num;

    open_row("psa/accept", "psa");
    num_allocations = 0;
    must(atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL) ==
         ATLS_OK);
    num = num_allocations;
    ck_assert_uint_eq(num, 1);
    atls_evidence_free(evidence);
    close_row();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verifier_alloc");
    TCase *cases = tcase_create("verifier_alloc");

    tcase_set_timeout(cases, 600); /* a policy with certificates is long */
    CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
    json_set_alloc_funcs(json_malloc, free);
    tcase_add_loop_test(cases,
                        failed_allocation_never_accepts_and_never_crashes, 0,
                        sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(cases, lack_of_memory_for_evidence_has_its_reason);
    tcase_add_test(cases, parsing_a_cbor_record_allocates_once);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
