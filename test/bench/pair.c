/* SPDX-License-Identifier: Apache-2.0
 *
 * Handshakes in memory. Every variant runs through this same code.
 */
#include "pair.h"

#include <time.h>

#include "pki.h"

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

uint64_t bench_process_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

bool bench_pair_make(const char *folder, bool is_mutual,
                     struct bench_pair *pair)
{
    pair->client = bench_pki_role(folder, false, is_mutual);
    pair->server = bench_pki_role(folder, true, is_mutual);
    pair->name = BENCH_HOST;
    return pair->client != NULL && pair->server != NULL;
}

void bench_pair_clear(struct bench_pair *pair)
{
    SSL_CTX_free(pair->client);
    SSL_CTX_free(pair->server);
    *pair = (struct bench_pair){NULL, NULL, NULL};
}

static bool join(SSL *client, SSL *server)
{
    BIO *up = BIO_new(BIO_s_mem()), *down = BIO_new(BIO_s_mem());

    if (up == NULL || down == NULL || !BIO_up_ref(up) || !BIO_up_ref(down))
        return false;
    SSL_set_bio(client, down, up);
    SSL_set_bio(server, up, down);
    return true;
}

bool bench_link_open(const struct bench_pair *pair, struct bench_link *link)
{
    link->client = SSL_new(pair->client);
    link->server = SSL_new(pair->server);
    if (link->client == NULL || link->server == NULL ||
        !join(link->client, link->server))
        return false;
    SSL_set_connect_state(link->client);
    SSL_set_accept_state(link->server);
    return SSL_set_tlsext_host_name(link->client, pair->name) == 1 &&
           SSL_set1_host(link->client, pair->name) == 1;
}

void bench_link_close(struct bench_link *link)
{
    SSL_free(link->client);
    SSL_free(link->server);
    *link = (struct bench_link){NULL, NULL};
}

bool bench_link_step(SSL *side)
{
    int result = SSL_do_handshake(side);

    return result == 1 || SSL_get_error(side, result) == SSL_ERROR_WANT_READ;
}

static bool timed_step(SSL *side, uint64_t *sum_ns)
{
    uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    bool is_well = bench_link_step(side);

    *sum_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
    return is_well;
}

bool bench_link_run(struct bench_link *link, struct bench_cost *cost)
{
    struct bench_cost spare = {0};

    if (cost == NULL)
        cost = &spare;
    while (!SSL_is_init_finished(link->client) ||
           !SSL_is_init_finished(link->server))
        if (!timed_step(link->client, &cost->client_ns) ||
            !timed_step(link->server, &cost->server_ns))
            return false;
    cost->client_len += BIO_number_written(SSL_get_wbio(link->client));
    cost->server_len += BIO_number_written(SSL_get_wbio(link->server));
    return true;
}

bool bench_pair_run(const struct bench_pair *pair, unsigned num,
                    struct bench_cost *cost)
{
    struct bench_link link;
    bool is_well = true;

    for (; num > 0 && is_well; num--) {
        is_well = bench_link_open(pair, &link) && bench_link_run(&link, cost);
        bench_link_close(&link);
    }
    return is_well;
}
