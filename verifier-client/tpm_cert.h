/* SPDX-License-Identifier: Apache-2.0
 *
 * A profile of quotes by keys that have certificates.
 */
#ifndef ATLS_TPM_CERT_H
#define ATLS_TPM_CERT_H

#include "ak_cert.h"
#include "gce.h"
#include "tpm.h"

struct atls_tpm_cert_reference {
    struct atls_tpm_reference *quote;
    struct atls_texts ekus; /* at least one */
    struct atls_gce_reference gce;
};

/* The rows of atls_format_tpm_cert that speak JSON: tpm_cert_profile.c */
extern const char *const atls_tpm_cert_keys[];
void atls_tpm_cert_read(const struct atls_node *node,
                        struct atls_profile *profile);
void atls_tpm_cert_reference_free(void *reference);
bool atls_tpm_cert_learn(const void *claims, json_t *profile);

#endif
