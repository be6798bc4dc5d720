/* SPDX-License-Identifier: Apache-2.0
 *
 * A source of Evidence: an attester, opened by its URI in a library context of
 * our own that holds the default provider and atls.so and has read no
 * openssl.cnf.
 */
#ifndef ATLS_CLI_SOURCE_H
#define ATLS_CLI_SOURCE_H

#include <openssl/evp.h>

#include "why.h"

struct atls_source {
    OSSL_LIB_CTX *libctx;
    OSSL_PROVIDER *providers[2];
    EVP_PKEY *key;
    char *formats; /* "evidence-formats": best first, one a line */
};

/* atls_source_is_uri: it has a scheme; a file that is named like one can be
 * given as ./FILE. */
bool atls_source_is_uri(const char *text);

/* atls_source_split: LABEL=URI: the URI, and its label, which may be empty or
 * otherwise bad; anything else is itself, and label->data is NULL. */
const char *atls_source_split(const char *text, struct atls_view *label);

/* atls_source_open: loads what is needed; touches no device. ATTESTER_ABSENT
 * with what the provider said, FILE_UNREADABLE (atls.so), OUT_OF_MEMORY. Close
 * *source in any case. */
enum atls_reason ATLS_MUST_USE atls_source_open(const char *uri,
                                                struct atls_source *source,
                                                struct atls_why *why);
void atls_source_close(struct atls_source *source);
#define ATLS_AUTO_SOURCE                                                       \
    __attribute__((cleanup(atls_source_close))) struct atls_source

/* atls_source_quote: one CMW over nonce into out, of its first format.
 * ATTESTER_FAILED, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE atls_source_quote(struct atls_source *source,
                                                 struct atls_view nonce,
                                                 struct atls_buf *out,
                                                 struct atls_why *why);

/* atls_source_pem: its public key, PEM, into out. ATTESTER_FAILED. */
enum atls_reason ATLS_MUST_USE atls_source_pem(struct atls_source *source,
                                               struct atls_buf *out,
                                               struct atls_why *why);

/* atls_source_modules: the folder that atls.so is in: $ATLS_MODULES, for an
 * uninstalled build, or where it was installed. */
const char *atls_source_modules(void);

/* atls_source_extension: likewise the path of atls_ext.so; malloc'ed. */
char *atls_source_extension(void);

/* atls_source_said: the reason and text of libcrypto's error queue, ours
 * before others', which is emptied. */
void atls_source_said(char *text, size_t size);

#endif
