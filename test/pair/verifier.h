/* SPDX-License-Identifier: Apache-2.0
 *
 * A Verifier that a test plays: the results that it signs, and what it is asked
 * by a process that has remote_stub.so in place of atls_remote.so.
 */
#ifndef ATLS_TEST_VERIFIER_H
#define ATLS_TEST_VERIFIER_H

#include "remote.h"

/* What a result says; right where nothing is set. */
struct verifier_word {
    const char *key;       /* file that signs; NULL: verifier.key */
    const char *submod;    /* NULL: PSA_IOT */
    const char *developer; /* of the verifier ID; NULL: as Veraison's */
    const char *attested; /* key file whose public key it attests; NULL: none */
    struct atls_view of_submod, of_session; /* nonces; empty: none */
    bool is_trustees; /* it expires, and has of_submod as report_data */
    int64_t age_s;
    bool is_contraindicated;
};

/* verifier_sign: the result, appended. */
void verifier_sign(const struct verifier_word *word, struct atls_buf *jws);

/* What remote_stub.so exports, as "remote_stub": who is asked there, and what
 * was asked last. */
struct remote_stub {
    enum atls_reason (*answer)(const struct atls_remote_question *question,
                               struct atls_buf *result, struct atls_why *why);
    unsigned num_asked;
    char verifier[256], type[256];
    struct atls_view value, nonce; /* into the bytes below */
    int64_t timeout_ns, left_ns;   /* of it when it was asked */
    uint8_t value_bytes[4096], nonce_bytes[64];
};

/* verifier_stub: that of this test, whose pair_config has is_stubbed. */
struct remote_stub *verifier_stub(void);

#endif
