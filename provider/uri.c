/* SPDX-License-Identifier: Apache-2.0
 *
 * attest: URIs.
 */
#include "provider/uri.h"

#include <string.h>
#include <strings.h>

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* In place, as the decoded text is never longer. %00 would cut a C string. */
static bool percent_decode(char *text)
{
    char *to = text;
    int high, low;

    for (const char *from = text; *from != '\0'; from++) {
        if (*from != '%') {
            *to++ = *from;
            continue;
        }
        high = hex_value(from[1]);
        low = high < 0 ? -1 : hex_value(from[2]);
        if (low < 0 || (high == 0 && low == 0))
            return false;
        *to++ = (char)(high << 4 | low);
        from += 2;
    }
    *to = '\0';
    return true;
}

static enum atls_reason add_option(struct atls_uri *uri, char *text,
                                   struct atls_why *why)
{
    char *equals = strchr(text, '=');
    struct atls_uri_option option = {.key = text};

    if (equals == NULL || equals == text)
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "\"%s\": want key=value after the ?", text);
    *equals = '\0';
    option.value = equals + 1;
    if (!percent_decode(option.key) || !percent_decode(option.value))
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "option \"%s\": %% wants two hex digits, not 00",
                        option.key);
    if (atls_uri_option(uri, option.key) != NULL)
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "option \"%s\" stands there twice", option.key);
    if (uri->num_options == ATLS_URI_MAX_OPTIONS)
        return atls_why(why, ATLS_ATTESTER_OPTION, "more than %d options",
                        ATLS_URI_MAX_OPTIONS);
    uri->options[uri->num_options++] = option;
    return ATLS_OK;
}

static enum atls_reason split_options(struct atls_uri *uri, char *query,
                                      struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;
    char *next;

    for (; query != NULL && reason == ATLS_OK; query = next) {
        next = strchr(query, '&');
        if (next != NULL)
            *next++ = '\0';
        reason = add_option(uri, query, why);
    }
    return reason;
}

static enum atls_reason copy_text(const char *text, struct atls_uri *uri,
                                  struct atls_why *why)
{
    const size_t scheme_len = sizeof(ATLS_URI_SCHEME ":") - 1;

    if (strncasecmp(text, ATLS_URI_SCHEME ":", scheme_len) != 0)
        return atls_why(why, ATLS_ATTESTER_UNKNOWN,
                        "\"%s\": want a URI like attest:NAME", text);
    if (strlen(text) > ATLS_URI_MAX_TEXT)
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "the URI has %zu bytes; %d are allowed", strlen(text),
                        ATLS_URI_MAX_TEXT);
    text += scheme_len;
    uri->storage = strdup(strncmp(text, "//", 2) == 0 ? text + 2 : text);
    if (uri->storage == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return ATLS_OK;
}

enum atls_reason atls_uri_parse(const char *text, struct atls_uri *out,
                                struct atls_why *why)
{
    enum atls_reason reason;
    char *query;

    *out = (struct atls_uri){.name = ""};
    reason = copy_text(text, out, why);
    if (reason != ATLS_OK)
        return reason;
    query = strchr(out->storage, '?');
    if (query != NULL)
        *query++ = '\0';
    if (!percent_decode(out->storage))
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "name: %% wants two hex digits, not 00");
    out->name = out->storage;
    return split_options(out, query, why);
}

void atls_uri_clear(struct atls_uri *uri)
{
    free(uri->storage);
    *uri = (struct atls_uri){.name = ""};
}

const char *atls_uri_option(const struct atls_uri *uri, const char *key)
{
    for (unsigned i = 0; i < uri->num_options; i++)
        if (strcmp(uri->options[i].key, key) == 0)
            return uri->options[i].value;
    return NULL;
}
