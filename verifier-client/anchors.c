/* SPDX-License-Identifier: Apache-2.0
 *
 * Trust anchors from paths, globs, PEM text (RFC 7468) and JSON Web Keys.
 */
#include "anchors.h"

#include <glob.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "chain.h"
#include "file.h"
#include "format.h"
#include "jwk.h"
#include "node_id.h"

#define WILDCARDS "*?["

enum { MIN_RSA_BITS = 2048, MAX_POINT = 1 + 2 * 66 };

/* The first byte of an ID: type RAND (RFC 9711, 4.2.1.1). A node ID is filed
 * with zeros before it, and zero is no type. */
enum { UEID_RAND = 0x01 };

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

static void free_der(uint8_t **der)
{
    OPENSSL_free(*der);
}

static bool hash_id(const uint8_t *bytes, size_t len,
                    uint8_t id[ATLS_ANCHOR_ID])
{
    id[0] = UEID_RAND;
    return EVP_Q_digest(NULL, "SHA2-256", NULL, bytes, len, id + 1, NULL) == 1;
}

/* 01 || SHA-256(SPKI) */
static enum atls_reason key_id(EVP_PKEY *key, uint8_t id[ATLS_ANCHOR_ID])
{
    __attribute__((cleanup(free_der))) uint8_t *der = NULL;
    int len = i2d_PUBKEY(key, &der);

    if (len <= 0)
        return ATLS_OUT_OF_MEMORY;
    return hash_id(der, (size_t)len, id) ? ATLS_OK : ATLS_CRYPTO_FAILED;
}

static bool point_id(EVP_PKEY *key, uint8_t id[ATLS_ANCHOR_ID])
{
    uint8_t point[MAX_POINT];
    size_t len = 0;

    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_octet_string_param(key,
                                           OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                           point, sizeof(point), &len) == 1 &&
           len > 0 && point[0] == 0x04 && hash_id(point, len, id);
}

static int compare(const void *a, const void *b)
{
    return memcmp(((const struct atls_anchor *)a)->id,
                  ((const struct atls_anchor *)b)->id, ATLS_ANCHOR_ID);
}

EVP_PKEY *atls_anchors_find(const struct atls_anchors *anchors,
                            struct atls_view id)
{
    struct atls_anchor wanted = {.id = {0}}, *found;

    if (id.len == ATLS_ANCHOR_ID - 1)
        wanted.id[0] = UEID_RAND;
    else if (id.len != ATLS_ANCHOR_ID && id.len != ATLS_NODE_ID)
        return NULL;
    memcpy(wanted.id + ATLS_ANCHOR_ID - id.len, id.data, id.len);
    if (anchors->num == 0)
        return NULL;
    found =
        bsearch(&wanted, anchors->items, anchors->num, sizeof(wanted), compare);
    return found != NULL ? found->key : NULL;
}

void atls_anchors_clear(struct atls_anchors *anchors)
{
    for (size_t i = 0; i < anchors->num; i++)
        EVP_PKEY_free(anchors->items[i].key);
    free(anchors->items);
    atls_chain_stack_free(anchors->roots);
    atls_chain_stack_free(anchors->intermediates);
    atls_chain_cache_free(anchors->cache);
    *anchors = (struct atls_anchors){0};
}

static bool grow(struct atls_anchors *anchors)
{
    size_t size = anchors->size > 0 ? 2 * anchors->size : 4;
    struct atls_anchor *items;

    if (anchors->num < anchors->size)
        return true;
    items = realloc(anchors->items, size * sizeof(*items));
    if (items == NULL)
        return false;
    anchors->items = items;
    anchors->size = size;
    return true;
}

/* Insertion keeps the order; the same id twice is one entry. */
static bool insert(struct atls_anchors *anchors,
                   const uint8_t id[ATLS_ANCHOR_ID], EVP_PKEY *key)
{
    size_t at = 0;

    if (atls_anchors_find(anchors, atls_view(id, ATLS_ANCHOR_ID)) == key)
        return true;
    if (!grow(anchors))
        return false;
    while (at < anchors->num &&
           memcmp(anchors->items[at].id, id, ATLS_ANCHOR_ID) < 0)
        at++;
    memmove(&anchors->items[at + 1], &anchors->items[at],
            (anchors->num - at) * sizeof(*anchors->items));
    memcpy(anchors->items[at].id, id, ATLS_ANCHOR_ID);
    EVP_PKEY_up_ref(key);
    anchors->items[at].key = key;
    anchors->num++;
    return true;
}

