/* SPDX-License-Identifier: Apache-2.0
 *
 * How the CoRIMs of one profile become what a policy has: a row each, in a file
 * for each maker. What is taken is kept as JSON that a profile takes over.
 */
#ifndef ATLS_IMPORT_KIND_H
#define ATLS_IMPORT_KIND_H

#include "comid.h"
#include "import.h"
#include "json.h"

struct atls_import {
    const struct atls_import_terms *terms;
    const char *source;
    json_t *wants;  /* a list of profiles, but for their trust anchors */
    json_t *realms; /* a list of what is added to those of CCA */
    json_t *keys;   /* lists of trust anchors, by format and class */
};

struct atls_import_kind {
    const char *profile;              /* of CoRIMs */
    atls_comid_fn *references, *keys; /* take a struct atls_import; NULL: the
                                         profile has no such triples */
};
extern const struct atls_import_kind atls_import_psa, atls_import_cca,
    atls_import_realm, atls_import_snp;

/* atls_import_leave_out: ATLS_OK where that is wanted, and tells it; else
 * CORIM_UNSUPPORTED. what names the value. */
enum atls_reason ATLS_MUST_USE
atls_import_leave_out(const struct atls_import *import, const char *what,
                      struct atls_why *why);

/* atls_import_keys: the list of anchors for a class, which is an implementation
 * ID, or of SEV-SNP its format's name; borrowed. NULL: no memory. */
json_t *atls_import_keys(struct atls_import *import, const char *format,
                         const char *class);

/* atls_import_add: appends item, which it takes and which may be NULL (no
 * memory), to a list. */
enum atls_reason ATLS_MUST_USE atls_import_add(json_t *list, json_t *item,
                                               struct atls_why *why);

/* atls_import_set_hex: key of object; once: CORIM_CONFLICT. */
enum atls_reason ATLS_MUST_USE atls_import_set_hex(json_t *object,
                                                   const char *key,
                                                   struct atls_view bytes,
                                                   struct atls_why *why);

/* atls_import_pem: a public key (tag 554) or a certificate (tag 555) in PEM, as
 * it was understood. CORIM_UNSUPPORTED: another tag; CORIM_MALFORMED. */
enum atls_reason ATLS_MUST_USE
atls_import_pem(const struct atls_comid_choice *key, uint64_t tag, json_t **out,
                struct atls_why *why);

/* atls_import_only: the measurement has no values but these (bits), of which
 * each leaves no doubt: CORIM_UNSUPPORTED. */
enum atls_reason ATLS_MUST_USE
atls_import_only(const struct atls_comid_measurement *measurement,
                 uint32_t values, struct atls_why *why);

/* atls_import_snp_finish: of a profile with its trust anchors, which say what
 * the parts of its min_tcb are. CORIM_UNSUPPORTED. */
enum atls_reason ATLS_MUST_USE atls_import_snp_finish(json_t *profile,
                                                      struct atls_why *why);

#endif
