/* SPDX-License-Identifier: Apache-2.0
 *
 * The reference values of a TPM profile, from and to JSON.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "tpm.h"

const char *const atls_tpm_keys[] = {"pcrs", "firmware_version", "eventlog",
                                     NULL};

/* "0" to "23", written as a number is. */
static int index_of(const char *text)
{
    int value = 0;

    if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
        return -1;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        value = 10 * value + (*text - '0');
        if (value >= ATLS_TPM_NUM_PCRS)
            return -1;
    }
    return value;
}

static void read_bank(const struct atls_node *node, int hash,
                      struct atls_tpm_reference *reference)
{
    const char *key;
    json_t *value;

    if (!atls_node_is_object(node, NULL))
        return;
    if (json_object_size(node->value) == 0)
        atls_node_wrong(node, "at least one PCR");
    json_object_foreach(node->value, key, value)
    {
        struct atls_node member = atls_node_member(node, key);
        struct atls_tpm_pcr *pcr = &reference->pcrs[reference->num_pcrs];
        int index = index_of(key);

        if (index < 0) {
            atls_node_problem(&member, ATLS_POLICY_INVALID,
                              "want a PCR from 0 to 23, found \"%.20s\"", key);
            continue;
        }
        pcr->hash = hash;
        pcr->index = (unsigned)index;
        reference->num_pcrs++;
        atls_values_read(&member, atls_tpm_hashes[hash].len, &pcr->values);
    }
}

static void read_pcrs(const struct atls_node *node,
                      struct atls_tpm_reference *reference)
{
    static const char *const banks[] = {"sha256", "sha384", "sha512", NULL};

    if (node->value == NULL || !atls_node_is_object(node, banks))
        return;
    if (json_object_size(node->value) == 0)
        atls_node_wrong(node, "at least one bank");
    reference->pcrs = calloc((size_t)ATLS_TPM_NUM_HASHES * ATLS_TPM_NUM_PCRS,
                             sizeof(struct atls_tpm_pcr));
    if (reference->pcrs == NULL)
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
    for (int i = 0; reference->pcrs != NULL && i < ATLS_TPM_NUM_HASHES; i++) {
        struct atls_node bank = atls_node_member(node, banks[i]);

        if (bank.value != NULL)
            read_bank(&bank, i, reference);
    }
}

void atls_tpm_read(const struct atls_node *node, struct atls_profile *profile)
{
    struct atls_node pcrs = atls_node_member(node, "pcrs");
    struct atls_node firmware = atls_node_member(node, "firmware_version");
    struct atls_node eventlog = atls_node_member(node, "eventlog");
    struct atls_tpm_reference *reference = calloc(1, sizeof(*reference));

    if (reference == NULL) {
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
        return;
    }
    profile->reference = reference;
    read_pcrs(&pcrs, reference);
    atls_values_read(&firmware, ATLS_TPM_FIRMWARE_VERSION,
                     &reference->firmware_versions);
    reference->wants_log = atls_node_flag(&eventlog, false);
    profile->types[profile->num_types++] = atls_tpm_types[0];
    /* An AK is the key of one TPM. */
    profile->is_pinned = pcrs.value != NULL;
}

void atls_tpm_reference_free(void *reference)
{
    struct atls_tpm_reference *values = reference;

    if (values == NULL)
        return;
    for (size_t i = 0; i < values->num_pcrs; i++)
        atls_values_clear(&values->pcrs[i].values);
    free(values->pcrs);
    atls_values_clear(&values->firmware_versions);
    free(values);
}

static bool add_bank(json_t *pcrs, const struct atls_tpm_bank *bank,
                     const struct atls_tpm_hash *hash)
{
    json_t *object = atls_json_object();
    char key[8], text[2 * ATLS_TPM_MAX_HASH + 1];

    if (json_object_set_new(pcrs, hash->name, object) != 0)
        return false;
    for (unsigned i = 0; i < ATLS_TPM_NUM_PCRS; i++) {
        if (bank->values[i] == NULL)
            continue;
        snprintf(key, sizeof(key), "%u", i);
        atls_hex(atls_view(bank->values[i], hash->len), text, sizeof(text));
        if (json_object_set_new(object, key, json_string(text)) != 0)
            return false;
    }
    return true;
}

/* A quote of no PCR shows nothing to pin. */
static bool add_pcrs(json_t *profile, const struct atls_tpm_claims *quote)
{
    json_t *pcrs = atls_json_object();

    if (pcrs == NULL)
        return false;
    for (int i = 0; i < ATLS_TPM_NUM_HASHES; i++)
        if (quote->banks[i].mask != 0 &&
            !add_bank(pcrs, &quote->banks[i], &atls_tpm_hashes[i])) {
            json_decref(pcrs);
            return false;
        }
    if (json_object_size(pcrs) > 0)
        return json_object_set_new(profile, "pcrs", pcrs) == 0;
    json_decref(pcrs);
    return json_object_set_new(profile, "any", json_true()) == 0;
}

bool atls_tpm_learn_firmware(const struct atls_tpm_attest *attest,
                             json_t *profile)
{
    char version[2 * ATLS_TPM_FIRMWARE_VERSION + 1];

    snprintf(version, sizeof(version), "%016" PRIx64, attest->firmware_version);
    return json_object_set_new(profile, "firmware_version",
                               json_string(version)) == 0;
}

bool atls_tpm_learn(const void *claims, json_t *profile)
{
    const struct atls_tpm_claims *quote = claims;

    return add_pcrs(profile, quote) &&
           atls_tpm_learn_firmware(&quote->attest, profile);
}
