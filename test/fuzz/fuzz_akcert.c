/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates of attestation keys, and Google's extension in them: the bytes
 * are tried as either.
 */
#include <string.h>

#include "ak_cert.h"
#include "fuzz.h"
#include "gce.h"

const char fuzz_target[] = "akcert";

static const struct atls_profile profile = {.name = "p"};

static void use_instance(const struct atls_gce_instance *instance)
{
    static char id[] = "example-project";
    static char *ids[] = {id};
    const struct atls_gce_reference reference = {
        .accepted[ATLS_GCE_PROJECT_ID] = {ids, 1}, .is_asked = true};
    struct atls_why why = {0};
    enum atls_reason reason =
        atls_gce_check(instance, &reference, &profile, &why);

    for (size_t i = 0; i < ATLS_GCE_FIELDS; i++)
        fuzz_must(memchr(instance->fields[i], 0, ATLS_GCE_MAX_TEXT) != NULL);
    fuzz_must(reason == why.reason);
    fuzz_must(reason != ATLS_OK ||
              (instance->is_production &&
               strcmp(instance->fields[ATLS_GCE_PROJECT_ID], ids[0]) == 0));
}

static void use_certificate(X509 *certificate)
{
    static char oid[] = "2.23.133.8.3";
    static char *oids[] = {oid};
    const struct atls_texts ekus = {oids, 1};
    struct atls_gce_instance instance;
    json_t *learnt = json_object();
    bool is_fit =
        atls_ak_cert_check(certificate, &ekus, &profile, NULL) == ATLS_OK;

    fuzz_must(learnt != NULL && atls_ak_cert_learn(certificate, learnt));
    fuzz_must(!is_fit || json_object_size(learnt) == 0);
    json_decref(learnt);
    if (atls_gce_read(certificate, &instance, NULL) == ATLS_OK)
        use_instance(&instance);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atls_view bytes = atls_view(data, size);
    struct atls_gce_instance instance;
    X509 *certificate = NULL;

    if (atls_gce_parse(bytes, &instance, NULL) == ATLS_OK)
        use_instance(&instance);
    fuzz_must((atls_ak_cert_read(bytes, &certificate, NULL) == ATLS_OK) ==
              (certificate != NULL));
    if (certificate != NULL)
        use_certificate(certificate);
    X509_free(certificate);
    return 0;
}
