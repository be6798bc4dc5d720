/* SPDX-License-Identifier: Apache-2.0
 *
 * Making Nitro documents. Whatever goes wrong here is the test's fault: abort.
 */
#include "forge_nitro.h"

#include <string.h>

#include "cbor.h"
#include "cose.h"
#include "forge_x509.h"

enum { ROOM = 65536, PCR = 48 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

static const struct forge_extension may_sign[] = {
    {"2.5.29.15", "03020780", true}, {NULL, NULL, false}};
static const struct forge_extension may_agree[] = {
    {"2.5.29.15", "03020308", true}, {NULL, NULL, false}};

static const struct forge_extension *usage(const struct forge_nitro *nitro)
{
    if (nitro->flaw == NITRO_LEAF_HAS_NO_KEY_USAGE ||
        nitro->flaw == NITRO_LEAF_IS_CA)
        return NULL;
    return nitro->flaw == NITRO_LEAF_MAY_NOT_SIGN ? may_agree : may_sign;
}

static void make_certificate(struct forge_nitro *nitro, unsigned i, int64_t now)
{
    static const char *const names[] = {"test.nitro-enclaves", "zonal", "inst",
                                        "enclave"};
    bool is_leaf = i == NITRO_LEAF;
    bool is_ca = !is_leaf || nitro->flaw == NITRO_LEAF_IS_CA;
    struct forge_certificate wanted = {
        .name = names[i],
        .key = nitro->keys[i],
        .issuer = i > 0 ? nitro->chain[i - 1] : NULL,
        .issuer_key = i > 0 ? nitro->keys[i - 1] : NULL,
        .is_ca = is_ca,
        .serial = (long)i + 1,
        .from = now - (is_leaf ? 3600 : FORGE_YEAR),
        .until = now + (is_leaf ? 7200 : FORGE_YEAR),
        .extensions = is_leaf ? usage(nitro) : NULL};

    if (i == NITRO_INT_2 && nitro->flaw == NITRO_INT_IS_NO_CA)
        wanted.is_ca = false;
    X509_free(nitro->chain[i]);
    nitro->chain[i] = forge_x509(&wanted);
}

void forge_nitro_issue(struct forge_nitro *nitro, int64_t now)
{
    for (unsigned i = 0; i < NUM_NITRO; i++)
        make_certificate(nitro, i, now);
    nitro->timestamp_ms = (uint64_t)now * 1000;
}

void forge_nitro(struct forge_nitro *nitro, enum forge_nitro_flaw flaw,
                 struct atls_view nonce)
{
    *nitro = (struct forge_nitro){.flaw = flaw,
                                  .pcr_bytes = {1, 2, 3, 0, 5},
                                  .pcr_len = PCR,
                                  .pcr_index = 16,
                                  .module_id = "i-0123456789abcdef0-enc01",
                                  .digest = "SHA384",
                                  .nonce = nonce};
    for (unsigned i = 0; i < NUM_NITRO; i++)
        nitro->keys[i] =
            forge_ec(i == NITRO_LEAF && flaw == NITRO_P256 ? "P-256" : "P-384");
    forge_nitro_issue(nitro, FORGE_NOW);
}

void forge_nitro_clear(struct forge_nitro *nitro)
{
    for (unsigned i = 0; i < NUM_NITRO; i++) {
        EVP_PKEY_free(nitro->keys[i]);
        X509_free(nitro->chain[i]);
    }
}

static void put_certificate(struct atls_buf *out, X509 *certificate)
{
    ATLS_AUTO_BUF der = atls_buf(ROOM);

    forge_x509_der(&der, certificate);
    atls_cbor_put_bytes(out, atls_buf_view(&der));
}

static void put_leaf(const struct forge_nitro *nitro, struct atls_buf *out)
{
    ATLS_AUTO_BUF der = atls_buf(ROOM);

    forge_x509_der(&der, nitro->chain[NITRO_LEAF]);
    if (nitro->flaw == NITRO_TWO_IN_ONE)
        forge_x509_der(&der, nitro->chain[NITRO_INT_2]);
    atls_cbor_put_bytes(out, atls_buf_view(&der));
}

static void put_bundle(const struct forge_nitro *nitro, struct atls_buf *out)
{
    bool is_swapped = nitro->flaw == NITRO_SWAPPED;
    X509 *const list[] = {nitro->chain[is_swapped ? NITRO_INT_1 : NITRO_ROOT],
                          nitro->chain[is_swapped ? NITRO_ROOT : NITRO_INT_1],
                          nitro->chain[NITRO_INT_2]};
    unsigned num = 3;

    if (nitro->flaw == NITRO_NO_INTERMEDIATE)
        num = 2;
    if (nitro->flaw == NITRO_EMPTY_BUNDLE)
        num = 0;
    if (nitro->flaw == NITRO_LONG_BUNDLE)
        num = 9;
    atls_cbor_put_array(out, num);
    for (unsigned i = 0; i < num; i++)
        put_certificate(out, list[i < 3 ? i : 2]);
}

static void put_map(const struct forge_nitro *nitro, uint64_t num,
                    struct atls_buf *out)
{
    if (nitro->is_indefinite)
        atls_buf_u8(out, 0xbf);
    else
        atls_cbor_put_map(out, num);
}

static void end_map(const struct forge_nitro *nitro, struct atls_buf *out)
{
    if (nitro->is_indefinite)
        atls_buf_u8(out, 0xff);
}

static void put_pcrs(const struct forge_nitro *nitro, struct atls_buf *out)
{
    uint8_t value[64];

    put_map(nitro, 17, out);
    for (unsigned i = 0; i < 17; i++) {
        memset(value, nitro->pcr_bytes[i], sizeof(value));
        atls_cbor_put_uint(out, i == 16 ? nitro->pcr_index : i);
        atls_cbor_put_bytes(out,
                            atls_view(value, i == 0 ? nitro->pcr_len : PCR));
    }
    end_map(nitro, out);
}

static void put_data(struct atls_buf *out, struct atls_view data)
{
    if (data.data != NULL)
        atls_cbor_put_bytes(out, data);
    else
        atls_buf_u8(out, 0xf6);
}

static void put_value(const struct forge_nitro *nitro, const char *name,
                      struct atls_buf *out)
{
    atls_cbor_put_text(out, name);
    if (nitro->null != NULL && strcmp(name, nitro->null) == 0)
        atls_buf_u8(out, 0xf6);
    else if (strcmp(name, "module_id") == 0)
        atls_cbor_put_text(out, nitro->module_id);
    else if (strcmp(name, "digest") == 0)
        atls_cbor_put_text(out, nitro->digest);
    else if (strcmp(name, "timestamp") == 0)
        atls_cbor_put_uint(out, nitro->timestamp_ms);
    else if (strcmp(name, "pcrs") == 0)
        put_pcrs(nitro, out);
    else if (strcmp(name, "certificate") == 0)
        put_leaf(nitro, out);
    else if (strcmp(name, "cabundle") == 0)
        put_bundle(nitro, out);
    else if (strcmp(name, "public_key") == 0)
        put_data(out, nitro->public_key);
    else if (strcmp(name, "user_data") == 0)
        put_data(out, nitro->user_data);
    else if (strcmp(name, "nonce") == 0)
        put_data(out, nitro->nonce);
    else
        atls_cbor_put_map(out, 0);
}

static void put_document(const struct forge_nitro *nitro, struct atls_buf *out)
{
    static const char *const names[] = {
        "module_id", "digest",     "timestamp", "pcrs", "certificate",
        "cabundle",  "public_key", "user_data", "nonce"};
    size_t num = sizeof(names) / sizeof(names[0]);

    put_map(nitro,
            num - (nitro->dropped != NULL) + (nitro->repeated != NULL) +
                (nitro->unknown != NULL),
            out);
    for (size_t i = 0; i < num; i++)
        if (nitro->dropped == NULL || strcmp(names[i], nitro->dropped) != 0)
            put_value(nitro, names[i], out);
    if (nitro->repeated != NULL)
        put_value(nitro, nitro->repeated, out);
    if (nitro->unknown != NULL)
        put_value(nitro, nitro->unknown, out);
    end_map(nitro, out);
}

/* atls_cose_sign1_put writes tag 18 and an empty unprotected header, which
 * starts behind the tag, the array's head and the protected header. */
void forge_nitro_put(const struct forge_nitro *nitro, struct atls_buf *out)
{
    ATLS_AUTO_BUF document = atls_buf(ROOM), message = atls_buf(ROOM);
    EVP_PKEY *key =
        nitro->signer != NULL ? nitro->signer : nitro->keys[NITRO_LEAF];
    size_t skipped = nitro->is_tagged ? 0 : 1, header;

    put_document(nitro, &document);
    must(atls_cose_sign1_put(&message, atls_buf_view(&document), key, NULL,
                             NULL) == ATLS_OK);
    header = 3 + (size_t)(message.data[2] & 0x1f);
    must(message.data[header] == 0xa0);
    atls_buf_put(out, atls_view(message.data + skipped, header - skipped));
    if (nitro->has_unprotected)
        atls_buf_put(out, atls_view("\xa1\x04\x41k", 4));
    else
        atls_buf_u8(out, 0xa0);
    atls_buf_put(
        out, atls_view(message.data + header + 1, message.len - header - 1));
    must(!out->failed);
}
