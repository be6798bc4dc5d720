/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates of attestation keys in a policy.
 */
#include "chain.h"
#include "tpm_cert.h"

const char *const atls_tpm_cert_keys[] = {
    "pcrs", "firmware_version", "eventlog", "eku", "gce", NULL};

void atls_tpm_cert_read(const struct atls_node *node,
                        struct atls_profile *profile)
{
    struct atls_tpm_cert_reference *reference = calloc(1, sizeof(*reference));
    struct atls_node eku = atls_node_member(node, "eku");
    struct atls_node gce = atls_node_member(node, "gce");

    if (reference == NULL) {
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
        return;
    }
    atls_tpm_read(node, profile);
    reference->quote = profile->reference;
    profile->reference = reference;
    atls_ak_cert_ekus_read(&eku, &reference->ekus);
    atls_gce_reference_read(&gce, &reference->gce);
    /* A CA certifies the keys of others, too. */
    profile->is_pinned =
        profile->is_pinned || atls_gce_reference_is_pinned(&reference->gce);
}

void atls_tpm_cert_reference_free(void *reference)
{
    struct atls_tpm_cert_reference *values = reference;

    if (values == NULL)
        return;
    atls_tpm_reference_free(values->quote);
    atls_texts_clear(&values->ekus);
    atls_gce_reference_clear(&values->gce);
    free(values);
}

/* Of this instance, which is what pins where no PCR was quoted. */
static bool learn_instance(const struct atls_gce_instance *instance,
                           json_t *profile)
{
    static const enum atls_gce_field fields[] = {ATLS_GCE_PROJECT_ID,
                                                 ATLS_GCE_INSTANCE_ID};
    json_t *gce = atls_json_object();

    for (size_t i = 0; gce != NULL && i < 2; i++)
        if (json_object_set_new(gce, atls_gce_keys[fields[i]],
                                json_string(instance->fields[fields[i]])) !=
            0) {
            json_decref(gce);
            return false;
        }
    (void)json_object_del(profile, "any");
    return json_object_set_new(profile, "gce", gce) == 0;
}

bool atls_tpm_cert_learn(const void *in, json_t *profile)
{
    const struct atls_tpm_claims *claims = in;
    ATLS_AUTO(X509) *certificate = NULL;
    struct atls_gce_instance instance;

    /* That it can be read was seen, and what it pins must not be lost. */
    if (!atls_tpm_learn(claims, profile) ||
        atls_ak_cert_read(claims->ak_cert, &certificate, NULL) != ATLS_OK ||
        !atls_ak_cert_learn(certificate, profile))
        return false;
    return atls_gce_read(certificate, &instance, NULL) != ATLS_OK ||
           !instance.is_production || learn_instance(&instance, profile);
}
