/* SPDX-License-Identifier: Apache-2.0
 *
 * Collateral that is wanted: what it is, where its maker publishes it (AMD
 * 57230 and 58369, "KDS"; Intel's Provisioning Certification Service, API
 * version 4, and caches of it, PCCS), and how its file is called here. No I/O.
 */
#ifndef ATLS_WANT_H
#define ATLS_WANT_H

#include "pck.h"
#include "snp.h"
#include "vendor_root.h"

/* In the order in which they are fetched: each helps to check what follows. */
enum atls_want_kind {
    ATLS_WANT_AMD_CHAIN, /* ASK or ASVK, and ARK, of a product */
    ATLS_WANT_AMD_CRL,   /* of the ARK */
    ATLS_WANT_VCEK,      /* of a chip at a TCB */
    ATLS_WANT_PCK_CRL,   /* of one of Intel's PCK CAs */
    ATLS_WANT_ROOT_CRL,  /* of Intel's root */
    ATLS_WANT_TCB_INFO,
    ATLS_WANT_QE_IDENTITY,
    ATLS_WANT_KINDS
};

struct atls_want { /* what its kind has no use for is zero */
    enum atls_want_kind kind;
    enum atls_snp_product product; /* AMD */
    enum atls_snp_key key;         /* AMD: whose chain */
    uint8_t chip[ATLS_SNP_HWID], tcb[ATLS_SNP_TCB];
    bool is_processor; /* PCK CRL: of the Processor CA, else Platform CA */
    bool is_td;        /* Intel: of TDX, else of SGX */
    uint8_t fmspc[ATLS_PCK_FMSPC], pce_id[ATLS_PCK_PCE_ID];
    bool has_pce_id; /* which TCB info must be for */
};

enum atls_want_vendor_service { /* whose URL a path is behind */
                                ATLS_SERVICE_KDS,
                                ATLS_SERVICE_PCS,
                                ATLS_SERVICE_INTEL /* Intel's own server of
                                                      certificates */
};
extern const char *const atls_service_urls[];

/* What is published of a want. */
struct atls_want_source {
    enum atls_vendor vendor;
    enum atls_want_vendor_service service;
    const char *header; /* that brings the issuer chain; NULL: none does */
    size_t max;         /* bytes of it that are reasonable */
};

/* atls_want_source: has_cache: everything of Intel's comes from one URL. */
struct atls_want_source atls_want_source(const struct atls_want *want,
                                         bool has_cache);

#define ATLS_WANT_TEXT 256 /* bytes with the NUL: of each of these */

/* atls_want_path: behind the service's URL: "vcek/v1/Milan/cert_chain". */
void atls_want_path(const struct atls_want *want, bool has_cache,
                    char text[ATLS_WANT_TEXT]);
/* atls_want_file: "amd-vcek-Milan-chain.pem". */
void atls_want_file(const struct atls_want *want, char text[ATLS_WANT_TEXT]);
/* atls_want_describe: "TCB info of TDX for FMSPC 50806f000000". */
void atls_want_describe(const struct atls_want *want,
                        char text[ATLS_WANT_TEXT]);

#define ATLS_WANTS_MAX 64
#define ATLS_LACKS_MAX 8

struct atls_wants {                         /* zeroed: none */
    struct atls_want items[ATLS_WANTS_MAX]; /* each once, by kind */
    size_t num;
    bool has_more;                 /* than fit */
    enum atls_snp_product product; /* of reports that do not say theirs */
    struct atls_why lacks[ATLS_LACKS_MAX]; /* what nobody can fetch, and why */
    size_t num_lacks;
};

void atls_wants_add(struct atls_wants *wants, const struct atls_want *want);
/* atls_wants_lack: COLLATERAL_MISSING, with whose move it is. */
void atls_wants_lack(struct atls_wants *wants, const char *format, ...)
    ATLS_PRINTF(2, 3);

/* atls_wants_of_evidence: what it takes to judge it; nothing of formats that
 * need no collateral. */
void atls_wants_of_evidence(struct atls_wants *wants,
                            const struct atls_evidence *evidence);

/* Rows of its table: snp_want.c, dcap_want.c */
void atls_snp_want(const void *claims, struct atls_wants *wants);
void atls_dcap_want(const void *claims, struct atls_wants *wants);

#endif
