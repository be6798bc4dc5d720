/* SPDX-License-Identifier: Apache-2.0
 *
 * Parsec's key attestation made for tests, right or wrong in one place.
 */
#ifndef ATLS_FORGE_PARSEC_H
#define ATLS_FORGE_PARSEC_H

#include "forge.h"

#define FORGE_TLS_ATTRIBUTES                                                   \
    0x00040072 /* as tpm2-tools and Parsec make keys                           \
                */

struct forge_parsec_tpm {
    EVP_PKEY *ak, *tls_key;     /* ours by reference */
    EVP_PKEY *key_signer;       /* of kat; NULL: ak */
    EVP_PKEY *shown_key;        /* in pubArea; NULL: tls_key */
    EVP_PKEY *kid_key;          /* named in both; NULL: ak */
    EVP_PKEY *platform_kid;     /* named in pat; NULL: as in kat */
    struct atls_view nonce;     /* of kat */
    uint32_t magic;             /* of kat; 0: the right one */
    uint16_t type;              /* of kat; 0: certify */
    uint32_t attributes;        /* 0: FORGE_TLS_ATTRIBUTES */
    uint16_t name_hash;         /* 0: SHA-256 */
    const char *version;        /* NULL: "2.0" */
    const char *unknown_in_kat; /* a label */
    const char *missing;        /* a label that is left out, in kat or pat */
    bool has_no_kat, has_no_pat;
    const char *after;        /* hex behind the map */
    struct forge_quote quote; /* key NULL: ak; nonce empty: as in kat */
};

/* forge_parsec_tpm: of these keys, with a quote of SHA-256 PCRs 0 to 7. */
struct forge_parsec_tpm forge_parsec_tpm(EVP_PKEY *ak, EVP_PKEY *tls_key,
                                         struct atls_view nonce);
/* forge_parsec_tpm_put: the record's value. */
void forge_parsec_tpm_put(const struct forge_parsec_tpm *forge,
                          struct atls_buf *out);

/* forge_spki: the key's SubjectPublicKeyInfo. */
void forge_spki(EVP_PKEY *key, struct atls_buf *out);

#endif
