/* SPDX-License-Identifier: Apache-2.0
 *
 * A client and a server in one process over memory, both hooked by the real
 * atls_ext.so that an openssl.cnf loads. Each test is a process of its own
 * (Check forks): it says what the configuration is, and only then touches
 * OpenSSL for the first time, as an application would.
 *
 *     pair_setup(&(struct pair_config){.attester = "soft.key",
 *                                      .require = "server"});
 *     pair_new(&pair, NULL, NULL);
 *     pair_handshake(&pair);
 *     pair_accepted(&pair);
 */
#ifndef ATLS_TEST_PAIR_H
#define ATLS_TEST_PAIR_H

#include <stdbool.h>

#include <jansson.h>
#include <openssl/ssl.h>

#include "bytes.h"
#include "../check_main.h"

enum {
    PAIR_NO_ALERT = -1,  /* none went over the wire */
    PAIR_ANY_ALERT = -2, /* not looked at */
    PAIR_MAX_DATA = 4096 /* bytes that a side keeps of what it read */
};

/* The profile "dev" takes soft.key and the lifecycle that attest:soft states;
 * it is what PAIR_RULES is put after. */
#define PAIR_DEV                                                               \
    "\"dev\":{\"format\":\"psa\",\"trust_anchors\":[\"../soft.pem\"],"         \
    "\"lifecycle\":[\"assembly_and_test\"],\"any\":true}"
#define PAIR_RULES(rules) "{\"profiles\":{" PAIR_DEV "},\"rules\":[" rules "]}"
/* Of several attesters: host has soft.key, device other.key. */
#define PAIR_MEMBER(anchor)                                                    \
    "{\"format\":\"psa\",\"trust_anchors\":[\"../" anchor "\"],"               \
    "\"lifecycle\":[\"assembly_and_test\"],\"any\":true}"
#define PAIR_COMPOSITE_OF(keys, host, device)                                  \
    "{\"profiles\":{\"both\":{\"format\":\"composite\"," keys "},"             \
    "\"h\":" host ",\"d\":" device "},\"rules\":[{\"accept\":[\"both\"]}]}"
#define PAIR_MEMBERS "\"members\":{\"host\":\"h\",\"device\":\"d\"}"
#define PAIR_COMPOSITE                                                         \
    PAIR_COMPOSITE_OF(PAIR_MEMBERS, PAIR_MEMBER("soft.pem"),                   \
                      PAIR_MEMBER("other.pem"))
#define PAIR_POLICY PAIR_RULES("{\"accept\":[\"dev\"]}")

struct pair_config {
    const char *attester; /* a key file, "soft.key"; NULL: none */
    bool several;         /* instead of it, host and device; provider, scheme
                             and options are the device's */
    const char *claims;   /* JSON for attest:soft; NULL: its own */
    const char *provider; /* another one of test/provider; NULL: none */
    const char *scheme;   /* of the URI before the key; NULL: attest:soft's */
    const char *options;  /* of the URI after the key */
    const char *require;  /* NULL: none */
    const char *policy;   /* JSON; NULL: PAIR_POLICY; "": no policy */
    const char *extra;    /* more lines of the module's section */
    bool is_stubbed;      /* remote_stub.so is in place of atls_remote.so, for
                             verifier_stub */
};

/* pair_setup: writes openssl.cnf, policy.json and the rest into a new folder,
 * and points OPENSSL_CONF there. */
void pair_setup(const struct pair_config *config);
/* pair_path: a file of the test's folder. Static, good for eight calls. */
const char *pair_path(const char *name);
/* pair_build_path: a file of the build tree. */
const char *pair_build_path(const char *name);
void pair_write_file(const char *name, const char *text);
/* pair_setup_raw: the same with the whole text of openssl.cnf. */
void pair_setup_raw(const char *text);

