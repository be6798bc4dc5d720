/* SPDX-License-Identifier: Apache-2.0
 *
 * COSE_Sign1 (RFC 9052, 4). The message is digested in parts, so that no
 * Sig_structure is ever assembled. Whether the key deserves trust is not asked
 * here.
 */
#include "cose.h"

#include "cbor.h"
#include "ecdsa.h"

enum {
    LABEL_ALGORITHM = 1,
    LABEL_CRITICAL = 2,
    LABEL_CONTENT_TYPE = 3,
    LABEL_KEY_ID = 4
}; /* RFC 9052, table 3 */
enum { TAG_MAC0 = 17, TAG_SIGN1 = 18 };

struct header {
    bool has_algorithm, has_critical, is_understood;
    int64_t algorithm; /* 0, which is reserved: one that has no number */
    unsigned labels;   /* bit n: label n, of those below 8 */
    struct atls_cbor critical; /* before its value */
};

/* RFC 9052, 3.1: who does not understand a critical label must not go on. A
 * list that is empty, or names what is not there, is malformed. */
static void take_critical(struct atls_cbor *in, struct header *header)
{
    struct atls_cbor at = header->critical;
    struct atls_cbor_iter labels;

    atls_cbor_array(&at, &labels);
    while (atls_cbor_next(&at, &labels)) {
        struct atls_cbor label = at;
        int64_t value = atls_cbor_int(&label);
        bool is_ours = value == LABEL_ALGORITHM ||
                       value == LABEL_CONTENT_TYPE || value == LABEL_KEY_ID;

        (void)atls_cbor_skip(&at);
        if (!is_ours)
            header->is_understood = false;
        else if ((header->labels >> value & 1) == 0)
            atls_cbor_fail(&at);
    }
    if (atls_cbor_failed(&at) || labels.num_seen == 0)
        atls_cbor_fail(in);
}

static void take_parameter(struct atls_cbor *in, struct header *header)
{
    struct atls_cbor label = *in, value;
    int64_t number = atls_cbor_int(&label);

    (void)atls_cbor_skip(in);
    value = *in;
    (void)atls_cbor_skip(in);
    if (number > 0 && number < 8)
        header->labels |= 1u << number;
    if (number == LABEL_ALGORITHM) {
        header->has_algorithm = true;
        header->algorithm = atls_cbor_int(&value);
    } else if (number == LABEL_CRITICAL) {
        header->has_critical = true;
        header->critical = value;
    }
}

static struct header take_header(struct atls_cbor *in, bool *is_empty)
{
    struct header header = {.is_understood = true};
    struct atls_cbor_iter parameters;

    *is_empty = true;
    atls_cbor_map(in, &parameters);
    while (atls_cbor_next(in, &parameters)) {
        *is_empty = false;
        take_parameter(in, &header);
    }
    if (header.has_critical)
        take_critical(in, &header);
    return header;
}

/* RFC 9052, 3: a label in both headers is malformed. Those that are read here
 * may not stand in the unprotected one at all. */
static void take_unprotected(struct atls_cbor *in, struct atls_cose_sign1 *out)
{
    bool is_empty;
    struct header header = take_header(in, &is_empty);

    if (header.has_algorithm || header.has_critical)
        atls_cbor_fail(in);
    out->has_unprotected = !is_empty;
}

static void take_sign1(struct atls_cbor *in, struct atls_cose_sign1 *out)
{
    struct atls_cbor_iter items;

    atls_cbor_array(in, &items);
    if (atls_cbor_next(in, &items))
        out->protected_bstr = atls_cbor_bytes(in);
    if (atls_cbor_next(in, &items))
        take_unprotected(in, out);
    if (atls_cbor_next(in, &items))
        out->payload = atls_cbor_bytes(in);
    if (!atls_cbor_next(in, &items))
        atls_cbor_fail(in);
    out->signature = atls_cbor_bytes(in);
    if (atls_cbor_next(in, &items))
        atls_cbor_fail(in);
}

static enum atls_reason check_protected(struct atls_cose_sign1 *message,
                                        struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(message->protected_bstr);
    bool is_empty;
    struct header header = take_header(&in, &is_empty);
    const struct atls_ecdsa *algorithm = atls_ecdsa_of_id(header.algorithm);

    if (!atls_cbor_done(&in) || !header.has_algorithm)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "COSE: want a protected header that names alg");
    if (!header.is_understood)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "COSE: a crit header that we do not understand");
    if (algorithm == NULL)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "COSE: want ES256, ES384 or ES512, peer sent alg %lld",
                        (long long)header.algorithm);
    if (message->signature.len != 2 * algorithm->field_len)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "COSE: %s signature: want %zu bytes, peer sent %zu",
                        algorithm->name, 2 * algorithm->field_len,
                        message->signature.len);
    message->algorithm = header.algorithm;
    return ATLS_OK;
}

