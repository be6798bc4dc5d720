/* SPDX-License-Identifier: Apache-2.0
 *
 * Results, signed with a key file of the run.
 */
#include "verifier.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/pem.h>

#include "base64url.h"
#include "jws.h"
#include "pair.h"

enum { REPORT_DATA = 64, LIFETIME_S = 300 };

static EVP_PKEY *read_key(const char *name)
{
    char path[64];
    FILE *file;
    EVP_PKEY *key;

    snprintf(path, sizeof(path), "../%s", name);
    file = fopen(pair_path(path), "r");
    ck_assert_ptr_nonnull(file);
    key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    ck_assert_ptr_nonnull(key);
    return key;
}

static json_t *key_attestation(const char *name)
{
    EVP_PKEY *key = read_key(name);
    ATLS_AUTO_BUF text = atls_buf(1024);
    uint8_t *spki = NULL;
    int len = i2d_PUBKEY(key, &spki);

    ck_assert_int_gt(len, 0);
    atls_base64url_put(&text, atls_view(spki, (size_t)len));
    OPENSSL_free(spki);
    EVP_PKEY_free(key);
    return json_pack("{s:s%}", "akpub", (const char *)text.data, text.len);
}

/* Trustee's: zeros to the right, in hex. */
static json_t *annotated_evidence(struct atls_view report_data)
{
    uint8_t field[REPORT_DATA] = {0};
    char text[2 * REPORT_DATA + 1];

    memcpy(field, report_data.data, report_data.len);
    atls_hex(atls_view(field, sizeof(field)), text, sizeof(text));
    return json_pack("{s:s}", "report_data", text);
}

/* What atls_ear_put has no place for. */
static void add(const struct verifier_word *word, const char *submod_name,
                struct atls_buf *payload)
{
    json_t *result =
        json_loadb((const char *)payload->data, payload->len, 0, NULL);
    json_t *submod =
        json_object_get(json_object_get(result, "submods"), submod_name);

    if (word->attested != NULL)
        json_object_set_new(submod, "ear.veraison.key-attestation",
                            key_attestation(word->attested));
    if (word->is_trustees)
        json_object_set_new(result, "eat_profile",
                            json_string(ATLS_EAR_PROFILE_TRUSTEE));
    if (word->is_trustees && word->of_submod.len > 0)
        json_object_set_new(submod, "ear.veraison.annotated-evidence",
                            annotated_evidence(word->of_submod));
    payload->len = 0;
    atls_json_put(payload, result);
    json_decref(result);
}

static void judge(const struct verifier_word *word,
                  struct atls_verdict *verdict)
{
    struct atls_why no = {ATLS_COMPONENT_REFUSED, "no"};

    atls_verdict_init(verdict);
    if (word->is_contraindicated) {
        atls_verdict_refuse(verdict, ATLS_EXECUTABLES, 96, &no);
        return;
    }
    verdict->vector[ATLS_EXECUTABLES] = 2;
    atls_verdict_accept(verdict);
}

void verifier_sign(const struct verifier_word *word, struct atls_buf *jws)
{
    ATLS_AUTO_BUF payload = atls_buf(65536);
    EVP_PKEY *key = read_key(word->key != NULL ? word->key : "verifier.key");
    struct atls_verdict verdict;
    struct atls_ear_appraisal submod = {
        .name = word->submod != NULL ? word->submod : "PSA_IOT",
        .verdict = &verdict,
        .nonce = word->is_trustees ? atls_view(NULL, 0) : word->of_submod};
    struct atls_ear_content content = {.profile = ATLS_EAR_PROFILE_VERAISON,
                                       .iat = time(NULL) - word->age_s,
                                       .nonce = word->of_session,
                                       .developer = word->developer != NULL
                                                        ? word->developer
                                                        : "Veraison Project",
                                       .build = "1",
                                       .submods = &submod,
                                       .num_submods = 1};

    if (word->is_trustees)
        content.exp = content.iat + LIFETIME_S;
    judge(word, &verdict);
    ck_assert_reason(atls_ear_put(&payload, &content, NULL), ATLS_OK);
    add(word, submod.name, &payload);
    ck_assert_reason(
        atls_jws_put(jws, atls_buf_view(&payload), key, NULL, NULL), ATLS_OK);
    EVP_PKEY_free(key);
}

struct remote_stub *verifier_stub(void)
{
    void *module =
        dlopen(pair_path("atls_remote.so"), RTLD_NOW | RTLD_NODELETE);
    struct remote_stub *stub;

    ck_assert_msg(module != NULL, "%s", dlerror());
    stub = dlsym(module, "remote_stub");
    ck_assert_ptr_nonnull(stub);
    return stub;
}
