/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence made for tests, right or wrong in one place: PSA tokens and TPM
 * quotes signed with the keys of test/vectors/keys.
 */
#ifndef ATLS_FORGE_H
#define ATLS_FORGE_H

#include <openssl/evp.h>

#include "bytes.h"

enum { FORGE_MAX = 131072, FORGE_MAX_CLAIMS = 24, FORGE_NONCE = 32 };

/* forge_nonce: the bytes 0xa0, 0xa1, ... */
struct atls_view forge_nonce(size_t len);

/* forge_key: test/vectors/keys/NAME.pem. Aborts when it cannot be read. */
EVP_PKEY *forge_key(const char *name);
/* forge_pem: its public half in PEM, newlines as JSON writes them. */
char *forge_pem(EVP_PKEY *key);
/* forge_file: the whole file at top_srcdir/PATH, or at an absolute path. */
bool forge_file(const char *path, struct atls_buf *out);
/* forge_write: a file of these bytes. */
void forge_write(const char *folder, const char *name, struct atls_view bytes);
/* forge_vector: the file in ATLS_VECTORS; false when there is no such folder
 * of vectors, which a test then says and skips. */
bool forge_vector(const char *path, struct atls_buf *out);
/* forge_id: 01 || SHA-256(SPKI). */
void forge_id(EVP_PKEY *key, uint8_t id[33]);
/* forge_hex: appends the bytes of hex digits. */
void forge_hex(struct atls_buf *out, const char *hex);
/* forge_cmw: [type, value, indicator]. */
void forge_cmw(struct atls_buf *out, const char *type, struct atls_view value,
               uint32_t indicator);

/* A claim set, in its order; keys may repeat. */
struct forge_claims {
    struct {
        int64_t key;
        struct atls_buf value; /* encoded */
    } items[FORGE_MAX_CLAIMS];
    size_t num;
};
/* forge_claims: all claims of RFC 9783, two components: "SPE" with
 * measurement 02.. and signer 05.., "NSPE" with 03.. and 06.. */
void forge_claims(struct forge_claims *claims, EVP_PKEY *key,
                  struct atls_view nonce);
void forge_claims_clear(struct forge_claims *claims);
/* forge_claim_set: replaces or adds; hex of the encoded value. */
void forge_claim_set(struct forge_claims *claims, int64_t key, const char *hex);
void forge_claim_add(struct forge_claims *claims, int64_t key, const char *hex);
void forge_claim_drop(struct forge_claims *claims, int64_t key);
void forge_claims_encode(const struct forge_claims *claims,
                         struct atls_buf *out);
/* forge_psa: 18(COSE_Sign1) over the claims. */
void forge_psa(struct atls_buf *out, const struct forge_claims *claims,
               EVP_PKEY *key);

struct forge_selection {
    uint16_t hash;
    uint32_t mask;
};
struct forge_quote {
    EVP_PKEY *key, *kid_key, *public_key; /* NULL: key */
    struct atls_view nonce;
    uint32_t magic;                       /* 0: the right one */
    uint16_t type;                        /* 0: a quote */
    uint16_t algorithm;                   /* 0: ECDSA */
    uint16_t hash;                        /* 0: SHA-256 */
    uint32_t attributes;                  /* 0: no ak_pub */
    struct forge_selection selections[4]; /* mask 0: the end */
    uint64_t firmware_version;
    int lied_pcr;             /* shown as ff.., when not 0 */
    int hidden_pcr;           /* not shown, when not 0 */
    bool repeats_pcr;         /* one index twice in the map */
    bool has_unknown_key;     /* "more" */
    const char *after_attest; /* hex behind TPMS_ATTEST */
    const char *after_signature;
    struct atls_view ak_cert; /* empty: none */
};
/* forge_pcr: len bytes of PCR index: its number, repeated. */
void forge_quote_attest(const struct forge_quote *quote, struct atls_buf *out);
void forge_quote_signature(const struct forge_quote *quote,
                           struct atls_view attest, struct atls_buf *out);
/* forge_quote: the record's value. */
void forge_quote(struct atls_buf *out, const struct forge_quote *quote);
void forge_quote_map(struct atls_buf *out, const struct forge_quote *quote,
                     struct atls_view attest, struct atls_view signature);
/* forge_tpm_public: a TPMT_PUBLIC; name_hash is a TPM_ALG_ID. */
void forge_tpm_public(struct atls_buf *out, EVP_PKEY *key, uint32_t attributes,
                      uint16_t name_hash);

#endif
