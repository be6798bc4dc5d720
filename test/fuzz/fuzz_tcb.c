/* SPDX-License-Identifier: Apache-2.0
 *
 * TCB info and QE identity. The first byte says how the rest is taken: as a
 * whole file, whose signature will not do, or as an inner object, which is
 * signed with a key of the moment so that what is behind the signature is
 * reached, and then held against a platform that is made of the last bytes.
 */
#include "fuzz.h"

#include <string.h>

#include <openssl/ec.h>

#include "base64url.h"
#include "chain.h"
#include "ecdsa.h"
#include "tcb.h"

const char fuzz_target[] = "tcb";

enum { NOW = 1795000000, PLATFORM = 64 };

static EVP_PKEY *key;
static struct atls_collateral collateral;
static struct atls_anchors anchors;

static X509 *make_signer(void)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);

    key = EVP_EC_gen("P-256");
    fuzz_must(key != NULL);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_TIME_set(X509_getm_notBefore(certificate), NOW - 1);
    ASN1_TIME_set(X509_getm_notAfter(certificate), NOW + 1);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               (const unsigned char *)"Intel SGX TCB Signing",
                               -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    fuzz_must(X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

static void set_up(void)
{
    if (key != NULL)
        return;
    collateral.certificates = sk_X509_new_null();
    anchors.roots = sk_X509_new_null();
    anchors.intermediates = sk_X509_new_null();
    fuzz_must(sk_X509_push(collateral.certificates, make_signer()) > 0);
    fuzz_must(sk_X509_push(anchors.roots,
                           sk_X509_value(collateral.certificates, 0)) > 0);
}

static void put_signed(struct atls_buf *out, const char *name,
                       struct atls_view inner)
{
    ATLS_AUTO_BUF signature = atls_buf(64);
    const struct atls_ecdsa *algorithm;
    char hex[129];

    fuzz_must(atls_ecdsa_of_key(key, &algorithm, NULL) == ATLS_OK &&
              atls_ecdsa_put(&signature, algorithm, key, NULL, &inner, 1,
                             NULL) == ATLS_OK);
    atls_hex(atls_buf_view(&signature), hex, sizeof(hex));
    atls_buf_text(out, "{\"");
    atls_buf_text(out, name);
    atls_buf_text(out, "\":");
    atls_buf_put(out, inner);
    atls_buf_text(out, ",\"signature\":\"");
    atls_buf_text(out, hex);
    atls_buf_text(out, "\"}");
}

static void read_text(struct atls_view text, struct atls_tcb *out)
{
    char name[] = "a.json", source[] = "{\"collateral\":\".\"}";
    struct atls_collateral_json file = {name, (uint8_t *)(uintptr_t)text.data,
                                        text.len};
    struct atls_collateral given = {.certificates = collateral.certificates,
                                    .documents = &file,
                                    .num_documents = 1};
    struct atls_document document = {.source = "p", .folder = "."};
    struct atls_node root;

    fuzz_must(atls_document_open(&document, atls_view_text(source)) == ATLS_OK);
    root = atls_node_root(&document);
    atls_tcb_read(&root, &given, out);
    atls_document_clear(&document);
}

static void appraise(const struct atls_tcb *tcb, struct atls_view bytes)
{
    static const uint8_t zeros[ATLS_QUOTE_MR];
    struct atls_pck pck = {.pce_svn = bytes.data[0]};
    struct atls_quote quote = {.is_td = (bytes.data[1] & 1) != 0};
    const struct atls_tcb_check check = {.tcb = tcb,
                                         .collateral = &collateral,
                                         .anchors = &anchors,
                                         .quote = &quote,
                                         .pck = &pck,
                                         .now = NOW};
    struct atls_tcb_result result;
    struct atls_why why = {0};

    memcpy(pck.svns, bytes.data + 2, sizeof(pck.svns));
    if (tcb->num > 0)
        memcpy(pck.fmspc, tcb->documents[0].fmspc, sizeof(pck.fmspc));
    quote.td.tee_tcb_svn = atls_view(bytes.data + 18, 16);
    if ((bytes.data[1] & 2) != 0)
        quote.td.tee_tcb_svn2 = atls_view(bytes.data + 34, 16);
    quote.td.mr_signer_seam = atls_view(zeros, sizeof(zeros));
    quote.td.seam_attributes = atls_view(zeros, 8);
    quote.qe = (struct atls_quote_enclave){.attributes = atls_view(zeros, 16),
                                           .misc_select = atls_view(zeros, 4),
                                           .mr_signer = atls_view(zeros, 32),
                                           .svn = bytes.data[50]};
    fuzz_must(atls_tcb_appraise(&check, &result, &why) == why.reason);
    if (why.reason == ATLS_OK)
        fuzz_must(atls_tcb_name(result.state) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The identity that a platform of zeros has; its dates hold at NOW. */
    static const char identity[] =
        "{\"id\":\"TD_QE\",\"version\":2,\"issueDate\":"
        "\"2026-01-01T00:00:00Z\",\"nextUpdate\":\"2030-01-01T00:00:00Z\","
        "\"tcbEvaluationDataNumber\":1,\"miscselect\":\"00000000\","
        "\"miscselectMask\":\"FFFFFFFF\",\"attributes\":"
        "\"00000000000000000000000000000000\",\"attributesMask\":"
        "\"00000000000000000000000000000000\",\"mrsigner\":"
        "\"0000000000000000000000000000000000000000000000000000000000000000\","
        "\"isvprodid\":0,\"tcbLevels\":[{\"tcb\":{\"isvsvn\":0},"
        "\"tcbStatus\":\"UpToDate\"}]}";
    ATLS_AUTO_BUF text = atls_buf(1 << 20), second = atls_buf(1 << 16);
    struct atls_tcb tcb = {NULL, 0};
    struct atls_view inner;

    if (size < 1 + PLATFORM)
        return 0;
    set_up();
    inner = atls_view(data + 1, size - 1 - PLATFORM);
    if (data[0] == 0) {
        read_text(inner, &tcb);
    } else {
        put_signed(&text, data[0] == 1 ? "tcbInfo" : "enclaveIdentity", inner);
        put_signed(&second, "enclaveIdentity", atls_view_text(identity));
        read_text(atls_buf_view(&text), &tcb);
        read_text(atls_buf_view(&second), &tcb);
    }
    appraise(&tcb, atls_view(data + size - PLATFORM, PLATFORM));
    atls_tcb_clear(&tcb);
    return 0;
}
