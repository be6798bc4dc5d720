/* SPDX-License-Identifier: Apache-2.0
 *
 * TCTI configurations.
 */
#include "provider/tpm_target.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_DEVICE "/dev/tpmrm0"
#define DEFAULT_HOST   "localhost" /* as tss2-tcti-swtpm has it */
#define DEFAULT_PORT   "2321"

static bool copy(struct atls_view from, char *to, size_t size)
{
    if (from.len == 0 || from.len >= size)
        return false;
    memcpy(to, from.data, from.len);
    to[from.len] = '\0';
    return true;
}

static bool is_port(const char *text)
{
    unsigned long value = 0;

    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9')
            return false;
        value = value * 10 + (unsigned long)(*at - '0');
    }
    return value >= 1 && value <= 65535;
}

static bool take_pair(struct atls_view pair, struct atls_tpm_target *out)
{
    struct atls_view host = atls_view_text("host="),
                     port = atls_view_text("port=");

    if (pair.len > host.len && memcmp(pair.data, host.data, host.len) == 0)
        return copy(atls_view(pair.data + host.len, pair.len - host.len),
                    out->text, sizeof(out->text));
    if (pair.len > port.len && memcmp(pair.data, port.data, port.len) == 0)
        return copy(atls_view(pair.data + port.len, pair.len - port.len),
                    out->port, sizeof(out->port)) &&
               is_port(out->port);
    return false;
}

static enum atls_reason parse_socket(const char *conf,
                                     struct atls_tpm_target *out,
                                     struct atls_why *why)
{
    size_t len;

    out->kind = ATLS_TPM_SOCKET;
    strcpy(out->text, DEFAULT_HOST);
    strcpy(out->port, DEFAULT_PORT);
    for (; *conf != '\0'; conf += len + (conf[len] == ',')) {
        len = strcspn(conf, ",");
        if (!take_pair(atls_view(conf, len), out))
            return atls_why(why, ATLS_ATTESTER_OPTION,
                            "tcti: want swtpm:host=HOST,port=PORT, seen \"%s\"",
                            conf);
    }
    return ATLS_OK;
}

static enum atls_reason parse_device(const char *conf,
                                     struct atls_tpm_target *out,
                                     struct atls_why *why)
{
    out->kind = ATLS_TPM_DEVICE;
    if (*conf == '\0')
        conf = DEFAULT_DEVICE;
    if (conf[0] != '/' ||
        !copy(atls_view_text(conf), out->text, sizeof(out->text)))
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "tcti: want device:/absolute/path, seen \"%s\"", conf);
    return ATLS_OK;
}

enum atls_reason atls_tpm_target_parse(const char *tcti,
                                       struct atls_tpm_target *out,
                                       struct atls_why *why)
{
    size_t len = strcspn(tcti, ":");
    const char *conf = tcti + len + (tcti[len] == ':');

    *out = (struct atls_tpm_target){.kind = ATLS_TPM_TCTI};
    if (atls_view_is(atls_view(tcti, len), "device"))
        return parse_device(conf, out, why);
    if (atls_view_is(atls_view(tcti, len), "swtpm"))
        return parse_socket(conf, out, why);
    if (len == 0 || !copy(atls_view_text(tcti), out->text, sizeof(out->text)))
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "tcti: want device:, swtpm: or another TCTI's name, "
                        "seen \"%s\"",
                        tcti);
    return ATLS_OK;
}
