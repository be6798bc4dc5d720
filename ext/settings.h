/* SPDX-License-Identifier: Apache-2.0
 *
 * The module's section of openssl.cnf, checked and made one immutable struct.
 * The keys are documented in atls(5); an unknown key or a bad value is an
 * error that names file, section and key.
 */
#ifndef ATLS_SETTINGS_H
#define ATLS_SETTINGS_H

#include <openssl/conf.h>

#include "composite.h"
#include "log.h"
#include "policy.h"

#define ATLS_SETTINGS_MAX_ATTESTERS  ATLS_COMPOSITE_MAX
#define ATLS_SETTINGS_MAX_COLLECTION 200 /* bytes: its media type is longer */

struct atls_named_attester {
    char *label; /* in a collection; NULL: the only one, and what it makes
                    stands alone */
    char *uri;
};

struct atls_settings {
    struct atls_named_attester attesters[ATLS_SETTINGS_MAX_ATTESTERS];
    size_t num_attesters;  /* 0: this host never attests */
    char *collection;      /* __cmwc_t of what several make; NULL: none */
    int64_t delegate_s;    /* life of a delegate; 0: none */
    char *passport;        /* name of a Verifier that vouches for us; or NULL */
    char *verifier;        /* name of one that appraises for us; NULL: local */
    char *policy;          /* path; NULL: none */
    bool requires_servers; /* server peers must attest */
    bool requires_clients; /* client peers must attest */
    enum atls_identity identity;
    bool attests_to_any; /* attest_to = any */
    bool enforces;       /* enforce = yes */
    unsigned timeout_ms;
    unsigned attest_share; /* percent of wall time, 1..100 */
    struct atls_log *log;
};

/* atls_settings_read: reads the section of conf; file names it in messages.
 * SETTING_INVALID, FILE_UNREADABLE, OUT_OF_MEMORY. The caller frees *out with
 * atls_settings_free. */
enum atls_reason ATLS_MUST_USE
atls_settings_read(const CONF *conf, const char *section, const char *file,
                   struct atls_settings **out, struct atls_why *why);
void atls_settings_free(struct atls_settings *settings);

/* atls_settings_has_labels: what the attesters make is a collection. */
bool atls_settings_has_labels(const struct atls_settings *settings);

/* atls_settings_is_label: of an attester, as a key of openssl.cnf can have it.
 */
bool atls_settings_is_label(struct atls_view label);

/* atls_settings_is_collection: the type of a collection, a URI or an OID, or
 * nothing. */
bool atls_settings_is_collection(const char *text);

#endif
