/* SPDX-License-Identifier: Apache-2.0
 *
 * Nitro attestation documents made for tests, under a root of the test's own.
 */
#ifndef ATLS_FORGE_NITRO_H
#define ATLS_FORGE_NITRO_H

#include <openssl/x509.h>

#include "bytes.h"

enum { NITRO_ROOT, NITRO_INT_1, NITRO_INT_2, NITRO_LEAF, NUM_NITRO };

enum forge_nitro_flaw {
    NITRO_GOOD,
    NITRO_LEAF_IS_CA,
    NITRO_LEAF_HAS_NO_KEY_USAGE,
    NITRO_LEAF_MAY_NOT_SIGN,
    NITRO_INT_IS_NO_CA,
    NITRO_P256, /* the leaf, so that the document is ES256 */
    NITRO_NO_INTERMEDIATE,
    NITRO_SWAPPED, /* the first two of the cabundle */
    NITRO_EMPTY_BUNDLE,
    NITRO_LONG_BUNDLE, /* nine certificates */
    NITRO_TWO_IN_ONE,  /* a certificate with another behind it */
};

struct forge_nitro {
    EVP_PKEY *keys[NUM_NITRO];
    X509 *chain[NUM_NITRO];
    enum forge_nitro_flaw flaw;
    EVP_PKEY *signer;   /* NULL: the leaf's */
    bool is_tagged;     /* tag 18 */
    bool is_indefinite; /* maps, as the newer secure module writes them */
    bool has_unprotected;
    uint64_t timestamp_ms; /* FORGE_NOW */
    uint8_t pcr_bytes[32]; /* PCR n holds 48 of these; 0 for n > 16: absent */
    size_t pcr_len;        /* of PCR0; 48 */
    unsigned pcr_index;    /* of the last; 16 */
    const char *module_id; /* an instance's */
    const char *digest;    /* "SHA384" */
    const char *dropped;   /* the field that is not there */
    const char *null;      /* the field that is null */
    const char *repeated;  /* the field that is there twice */
    const char *unknown;   /* one more field */
    struct atls_view nonce, user_data, public_key; /* data NULL: null */
};

/* forge_nitro: a good one: PCR0 01.., PCR1 02.., PCR2 03.., PCR4 05.., others
 * zero. */
void forge_nitro(struct forge_nitro *nitro, enum forge_nitro_flaw flaw,
                 struct atls_view nonce);
/* forge_nitro_issue: all certificates again, for the keys as they are now, and
 * the timestamp: the leaf from an hour before now to two hours after it. */
void forge_nitro_issue(struct forge_nitro *nitro, int64_t now);
void forge_nitro_clear(struct forge_nitro *nitro);
void forge_nitro_put(const struct forge_nitro *nitro, struct atls_buf *out);

#endif
