/* SPDX-License-Identifier: Apache-2.0
 *
 * attest:tpm[?tcti=CONF][&ak=HANDLE|FILE][&pcrs=LIST][&cert=FILE]
 * [&eventlog=FILE][&tls_key=HANDLE|FILE]: quotes of a TPM 2.0, and with a TLS
 * key that is in it its word on that. Here the URI is checked and
 * atls_tpm.so loaded on first use; that module does the rest.
 */
#include "config.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "cmw.h"
#include "provider/attester.h"
#include "provider/tpm_module.h"
#include "provider/uri_file.h"

#define MEDIA_TYPE            "application/vnd.atls.tpm-quote+cbor"
#define KEY_TYPE              "application/vnd.parallaxsecond.key-attestation.tpm"
#define MAX_SIZE              4096  /* bytes: 4 banks of 24 PCRs, RSA-4096 */
#define PUBLIC_KEY_TIMEOUT_MS 30000 /* a TPM may take seconds for a primary */

struct tpm {
    struct atls_tpm_settings settings;
    pthread_mutex_t lock;                       /* for the first open */
    pid_t pid;                                  /* whose lock it is */
    const struct atls_tpm_module *module;       /* NULL: not loaded yet */
    _Atomic(struct atls_tpm_session *) session; /* NULL: not opened yet */
};

/* A lock that another thread held when its process forked stays locked in the
 * child, where nobody will open it. */
static void renew_lock_after_fork(struct tpm *tpm)
{
    if (tpm->pid == getpid())
        return;
    pthread_mutex_init(&tpm->lock, NULL);
    tpm->pid = getpid();
}

static void tpm_free(void *state)
{
    struct tpm *tpm = state;

    if (tpm->session != NULL)
        tpm->module->close(tpm->session);
    pthread_mutex_destroy(&tpm->lock);
    atls_buf_clear(&tpm->settings.ak.der);
    atls_buf_clear(&tpm->settings.tls.der);
    atls_buf_clear(&tpm->settings.ak_cert);
    atls_buf_clear(&tpm->settings.eventlog);
    free(tpm);
}

/* "0x81000000" to "0x81ffffff", the persistent handles (TPM 2.0 part 2, 7.2);
 * 0 for anything else. */
static uint32_t parse_handle(const char *text)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 16);

    if (strncmp(text, "0x", 2) != 0 || *end != '\0' || value >> 24 != 0x81)
        return 0;
    return (uint32_t)value;
}

/* Takes the DER out of the first PEM block of that name. */
static enum atls_reason parse_key_pem(const char *path, const char *what,
                                      struct atls_view pem,
                                      struct atls_buf *der,
                                      struct atls_why *why)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    char *name = NULL, *header = NULL;
    unsigned char *data = NULL;
    long len = 0;
    enum atls_reason reason = ATLS_OK;

    if (bio == NULL || PEM_read_bio(bio, &name, &header, &data, &len) != 1 ||
        strcmp(name, "TSS2 PRIVATE KEY") != 0)
        reason = atls_why(why, ATLS_ATTESTER_KEY,
                          "%s %s: want PEM of a \"TSS2 PRIVATE KEY\", as "
                          "tpm2_encodeobject and tpm2-openssl write it, or a "
                          "handle 0x81...",
                          what, path);
    else
        atls_buf_put(der, atls_view(data, (size_t)len));
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
    BIO_free(bio);
    return reason;
}

static enum atls_reason parse_key(const struct atls_uri *uri, const char *what,
                                  struct atls_tpm_named_key *key,
                                  struct atls_why *why)
{
    const char *text = atls_uri_option(uri, what);
    ATLS_AUTO_BUF pem = atls_buf(2 * ATLS_TPM_MAX_KEY_FILE);
    enum atls_reason reason;

    if (text == NULL)
        return ATLS_OK;
    key->handle = parse_handle(text);
    if (key->handle != 0)
        return ATLS_OK;
    if (strncmp(text, "0x", 2) == 0)
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "%s %s: want a persistent handle, 0x81000000 to "
                        "0x81ffffff",
                        what, text);
    reason = atls_uri_file_read(text, what, &pem, ATLS_ATTESTER_KEY, why);
    if (reason != ATLS_OK)
        return reason;
    return parse_key_pem(text, what, atls_buf_view(&pem), &key->der, why);
}

