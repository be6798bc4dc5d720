/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads what the user points at. Nothing is judged here; a bare token is put
 * into the record that it would travel in.
 */
#include "cli/input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base64url.h"
#include "cmw.h"
#include "format.h"
#include "quote.h"
#include "spki.h"
#include "tsm_report.h"

enum { NONCE_MIN = 8, NONCE_MAX = 64, CHUNK = 1024 };

static void fclose_named(FILE *file)
{
    if (file != stdin)
        fclose(file);
}
ATLS_AUTO_FREE(FILE, fclose_named)
ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(X509, X509_free)

enum atls_reason atls_input_read(const char *path, struct atls_buf *out,
                                 struct atls_why *why)
{
    ATLS_AUTO(FILE) *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
    uint8_t chunk[CHUNK];
    size_t len;

    if (file == NULL)
        return atls_why(why, ATLS_FILE_UNREADABLE, "%s: %s", path,
                        strerror(errno));
    while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
        atls_buf_put(out, atls_view(chunk, len));
    if (ferror(file))
        return atls_why(why, ATLS_FILE_UNREADABLE, "%s: %s", path,
                        strerror(errno));
    if (out->failed)
        return atls_why(why, ATLS_FILE_UNREADABLE,
                        "%s: want at most %zu bytes, found more", path,
                        out->max);
    return ATLS_OK;
}

/* What the bytes are as Evidence of that type. They are put into out as such.
 */
static enum atls_reason parse_as(struct atls_view bytes, const char *spelling,
                                 struct atls_buf *out)
{
    struct atls_evidence *evidence = NULL;
    enum atls_reason reason = ATLS_OUT_OF_MEMORY;
    struct atls_type type;

    atls_buf_clear(out);
    if (!atls_type_parse(atls_view_text(spelling), &type))
        return ATLS_FORMAT_UNKNOWN;
    atls_cmw_put(out, type, bytes, 0);
    if (!out->failed)
        reason = atls_evidence_parse(atls_buf_view(out), NULL, &evidence, NULL);
    atls_evidence_free(evidence);
    return reason;
}

/* The first type under which the bytes give that reason. */
static bool is_value(struct atls_view bytes, enum atls_reason reason,
                     struct atls_buf *out)
{
    for (size_t i = 0; atls_formats[i] != NULL; i++)
        for (const char *const *t = atls_formats[i]->types; *t != NULL; t++)
            if (parse_as(bytes, *t, out) == reason)
                return true;
    return false;
}

/* Evidence that only lacks a nonce, or is signed by means that we do not take,
 * is shown as what it is. */
static bool is_refused_value(struct atls_view bytes, struct atls_buf *out)
{
    return is_value(bytes, ATLS_NONCE_MISSING, out) ||
           is_value(bytes, ATLS_ALGORITHM_UNSUPPORTED, out);
}

/* What a TEE gave, without the kernel's words around it */
static bool is_outblob(struct atls_view bytes, struct atls_buf *out)
{
    static const char *const providers[] = {ATLS_TSM_SNP, ATLS_TSM_TDX,
                                            ATLS_TSM_CCA};

    for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
        ATLS_AUTO_BUF map = atls_buf(ATLS_CMW_MAX);

        atls_tsm_report_put(&map, providers[i], bytes);
        if (!map.failed && parse_as(atls_buf_view(&map),
                                    atls_tsm_report_types[0], out) == ATLS_OK)
            return true;
    }
    return false;
}

/* What cannot be read to its end may still be told from anything else, so that
 * whoever asks learns what is wrong with it. */
static bool is_broken_quote(struct atls_view bytes, struct atls_buf *out)
{
    bool is_td = bytes.len > 4 && bytes.data[4] != 0; /* TEE type */
    struct atls_type type;

    atls_buf_clear(out);
    if (!atls_quote_resembles(bytes) ||
        !atls_type_parse(atls_view_text(is_td
                                            ? "application/vnd.atls.tdx-quote"
                                            : "application/vnd.atls.sgx-quote"),
                         &type))
        return false;
    atls_cmw_put(out, type, bytes, 0);
    return !out->failed;
}

enum atls_reason atls_input_evidence(struct atls_view bytes,
                                     struct atls_buf *out)
{
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_cmw cmw;

    if (bytes.len <= ATLS_CMW_MAX &&
        atls_cmw_parse(bytes, &storage, &cmw, NULL) != ATLS_OK &&
        (is_value(bytes, ATLS_OK, out) || is_outblob(bytes, out) ||
         is_broken_quote(bytes, out) || is_refused_value(bytes, out)))
        return ATLS_OK;
    atls_buf_clear(out);
    atls_buf_put(out, bytes);
    return out->failed ? ATLS_OUT_OF_MEMORY : ATLS_OK;
}

static X509 *certificate_of(struct atls_view bytes)
{
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(bytes.data, (int)bytes.len);

    if (bio == NULL)
        return NULL;
    return bytes.data[0] == 0x30 ? d2i_X509_bio(bio, NULL)
                                 : PEM_read_bio_X509(bio, NULL, NULL, NULL);
}

static EVP_PKEY *key_of(struct atls_view bytes)
{
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(bytes.data, (int)bytes.len);

    if (bio == NULL)
        return NULL;
    return bytes.data[0] == 0x30 ? d2i_PUBKEY_bio(bio, NULL)
                                 : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
}

enum atls_reason atls_input_spki(const char *path, bool is_certificate,
                                 struct atls_buf *out, struct atls_why *why)
{
    ATLS_AUTO_BUF file = atls_buf(ATLS_INPUT_MAX);
    ATLS_AUTO(X509) *certificate = NULL;
    ATLS_AUTO(EVP_PKEY) *key = NULL;
    enum atls_reason reason = atls_input_read(path, &file, why);

    if (reason != ATLS_OK)
        return reason;
    if (is_certificate && file.len > 0)
        certificate = certificate_of(atls_buf_view(&file));
    else if (file.len > 0)
        key = key_of(atls_buf_view(&file));
    ERR_clear_error();
    if (certificate != NULL)
        return atls_spki_put(out, certificate, why);
    if (key != NULL)
        return atls_spki_put_key(out, key, why);
    return atls_why(why, ATLS_FILE_UNREADABLE,
                    "%s: want a %s in PEM or DER, found none", path,
                    is_certificate ? "certificate" : "public key");
}

bool atls_input_nonce(const char *hex, struct atls_buf *out)
{
    return atls_hex_decode(atls_view_text(hex), out) && !out->failed &&
           out->len >= NONCE_MIN && out->len <= NONCE_MAX;
}

/* "Z", "+hh:mm" or "-hh:mm" at the end: seconds east of UTC. */
static bool read_offset(const char *text, long *seconds)
{
    int hours, minutes, used = 0;

    *seconds = 0;
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
        return true;
    if (strlen(text) != 6 || strchr("+-", text[0]) == NULL ||
        sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 ||
        used != 5 || hours > 23 || minutes > 59)
        return false;
    *seconds = (hours * 60L + minutes) * 60 * (text[0] == '-' ? -1 : 1);
    return true;
}

bool atls_input_time(const char *text, int64_t *out)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    long offset;

    if (rest != NULL && *rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (rest == NULL || !read_offset(rest, &offset))
        return false;
    *out = (int64_t)timegm(&tm) - offset;
    return true;
}
