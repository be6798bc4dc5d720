/* SPDX-License-Identifier: Apache-2.0
 *
 * One end of a connection that shows what others proved: recorded Evidence, or
 * a recorded Attestation Result, that was for a delegate, with a proof of the
 * delegate for this very connection, as good as he can make one.
 *
 *     thief server --cert FILE --key FILE --recorded FOLDER [HOW]
 *     thief client --connect HOST:PORT --cert FILE --key FILE
 *                  --recorded FOLDER [HOW]
 *
 * FOLDER is of relay's --record. The certificate's key is the stolen TLS key,
 * unless a test says otherwise. HOW:
 *     (nothing)      a delegate of his own, named in the proof
 *     --named        his own signs, the proof names the recorded one
 *     --memory FILE  the recorded delegate's key, from a dump of the memory
 *     --keyless      with --memory: --key is another key than that of the
 *                    certificate
 *
 * Lines on stdout: "listening HOST:PORT", "found the delegate", "stolen: TEXT",
 * and last "finished" or "closed: REASON". He computes the binder as
 * doc/protocol.md says; nothing hooks him.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base64url.h"
#include "ext/delegation.h"
#include "ext/wire.h"
#include "memory.h"
#include "net.h"

#define REMOTE_ATTESTATION 0xFF5B

enum { MAX_RECORDED = 65536, SCALAR = 32 };

static struct {
    bool is_server, is_named, is_keyless;
    const char *connect, *cert, *key, *recorded, *memory;
    struct atls_buf hello, choice, request, certificate; /* as recorded */
    struct atls_buf key_member; /* of the collection, a CMW record */
    struct atls_delegation *delegation;
    EVP_PKEY *delegate;
    uint8_t own_spki[ATLS_DELEGATION_SPKI];
    struct atls_secret server_secret;
    struct atls_buf shown;
} thief;

static bool fails(const char *what)
{
    fprintf(stderr, "thief: %s\n", what);
    ERR_print_errors_fp(stderr);
    return false;
}

/* What was recorded */

static bool read_file(const char *name, struct atls_buf *out)
{
    char path[1024];
    uint8_t *room = atls_buf_room(out, MAX_RECORDED);
    FILE *in;

    (void)snprintf(path, sizeof(path), "%s/%s", thief.recorded, name);
    in = fopen(path, "rb");
    if (in == NULL || room == NULL)
        return fails(path);
    out->len = fread(room, 1, MAX_RECORDED, in);
    (void)fclose(in);
    return out->len > 0;
}

static enum atls_reason keep_key(void *arg, struct atls_view label,
                                 const struct atls_cmw *member,
                                 struct atls_why *why)
{
    (void)arg, (void)why;
    if (atls_view_is(label, "key"))
        atls_cmw_put(&thief.key_member, member->type, member->value,
                     member->indicator);
    return ATLS_OK;
}

static bool read_scheme(struct atls_scheme *scheme)
{
    return (thief.is_server
                ? atls_wire_read_encrypted_extensions(
                      atls_buf_view(&thief.choice), scheme, NULL)
                : atls_wire_read_certificate_request(
                      atls_buf_view(&thief.request), scheme, NULL)) == ATLS_OK;
}

static bool take_apart(void)
{
    ATLS_AUTO_BUF storage = atls_buf(MAX_RECORDED);
    struct atls_evidence *evidence = NULL;
    struct atls_scheme scheme;
    struct atls_view bytes;
    struct atls_cmw cmw;
    struct atls_why why = {0};

    if (!read_scheme(&scheme) ||
        atls_wire_read_certificate(atls_buf_view(&thief.certificate), &bytes,
                                   &why) != ATLS_OK ||
        atls_cmw_parse(bytes, &storage, &cmw, &why) != ATLS_OK ||
        atls_cmw_members(&cmw, &storage, keep_key, NULL, &why) != ATLS_OK ||
        atls_delegation_parse(bytes, &scheme, &thief.delegation, &evidence,
                              &why) != ATLS_OK)
        return fails(why.text);
    atls_evidence_free(evidence);
    return thief.key_member.len > 0;
}

static bool read_recorded(void)
{
    return read_file("client_hello", &thief.hello) &&
           (!thief.is_server ||
            read_file("encrypted_extensions", &thief.choice)) &&
           (thief.is_server ||
            read_file("certificate_request", &thief.request)) &&
           read_file(thief.is_server ? "server_certificate"
                                     : "client_certificate",
                     &thief.certificate) &&
           take_apart();
}

/* The delegate */

