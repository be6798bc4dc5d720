/* SPDX-License-Identifier: Apache-2.0
 *
 * The URI that names an attester:
 *
 *     attest:[//]name[?key=value[&key=value]...]
 *
 * RFC 3986 in shape; names and values are percent-decoded. Which names and
 * keys exist is the attester table's affair.
 */
#ifndef ATLS_URI_H
#define ATLS_URI_H

#include "why.h"

#define ATLS_URI_SCHEME      "attest"
#define ATLS_URI_MAX_TEXT    4096 /* bytes */
#define ATLS_URI_MAX_OPTIONS 8

struct atls_uri_option {
    char *key, *value; /* in storage */
};

struct atls_uri {
    char *storage;    /* owned; what name, keys and values point into */
    const char *name; /* "" for `attest:` alone */
    struct atls_uri_option options[ATLS_URI_MAX_OPTIONS];
    unsigned num_options;
};

/* atls_uri_parse: ATTESTER_OPTION for bad escapes, options without a value,
 * empty, repeated or too many keys; ATTESTER_UNKNOWN for another scheme;
 * OUT_OF_MEMORY. Clear *out in any case. */
enum atls_reason ATLS_MUST_USE
atls_uri_parse(const char *text, struct atls_uri *out, struct atls_why *why);
void atls_uri_clear(struct atls_uri *uri);
#define ATLS_AUTO_URI __attribute__((cleanup(atls_uri_clear))) struct atls_uri

/* atls_uri_option: the value, or NULL when the key is not there. */
const char *atls_uri_option(const struct atls_uri *uri, const char *key);

#endif
