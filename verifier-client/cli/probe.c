/* SPDX-License-Identifier: Apache-2.0
 *
 * atls probe: a client that offers attestation, without the module: it speaks
 * the extension of doc/protocol.md from the outside and recomputes the binder
 * from its own key log. A relying party's eye on a server, never an attester.
 */
#include "cli/command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base64url.h"
#include "bearer.h"
#include "cli/connect.h"
#include "cli/describe.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cmw.h"
#include "binder.h"
#include "ext/extension.h"
#include "ext/wire.h"
#include "format.h"
#include "spki.h"

static const char help[] =
    "usage: atls probe [OPTION]... HOST:PORT\n"
    "\n"
    "Connects, offers to appraise the server, and reports what it did: TLS\n"
    "version, whether it attested, with what Evidence, and whether that is "
    "bound\n"
    "to this very connection. Needs no openssl.cnf.\n"
    "\n"
    "  --name NAME        in SNI, for --cafile and for the policy's rules\n"
    "                     (default: HOST, unless it is an address)\n"
    "  --policy FILE      appraise the Evidence too\n"
    "  --cafile FILE      verify the certificate too\n"
    "  --starttls PROTO   postgres, smtp or imap\n"
    "  --timeout SECONDS  for everything (default 10)\n"
    "  --json             the report as a JSON object\n"
    "  --help             this\n"
    "\n"
    "Evidence in the certificate of a server that does not answer is shown, "
    "and\n"
    "counts where the policy's rule for it has \"bearer\", with --cafile.\n"
    "\n"
    "Exit status: 0 attested, bound, and accepted where --policy or --cafile\n"
    "asked; 1 not so; 2 no connection, or bad usage.\n";

ATLS_AUTO_FREE(SSL_CTX, SSL_CTX_free)
ATLS_AUTO_FREE(SSL, SSL_free)

struct probe {
    /* asked for */
    const char *policy_path, *cafile, *name, *starttls, *timeout;
    struct atls_target target;
    struct atls_policy *policy;
    struct atls_wire_hello hello;
    int64_t deadline_ms;
    /* seen */
    struct atls_buf message; /* what hello is written into */
    struct atls_secret secret;
    struct atls_buf scheme; /* EncryptedExtensions' extension, as it came */
    struct atls_buf cmw;
    X509 *leaf;
    bool is_asked, is_finished;
    struct atls_why why; /* what the server did wrong, or why it ended */
};

static struct probe *probe_new(void)
{
    struct probe *probe = calloc(1, sizeof(*probe));

    if (probe == NULL)
        return NULL;
    probe->timeout = "10";
    probe->message = atls_buf(ATLS_WIRE_MAX_HELLO);
    probe->scheme = atls_buf(UINT16_MAX);
    probe->cmw = atls_buf(ATLS_CMW_MAX);
    return probe;
}

static void probe_free(struct probe **pointer)
{
    struct probe *probe = *pointer;

    if (probe == NULL)
        return;
    atls_policy_free(probe->policy);
    atls_buf_clear(&probe->message);
    atls_secret_clear(&probe->secret);
    atls_buf_clear(&probe->scheme);
    atls_buf_clear(&probe->cmw);
    X509_free(probe->leaf);
    free(probe);
}

/* Several formats may travel in one type. */
static void add_type(struct atls_schemes *schemes, const char *spelling)
{
    struct atls_scheme scheme;
    struct atls_type type;

    if (!atls_type_parse(atls_view_text(spelling), &type))
        return;
    scheme = atls_scheme_of_type(type);
    atls_schemes_add(schemes, &scheme);
}

/* Evidence for this very connection alone: a delegate's says less. */
static void keep_direct(struct atls_schemes *offer)
{
    struct atls_schemes all = *offer;

    offer->num = 0;
    for (size_t i = 0; i < all.num; i++)
        if (atls_scheme_is_direct(&all.list[i]))
            atls_schemes_add(offer, &all.list[i]);
}

/* What we can appraise: what the policy takes from this server, else every
 * format's types. A server that requires attestation of its clients answers
 * only those who offer some (missing_extension, else); so the same list is
 * offered as ours, and such a server refuses us after it has shown what it
 * is. */
static void fill_offer(struct probe *probe)
{
    const struct atls_peer peer = {ATLS_ROLE_SERVER, probe->name, NULL};
    struct atls_schemes *offer = &probe->hello.server;

    if (probe->policy != NULL)
        offer->num = atls_policy_schemes(probe->policy, &peer, offer->list,
                                         ATLS_WIRE_MAX_SCHEMES);
    keep_direct(offer);
    if (offer->num > 0) /* an empty list would be no offer */
        return;
    for (size_t i = 0; atls_formats[i] != NULL; i++)
        for (const char *const *t = atls_formats[i]->types; *t != NULL; t++)
            add_type(offer, *t);
}

