/* SPDX-License-Identifier: Apache-2.0
 *
 * Takes Evidence apart for tools that know neither CMW nor COSE nor our TPM
 * map:
 *
 *     evidence_parts CMW DIR    of a PSA token: signed, signature.der
 *     evidence_parts CMW DIR    of a TPM quote: attest, signature, kid, ak_pub;
 *                           prints "ALGORITHM INDEX HEX" for each PCR
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ecdsa.h>

#include "base64url.h"
#include "cbor.h"
#include "cmw.h"
#include "cose.h"

static const char *directory;

static void need(bool is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static void save(const char *name, struct atls_view bytes)
{
    char path[1024];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "wb");
    need(file != NULL && fwrite(bytes.data, 1, bytes.len, file) == bytes.len &&
             fclose(file) == 0,
         path);
}

static struct atls_view load(const char *path)
{
    static uint8_t bytes[65536];
    FILE *file = fopen(path, "rb");
    size_t len;

    need(file != NULL, path);
    len = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    return atls_view(bytes, len);
}

static void save_der(struct atls_view raw)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    unsigned char *der = NULL;
    int len;

    ECDSA_SIG_set0(sig, BN_bin2bn(raw.data, 32, NULL),
                   BN_bin2bn(raw.data + 32, 32, NULL));
    len = i2d_ECDSA_SIG(sig, &der);
    need(raw.len == 64 && len > 0, "signature");
    save("signature.der", atls_view(der, (size_t)len));
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
}

/* RFC 9052, 4.4 */
static void take_cose(struct atls_view value)
{
    struct atls_cose_sign1 message;
    ATLS_AUTO_BUF tbs = atls_buf(65536);

    need(atls_cose_sign1_parse(value, &message, NULL) == ATLS_OK &&
             message.is_tagged && !message.has_unprotected,
         "COSE_Sign1");
    atls_cbor_put_array(&tbs, 4);
    atls_cbor_put_text(&tbs, "Signature1");
    atls_cbor_put_bytes(&tbs, message.protected_bstr);
    atls_cbor_put_bytes(&tbs, atls_view(NULL, 0));
    atls_cbor_put_bytes(&tbs, message.payload);
    save("signed", atls_buf_view(&tbs));
    save_der(message.signature);
}

static void print_bank(struct atls_cbor *in)
{
    uint64_t algorithm = atls_cbor_uint(in), index;
    struct atls_cbor_iter values;
    char hex[160];

    atls_cbor_map(in, &values);
    while (atls_cbor_next(in, &values)) {
        index = atls_cbor_uint(in);
        atls_hex(atls_cbor_bytes(in), hex, sizeof(hex));
        printf("%d %d %s\n", (int)algorithm, (int)index, hex);
    }
}

static void take_member(struct atls_cbor *in)
{
    struct atls_view key = atls_cbor_text(in);
    struct atls_cbor_iter banks;
    char name[32] = "";

    need(key.len < sizeof(name), "key");
    memcpy(name, key.data, key.len);
    if (strcmp(name, "pcrs") != 0) {
        save(name, atls_cbor_bytes(in));
        return;
    }
    atls_cbor_map(in, &banks);
    while (atls_cbor_next(in, &banks))
        print_bank(in);
}

static void take_quote(struct atls_view value)
{
    struct atls_cbor in = atls_cbor(value);
    struct atls_cbor_iter map;

    atls_cbor_map(&in, &map);
    while (atls_cbor_next(&in, &map))
        take_member(&in);
    need(atls_cbor_done(&in) && map.num_seen == 5, "quote");
}

int main(int argc, char **argv)
{
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_cmw cmw;

    need(argc == 3, "usage: evidence_parts CMW DIR");
    directory = argv[2];
    need(atls_cmw_parse(load(argv[1]), &storage, &cmw, NULL) == ATLS_OK &&
             cmw.indicator == ATLS_CMW_EVIDENCE,
         "CMW");
    if (atls_type_equal(cmw.type, atls_type_of_format(10003)))
        take_cose(cmw.value);
    else
        take_quote(cmw.value);
    return 0;
}
