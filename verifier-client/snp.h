/* SPDX-License-Identifier: Apache-2.0
 *
 * AMD SEV-SNP attestation reports (AMD 56860, "SEV Secure Nested Paging
 * Firmware ABI", ATTESTATION_REPORT) as configfs-tsm gives them, and the
 * certificates of the keys that sign them (AMD 57230, VCEK; AMD 58369, VLEK).
 */
#ifndef ATLS_SNP_H
#define ATLS_SNP_H

#include <openssl/x509.h>

#include "collateral.h"
#include "format.h"

#define ATLS_SNP_REPORT    1184 /* bytes of a report, in every version */
#define ATLS_SNP_HWID      64
#define ATLS_SNP_TCB       8
#define ATLS_SNP_NUM_VMPLS 4

enum atls_snp_product {
    ATLS_SNP_UNKNOWN,
    ATLS_SNP_MILAN,
    ATLS_SNP_GENOA, /* Bergamo and Siena too */
    ATLS_SNP_TURIN,
    ATLS_SNP_NUM_PRODUCTS
};
/* As KDS spells them: "Milan" */
extern const char *const atls_snp_product_names[ATLS_SNP_NUM_PRODUCTS];

enum atls_snp_key { ATLS_SNP_VCEK, ATLS_SNP_VLEK, ATLS_SNP_NUM_KEYS };
extern const char *const atls_snp_keys_of_report[]; /* "vcek", "vlek", NULL */

/* The parts of a TCB_VERSION that have names, and which of its bytes they are
 * with a product; -1: that product has no such part. */
enum atls_snp_part {
    ATLS_SNP_FMC,
    ATLS_SNP_BOOTLOADER,
    ATLS_SNP_TEE,
    ATLS_SNP_SNP,
    ATLS_SNP_MICROCODE,
    ATLS_SNP_NUM_PARTS
};
extern const char *const atls_snp_parts[]; /* their names, NULL-ended */
int atls_snp_part_at(enum atls_snp_product product, enum atls_snp_part part);

/* Bits of POLICY and of PLATFORM_INFO */
enum {
    ATLS_SNP_POLICY_SMT = 16,
    ATLS_SNP_POLICY_ONE = 17, /* must be 1 */
    ATLS_SNP_POLICY_MIGRATE = 18,
    ATLS_SNP_POLICY_DEBUG = 19,
    ATLS_SNP_POLICY_SINGLE_SOCKET = 20,
};
struct atls_snp_bit {
    const char *name;
    unsigned bit;
};
extern const struct atls_snp_bit atls_snp_policy_bits[];   /* name NULL: end */
extern const struct atls_snp_bit atls_snp_platform_bits[]; /* name NULL: end */

struct atls_snp_report { /* decoded; views into the report */
    struct atls_view bytes;
    uint32_t version, guest_svn, vmpl;
    uint64_t policy, platform_info;
    uint32_t flags;
    uint64_t launch_mit_vector, current_mit_vector; /* version 5 */
    bool has_cpuid;                                 /* version 3 and later */
    uint8_t family, model, stepping;
    struct atls_view family_id, image_id, report_data, measurement, host_data,
        id_key_digest, author_key_digest, report_id, report_id_ma, chip_id;
    struct atls_view current_tcb, reported_tcb, committed_tcb, launch_tcb;
    struct atls_view current_version, committed_version; /* build minor major */
    struct atls_view signed_part;
    uint8_t signature[96]; /* r || s, big-endian */
};

/* atls_snp_report_parse: EVIDENCE_MALFORMED, ALGORITHM_UNSUPPORTED. */
enum atls_reason ATLS_MUST_USE
atls_snp_report_parse(struct atls_view bytes, struct atls_snp_report *out,
                      struct atls_why *why);

/* atls_snp_report_key: which kind of key is said to have signed; -1: none. */
int atls_snp_report_key(const struct atls_snp_report *report);
/* atls_snp_report_product: by its CPUID; UNKNOWN without one. */
enum atls_snp_product
atls_snp_report_product(const struct atls_snp_report *report);

/* The table of certificates that a host may give with a report (AMD 56421,
 * GHCB, 4.1.8.1): as they stand there, not yet read. */
struct atls_snp_table {
    struct atls_view keys[ATLS_SNP_NUM_KEYS];
    struct atls_view ask, ark;
};
/* atls_snp_table_parse: an empty view: none. EVIDENCE_MALFORMED. */
enum atls_reason ATLS_MUST_USE atls_snp_table_parse(struct atls_view bytes,
                                                    struct atls_snp_table *out,
                                                    struct atls_why *why);

struct atls_snp_claims {
    struct atls_snp_report report;
    struct atls_snp_table table;
};

/* What a VCEK or VLEK certificate says of whose key it is */
struct atls_snp_endorsement {
    enum atls_snp_key key;
    enum atls_snp_product product;
    uint8_t tcb[ATLS_SNP_TCB];   /* as in a report of that product */
    uint8_t hwid[ATLS_SNP_HWID]; /* of a VCEK; Turin's 8 bytes, then zeros */
    struct atls_view csp_id;     /* of a VLEK; points into the certificate */
};
/* atls_snp_endorsement_read: ENDORSEMENT_MISMATCH: not such a certificate. */
enum atls_reason ATLS_MUST_USE
atls_snp_endorsement_read(X509 *certificate, struct atls_snp_endorsement *out,
                          struct atls_why *why);

struct atls_snp_reference { /* of a profile */
    struct atls_values measurements, host_data, id_key_digests,
        author_key_digests, family_ids, image_ids, chip_ids; /* none: any */
    bool takes_key[ATLS_SNP_NUM_KEYS];
    bool takes_vmpl[ATLS_SNP_NUM_VMPLS];
    bool takes_debug, takes_migration, takes_smt;
    bool wants_committed, wants_crl;
    uint64_t wanted_policy, wanted_platform_info; /* bits that must be set */
    uint32_t min_guest_svn;
    bool has_min_tcb;
    struct {
        bool is_listed;
        uint8_t parts[ATLS_SNP_NUM_PARTS];
    } min_tcb[ATLS_SNP_NUM_PRODUCTS];
    char **csp_ids; /* of VLEKs; NULL: any */
    size_t num_csp_ids;
    int64_t grace_s; /* of CRLs */
    struct atls_collateral collateral;
    STACK_OF(X509) * authorities; /* of collateral; own references */
};

/* The row of atls_format_snp: snp_chain.c */
enum atls_reason ATLS_MUST_USE
atls_snp_verify_chain(const void *claims, const struct atls_profile *profile,
                      int64_t now, struct atls_why *why);

/* atls_snp_claims_product: by CPUID, or (version 2) by the signer's
 * certificate. UNKNOWN: neither says. */
enum atls_snp_product
atls_snp_claims_product(const struct atls_snp_claims *claims,
                        const struct atls_snp_reference *reference);

/* The rows that speak JSON: snp_profile.c */
extern const char *const atls_snp_keys[];
void atls_snp_read(const struct atls_node *node, struct atls_profile *profile);
void atls_snp_reference_free(void *reference);
void atls_snp_stock(const void *reference, struct atls_stock *out);
bool atls_snp_learn(const void *claims, json_t *profile);

#endif