struct pair_side {
    const char *role; /* "client", "server": as the log names it */
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out;
    bool is_done, is_failed;
    int sent_alert, received_alert; /* descriptions, or PAIR_NO_ALERT */
    size_t num_handshake_bytes;     /* written by it */
    char errors[2048];              /* of the error queue when it failed */
    char data[PAIR_MAX_DATA];       /* application data that it read */
    size_t data_len;
};

struct pair;
/* Sees, and may change, what one side has written before the other reads. */
typedef void pair_tap_fn(struct pair *pair, struct pair_side *from,
                         struct atls_buf *bytes);

struct pair {
    struct pair_side client, server;
    pair_tap_fn *tap; /* NULL: none */
    void *tap_arg;
};

/* Contexts as an application makes them: certificates, the CA, a client that
 * verifies, a server that asks for nothing. */
SSL_CTX *pair_client_ctx(void);
SSL_CTX *pair_server_ctx(void);
SSL_CTX *pair_ctx(const SSL_METHOD *method, bool is_server);
/* The same in a process without the module, as far as libssl can tell. */
SSL_CTX *pair_bare_client_ctx(void);
SSL_CTX *pair_bare_server_ctx(void);
void pair_use_identity(SSL_CTX *ctx, const char *name);
void pair_trust_ca(SSL_CTX *ctx);
void pair_ask_client(SSL_CTX *ctx); /* the server wants a certificate */

/* pair_new: takes the contexts; NULL: pair_client_ctx(), pair_server_ctx().
 * The client is to reach server.test. */
void pair_new(struct pair *pair, SSL_CTX *client, SSL_CTX *server);
/* pair_reconnect: new SSLs and the same contexts. */
void pair_reconnect(struct pair *pair);
/* pair_wire: forgets what happened and connects the two SSLs anew. */
void pair_wire(struct pair *pair);
/* pair_handshake: until neither side moves. */
void pair_handshake(struct pair *pair);
/* pair_drop: the SSLs are freed, the contexts stay. */
void pair_drop(struct pair *pair);
void pair_free(struct pair *pair);

/* pair_send: text goes through and arrives. */
void pair_send(struct pair *pair, struct pair_side *from, const char *text);

/* pair_accepted: both sides are done and data flows both ways. */
void pair_accepted(struct pair *pair);

/* pair_connect_at_once: PAIR_THREADS threads with pairs of their own connect
 * num_connections times each, one after the other, and are accepted. */
enum { PAIR_THREADS = 3 };
void pair_connect_at_once(SSL_CTX *client, SSL_CTX *server,
                          unsigned num_connections);

/* pair_refused: that side ended the handshake with that alert, and its error
 * queue and its log line name the reason. Frees the pair. */
void pair_refused(struct pair *pair, struct pair_side *side, int alert,
                  enum atls_reason reason);
/* pair_refused_in_log: the log line alone. */
void pair_refused_in_log(const char *role, int alert, enum atls_reason reason);

/* pair_log: the last handshake line of that role, NULL if there is none; a new
 * reference. pair_log_text: one string of it, "" if there is none; static. */
json_t *pair_log(const char *role);
const char *pair_log_text(const char *role, const char *key);
/* pair_log_lines: how many handshake lines there are; role NULL: of both. */
size_t pair_log_lines(const char *role);
/* pair_log_says: some line, of whatever kind, has these characters. */
bool pair_log_says(const char *text);
/* pair_log_count: how many lines have them. */
size_t pair_log_count(const char *text);

/* pair_quote: Evidence by the attester key for any nonce, appended. What a
 * machine can do that attests for everybody. */
void pair_quote(const char *key, struct atls_view nonce, struct atls_buf *cmw);

/* pair_add_row: the test for one row of a table, _i, under a name of its own.
 */
void pair_add_row(TCase *cases, const TTest *test, const char *sentence,
                  int row);

/* pair_add_skip: counted as skipped, with what is missing. */
void pair_add_skip(TCase *cases, const char *sentence, const char *missing);

/* pair_main: makes keys and certificates, runs the suite, cleans up. */
int pair_main(Suite *suite);

#endif
