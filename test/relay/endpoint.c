/* SPDX-License-Identifier: Apache-2.0
 *
 * A genuine end of a connection, for the relay's tests: an ordinary TLS
 * program that verifies its peer's chain, sends one line and reads one.
 *
 *     endpoint server --cert FILE --key FILE --ca FILE [--ask]
 *     endpoint client --connect HOST:PORT --name NAME --ca FILE
 *                     [--cert FILE --key FILE]
 *     both:           [--groups LIST] [--weak-attester URI]
 *                     [--weak-policy FILE] [--dump FILE]
 *
 * Without a --weak option it does nothing about attestation: openssl.cnf does.
 * With one it attests as weak.h says. --dump leaves its memory behind, as a
 * core dump would. "retried" on stdout says that there was
 * a HelloRetryRequest; the last line is "accepted", after the peer's line was
 * read, or "refused: REASON".
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>

#include "memory.h"
#include "net.h"
#include "weak.h"

struct options {
    const char *connect, *name, *cert, *key, *ca, *groups, *dump;
    struct weak weak;
    bool is_server, is_asking;
};

static bool set_up(SSL_CTX *ctx, struct options *options)
{
    int mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;

    if (!options->is_server || options->is_asking)
        SSL_CTX_set_verify(ctx, mode, NULL);
    if (options->cert != NULL &&
        (SSL_CTX_use_certificate_chain_file(ctx, options->cert) != 1 ||
         SSL_CTX_use_PrivateKey_file(ctx, options->key, SSL_FILETYPE_PEM) != 1))
        return false;
    if (options->groups != NULL &&
        SSL_CTX_set1_groups_list(ctx, options->groups) != 1)
        return false;
    if ((options->weak.attester != NULL || options->weak.policy != NULL) &&
        !weak_install(ctx, &options->weak))
        return false;
    return SSL_CTX_load_verify_file(ctx, options->ca) == 1;
}

static int open_connection(const struct options *options)
{
    int listener, fd;

    if (!options->is_server)
        return net_connect(options->connect);
    listener = net_listen("127.0.0.1:0");
    fd = listener < 0 ? -1 : net_accept(listener);
    close(listener);
    return fd;
}

/* The client speaks first. A refusal of the client comes with its read. */
static bool talk(SSL *ssl, bool is_server)
{
    const char *line =
        is_server ? "secret of the server\n" : "secret of the client\n";
    char text[256];
    int len = (int)strlen(line);

    if (!is_server && SSL_write(ssl, line, len) != len)
        return false;
    if (SSL_read(ssl, text, sizeof(text)) <= 0)
        return false;
    return !is_server || SSL_write(ssl, line, len) == len;
}

static bool shake_and_talk(SSL *ssl, const struct options *options)
{
    if (options->name != NULL &&
        (!SSL_set1_host(ssl, options->name) ||
         !SSL_set_tlsext_host_name(ssl, options->name)))
        return false;
    return (options->is_server ? SSL_accept(ssl) : SSL_connect(ssl)) == 1 &&
           weak_is_satisfied(&options->weak) && talk(ssl, options->is_server);
}

static const char *why_refused(const struct options *options)
{
    unsigned long code = ERR_peek_error();
    const char *reason = ERR_reason_error_string(code);

    if (!weak_is_satisfied(&options->weak))
        return atls_reason_name(options->weak.verdict.reason);
    return reason == NULL ? "closed" : reason;
}

static void count_hellos(int is_write, int version, int type, const void *bytes,
                         size_t len, SSL *ssl, void *num_hellos)
{
    (void)is_write, (void)version, (void)ssl;
    if (type == SSL3_RT_HANDSHAKE && len != 0 &&
        *(const unsigned char *)bytes == SSL3_MT_CLIENT_HELLO)
        ++*(int *)num_hellos;
}

static int run(SSL_CTX *ctx, const struct options *options)
{
    int fd = open_connection(options);
    SSL *ssl = fd < 0 ? NULL : SSL_new(ctx);
    bool is_accepted;
    int num_hellos = 0;

    if (ssl == NULL)
        return 1;
    SSL_set_fd(ssl, fd);
    SSL_set_msg_callback(ssl, count_hellos);
    SSL_set_msg_callback_arg(ssl, &num_hellos);
    is_accepted = shake_and_talk(ssl, options);
    if (options->dump != NULL && !memory_dump(options->dump))
        puts("no dump");
    if (num_hellos > 1)
        puts("retried");
    if (is_accepted)
        puts("accepted");
    else
        printf("refused: %s\n", why_refused(options));
    if (is_accepted)
        SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
    return is_accepted ? 0 : 1;
}

static bool read_options(int argc, char **argv, struct options *options)
{
    const struct option known[] = {
        {"connect", required_argument, NULL, 'c'},
        {"name", required_argument, NULL, 'n'},
        {"cert", required_argument, NULL, 'e'},
        {"key", required_argument, NULL, 'k'},
        {"ca", required_argument, NULL, 'a'},
        {"groups", required_argument, NULL, 'g'},
        {"weak-attester", required_argument, NULL, 't'},
        {"weak-policy", required_argument, NULL, 'p'},
        {"dump", required_argument, NULL, 'd'},
        {"ask", no_argument, NULL, 's'},
        {NULL, 0, NULL, 0}};
    int key;

    *options = (struct options){0};
    options->is_server = argc > 1 && strcmp(argv[1], "server") == 0;
    while ((key = getopt_long(argc - 1, argv + 1, "", known, NULL)) != -1) {
        switch (key) {
        case 'c':
            options->connect = optarg;
            break;
        case 'n':
            options->name = optarg;
            break;
        case 'e':
            options->cert = optarg;
            break;
        case 'k':
            options->key = optarg;
            break;
        case 'a':
            options->ca = optarg;
            break;
        case 'g':
            options->groups = optarg;
            break;
        case 't':
            options->weak.attester = optarg;
            break;
        case 'p':
            options->weak.policy = optarg;
            break;
        case 'd':
            options->dump = optarg;
            break;
        case 's':
            options->is_asking = true;
            break;
        default:
            return false;
        }
    }
    return options->ca != NULL &&
           (options->is_server || options->connect != NULL);
}

int main(int argc, char **argv)
{
    struct options options;
    SSL_CTX *ctx;
    int status = 1;

    if (!read_options(argc, argv, &options)) {
        fprintf(stderr, "usage: see the head of endpoint.c\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    ctx = SSL_CTX_new(options.is_server ? TLS_server_method()
                                        : TLS_client_method());
    if (ctx != NULL && set_up(ctx, &options))
        status = run(ctx, &options);
    else
        ERR_print_errors_fp(stderr);
    SSL_CTX_free(ctx);
    return status;
}
