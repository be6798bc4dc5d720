/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of a collateral folder, as somebody's cache may have served them: the
 * first byte says which kind.
 */
#include "fuzz.h"

#include "collateral.h"

const char fuzz_target[] = "collateral";

static void take(const char *name, struct atls_view bytes)
{
    char source[] = "{\"collateral\":\".\"}";
    struct atls_document document = {.source = "p", .folder = "."};
    struct atls_collateral collateral = {.certificates = NULL};
    ATLS_AUTO_BUF text = atls_buf(1 << 20);
    struct atls_node root;

    fuzz_must(atls_document_open(&document, atls_view_text(source)) == ATLS_OK);
    root = atls_node_root(&document);
    atls_buf_put(&text, bytes);
    atls_collateral_take(&root, "./x", name, &text, &collateral);
    fuzz_must(document.why.reason != ATLS_OK || collateral.num_documents > 0 ||
              sk_X509_num(collateral.certificates) > 0 ||
              sk_X509_CRL_num(collateral.crls) > 0);
    atls_collateral_clear(&collateral);
    atls_document_clear(&document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"a.der", "a.crl", "a.pem", "a.json"};

    if (size > 0)
        take(names[data[0] % 4], atls_view(data + 1, size - 1));
    return 0;
}
