/* SPDX-License-Identifier: Apache-2.0
 *
 * What an attester is to the rest of the provider: one row of a table. To add
 * one, write its file and add its row to attester.c; nothing else changes.
 */
#ifndef ATLS_ATTESTER_H
#define ATLS_ATTESTER_H

#include <openssl/types.h>

#include "provider/deadline.h"
#include "provider/uri.h"

#define ATLS_CHALLENGE_MAX 64 /* bytes of a challenge, atls(7) */

/* What a quote is asked for; all of it borrowed. */
struct atls_challenge {
    struct atls_view binder; /* 1 to ATLS_CHALLENGE_MAX bytes */
    struct atls_view origin; /* what it is made of (binder.h); empty: unknown */
    struct atls_view subject; /* the TLS key's DER SubjectPublicKeyInfo, to be
                                 attested, too; empty: unknown */
    const char *format;       /* the line of the formats that was chosen */
};

struct atls_attester {
    const char *name;           /* attest:NAME */
    const char *description;    /* one line, for people */
    const char *formats;        /* evidence-formats: best first, '\n' between;
                                   NULL: made_formats */
    const char *const *options; /* keys of the URI, NULL at the end */
    size_t max_size;            /* bytes of the longest CMW of any key */
    bool takes_origin;          /* wants to make the binder itself */
    bool batches;               /* quotes at the same time are made together */

    /* check: reads what the URI names and tells whether it makes sense. It
     * touches no device. *state is the attester's own, for free. */
    enum atls_reason (*check)(OSSL_LIB_CTX *libctx, const struct atls_uri *uri,
                              void **state, struct atls_why *why);
    /* made_formats: where they depend on the key. */
    const char *(*made_formats)(const void *state);
    /* takes_subject: this key attests the TLS key, too. NULL: none does. */
    bool (*takes_subject)(const void *state);
    /* longest: bytes of the longest CMW of this key; NULL: max_size. Callers
     * allocate as much for each quote. */
    size_t (*longest)(const void *state);
    /* open: gets hold of the device and keeps it; called again at each
     * EVP_PKEY_sign_init, from any thread. NULL: there is none. */
    enum atls_reason (*open)(void *state, struct atls_why *why);
    /* public_key: the DER SubjectPublicKeyInfo of the key that signs. NULL:
     * its vendor's certificates vouch for it. */
    enum atls_reason (*public_key)(void *state, struct atls_buf *spki,
                                   struct atls_why *why);
    /* attest: one quote over the binder, its CMW into out; any thread, also
     * after fork. */
    enum atls_reason (*attest)(void *state,
                               const struct atls_challenge *challenge,
                               atls_deadline deadline, struct atls_buf *out,
                               struct atls_why *why);
    void (*free)(void *state);
};

extern const struct atls_attester atls_attester_broker;
extern const struct atls_attester atls_attester_nitro;
extern const struct atls_attester atls_attester_ratsd;
extern const struct atls_attester atls_attester_soft;
extern const struct atls_attester atls_attester_tpm;
extern const struct atls_attester atls_attester_tsm;

/* The table, NULL at its end. */
extern const struct atls_attester *const atls_attesters[];

/* atls_attester_find: the row of that name. ATTESTER_UNKNOWN with the list of
 * names. */
enum atls_reason ATLS_MUST_USE
atls_attester_find(const char *name, const struct atls_attester **out,
                   struct atls_why *why);

#endif
