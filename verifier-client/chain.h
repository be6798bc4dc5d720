/* SPDX-License-Identifier: Apache-2.0
 *
 * The chain of certificates from a trust anchor to the key that signed the
 * Evidence (RFC 5280, 6, by libcrypto). A chain that was found good is not
 * verified again until its first certificate or CRL ends.
 */
#ifndef ATLS_CHAIN_H
#define ATLS_CHAIN_H

#include "anchors.h"

#define ATLS_CHAIN_MAX_CERTIFICATES 8    /* that Evidence may bring */
#define ATLS_CHAIN_MAX_CERTIFICATE  4096 /* bytes of one, DER */

ATLS_AUTO_FREE(X509, X509_free)

static inline void atls_chain_stack_free(STACK_OF(X509) * stack)
{
    sk_X509_pop_free(stack, X509_free);
}
/* ATLS_AUTO_CHAIN STACK_OF(X509) *chain = NULL; */
static inline void atls_auto_chain(void *stack)
{
    atls_chain_stack_free(*(STACK_OF(X509) **)stack);
}
#define ATLS_AUTO_CHAIN __attribute__((cleanup(atls_auto_chain)))

/* atls_chain_read: appends the certificates in text: one or more PEM blocks
 * (which may end in NULs), or one DER certificate. EVIDENCE_MALFORMED, also
 * beyond the limits above; OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE atls_chain_read(struct atls_view text,
                                               STACK_OF(X509) * chain,
                                               struct atls_why *why);

/* atls_chain_extension: the content of the extension with that OID, in digits;
 * no data: it does not stand there, or more than once. */
struct atls_view atls_chain_extension(const X509 *certificate, const char *oid);

struct atls_chain_check {
    const struct atls_anchors *anchors; /* only certificates among them count;
                                           they end the chain, self-signed or
                                           not */
    X509 *leaf;
    STACK_OF(X509) * others;   /* untrusted; NULL: none */
    STACK_OF(X509_CRL) * crls; /* NULL: revocation is not asked; else each
                                  issuer of the chain must have one */
    bool leaf_has_no_crl;      /* but its issuer, which publishes none */
    bool crls_are_optional;    /* none is missed where none of them is of an
                                  issuer of the chain */
    int64_t now;               /* seconds since 1970 */
    int64_t grace_s;           /* that CRLs may be past their nextUpdate */
};

/* atls_chain_verify: CHAIN_UNTRUSTED (no anchor, broken, too long, keys or
 * digests below security level 2), CHAIN_EXPIRED (or not yet valid),
 * CHAIN_REVOKED, COLLATERAL_MISSING (a CRL), COLLATERAL_STALE (a CRL),
 * OUT_OF_MEMORY. No X509_V_FLAG_X509_STRICT: AMD's certificates have no
 * authority key identifier. Critical extensions that libcrypto does not know
 * are refused. */
enum atls_reason ATLS_MUST_USE
atls_chain_verify(const struct atls_chain_check *check, struct atls_why *why);

/* atls_chain_seconds: since 1970; INT64_MIN: no time that can be read. */
int64_t atls_chain_seconds(const ASN1_TIME *time);

/* What the anchors remember of chains that were good: a table of fixed size,
 * for any number of threads. NULL: no memory, and nothing is remembered. */
struct atls_chain_cache *atls_chain_cache_new(void);
void atls_chain_cache_free(struct atls_chain_cache *cache);

#endif
