/* SPDX-License-Identifier: Apache-2.0
 *
 * Which virtual machine of Google Compute Engine a certificate is for: Google's
 * extension in those of the attestation keys of its virtual TPMs.
 */
#ifndef ATLS_GCE_H
#define ATLS_GCE_H

#include <openssl/x509.h>

#include "json.h"
#include "profile.h"
#include "texts.h"

enum atls_gce_field {
    ATLS_GCE_ZONE,
    ATLS_GCE_PROJECT_NUMBER,
    ATLS_GCE_PROJECT_ID,
    ATLS_GCE_INSTANCE_ID,
    ATLS_GCE_INSTANCE_NAME,
    ATLS_GCE_FIELDS
};
extern const char *const atls_gce_keys[]; /* of a policy, NULL-ended */

enum { ATLS_GCE_MAX_TEXT = 128 }; /* with the NUL */
struct atls_gce_instance {
    char fields[ATLS_GCE_FIELDS][ATLS_GCE_MAX_TEXT]; /* numbers in decimal */
    bool is_production; /* else Google does not vouch for the others */
};

/* atls_gce_parse: the extension's content. CLAIM_INVALID. */
enum atls_reason ATLS_MUST_USE atls_gce_parse(struct atls_view der,
                                              struct atls_gce_instance *out,
                                              struct atls_why *why);
/* atls_gce_read: of a certificate. CLAIM_MISSING, CLAIM_INVALID. */
enum atls_reason ATLS_MUST_USE atls_gce_read(const X509 *certificate,
                                             struct atls_gce_instance *out,
                                             struct atls_why *why);

struct atls_gce_reference {                      /* of a profile */
    struct atls_texts accepted[ATLS_GCE_FIELDS]; /* of one none: any */
    bool is_asked;
};
/* atls_gce_reference_read: an absent node asks nothing. */
void atls_gce_reference_read(const struct atls_node *node,
                             struct atls_gce_reference *out);
void atls_gce_reference_clear(struct atls_gce_reference *reference);
/* atls_gce_reference_is_pinned: it says whose machine is meant. A zone is
 * everybody's, and a name can be anybody's. */
bool atls_gce_reference_is_pinned(const struct atls_gce_reference *reference);

/* atls_gce_check: INSTANCE_REFUSED. */
enum atls_reason ATLS_MUST_USE
atls_gce_check(const struct atls_gce_instance *instance,
               const struct atls_gce_reference *reference,
               const struct atls_profile *profile, struct atls_why *why);

#endif
