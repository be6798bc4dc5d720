/* SPDX-License-Identifier: Apache-2.0
 *
 * Trust anchors: public keys that Evidence may be signed with, decoded once,
 * found by what Evidence says of its signer. A certificate is taken for its
 * key; its dates and issuer are not asked (RFC 5914, 1: the operator's trust
 * is in the key). Formats whose Evidence brings certificates want certificates
 * here, which end their chains: chain.h.
 */
#ifndef ATLS_ANCHORS_H
#define ATLS_ANCHORS_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "document.h"

/* 01 || 32 bytes, as a PSA instance ID (RFC 9783, 4.2.1): SHA-256 of the SPKI
 * and, for EC keys, of the bare uncompressed point, which is what Trusted
 * Firmware-M hashes. A TPM's kid is the last 32 bytes. */
#define ATLS_ANCHOR_ID 33

/* What a policy files a format's anchors under. */
enum atls_anchor_name {
    ATLS_ANCHOR_BY_KEY,      /* what is derived from the key */
    ATLS_ANCHOR_BY_INSTANCE, /* that, or an instance_id beside the key */
    ATLS_ANCHOR_BY_NODE,     /* a node_id beside the key, which tells nothing */
};

struct atls_format;      /* format.h */
struct atls_chain_cache; /* chain.h */

struct atls_anchor {
    uint8_t id[ATLS_ANCHOR_ID];
    EVP_PKEY *key; /* ours by reference */
};

struct atls_anchors { /* sorted by id */
    struct atls_anchor *items;
    size_t num, size;
    /* Of a format with chains, else NULL: the certificates that end a chain,
     * and those whose issuer stands among them, which therefore are no anchors
     * of their own (AMD gives ASK and ARK in one file). */
    STACK_OF(X509) * roots;
    STACK_OF(X509) * intermediates;
    struct atls_chain_cache *cache;
};

/* atls_anchors_read: a profile's trust_anchors. Keys come from pool where it
 * has them already, so that equal keys are one EVP_PKEY in all of a policy. */
void atls_anchors_read(const struct atls_node *node,
                       const struct atls_format *format,
                       struct atls_anchors *pool, struct atls_anchors *out);
void atls_anchors_clear(struct atls_anchors *anchors);

/* atls_anchors_add: one key under what is derived from it. false: no memory. */
bool ATLS_MUST_USE atls_anchors_add(struct atls_anchors *anchors,
                                    EVP_PKEY *key);

/* atls_anchors_find: by an instance ID (33 bytes), a kid (32 bytes) or a node
 * ID (16 bytes); borrowed, or NULL. */
EVP_PKEY *atls_anchors_find(const struct atls_anchors *anchors,
                            struct atls_view id);

#endif
