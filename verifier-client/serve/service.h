/* SPDX-License-Identifier: Apache-2.0
 *
 * What a Verifier judges by, and what it publishes about itself: policy, keys
 * and the texts made from them. Immutable once loaded and reference-counted, so
 * that a reload changes nothing for requests that are under way.
 */
#ifndef ATLS_SERVE_SERVICE_H
#define ATLS_SERVE_SERVICE_H

#include "rule.h"
#include "serve/setup.h"
#include "serve/signer.h"

#define ATLS_SERVICE_MAX_TYPES 64

struct atls_service {
    unsigned num_references; /* atomic */
    const struct atls_setup *setup;
    struct atls_policy *policy;
    const struct atls_rule *rule; /* whose profiles may accept */
    struct atls_rule own_rule;    /* of --profile */
    struct atls_signers signers;
    const char *types[ATLS_SERVICE_MAX_TYPES]; /* that may be sent; text of
                                                  registered ones in names */
    size_t num_types;
    struct atls_buf names;     /* NUL-ended strings, one after the other */
    struct atls_buf accept;    /* types joined by ", ", and a NUL */
    struct atls_buf jwks;      /* JWK set */
    struct atls_buf discovery; /* /.well-known/veraison/verification */
    int64_t loaded;            /* seconds since 1970 */
};

/* atls_service_load: from the files that setup (borrowed) names.
 * FILE_UNREADABLE, POLICY_INVALID, RULE_MISSING, VERIFIER_KEY, SETTING_INVALID,
 * OUT_OF_MEMORY, CRYPTO_FAILED. Give back with atls_service_free. */
enum atls_reason ATLS_MUST_USE atls_service_load(const struct atls_setup *setup,
                                                 int64_t now,
                                                 struct atls_service **out,
                                                 struct atls_why *why);
void atls_service_up_ref(struct atls_service *service);
void atls_service_free(struct atls_service *service);

/* atls_service_takes: some profile is of this format. */
bool atls_service_takes(const struct atls_service *service,
                        const struct atls_format *format);

#endif
