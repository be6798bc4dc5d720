/* SPDX-License-Identifier: Apache-2.0
 *
 * A file that the user named, and the Evidence in it.
 */
#ifndef ATLS_CLI_INPUT_H
#define ATLS_CLI_INPUT_H

#include "why.h"

#define ATLS_INPUT_MAX (1 << 20) /* bytes */

/* atls_input_read: all of the file, or of standard input for "-".
 * FILE_UNREADABLE, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_input_read(const char *path, struct atls_buf *out, struct atls_why *why);

/* atls_input_evidence: bytes as a CMW: as they are when they are one, else as
 * the value of a record of the type that they can be parsed as (a bare PSA
 * token, a bare TPM map), or what is in one (a bare SEV-SNP report), else as
 * they are. */
enum atls_reason ATLS_MUST_USE atls_input_evidence(struct atls_view bytes,
                                                   struct atls_buf *out);

/* atls_input_spki: appends the DER SubjectPublicKeyInfo of the public key, or
 * of the first certificate, in PEM or DER at path. FILE_UNREADABLE, too where
 * it holds neither, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE atls_input_spki(const char *path,
                                               bool is_certificate,
                                               struct atls_buf *out,
                                               struct atls_why *why);

/* atls_input_nonce: hex of 8 to 64 bytes. */
bool ATLS_MUST_USE atls_input_nonce(const char *hex, struct atls_buf *out);

/* atls_input_time: RFC 3339, with Z or an offset. */
bool ATLS_MUST_USE atls_input_time(const char *text, int64_t *out);

#endif