/* One profile's anchors while they are read. */
struct reading {
    const struct atls_node *node; /* the item that problems are about */
    const uint8_t *id;            /* ATLS_ANCHOR_ID bytes, or NULL: derived */
    const struct atls_format *format;
    struct atls_anchors *pool, *out;
};

static bool is_fit(const struct reading *reading, EVP_PKEY *key)
{
    static const char *const curves[] = {"prime256v1", "secp384r1",
                                         "secp521r1"};
    char group[32] = "";

    if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS"))
        return reading->format->takes_rsa &&
               EVP_PKEY_get_bits(key) >= MIN_RSA_BITS;
    if (!EVP_PKEY_is_a(key, "EC") ||
        EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
        return false;
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
        if (strcmp(group, curves[i]) == 0)
            return true;
    return false;
}

static EVP_PKEY *pooled(struct atls_anchors *pool,
                        const uint8_t id[ATLS_ANCHOR_ID], EVP_PKEY *key)
{
    EVP_PKEY *known = atls_anchors_find(pool, atls_view(id, ATLS_ANCHOR_ID));

    if (known != NULL)
        return known;
    return insert(pool, id, key) ? key : NULL;
}

static void out_of_memory(const struct reading *reading)
{
    atls_node_problem(reading->node, ATLS_OUT_OF_MEMORY, "out of memory");
}

bool atls_anchors_add(struct atls_anchors *anchors, EVP_PKEY *key)
{
    uint8_t id[ATLS_ANCHOR_ID];

    return key_id(key, id) == ATLS_OK && insert(anchors, id, key) &&
           (!point_id(key, id) || insert(anchors, id, key));
}

static bool has_other(const struct atls_anchors *anchors,
                      const uint8_t id[ATLS_ANCHOR_ID], const EVP_PKEY *key)
{
    const EVP_PKEY *known =
        atls_anchors_find(anchors, atls_view(id, ATLS_ANCHOR_ID));

    return known != NULL && known != key;
}

static const char *id_label(const struct atls_format *format)
{
    return format->anchor_name == ATLS_ANCHOR_BY_NODE ? "node_id"
                                                      : "instance_id";
}

static void two_keys(const struct reading *reading)
{
    atls_node_problem(reading->node, ATLS_POLICY_INVALID,
                      "want one key for each %s, found two",
                      id_label(reading->format));
}

static void add_named(const struct reading *reading, EVP_PKEY *key)
{
    if (has_other(reading->out, reading->id, key))
        two_keys(reading);
    else if (!insert(reading->out, reading->id, key))
        out_of_memory(reading);
}

/* An instance_id that was written may be the one that follows from this key. */
static void add_derived(const struct reading *reading,
                        const uint8_t id[ATLS_ANCHOR_ID], EVP_PKEY *key)
{
    uint8_t bare[ATLS_ANCHOR_ID];

    if (has_other(reading->out, id, key) ||
        (point_id(key, bare) && has_other(reading->out, bare, key)))
        two_keys(reading);
    else if (!atls_anchors_add(reading->out, key))
        out_of_memory(reading);
}

static void add_key(const struct reading *reading, EVP_PKEY *fresh)
{
    uint8_t id[ATLS_ANCHOR_ID];
    EVP_PKEY *key;

    if (!is_fit(reading, fresh)) {
        atls_node_problem(reading->node, ATLS_POLICY_INVALID,
                          "want a public key on P-256, P-384 or P-521%s",
                          reading->format->takes_rsa ? ", or RSA of 2048 bits"
                                                     : "");
        return;
    }
    if (key_id(fresh, id) != ATLS_OK ||
        (key = pooled(reading->pool, id, fresh)) == NULL)
        out_of_memory(reading);
    else if (reading->id != NULL)
        add_named(reading, key);
    else
        add_derived(reading, id, key);
}

/* One PEM block, by its label. NULL: it holds no public key. */
static EVP_PKEY *key_of_block(const char *label, const uint8_t *der, long len)
{
    ATLS_AUTO(X509) *certificate = NULL;

    if (strcmp(label, PEM_STRING_PUBLIC) == 0)
        return d2i_PUBKEY(NULL, &der, len);
    if (strcmp(label, PEM_STRING_X509) != 0 &&
        strcmp(label, PEM_STRING_X509_OLD) != 0)
        return NULL;
    certificate = d2i_X509(NULL, &der, len);
    return certificate != NULL ? X509_get_pubkey(certificate) : NULL;
}

static bool has_chain(const struct reading *reading)
{
    return reading->format->verify_chain != NULL;
}

static void add_root(const struct reading *reading, const uint8_t *der,
                     long len)
{
    ATLS_AUTO(X509) *certificate = d2i_X509(NULL, &der, len);

    if (certificate == NULL ||
        sk_X509_push(reading->out->roots, certificate) <= 0)
        out_of_memory(reading);
    else
        certificate = NULL;
}

static void add_block(const struct reading *reading, const char *label,
                      const uint8_t *der, long len)
{
    ATLS_AUTO(EVP_PKEY) *key = NULL;

    if (strstr(label, "PRIVATE KEY") != NULL) {
        atls_node_problem(reading->node, ATLS_POLICY_INVALID,
                          "want a public key, found a private one: make it "
                          "with `openssl pkey -pubout`");
        return;
    }
    if (has_chain(reading) && strcmp(label, PEM_STRING_PUBLIC) == 0) {
        atls_node_problem(reading->node, ATLS_POLICY_INVALID,
                          "want the certificate that ends a chain, found a "
                          "bare public key");
        return;
    }
    key = key_of_block(label, der, len);
    if (key != NULL)
        add_key(reading, key);
    if (key != NULL && has_chain(reading))
        add_root(reading, der, len);
    if (key == NULL)
        atls_node_problem(reading->node, ATLS_POLICY_INVALID,
                          "want PUBLIC KEY or CERTIFICATE in PEM, found %.40s "
                          "that cannot be read",
                          label);
}

static void add_pem(const struct reading *reading, struct atls_view text,
                    const char *file)
{
    /* of an empty file too, whose view has no data */
    ATLS_AUTO(BIO) *bio = BIO_new_mem_buf(
        text.len > 0 ? (const char *)text.data : "", (int)text.len);
    char *label = NULL, *header = NULL;
    uint8_t *der = NULL;
    long len;
    bool has_any = false;

    if (bio == NULL) {
        out_of_memory(reading);
        return;
    }
    while (PEM_read_bio(bio, &label, &header, &der, &len) == 1) {
        has_any = true;
        add_block(reading, label, der, len);
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(der);
    }
    if (!has_any)
        atls_node_problem(reading->node, ATLS_POLICY_INVALID,
                          "%s: want PUBLIC KEY or CERTIFICATE in PEM, found "
                          "neither",
                          file);
}

static bool is_jwk(struct atls_view text)
{
    size_t at = 0;

    while (at < text.len && strchr(" \t\r\n", text.data[at]) != NULL &&
           text.data[at] != '\0')
        at++;
    return at < text.len && text.data[at] == '{';
}

/* JSON Web Keys (RFC 7517), as Veraison's tools write them. */
static void add_jwks(const struct reading *reading, struct atls_view text,
                     const char *file)
{
    struct atls_jws_keys keys = {0};
    struct atls_why why = {0};

    if (has_chain(reading))
        atls_node_problem(reading->node, ATLS_POLICY_INVALID,
                          "want the certificate that ends a chain, found a "
                          "bare public key");
    else if (atls_jws_keys_read(text, file, &keys, &why) != ATLS_OK)
        atls_node_problem(reading->node, ATLS_POLICY_INVALID, "%s", why.text);
    else
        for (size_t i = 0; i < keys.num; i++)
            add_key(reading, keys.items[i].key);
    atls_jws_keys_clear(&keys);
}

static void add_keys(const struct reading *reading, struct atls_view text,
                     const char *file)
{
    if (is_jwk(text))
        add_jwks(reading, text, file);
    else
        add_pem(reading, text, file);
}

static void add_file(const struct reading *reading, const char *path,
                     bool is_member)
{
    ATLS_AUTO_BUF text = atls_buf(ATLS_FILE_MAX);
    struct atls_why why = {0};

    atls_node_note(reading->node, path, is_member);
    if (atls_file_read(path, &text, &why) != ATLS_OK)
        atls_node_problem(reading->node, why.reason, "%s", why.text);
    else
        add_keys(reading, atls_buf_view(&text), path);
}

/* The folder that a pattern's wildcards are in: it tells of files to come. */
static void note_folder(const struct reading *reading, const char *pattern)
{
    ATLS_AUTO_HEAP char *folder = strndup(pattern, strcspn(pattern, WILDCARDS));
    char *slash = folder != NULL ? strrchr(folder, '/') : NULL;

    if (folder == NULL) {
        out_of_memory(reading);
        return;
    }
    if (slash != NULL)
        slash[slash == folder ? 1 : 0] = '\0';
    atls_node_note(reading->node, slash != NULL ? folder : ".", false);
}

static void add_glob(const struct reading *reading, const char *pattern)
{
    __attribute__((cleanup(globfree))) glob_t found = {0};
    int failed;

    note_folder(reading, pattern);
    failed = glob(pattern, GLOB_ERR, NULL, &found);
    if (failed == GLOB_NOSPACE)
        out_of_memory(reading);
    else if (failed != 0)
        atls_node_problem(reading->node, ATLS_FILE_UNREADABLE,
                          "%s: want files, found none that can be read",
                          pattern);
    for (size_t i = 0; failed == 0 && i < found.gl_pathc; i++)
        add_file(reading, found.gl_pathv[i], true);
}

static void add_text(const struct reading *reading, const char *text)
{
    ATLS_AUTO_HEAP char *path = NULL;

    if (strstr(text, "-----BEGIN ") != NULL || text[0] == '{') {
        add_keys(reading, atls_view_text(text), "text");
        return;
    }
    path = atls_file_path(reading->node->document->folder, text);
    if (path == NULL)
        out_of_memory(reading);
    else if (strpbrk(text, WILDCARDS) != NULL)
        add_glob(reading, path);
    else
        add_file(reading, path, false);
}

static bool read_id(const struct atls_node *node,
                    const struct atls_format *format, uint8_t *id)
{
    if (format->anchor_name == ATLS_ANCHOR_BY_NODE)
        return atls_node_id_read(node, id + ATLS_ANCHOR_ID - ATLS_NODE_ID);
    return atls_node_hex(node, ATLS_ANCHOR_ID, ATLS_ANCHOR_ID, id) > 0;
}

/* {"instance_id": hex, "key": path or PEM}: a device that does not derive its
 * instance ID from its key; or of a node. */
static void read_object(const struct atls_node *node, struct reading *reading)
{
    const char *const keys[] = {id_label(reading->format), "key", NULL};
    struct atls_node id = atls_node_member(node, keys[0]);
    struct atls_node key = atls_node_member(node, keys[1]);
    uint8_t bytes[ATLS_ANCHOR_ID] = {0};
    const char *text;

    if (!atls_node_is_object(node, keys))
        return;
    text = atls_node_text(&key);
    if (!read_id(&id, reading->format, bytes) || text == NULL)
        return;
    reading->node = &key;
    reading->id = bytes;
    add_text(reading, text);
}

static void read_item(const struct atls_node *node, struct reading *reading)
{
    enum atls_anchor_name name = reading->format->anchor_name;
    const char *text;

    if (name == ATLS_ANCHOR_BY_NODE ||
        (name == ATLS_ANCHOR_BY_INSTANCE && json_is_object(node->value)))
        read_object(node, reading);
    else if ((text = atls_node_text(node)) != NULL)
        add_text(reading, text);
}

static bool has_issuer(STACK_OF(X509) * roots, X509 *certificate)
{
    for (int i = 0; i < sk_X509_num(roots); i++)
        if (sk_X509_value(roots, i) != certificate &&
            X509_check_issued(sk_X509_value(roots, i), certificate) ==
                X509_V_OK &&
            X509_cmp(sk_X509_value(roots, i), certificate) != 0)
            return true;
    return false;
}

static bool is_self_issued(X509 *certificate)
{
    return (X509_get_extension_flags(certificate) & EXFLAG_SI) != 0;
}

static void part_intermediates(const struct atls_node *node,
                               struct atls_anchors *out)
{
    for (int i = sk_X509_num(out->roots) - 1; i >= 0; i--) {
        X509 *certificate = sk_X509_value(out->roots, i);

        if (is_self_issued(certificate) || !has_issuer(out->roots, certificate))
            continue;
        if (sk_X509_push(out->intermediates, certificate) <= 0)
            atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
        else
            (void)sk_X509_delete(out->roots, i);
    }
}

static bool open_chains(const struct atls_node *node, struct atls_anchors *out)
{
    out->roots = sk_X509_new_null();
    out->intermediates = sk_X509_new_null();
    out->cache = atls_chain_cache_new();
    if (out->roots != NULL && out->intermediates != NULL)
        return true;
    atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
    return false;
}

void atls_anchors_read(const struct atls_node *node,
                       const struct atls_format *format,
                       struct atls_anchors *pool, struct atls_anchors *out)
{
    size_t num = json_array_size(node->value);
    bool has_chains = format->verify_chain != NULL;

    if (!atls_node_is_array(node) || (has_chains && !open_chains(node, out)))
        return;
    if (num == 0)
        atls_node_wrong(node, "at least one trust anchor");
    for (size_t i = 0; i < num; i++) {
        struct atls_node item = atls_node_item(node, i);
        struct reading reading = {
            .node = &item, .format = format, .pool = pool, .out = out};

        read_item(&item, &reading);
    }
    if (has_chains)
        part_intermediates(node, out);
}
