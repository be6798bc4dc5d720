/* SPDX-License-Identifier: Apache-2.0
 *
 * When what a profile rests on wants to be fetched anew, for those who watch
 * over it. Nothing is judged by it.
 */
#ifndef ATLS_EXPIRY_H
#define ATLS_EXPIRY_H

#include <stdint.h>

#include <openssl/x509.h>

#include "tcb.h"

/* Told of each kind of collateral that has an end: what is "crl", "tcb_info" or
 * "qe_identity"; next is seconds since 1970. */
typedef void atls_expiry_fn(void *arg, const char *what, int64_t next);

/* atls_expiry_seconds: since 1970; 0: no time, or none that can be read. */
int64_t atls_expiry_seconds(const ASN1_TIME *time);

/* atls_expiry_crls: the first nextUpdate, of each issuer's newest CRL. */
void atls_expiry_crls(const STACK_OF(X509_CRL) * crls, atls_expiry_fn *each,
                      void *arg);

/* atls_expiry_tcb: the same of TCB infos, of each family of platforms, and of
 * QE identities, for TDX (is_td) or SGX. */
void atls_expiry_tcb(const struct atls_tcb *tcb, bool is_td,
                     atls_expiry_fn *each, void *arg);

#endif
