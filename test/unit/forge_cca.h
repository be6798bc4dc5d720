/* SPDX-License-Identifier: Apache-2.0
 *
 * Arm CCA tokens made for tests, right or wrong in one place.
 */
#ifndef ATLS_FORGE_CCA_H
#define ATLS_FORGE_CCA_H

#include "forge.h"

struct forge_cca {
    EVP_PKEY *cpak, *rak;   /* ours by reference; the realm's is P-384 */
    EVP_PKEY *realm_signer; /* NULL: rak */
    struct forge_claims platform, realm;
    bool is_legacy;          /* tag 399 */
    bool keeps_challenge;    /* of the platform: not the digest of RAK */
    bool is_unwrapped;       /* tokens not in byte strings */
    bool is_untagged;        /* tokens without tag 18 */
    bool is_indefinite;      /* the outer map */
    int64_t outer_tag;       /* 0: by is_legacy */
    uint64_t content_format; /* 0: 263 */
};

/* forge_cca: all claims: instance ID 01 02.., implementation ID 00..,
 * secured, RIM 0x43.., REMs 0x45.., personalization 0x41.., the RAK as a
 * COSE_Key hashed with SHA-512, two components as forge_claims has them. */
void forge_cca(struct forge_cca *cca, EVP_PKEY *cpak, EVP_PKEY *rak,
               struct atls_view challenge);
void forge_cca_clear(struct forge_cca *cca);
/* forge_cca_raw_rak: the RAK as a bare point. */
void forge_cca_raw_rak(struct forge_cca *cca);
void forge_cca_put(struct forge_cca *cca, struct atls_buf *out);

#endif
