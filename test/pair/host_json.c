/* SPDX-License-Identifier: Apache-2.0
 *
 * A host that exports a json_object_get of its own, as programs with a JSON
 * library inside do. atls must not call into it: loading fails and names it.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

__attribute__((visibility("default"))) void *json_object_get(void *object);

void *json_object_get(void *object)
{
    return object; /* json-c's: one more reference */
}

int main(void)
{
    static char text[8192];
    const char *data, *sentence;
    size_t at = 0;
    unsigned long error;
    int is_told = 0; /* the reason HOST_CONFLICT */
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    while (at < sizeof(text) &&
           (error = ERR_get_error_all(NULL, NULL, NULL, &data, NULL)) != 0) {
        sentence = ERR_reason_error_string(error);
        is_told |= sentence != NULL &&
                   strcmp(sentence, "the program overrides a library that "
                                    "atls needs") == 0;
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s\n", data);
    }
    printf("%s", text);
    return ctx == NULL && is_told && strstr(text, "json_object_get") != NULL
               ? 0
               : 1;
}
