/* SPDX-License-Identifier: Apache-2.0
 *
 * An openssl.cnf, as far as atls has to do with it (config(5)): which section
 * holds the modules, which the providers, and where ours are.
 */
#ifndef ATLS_CLI_CNF_H
#define ATLS_CLI_CNF_H

#include <openssl/conf.h>

#include "why.h"

struct atls_cnf {
    CONF *conf;            /* owned */
    const char *init;      /* that openssl_conf names; NULL: none */
    const char *providers; /* that its "providers" names; NULL: none */
    const char *fallback;  /* of the provider "default"; NULL: not listed */
    const char *module;    /* of atls_ext.so; NULL: it is not loaded */
};

/* atls_cnf_read: FILE_UNREADABLE, SETTING_INVALID (with line), OUT_OF_MEMORY.
 * Strings in *cnf are its own. Close it in any case. */
enum atls_reason ATLS_MUST_USE
atls_cnf_read(const char *path, struct atls_cnf *cnf, struct atls_why *why);
/* atls_cnf_parse: the same from text; source names it in messages. */
enum atls_reason ATLS_MUST_USE atls_cnf_parse(struct atls_view text,
                                              const char *source,
                                              struct atls_cnf *cnf,
                                              struct atls_why *why);
void atls_cnf_close(struct atls_cnf *cnf);
#define ATLS_AUTO_CNF __attribute__((cleanup(atls_cnf_close))) struct atls_cnf

/* atls_cnf_get: a value, or NULL; the error queue stays as it is. */
const char *atls_cnf_get(const struct atls_cnf *cnf, const char *section,
                         const char *name);

/* atls_cnf_index: where name stands in its section, or -1. */
int atls_cnf_index(const struct atls_cnf *cnf, const char *section,
                   const char *name);

/* atls_cnf_attester: URI number i of those that the module's section names
 * ("attester", "attester.LABEL"), in their order, or NULL; *key is its key. */
const char *atls_cnf_attester(const struct atls_cnf *cnf, size_t i,
                              const char **key);

/* atls_cnf_is_on: openssl's booleans: 1, on, yes, true. */
bool atls_cnf_is_on(const char *value);

/* atls_cnf_system: the path of openssl.cnf that libcrypto was built with;
 * malloc'ed. */
char *atls_cnf_system(void);

/* atls_cnf_put: "name = value", with what config(5) would take for syntax
 * escaped. false: it cannot be written (a line break, white space at an end,
 * or too long for libcrypto). */
bool ATLS_MUST_USE atls_cnf_put(struct atls_buf *out, const char *name,
                                const char *value);

#endif
