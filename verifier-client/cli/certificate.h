/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates that carry Evidence, shown for diagnosis: a CMW in id-pe-cmw
 * (RFC 9999), and the quotes of RA-TLS. Nothing is verified, and no handshake
 * takes Evidence from there.
 */
#ifndef ATLS_CLI_CERTIFICATE_H
#define ATLS_CLI_CERTIFICATE_H

#include "bytes.h"
#include "json.h"

/* atls_certificate_describe: if bytes are one certificate, DER or PEM, adds
 * "certificate" to report, and copies the CMW of id-pe-cmw into cmw, which
 * stays empty without. false: no certificate. */
bool atls_certificate_describe(json_t *report, struct atls_view bytes,
                               struct atls_buf *cmw);

#endif
