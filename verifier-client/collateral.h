/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder of collateral: the certificates, CRLs and signed JSON that vendors
 * publish about their chips, fetched out of band (atls collateral fetch) and
 * read with the policy; nothing here speaks to a network.
 */
#ifndef ATLS_COLLATERAL_H
#define ATLS_COLLATERAL_H

#include <openssl/x509.h>

#include "document.h"

#define ATLS_COLLATERAL_MAX_FILES 4096
#define ATLS_COLLATERAL_MAX_JSON  262144 /* bytes of one signed document */

struct atls_collateral_json { /* TCB info, QE identity, as it came */
    char *name;               /* of the file, without its folder */
    uint8_t *text;            /* exactly its bytes: signatures cover them */
    size_t len;
};

struct atls_collateral { /* zeroed: none */
    size_t num_files;    /* that were read */
    char *folder;        /* its path */
    STACK_OF(X509) * certificates;
    STACK_OF(X509_CRL) * crls;
    struct atls_collateral_json *documents;
    size_t num_documents;
};

/* atls_collateral_read: a profile's "collateral": a folder, relative to the
 * policy's. Files by content: *.der, *.crl, *.pem, *.json; others are passed
 * over. An absent node: none. */
void atls_collateral_read(const struct atls_node *node,
                          struct atls_collateral *out);
/* atls_collateral_read_folder: the folder at path; problems are node's. */
void atls_collateral_read_folder(const struct atls_node *node, const char *path,
                                 struct atls_collateral *out);
/* atls_collateral_take: one file of it, whose path says where in problems and
 * whose name what its text is. May take text's memory. */
void atls_collateral_take(const struct atls_node *node, const char *path,
                          const char *name, struct atls_buf *text,
                          struct atls_collateral *out);
void atls_collateral_clear(struct atls_collateral *collateral);

#endif
