/* SPDX-License-Identifier: Apache-2.0
 *
 * The reference values of a SEV-SNP profile, from and to JSON.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base64url.h"
#include "chain.h"
#include "duration.h"
#include "snp.h"
#include "stock.h"
#include "tsm_report.h"

const char *const atls_snp_keys[] = {"measurement",   "host_data",
                                     "id_key_digest", "author_key_digest",
                                     "family_id",     "image_id",
                                     "chip_id",       "key",
                                     "csp_id",        "vmpl",
                                     "debug",         "migration",
                                     "smt",           "guest_policy",
                                     "platform_info", "guest_svn",
                                     "min_tcb",       "committed",
                                     "crl",           "grace",
                                     "collateral",    NULL};

static void out_of_memory(const struct atls_node *node)
{
    atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
}

static void read_values(const struct atls_node *node, const char *key,
                        size_t len, struct atls_values *out)
{
    struct atls_node member = atls_node_member(node, key);

    atls_values_read(&member, len, out);
}

static void read_key(const struct atls_node *node,
                     struct atls_snp_reference *reference)
{
    struct atls_node key = atls_node_member(node, "key");
    size_t num = atls_node_list_size(&key);

    /* A VLEK's holder can sign on any chip that it rents out: whoever relies
     * on that must say so. */
    reference->takes_key[ATLS_SNP_VCEK] = key.value == NULL;
    if (key.value != NULL && num == 0)
        atls_node_wrong(&key, "at least one key");
    for (size_t i = 0; i < num; i++) {
        struct atls_node item = atls_node_list_item(&key, i);
        int choice = atls_node_choice(&item, atls_snp_keys_of_report);

        if (choice >= 0)
            reference->takes_key[choice] = true;
    }
}

static void read_vmpl(const struct atls_node *node,
                      struct atls_snp_reference *reference)
{
    struct atls_node vmpl = atls_node_member(node, "vmpl");
    size_t num = atls_node_list_size(&vmpl);

    reference->takes_vmpl[0] = vmpl.value == NULL;
    if (vmpl.value != NULL && num == 0)
        atls_node_wrong(&vmpl, "at least one VMPL");
    for (size_t i = 0; i < num; i++) {
        struct atls_node item = atls_node_list_item(&vmpl, i);
        int64_t level = atls_node_number(&item, ATLS_SNP_NUM_VMPLS - 1, -1);

        if (level >= 0)
            reference->takes_vmpl[level] = true;
    }
}

enum { MAX_NAMES = 16 };

/* Bits by name, one or a list; of the table but for its first num_left_out. */
static uint64_t read_bits(const struct atls_node *node, const char *key,
                          const struct atls_snp_bit *bits)
{
    struct atls_node list = atls_node_member(node, key);
    const char *names[MAX_NAMES] = {NULL};
    size_t num = atls_node_list_size(&list);
    uint64_t wanted = 0;

    for (size_t i = 0; bits[i].name != NULL && i + 1 < MAX_NAMES; i++)
        names[i] = bits[i].name;
    if (list.value != NULL && num == 0)
        atls_node_wrong(&list, "at least one name of a bit");
    for (size_t i = 0; i < num; i++) {
        struct atls_node item = atls_node_list_item(&list, i);
        int choice = atls_node_choice(&item, names);

        if (choice >= 0)
            wanted |= (uint64_t)1 << bits[choice].bit;
    }
    return wanted;
}

static void read_parts(const struct atls_node *node,
                       enum atls_snp_product product, uint8_t *parts)
{
    const char *known[ATLS_SNP_NUM_PARTS + 1] = {NULL};
    size_t num = 0;

    for (int i = 0; i < ATLS_SNP_NUM_PARTS; i++)
        if (atls_snp_part_at(product, (enum atls_snp_part)i) >= 0)
            known[num++] = atls_snp_parts[i];
    if (!atls_node_is_object(node, known))
        return;
    if (json_object_size(node->value) == 0)
        atls_node_wrong(node, "at least one part of the TCB");
    for (int i = 0; i < ATLS_SNP_NUM_PARTS; i++) {
        struct atls_node part = atls_node_member(node, atls_snp_parts[i]);

        parts[i] = (uint8_t)atls_node_number(&part, UINT8_MAX, 0);
    }
}

static void read_min_tcb(const struct atls_node *node,
                         struct atls_snp_reference *reference)
{
    static const char *const products[] = {"Milan", "Genoa", "Turin", NULL};
    struct atls_node min_tcb = atls_node_member(node, "min_tcb");

