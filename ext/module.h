/* SPDX-License-Identifier: Apache-2.0
 *
 * What a process has of us: made once when openssl.cnf is loaded, read by
 * every connection, never changed and never freed (the module is not
 * unmapped, and connections may outlive OPENSSL_cleanup).
 */
#ifndef ATLS_MODULE_H
#define ATLS_MODULE_H

#include "attesters.h"
#include "offer.h"
#include "ruleset.h"
#include "settings.h"

struct atls_module {
    struct atls_settings *settings;
    struct atls_attesters *attesters; /* NULL: never attests */
    struct atls_offer *offer;         /* what it shows; NULL: nothing */
    struct atls_ruleset *ruleset;     /* NULL: no policy */
};

/* atls_module_load: settings, attesters, policy, and the hooks; once. A second
 * call with the module loaded changes nothing. Whatever fails is raised on
 * libcrypto's error queue and logged, and 0 comes back. */
int atls_module_load(const CONF *conf, const char *section,
                     const void *libcrypto_caller);

/* atls_module: after a successful load; NULL before. */
const struct atls_module *atls_module(void);

#endif
