/* SPDX-License-Identifier: Apache-2.0
 *
 * A program as servers are: it opens an attester key once, then threads and
 * forked children use it at the same time.
 *
 *     sharers URI THREADS CHILDREN [close-descriptors | time-out]
 *
 * Every quote must hold its own binder; errno and the error queue must be left
 * as they were; the key's parameters must be those of the contract in atls(7).
 * With close-descriptors all of them are closed once the key is ready, as
 * daemons do, and something else takes the numbers. With time-out, the process
 * TPM_PID is stopped, a quote fails at its deadline, the process goes on, and
 * later quotes must not fail; several times.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/store.h>

#define NUM_QUOTES  8 /* by each thread */
#define MAX_THREADS 16

static EVP_PKEY *key;
static EVP_PKEY_CTX *prototype;

static void need(int is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "%s\n", what);
    ERR_print_errors_fp(stderr);
    if (getenv("TPM_PID") != NULL)
        kill(atoi(getenv("TPM_PID")), SIGCONT);
    _exit(1);
}

static EVP_PKEY *load(const char *uri)
{
    OSSL_STORE_CTX *store =
        OSSL_STORE_open_ex(uri, NULL, "-fips", NULL, NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info = NULL;
    EVP_PKEY *loaded = NULL;

    need(store != NULL && OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY),
         "store");
    while (!OSSL_STORE_eof(store) && loaded == NULL) {
        info = OSSL_STORE_load(store);
        if (info != NULL)
            loaded = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    need(loaded != NULL, "no key");
    ERR_clear_error();
    return loaded;
}

static void check_contract(void)
{
    char formats[1024];
    int max_size = EVP_PKEY_get_size(key);

    need(EVP_PKEY_get_utf8_string_param(key, "evidence-formats", formats,
                                        sizeof(formats), NULL),
         "evidence-formats");
    need(max_size > 0 && max_size <= 65528, "max-size");
}

static void check_evidence(const unsigned char *evidence, size_t len,
                           const unsigned char *binder)
{
    need(memmem(evidence, len, binder, 32) != NULL, "not our binder");
}

static void quote(EVP_PKEY_CTX *context)
{
    unsigned char binder[32], *evidence;
    size_t len = (size_t)EVP_PKEY_get_size(key);

    evidence = malloc(len);
    for (size_t i = 0; i < sizeof(binder); i++)
        binder[i] = (unsigned char)random();
    errno = EXDEV;
    need(EVP_PKEY_sign(context, evidence, &len, binder, sizeof(binder)) == 1,
         "sign");
    need(errno == EXDEV, "errno changed");
    need(ERR_peek_error() == 0, "error queue changed");
    check_evidence(evidence, len, binder);
    free(evidence);
}

static void *quotes(void *unused)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(prototype);

    (void)unused;
    need(context != NULL, "context");
    for (int i = 0; i < NUM_QUOTES; i++)
        quote(context);
    EVP_PKEY_CTX_free(context);
    return NULL;
}

static void run_threads(int num)
{
    pthread_t threads[MAX_THREADS];

    for (int i = 0; i < num; i++)
        need(pthread_create(&threads[i], NULL, quotes, NULL) == 0, "thread");
    for (int i = 0; i < num; i++)
        pthread_join(threads[i], NULL);
}

static void run_children(int num)
{
    int status;

    for (int i = 0; i < num; i++)
        if (fork() == 0) {
            srandom((unsigned)getpid());
            quotes(NULL);
            _exit(0);
        }
    if (num > 0)
        quotes(NULL);
    for (int i = 0; i < num; i++)
        need(wait(&status) > 0 && status == 0, "child");
}

static void replace_descriptors(void)
{
    int null = open("/dev/null", O_RDWR);

    for (int fd = 3; fd < 600; fd++)
        if (fd != null)
            dup2(null, fd);
}

static void time_out(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(prototype);
    unsigned char binder[32] = {1}, *evidence;
    pid_t tpm;
    unsigned timeout_ms = 50;
    size_t len = (size_t)EVP_PKEY_get_size(key);
    OSSL_PARAM params[] = {OSSL_PARAM_uint("timeout", &timeout_ms),
                           OSSL_PARAM_END};

    evidence = malloc(len);
    need(getenv("TPM_PID") != NULL, "no TPM_PID");
    tpm = atoi(getenv("TPM_PID"));
    need(kill(tpm, SIGSTOP) == 0, "stop");
    need(EVP_PKEY_CTX_set_params(context, params) == 1, "timeout");
    need(EVP_PKEY_sign(context, evidence, &len, binder, sizeof(binder)) != 1,
         "no timeout");
    need(strcmp(ERR_reason_error_string(ERR_peek_error()),
                "our attester did not answer in time") == 0,
         "another reason");
    ERR_clear_error();
    need(kill(tpm, SIGCONT) == 0, "continue");
    free(evidence);
    EVP_PKEY_CTX_free(context);
}

int main(int argc, char **argv)
{
    need(argc >= 4 && atoi(argv[2]) <= MAX_THREADS, "usage");
    key = load(argv[1]);
    check_contract();
    prototype = EVP_PKEY_CTX_new_from_pkey(NULL, key, "-fips");
    errno = EXDEV;
    need(prototype != NULL && EVP_PKEY_sign_init(prototype) == 1, "sign_init");
    need(errno == EXDEV && ERR_peek_error() == 0, "sign_init leaves traces");
    if (argc > 4 && strcmp(argv[4], "close-descriptors") == 0)
        replace_descriptors();
    for (int i = 0; argc > 4 && i < NUM_QUOTES; i++)
        if (strcmp(argv[4], "time-out") == 0) {
            time_out();
            quotes(NULL);
        }
    run_threads(atoi(argv[2]));
    run_children(atoi(argv[3]));
    EVP_PKEY_CTX_free(prototype);
    EVP_PKEY_free(key);
    return 0;
}
