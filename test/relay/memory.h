/* SPDX-License-Identifier: Apache-2.0
 *
 * What a core dump holds: a process's memory in a file, and a private key of
 * P-256 found in such a file by its public key.
 */
#ifndef ATLS_TEST_MEMORY_H
#define ATLS_TEST_MEMORY_H

#include <stdbool.h>

#include <openssl/evp.h>

/* memory_dump: what of this process can be written to. */
bool memory_dump(const char *path);

/* memory_find: NULL: it is not in there. */
EVP_PKEY *memory_find(const char *path, EVP_PKEY *public_key);

/* memory_make_key: the private key `scalar` (32 bytes, big-endian) with the
 * public key of another, whether they belong together or not. */
EVP_PKEY *memory_make_key(const unsigned char *scalar, EVP_PKEY *public_key);

#endif
