/* SPDX-License-Identifier: Apache-2.0
 *
 * The roots that makers of TEEs publish, by their certificates' SHA-256. They
 * say what atls collateral fetch takes into a folder; whom a policy trusts is
 * said by its own trust anchors, and by nothing here.
 */
#ifndef ATLS_VENDOR_ROOT_H
#define ATLS_VENDOR_ROOT_H

#include <openssl/x509.h>

#include "bytes.h"

enum atls_vendor { ATLS_VENDOR_AMD, ATLS_VENDOR_INTEL };

/* atls_vendor_root_is: one of that maker's roots. */
bool atls_vendor_root_is(enum atls_vendor vendor, const X509 *certificate);

#endif
