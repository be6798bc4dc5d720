/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys and certificates of a run: a P-256 CA, a P-256 leaf for each role
 * and P-256 keys of an attester and a Verifier, as PEM files in the run's
 * folder, so that every process of the run uses the same ones.
 */
#ifndef BENCH_PKI_H
#define BENCH_PKI_H

#include <stdbool.h>

#include <openssl/ssl.h>

#define BENCH_HOST "localhost"
#define BENCH_BELOW                                                            \
    "bench.localhost"  /* each name below it is the leaf's too                 \
                        */
#define BENCH_PATH 512 /* bytes of a path in the run's folder */

/* bench_pki_make: writes ca.pem, server.pem, client.pem (certificate and key),
 * attester.key and attester.pem, verifier.key and verifier.pem. */
bool bench_pki_make(const char *folder);

/* bench_pki_role: a new SSL_CTX as every variant has it: TLS 1.3, X25519, the
 * role's leaf, the CA trusted, no tickets, no cache; the client verifies name
 * and chain, the server too where mutual. NULL after printing why. */
SSL_CTX *bench_pki_role(const char *folder, bool is_server, bool is_mutual);

EVP_PKEY *bench_pki_attester(const char *folder);

/* bench_pki_path: folder/name in text (BENCH_PATH bytes); returns text. */
const char *bench_pki_path(const char *folder, const char *name, char *text);

#endif
