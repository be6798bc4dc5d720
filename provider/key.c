/* SPDX-License-Identifier: Apache-2.0
 *
 * Attester keys.
 */
#include "provider/key.h"

#include <string.h>

static bool is_listed(const char *const *list, const char *word)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, word) == 0)
            return true;
    return false;
}

static void join(const char *const *list, char *text, size_t size)
{
    text[0] = '\0';
    for (; *list != NULL; list++) {
        if (text[0] != '\0')
            strncat(text, ", ", size - strlen(text) - 1);
        strncat(text, *list, size - strlen(text) - 1);
    }
}

static enum atls_reason check_options(const struct atls_attester *attester,
                                      const struct atls_uri *uri,
                                      struct atls_why *why)
{
    char known[128];

    for (unsigned i = 0; i < uri->num_options; i++) {
        if (is_listed(attester->options, uri->options[i].key))
            continue;
        join(attester->options, known, sizeof(known));
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "attest:%s has no option \"%s\"; it has %s",
                        attester->name, uri->options[i].key, known);
    }
    return ATLS_OK;
}

enum atls_reason atls_key_new(const struct atls_provider *provider,
                              const struct atls_attester *attester,
                              const struct atls_uri *uri, const char *text,
                              struct atls_key **out, struct atls_why *why)
{
    enum atls_reason reason = check_options(attester, uri, why);
    struct atls_key *key;

    if (reason != ATLS_OK)
        return reason;
    key = calloc(1, sizeof(*key));
    if (key == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    key->provider = provider;
    key->attester = attester;
    atomic_init(&key->references, 1);
    key->uri = strdup(text);
    reason = key->uri == NULL
                 ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL)
                 : attester->check(provider->libctx, uri, &key->state, why);
    if (reason == ATLS_OK)
        *out = ATLS_STEAL(key);
    atls_key_free(key);
    return reason;
}

const char *atls_key_formats(const struct atls_key *key)
{
    return key->attester->formats != NULL
               ? key->attester->formats
               : key->attester->made_formats(key->state);
}

size_t atls_key_max_size(const struct atls_key *key)
{
    return key->attester->longest != NULL ? key->attester->longest(key->state)
                                          : key->attester->max_size;
}

enum atls_reason atls_key_public(const struct atls_key *key,
                                 struct atls_buf *spki, struct atls_why *why)
{
    if (key->attester->public_key != NULL)
        return key->attester->public_key(key->state, spki, why);
    return atls_why(why, ATLS_ATTESTER_KEY,
                    "attest:%s has none to show: certificates vouch for the "
                    "key that signs, and their root is the trust anchor",
                    key->attester->name);
}

struct atls_key *atls_key_up_ref(struct atls_key *key)
{
    atomic_fetch_add_explicit(&key->references, 1, memory_order_relaxed);
    return key;
}

void atls_key_free(struct atls_key *key)
{
    if (key == NULL || atomic_fetch_sub_explicit(&key->references, 1,
                                                 memory_order_acq_rel) != 1)
        return;
    if (key->state != NULL)
        key->attester->free(key->state);
    free(key->uri);
    free(key);
}
