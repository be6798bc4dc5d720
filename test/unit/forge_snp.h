/* SPDX-License-Identifier: Apache-2.0
 *
 * An AMD of our own: ARK, ASK and the key of a chip, and reports of real layout
 * that it signs, right or wrong in one place.
 */
#ifndef ATLS_FORGE_SNP_H
#define ATLS_FORGE_SNP_H

#include "forge_x509.h"
#include "snp.h"

enum forge_snp_hwid { FORGE_HWID_RAW, FORGE_HWID_NESTED, FORGE_HWID_NONE };

struct forge_snp_leaf {  /* what its certificate says */
    const char *name;    /* NULL: SEV-VCEK, or SEV-VLEK with csp_id */
    const char *product; /* NULL: of the chip */
    const char *csp_id;  /* NULL: it is a VCEK */
    uint8_t tcb[ATLS_SNP_TCB];
    uint8_t hwid[ATLS_SNP_HWID];
    enum forge_snp_hwid form;
    const char *curve; /* NULL: P-384 */
};

struct forge_snp {
    enum atls_snp_product product;
    struct forge_snp_leaf leaf;
    EVP_PKEY *key;     /* the chip's; NULL: made when it is needed */
    EVP_PKEY *ark_key; /* borrowed, RSA; NULL: forge_rsa(0) */
    EVP_PKEY *ask_key; /* borrowed, RSA; NULL: forge_rsa(1) */
    X509 *ark, *ask, *certificate;
    int64_t from, until;             /* of each; 0: a year around FORGE_NOW */
    uint8_t report[ATLS_SNP_REPORT]; /* without the signature */
    bool leaves_signature;           /* report holds one already */
    bool hides_leaf, hides_ask, has_pem;
    const char *auxblob; /* hex, in place of all; "": none */
};

/* forge_snp_open: a chip with TCB 4, 0, 24, 217 (Turin: 1, 1, 1, 4, 81) and a
 * report of version 3 (Turin 5) for nonce: a measurement of 0x4d, host_data of
 * 0x48, an id_key_digest of 0x49, an author_key_digest of 0x41, family_id 0x46,
 * image_id 0x50, guest policy 0x30000, platform_info 0x25, guest_svn 4. */
void forge_snp_open(struct forge_snp *snp, enum atls_snp_product product,
                    struct atls_view nonce);
void forge_snp_clear(struct forge_snp *snp);
/* forge_snp_certify: makes ark, ask and certificate, once. */
void forge_snp_certify(struct forge_snp *snp);
/* forge_snp_sign: into report. */
void forge_snp_sign(struct forge_snp *snp);
/* forge_snp_table, forge_snp_value, forge_snp_cmw: appends the auxblob, the map
 * of configfs-tsm, and it in a record. */
void forge_snp_table(struct forge_snp *snp, struct atls_buf *out);
void forge_snp_value(struct forge_snp *snp, struct atls_buf *out);
void forge_snp_cmw(struct forge_snp *snp, struct atls_buf *out);
void forge_snp_put(struct forge_snp *snp, size_t at, uint64_t value,
                   size_t len);

#endif
