/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands around the quote in certificates of RA-TLS, and what the quote
 * says of the certificate's key.
 */
#include "cli/ratls.h"

#include <string.h>

#include <openssl/pem.h>

#include "cbor.h"
#include "quote.h"
#include "spki.h"

enum {
    TAG_TEE_QUOTE = 60000, /* IANA: "Intel TEE quote" */
    HASH = 32,             /* SHA-256 */
    MAX_HASH = 64,
    /* Open Enclave, common/attest_plugin.h and internal/report.h: integers of
     * the CPU, little-endian, each at a multiple of its size */
    OE_HEADER = 32,   /* u32 version, 16 bytes of format, u64 size */
    OE_FORMAT_AT = 4, /* and 4 bytes that nobody fills behind it */
    OE_FORMAT = 16,
    OE_VERSION = 3,
    OE_REPORT_HEADER = 16, /* u32 version, u32 type, u64 size */
    OE_REPORT_VERSION = 1,
    OE_REPORT_REMOTE = 2
};

ATLS_AUTO_FREE(BIO, BIO_free_all)

/* [hash-alg-id, hash-value] of CoSWID, in a byte string */
static void take_key_hash(struct atls_view entry, struct atls_ratls *out)
{
    struct atls_cbor in = atls_cbor(entry);
    struct atls_cbor_iter items;
    struct atls_view hash = {NULL, 0};
    uint64_t id = 0;

    atls_cbor_array(&in, &items);
    if (atls_cbor_next(&in, &items))
        id = atls_cbor_uint(&in);
    if (atls_cbor_next(&in, &items))
        hash = atls_cbor_bytes(&in);
    if (atls_cbor_next(&in, &items) || !atls_cbor_done(&in))
        return;
    out->key_hash_id = id;
    out->key_hash = hash;
}

/* Claims that are no map in order have no key. */
static void take_claims(struct atls_ratls *out)
{
    struct atls_cbor in = atls_cbor(out->claims);
    struct atls_cbor_iter map;
    struct atls_view entry = {NULL, 0};

    atls_cbor_map(&in, &map);
    while (atls_cbor_next(&in, &map))
        if (atls_view_is(atls_cbor_text(&in), "pubkey-hash"))
            entry = atls_cbor_bytes(&in);
        else
            (void)atls_cbor_skip(&in);
    if (atls_cbor_done(&in) && entry.len > 0)
        take_key_hash(entry, out);
}

enum atls_reason atls_ratls_tagged(struct atls_view bytes,
                                   struct atls_ratls *out, struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(bytes);
    struct atls_cbor_iter items;

    *out = (struct atls_ratls){.binding = ATLS_RATLS_TAGGED_CLAIMS};
    if (atls_cbor_peek(&in) != ATLS_CBOR_TAG ||
        atls_cbor_tag(&in) != TAG_TEE_QUOTE)
        return atls_why(why, ATLS_FORMAT_UNKNOWN,
                        "tagged evidence: want CBOR with the tag %d, found "
                        "something else",
                        TAG_TEE_QUOTE);
    atls_cbor_array(&in, &items);
    if (atls_cbor_next(&in, &items))
        out->quote = atls_cbor_bytes(&in);
    if (atls_cbor_next(&in, &items))
        out->claims = atls_cbor_bytes(&in);
    if (atls_cbor_next(&in, &items) || !atls_cbor_done(&in) ||
        out->quote.len == 0 || out->claims.len == 0)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "tagged evidence: want a quote and claims, as two "
                        "byte strings, found something else");
    take_claims(out);
    return ATLS_OK;
}

static uint64_t take_little(struct atls_reader *in, unsigned size)
{
    struct atls_view bytes = atls_reader_bytes(in, size);
    uint64_t value = 0;

    for (size_t i = bytes.len; i > 0; i--)
        value = value << 8 | bytes.data[i - 1];
    return value;
}

/* A quote says how long it is; what is behind it are claims. */
static void part(struct atls_view data, struct atls_ratls *out)
{
    struct atls_quote quote;

    (void)!atls_quote_parse(data, &quote, NULL);
    out->quote = atls_view(data.data, data.len - quote.trailing.len);
    out->claims = quote.trailing;
}

static enum atls_reason wrong_size(uint64_t said, size_t found,
                                   struct atls_why *why)
{
    return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                    "Open Enclave: want %lu bytes behind the header, found %zu",
                    (unsigned long)said, found);
}

static enum atls_reason open_evidence(struct atls_view bytes,
                                      struct atls_ratls *out,
                                      struct atls_why *why)
{
    struct atls_reader in = atls_reader(bytes);
    uint64_t size;

    (void)atls_reader_bytes(&in, OE_FORMAT_AT);
    out->format = atls_reader_bytes(&in, OE_FORMAT);
    (void)take_little(&in, 4);
    size = take_little(&in, 8);
    if (in.failed || size != in.left)
        return wrong_size(size, in.left, why);
    part(atls_reader_bytes(&in, in.left), out);
    /* Formats that have a raw quote sign the key in PEM itself */
    out->binding =
        out->claims.len > 0 ? ATLS_RATLS_CUSTOM_CLAIMS : ATLS_RATLS_PEM;
    return ATLS_OK;
}

