/* SPDX-License-Identifier: Apache-2.0
 *
 * The attester of every TEE where there is none: acme.c with the devices of
 * vendors.h.
 *
 *     forged:FORMAT?folder=DIR[&break=FLAW[&member=LABEL]]
 *
 * The folder is make_vendors's, the formats are those of vendors_evidence.c:
 * `snp`, `tdx` and so on, and `composite`, a collection of two. Flaws are
 * `binder`, `signature`, `debug` and `software`; in a collection all members
 * have it, or the one that is named.
 */
#include <stdlib.h>
#include <string.h>

#include "vendors.h"

struct acme_key;
static int forged_read(struct acme_key *key, const char *name, char *query);
static const char *forged_formats(const struct acme_key *key);
static void forged_free(struct acme_key *key);
static int forged_evidence(const struct acme_key *key,
                           const unsigned char *nonce, size_t nonce_len,
                           unsigned char *out, size_t *out_len);

#define ACME_SCHEME                  "forged"
#define ACME_TYPE                    "FORGED-TEE"
#define ACME_WANT                    "FORMAT?folder=DIR[&break=FLAW[&member=LABEL]]"
#define ACME_MAX_SIZE(key)           MAX_SIZE
#define ACME_SET_OPTIONS(key, query) ((query) == NULL)
#define ACME_FORMATS(key)            forged_formats(key)
#define ACME_READ                    forged_read
#define ACME_FREE(key)               forged_free(key)
#define ACME_EVIDENCE                forged_evidence

enum { MAX_SIZE = 16384 };

#include "acme.c"

struct device {
    const struct vendors_format *format;
    struct vendors vendors;
    char folder[1024], flaw[16], member[16];
};

static int set_option(struct device *device, const char *option)
{
    const struct {
        const char *name;
        char *value;
        size_t size;
    } options[] = {{"folder=", device->folder, sizeof(device->folder)},
                   {"break=", device->flaw, sizeof(device->flaw)},
                   {"member=", device->member, sizeof(device->member)}};

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        size_t len = strlen(options[i].name);

        if (strncmp(option, options[i].name, len) == 0)
            return (size_t)snprintf(options[i].value, options[i].size, "%s",
                                    option + len) < options[i].size;
    }
    return 0;
}

static int set_options(struct device *device, char *query)
{
    char *rest = NULL;

    for (char *option = query == NULL ? NULL : strtok_r(query, "&", &rest);
         option != NULL; option = strtok_r(NULL, "&", &rest))
        if (!set_option(device, option))
            return 0;
    return 1;
}

static struct vendors_flaw flaw_of(const struct device *device)
{
    return (struct vendors_flaw){device->flaw, device->member};
}

static int forged_read(struct acme_key *key, const char *name, char *query)
{
    struct device *device = calloc(1, sizeof(*device));
    struct vendors_flaw flaw;

    if (device == NULL)
        return 0;
    key->device = device;
    device->format = vendors_format(name);
    if (device->format == NULL || !set_options(device, query))
        return 0;
    flaw = flaw_of(device);
    return vendors_flaw_is_known(device->format, &flaw) &&
           vendors_open(&device->vendors, device->folder);
}

static void forged_free(struct acme_key *key)
{
    struct device *device = key->device;

    if (device != NULL)
        vendors_clear(&device->vendors);
    free(device);
}

static const char *forged_formats(const struct acme_key *key)
{
    return ((const struct device *)key->device)->format->type;
}

static int forged_evidence(const struct acme_key *key,
                           const unsigned char *nonce, size_t nonce_len,
                           unsigned char *out, size_t *out_len)
{
    const struct device *device = key->device;
    struct vendors_flaw flaw = flaw_of(device);
    ATLS_AUTO_BUF cmw = atls_buf(MAX_SIZE);

    if (nonce_len != 32 && nonce_len != 48 && nonce_len != 64)
        return fail(key->acme, "bad binder: %zu bytes", nonce_len);
    vendors_evidence(&device->vendors, device->format,
                     atls_view(nonce, nonce_len), &flaw, &cmw);
    memcpy(out, cmw.data, cmw.len);
    *out_len = cmw.len;
    return 1;
}
