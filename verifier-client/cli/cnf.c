/* SPDX-License-Identifier: Apache-2.0
 *
 * libcrypto's own parser reads; this file only asks it.
 */
#include "cli/cnf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#define MAX_VALUE 1024 /* characters: far below what a CONF line takes */

ATLS_AUTO_FREE(BIO, BIO_free_all)

char *atls_cnf_system(void)
{
    char *path = NULL;

    if (asprintf(&path, "%s/openssl.cnf", X509_get_default_cert_area()) < 0)
        return NULL;
    return path;
}

bool atls_cnf_is_on(const char *value)
{
    return value != NULL &&
           (strcmp(value, "1") == 0 || strcasecmp(value, "on") == 0 ||
            strcasecmp(value, "yes") == 0 || strcasecmp(value, "true") == 0);
}

const char *atls_cnf_get(const struct atls_cnf *cnf, const char *section,
                         const char *name)
{
    const char *value = NULL;

    ERR_set_mark();
    if (cnf->conf != NULL && (section != NULL || name != NULL))
        value = NCONF_get_string(cnf->conf, section, name);
    ERR_pop_to_mark();
    return value;
}

int atls_cnf_index(const struct atls_cnf *cnf, const char *section,
                   const char *name)
{
    STACK_OF(CONF_VALUE) *pairs = NULL;

    ERR_set_mark();
    if (section != NULL)
        pairs = NCONF_get_section(cnf->conf, section);
    ERR_pop_to_mark();
    for (int i = 0; i < sk_CONF_VALUE_num(pairs); i++)
        if (strcmp(sk_CONF_VALUE_value(pairs, i)->name, name) == 0)
            return i;
    return -1;
}

const char *atls_cnf_attester(const struct atls_cnf *cnf, size_t i,
                              const char **key)
{
    STACK_OF(CONF_VALUE) *pairs = NULL;

    ERR_set_mark();
    if (cnf->conf != NULL && cnf->module != NULL)
        pairs = NCONF_get_section(cnf->conf, cnf->module);
    ERR_pop_to_mark();
    for (int at = 0; at < sk_CONF_VALUE_num(pairs); at++) {
        const CONF_VALUE *pair = sk_CONF_VALUE_value(pairs, at);

        if ((strcmp(pair->name, "attester") != 0 &&
             strncmp(pair->name, "attester.", strlen("attester.")) != 0) ||
            *pair->value == '\0' || i-- > 0)
            continue;
        *key = pair->name;
        return pair->value;
    }
    return NULL;
}

/* The section whose "path" ends in atls_ext.so, among those that the init
 * section names. */
static const char *find_module(const struct atls_cnf *cnf)
{
    STACK_OF(CONF_VALUE) *pairs = NCONF_get_section(cnf->conf, cnf->init);

    for (int i = 0; i < sk_CONF_VALUE_num(pairs); i++) {
        const char *section = sk_CONF_VALUE_value(pairs, i)->value;
        const char *path = atls_cnf_get(cnf, section, "path");

        if (path != NULL && strstr(path, "atls_ext") != NULL)
            return section;
    }
    return NULL;
}

static void look_around(struct atls_cnf *cnf)
{
    cnf->init = atls_cnf_get(cnf, NULL, "openssl_conf");
    if (cnf->init == NULL)
        return;
    ERR_set_mark();
    cnf->module = find_module(cnf);
    ERR_pop_to_mark();
    cnf->providers = atls_cnf_get(cnf, cnf->init, "providers");
    if (cnf->providers != NULL &&
        atls_cnf_index(cnf, cnf->providers, "default") >= 0)
        cnf->fallback = atls_cnf_get(cnf, cnf->providers, "default");
}

static enum atls_reason parse(BIO *bio, const char *source,
                              struct atls_cnf *cnf, struct atls_why *why)
{
    long line = 0;

    cnf->conf = NCONF_new(NULL);
    if (cnf->conf == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (NCONF_load_bio(cnf->conf, bio, &line) <= 0) {
        const char *reason = ERR_reason_error_string(ERR_peek_error());

        atls_why(why, ATLS_SETTING_INVALID, "%s:%ld: %s", source, line,
                 reason != NULL ? reason : "not an openssl.cnf");
        ERR_clear_error();
        return why->reason;
    }
    look_around(cnf);
    return ATLS_OK;
}

enum atls_reason atls_cnf_read(const char *path, struct atls_cnf *cnf,
                               struct atls_why *why)
{
    ATLS_AUTO(BIO) *bio = NULL;

    errno = 0;
    bio = BIO_new_file(path, "r");
    if (bio == NULL) {
        ERR_clear_error();
        return atls_why(why, ATLS_FILE_UNREADABLE, "%s: %s", path,
                        strerror(errno));
    }
    return parse(bio, path, cnf, why);
}

enum atls_reason atls_cnf_parse(struct atls_view text, const char *source,
                                struct atls_cnf *cnf, struct atls_why *why)
{
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(text.data, (int)text.len);

    if (bio == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return parse(bio, source, cnf, why);
}

void atls_cnf_close(struct atls_cnf *cnf)
{
    NCONF_free(cnf->conf);
    *cnf = (struct atls_cnf){0};
}

bool atls_cnf_put(struct atls_buf *out, const char *name, const char *value)
{
    size_t len = strlen(value);

    if (len > MAX_VALUE ||
        (len > 0 && (isspace((unsigned char)value[0]) ||
                     isspace((unsigned char)value[len - 1]))))
        return false;
    atls_buf_text(out, name);
    atls_buf_text(out, " = ");
    for (; *value != '\0'; value++) {
        if ((unsigned char)*value < ' ')
            return false;
        if (strchr("\\\"'`$#", *value) != NULL)
            atls_buf_u8(out, '\\');
        atls_buf_u8(out, (uint8_t)*value);
    }
    atls_buf_u8(out, '\n');
    return !out->failed;
}
