/* SPDX-License-Identifier: Apache-2.0
 *
 * The second implementation, and the ways in which it goes wrong.
 */
#include "deviant.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/hmac.h>

#include "base64url.h"
#include "cbor.h"
#include "cmw.h"
#include "cose.h"

enum { EXTENSION_TYPE = 0xFF5B, MAX_MESSAGE = 1 << 17 };

static const EVP_MD *digest_of(size_t len)
{
    return len == 48 ? EVP_sha384() : EVP_sha256();
}

void deviant_expand(struct atls_view secret, const char *label,
                    struct atls_view context, uint8_t *out)
{
    ATLS_AUTO_BUF info = atls_buf(512);
    size_t at;

    atls_buf_u16(&info, (uint16_t)secret.len);
    at = atls_buf_begin(&info, 1);
    atls_buf_text(&info, "tls13 ");
    atls_buf_text(&info, label);
    atls_buf_end(&info, at, 1);
    at = atls_buf_begin(&info, 1);
    atls_buf_put(&info, context);
    atls_buf_end(&info, at, 1);
    atls_buf_u8(&info, 1); /* RFC 5869, 2.3: T(1), of which L is all */
    ck_assert_ptr_nonnull(HMAC(digest_of(secret.len), secret.data,
                               (int)secret.len, info.data, info.len, out,
                               NULL));
}

static size_t hash_len(SSL *ssl)
{
    return (size_t)EVP_MD_get_size(
        SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(ssl)));
}

static void hash_spki(X509 *leaf, size_t len, uint8_t *out)
{
    uint8_t *spki = NULL;
    int spki_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &spki);

    ck_assert_int_gt(spki_len, 0);
    ck_assert_int_eq(
        EVP_Digest(spki, (size_t)spki_len, out, NULL, digest_of(len), NULL), 1);
    OPENSSL_free(spki);
}

static void role_secret(struct deviant *deviant, SSL *ssl, bool of_server,
                        size_t len, uint8_t *secret)
{
    if (!of_server) {
        ck_assert_int_eq(
            SSL_export_keying_material(ssl, secret, len, "EXPORTER-atls-client",
                                       20, (const unsigned char *)"", 0, 1),
            1);
        return;
    }
    ck_assert_uint_eq(deviant->traffic_secret.len, len);
    deviant_expand(atls_buf_view(&deviant->traffic_secret), "atls server",
                   atls_view("", 0), secret);
}

static void make_binder(struct deviant *deviant, SSL *ssl, bool of_server,
                        const char *label, X509 *leaf, struct atls_buf *out)
{
    size_t len = hash_len(ssl);
    uint8_t secret[64], key[64];

    role_secret(deviant, ssl, of_server, len, secret);
    hash_spki(leaf, len, key);
    deviant_expand(atls_view(secret, len), label, atls_view(key, len),
                   atls_buf_room(out, len));
}

void deviant_binder(struct deviant *deviant, SSL *ssl, bool of_server,
                    X509 *leaf, struct atls_buf *out)
{
    make_binder(deviant, ssl, of_server, "atls binder", leaf, out);
}

static void wrong_binder(struct deviant *deviant, SSL *ssl, X509 *leaf,
                         struct atls_buf *out)
{
    bool is_server = SSL_is_server(ssl);
    const char *label =
        deviant->binder == BINDER_OTHER_LABEL ? "attestation" : "atls binder";

    switch (deviant->binder) {
    case BINDER_OTHER_KEY:
        leaf = is_server ? SSL_CTX_get0_certificate(SSL_get_SSL_CTX(ssl))
                         : SSL_get0_peer_certificate(ssl);
        break;
    case BINDER_OTHER_ROLE:
        is_server = true;
        break;
    case BINDER_PUBLIC:
        hash_spki(leaf, hash_len(ssl), atls_buf_room(out, hash_len(ssl)));
        return;
    case BINDER_RIGHT:
    case BINDER_FIRST_BIT:
    case BINDER_LAST_BIT:
    case BINDER_SHORT:
    case BINDER_LONG:
    case BINDER_ZERO:
    case BINDER_OTHER_LABEL:
        break;
    }
    make_binder(deviant, ssl, is_server, label, leaf, out);
}

