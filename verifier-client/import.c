/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking CoRIMs: each is opened, its profile found, and its triples given to
 * who knows that profile.
 */
#include "import.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "claim.h"
#include "import_kind.h"

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(X509, X509_free)

enum { MAX_SHOWN = 80 };

static const struct atls_import_kind *const kinds[] = {
    &atls_import_psa, &atls_import_cca, &atls_import_realm, &atls_import_snp};
enum { NUM_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct atls_import *atls_import_new(const struct atls_import_terms *terms)
{
    struct atls_import *import = calloc(1, sizeof(*import));

    if (import == NULL)
        return NULL;
    import->terms = terms;
    import->wants = json_array();
    import->realms = json_array();
    import->keys = atls_json_object();
    if (import->wants != NULL && import->realms != NULL && import->keys != NULL)
        return import;
    atls_import_free(import);
    return NULL;
}

void atls_import_free(struct atls_import *import)
{
    if (import == NULL)
        return;
    json_decref(import->wants);
    json_decref(import->realms);
    json_decref(import->keys);
    free(import);
}

enum atls_reason atls_import_leave_out(const struct atls_import *import,
                                       const char *what, struct atls_why *why)
{
    char sentence[ATLS_WHY_TEXT];

    if (!import->terms->is_partial)
        return atls_why(why, ATLS_CORIM_UNSUPPORTED,
                        "%s: a policy cannot hold this; --partial leaves it "
                        "out",
                        what);
    snprintf(sentence, sizeof(sentence), "%s: left out: %s", import->source,
             what);
    if (import->terms->tell != NULL)
        import->terms->tell(import->terms->arg, sentence);
    return ATLS_OK;
}

json_t *atls_import_keys(struct atls_import *import, const char *format,
                         const char *class)
{
    json_t *classes = json_object_get(import->keys, format), *list;

    if (classes == NULL) {
        classes = atls_json_object();
        if (json_object_set_new(import->keys, format, classes) != 0)
            return NULL;
    }
    list = json_object_get(classes, class);
    if (list != NULL)
        return list;
    list = json_array();
    return json_object_set_new(classes, class, list) == 0 ? list : NULL;
}

enum atls_reason atls_import_add(json_t *list, json_t *item,
                                 struct atls_why *why)
{
    return json_array_append_new(list, item) == 0
               ? ATLS_OK
               : atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}

enum atls_reason atls_import_set_hex(json_t *object, const char *key,
                                     struct atls_view bytes,
                                     struct atls_why *why)
{
    if (json_object_get(object, key) != NULL)
        return atls_why(why, ATLS_CORIM_CONFLICT,
                        "%s: want one value, found a second one", key);
    return atls_claim_learn_hex(object, key, bytes)
               ? ATLS_OK
               : atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}

/* Rewrites the one block that in has. */
static bool copy_pem(BIO *in, BIO *out, bool is_key)
{
    ATLS_AUTO(EVP_PKEY) *key =
        is_key ? PEM_read_bio_PUBKEY(in, NULL, NULL, NULL) : NULL;
    ATLS_AUTO(X509) *certificate =
        is_key ? NULL : PEM_read_bio_X509(in, NULL, NULL, NULL);

    if (key != NULL)
        return PEM_write_bio_PUBKEY(out, key) == 1;
    return certificate != NULL && PEM_write_bio_X509(out, certificate) == 1;
}

enum atls_reason atls_import_pem(const struct atls_comid_choice *key,
                                 uint64_t tag, json_t **out,
                                 struct atls_why *why)
{
    bool is_key = tag == ATLS_COMID_KEY;
    ATLS_AUTO(BIO) *in = NULL;
    ATLS_AUTO(BIO) *pem = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len;

