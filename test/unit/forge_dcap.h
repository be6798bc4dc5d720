/* SPDX-License-Identifier: Apache-2.0
 *
 * An Intel of our own: a root, the certificates and CRLs below it, quotes of
 * real layout, TCB info and QE identities, right or wrong in one place. Keys
 * are made when a test runs.
 */
#ifndef ATLS_FORGE_DCAP_H
#define ATLS_FORGE_DCAP_H

#include <openssl/x509.h>

#include "forge.h"

#define FORGE_DCAP_NOW    1795000000 /* 2026-11-18T09:46:40Z */
#define FORGE_DCAP_ISSUED "2026-11-01T00:00:00Z"
#define FORGE_DCAP_NEXT   "2026-12-01T00:00:00Z"
#define FORGE_DCAP_FMSPC  "50806f000000"

enum forge_dcap_role {
    FORGE_DCAP_ROOT,
    FORGE_DCAP_CA,
    FORGE_DCAP_PCK,
    FORGE_DCAP_TCB,
    FORGE_DCAP_QUOTE, /* no certificate: the attestation key */
    FORGE_DCAP_ROLES
};

struct forge_dcap { /* one platform and those who vouch for it */
    EVP_PKEY *keys[FORGE_DCAP_ROLES];
    X509 *certificates[FORGE_DCAP_ROLES];
    uint8_t svns[16]; /* of the PCK certificate; all 5 */
    unsigned pce_svn; /* 11 */
    const char *maker;
    int64_t not_before[FORGE_DCAP_ROLES], not_after[FORGE_DCAP_ROLES];
    int64_t issued, next; /* of CRLs, TCB info and QE identity */
    const char *revoked;  /* "": none; "pck", "ca", "tcb" are on their CRLs */
};

/* forge_dcap_open: svns, pce_svn as above; certificates 2026-01-01 to 2034,
 * the rest from FORGE_DCAP_ISSUED to FORGE_DCAP_NEXT. */
void forge_dcap_open(struct forge_dcap *dcap);
/* forge_dcap_rename: all certificates again, with "maker" before each name but
 * that of the TCB signer. */
void forge_dcap_rename(struct forge_dcap *dcap, const char *maker);
/* forge_dcap_expire, forge_dcap_delay: one certificate again, with another end
 * or beginning. */
void forge_dcap_expire(struct forge_dcap *dcap, enum forge_dcap_role role,
                       int64_t not_after);
void forge_dcap_delay(struct forge_dcap *dcap, enum forge_dcap_role role,
                      int64_t not_before);
void forge_dcap_clear(struct forge_dcap *dcap);

/* forge_dcap_pem: roles' certificates, one after the other; ends with -1. */
void forge_dcap_pem(const struct forge_dcap *dcap, struct atls_buf *out,
                    const int *roles);
/* forge_dcap_crl: DER, of ROOT or CA. */
void forge_dcap_crl(const struct forge_dcap *dcap, enum forge_dcap_role issuer,
                    struct atls_buf *out);

struct forge_dcap_quote {
    uint16_t version, key_type;
    uint32_t tee;
    uint16_t body_type; /* of version 5 */
    uint32_t body_len;  /* as it is said there */
    uint8_t vendor[16];
    uint8_t body[648];
    size_t len;             /* of body */
    uint8_t qe_report[384]; /* its report_data is filled in when made */
    bool keeps_qe_data;     /* no: as it stands */
    uint8_t auth[32];
    uint16_t qe_type, chain_type;
    int chain[8]; /* roles, ends with -1 */
    struct atls_view trailing;
};
/* forge_dcap_quote_init: "sgx3", "sgx4", "sgx5", "tdx4", "tdx5" (1.0),
 * "tdx15": a TD with SEPT_VE_DISABLE, an enclave without DEBUG, whose every
 * measurement is one byte repeated (mr_td 0x11, rtmr0 0x20, ...). */
void forge_dcap_quote_init(struct forge_dcap_quote *quote, const char *kind,
                           struct atls_view nonce);
void forge_dcap_quote(const struct forge_dcap *dcap,
                      const struct forge_dcap_quote *quote,
                      struct atls_buf *out);

/* forge_dcap_signed: {"name":inner,"signature":hex}. */
void forge_dcap_signed(const struct forge_dcap *dcap, const char *name,
                       const char *inner, struct atls_buf *out);

/* A folder that is deleted with what is in it. */
struct forge_folder {
    char path[64];
};
void forge_folder_open(struct forge_folder *folder);
void forge_folder_put(const struct forge_folder *folder, const char *name,
                      struct atls_view bytes);
void forge_folder_clear(struct forge_folder *folder);

#endif
