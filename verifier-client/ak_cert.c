/* SPDX-License-Identifier: Apache-2.0
 *
 * What a certificate says its key is for. Vendors differ: of Google's, some
 * have no extended key usage, and others that of endorsement keys.
 */
#include "ak_cert.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "chain.h"
#include "der.h"

#define AIK_CERTIFICATE "2.23.133.8.3"
#define ABSENT          "absent"

enum { MAX_OID = 80, MAX_LIST = 256 };

ATLS_AUTO_FREE(EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free)

enum atls_reason atls_ak_cert_read(struct atls_view ak_cert, X509 **out,
                                   struct atls_why *why)
{
    ATLS_AUTO_CHAIN STACK_OF(X509) *chain = sk_X509_new_null();
    enum atls_reason reason;

    *out = NULL;
    if (ak_cert.len == 0)
        return atls_why(why, ATLS_CHAIN_MISSING,
                        "TPM quote: want ak_cert, the attestation key's "
                        "certificate, found none: the peer's attester has an "
                        "option for it");
    if (ak_cert.data[0] != ATLS_DER_SEQUENCE)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "TPM quote: ak_cert: want a certificate in DER");
    if (chain == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    reason = atls_chain_read(ak_cert, chain, why);
    *out = sk_X509_pop(chain);
    return reason;
}

static bool is_oid(const char *text)
{
    ASN1_OBJECT *object = OBJ_txt2obj(text, 1);
    char again[MAX_OID];
    int len = object != NULL ? OBJ_obj2txt(again, sizeof(again), object, 1) : 0;

    ASN1_OBJECT_free(object);
    return len > 0 && len < MAX_OID && strcmp(text, again) == 0;
}

static void set_default(const struct atls_node *node, struct atls_texts *out)
{
    char *text = strdup(AIK_CERTIFICATE);

    out->items = calloc(1, sizeof(char *));
    if (out->items != NULL && text != NULL)
        out->items[out->num++] = text;
    else {
        free(text);
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
    }
}

void atls_ak_cert_ekus_read(const struct atls_node *node,
                            struct atls_texts *out)
{
    if (node->value == NULL) {
        set_default(node, out);
        return;
    }
    atls_texts_read(node, out);
    for (size_t i = 0; i < out->num; i++)
        if (strcmp(out->items[i], ABSENT) != 0 && !is_oid(out->items[i]))
            atls_node_wrong(node, "OIDs such as \"" AIK_CERTIFICATE
                                  "\", or \"" ABSENT "\"");
}

static void oid_of(const EXTENDED_KEY_USAGE *usages, int i, char out[MAX_OID])
{
    out[0] = '\0';
    (void)OBJ_obj2txt(out, MAX_OID, sk_ASN1_OBJECT_value(usages, i), 1);
}

static bool has_one(const EXTENDED_KEY_USAGE *usages,
                    const struct atls_texts *ekus)
{
    char oid[MAX_OID];

    if (usages == NULL)
        return atls_texts_have(ekus, ABSENT);
    for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
        oid_of(usages, i, oid);
        if (atls_texts_have(ekus, oid))
            return true;
    }
    return false;
}

static void list(const EXTENDED_KEY_USAGE *usages, char text[MAX_LIST])
{
    char oid[MAX_OID];
    size_t len = 0;

    snprintf(text, MAX_LIST, ABSENT);
    for (int i = 0; usages != NULL && i < sk_ASN1_OBJECT_num(usages); i++) {
        oid_of(usages, i, oid);
        if (len + strlen(oid) + 2 < MAX_LIST)
            len += (size_t)snprintf(text + len, MAX_LIST - len, "%s%s",
                                    len > 0 ? " " : "", oid);
    }
}

/* *is_good: it can be read, or is not there. */
static EXTENDED_KEY_USAGE *usages_of(const X509 *certificate, bool *is_good)
{
    int status = -1;
    EXTENDED_KEY_USAGE *usages =
        X509_get_ext_d2i(certificate, NID_ext_key_usage, &status, NULL);

    *is_good = usages != NULL || status == -1;
    return usages;
}

enum atls_reason atls_ak_cert_check(X509 *certificate,
                                    const struct atls_texts *ekus,
                                    const struct atls_profile *profile,
                                    struct atls_why *why)
{
    bool is_good;
    ATLS_AUTO(EXTENDED_KEY_USAGE) *usages = usages_of(certificate, &is_good);
    char seen[MAX_LIST];

    if ((X509_get_extension_flags(certificate) & EXFLAG_INVALID) != 0 ||
        !is_good || X509_check_ca(certificate) != 0 ||
        (X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) == 0)
        return atls_why(why, ATLS_AK_UNFIT,
                        "ak_cert: want the certificate of a key that signs "
                        "and is no CA's");
    if (has_one(usages, ekus))
        return ATLS_OK;
    list(usages, seen);
    return atls_why(why, ATLS_AK_UNFIT,
                    "profile %s: ak_cert: eku: want %s%s, found %s: the policy "
                    "has to name what this CA writes",
                    profile->name, ekus->items[0],
                    ekus->num > 1 ? " or another listed" : "", seen);
}

bool atls_ak_cert_learn(X509 *certificate, json_t *profile)
{
    bool is_good;
    ATLS_AUTO(EXTENDED_KEY_USAGE) *usages = usages_of(certificate, &is_good);
    char *items[] = {(char[]){AIK_CERTIFICATE}};
    char oid[MAX_OID] = ABSENT;

    if (has_one(usages, &(struct atls_texts){items, 1}))
        return true;
    if (usages != NULL && sk_ASN1_OBJECT_num(usages) > 0)
        oid_of(usages, 0, oid);
    return json_object_set_new(profile, "eku", json_string(oid)) == 0;
}