static int put_hello(SSL *ssl, unsigned type, unsigned context,
                     const unsigned char **out, size_t *out_len, X509 *x,
                     size_t index, int *alert, void *arg)
{
    struct probe *probe = arg;

    (void)ssl, (void)type, (void)x, (void)index;
    *alert = SSL_AD_INTERNAL_ERROR;
    if (context != SSL_EXT_CLIENT_HELLO)
        return 0;
    atls_buf_clear(&probe->message);
    atls_wire_put_hello(&probe->message, &probe->hello);
    *out = probe->message.data;
    *out_len = probe->message.len;
    return probe->message.failed ? -1 : 1;
}

static void take_certificate(struct probe *probe, struct atls_view bytes,
                             X509 *leaf, size_t index)
{
    struct atls_view cmw;

    if (index != 0) {
        atls_why(&probe->why, ATLS_EVIDENCE_WRONG_ENTRY, NULL);
        return;
    }
    if (atls_wire_read_certificate(bytes, &cmw, &probe->why) != ATLS_OK)
        return;
    atls_buf_put(&probe->cmw, cmw);
    if (leaf != NULL && X509_up_ref(leaf))
        probe->leaf = leaf;
}

/* Whatever it holds is reported, so the handshake goes on. */
static int take(SSL *ssl, unsigned type, unsigned context,
                const unsigned char *in, size_t len, X509 *x, size_t index,
                int *alert, void *arg)
{
    struct probe *probe = arg;

    (void)ssl, (void)type;
    *alert = SSL_AD_INTERNAL_ERROR;
    if (context == SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS)
        atls_buf_put(&probe->scheme, atls_view(in, len));
    else if (context == SSL_EXT_TLS1_3_CERTIFICATE)
        take_certificate(probe, atls_view(in, len), x, index);
    else if (context == SSL_EXT_TLS1_3_CERTIFICATE_REQUEST)
        probe->is_asked = true;
    else if (context == SSL_EXT_TLS1_3_NEW_SESSION_TICKET)
        atls_why(&probe->why, ATLS_EXTENSION_IN_TICKET, NULL);
    return 1;
}

static struct probe *probe_of(const SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

/* NSS key log: "SERVER_HANDSHAKE_TRAFFIC_SECRET <client random> <secret>" */
static void take_key_log(const SSL *ssl, const char *line)
{
    static const char label[] = "SERVER_HANDSHAKE_TRAFFIC_SECRET ";
    const char *hex = strrchr(line, ' ');
    struct probe *probe = probe_of(ssl);
    ATLS_AUTO_BUF secret = atls_buf(64);

    if (strncmp(line, label, sizeof(label) - 1) != 0 || hex == NULL ||
        !atls_hex_decode(atls_view_text(hex + 1), &secret))
        return;
    if (atls_binder_server_secret(atls_buf_view(&secret), &probe->secret,
                                  &probe->why) != ATLS_OK)
        atls_secret_clear(&probe->secret);
}

static SSL_CTX *new_context(struct probe *probe, struct atls_why *why)
{
    const unsigned contexts =
        SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS |
        SSL_EXT_TLS1_3_CERTIFICATE_REQUEST | SSL_EXT_TLS1_3_CERTIFICATE |
        SSL_EXT_TLS1_3_NEW_SESSION_TICKET | SSL_EXT_TLS1_3_ONLY;
    ATLS_AUTO(SSL_CTX) *ctx = SSL_CTX_new(TLS_client_method());

    if (ctx == NULL ||
        !SSL_CTX_add_custom_ext(ctx, ATLS_EXTENSION_BOUND, contexts, put_hello,
                                NULL, probe, take, probe)) {
        atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
        return NULL;
    }
    SSL_CTX_set_keylog_callback(ctx, take_key_log);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    if (probe->cafile != NULL &&
        !SSL_CTX_load_verify_file(ctx, probe->cafile)) {
        atls_why(why, ATLS_FILE_UNREADABLE, "%s: want PEM certificates",
                 probe->cafile);
        return NULL;
    }
    return ATLS_STEAL(ctx);
}

static SSL *new_connection(struct probe *probe, SSL_CTX *ctx, int fd)
{
    ATLS_AUTO(SSL) *ssl = SSL_new(ctx);

    if (ssl == NULL || !SSL_set_app_data(ssl, probe) || !SSL_set_fd(ssl, fd))
        return NULL;
    if (probe->name != NULL) {
        SSL_set_tlsext_host_name(ssl, probe->name);
        SSL_set1_host(ssl, probe->name);
    } else {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), probe->target.host);
    }
    return ATLS_STEAL(ssl);
}

