/* SPDX-License-Identifier: Apache-2.0
 *
 * Quotes of Intel's DCAP (Intel SGX ECDSA QuoteLibReference, appendix A;
 * Intel TDX DCAP Quoting Library API, appendix A): version 3 of SGX enclaves,
 * 4 and 5 of SGX enclaves and of TDs of TDX 1.0 and 1.5. Nothing is verified
 * here. Views point into the bytes that were given. All integers of a quote
 * are little-endian, while r, s, x and y are big-endian.
 */
#ifndef ATLS_QUOTE_H
#define ATLS_QUOTE_H

#include "why.h"

#define ATLS_QUOTE_MAX 65536 /* bytes */

enum {
    ATLS_QUOTE_ENCLAVE = 384, /* bytes of an enclave's report body, */
    ATLS_QUOTE_TD10 = 584,    /* of TD Quote Body 1.0, sgx_report2_body_t */
    ATLS_QUOTE_TD15 = 648,    /* of TD Quote Body 1.5 */
    ATLS_QUOTE_REPORT_DATA = 64,
    ATLS_QUOTE_SVNS = 16,
    ATLS_QUOTE_MR = 48 /* SHA-384: of TDs */
};

struct atls_quote_enclave {                 /* body of an enclave */
    struct atls_view cpu_svn;               /* 16 */
    struct atls_view misc_select;           /* 4 */
    struct atls_view ext_prod_id;           /* 16 */
    struct atls_view attributes;            /* 16: */
    struct atls_view flags, xfrm;           /* its halves */
    struct atls_view mr_enclave, mr_signer; /* 32 */
    struct atls_view config_id;             /* 64 */
    uint16_t prod_id, svn, config_svn;
    struct atls_view family_id;   /* 16 */
    struct atls_view report_data; /* 64 */
};

struct atls_quote_td {            /* body of a TD */
    struct atls_view tee_tcb_svn; /* 16 */
    struct atls_view mr_seam, mr_signer_seam;
    struct atls_view seam_attributes; /* 8 */
    struct atls_view attributes;      /* 8 */
    struct atls_view xfam;            /* 8 */
    struct atls_view mr_td, mr_config_id, mr_owner, mr_owner_config;
    struct atls_view rtmr[4];
    struct atls_view report_data;   /* 64 */
    struct atls_view tee_tcb_svn2;  /* 16; empty: a body of 1.0 */
    struct atls_view mr_service_td; /* empty: a body of 1.0 */
};

struct atls_quote {
    uint16_t version;
    bool is_td; /* of a TD, else of an enclave */
    struct atls_quote_td td;
    struct atls_quote_enclave enclave;
    struct atls_view body;
    struct atls_view signed_bytes; /* header and body */
    struct atls_view signature;    /* r || s, 64 */
    struct atls_view key;          /* x || y of the attestation key, 64 */
    struct atls_quote_enclave qe;  /* the Quoting Enclave that vouches for it */
    struct atls_view qe_report;    /* its bytes, which the PCK key signed */
    struct atls_view qe_signature; /* r || s, 64 */
    struct atls_view qe_auth;      /* hashed with key into qe.report_data */
    struct atls_view chain;        /* PCK certificate chain, PEM */
    struct atls_view trailing;     /* behind the quote; not signed */
};

/* atls_quote_parse: FORMAT_UNKNOWN for versions, TEEs and bodies that are none
 * of the above, ALGORITHM_UNSUPPORTED for keys other than ECDSA on P-256 and
 * for quoting enclaves of others than Intel, CHAIN_MISSING for certification
 * data without a PCK certificate chain, EVIDENCE_MALFORMED. */
enum atls_reason ATLS_MUST_USE atls_quote_parse(struct atls_view bytes,
                                                struct atls_quote *out,
                                                struct atls_why *why);

/* atls_quote_resembles: begins as a quote does that could be parsed. */
bool atls_quote_resembles(struct atls_view bytes);

/* atls_quote_is_zero: nothing but zeros, or nothing. */
bool atls_quote_is_zero(struct atls_view bytes);

#endif
