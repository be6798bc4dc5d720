/* SPDX-License-Identifier: Apache-2.0
 *
 * The reference values for a quote without PCR values, from and to JSON.
 */
#include <string.h>

#include "claim.h"
#include "tpm_digest.h"

const char *const atls_digest_keys[] = {"pcrs", "pcr_digest",
                                        "firmware_version", NULL};

static uint32_t read_mask(const struct atls_node *node)
{
    size_t num = json_array_size(node->value);
    uint32_t mask = 0;

    if (!atls_node_is_array(node))
        return 0;
    if (num == 0)
        atls_node_wrong(node, "at least one PCR");
    for (size_t i = 0; i < num; i++) {
        struct atls_node item = atls_node_item(node, i);

        mask |= UINT32_C(1)
                << atls_node_number(&item, ATLS_TPM_NUM_PCRS - 1, 0);
    }
    return mask;
}

static void read_digest(const struct atls_node *node,
                        struct atls_tpm_digest *out)
{
    static const char *const keys[] = {"pcrs", "digest", NULL};
    static const char *const banks[] = {"sha256", "sha384", "sha512", NULL};
    struct atls_node pcrs = atls_node_member(node, keys[0]);
    struct atls_node digest = atls_node_member(node, keys[1]);

    if (!atls_node_is_object(node, keys) || !atls_node_is_object(&pcrs, banks))
        return;
    if (json_object_size(pcrs.value) == 0)
        atls_node_wrong(&pcrs, "at least one bank");
    for (int i = 0; banks[i] != NULL; i++) {
        struct atls_node bank = atls_node_member(&pcrs, banks[i]);

        if (bank.value != NULL)
            out->masks[i] = read_mask(&bank);
    }
    out->len = atls_node_hex(&digest, 32, ATLS_TPM_MAX_HASH, out->bytes);
}

static void read_digests(const struct atls_node *node,
                         struct atls_tpm_digest_reference *reference)
{
    size_t num = atls_node_list_size(node);

    if (node->value == NULL)
        return;
    if (num == 0)
        atls_node_wrong(node, "at least one digest");
    reference->digests = calloc(num + 1, sizeof(struct atls_tpm_digest));
    if (reference->digests == NULL)
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
    for (size_t i = 0; reference->digests != NULL && i < num; i++) {
        struct atls_node item = atls_node_list_item(node, i);

        read_digest(&item, &reference->digests[reference->num_digests++]);
    }
}

/* Each is one digest to try for whoever shows a quote. */
static void check_combinations(const struct atls_node *pcrs,
                               const struct atls_tpm_reference *values)
{
    size_t num = 1;

    for (size_t i = 0; i < values->num_pcrs; i++)
        if (values->pcrs[i].values.num > 0 && num <= ATLS_TPM_MAX_COMBINATIONS)
            num *= values->pcrs[i].values.num;
    if (num > ATLS_TPM_MAX_COMBINATIONS)
        atls_node_problem(pcrs, ATLS_POLICY_INVALID,
                          "want at most %d combinations of values, found more: "
                          "only the digest over all of them can be compared",
                          ATLS_TPM_MAX_COMBINATIONS);
}

void atls_tpm_digest_read(const struct atls_node *node,
                          struct atls_profile *profile)
{
    struct atls_tpm_digest_reference *reference = calloc(1, sizeof(*reference));
    struct atls_node pcrs = atls_node_member(node, "pcrs");
    struct atls_node digest = atls_node_member(node, "pcr_digest");

    if (reference == NULL) {
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
        return;
    }
    atls_tpm_read(node, profile);
    reference->values = profile->reference;
    profile->reference = reference;
    profile->num_types = 0;
    read_digests(&digest, reference);
    if (reference->values != NULL)
        check_combinations(&pcrs, reference->values);
    if (pcrs.value != NULL && digest.value != NULL)
        atls_node_problem(&digest, ATLS_POLICY_INVALID,
                          "want either \"pcrs\" or \"pcr_digest\", found both");
    profile->is_pinned = pcrs.value != NULL || digest.value != NULL;
}

void atls_tpm_digest_reference_free(void *reference)
{
    struct atls_tpm_digest_reference *values = reference;

    if (values == NULL)
        return;
    atls_tpm_reference_free(values->values);
    free(values->digests);
    free(values);
}

static bool add_bank(json_t *pcrs, const struct atls_tpm_selection *selection)
{
    json_t *indices = json_array();

    if (json_object_set_new(pcrs, atls_tpm_hashes[selection->hash].name,
                            indices) != 0)
        return false;
    for (unsigned i = 0; i < ATLS_TPM_NUM_PCRS; i++)
        if ((selection->mask >> i & 1) != 0 &&
            json_array_append_new(indices, json_integer(i)) != 0)
            return false;
    return true;
}

static bool add_pcrs(json_t *digest, const struct atls_tpm_attest *attest)
{
    json_t *pcrs = atls_json_object();

    if (json_object_set_new(digest, "pcrs", pcrs) != 0)
        return false;
    for (size_t i = 0; i < attest->num_selections; i++)
        if (attest->selections[i].mask != 0 &&
            !add_bank(pcrs, &attest->selections[i]))
            return false;
    return true;
}

static bool quotes_any(const struct atls_tpm_attest *attest)
{
    for (size_t i = 0; i < attest->num_selections; i++)
        if (attest->selections[i].mask != 0)
            return true;
    return false;
}

static bool learn_digest(const struct atls_tpm_attest *attest, json_t *profile)
{
    json_t *digest;

    if (!quotes_any(attest)) /* nothing to pin */
        return json_object_set_new(profile, "any", json_true()) == 0;
    digest = atls_json_object();
    return json_object_set_new(profile, "pcr_digest", digest) == 0 &&
           add_pcrs(digest, attest) &&
           atls_claim_learn_hex(digest, "digest", attest->pcr_digest);
}

bool atls_tpm_digest_learn(const struct atls_tpm_attest *attest,
                           json_t *profile)
{
    return learn_digest(attest, profile) &&
           atls_tpm_learn_firmware(attest, profile);
}
