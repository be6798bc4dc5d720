/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates that Evidence brings, in DER or PEM: read, verified up to an
 * anchor that issued none of them, and asked for AMD's and Intel's extensions.
 */
#include "fuzz.h"

#include <openssl/pem.h>

#include "chain.h"
#include "pck.h"
#include "snp.h"

const char fuzz_target[] = "chain";

enum { NOW = 1800000000 };

/* An anchor that nobody has the key of */
static const struct atls_anchors *anchors_of_nobody(void)
{
    static struct atls_anchors anchors;
    X509 *certificate;
    EVP_PKEY *key;

    if (anchors.roots != NULL)
        return &anchors;
    anchors.roots = sk_X509_new_null();
    anchors.intermediates = sk_X509_new_null();
    anchors.cache = atls_chain_cache_new();
    certificate = X509_new();
    key = EVP_EC_gen("P-256");
    fuzz_must(certificate != NULL && key != NULL && anchors.cache != NULL);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_TIME_set(X509_getm_notBefore(certificate), 0);
    ASN1_TIME_set(X509_getm_notAfter(certificate), 2 * (time_t)NOW);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN",
                               MBSTRING_ASC, (const unsigned char *)"SEV-Milan",
                               -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_set_pubkey(certificate, key);
    fuzz_must(X509_sign(certificate, key, EVP_sha256()) > 0 &&
              sk_X509_push(anchors.roots, certificate) > 0);
    EVP_PKEY_free(key);
    return &anchors;
}

static void use(STACK_OF(X509) * chain)
{
    struct atls_chain_check check = {.anchors = anchors_of_nobody(),
                                     .leaf = sk_X509_value(chain, 0),
                                     .others = chain,
                                     .now = NOW};
    struct atls_snp_endorsement endorsement;
    struct atls_pck pck;

    fuzz_must(atls_chain_verify(&check, NULL) != ATLS_OK);
    check.crls = sk_X509_CRL_new_null();
    check.crls_are_optional = true;
    fuzz_must(atls_chain_verify(&check, NULL) != ATLS_OK);
    sk_X509_CRL_free(check.crls);
    for (int i = 0; i < sk_X509_num(chain); i++) {
        (void)!atls_snp_endorsement_read(sk_X509_value(chain, i), &endorsement,
                                         NULL);
        (void)!atls_pck_read(sk_X509_value(chain, i), &pck, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ATLS_AUTO_CHAIN STACK_OF(X509) *chain = sk_X509_new_null();
    struct atls_why why = {0};
    enum atls_reason reason;

    fuzz_must(chain != NULL);
    reason = atls_chain_read(atls_view(data, size), chain, &why);
    fuzz_must(reason == why.reason);
    fuzz_must(sk_X509_num(chain) <= ATLS_CHAIN_MAX_CERTIFICATES);
    fuzz_must(reason != ATLS_OK || sk_X509_num(chain) > 0);
    if (reason == ATLS_OK)
        use(chain);
    return 0;
}
