/* SPDX-License-Identifier: Apache-2.0
 *
 * A CoRIM (draft-ietf-rats-corim, 4): CoMIDs under one profile, unsigned or in
 * a COSE_Sign1, with the time in which they hold. The signature is verified
 * under keys that the caller has pinned, before anything that is signed is
 * read; no header chooses a key. What the CoMIDs say is comid.h's.
 */
#ifndef ATLS_CORIM_H
#define ATLS_CORIM_H

#include <openssl/evp.h>

#include "cbor.h"
#include "why.h"

struct atls_corim_terms {
    EVP_PKEY *const *keys; /* of which one must have signed; 0: it must be
                              unsigned */
    size_t num_keys;
    int64_t now;
};

struct atls_corim {           /* views into the bytes that were opened */
    struct atls_view profile; /* a URI; no data: none is said */
    struct atls_view comids[ATLS_CBOR_MAX_ENTRIES];
    size_t num_comids;
};

/* atls_corim_open: CORIM_MALFORMED; CORIM_UNSIGNED, though keys are given;
 * CORIM_KEY: signed, and no key is given; CORIM_SIGNATURE; CORIM_TIME: not
 * valid now; CORIM_UNSUPPORTED; OUT_OF_MEMORY, CRYPTO_FAILED. */
enum atls_reason ATLS_MUST_USE
atls_corim_open(struct atls_view bytes, const struct atls_corim_terms *terms,
                struct atls_corim *out, struct atls_why *why);

#endif