    if (min_tcb.value == NULL || !atls_node_is_object(&min_tcb, products))
        return;
    if (json_object_size(min_tcb.value) == 0)
        atls_node_wrong(&min_tcb, "at least one product");
    reference->has_min_tcb = true;
    for (int i = ATLS_SNP_MILAN; i < ATLS_SNP_NUM_PRODUCTS; i++) {
        struct atls_node product =
            atls_node_member(&min_tcb, atls_snp_product_names[i]);

        reference->min_tcb[i].is_listed = product.value != NULL;
        if (product.value != NULL)
            read_parts(&product, (enum atls_snp_product)i,
                       reference->min_tcb[i].parts);
    }
}

static void read_csp_ids(const struct atls_node *node,
                         struct atls_snp_reference *reference)
{
    struct atls_node list = atls_node_member(node, "csp_id");
    size_t num = atls_node_list_size(&list);

    if (list.value == NULL)
        return;
    if (num == 0)
        atls_node_wrong(&list, "at least one CSP");
    reference->csp_ids = calloc(num + 1, sizeof(char *));
    if (reference->csp_ids == NULL)
        out_of_memory(&list);
    for (size_t i = 0; reference->csp_ids != NULL && i < num; i++) {
        struct atls_node item = atls_node_list_item(&list, i);
        const char *text = atls_node_text(&item);
        char *copy = text != NULL ? strdup(text) : NULL;

        if (copy != NULL)
            reference->csp_ids[reference->num_csp_ids++] = copy;
        else if (text != NULL)
            out_of_memory(&item);
    }
}

/* A VCEK without its ASK is of no use, so those are kept at hand. */
static void read_collateral(const struct atls_node *node,
                            struct atls_snp_reference *reference)
{
    struct atls_node folder = atls_node_member(node, "collateral");
    STACK_OF(X509) * all;

    atls_collateral_read(&folder, &reference->collateral);
    all = reference->collateral.certificates;
    reference->authorities = sk_X509_new_null();
    if (reference->authorities == NULL)
        out_of_memory(node);
    for (int i = 0; reference->authorities != NULL && i < sk_X509_num(all);
         i++) {
        X509 *certificate = sk_X509_value(all, i);

        if (X509_check_ca(certificate) <= 0)
            continue;
        if (X509_up_ref(certificate) != 1 ||
            sk_X509_push(reference->authorities, certificate) <= 0)
            out_of_memory(&folder);
    }
}

static void read_flags(const struct atls_node *node,
                       struct atls_snp_reference *reference)
{
    struct atls_node debug = atls_node_member(node, "debug");
    struct atls_node migration = atls_node_member(node, "migration");
    struct atls_node smt = atls_node_member(node, "smt");
    struct atls_node committed = atls_node_member(node, "committed");
    struct atls_node crl = atls_node_member(node, "crl");
    struct atls_node grace = atls_node_member(node, "grace");
    struct atls_node guest_svn = atls_node_member(node, "guest_svn");

    reference->takes_debug = atls_node_flag(&debug, false);
    reference->takes_migration = atls_node_flag(&migration, false);
    reference->takes_smt = atls_node_flag(&smt, true);
    reference->wants_committed = atls_node_flag(&committed, false);
    reference->wants_crl = atls_node_flag(&crl, false);
    reference->grace_s = atls_node_duration(&grace, ATLS_DURATION_MAX_S, 0);
    reference->min_guest_svn =
        (uint32_t)atls_node_number(&guest_svn, UINT32_MAX, 0);
}

void atls_snp_read(const struct atls_node *node, struct atls_profile *profile)
{
    struct atls_snp_reference *reference = calloc(1, sizeof(*reference));

    if (reference == NULL) {
        out_of_memory(node);
        return;
    }
    profile->reference = reference;
    read_values(node, "measurement", 48, &reference->measurements);
    read_values(node, "host_data", 32, &reference->host_data);
    read_values(node, "id_key_digest", 48, &reference->id_key_digests);
    read_values(node, "author_key_digest", 48, &reference->author_key_digests);
    read_values(node, "family_id", 16, &reference->family_ids);
    read_values(node, "image_id", 16, &reference->image_ids);
    read_values(node, "chip_id", ATLS_SNP_HWID, &reference->chip_ids);
    read_key(node, reference);
    read_csp_ids(node, reference);
    read_vmpl(node, reference);
    read_flags(node, reference);
    reference->wanted_policy =
        read_bits(node, "guest_policy", atls_snp_policy_bits);
    reference->wanted_platform_info =
        read_bits(node, "platform_info", atls_snp_platform_bits);
    read_min_tcb(node, reference);
    read_collateral(node, reference);
    profile->types[profile->num_types++] = atls_tsm_report_types[0];
    profile->types[profile->num_types++] = atls_tsm_report_types[1];
    /* Whoever signed an ID block said what may be launched with it. */
    profile->is_pinned = reference->measurements.num > 0 ||
                         reference->id_key_digests.num > 0 ||
                         reference->author_key_digests.num > 0;
}