static void bend(enum deviant_binder how, struct atls_buf *binder)
{
    switch (how) {
    case BINDER_FIRST_BIT:
        binder->data[0] ^= 0x80;
        break;
    case BINDER_LAST_BIT:
        binder->data[binder->len - 1] ^= 1;
        break;
    case BINDER_SHORT: /* the lengths that a PSA nonce can have */
        binder->len = 32;
        break;
    case BINDER_LONG:
        memset(atls_buf_room(binder, 64 - binder->len), 0, 64 - binder->len);
        binder->len = 64;
        break;
    case BINDER_ZERO:
        memset(binder->data, 0, binder->len);
        break;
    case BINDER_RIGHT:
    case BINDER_OTHER_KEY:
    case BINDER_OTHER_ROLE:
    case BINDER_OTHER_LABEL:
    case BINDER_PUBLIC:
        break;
    }
}

/* A delegate. */

#define COLLECTION "urn:uuid:8d7c5930-1019-4022-8189-65a0127b8fa9"

static void put_spki(EVP_PKEY *key, struct atls_buf *out)
{
    uint8_t *spki = NULL;
    int len = i2d_PUBKEY(key, &spki);

    ck_assert_int_gt(len, 0);
    atls_buf_put(out, atls_view(spki, (size_t)len));
    OPENSSL_free(spki);
}

static void make_value(const struct deviant_mandate *mandate,
                       EVP_PKEY *delegate, X509 *leaf, uint64_t not_before,
                       uint32_t lifetime_s, uint8_t value[32])
{
    static const uint8_t zeros[32];
    EVP_PKEY *other = EVP_EC_gen("P-256");
    ATLS_AUTO_BUF text = atls_buf(1024);
    uint8_t hash[32];

    put_spki(mandate->other_delegate ? other : delegate, &text);
    hash_spki(leaf, 32, atls_buf_room(&text, 32));
    text.data[text.len - 1] ^= mandate->other_tik;
    atls_buf_u64(&text, not_before);
    atls_buf_u32(&text, lifetime_s);
    ck_assert_int_eq(
        EVP_Digest(text.data, text.len, hash, NULL, EVP_sha256(), NULL), 1);
    deviant_expand(atls_view(zeros, 32), "atls delegate", atls_view(hash, 32),
                   value);
    EVP_PKEY_free(other);
}

static void put_key(const struct deviant *deviant, struct atls_view value,
                    struct atls_buf *out)
{
    ATLS_AUTO_BUF jws = atls_buf(MAX_MESSAGE);

    if (deviant->mandate->result == NULL) {
        pair_quote(deviant->key != NULL ? deviant->key : "soft.key", value,
                   out);
        return;
    }
    deviant->mandate->result(value, &jws);
    atls_cmw_put(out, atls_type_of_format(264), atls_buf_view(&jws),
                 ATLS_CMW_RESULTS);
}

static void put_proof(EVP_PKEY *delegate, EVP_PKEY *signer, uint64_t not_before,
                      uint32_t lifetime_s, struct atls_view binder,
                      struct atls_buf *out)
{
    ATLS_AUTO_BUF headers = atls_buf(1024), spki = atls_buf(1024);
    ATLS_AUTO_BUF proof = atls_buf(2048);

    put_spki(delegate, &spki);
    atls_cbor_put_text(&headers, "spki");
    atls_cbor_put_bytes(&headers, atls_buf_view(&spki));
    atls_cbor_put_text(&headers, "nbf");
    atls_cbor_put_uint(&headers, not_before);
    atls_cbor_put_text(&headers, "ttl");
    atls_cbor_put_uint(&headers, lifetime_s);
    ck_assert_reason(atls_cose_sign1_put_with(&proof, atls_buf_view(&headers),
                                              3, binder, signer, NULL, NULL),
                     ATLS_OK);
    atls_cmw_put(out, atls_type_of_format(18), atls_buf_view(&proof), 0);
}

static void put_delegation(const struct deviant *deviant, X509 *leaf,
                           struct atls_view binder, struct atls_buf *out)
{
    const struct deviant_mandate *mandate = deviant->mandate;
    EVP_PKEY *delegate = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
    uint64_t not_before = (uint64_t)(time(NULL) - mandate->age_s);
    uint32_t lifetime_s = mandate->lifetime_s != 0 ? mandate->lifetime_s : 600;
    uint8_t value[32];

    make_value(mandate, delegate, leaf, not_before, lifetime_s, value);
    atls_cbor_put_map(out, 3);
    atls_cbor_put_text(out, "__cmwc_t");
    atls_cbor_put_text(out, COLLECTION);
    atls_cbor_put_text(out, "key");
    put_key(deviant, atls_view(value, sizeof(value)), out);
    atls_cbor_put_text(out, "proof");
    put_proof(delegate, mandate->other_proof ? other : delegate, not_before,
              lifetime_s, binder, out);
    EVP_PKEY_free(delegate);
    EVP_PKEY_free(other);
}

