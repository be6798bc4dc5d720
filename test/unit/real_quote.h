/* SPDX-License-Identifier: Apache-2.0
 *
 * TPM quotes that others have made and stored in forms of their own, taken
 * apart, to stand in our map. Whatever goes wrong here is the test's fault:
 * abort.
 */
#ifndef ATLS_REAL_QUOTE_H
#define ATLS_REAL_QUOTE_H

#include <openssl/evp.h>

#include "bytes.h"

struct real_quote {
    EVP_PKEY *key; /* that signed; NULL: not known, and kid is zeros */
    struct atls_buf attest, signature; /* TPMS_ATTEST, TPMT_SIGNATURE */
    uint16_t hash;
    uint32_t mask;
    struct atls_buf pcrs; /* values of the PCRs of mask, in a row */
    struct atls_buf eventlog;
};
void real_quote_open(struct real_quote *quote); /* all PCRs of SHA-256 */
void real_quote_clear(struct real_quote *quote);
/* real_quote_put: the record's value, without the event log. */
void real_quote_put(const struct real_quote *quote, struct atls_buf *out);
/* real_quote_entry: one more in a map of less than 24. */
void real_quote_entry(struct atls_buf *map, const char *key,
                      struct atls_view bytes);
/* real_rsassa: a TPMT_SIGNATURE of a bare one by RSASSA with SHA-256. */
void real_rsassa(struct atls_buf *out, struct atls_view bare);

/* real_rsa_key: of 65537 */
EVP_PKEY *real_rsa_key(struct atls_view n);

/* Paths are of forge_vector. azure: az-snp-vtpm's JSON; bincode: the same as
 * its Rust writes it; trustee: with its key; google: an attestation of
 * go-tpm-tools, of which index says which quote, with key and event log; false:
 * it has not that many. */
void real_quote_azure(struct real_quote *quote, const char *path);
void real_quote_bincode(struct real_quote *quote, const char *path);
void real_quote_trustee(struct real_quote *quote, const char *path);
bool real_quote_google(struct real_quote *quote, const char *path,
                       unsigned index);

#endif
