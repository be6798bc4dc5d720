/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys and certificates for one run of a test program, as files in a folder:
 *
 *     ca.pem ca.key             the CA that both sides trust
 *     server.pem server.key     server.test, with the CA as second entry
 *     client.pem client.key     likewise
 *     rogue.pem rogue.key       server.test, by a CA that nobody trusts
 *     soft.key soft.pem         the attester that the policy trusts
 *     other.key other.pem       an attester, or a Verifier, that it does not
 *     verifier.key verifier.pem a Verifier that it trusts
 */
#ifndef ATLS_TEST_PKI_H
#define ATLS_TEST_PKI_H

#include <stdbool.h>

/* pki_make: writes them in a child process, so that this one has not touched
 * libcrypto when a test begins. */
bool pki_make(const char *folder);

#endif