static void handshake(struct probe *probe, SSL *ssl, int fd)
{
    int result, wants;
    bool in_time = true;

    do {
        result = SSL_connect(ssl);
        wants = SSL_get_error(ssl, result);
        if (wants == SSL_ERROR_WANT_READ || wants == SSL_ERROR_WANT_WRITE)
            in_time = atls_connect_wait(fd, wants == SSL_ERROR_WANT_WRITE,
                                        probe->deadline_ms);
    } while (in_time && result <= 0 &&
             (wants == SSL_ERROR_WANT_READ || wants == SSL_ERROR_WANT_WRITE));
    probe->is_finished = result == 1;
    if (result != 1 && !in_time)
        atls_why(&probe->why, ATLS_ABANDONED, "the server took too long");
    else if (result != 1)
        atls_why(&probe->why, ATLS_ABANDONED, "the handshake failed: %s",
                 ERR_peek_error() != 0
                     ? ERR_reason_error_string(ERR_peek_error())
                     : "the server closed the connection");
    ERR_clear_error();
}

static void describe_offer(const struct probe *probe, json_t *report)
{
    json_t *offered = json_array();
    char text[ATLS_TYPE_MAX_TEXT + 1];

    for (size_t i = 0; i < probe->hello.server.num; i++) {
        atls_scheme_text(&probe->hello.server.list[i], text, sizeof(text));
        json_array_append_new(offered, json_string(text));
    }
    atls_output_add(report, "offered", offered);
}

static bool describe_certificate(const struct probe *probe, SSL *ssl,
                                 json_t *report)
{
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    long verdict = SSL_get_verify_result(ssl);
    char subject[256];

    if (leaf == NULL)
        return false;
    X509_NAME_oneline(X509_get_subject_name(leaf), subject, sizeof(subject));
    atls_output_set(report, "certificate", "%s", subject);
    if (probe->cafile == NULL) {
        atls_output_set(report, "certificate_trusted",
                        "not checked: --cafile was not given");
        return true;
    }
    atls_output_add(report, "is_certificate_trusted",
                    json_boolean(verdict == X509_V_OK));
    if (verdict != X509_V_OK)
        atls_output_set(report, "certificate_problem", "%s",
                        X509_verify_cert_error_string(verdict));
    return verdict == X509_V_OK;
}

/* The agreed scheme, if the server chose one that we offered. */
static const struct atls_scheme *find_scheme(struct probe *probe)
{
    struct atls_scheme scheme;
    int found;

    if (probe->scheme.len == 0 ||
        atls_wire_read_encrypted_extensions(atls_buf_view(&probe->scheme),
                                            &scheme, &probe->why) != ATLS_OK)
        return NULL;
    found = atls_schemes_find(&probe->hello.server, &scheme);
    if (found >= 0)
        return &probe->hello.server.list[found];
    atls_why(&probe->why, ATLS_SCHEME_NOT_OFFERED, NULL);
    return NULL;
}

static bool is_bound(struct probe *probe, const struct atls_evidence *evidence)
{
    struct atls_secret binder = {.len = 0};
    bool is_equal =
        probe->leaf != NULL &&
        atls_binder_make_for(&probe->secret, probe->leaf, &binder,
                             &probe->why) == ATLS_OK &&
        atls_evidence_nonce_equal(evidence, atls_secret_view(&binder));

    atls_secret_clear(&binder);
    if (!is_equal)
        atls_why(&probe->why, ATLS_BINDER_MISMATCH, NULL);
    return is_equal;
}

/* NULL: none matches, and why says so. */
static const struct atls_rule *rule_of(struct probe *probe, SSL *ssl)
{
    struct atls_peer peer = {ATLS_ROLE_SERVER, probe->name, NULL};
    const struct atls_rule *rule;

    if (probe->name == NULL)
        peer.name = probe->target.host;
    if (SSL_get_verify_result(ssl) == X509_V_OK && probe->cafile != NULL)
        peer.chain = SSL_get0_verified_chain(ssl);
    rule = atls_policy_match(probe->policy, &peer);
    if (rule == NULL)
        atls_why(&probe->why, ATLS_RULE_MISSING, NULL);
    return rule;
}