void atls_snp_reference_free(void *reference)
{
    struct atls_snp_reference *values = reference;

    if (values == NULL)
        return;
    atls_values_clear(&values->measurements);
    atls_values_clear(&values->host_data);
    atls_values_clear(&values->id_key_digests);
    atls_values_clear(&values->author_key_digests);
    atls_values_clear(&values->family_ids);
    atls_values_clear(&values->image_ids);
    atls_values_clear(&values->chip_ids);
    for (size_t i = 0; i < values->num_csp_ids; i++)
        free(values->csp_ids[i]);
    free(values->csp_ids);
    atls_chain_stack_free(values->authorities);
    atls_collateral_clear(&values->collateral);
    free(values);
}

void atls_snp_stock(const void *reference, struct atls_stock *out)
{
    const struct atls_snp_reference *values = reference;

    *out = (struct atls_stock){.collateral = &values->collateral,
                               .grace_s = values->grace_s,
                               .crl_of = values->wants_crl ? "the ARK" : NULL};
}

static bool is_zero(struct atls_view bytes)
{
    uint8_t any = 0;

    for (size_t i = 0; i < bytes.len; i++)
        any |= bytes.data[i];
    return any == 0;
}

static bool add_bytes(json_t *profile, const char *key, struct atls_view bytes)
{
    char text[2 * ATLS_SNP_HWID + 1];

    atls_hex(bytes, text, sizeof(text));
    return json_object_set_new(profile, key, json_string(text)) == 0;
}

static bool add_unless_zero(json_t *profile, const char *key,
                            struct atls_view bytes)
{
    return is_zero(bytes) || add_bytes(profile, key, bytes);
}

/* Of a product that the report names, what it is at now is the least. */
static bool add_min_tcb(json_t *profile, const struct atls_snp_report *report)
{
    enum atls_snp_product product = atls_snp_report_product(report);
    json_t *parts;

    if (product == ATLS_SNP_UNKNOWN)
        return true;
    parts = atls_json_object();
    for (int i = 0; i < ATLS_SNP_NUM_PARTS; i++) {
        int at = atls_snp_part_at(product, (enum atls_snp_part)i);

        if (at >= 0 && json_object_set_new(
                           parts, atls_snp_parts[i],
                           json_integer(report->reported_tcb.data[at])) != 0) {
            json_decref(parts);
            return false;
        }
    }
    return json_object_set_new(
               profile, "min_tcb",
               json_pack("{s:o}", atls_snp_product_names[product], parts)) == 0;
}

/* What differs from the default, so that the policy takes this Evidence; an
 * operator sees there what it is. */
static bool add_configuration(json_t *profile,
                              const struct atls_snp_report *report)
{
    int key = atls_snp_report_key(report);
    bool is_good = true;

    if (key == ATLS_SNP_VLEK)
        is_good =
            json_object_set_new(profile, "key",
                                json_string(atls_snp_keys_of_report[key])) == 0;
    if (is_good && report->vmpl > 0 && report->vmpl < ATLS_SNP_NUM_VMPLS)
        is_good = json_object_set_new(profile, "vmpl",
                                      json_integer(report->vmpl)) == 0;
    if (is_good && (report->policy >> ATLS_SNP_POLICY_DEBUG & 1) != 0)
        is_good = json_object_set_new(profile, "debug", json_true()) == 0;
    if (is_good && (report->policy >> ATLS_SNP_POLICY_MIGRATE & 1) != 0)
        is_good = json_object_set_new(profile, "migration", json_true()) == 0;
    if (is_good && report->guest_svn > 0)
        is_good = json_object_set_new(profile, "guest_svn",
                                      json_integer(report->guest_svn)) == 0;
    return is_good;
}

bool atls_snp_learn(const void *claims, json_t *profile)
{
    const struct atls_snp_claims *snp = claims;
    const struct atls_snp_report *report = &snp->report;

    return add_bytes(profile, "measurement", report->measurement) &&
           add_unless_zero(profile, "host_data", report->host_data) &&
           add_unless_zero(profile, "id_key_digest", report->id_key_digest) &&
           add_unless_zero(profile, "author_key_digest",
                           report->author_key_digest) &&
           add_configuration(profile, report) && add_min_tcb(profile, report);
}