    if (key->tag != tag || key->form != ATLS_COMID_IS_TEXT)
        return atls_why(why, ATLS_CORIM_UNSUPPORTED, "want a %s, tagged %d",
                        is_key ? "public key in PEM" : "certificate in PEM",
                        (int)tag);
    in = BIO_new_mem_buf(key->view.len > 0 ? (const char *)key->view.data : "",
                         (int)key->view.len);
    if (in == NULL || pem == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (!copy_pem(in, pem, is_key) || BIO_pending(in) > 1)
        return atls_why(why, ATLS_CORIM_MALFORMED, "want one %s and no more",
                        is_key ? "public key in PEM" : "certificate in PEM");
    len = BIO_get_mem_data(pem, &text);
    *out = json_stringn(text, (size_t)len);
    return *out != NULL ? ATLS_OK : atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}

enum atls_reason
atls_import_only(const struct atls_comid_measurement *measurement,
                 uint32_t values, struct atls_why *why)
{
    for (unsigned key = 0; key < 32; key++)
        if ((measurement->values & ~values) >> key & 1)
            return atls_why(why, ATLS_CORIM_UNSUPPORTED,
                            key == ATLS_COMID_UNKNOWN
                                ? "it has authorized-by, or a value that is "
                                  "not known here"
                                : "its value of key %u cannot be pinned",
                            key);
    if ((measurement->values >> ATLS_COMID_DIGESTS & 1) != 0 &&
        measurement->digest.data == NULL)
        return atls_why(why, ATLS_CORIM_UNSUPPORTED,
                        "digests: want one, of SHA-256, SHA-384 or SHA-512 and "
                        "as long");
    return ATLS_OK;
}

static enum atls_reason find_kind(struct atls_view profile,
                                  const struct atls_import_kind **out,
                                  struct atls_why *why)
{
    char shown[MAX_SHOWN] = "none that is a URI";

    for (size_t i = 0; i < NUM_KINDS; i++)
        if (atls_view_is(profile, kinds[i]->profile)) {
            *out = kinds[i];
            return ATLS_OK;
        }
    if (profile.data != NULL)
        atls_claim_ascii(profile, shown, sizeof(shown));
    return atls_why(why, ATLS_CORIM_PROFILE,
                    "want profile %s, %s, %s or %s, found %s",
                    kinds[0]->profile, kinds[1]->profile, kinds[2]->profile,
                    kinds[3]->profile, shown);
}

struct taking {
    struct atls_import *import;
    const struct atls_import_kind *kind;
};

static enum atls_reason take_triple(void *arg, struct atls_comid_triple *triple,
                                    struct atls_why *why)
{
    const struct taking *taking = arg;
    atls_comid_fn *take =
        triple->has_keys ? taking->kind->keys : taking->kind->references;

    if (take == NULL)
        return atls_why(why, ATLS_CORIM_UNSUPPORTED,
                        "this profile has no keys here");
    return take(taking->import, triple, why);
}

static enum atls_reason take_comids(struct atls_import *import,
                                    const struct atls_corim *corim,
                                    struct atls_why *why)
{
    struct taking taking = {.import = import};
    enum atls_reason reason = find_kind(corim->profile, &taking.kind, why);

    for (size_t i = 0; reason == ATLS_OK && i < corim->num_comids; i++) {
        struct atls_why found = {0};

        reason =
            atls_comid_read(corim->comids[i], take_triple, &taking, &found);
        if (reason != ATLS_OK)
            reason = atls_why(why, reason, "CoMID %zu: %s", i + 1, found.text);
    }
    return reason;
}

enum atls_reason atls_import_take(struct atls_import *import,
                                  struct atls_view bytes, const char *source,
                                  struct atls_why *why)
{
    struct atls_why found = {0};
    struct atls_corim corim;
    enum atls_reason reason;

    import->source = source;
    ERR_set_mark();
    reason = atls_corim_open(bytes, &import->terms->corim, &corim, &found);
    if (reason == ATLS_OK)
        reason = take_comids(import, &corim, &found);
    ERR_pop_to_mark();
    return reason == ATLS_OK
               ? ATLS_OK
               : atls_why(why, reason, "%s: %s", source, found.text);
}
