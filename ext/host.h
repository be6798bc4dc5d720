/* SPDX-License-Identifier: Apache-2.0
 *
 * The program that we are guests of may export a json_object_get of its own,
 * link another JSON library or carry a second libcrypto. Then our calls would
 * end in code that we do not know, and the module must not load.
 */
#ifndef ATLS_HOST_H
#define ATLS_HOST_H

#include "why.h"

/* atls_host_check: every jansson function that we call is in one library,
 * every libcbor function likewise, and caller (an address in the libcrypto
 * that loads us) is in the libcrypto that we are bound to. HOST_CONFLICT. */
enum atls_reason ATLS_MUST_USE atls_host_check(const void *caller,
                                               struct atls_why *why);

#endif
