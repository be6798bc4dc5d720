/* SPDX-License-Identifier: Apache-2.0
 *
 * A PSA token's claims by libcbor: what our decoder is held against. Its code
 * sees none of ours.
 */
#ifndef BENCH_RIVAL_H
#define BENCH_RIVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_RIVAL_COMPONENTS 24

struct bench_rival_bytes {
    const unsigned char *data;
    size_t len;
};

struct bench_rival_claims { /* valid while the token's items are */
    struct bench_rival_bytes nonce, instance, implementation, boot_seed;
    struct bench_rival_bytes profile, certification, service;
    int64_t client;
    uint64_t lifecycle;
    struct {
        struct bench_rival_bytes type, measurement, version, signer;
    } components[BENCH_RIVAL_COMPONENTS];
    size_t num_components;
};

/* bench_rival_decode: the COSE_Sign1, then its payload, then each claim; each()
 * sees the claims before all is freed. */
bool bench_rival_decode(const unsigned char *token, size_t len,
                        void (*each)(const struct bench_rival_claims *claims,
                                     void *arg),
                        void *arg);

#endif