enum atls_reason atls_cose_sign1_parse(struct atls_view bytes,
                                       struct atls_cose_sign1 *out,
                                       struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(bytes);
    uint64_t tag = TAG_SIGN1;

    *out = (struct atls_cose_sign1){0};
    if (atls_cbor_peek(&in) == ATLS_CBOR_TAG) {
        out->is_tagged = true;
        tag = atls_cbor_tag(&in);
    }
    if (tag == TAG_MAC0)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "COSE: want COSE_Sign1, peer sent COSE_Mac0");
    if (tag != TAG_SIGN1)
        atls_cbor_fail(&in);
    take_sign1(&in, out);
    if (!atls_cbor_done(&in))
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "COSE: want one COSE_Sign1 with its payload");
    return check_protected(out, why);
}

/* RFC 9052, 4.4: ["Signature1", protected, external_aad, payload], in four
 * parts, two of which are heads that go to storage. */
enum { NUM_PARTS = 4, MAX_HEADS = 32, MAX_HEADER = 1024 };

static bool signed_parts(struct atls_view protected_bstr,
                         struct atls_view payload, struct atls_buf *storage,
                         struct atls_view parts[NUM_PARTS])
{
    size_t split;

    atls_cbor_put_array(storage, 4);
    atls_cbor_put_text(storage, "Signature1");
    atls_cbor_put_bytes_head(storage, protected_bstr.len);
    split = storage->len;
    atls_cbor_put_bytes(storage, atls_view(NULL, 0));
    atls_cbor_put_bytes_head(storage, payload.len);
    if (storage->failed)
        return false;
    parts[0] = atls_view(storage->data, split);
    parts[1] = protected_bstr;
    parts[2] = atls_view(storage->data + split, storage->len - split);
    parts[3] = payload;
    return true;
}

enum atls_reason atls_cose_sign1_verify(const struct atls_cose_sign1 *message,
                                        EVP_PKEY *key, OSSL_LIB_CTX *libctx,
                                        struct atls_why *why)
{
    ATLS_AUTO_BUF heads = atls_buf(MAX_HEADS);
    struct atls_view parts[NUM_PARTS];
    const struct atls_ecdsa *algorithm;
    enum atls_reason reason = atls_ecdsa_of_key(key, &algorithm, why);

    if (reason != ATLS_OK)
        return reason;
    if (algorithm->id != message->algorithm)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "COSE: the trust anchor's key is for %s, peer sent "
                        "alg %lld",
                        algorithm->name, (long long)message->algorithm);
    if (!signed_parts(message->protected_bstr, message->payload, &heads, parts))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return atls_ecdsa_verify_with(algorithm, key, libctx, parts, NUM_PARTS,
                                  message->signature, why);
}

static bool put_unsigned(struct atls_buf *out, struct atls_view header,
                         struct atls_view payload, size_t signature_len)
{
    atls_cbor_put_tag(out, TAG_SIGN1);
    atls_cbor_put_array(out, 4);
    atls_cbor_put_bytes(out, header);
    atls_cbor_put_map(out, 0);
    atls_cbor_put_bytes(out, payload);
    atls_cbor_put_bytes_head(out, signature_len);
    return !out->failed;
}

enum atls_reason atls_cose_sign1_put_with(struct atls_buf *out,
                                          struct atls_view more, uint64_t num,
                                          struct atls_view payload,
                                          EVP_PKEY *key, OSSL_LIB_CTX *libctx,
                                          struct atls_why *why)
{
    ATLS_AUTO_BUF header = atls_buf(MAX_HEADER), heads = atls_buf(MAX_HEADS);
    struct atls_view parts[NUM_PARTS];
    const struct atls_ecdsa *algorithm;
    enum atls_reason reason = atls_ecdsa_of_key(key, &algorithm, why);

    if (reason != ATLS_OK)
        return reason;
    atls_cbor_put_map(&header, 1 + num);
    atls_cbor_put_int(&header, LABEL_ALGORITHM);
    atls_cbor_put_int(&header, algorithm->id);
    atls_buf_put(&header, more);
    if (header.failed ||
        !put_unsigned(out, atls_buf_view(&header), payload,
                      2 * algorithm->field_len) ||
        !signed_parts(atls_buf_view(&header), payload, &heads, parts))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return atls_ecdsa_put(out, algorithm, key, libctx, parts, NUM_PARTS, why);
}

enum atls_reason atls_cose_sign1_put(struct atls_buf *out,
                                     struct atls_view payload, EVP_PKEY *key,
                                     OSSL_LIB_CTX *libctx, struct atls_why *why)
{
    return atls_cose_sign1_put_with(out, atls_view(NULL, 0), 0, payload, key,
                                    libctx, why);
}
