/* SPDX-License-Identifier: Apache-2.0
 *
 * A client and a server in one thread over memory BIOs, with the CPU time of
 * each side.
 */
#ifndef BENCH_PAIR_H
#define BENCH_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

struct bench_pair {
    SSL_CTX *client, *server; /* owned */
    const char *name;         /* of the server, as the client knows it */
};

struct bench_cost {
    uint64_t client_ns, server_ns;   /* thread CPU inside libssl */
    uint64_t client_len, server_len; /* bytes each side has sent */
};

/* bench_pair_make: two SSL_CTX of bench_pki_role; the name is BENCH_HOST. */
bool bench_pair_make(const char *folder, bool is_mutual,
                     struct bench_pair *pair);
void bench_pair_clear(struct bench_pair *pair);

/* One connection, for those who look at it between its steps. */
struct bench_link {
    SSL *client, *server; /* owned, with their BIOs */
};
bool bench_link_open(const struct bench_pair *pair, struct bench_link *link);
void bench_link_close(struct bench_link *link);

/* bench_link_step: lets one side run until it waits or is done; false: its
 * handshake failed. */
bool bench_link_step(SSL *side);

/* bench_link_run: the whole handshake; adds to *cost (may be NULL). */
bool bench_link_run(struct bench_link *link, struct bench_cost *cost);

/* bench_pair_run: num handshakes, opened and closed. Stops at a failure. Not
 * inlined: callgrind counts what happens inside it. */
bool bench_pair_run(const struct bench_pair *pair, unsigned num,
                    struct bench_cost *cost) __attribute__((noinline));

uint64_t bench_process_ns(void); /* CPU of this process */

#endif
