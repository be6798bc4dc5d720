/* SPDX-License-Identifier: Apache-2.0
 *
 * One row a message, and what stands between its functions and libssl.
 */
#include "extension.h"

#include <errno.h>

#include <openssl/err.h>

#include "gate.h"
#include "hook.h"
#include "message.h"

/* NewSessionTicket carries nothing; building one is the server's last gate. */

static enum atls_reason put_ticket(struct atls_call *call, struct atls_why *why)
{
    return atls_gate_before_ticket(call->ssl, why);
}

static enum atls_reason take_ticket(struct atls_call *call,
                                    struct atls_why *why)
{
    (void)call;
    return atls_why(why, ATLS_EXTENSION_IN_TICKET, NULL);
}

static const struct message {
    unsigned context;
    atls_message_fn *put, *take;
} messages[] = {
    {SSL_EXT_CLIENT_HELLO, atls_put_client_hello, atls_take_client_hello},
    {SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS, atls_put_encrypted_extensions,
     atls_take_encrypted_extensions},
    {SSL_EXT_TLS1_3_CERTIFICATE_REQUEST, atls_put_certificate_request,
     atls_take_certificate_request},
    {SSL_EXT_TLS1_3_CERTIFICATE, atls_put_certificate, atls_take_certificate},
    {SSL_EXT_TLS1_3_NEW_SESSION_TICKET, put_ticket, take_ticket},
};
#define NUM_MESSAGES (sizeof(messages) / sizeof(messages[0]))

static const struct message *message_of(unsigned context)
{
    for (size_t i = 0; i < NUM_MESSAGES; i++)
        if (context & messages[i].context)
            return &messages[i];
    return NULL;
}

/* Between libssl and a message's function: the watchdog looks, errno and the
 * error queue stay as they were unless we refuse. Returns whether to go on;
 * *al is always set, as libssl may send it as it finds it. */
static bool run(struct atls_call *call, atls_message_fn *function, int *al)
{
    struct atls_why why = {0};
    int errno_before = errno;
    bool goes_on = true;

    *al = ATLS_ALERT_INTERNAL_ERROR;
    ERR_set_mark();
    atls_hook_reassert(call->ssl);
    function(call, &why);
    if (why.reason == ATLS_OK && call->out != NULL && call->out->failed)
        atls_why(&why, ATLS_OUT_OF_MEMORY, NULL);
    ERR_pop_to_mark();
    errno = errno_before;
    if (why.reason != ATLS_OK) {
        *al = (int)atls_reason_alert(why.reason);
        goes_on =
            !atls_gate_refuse(call->ssl, atls_connection_get0(call->ssl), &why);
        if (call->out != NULL)
            atls_buf_clear(call->out);
    }
    return goes_on;
}

static int add(SSL *ssl, unsigned type, unsigned context,
               const unsigned char **out, size_t *out_len, X509 *leaf,
               size_t entry, int *al, void *arg)
{
    const struct message *message = message_of(context);
    struct atls_buf buf = atls_buf(UINT16_MAX);
    struct atls_call call = {ssl, leaf, entry, &buf, {NULL, 0}};

    (void)type, (void)arg;
    if (message == NULL)
        return 0;
    if (!run(&call, message->put, al))
        return -1;
    *out = buf.data; /* freed in free_added */
    *out_len = buf.len;
    return buf.len > 0;
}

static void free_added(SSL *ssl, unsigned type, unsigned context,
                       const unsigned char *out, void *arg)
{
    (void)ssl, (void)type, (void)context, (void)arg;
    free((void *)(uintptr_t)out);
}

static int parse(SSL *ssl, unsigned type, unsigned context,
                 const unsigned char *in, size_t in_len, X509 *leaf,
                 size_t entry, int *al, void *arg)
{
    const struct message *message = message_of(context);
    struct atls_call call = {ssl, leaf, entry, NULL, {in, in_len}};

    (void)type, (void)arg;
    return message != NULL && run(&call, message->take, al);
}

bool atls_extension_install(SSL_CTX *ctx)
{
    unsigned context = SSL_EXT_TLS1_3_ONLY;

    for (size_t i = 0; i < NUM_MESSAGES; i++)
        context |= messages[i].context;
    return SSL_CTX_add_custom_ext(ctx, ATLS_EXTENSION_BOUND, context, add,
                                  free_added, NULL, parse, NULL) == 1;
}
