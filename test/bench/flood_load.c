/* SPDX-License-Identifier: Apache-2.0
 *
 * Clients that arrive at a fixed rate, whatever the server does (open loop),
 * and wait for their byte. Latency counts from the intended arrival. And the
 * flood: one recorded ClientHello, sent again and again over connections that
 * are then left alone; its rate and time are bounded, and it knows no address
 * but loopback.
 */
#define _GNU_SOURCE
#include "section.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>

#include "ours.h"
#include "pki.h"
#include "sample.h"

#define MAX_FLIGHT  600
#define MAX_RATE    200 /* a second */
#define MAX_SECONDS 60
#define PATIENCE_MS 5000.0
#define HELD        64 /* connections that the flood keeps open */

struct load {
    SSL_CTX *ctx;
    int port;
    double rate, seconds; /* arrivals: rate a second for so long */
    unsigned num_arrived, num_served, num_failed;
    nfds_t num;
    struct pollfd fds[MAX_FLIGHT];
    SSL *ssl[MAX_FLIGHT];
    double intended_ms[MAX_FLIGHT];
    double latency_ms[MAX_RATE * MAX_SECONDS];
};

static double now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int connect_loopback(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)port);
    if (fd >= 0)
        (void)connect(fd, (struct sockaddr *)&address, sizeof(address));
    return fd;
}

static SSL *new_client(SSL_CTX *ctx)
{
    SSL *ssl = SSL_new(ctx);

    if (ssl == NULL || SSL_set_tlsext_host_name(ssl, BENCH_HOST) != 1 ||
        SSL_set1_host(ssl, BENCH_HOST) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    SSL_set_connect_state(ssl);
    return ssl;
}

static void arrive(struct load *load, double intended_ms)
{
    nfds_t i = load->num;
    SSL *ssl = i < MAX_FLIGHT ? new_client(load->ctx) : NULL;
    int fd = ssl != NULL ? connect_loopback(load->port) : -1;

    load->num_arrived++;
    if (fd < 0 || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        load->num_failed++;
        return;
    }
    load->ssl[i] = ssl;
    load->fds[i] = (struct pollfd){.fd = fd, .events = POLLOUT};
    load->intended_ms[i] = intended_ms;
    load->num++;
}

static void leave(struct load *load, nfds_t i)
{
    nfds_t last = --load->num;

    SSL_free(load->ssl[i]);
    (void)close(load->fds[i].fd);
    load->fds[i] = load->fds[last];
    load->ssl[i] = load->ssl[last];
    load->intended_ms[i] = load->intended_ms[last];
}

/* advance: true while the client still waits. */
static bool advance(struct load *load, nfds_t i)
{
    char byte;
    int result = SSL_read(load->ssl[i], &byte, 1); /* handshakes first */
    int error = SSL_get_error(load->ssl[i], result);

    ERR_clear_error();
    load->fds[i].events = error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return true;
    if (result == 1)
        load->latency_ms[load->num_served++] = now_ms() - load->intended_ms[i];
    else
        load->num_failed++;
    return false;
}

static void look_after(struct load *load)
{
    double now = now_ms();

    for (nfds_t i = load->num; i-- > 0;)
        if (load->fds[i].revents != 0 && !advance(load, i)) {
            leave(load, i);
        } else if (now - load->intended_ms[i] > PATIENCE_MS) {
            load->num_failed++;
            leave(load, i);
        }
}

static void run_load(struct load *load)
{
    double start = now_ms(), gap = 1000 / load->rate;
    unsigned num_all = (unsigned)(load->rate * load->seconds);

    while (load->num_arrived < num_all || load->num > 0) {
        double next = start + gap * load->num_arrived, wait = next - now_ms();

        if (load->num_arrived < num_all && wait <= 0) {
            arrive(load, next);
            continue;
        }
        wait = load->num_arrived < num_all && wait < 100 ? wait : 100;
        (void)poll(load->fds, load->num, (int)wait + 1);
        look_after(load);
    }
}

static json_t *load_json(const struct load *load)
{
    size_t num = load->num_served;

    return json_pack("{s:i,s:i,s:i,s:f,s:f,s:f,s:f}", "offered",
                     (int)load->num_arrived, "served", (int)num, "failed",
                     (int)load->num_failed, "served_per_s",
                     (double)num / load->seconds, "p50_ms",
                     bench_sample_median(load->latency_ms, num), "p99_ms",
                     bench_sample_quantile(load->latency_ms, num, 0.99),
                     "max_ms", bench_sample_quantile(load->latency_ms, num, 1));
}

static bool read_task(const struct bench_task *task, struct load *load)
{
    load->port = atoi(task->arg[0]);
    load->rate = atof(task->arg[1]);
    load->seconds = atof(task->arg[2]);
    if (load->rate <= 0 || load->rate > MAX_RATE || load->seconds <= 0 ||
        load->seconds > MAX_SECONDS ||
        !bench_ours_load(task->folder, task->name))
        return false;
    load->ctx = bench_pki_role(task->folder, false, false);
    return load->ctx != NULL;
}

json_t *bench_load(const struct bench_task *task)
{
    static struct load load;

    if (!read_task(task, &load))
        return NULL;
    run_load(&load);
    SSL_CTX_free(load.ctx);
    return load_json(&load);
}

/* record: the first flight of a client, as bytes; 0 when there is none. */
static size_t record(SSL_CTX *ctx, char *hello, size_t size)
{
    SSL *ssl = new_client(ctx);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    int len = 0;

    if (ssl != NULL && in != NULL && out != NULL) {
        SSL_set_bio(ssl, in, out);
        (void)SSL_do_handshake(ssl);
        len = BIO_read(out, hello, (int)size);
    }
    SSL_free(ssl);
    return len > 0 ? (size_t)len : 0;
}

static void wait_until(double when_ms)
{
    double left = when_ms - now_ms();

    if (left > 0)
        (void)poll(NULL, 0, (int)left + 1);
}

/* send_hello: the socket may take a moment to connect. */
static int send_hello(int port, const char *hello, size_t len)
{
    int fd = connect_loopback(port);
    struct pollfd ready = {.fd = fd, .events = POLLOUT};

    if (fd >= 0 && poll(&ready, 1, 1000) == 1)
        (void)send(fd, hello, len, MSG_NOSIGNAL);
    return fd;
}

json_t *bench_replay(const struct bench_task *task)
{
    static struct load load;
    static char hello[4096];
    int held[HELD];
    unsigned num_sent = 0;
    double start = now_ms();
    size_t len =
        read_task(task, &load) ? record(load.ctx, hello, sizeof(hello)) : 0;

    memset(held, -1, sizeof(held));
    for (; len > 0 && num_sent < load.rate * load.seconds; num_sent++) {
        int *slot = &held[num_sent % HELD];

        wait_until(start + 1000 / load.rate * num_sent);
        if (*slot >= 0)
            (void)close(*slot);
        *slot = send_hello(load.port, hello, len);
    }
    SSL_CTX_free(load.ctx);
    return len > 0 ? json_pack("{s:i,s:i}", "sent", (int)num_sent, "bytes",
                               (int)len)
                   : NULL;
}
