/* SPDX-License-Identifier: Apache-2.0
 *
 * The extension's bytes (draft-fossati-seat-early-attestation, towards -08).
 */
#include "wire.h"

enum encoding { ENCODING_CONTENT_FORMAT = 0, ENCODING_MEDIA_TYPE = 1 };

/* EvidenceType: u8 encoding, then u16 content-format or opaque<0..2^16-1> */
static struct atls_type read_type(struct atls_reader *in)
{
    switch (atls_reader_u8(in)) {
    case ENCODING_CONTENT_FORMAT:
        return atls_type_of_format(atls_reader_u16(in));
    case ENCODING_MEDIA_TYPE:
        return atls_type_of_text(atls_reader_u16_block(in));
    default:
        in->failed = true;
        return atls_type_of_format(0);
    }
}

static struct atls_scheme read_scheme(struct atls_reader *in)
{
    switch (atls_reader_u8(in)) {
    case ATLS_MECHANISM_EVIDENCE:
        return atls_scheme_of_type(read_type(in));
    case ATLS_MECHANISM_RESULT: /* opaque verifier_identity<0..2^16-1> */
        return atls_scheme_of_verifier(atls_reader_u16_block(in));
    default:
        in->failed = true;
        return (struct atls_scheme){0};
    }
}

static enum atls_reason malformed(struct atls_why *why, const char *message)
{
    return atls_why(why, ATLS_EXTENSION_MALFORMED,
                    "remoteAttestation in %s: want whole structures and "
                    "nothing after them; the peer has to mend it",
                    message);
}

static enum atls_reason read_list(struct atls_view bytes,
                                  struct atls_schemes *out,
                                  struct atls_why *why)
{
    struct atls_reader in = atls_reader(bytes);

    out->num = 0;
    while (atls_reader_more(&in)) {
        if (out->num == ATLS_WIRE_MAX_SCHEMES)
            return atls_why(why, ATLS_EXTENSION_TOO_LARGE,
                            "ClientHello: want at most %d schemes a list, "
                            "peer sent more",
                            ATLS_WIRE_MAX_SCHEMES);
        out->list[out->num++] = read_scheme(&in);
    }
    return atls_reader_done(&in) ? ATLS_OK : malformed(why, "ClientHello");
}

enum atls_reason atls_wire_read_hello(struct atls_view bytes,
                                      struct atls_wire_hello *out,
                                      struct atls_why *why)
{
    struct atls_reader in = atls_reader(bytes);
    struct atls_view server, client;
    enum atls_reason reason;

    if (bytes.len > ATLS_WIRE_MAX_HELLO)
        return atls_why(why, ATLS_EXTENSION_TOO_LARGE,
                        "ClientHello: want at most %d bytes of "
                        "remoteAttestation, peer sent %zu",
                        ATLS_WIRE_MAX_HELLO, bytes.len);
    server = atls_reader_u16_block(&in); /* server_attester_schemes */
    client = atls_reader_u16_block(&in); /* client_attester_schemes */
    if (!atls_reader_done(&in))
        return malformed(why, "ClientHello");
    reason = read_list(server, &out->server, why);
    return reason != ATLS_OK ? reason : read_list(client, &out->client, why);
}

enum atls_reason atls_wire_read_encrypted_extensions(struct atls_view bytes,
                                                     struct atls_scheme *out,
                                                     struct atls_why *why)
{
    struct atls_reader in = atls_reader(bytes);

    *out = read_scheme(&in);
    return atls_reader_done(&in) ? ATLS_OK
                                 : malformed(why, "EncryptedExtensions");
}

enum atls_reason atls_wire_read_certificate_request(struct atls_view bytes,
                                                    struct atls_scheme *out,
                                                    struct atls_why *why)
{
    struct atls_reader in = atls_reader(bytes);
    struct atls_view nonce;

    *out = read_scheme(&in);
    nonce = atls_reader_u8_block(&in);
    if (!atls_reader_done(&in))
        return malformed(why, "CertificateRequest");
    if (nonce.len != 0)
        return atls_why(why, ATLS_NONCE_IN_HANDSHAKE,
                        "CertificateRequest: want an empty nonce, peer sent "
                        "%zu bytes",
                        nonce.len);
    return ATLS_OK;
}