static bool appraise(struct probe *probe, SSL *ssl,
                     const struct atls_evidence *evidence, json_t *report)
{
    struct atls_terms terms = {.policy = probe->policy,
                               .now = (int64_t)time(NULL),
                               .rule = rule_of(probe, ssl)};
    ATLS_AUTO_BUF tik = atls_buf(ATLS_SPKI_MAX);
    struct atls_verdict verdict;

    if (terms.rule == NULL)
        return false;
    if (atls_spki_put(&tik, SSL_get0_peer_certificate(ssl), &probe->why) !=
        ATLS_OK)
        return false;
    terms.tik = atls_buf_view(&tik);
    atls_evidence_appraise(evidence, &terms, &verdict);
    atls_describe_verdict(report, &verdict);
    return verdict.reason == ATLS_OK;
}

/* By the rules of handshakes: its rule says so, and the chain is good. */
static enum atls_reason take_bearer(struct probe *probe, SSL *ssl, X509 *leaf,
                                    struct atls_evidence **out)
{
    const struct atls_rule *rule =
        probe->policy != NULL ? rule_of(probe, ssl) : NULL;

    *out = NULL;
    if (rule == NULL || !atls_rule_takes_bearer(rule))
        return atls_why(&probe->why, ATLS_NOT_ANSWERED,
                        "the server did not answer the offer; its certificate "
                        "bears Evidence, which only a rule with \"bearer\" "
                        "takes");
    if (probe->cafile == NULL || SSL_get_verify_result(ssl) != X509_V_OK)
        return atls_why(&probe->why, ATLS_CERTIFICATE_UNTRUSTED,
                        "want a certificate that --cafile vouches for, as it "
                        "bears the Evidence");
    return atls_bearer_take(leaf, rule, (int64_t)time(NULL), out, &probe->why);
}

/* Of a server that did not answer. */
static bool describe_borne(struct probe *probe, SSL *ssl, X509 *leaf,
                           json_t *report)
{
    struct atls_evidence *evidence = NULL;
    struct atls_view cmw;
    bool is_known, is_good = false;

    atls_output_set(report, "binding", "certificate");
    if (atls_bearer_read(leaf, &cmw, &probe->why) != ATLS_OK)
        return false;
    atls_output_add(report, "evidence", atls_describe_input(cmw, &is_known));
    if (take_bearer(probe, ssl, leaf, &evidence) == ATLS_OK)
        is_good = appraise(probe, ssl, evidence, report);
    atls_evidence_free(evidence);
    return is_good;
}

static bool describe_evidence(struct probe *probe, SSL *ssl, json_t *report)
{
    struct atls_evidence *evidence = NULL;
    struct atls_view cmw = atls_buf_view(&probe->cmw);
    const struct atls_scheme *scheme = find_scheme(probe);
    bool is_known, is_good;

    atls_output_add(report, "evidence", atls_describe_input(cmw, &is_known));
    is_good = scheme != NULL &&
              atls_evidence_parse(cmw, &scheme->type, &evidence, &probe->why) ==
                  ATLS_OK;
    is_good = is_good && is_bound(probe, evidence);
    atls_output_add(report, "is_bound", json_boolean(is_good));
    if (is_good && probe->policy != NULL)
        is_good = appraise(probe, ssl, evidence, report);
    atls_evidence_free(evidence);
    return is_good;
}

static void describe_answer(struct probe *probe, SSL *ssl, json_t *report)
{
    const struct atls_scheme *scheme = find_scheme(probe);
    char text[ATLS_TYPE_MAX_TEXT + 1];

    if (scheme != NULL) {
        atls_scheme_text(scheme, text, sizeof(text));
        atls_output_set(report, "chosen", "%s", text);
    } else if (SSL_version(ssl) < TLS1_3_VERSION) {
        atls_output_set(report, "chosen", "nothing: attestation needs TLS 1.3");
    } else {
        atls_output_set(report, "chosen",
                        "nothing: the server did not answer the offer");
    }
    if (probe->is_asked)
        atls_output_set(report, "asked",
                        "the server wants the client to attest too");
}

