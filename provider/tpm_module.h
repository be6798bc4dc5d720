/* SPDX-License-Identifier: Apache-2.0
 *
 * The border between atls.so and atls_tpm.so, which alone needs tpm2-tss and
 * is loaded when a TPM is first used: one symbol, one table of functions.
 */
#ifndef ATLS_TPM_MODULE_H
#define ATLS_TPM_MODULE_H

#include <openssl/types.h>

#include "provider/deadline.h"
#include "provider/pcrs.h"
#include "provider/tpm_target.h"
#include "why.h"

#define ATLS_TPM_MODULE_FILE   "atls_tpm.so"
#define ATLS_TPM_MODULE_SYMBOL "atls_tpm_module"
#define ATLS_TPM_MAX_BINDER    64   /* bytes of qualifyingData */
#define ATLS_TPM_MAX_KEY_FILE  4096 /* bytes of a TSS2 PRIVATE KEY, in DER */
#define ATLS_TPM_MAX_CERT      4096 /* bytes of the key's certificate, in DER */
#define ATLS_TPM_MAX_LOG       49152 /* bytes of an event log that fits a CMW */

/* A key that the operator names; neither: none. */
struct atls_tpm_named_key {
    uint32_t handle;     /* persistent */
    struct atls_buf der; /* of a TSS2 PRIVATE KEY */
};

/* What one quote is asked for. */
struct atls_tpm_request {
    struct atls_view binder;
    bool certifies_tls_key;
    struct atls_view subject; /* the SubjectPublicKeyInfo that it must have;
                                 empty: not asked */
};

struct atls_tpm_settings {
    struct atls_tpm_target target;
    struct atls_pcrs pcrs;
    struct atls_tpm_named_key ak, tls;
    struct atls_buf ak_cert;  /* DER; empty: none given */
    struct atls_buf eventlog; /* as the firmware wrote it; empty: none given */
    OSSL_LIB_CTX *libctx;
};

struct atls_tpm_session;

struct atls_tpm_module {
    const char *version; /* of the package; both sides must be of one build */

    /* open: for a device, its descriptor. *settings must outlive *out.
     * ATTESTER_ABSENT, OUT_OF_MEMORY. */
    enum atls_reason (*open)(const struct atls_tpm_settings *settings,
                             struct atls_tpm_session **out,
                             struct atls_why *why);
    void (*close)(struct atls_tpm_session *session);
    /* ATTESTER_ABSENT, ATTESTER_FAILED, ATTESTER_TIMEOUT,
     * ATTESTER_KEY, CRYPTO_FAILED, OUT_OF_MEMORY */
    enum atls_reason (*public_key)(struct atls_tpm_session *session,
                                   atls_deadline deadline,
                                   struct atls_buf *spki, struct atls_why *why);
    /* attest: the CBOR of atls(7), "TPM Evidence", or Parsec's where the TLS
     * key is certified. */
    enum atls_reason (*attest)(struct atls_tpm_session *session,
                               const struct atls_tpm_request *request,
                               atls_deadline deadline,
                               struct atls_buf *evidence, struct atls_why *why);
};

extern const struct atls_tpm_module atls_tpm_module;

#endif