/* In PEM or DER; into DER. */
static enum atls_reason read_cert(const char *path, struct atls_buf *out,
                                  struct atls_why *why)
{
    ATLS_AUTO_BUF text = atls_buf(2 * ATLS_TPM_MAX_CERT);
    enum atls_reason reason;
    const unsigned char *at;
    unsigned char *der = NULL;
    X509 *cert;
    BIO *bio;
    int len;

    if (path == NULL)
        return ATLS_OK;
    reason = atls_uri_file_read(path, "cert", &text, ATLS_ATTESTER_KEY, why);
    if (reason != ATLS_OK)
        return reason;
    at = text.data;
    bio = BIO_new_mem_buf(text.data, (int)text.len);
    cert = text.len > 0 && text.data[0] == 0x30
               ? d2i_X509(NULL, &at, (long)text.len)
               : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    len = cert == NULL ? 0 : i2d_X509(cert, &der);
    if (len > 0)
        atls_buf_put(out, atls_view(der, (size_t)len));
    OPENSSL_free(der);
    X509_free(cert);
    BIO_free(bio);
    return len > 0 && !out->failed
               ? ATLS_OK
               : atls_why(why, ATLS_ATTESTER_KEY,
                          "cert %s: want an X.509 certificate in PEM or DER, "
                          "of at most %d bytes",
                          path, ATLS_TPM_MAX_CERT);
}

/* What was there when the program started: firmware does not add to it. */
static enum atls_reason read_log(const char *path, struct atls_buf *out,
                                 struct atls_why *why)
{
    return path == NULL ? ATLS_OK
                        : atls_uri_file_read(path, "eventlog", out,
                                             ATLS_ATTESTER_OPTION, why);
}

static enum atls_reason read_companions(const struct atls_uri *uri,
                                        struct atls_tpm_settings *settings,
                                        struct atls_why *why)
{
    enum atls_reason reason;

    ERR_set_mark();
    reason = read_cert(atls_uri_option(uri, "cert"), &settings->ak_cert, why);
    ERR_pop_to_mark();
    if (reason == ATLS_OK)
        reason = read_log(atls_uri_option(uri, "eventlog"), &settings->eventlog,
                          why);
    return reason;
}

static bool has_tls_key(const void *state)
{
    const struct tpm *tpm = state;

    return tpm->settings.tls.handle != 0 || tpm->settings.tls.der.len > 0;
}

static const char *tpm_formats(const void *state)
{
    return has_tls_key(state) ? KEY_TYPE "\n" MEDIA_TYPE : MEDIA_TYPE;
}

static size_t tpm_longest(const void *state)
{
    const struct tpm *tpm = state;

    return MAX_SIZE + tpm->settings.ak_cert.len + tpm->settings.eventlog.len;
}

static enum atls_reason tpm_check(OSSL_LIB_CTX *libctx,
                                  const struct atls_uri *uri, void **state,
                                  struct atls_why *why)
{
    const char *tcti = atls_uri_option(uri, "tcti");
    const char *pcrs = atls_uri_option(uri, "pcrs");
    struct tpm *tpm = calloc(1, sizeof(*tpm));
    enum atls_reason reason;

    if (tpm == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    *state = tpm;
    renew_lock_after_fork(tpm);
    tpm->settings.libctx = libctx;
    tpm->settings.ak.der = atls_buf(ATLS_TPM_MAX_KEY_FILE);
    tpm->settings.tls.der = atls_buf(ATLS_TPM_MAX_KEY_FILE);
    tpm->settings.ak_cert = atls_buf(ATLS_TPM_MAX_CERT);
    tpm->settings.eventlog = atls_buf(ATLS_TPM_MAX_LOG);
    reason = atls_tpm_target_parse(tcti == NULL ? "device" : tcti,
                                   &tpm->settings.target, why);
    if (reason == ATLS_OK)
        reason = atls_pcrs_parse(pcrs == NULL ? ATLS_PCRS_DEFAULT : pcrs,
                                 &tpm->settings.pcrs, why);
    if (reason == ATLS_OK)
        reason = parse_key(uri, "ak", &tpm->settings.ak, why);
    if (reason == ATLS_OK)
        reason = parse_key(uri, "tls_key", &tpm->settings.tls, why);
    if (reason == ATLS_OK)
        reason = read_companions(uri, &tpm->settings, why);
    return reason;
}

/* Beside atls.so, where a build tree has it; else where make install puts it.
 * Absolute both, so that no search path of the program matters. */
static void *load_module(void)
{
    char path[1024];
    const char *slash;
    Dl_info self;
    void *handle = NULL;

    if (dladdr(&atls_attester_tpm, &self) != 0 &&
        (slash = strrchr(self.dli_fname, '/')) != NULL &&
        snprintf(path, sizeof(path), "%.*s/" ATLS_TPM_MODULE_FILE,
                 (int)(slash - self.dli_fname),
                 self.dli_fname) < (int)sizeof(path))
        handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == NULL)
        handle = dlopen(ATLS_EXTDIR "/" ATLS_TPM_MODULE_FILE,
                        RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    return handle;
}

static enum atls_reason get_module(const struct atls_tpm_module **out,
                                   struct atls_why *why)
{
    void *handle = load_module();
    const struct atls_tpm_module *module;