static void right_certificate(struct deviant *deviant, SSL *ssl, X509 *leaf,
                              struct atls_buf *out)
{
    ATLS_AUTO_BUF binder = atls_buf(64), cmw = atls_buf(MAX_MESSAGE);

    wrong_binder(deviant, ssl, leaf, &binder);
    bend(deviant->binder, &binder);
    if (deviant->mandate != NULL)
        put_delegation(deviant, leaf, atls_buf_view(&binder), &cmw);
    else
        pair_quote(deviant->key != NULL ? deviant->key : "soft.key",
                   atls_buf_view(&binder), &cmw);
    if (deviant->change != NULL)
        deviant->change(&cmw);
    atls_buf_u24(out, (uint32_t)cmw.len);
    atls_buf_put(out, atls_buf_view(&cmw));
}

/* The PSA token's Content-Format, 10003, in both lists and as the choice. */
#define SCHEME "\0\0\x27\x13"
static const struct deviant_part right_hello =
    DEVIANT_SENDS("\0\4" SCHEME "\0\4" SCHEME);
static const struct deviant_part right_choice = DEVIANT_SENDS(SCHEME);
static const struct deviant_part right_request = DEVIANT_SENDS(SCHEME "\0");

static const struct deviant_part *part_of(const struct deviant *deviant,
                                          unsigned context,
                                          const struct deviant_part **right)
{
    static const struct deviant_part nothing = DEVIANT_SENDS_NOTHING;

    switch (context) {
    case SSL_EXT_CLIENT_HELLO:
        *right = &right_hello;
        return &deviant->hello;
    case SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS:
        *right = &right_choice;
        return &deviant->encrypted_extensions;
    case SSL_EXT_TLS1_3_CERTIFICATE_REQUEST:
        *right = &right_request;
        return &deviant->certificate_request;
    case SSL_EXT_TLS1_3_CERTIFICATE:
        *right = NULL; /* depends on the connection */
        return &deviant->certificate;
    default:
        *right = &nothing;
        return &deviant->ticket;
    }
}

static int add(SSL *ssl, unsigned type, unsigned context,
               const unsigned char **out, size_t *out_len, X509 *leaf,
               size_t entry, int *alert, void *arg)
{
    struct deviant *deviant = arg;
    const struct deviant_part *right = NULL,
                              *part = part_of(deviant, context, &right);
    ATLS_AUTO_BUF bytes = atls_buf(MAX_MESSAGE);

    (void)type;
    *alert = SSL_AD_INTERNAL_ERROR;
    if (context == SSL_EXT_TLS1_3_CERTIFICATE && entry != deviant->entry &&
        !deviant->in_every_entry)
        return 0;
    if (part->how == DEVIANT_RIGHT && right != NULL)
        part = right;
    if (part->how == DEVIANT_SILENT)
        return 0;
    if (part->how == DEVIANT_BYTES)
        atls_buf_put(&bytes, atls_view(part->data, part->len));
    else
        right_certificate(
            deviant, ssl,
            entry == 0 ? leaf : SSL_CTX_get0_certificate(SSL_get_SSL_CTX(ssl)),
            &bytes);
    if (context == SSL_EXT_TLS1_3_CERTIFICATE) {
        deviant->sent.len = 0;
        atls_buf_put(&deviant->sent, atls_buf_view(&bytes));
    }
    *out_len = bytes.len;
    *out = OPENSSL_memdup(bytes.data, bytes.len);
    return 1;
}

static void free_added(SSL *ssl, unsigned type, unsigned context,
                       const unsigned char *out, void *arg)
{
    (void)ssl, (void)type, (void)context, (void)arg;
    OPENSSL_free((void *)(uintptr_t)out);
}

static struct atls_buf *seen_of(struct deviant *deviant, unsigned context)
{
    switch (context) {
    case SSL_EXT_CLIENT_HELLO:
        return &deviant->hello_seen;
    case SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS:
        return &deviant->encrypted_extensions_seen;
    case SSL_EXT_TLS1_3_CERTIFICATE_REQUEST:
        return &deviant->certificate_request_seen;
    default:
        return &deviant->certificate_seen;
    }
}