static bool find_delegate(void)
{
    const unsigned char *at = thief.delegation->mandate.spki.data;
    EVP_PKEY *wanted = d2i_PUBKEY(NULL, &at, ATLS_DELEGATION_SPKI);

    thief.delegate = memory_find(thief.memory, wanted);
    EVP_PKEY_free(wanted);
    if (thief.delegate == NULL)
        return fails("the delegate's key is not in the memory");
    puts("found the delegate");
    return true;
}

static bool make_delegate(void)
{
    uint8_t *at = thief.own_spki;

    thief.delegate = EVP_EC_gen("P-256");
    if (thief.delegate == NULL ||
        i2d_PUBKEY(thief.delegate, &at) != ATLS_DELEGATION_SPKI)
        return false;
    if (!thief.is_named)
        thief.delegation->mandate.spki =
            atls_view(thief.own_spki, ATLS_DELEGATION_SPKI);
    return true;
}

/* The extension */

static size_t hash_len(const SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);

    return (size_t)EVP_MD_get_size(SSL_CIPHER_get_handshake_digest(cipher));
}

static bool get_secret(SSL *ssl, struct atls_secret *secret)
{
    static const char label[] = ATLS_BINDER_EXPORTER;

    if (thief.is_server) {
        *secret = thief.server_secret;
        return secret->len > 0;
    }
    secret->len = hash_len(ssl);
    return SSL_export_keying_material(ssl, secret->bytes, secret->len, label,
                                      sizeof(label) - 1, NULL, 0, 0) == 1;
}

/* u24 length, CMW */
static bool make_certificate(SSL *ssl, X509 *leaf)
{
    ATLS_AUTO_BUF cmw = atls_buf(MAX_RECORDED);
    struct atls_secret secret, binder;
    struct atls_why why = {0};

    if (!get_secret(ssl, &secret) ||
        atls_binder_make_for(&secret, leaf, &binder, &why) != ATLS_OK ||
        atls_delegation_put(&cmw, atls_buf_view(&thief.key_member),
                            &thief.delegation->mandate, thief.delegate, &binder,
                            &why) != ATLS_OK)
        return fails(why.text);
    thief.shown.len = 0;
    atls_buf_u24(&thief.shown, (uint32_t)cmw.len);
    atls_buf_put(&thief.shown, atls_buf_view(&cmw));
    return !thief.shown.failed;
}

static int put(SSL *ssl, unsigned type, unsigned context,
               const unsigned char **out, size_t *out_len, X509 *leaf,
               size_t entry, int *alert, void *arg)
{
    const struct atls_buf *shown = &thief.shown;

    (void)type, (void)arg;
    *alert = SSL_AD_INTERNAL_ERROR;
    if (context & SSL_EXT_CLIENT_HELLO)
        shown = &thief.hello;
    else if (context & SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS)
        shown = &thief.choice;
    else if (!(context & SSL_EXT_TLS1_3_CERTIFICATE) || entry != 0)
        return 0;
    else if (!make_certificate(ssl, leaf))
        return -1;
    *out = shown->data;
    *out_len = shown->len;
    return 1;
}

static int take(SSL *ssl, unsigned type, unsigned context,
                const unsigned char *in, size_t in_len, X509 *leaf,
                size_t entry, int *alert, void *arg)
{
    (void)ssl, (void)type, (void)context, (void)in, (void)in_len, (void)leaf;
    (void)entry, (void)alert, (void)arg;
    return 1;
}

static void take_secret(const SSL *ssl, const char *line)
{
    static const char label[] = "SERVER_HANDSHAKE_TRAFFIC_SECRET ";
    ATLS_AUTO_BUF traffic = atls_buf(ATLS_BINDER_MAX);

    (void)ssl;
    if (strncmp(line, label, sizeof(label) - 1) == 0 &&
        atls_hex_decode(atls_view_text(strrchr(line, ' ') + 1), &traffic) &&
        atls_binder_server_secret(atls_buf_view(&traffic), &thief.server_secret,
                                  NULL) != ATLS_OK)
        thief.server_secret.len = 0;
}

/* The connection */

