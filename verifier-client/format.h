/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of Evidence formats. A format is a row and its files: it decodes
 * claims from a record's value, names and verifies the signer, and judges the
 * claims under a profile. No I/O, no clock; time is a parameter.
 */
#ifndef ATLS_FORMAT_H
#define ATLS_FORMAT_H

#include "evidence.h"
#include "profile.h"

/* One submodule of a result about Evidence that was accepted. */
struct atls_part {
    const char *submod; /* NULL: the end of a list */
    bool has_nonce;     /* the Evidence's own stands in this part of it */
    void (*affirm)(const struct atls_profile *profile,
                   int8_t vector[ATLS_NUM_AR4SI_CLAIMS]);
    void (*describe)(const void *claims, atls_claim_fn *each, void *arg);
};
struct atls_stock; /* stock.h */

struct atls_format {
    const char *name;   /* of the policy: "psa", "tpm" */
    const char *submod; /* how a Verifier names what it appraised: Veraison's
                           name for the scheme where it has one */
    const char *(*submod_of)(const void *claims); /* where that depends on
                                                     them; NULL: it does not */
    const struct atls_part *parts; /* that a Verifier makes submodules of in
                                      place of submod; NULL: it is all one */
    const char *const
        *types;         /* spellings (type.h), canonical first, NULL-ended */
    size_t claims_size; /* bytes of its claims struct */
    bool takes_rsa;     /* besides EC, for trust anchors */
    enum atls_anchor_name anchor_name;
    bool has_64_byte_nonce; /* always: the binder left and zeros right */

    /* matches: is a value of one of these types of this format? For types that
     * several formats travel in (tsm_report.h); NULL: all are. Must not assume
     * that the value is in order: if no format says yes, the first of the type
     * parses it and says what is wrong. */
    bool (*matches)(struct atls_view value);

    /* parsed_by: the format whose Evidence it takes, with the same claims,
     * under trust of another kind; NULL: it has Evidence of its own. */
    const struct atls_format *parsed_by;

    /* certificate: that the Evidence brings of its signer, for formats that
     * take it by that one; empty: none. NULL: never. */
    struct atls_view (*certificate)(const void *claims);

    /* parse: decodes value (which outlives claims) into zeroed claims_size
     * bytes and points *nonce into it. EVIDENCE_MALFORMED, NONCE_MISSING,
     * ALGORITHM_UNSUPPORTED, FORMAT_UNKNOWN, TPM_NOT_A_QUOTE. NONCE_MISSING is
     * the last thing found: the claims are then there, and *nonce is empty. */
    enum atls_reason (*parse)(struct atls_view value, void *claims,
                              struct atls_view *nonce, struct atls_why *why);

    /* claims_clear: frees what parse made beside the claims. NULL: nothing. */
    void (*claims_clear)(void *claims);

    /* is_challenge: is the binder what all of this was challenged with? Where
     * there is more than one nonce; NULL: *nonce says it. */
    bool (*is_challenge)(const void *claims, struct atls_view binder);

    /* subject_key: the TLS key that the Evidence says was made inside, once it
     * is shown that what was signed speaks of this very key; a new reference.
     * No signature is verified yet. NULL: it attests none. TLS_KEY_UNBOUND,
     * TLS_KEY_UNFIT, ALGORITHM_UNSUPPORTED, CLAIM_INVALID, CRYPTO_FAILED,
     * OUT_OF_MEMORY. */
    enum atls_reason (*subject_key)(const void *claims, EVP_PKEY **key,
                                    struct atls_why *why);

    /* appraise: in place of signer, verify and judge, where Evidence is made
     * of other Evidence, which it appraises under profiles of the policy. */
    enum atls_reason (*appraise)(const void *claims,
                                 const struct atls_profile *profile,
                                 const struct atls_terms *terms,
                                 struct atls_verdict *verdict);

    /* signer: what anchors are found by: instance ID or kid; empty: absent. */
    struct atls_view (*signer)(const void *claims);

    /* verify: one signature by key over all that judge will look at.
     * SIGNATURE_INVALID, ALGORITHM_UNSUPPORTED, AK_UNFIT, CRYPTO_FAILED,
     * OUT_OF_MEMORY. */
    enum atls_reason (*verify)(const void *claims, EVP_PKEY *key,
                               struct atls_why *why);

    /* verify_chain: in place of signer and verify, where certificates vouch for
     * the signer: everything from a trust anchor of the profile down to the
     * Evidence's signature, at `now`. NULL: keys are the anchors. CHAIN_*,
     * COLLATERAL_*, SIGNATURE_INVALID, ALGORITHM_UNSUPPORTED, CLAIM_*,
     * CRYPTO_FAILED, OUT_OF_MEMORY. */
    enum atls_reason (*verify_chain)(const void *claims,
                                     const struct atls_profile *profile,
                                     int64_t now, struct atls_why *why);

    /* judge: the claims, once their signature is good. Ends in
     * atls_verdict_accept or atls_verdict_refuse. */
    enum atls_reason (*judge)(const void *claims,
                              const struct atls_profile *profile, int64_t now,
                              struct atls_verdict *verdict);

    void (*describe)(const void *claims, bool brief, atls_claim_fn *each,
                     void *arg);

    /* The format's own part of a profile: its keys (NULL-ended), how they are
     * read into profile->reference, and how that is freed. */
    const char *const *keys;
    void (*read)(const struct atls_node *node, struct atls_profile *profile);
    void (*reference_free)(void *reference);

    /* stock: the collateral that a profile's reference values hold. NULL, or
     * *out is left as it is: none. */
    void (*stock)(const void *reference, struct atls_stock *out);

    /* learn: adds to a JSON profile what the claims show. false: no memory (or
     * a certificate that cannot be read, which atls_policy_learn has seen to
     * before). */
    bool (*learn)(const void *claims, json_t *profile);
};

extern const struct atls_format atls_format_cca;
extern const struct atls_format atls_format_composite;
extern const struct atls_format atls_format_enacttrust;
extern const struct atls_format atls_format_nitro;
extern const struct atls_format atls_format_other; /* types of a policy */
extern const struct atls_format atls_format_parsec_cca;
extern const struct atls_format atls_format_parsec_tpm;
extern const struct atls_format atls_format_psa;
extern const struct atls_format atls_format_snp;
extern const struct atls_format atls_format_sgx;
extern const struct atls_format atls_format_tdx;
extern const struct atls_format atls_format_tpm;
extern const struct atls_format atls_format_tpm_cert;
extern const struct atls_format atls_format_vtpm;

/* All formats, NULL-ended. */
extern const struct atls_format *const atls_formats[];

/* atls_format_find: of that type, the first that the value matches, else the
 * first; NULL: none has the type. */
const struct atls_format *atls_format_find(struct atls_type type,
                                           struct atls_view value);

/* atls_format_takes: its profiles are for Evidence of `of`. */
static inline bool atls_format_takes(const struct atls_format *format,
                                     const struct atls_format *of)
{
    return format == of || format->parsed_by == of;
}

#endif