static int parse(SSL *ssl, unsigned type, unsigned context,
                 const unsigned char *in, size_t len, X509 *leaf, size_t entry,
                 int *alert, void *arg)
{
    struct atls_buf *seen = seen_of(arg, context);

    (void)ssl, (void)type, (void)leaf, (void)entry;
    *alert = SSL_AD_INTERNAL_ERROR;
    seen->len = 0;
    atls_buf_put(seen, atls_view(in, len));
    return 1;
}

/* "LABEL client-random secret", of which the third word is wanted */
static void keep_secret(const SSL *ssl, const char *line)
{
    static const char label[] = "SERVER_HANDSHAKE_TRAFFIC_SECRET ";
    struct deviant *deviant = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const char *word = strrchr(line, ' ');

    if (strncmp(line, label, strlen(label)) != 0)
        return;
    deviant->traffic_secret.len = 0;
    ck_assert(
        atls_hex_decode(atls_view_text(word + 1), &deviant->traffic_secret));
}

static void each_buf(struct deviant *deviant, void (*act)(struct atls_buf *))
{
    act(&deviant->hello_seen);
    act(&deviant->encrypted_extensions_seen);
    act(&deviant->certificate_request_seen);
    act(&deviant->certificate_seen);
    act(&deviant->sent);
    act(&deviant->traffic_secret);
}

/* name: of a Verifier, or a media type. */
static void put_scheme(struct atls_buf *out, bool is_result, const char *name)
{
    size_t at;

    atls_buf_u8(out, is_result);
    if (!is_result)
        atls_buf_u8(out, 1); /* a media type */
    at = atls_buf_begin(out, 2);
    atls_buf_text(out, name);
    atls_buf_end(out, at, 2);
}

static void put_list(struct atls_buf *out, bool is_result, const char *name)
{
    size_t at = atls_buf_begin(out, 2);

    put_scheme(out, is_result, name);
    atls_buf_end(out, at, 2);
}

static struct deviant_part part_of_buf(const struct atls_buf *buf)
{
    return (struct deviant_part){DEVIANT_BYTES, buf->data, buf->len};
}

static void speak(struct deviant *deviant, bool is_result, const char *name)
{
    struct atls_buf *spoken = deviant->spoken;

    for (size_t i = 0; i < 3; i++)
        spoken[i] = atls_buf(1024);
    put_list(&spoken[0], is_result, name);
    put_list(&spoken[0], is_result, name);
    put_scheme(&spoken[1], is_result, name);
    put_scheme(&spoken[2], is_result, name);
    atls_buf_u8(&spoken[2], 0);
    deviant->hello = part_of_buf(&spoken[0]);
    deviant->encrypted_extensions = part_of_buf(&spoken[1]);
    deviant->certificate_request = part_of_buf(&spoken[2]);
}

void deviant_speaks(struct deviant *deviant, const char *verifier)
{
    speak(deviant, verifier != NULL,
          verifier != NULL ? verifier
                           : "application/cmw+cbor; cmwc_t=\"" COLLECTION
                             "\"; of=\"10003\"");
}

void deviant_speaks_type(struct deviant *deviant, const char *type)
{
    speak(deviant, false, type);
}

static void init_buf(struct atls_buf *buf)
{
    *buf = atls_buf(MAX_MESSAGE);
}

void deviant_clear(struct deviant *deviant)
{
    each_buf(deviant, atls_buf_clear);
    for (size_t i = 0; i < 3; i++)
        atls_buf_clear(&deviant->spoken[i]);
}

void deviant_add_to(SSL_CTX *ctx, struct deviant *deviant)
{
    each_buf(deviant, init_buf);
    SSL_CTX_set_app_data(ctx, deviant);
    SSL_CTX_set_keylog_callback(ctx, keep_secret);
    ck_assert_int_eq(
        SSL_CTX_add_custom_ext(
            ctx, EXTENSION_TYPE,
            SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS |
                SSL_EXT_TLS1_3_CERTIFICATE_REQUEST |
                SSL_EXT_TLS1_3_CERTIFICATE | SSL_EXT_TLS1_3_NEW_SESSION_TICKET |
                SSL_EXT_TLS1_3_ONLY,
            add, free_added, deviant, parse, deviant),
        1);
}

SSL_CTX *deviant_client(struct deviant *deviant)
{
    SSL_CTX *ctx = pair_bare_client_ctx();

    deviant_add_to(ctx, deviant);
    return ctx;
}

SSL_CTX *deviant_server(struct deviant *deviant)
{
    SSL_CTX *ctx = pair_bare_server_ctx();

    deviant_add_to(ctx, deviant);
    return ctx;
}
