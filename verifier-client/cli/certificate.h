/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates that carry Evidence, shown for diagnosis: a CMW in id-pe-cmw
 * (RFC 9999), and the quotes of RA-TLS. Nothing is verified. Handshakes take
 * Evidence from id-pe-cmw alone, where the policy says so (bearer.h).
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

/* atls_certificate_content: the same of Evidence as certificates carry it, not
 * in one. false: it is none. */
bool atls_certificate_content(json_t *report, struct atls_view bytes);

#endif