    if (handle == NULL)
        return atls_why(why, ATLS_ATTESTER_ABSENT,
                        "attest:tpm needs " ATLS_TPM_MODULE_FILE
                        ", built where tpm2-tss is: %s",
                        dlerror());
    module = dlsym(handle, ATLS_TPM_MODULE_SYMBOL);
    if (module == NULL || strcmp(module->version, PACKAGE_VERSION) != 0)
        return atls_why(why, ATLS_ATTESTER_ABSENT,
                        ATLS_TPM_MODULE_FILE
                        " is of another version than atls.so (%s); install "
                        "both anew",
                        PACKAGE_VERSION);
    *out = module;
    return ATLS_OK;
}

static enum atls_reason open_locked(struct tpm *tpm, struct atls_why *why)
{
    struct atls_tpm_session *session = NULL;
    enum atls_reason reason = ATLS_OK;

    if (tpm->module == NULL)
        reason = get_module(&tpm->module, why);
    if (reason == ATLS_OK && tpm->session == NULL)
        reason = tpm->module->open(&tpm->settings, &session, why);
    if (session != NULL)
        tpm->session = session;
    return reason;
}

static enum atls_reason tpm_open(void *state, struct atls_why *why)
{
    struct tpm *tpm = state;
    enum atls_reason reason;

    if (tpm->session != NULL)
        return ATLS_OK;
    renew_lock_after_fork(tpm);
    pthread_mutex_lock(&tpm->lock);
    reason = open_locked(tpm, why);
    pthread_mutex_unlock(&tpm->lock);
    return reason;
}

static enum atls_reason tpm_public_key(void *state, struct atls_buf *spki,
                                       struct atls_why *why)
{
    struct tpm *tpm = state;
    enum atls_reason reason = tpm_open(tpm, why);

    if (reason != ATLS_OK)
        return reason;
    return tpm->module->public_key(
        tpm->session, atls_deadline_after(PUBLIC_KEY_TIMEOUT_MS), spki, why);
}

static enum atls_reason tpm_attest(void *state,
                                   const struct atls_challenge *challenge,
                                   atls_deadline deadline, struct atls_buf *out,
                                   struct atls_why *why)
{
    struct tpm *tpm = state;
    ATLS_AUTO_BUF evidence = atls_buf(tpm_longest(tpm));
    const struct atls_tpm_request request = {
        .binder = challenge->binder,
        .certifies_tls_key = strcmp(challenge->format, KEY_TYPE) == 0,
        .subject = challenge->subject};
    enum atls_reason reason = tpm_open(tpm, why);

    if (reason == ATLS_OK)
        reason = tpm->module->attest(tpm->session, &request, deadline,
                                     &evidence, why);
    if (reason != ATLS_OK)
        return reason;
    atls_cmw_put(out, atls_type_of_text(atls_view_text(challenge->format)),
                 atls_buf_view(&evidence), ATLS_CMW_EVIDENCE);
    return ATLS_OK;
}

static const char *const options[] = {"tcti",     "ak",      "pcrs", "cert",
                                      "eventlog", "tls_key", NULL};

const struct atls_attester atls_attester_tpm = {
    .name = "tpm",
    .description = "TPM 2.0 quote",
    .made_formats = tpm_formats,
    .options = options,
    .max_size = MAX_SIZE,
    .takes_subject = has_tls_key,
    .check = tpm_check,
    .longest = tpm_longest,
    .open = tpm_open,
    .public_key = tpm_public_key,
    .attest = tpm_attest,
    .free = tpm_free,
};