static bool set_key(SSL_CTX *ctx)
{
    EVP_PKEY *public_key = X509_get0_pubkey(SSL_CTX_get0_certificate(ctx));
    FILE *in = fopen(thief.key, "r");
    EVP_PKEY *own =
        in == NULL ? NULL : PEM_read_PrivateKey(in, NULL, NULL, NULL);
    BIGNUM *number = NULL;
    unsigned char scalar[SCALAR];
    EVP_PKEY *key = NULL;

    if (in != NULL)
        (void)fclose(in);
    if (EVP_PKEY_get_bn_param(own, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
        BN_bn2binpad(number, scalar, SCALAR) == SCALAR)
        key = memory_make_key(scalar, public_key);
    BN_free(number);
    EVP_PKEY_free(own);
    if (key == NULL || SSL_CTX_use_PrivateKey(ctx, key) != 1) {
        EVP_PKEY_free(key);
        return false;
    }
    EVP_PKEY_free(key);
    return true;
}

static SSL_CTX *new_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(thief.is_server ? TLS_server_method()
                                               : TLS_client_method());
    const unsigned contexts = SSL_EXT_TLS1_3_ONLY | SSL_EXT_CLIENT_HELLO |
                              SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS |
                              SSL_EXT_TLS1_3_CERTIFICATE_REQUEST |
                              SSL_EXT_TLS1_3_CERTIFICATE;

    if (ctx == NULL ||
        SSL_CTX_use_certificate_chain_file(ctx, thief.cert) != 1 ||
        !(thief.is_keyless ? set_key(ctx)
                           : SSL_CTX_use_PrivateKey_file(
                                 ctx, thief.key, SSL_FILETYPE_PEM) == 1) ||
        !SSL_CTX_add_custom_ext(ctx, REMOTE_ATTESTATION, contexts, put, NULL,
                                NULL, take, NULL)) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    SSL_CTX_set_keylog_callback(ctx, take_secret);
    return ctx;
}

static int open_connection(void)
{
    int listener, fd;

    if (!thief.is_server)
        return net_connect(thief.connect);
    listener = net_listen("127.0.0.1:0");
    fd = listener < 0 ? -1 : net_accept(listener);
    close(listener);
    return fd;
}

/* The client speaks first. */
static bool talk(SSL *ssl)
{
    static const char line[] = "secret of the thief\n";
    char text[256];
    int len;

    if (!thief.is_server && SSL_write(ssl, line, sizeof(line) - 1) <= 0)
        return false;
    len = SSL_read(ssl, text, sizeof(text));
    if (len <= 0)
        return false;
    printf("stolen: %.*s\n", (int)strcspn(text, "\n"), text);
    return !thief.is_server || SSL_write(ssl, line, sizeof(line) - 1) > 0;
}

static bool run(SSL_CTX *ctx)
{
    int fd = open_connection();
    SSL *ssl = fd < 0 ? NULL : SSL_new(ctx);
    unsigned long code;
    bool is_well;

    if (ssl == NULL)
        return false;
    SSL_set_fd(ssl, fd);
    is_well = (thief.is_server ? SSL_accept(ssl) : SSL_connect(ssl)) == 1 &&
              talk(ssl);
    code = ERR_peek_error();
    if (is_well)
        puts("finished");
    else
        printf("closed: %s\n",
               code == 0 ? "closed" : ERR_reason_error_string(code));
    if (is_well)
        SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
    return is_well;
}

static bool read_options(int argc, char **argv)
{
    const struct option known[] = {{"connect", required_argument, NULL, 'c'},
                                   {"cert", required_argument, NULL, 'e'},
                                   {"key", required_argument, NULL, 'k'},
                                   {"recorded", required_argument, NULL, 'r'},
                                   {"memory", required_argument, NULL, 'm'},
                                   {"named", no_argument, NULL, 'n'},
                                   {"keyless", no_argument, NULL, 'l'},
                                   {NULL, 0, NULL, 0}};
    int key;

    thief.is_server = argc > 1 && strcmp(argv[1], "server") == 0;
    while ((key = getopt_long(argc - 1, argv + 1, "", known, NULL)) != -1) {
        switch (key) {
        case 'c':
            thief.connect = optarg;
            break;
        case 'e':
            thief.cert = optarg;
            break;
        case 'k':
            thief.key = optarg;
            break;
        case 'r':
            thief.recorded = optarg;
            break;
        case 'm':
            thief.memory = optarg;
            break;
        case 'n':
            thief.is_named = true;
            break;
        case 'l':
            thief.is_keyless = true;
            break;
        default:
            return false;
        }
    }
    return thief.cert != NULL && thief.key != NULL && thief.recorded != NULL &&
           thief.is_server == (thief.connect == NULL);
}

int main(int argc, char **argv)
{
    SSL_CTX *ctx;
    bool is_well;

    thief.hello = thief.choice = thief.request = thief.certificate =
        thief.key_member = thief.shown = atls_buf(2 * MAX_RECORDED);
    if (!read_options(argc, argv)) {
        fprintf(stderr, "usage: see the head of thief.c\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    if (!read_recorded() ||
        !(thief.memory != NULL ? find_delegate() : make_delegate()))
        return 2;
    ctx = new_context();
    is_well = ctx != NULL ? run(ctx) : fails("no context");
    SSL_CTX_free(ctx);
    return is_well ? 0 : 1;
}