static bool describe(struct probe *probe, SSL *ssl, json_t *report)
{
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    bool is_trusted, is_good = false;

    atls_output_set(report, "server", "%s:%s", probe->target.host,
                    probe->target.port);
    if (probe->name != NULL)
        atls_output_set(report, "name", "%s", probe->name);
    describe_offer(probe, report);
    if (SSL_get_current_cipher(ssl) != NULL) {
        atls_output_set(report, "tls", "%s", SSL_get_version(ssl));
        atls_output_set(report, "cipher", "%s", SSL_get_cipher_name(ssl));
        describe_answer(probe, ssl, report);
    }
    is_trusted = describe_certificate(probe, ssl, report);
    if (probe->cmw.len > 0)
        is_good = describe_evidence(probe, ssl, report);
    else if (probe->is_finished && probe->scheme.len == 0 && !probe->is_asked &&
             leaf != NULL && atls_bearer_is(leaf))
        is_good = describe_borne(probe, ssl, leaf, report);
    else if (probe->is_finished)
        atls_why(&probe->why,
                 probe->scheme.len > 0 ? ATLS_EVIDENCE_MISSING
                                       : ATLS_NOT_ANSWERED,
                 "want Evidence, the server %s; see atls doctor there",
                 probe->scheme.len > 0 ? "agreed to attest and sent none"
                                       : "did not answer the offer");
    is_good = is_good && is_trusted && probe->is_finished;
    atls_output_add(report, "is_attested", json_boolean(is_good));
    if (probe->why.reason != ATLS_OK) {
        atls_output_set(report, "problem", "%s",
                        atls_reason_name(probe->why.reason));
        atls_output_set(report, "text", "%s", probe->why.text);
    }
    return is_good;
}

static int run(struct probe *probe, int fd, bool as_json)
{
    ATLS_AUTO(SSL_CTX) *ctx = new_context(probe, &probe->why);
    ATLS_AUTO(SSL) *ssl = NULL;
    ATLS_AUTO(json_t) *report = json_object();
    bool is_good;

    if (ctx != NULL)
        ssl = new_connection(probe, ctx, fd);
    if (ssl == NULL) {
        atls_why(&probe->why, ATLS_OUT_OF_MEMORY, NULL);
        return atls_usage_failed("probe", &probe->why);
    }
    handshake(probe, ssl, fd);
    is_good = describe(probe, ssl, report);
    if (probe->is_finished)
        SSL_shutdown(ssl);
    return atls_output_print(report, as_json,
                             is_good ? ATLS_EXIT_YES : ATLS_EXIT_NO);
}

static int prepare(struct probe *probe, const char *operand, int *fd)
{
    char *end;
    unsigned long seconds = strtoul(probe->timeout, &end, 10);

    if (!atls_target_parse(operand, &probe->target))
        return atls_usage_wrong(
            "probe", "want HOST:PORT or [ADDRESS]:PORT, found \"%s\"", operand);
    if (*probe->timeout < '0' || *probe->timeout > '9' || *end != '\0' ||
        seconds == 0 || seconds > 600)
        return atls_usage_wrong("probe",
                                "--timeout: want 1 to 600 seconds, found "
                                "\"%s\"",
                                probe->timeout);
    if (probe->name == NULL && !probe->target.is_address)
        probe->name = probe->target.host;
    if (probe->policy_path != NULL &&
        atls_policy_read(probe->policy_path, NULL, NULL, &probe->policy,
                         &probe->why) != ATLS_OK)
        return atls_usage_failed("probe", &probe->why);
    fill_offer(probe);
    probe->hello.client = probe->hello.server;
    probe->deadline_ms = atls_connect_deadline((unsigned)seconds);
    *fd = atls_connect_open(&probe->target, probe->deadline_ms, &probe->why);
    if (*fd >= 0 && probe->starttls != NULL &&
        atls_connect_start_tls(*fd, probe->starttls, probe->deadline_ms,
                               &probe->why) != ATLS_OK)
        return atls_usage_failed("probe", &probe->why);
    return *fd >= 0 ? -1 : atls_usage_failed("probe", &probe->why);
}

int atls_command_probe(int argc, char **argv)
{
    bool as_json = false;
    __attribute__((cleanup(probe_free))) struct probe *probe = probe_new();
    const struct atls_usage usage = {"probe", help, 1, 1};
    int fd = -1, status;

    if (probe == NULL)
        return ATLS_EXIT_USAGE;
    const struct atls_option options[] = {
        {"name", NULL, &probe->name, NULL},
        {"policy", NULL, &probe->policy_path, NULL},
        {"cafile", NULL, &probe->cafile, NULL},
        {"starttls", NULL, &probe->starttls, NULL},
        {"timeout", NULL, &probe->timeout, NULL},
        {"json", &as_json, NULL, NULL},
        {0}};
    status = atls_options_read(&usage, options, argc, argv);
    if (status < 0)
        status = prepare(probe, argv[optind], &fd);
    if (status < 0)
        status = run(probe, fd, as_json);
    if (fd >= 0)
        close(fd);
    return status;
}
