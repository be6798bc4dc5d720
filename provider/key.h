/* SPDX-License-Identifier: Apache-2.0
 *
 * An attester key: what an EVP_PKEY of type ATTESTER points to. Immutable but
 * for its count and for what the attester keeps; shared by threads.
 */
#ifndef ATLS_KEY_H
#define ATLS_KEY_H

#include <stdatomic.h>

#include "provider/attester.h"
#include "provider/provider.h"

struct atls_key {
    const struct atls_provider *provider;
    const struct atls_attester *attester;
    void *state; /* the attester's */
    char *uri;   /* as it was given */
    atomic_uint references;
};

/* atls_key_new: the key of an attester, from its row and a parsed URI; text is
 * the URI as it was given. Checks the options' names, then what the attester's
 * check finds. Touches no device. */
enum atls_reason ATLS_MUST_USE
atls_key_new(const struct atls_provider *provider,
             const struct atls_attester *attester, const struct atls_uri *uri,
             const char *text, struct atls_key **out, struct atls_why *why);
const char *atls_key_formats(const struct atls_key *key); /* borrowed */
size_t atls_key_max_size(const struct atls_key *key); /* of its CMWs, bytes */
/* atls_key_public: the DER SubjectPublicKeyInfo of the key that signs.
 * ATTESTER_KEY where there is none to show, and what the attester says. */
enum atls_reason ATLS_MUST_USE atls_key_public(const struct atls_key *key,
                                               struct atls_buf *spki,
                                               struct atls_why *why);
struct atls_key *atls_key_up_ref(struct atls_key *key);
void atls_key_free(struct atls_key *key);

#endif
