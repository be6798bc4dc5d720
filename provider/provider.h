/* SPDX-License-Identifier: Apache-2.0
 *
 * atls.so, the OpenSSL provider (provider(7)), as its own parts see it: the
 * library context for its own cryptography, and the way to the error queue.
 */
#ifndef ATLS_PROVIDER_H
#define ATLS_PROVIDER_H

#include <openssl/core_dispatch.h>
#include <openssl/types.h>

#include "why.h"

/* The name of key type and signature: no OID, no other provider's name, so
 * that such a key can sign nothing but binders. */
#define ATLS_ALGORITHM "ATTESTER"

struct atls_provider {
    const OSSL_CORE_HANDLE *core;
    OSSL_LIB_CTX *libctx; /* a child: the application's providers, not ours */
    OSSL_FUNC_core_new_error_fn *new_error;
    OSSL_FUNC_core_set_error_debug_fn *set_error_debug;
    OSSL_FUNC_core_vset_error_fn *vset_error;
};

/* atls_provider_raise: *why goes onto the error queue; returns 0, which is
 * failure to libcrypto. */
int atls_provider_raise_at(const struct atls_provider *provider,
                           const struct atls_why *why, const char *file,
                           int line, const char *function);
#define atls_provider_raise(provider, why)                                     \
    atls_provider_raise_at(provider, why, __FILE__, __LINE__, __func__)

extern const OSSL_DISPATCH atls_keymgmt_functions[];
extern const OSSL_DISPATCH atls_signature_functions[];
extern const OSSL_DISPATCH atls_store_functions[];
extern const OSSL_DISPATCH atls_encoder_text_functions[];
extern const OSSL_DISPATCH atls_encoder_spki_der_functions[];
extern const OSSL_DISPATCH atls_encoder_spki_pem_functions[];
extern const OSSL_DISPATCH atls_encoder_private_functions[];

/* A row of a dispatch table. */
#define ATLS_DISPATCH(id, function)                                            \
    {                                                                          \
        id, (void (*)(void))(function)                                         \
    }
#define ATLS_DISPATCH_END                                                      \
    {                                                                          \
        0, NULL                                                                \
    }

#endif