enum atls_reason atls_wire_read_certificate(struct atls_view bytes,
                                            struct atls_view *cmw,
                                            struct atls_why *why)
{
    struct atls_reader in = atls_reader(bytes);

    *cmw = atls_reader_u24_block(&in);
    if (!atls_reader_done(&in) || cmw->len == 0)
        return malformed(why, "Certificate");
    return ATLS_OK;
}

static void put_block(struct atls_buf *out, struct atls_view bytes)
{
    size_t at = atls_buf_begin(out, 2);

    atls_buf_put(out, bytes);
    atls_buf_end(out, at, 2);
}

static void put_scheme(struct atls_buf *out, const struct atls_scheme *scheme)
{
    atls_buf_u8(out, (uint8_t)scheme->mechanism);
    if (scheme->mechanism == ATLS_MECHANISM_RESULT) {
        put_block(out, scheme->verifier);
    } else if (scheme->type.is_format) {
        atls_buf_u8(out, ENCODING_CONTENT_FORMAT);
        atls_buf_u16(out, scheme->type.format);
    } else {
        atls_buf_u8(out, ENCODING_MEDIA_TYPE);
        put_block(out, scheme->type.text);
    }
}

/* What put_scheme writes. */
static size_t scheme_len(const struct atls_scheme *scheme)
{
    if (scheme->mechanism == ATLS_MECHANISM_RESULT)
        return 3 + scheme->verifier.len;
    return scheme->type.is_format ? 4 : 4 + scheme->type.text.len;
}

static void put_list(struct atls_buf *out, const struct atls_schemes *schemes)
{
    size_t at = atls_buf_begin(out, 2);

    for (size_t i = 0; i < schemes->num; i++)
        put_scheme(out, &schemes->list[i]);
    atls_buf_end(out, at, 2);
}

void atls_wire_put_hello(struct atls_buf *out,
                         const struct atls_wire_hello *hello)
{
    put_list(out, &hello->server);
    put_list(out, &hello->client);
}

void atls_wire_put_encrypted_extensions(struct atls_buf *out,
                                        const struct atls_scheme *scheme)
{
    put_scheme(out, scheme);
}

void atls_wire_put_certificate_request(struct atls_buf *out,
                                       const struct atls_scheme *scheme)
{
    put_scheme(out, scheme);
    atls_buf_u8(out, 0); /* no nonce inside the handshake */
}

static size_t list_len(const struct atls_schemes *schemes)
{
    size_t len = 0;

    for (size_t i = 0; i < schemes->num; i++)
        len += scheme_len(&schemes->list[i]);
    return len;
}

void atls_schemes_add(struct atls_schemes *schemes,
                      const struct atls_scheme *scheme)
{
    if (schemes->num < ATLS_WIRE_MAX_SCHEMES &&
        list_len(schemes) + scheme_len(scheme) <= ATLS_WIRE_MAX_LIST &&
        atls_schemes_find(schemes, scheme) < 0)
        schemes->list[schemes->num++] = *scheme;
}

void atls_schemes_fit(struct atls_schemes *schemes)
{
    size_t num = schemes->num, len = 0;

    schemes->num = 0;
    for (size_t i = 0; i < num; i++) {
        size_t more = scheme_len(&schemes->list[i]);

        if (len + more > ATLS_WIRE_MAX_LIST)
            continue;
        len += more;
        schemes->list[schemes->num++] = schemes->list[i];
    }
}

int atls_schemes_find(const struct atls_schemes *schemes,
                      const struct atls_scheme *scheme)
{
    for (size_t i = 0; i < schemes->num; i++)
        if (atls_scheme_equal(&schemes->list[i], scheme))
            return (int)i;
    return -1;
}

int atls_schemes_choose(const struct atls_schemes *preferred,
                        const struct atls_schemes *able)
{
    for (size_t i = 0; i < preferred->num; i++)
        if (atls_schemes_find(able, &preferred->list[i]) >= 0)
            return (int)i;
    return -1;
}
