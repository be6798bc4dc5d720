/* SPDX-License-Identifier: Apache-2.0
 *
 * A server that attests through the broker: it opens the key as root, then
 * changes root, drops its rights, and threads and children quote.
 *
 *     brokered URI THREADS CHILDREN QUOTES [leave FOLDER | wait FIFO | annoy N]
 *
 * Every quote must be bound to what the thread asked it for, be it alone or in
 * a batch, and leave errno and the error queue alone. With leave, root becomes
 * FOLDER and the user 65534 once the key is ready. With wait, it says "ready"
 * and goes on when FIFO can be read. With annoy, it first asks N times for what
 * the broker refuses. Prints quotes, seconds, and the milliseconds that 99 of
 * 100 quotes took at most.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/store.h>

#include "clock.h"
#include "cmw.h"
#include "evidence.h"
#include "origin.h"

#define MAX_THREADS 2048
#define TIMEOUT_MS  20000

static EVP_PKEY *key;
static EVP_PKEY_CTX *prototype;
static int num_quotes;
static int64_t *times_ns; /* of the threads' quotes */

static void need(int is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "%s\n", what);
    ERR_print_errors_fp(stderr);
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

/* A connection of nobody's: a random secret and key. */
static void invent(struct atls_buf *origin, struct atls_secret *binder)
{
    struct atls_secret secret = {.len = 32};
    uint8_t spki[91];

    need(RAND_bytes(secret.bytes, 32) == 1 &&
             RAND_bytes(spki, sizeof(spki)) == 1,
         "random");
    atls_buf_u8(origin, 0);
    atls_buf_u8(origin, 32);
    atls_buf_put(origin, atls_secret_view(&secret));
    atls_buf_u16(origin, sizeof(spki));
    atls_buf_put(origin, atls_view(spki, sizeof(spki)));
    need(atls_binder_make(&secret, atls_view(spki, sizeof(spki)), binder,
                          NULL) == ATLS_OK,
         "binder");
}

static void check(struct atls_view cmw, const struct atls_secret *binder)
{
    struct atls_evidence *evidence = NULL;
    struct atls_why why = {0};

    need(atls_evidence_parse(cmw, NULL, &evidence, &why) == ATLS_OK, why.text);
    need(atls_evidence_nonce_equal(evidence, atls_secret_view(binder)),
         "Evidence of another");
    atls_evidence_free(evidence);
}

static void quote(EVP_PKEY_CTX *context)
{
    struct atls_buf origin = atls_buf(ATLS_ORIGIN_MAX);
    struct atls_secret binder;
    unsigned timeout_ms = TIMEOUT_MS;
    size_t len = (size_t)EVP_PKEY_get_size(key);
    unsigned char *cmw = malloc(len);
    OSSL_PARAM params[] = {OSSL_PARAM_uint("timeout", &timeout_ms),
                           OSSL_PARAM_END, OSSL_PARAM_END};

    invent(&origin, &binder);
    params[1] = OSSL_PARAM_construct_octet_string("binder-origin", origin.data,
                                                  origin.len);
    need(EVP_PKEY_CTX_set_params(context, params) == 1, "params");
    errno = EXDEV;
    need(EVP_PKEY_sign(context, cmw, &len, binder.bytes, binder.len) == 1,
         "sign");
    need(errno == EXDEV && ERR_peek_error() == 0, "traces are left");
    check(atls_view(cmw, len), &binder);
    atls_buf_clear(&origin);
    free(cmw);
}

static void *quotes(void *arg)
{
    int64_t *times = arg, begun;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(prototype);

    need(context != NULL, "context");
    for (int i = 0; i < num_quotes; i++) {
        begun = atls_clock_now();
        quote(context);
        if (times != NULL)
            times[i] = atls_clock_now() - begun;
    }
    EVP_PKEY_CTX_free(context);
    return NULL;
}

static void run_threads(int num)
{
    static pthread_t threads[MAX_THREADS];
    pthread_attr_t small;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 * 1024);
    for (int i = 0; i < num; i++)
        need(pthread_create(&threads[i], &small, quotes,
                            times_ns + (ptrdiff_t)i * num_quotes) == 0,
             "thread");
    for (int i = 0; i < num; i++)
        pthread_join(threads[i], NULL);
    pthread_attr_destroy(&small);
}

static void run_children(int num)
{
    int status;

    for (int i = 0; i < num; i++)
        if (fork() == 0) {
            quotes(NULL);
            _exit(0);
        }
    for (int i = 0; i < num; i++)
        need(wait(&status) > 0 && status == 0, "child");
}

static void leave(const char *folder)
{
    need(chroot(folder) == 0 && chdir("/") == 0 && setgid(65534) == 0 &&
             setuid(65534) == 0,
         "leave");
}

static void wait_for(const char *fifo)
{
    char byte;
    int fd;

    puts("ready");
    fflush(stdout);
    fd = open(fifo, O_RDONLY);
    need(fd >= 0 && read(fd, &byte, 1) == 1, "fifo");
    close(fd);
}

static void annoy(int times)
{
    unsigned char in[32] = {0}, out[64];
    OSSL_PARAM params[] = {OSSL_PARAM_octet_string("binder-origin", in, 3),
                           OSSL_PARAM_END};
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(prototype);
    size_t len = sizeof(out);

    need(context != NULL && EVP_PKEY_CTX_set_params(context, params) == 1,
         "params");
    for (int i = 0; i < times; i++)
        need(EVP_PKEY_sign(context, out, &len, in, sizeof(in)) != 1,
             "a bad origin is quoted");
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
}

static int compare(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static void tell(size_t num, int64_t begun)
{
    double seconds = (double)(atls_clock_now() - begun) / 1e9;

    if (num == 0)
        return;
    qsort(times_ns, num, sizeof(*times_ns), compare);
    printf("%zu quotes, %.3f s, p99 %.0f ms\n", num, seconds,
           (double)times_ns[(num - 1) * 99 / 100] / 1e6);
}

int main(int argc, char **argv)
{
    int threads, children;
    int64_t begun;

    need(argc == 5 || argc == 7, "usage");
    threads = atoi(argv[2]);
    children = atoi(argv[3]);
    num_quotes = atoi(argv[4]);
    need(threads <= MAX_THREADS, "threads");
    times_ns =
        calloc((size_t)threads * (size_t)num_quotes + 1, sizeof(*times_ns));
    key = load(argv[1]);
    prototype = EVP_PKEY_CTX_new_from_pkey(NULL, key, "-fips");
    need(prototype != NULL && EVP_PKEY_sign_init(prototype) == 1, "sign_init");
    if (argc == 7 && strcmp(argv[5], "leave") == 0)
        leave(argv[6]);
    if (argc == 7 && strcmp(argv[5], "wait") == 0)
        wait_for(argv[6]);
    if (argc == 7 && strcmp(argv[5], "annoy") == 0)
        annoy(atoi(argv[6]));
    begun = atls_clock_now();
    run_threads(threads);
    tell((size_t)threads * (size_t)num_quotes, begun);
    run_children(children);
    EVP_PKEY_CTX_free(prototype);
    EVP_PKEY_free(key);
    free(times_ns);
    return 0;
}
