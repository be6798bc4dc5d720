/* SPDX-License-Identifier: Apache-2.0
 *
 * The extension 1.3.6.1.4.1.11129.2.1.21:
 *
 *     SEQUENCE {
 *         zone            UTF8String,
 *         project number  INTEGER,
 *         project ID      UTF8String,
 *         instance ID     INTEGER,
 *         instance name   UTF8String,
 *         security    [0] SEQUENCE { version    [0] INTEGER,
 *                                    production [1] BOOLEAN, ... } OPTIONAL }
 */
#include "gce.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chain.h"
#include "claim.h"
#include "der.h"

const char *const atls_gce_keys[] = {"zone",          "project_number",
                                     "project_id",    "instance_id",
                                     "instance_name", NULL};

static bool is_number(size_t field)
{
    return field == ATLS_GCE_PROJECT_NUMBER || field == ATLS_GCE_INSTANCE_ID;
}

/* What has a NUL in it would be compared up to there. */
static void take_text(struct atls_reader *in, char out[ATLS_GCE_MAX_TEXT])
{
    struct atls_view text = atls_der_take(in, ATLS_DER_UTF8_STRING);

    if (text.len >= ATLS_GCE_MAX_TEXT ||
        (text.len > 0 && memchr(text.data, 0, text.len) != NULL)) {
        in->failed = true;
        return;
    }
    if (text.len > 0)
        memcpy(out, text.data, text.len);
    out[text.len] = '\0';
}

/* The others say how the machine is kept, and not whose it is. */
static bool take_security(struct atls_reader *in)
{
    struct atls_reader tagged =
        atls_reader(atls_der_take(in, ATLS_DER_CONTEXT | 0));
    struct atls_reader list =
        atls_reader(atls_der_take(&tagged, ATLS_DER_SEQUENCE));
    bool is_production = false, has_any = false;

    while (atls_reader_more(&list)) {
        uint8_t tag;
        struct atls_reader value = atls_reader(atls_der_take_any(&list, &tag));

        if (tag != (ATLS_DER_CONTEXT | 1))
            continue;
        is_production = atls_der_take_boolean(&value);
        if (has_any || !atls_reader_done(&value))
            list.failed = true;
        has_any = true;
    }
    if (!atls_reader_done(&tagged) || !atls_reader_done(&list))
        in->failed = true;
    return is_production;
}

enum atls_reason atls_gce_parse(struct atls_view der,
                                struct atls_gce_instance *out,
                                struct atls_why *why)
{
    struct atls_reader whole = atls_reader(der);
    struct atls_reader in =
        atls_reader(atls_der_take(&whole, ATLS_DER_SEQUENCE));

    *out = (struct atls_gce_instance){.is_production = false};
    for (size_t i = 0; i < ATLS_GCE_FIELDS; i++)
        if (is_number(i))
            snprintf(out->fields[i], sizeof(out->fields[i]), "%" PRIu64,
                     atls_der_take_uint(&in));
        else
            take_text(&in, out->fields[i]);
    if (atls_reader_more(&in))
        out->is_production = take_security(&in);
    if (atls_reader_done(&whole) && atls_reader_done(&in))
        return ATLS_OK;
    return atls_why(why, ATLS_CLAIM_INVALID,
                    "AK certificate: want zone, project and instance in "
                    "Google's extension, found something else");
}

enum atls_reason atls_gce_read(const X509 *certificate,
                               struct atls_gce_instance *out,
                               struct atls_why *why)
{
    struct atls_view der =
        atls_chain_extension(certificate, "1.3.6.1.4.1.11129.2.1.21");

    *out = (struct atls_gce_instance){.is_production = false};
    if (der.data == NULL)
        return atls_why(why, ATLS_CLAIM_MISSING,
                        "AK certificate: want Google's extension that names "
                        "the instance, found none");
    return atls_gce_parse(der, out, why);
}

static void check_number(const struct atls_node *node,
                         const struct atls_texts *numbers)
{
    for (size_t i = 0; i < numbers->num; i++) {
        const char *text = numbers->items[i];

        if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0') ||
            text[strspn(text, "0123456789")] != '\0')
            atls_node_wrong(node, "digits of a number, as a text");
    }
}

void atls_gce_reference_read(const struct atls_node *node,
                             struct atls_gce_reference *out)
{
    out->is_asked = node->value != NULL;
    if (node->value == NULL || !atls_node_is_object(node, atls_gce_keys))
        return;
    if (json_object_size(node->value) == 0)
        atls_node_wrong(node, "at least one key");
    for (size_t i = 0; i < ATLS_GCE_FIELDS; i++) {
        struct atls_node member = atls_node_member(node, atls_gce_keys[i]);

        atls_texts_read(&member, &out->accepted[i]);
        if (is_number(i))
            check_number(&member, &out->accepted[i]);
    }
}

void atls_gce_reference_clear(struct atls_gce_reference *reference)
{
    for (size_t i = 0; i < ATLS_GCE_FIELDS; i++)
        atls_texts_clear(&reference->accepted[i]);
}

bool atls_gce_reference_is_pinned(const struct atls_gce_reference *reference)
{
    return reference->accepted[ATLS_GCE_PROJECT_NUMBER].num > 0 ||
           reference->accepted[ATLS_GCE_PROJECT_ID].num > 0 ||
           reference->accepted[ATLS_GCE_INSTANCE_ID].num > 0;
}

enum atls_reason atls_gce_check(const struct atls_gce_instance *instance,
                                const struct atls_gce_reference *reference,
                                const struct atls_profile *profile,
                                struct atls_why *why)
{
    if (!instance->is_production)
        return atls_why(why, ATLS_INSTANCE_REFUSED,
                        "profile %s: gce: want a certificate of production, "
                        "found one in whose words on the instance Google does "
                        "not stand",
                        profile->name);
    for (size_t i = 0; i < ATLS_GCE_FIELDS; i++) {
        const struct atls_texts *accepted = &reference->accepted[i];
        char seen[ATLS_GCE_MAX_TEXT];

        if (accepted->num == 0 ||
            atls_texts_have(accepted, instance->fields[i]))
            continue;
        atls_claim_ascii(atls_view_text(instance->fields[i]), seen,
                         sizeof(seen));
        return atls_why(why, ATLS_INSTANCE_REFUSED,
                        "profile %s: gce: %s: want %s%s, found %s",
                        profile->name, atls_gce_keys[i], accepted->items[0],
                        accepted->num > 1 ? " or another listed" : "", seen);
    }
    return ATLS_OK;
}
