/* SPDX-License-Identifier: Apache-2.0
 *
 * In place of atls_remote.so: keeps what is asked, and has the test answer.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "verifier.h"

extern struct remote_stub remote_stub;
extern const struct atls_remote_module atls_remote_module;

__attribute__((visibility("default"))) struct remote_stub remote_stub;

static struct atls_view keep(struct atls_view bytes, uint8_t *room, size_t size)
{
    size_t len = bytes.len < size ? bytes.len : size;

    if (len > 0)
        memcpy(room, bytes.data, len);
    return atls_view(room, len);
}

static enum atls_reason ask(const struct atls_remote_question *question,
                            struct atls_buf *result, struct atls_why *why)
{
    struct remote_stub *stub = &remote_stub;

    stub->num_asked++;
    snprintf(stub->verifier, sizeof(stub->verifier), "%s",
             question->verifier->name);
    atls_type_text(question->type, stub->type, sizeof(stub->type));
    stub->value =
        keep(question->value, stub->value_bytes, sizeof(stub->value_bytes));
    stub->nonce =
        keep(question->nonce, stub->nonce_bytes, sizeof(stub->nonce_bytes));
    stub->timeout_ns = question->timeout_ns;
    stub->left_ns = question->deadline_ns - atls_clock_now();
    return stub->answer(question, result, why);
}

__attribute__((visibility("default")))
const struct atls_remote_module atls_remote_module = {
    .version = ATLS_REMOTE_VERSION,
    .ask = ask,
};
