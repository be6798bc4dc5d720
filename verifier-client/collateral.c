/* SPDX-License-Identifier: Apache-2.0
 *
 * Collateral from a folder, as vendors and their caches serve it: DER, PEM
 * with one or more blocks, JSON. Also one JSON file that holds all of a
 * platform's collateral, as dcap-qvl's tools write it: issuer chains as PEM and
 * CRLs as hex in members of one object. What a file says is not believed here:
 * whoever uses it asks for its signature.
 */
#include "collateral.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base64url.h"
#include "file.h"

enum { MAX_BLOCKS = 64 }; /* of PEM in one file */

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(X509, X509_free)
ATLS_AUTO_FREE(X509_CRL, X509_CRL_free)
static void close_folder(DIR *folder)
{
    closedir(folder);
}
ATLS_AUTO_FREE(DIR, close_folder)

/* One file while it is read. */
struct reading {
    const struct atls_node *node;
    const char *path, *name;
    struct atls_collateral *out;
};

static void out_of_memory(const struct atls_node *node)
{
    atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
}

static void wrong(const struct reading *reading, const char *want)
{
    atls_node_problem(reading->node, ATLS_COLLATERAL_INVALID, "%s: want %s",
                      reading->path, want);
}

static bool has_certificate(const struct atls_collateral *collateral,
                            const X509 *certificate)
{
    for (int i = 0; i < sk_X509_num(collateral->certificates); i++)
        if (X509_cmp(sk_X509_value(collateral->certificates, i), certificate) ==
            0)
            return true;
    return false;
}

static void add_certificate(const struct reading *reading, X509 *certificate)
{
    struct atls_collateral *out = reading->out;

    if (out->certificates == NULL)
        out->certificates = sk_X509_new_null();
    if (!has_certificate(out, certificate) &&
        (out->certificates == NULL ||
         sk_X509_push(out->certificates, certificate) == 0 ||
         X509_up_ref(certificate) != 1))
        out_of_memory(reading->node);
}

static void add_crl(const struct reading *reading, X509_CRL *crl)
{
    struct atls_collateral *out = reading->out;

    if (out->crls == NULL)
        out->crls = sk_X509_CRL_new_null();
    if (out->crls == NULL || sk_X509_CRL_push(out->crls, crl) == 0 ||
        X509_CRL_up_ref(crl) != 1)
        out_of_memory(reading->node);
}

/* A certificate or a CRL, all of der. */
static bool add_der(const struct reading *reading, struct atls_view der)
{
    const uint8_t *end = der.data + der.len, *at = der.data;
    ATLS_AUTO(X509) *certificate = d2i_X509(NULL, &at, (long)der.len);
    ATLS_AUTO(X509_CRL) *crl = NULL;

    if (certificate != NULL && at == end) {
        add_certificate(reading, certificate);
        return true;
    }
    at = der.data;
    crl = d2i_X509_CRL(NULL, &at, (long)der.len);
    if (crl == NULL || at != end)
        return false;
    add_crl(reading, crl);
    return true;
}

static bool add_block(const struct reading *reading, BIO *bio, bool *is_good)
{
    char *label = NULL, *header = NULL;
    uint8_t *der = NULL;
    long len;

    if (PEM_read_bio(bio, &label, &header, &der, &len) != 1)
        return false;
    *is_good = (strcmp(label, PEM_STRING_X509) == 0 ||
                strcmp(label, PEM_STRING_X509_CRL) == 0) &&
               add_der(reading, atls_view(der, (size_t)len));
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_free(der);
    return true;
}

/* The end of the text, and nothing else, is the end of the blocks. */
static bool is_end(void)
{
    unsigned long error = ERR_peek_last_error();

    return ERR_GET_LIB(error) == ERR_LIB_PEM &&
           ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

static bool add_pem(const struct reading *reading, struct atls_view text)
{
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(text.data, (int)text.len);
    bool is_good = true;
    unsigned num = 0;

    if (bio == NULL) {
        out_of_memory(reading->node);
        return true;
    }
    while (is_good && num <= MAX_BLOCKS && add_block(reading, bio, &is_good))
        num++;
    return is_good && num > 0 && num <= MAX_BLOCKS && is_end();
}

/* Text up to a NUL, which DER has early and PEM has not. */
static bool is_pem(const char *text)
{
    return strstr(text, "-----BEGIN ") != NULL;
}

static void read_object(const struct reading *reading, struct atls_buf *text)
{
    struct atls_view bytes;

    atls_buf_u8(text, 0);
    if (text->failed) {
        out_of_memory(reading->node);
        return;
    }
    bytes = atls_view(text->data, text->len - 1);
    if (!(is_pem((const char *)text->data) ? add_pem(reading, bytes)
                                           : add_der(reading, bytes)))
        wrong(reading, "certificates or CRLs in DER or PEM");
}

/* A member of dcap-qvl's object: an issuer chain, a CRL, or what is left to
 * the reader of the document. */
static bool read_member(const struct reading *reading, const char *key,
                        const json_t *value)
{
    struct atls_view text =
        atls_view(json_string_value(value), json_string_length(value));
    size_t len = strlen(key);
    ATLS_AUTO_BUF der = atls_buf(ATLS_COLLATERAL_MAX_JSON);

    if (text.data == NULL)
        return true;
    if (is_pem((const char *)text.data))
        return add_pem(reading, text);
    if (len < 4 || strcmp(key + len - 4, "_crl") != 0)
        return true;
    return atls_hex_decode(text, &der) && der.len > 0 &&
           add_der(reading, atls_buf_view(&der));
}

static void read_members(const struct reading *reading, const json_t *root)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)root, key, value)
    {
        if (!read_member(reading, key, value))
            wrong(reading, "issuer chains in PEM and CRLs in hex");
    }
}