static enum atls_reason open_report(struct atls_view bytes,
                                    struct atls_ratls *out,
                                    struct atls_why *why)
{
    struct atls_reader in = atls_reader(bytes);
    uint64_t type, size;

    (void)take_little(&in, 4);
    type = take_little(&in, 4);
    size = take_little(&in, 8);
    if (in.failed || size != in.left)
        return wrong_size(size, in.left, why);
    if (type != OE_REPORT_REMOTE)
        return atls_why(why, ATLS_FORMAT_UNKNOWN,
                        "Open Enclave: want a remote report (type %d), found "
                        "type %lu",
                        OE_REPORT_REMOTE, (unsigned long)type);
    out->quote = atls_reader_bytes(&in, in.left);
    out->binding = ATLS_RATLS_PEM;
    return ATLS_OK;
}

enum atls_reason atls_ratls_open_enclave(struct atls_view bytes,
                                         struct atls_ratls *out,
                                         struct atls_why *why)
{
    struct atls_reader in = atls_reader(bytes);
    uint64_t version = take_little(&in, 4);

    *out = (struct atls_ratls){.binding = ATLS_RATLS_UNKNOWN};
    if (version == OE_VERSION && bytes.len >= OE_HEADER)
        return open_evidence(bytes, out, why);
    if (version == OE_REPORT_VERSION && bytes.len >= OE_REPORT_HEADER)
        return open_report(bytes, out, why);
    return atls_why(why, ATLS_FORMAT_UNKNOWN,
                    "Open Enclave: want a header of version %d or %d, found "
                    "%lu",
                    OE_VERSION, OE_REPORT_VERSION, (unsigned long)version);
}

/* Is the key. */

static bool starts_with_hash(struct atls_view report_data,
                             struct atls_view bytes)
{
    uint8_t hash[HASH];

    return report_data.len >= HASH &&
           EVP_Digest(bytes.data, bytes.len, hash, NULL, EVP_sha256(), NULL) ==
               1 &&
           memcmp(hash, report_data.data, HASH) == 0;
}

static const EVP_MD *hash_of_id(uint64_t id)
{
    switch (id) { /* IANA, Named Information Hash Algorithm Registry */
    case 1:
        return EVP_sha256();
    case 7:
        return EVP_sha384();
    case 8:
        return EVP_sha512();
    default:
        return NULL;
    }
}

static bool is_hash_of(struct atls_view hash, const EVP_MD *by,
                       struct atls_view bytes)
{
    uint8_t digest[MAX_HASH];

    return by != NULL && hash.len == (size_t)EVP_MD_get_size(by) &&
           EVP_Digest(bytes.data, bytes.len, digest, NULL, by, NULL) == 1 &&
           memcmp(digest, hash.data, hash.len) == 0;
}

static bool is_for_spki(const struct atls_ratls *ratls,
                        struct atls_view report_data, struct atls_view spki)
{
    if (ratls->binding == ATLS_RATLS_KEY)
        return starts_with_hash(report_data, spki);
    return ratls->binding == ATLS_RATLS_TAGGED_CLAIMS &&
           starts_with_hash(report_data, ratls->claims) &&
           is_hash_of(ratls->key_hash, hash_of_id(ratls->key_hash_id), spki);
}

static bool is_for_pem(const struct atls_ratls *ratls,
                       struct atls_view report_data, struct atls_view pem)
{
    if (ratls->binding == ATLS_RATLS_PEM)
        return starts_with_hash(report_data, pem);
    return starts_with_hash(report_data, ratls->claims) &&
           atls_view_equal(ratls->claims, pem);
}

/* In PEM, with a NUL at its end */
static bool put_pem(X509 *certificate, BIO *out)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);

    return out != NULL && key != NULL && PEM_write_bio_PUBKEY(out, key) == 1 &&
           BIO_write(out, "", 1) == 1;
}

bool atls_ratls_is_for(const struct atls_ratls *ratls,
                       struct atls_view report_data, X509 *certificate)
{
    bool is_pem = ratls->binding == ATLS_RATLS_PEM ||
                  ratls->binding == ATLS_RATLS_CUSTOM_CLAIMS;
    ATLS_AUTO(BIO) *bio = NULL;
    ATLS_AUTO_BUF spki = atls_buf(ATLS_SPKI_MAX);
    char *pem = NULL;
    int len;

    if (is_pem) {
        bio = BIO_new(BIO_s_mem());
        if (!put_pem(certificate, bio))
            return false;
        len = (int)BIO_get_mem_data(bio, &pem);
        return is_for_pem(ratls, report_data, atls_view(pem, (size_t)len));
    }
    return atls_spki_put(&spki, certificate, NULL) == ATLS_OK &&
           is_for_spki(ratls, report_data, atls_buf_view(&spki));
}
