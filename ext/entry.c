/* SPDX-License-Identifier: Apache-2.0
 *
 * The two symbols that libcrypto looks for in a configuration module. Another
 * function of libcrypto's has the first one's name, so ours are bound to their
 * symbols by label.
 */
#include <openssl/conf.h>

#include "module.h"

#define EXPORTED __attribute__((visibility("default")))

int entry_init(CONF_IMODULE *module, const CONF *conf) __asm__("OPENSSL_init");
void entry_finish(CONF_IMODULE *module) __asm__("OPENSSL_finish");

EXPORTED int entry_init(CONF_IMODULE *module, const CONF *conf)
{
    return atls_module_load(conf, CONF_imodule_get_value(module),
                            __builtin_return_address(0));
}

/* Forked children call this when they exit, and SSL objects live on: nothing
 * that is shared may go. */
EXPORTED void entry_finish(CONF_IMODULE *module)
{
    (void)module;
}