static void add_document(const struct reading *reading, struct atls_buf *text)
{
    struct atls_collateral *out = reading->out;
    ATLS_AUTO_HEAP char *name = strdup(reading->name);
    struct atls_collateral_json *documents =
        realloc(out->documents, (out->num_documents + 1) * sizeof(*documents));

    if (documents != NULL)
        out->documents = documents;
    if (documents == NULL || name == NULL) {
        out_of_memory(reading->node);
        return;
    }
    documents[out->num_documents++] = (struct atls_collateral_json){
        .name = ATLS_STEAL(name), .text = text->data, .len = text->len};
    *text = atls_buf(0);
}

static void read_json(const struct reading *reading, struct atls_buf *text)
{
    struct atls_why why = {0};
    ATLS_AUTO(json_t) *root = NULL;

    if (text->len > ATLS_COLLATERAL_MAX_JSON) {
        atls_node_problem(reading->node, ATLS_COLLATERAL_INVALID,
                          "%s: want at most %d bytes of JSON, found %zu",
                          reading->path, ATLS_COLLATERAL_MAX_JSON, text->len);
        return;
    }
    root = atls_json_parse(atls_buf_view(text), ATLS_COLLATERAL_INVALID, &why);
    if (root == NULL) {
        atls_node_problem(reading->node, why.reason, "%s: %s", reading->path,
                          why.text);
        return;
    }
    read_members(reading, root);
    add_document(reading, text);
}

enum kind { NOTHING, OBJECT, JSON };

static enum kind kind_of(const char *name)
{
    static const struct {
        const char *end;
        enum kind kind;
    } ends[] = {
        {".der", OBJECT}, {".crl", OBJECT}, {".pem", OBJECT}, {".json", JSON}};
    size_t len = strlen(name);

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t end = strlen(ends[i].end);

        if (len > end && strcmp(name + len - end, ends[i].end) == 0)
            return ends[i].kind;
    }
    return NOTHING;
}

void atls_collateral_take(const struct atls_node *node, const char *path,
                          const char *name, struct atls_buf *text,
                          struct atls_collateral *out)
{
    const struct reading reading = {node, path, name, out};

    if (kind_of(name) == JSON)
        read_json(&reading, text);
    else
        read_object(&reading, text);
}

static void read_file(const struct atls_node *node, const char *folder,
                      const char *name, struct atls_collateral *out)
{
    ATLS_AUTO_HEAP char *path = atls_file_path(folder, name);
    ATLS_AUTO_BUF text = atls_buf(ATLS_FILE_MAX + 1);
    struct atls_why why = {0};

    if (path == NULL) {
        out_of_memory(node);
        return;
    }
    atls_node_note(node, path, true);
    if (atls_file_read(path, &text, &why) != ATLS_OK)
        atls_node_problem(node, why.reason, "%s", why.text);
    else
        atls_collateral_take(node, path, name, &text, out);
}

void atls_collateral_read_folder(const struct atls_node *node, const char *path,
                                 struct atls_collateral *out)
{
    ATLS_AUTO(DIR) *folder = NULL;
    const struct dirent *entry;

    atls_node_note(node, path, false);
    out->folder = strdup(path);
    if (out->folder == NULL) {
        out_of_memory(node);
        return;
    }
    folder = opendir(path);
    if (folder == NULL) {
        atls_node_problem(node, ATLS_FILE_UNREADABLE, "%s: %s", path,
                          strerror(errno));
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        if (kind_of(entry->d_name) == NOTHING)
            continue;
        if (++out->num_files > ATLS_COLLATERAL_MAX_FILES) {
            atls_node_problem(node, ATLS_COLLATERAL_INVALID,
                              "%s: want at most %d files", path,
                              ATLS_COLLATERAL_MAX_FILES);
            return;
        }
        read_file(node, path, entry->d_name, out);
    }
}

void atls_collateral_read(const struct atls_node *node,
                          struct atls_collateral *out)
{
    ATLS_AUTO_HEAP char *path = NULL;
    const char *text;

    if (node->value == NULL || (text = atls_node_text(node)) == NULL)
        return;
    path = atls_file_path(node->document->folder, text);
    if (path == NULL)
        out_of_memory(node);
    else
        atls_collateral_read_folder(node, path, out);
}

void atls_collateral_clear(struct atls_collateral *collateral)
{
    free(collateral->folder);
    sk_X509_pop_free(collateral->certificates, X509_free);
    sk_X509_CRL_pop_free(collateral->crls, X509_CRL_free);
    for (size_t i = 0; i < collateral->num_documents; i++) {
        free(collateral->documents[i].name);
        free(collateral->documents[i].text);
    }
    free(collateral->documents);
    *collateral = (struct atls_collateral){0};
}
