/* SPDX-License-Identifier: Apache-2.0
 *
 * Asking the dynamic linker where our calls go. test/house compares the lists
 * with what the module really calls.
 */
#define _GNU_SOURCE /* dladdr */
#include "host.h"

#include <dlfcn.h>

#include <cbor/streaming.h>
#include <jansson.h>
#include <openssl/crypto.h>

struct function {
    const char *name;
    void (*address)(void);
};
#define FUNCTION(name)                                                         \
    {                                                                          \
#name, (void (*)(void))name                                            \
    }

static const struct function jansson[] = {
    FUNCTION(json_array),
    FUNCTION(json_array_append_new),
    FUNCTION(json_array_get),
    FUNCTION(json_array_size),
    FUNCTION(json_delete),
    FUNCTION(json_dumpb),
    FUNCTION(json_false),
    FUNCTION(json_integer),
    FUNCTION(json_integer_value),
    FUNCTION(json_loadb),
    FUNCTION(json_object_del),
    FUNCTION(json_object_get),
    FUNCTION(json_object_iter),
    FUNCTION(json_object_iter_key),
    FUNCTION(json_object_iter_next),
    FUNCTION(json_object_iter_value),
    FUNCTION(json_object_key_to_iter),
    FUNCTION(json_object_set_new),
    FUNCTION(json_object_size),
    FUNCTION(json_pack),
    FUNCTION(json_real),
    FUNCTION(json_real_value),
    FUNCTION(json_string),
    FUNCTION(json_string_length),
    FUNCTION(json_string_value),
    FUNCTION(json_stringn),
    FUNCTION(json_true),
};

static const struct function libcbor[] = {
    FUNCTION(cbor_stream_decode),
};

static const struct function libcrypto[] = {
    FUNCTION(CRYPTO_free),
};

static const char *name_of(const Dl_info *library)
{
    return library->dli_fname != NULL ? library->dli_fname : "the program";
}

/* Where `expected` is, must be every function. */
static enum atls_reason check(const void *expected, const char *what,
                              const struct function *functions, size_t num,
                              struct atls_why *why)
{
    Dl_info home, found;

    if (dladdr(expected, &home) == 0)
        return atls_why(why, ATLS_HOST_CONFLICT,
                        "%s: the dynamic linker does not know where it is",
                        what);
    for (size_t i = 0; i < num; i++)
        if (dladdr((const void *)functions[i].address, &found) == 0 ||
            found.dli_fbase != home.dli_fbase)
            return atls_why(why, ATLS_HOST_CONFLICT,
                            "%s: want every call to end in %s, but %s is taken "
                            "over by %s; this program cannot load atls",
                            what, name_of(&home), functions[i].name,
                            name_of(&found));
    return ATLS_OK;
}

#define CHECK(expected, what, list, why)                                       \
    check(expected, what, list, sizeof(list) / sizeof((list)[0]), why)

enum atls_reason atls_host_check(const void *caller, struct atls_why *why)
{
    enum atls_reason reason = CHECK(caller, "libcrypto", libcrypto, why);

    if (reason == ATLS_OK)
        reason =
            CHECK((const void *)jansson[0].address, "jansson", jansson, why);
    if (reason == ATLS_OK)
        reason =
            CHECK((const void *)libcbor[0].address, "libcbor", libcbor, why);
    return reason;
}
