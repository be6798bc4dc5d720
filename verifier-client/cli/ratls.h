/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence of RA-TLS as its makers wrap it: Gramine, and whoever follows the
 * interoperable form (a CBOR tag), and Open Enclave (a header of its own). For
 * diagnosis: no handshake takes it. Nothing is verified. Views point into the
 * bytes that were given.
 */
#ifndef ATLS_CLI_RATLS_H
#define ATLS_CLI_RATLS_H

#include <openssl/x509.h>

#include "why.h"

/* How a maker has the quote's report data name a key. */
enum atls_ratls_binding {
    ATLS_RATLS_UNKNOWN,
    ATLS_RATLS_KEY,           /* SHA-256 of the SubjectPublicKeyInfo */
    ATLS_RATLS_TAGGED_CLAIMS, /* of claims in CBOR with a hash of it */
    ATLS_RATLS_PEM,           /* of the key in PEM, with its NUL */
    ATLS_RATLS_CUSTOM_CLAIMS  /* of claims that are the key in PEM */
};

struct atls_ratls {
    enum atls_ratls_binding binding;
    struct atls_view quote;  /* that some format of ours may read */
    struct atls_view claims; /* behind or beside it; empty: none */
    struct atls_view format; /* Open Enclave's identifier, 16 bytes, or empty */
    /* Of claims in CBOR: "pubkey-hash" */
    uint64_t key_hash_id; /* of IANA's Named Information; 0: there is none */
    struct atls_view key_hash;
};

/* atls_ratls_tagged: #6.60000([quote, claims]), "Interoperable RA-TLS SGX / TDX
 * Evidence Tags and Formats" of the CCC Attestation SIG, as Gramine since 1.8.
 * FORMAT_UNKNOWN: another tag, or none; EVIDENCE_MALFORMED. */
enum atls_reason ATLS_MUST_USE atls_ratls_tagged(struct atls_view bytes,
                                                 struct atls_ratls *out,
                                                 struct atls_why *why);

/* atls_ratls_open_enclave: Open Enclave's attestation header (version 3) or
 * report header (version 1) with what it heads. FORMAT_UNKNOWN: neither, or
 * another kind of Evidence than an ECDSA quote; EVIDENCE_MALFORMED. */
enum atls_reason ATLS_MUST_USE atls_ratls_open_enclave(struct atls_view bytes,
                                                       struct atls_ratls *out,
                                                       struct atls_why *why);

/* atls_ratls_is_for: the report data, of 64 bytes, binds the quote to that key
 * as its maker does. false as well: no memory. */
bool atls_ratls_is_for(const struct atls_ratls *ratls,
                       struct atls_view report_data, X509 *certificate);

#endif
