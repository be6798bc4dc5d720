/* SPDX-License-Identifier: Apache-2.0
 *
 * Names follow RFC 9525, 6.3, with the wildcard held to one whole leftmost
 * label.
 */
#include "name.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

struct address {
    int family; /* 0: not an address */
    uint8_t bytes[16];
};

static struct address address_of(const char *name)
{
    struct address address = {0};

    if (inet_pton(AF_INET, name, address.bytes) == 1)
        address.family = AF_INET;
    else if (inet_pton(AF_INET6, name, address.bytes) == 1)
        address.family = AF_INET6;
    return address;
}

/* A port, or brackets around an address, would match no name ever. */
bool atls_name_is_pattern(const char *text)
{
    const char *host = strncmp(text, "*.", 2) == 0 ? text + 2 : text;

    if (address_of(text).family != 0)
        return true;
    if (host[0] == '\0' || host[0] == '.' || strstr(host, "..") != NULL)
        return false;
    for (; *host != '\0'; host++)
        if (*host <= ' ' || *host >= 0x7f || strchr("*/:[]%", *host) != NULL)
            return false;
    return true;
}

/* ASCII only: a locale must not decide who a peer is. */
static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The root's dot at the end of a name is not part of it. */
static size_t host_len(const char *name)
{
    size_t len = strlen(name);

    return len > 1 && name[len - 1] == '.' ? len - 1 : len;
}

static bool same_host(const char *a, size_t a_len, const char *b, size_t b_len)
{
    if (a_len != b_len)
        return false;
    for (size_t i = 0; i < a_len; i++)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

bool atls_name_matches(const char *pattern, const char *name)
{
    struct address address = address_of(name), wanted = address_of(pattern);
    const char *dot = strchr(name, '.');
    size_t len = host_len(name);

    if (address.family != 0 || wanted.family != 0)
        return memcmp(&address, &wanted, sizeof(address)) == 0;
    if (strncmp(pattern, "*.", 2) != 0)
        return same_host(pattern, host_len(pattern), name, len);
    if (dot == NULL || dot == name)
        return false;
    return same_host(pattern + 1, host_len(pattern) - 1, dot,
                     len - (size_t)(dot - name));
}
