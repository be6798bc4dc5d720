/* SPDX-License-Identifier: Apache-2.0
 *
 * The extension's bytes (draft-fossati-seat-early-attestation, towards -08).
 */
#include "wire.h"

enum mechanism { MECHANISM_EVIDENCE = 0, MECHANISM_RESULT = 1 };
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

/* true: an Evidence scheme, in *type; false: another one, or failure */
static bool read_scheme(struct atls_reader *in, struct atls_type *type)
{
    switch (atls_reader_u8(in)) {
    case MECHANISM_EVIDENCE:
        *type = read_type(in);
        return !in->failed;
    case MECHANISM_RESULT: /* opaque verifier_identity<0..2^16-1> */
        atls_reader_u16_block(in);
        return false;
    default:
        in->failed = true;
        return false;
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
    struct atls_type type;

    out->num = out->num_passed_over = 0;
    while (atls_reader_more(&in)) {
        if (out->num + out->num_passed_over == ATLS_WIRE_MAX_SCHEMES)
            return atls_why(why, ATLS_EXTENSION_TOO_LARGE,
                            "ClientHello: want at most %d schemes a list, "
                            "peer sent more",
                            ATLS_WIRE_MAX_SCHEMES);
        if (read_scheme(&in, &type))
            out->types[out->num++] = type;
        else
            out->num_passed_over++;
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
                                                     struct atls_type *out,
                                                     struct atls_why *why)
{
    struct atls_reader in = atls_reader(bytes);

    if (!read_scheme(&in, out) && atls_reader_done(&in))
        return atls_why(why, ATLS_SCHEME_NOT_OFFERED,
                        "EncryptedExtensions: want an evidence scheme, peer "
                        "chose a result scheme");
    return atls_reader_done(&in) ? ATLS_OK
                                 : malformed(why, "EncryptedExtensions");
}

enum atls_reason atls_wire_read_certificate_request(struct atls_view bytes,
                                                    struct atls_type *out,
                                                    struct atls_why *why)
{
    struct atls_reader in = atls_reader(bytes);
    bool is_evidence = read_scheme(&in, out);
    struct atls_view nonce = atls_reader_u8_block(&in);

    if (!atls_reader_done(&in))
        return malformed(why, "CertificateRequest");
    if (!is_evidence)
        return atls_why(why, ATLS_SCHEME_NOT_OFFERED,
                        "CertificateRequest: want an evidence scheme, peer "
                        "chose a result scheme");
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

static void put_scheme(struct atls_buf *out, struct atls_type type)
{
    size_t at;

    atls_buf_u8(out, MECHANISM_EVIDENCE);
    if (type.is_format) {
        atls_buf_u8(out, ENCODING_CONTENT_FORMAT);
        atls_buf_u16(out, type.format);
        return;
    }
    atls_buf_u8(out, ENCODING_MEDIA_TYPE);
    at = atls_buf_begin(out, 2);
    atls_buf_put(out, type.text);
    atls_buf_end(out, at, 2);
}

static void put_list(struct atls_buf *out, const struct atls_schemes *schemes)
{
    size_t at = atls_buf_begin(out, 2);

    for (size_t i = 0; i < schemes->num; i++)
        put_scheme(out, schemes->types[i]);
    atls_buf_end(out, at, 2);
}

void atls_wire_put_hello(struct atls_buf *out,
                         const struct atls_wire_hello *hello)
{
    put_list(out, &hello->server);
    put_list(out, &hello->client);
}

void atls_wire_put_encrypted_extensions(struct atls_buf *out,
                                        struct atls_type type)
{
    put_scheme(out, type);
}

void atls_wire_put_certificate_request(struct atls_buf *out,
                                       struct atls_type type)
{
    put_scheme(out, type);
    atls_buf_u8(out, 0); /* no nonce inside the handshake */
}

int atls_schemes_find(const struct atls_schemes *schemes, struct atls_type type)
{
    for (size_t i = 0; i < schemes->num; i++)
        if (atls_type_equal(schemes->types[i], type))
            return (int)i;
    return -1;
}

int atls_schemes_choose(const struct atls_schemes *preferred,
                        const struct atls_schemes *able)
{
    for (size_t i = 0; i < preferred->num; i++)
        if (atls_schemes_find(able, preferred->types[i]) >= 0)
            return (int)i;
    return -1;
}
