/* SPDX-License-Identifier: Apache-2.0
 *
 * TPM keys in files.
 *
 *     TPMKey ::= SEQUENCE {
 *         type        OBJECT IDENTIFIER,
 *         emptyAuth   [0] EXPLICIT BOOLEAN OPTIONAL,
 *         policy      [1] EXPLICIT SEQUENCE OF TPMPolicy OPTIONAL,
 *         secret      [2] EXPLICIT OCTET STRING OPTIONAL,
 *         authPolicy  [3] EXPLICIT SEQUENCE OF TPMAuthPolicy OPTIONAL,
 *         description [4] EXPLICIT UTF8String OPTIONAL,
 *         rsaParent   [5] EXPLICIT BOOLEAN OPTIONAL,
 *         parent      INTEGER,
 *         pubkey      OCTET STRING,   -- TPM2B_PUBLIC
 *         privkey     OCTET STRING }  -- TPM2B_PRIVATE
 */
#include "provider/tpm_key_file.h"

#define TAG_INTEGER      0x02
#define TAG_OCTET_STRING 0x04
#define TAG_OID          0x06
#define TAG_SEQUENCE     0x30
#define TAG_POLICY       0xa1
#define TAG_AUTH_POLICY  0xa3
#define TAG_RSA_PARENT   0xa5

/* One DER element with a length of at most two bytes. */
static struct atls_view take(struct atls_reader *in, uint8_t *tag)
{
    size_t len;

    *tag = atls_reader_u8(in);
    len = atls_reader_u8(in);
    if (len == 0x81)
        len = atls_reader_u8(in);
    else if (len == 0x82)
        len = atls_reader_u16(in);
    else if (len >= 0x80)
        in->failed = true;
    return atls_reader_bytes(in, len);
}

static struct atls_view take_tag(struct atls_reader *in, uint8_t wanted)
{
    uint8_t tag;
    struct atls_view value = take(in, &tag);

    if (tag != wanted)
        in->failed = true;
    return value;
}

static uint32_t take_parent(struct atls_reader *in, uint8_t tag,
                            struct atls_view value)
{
    struct atls_reader number = atls_reader(value);

    if (tag != TAG_INTEGER)
        in->failed = true;
    if (value.len == 5) /* a handle of 0x80... has a zero before it */
        (void)atls_reader_u8(&number);
    return value.len == 4 || value.len == 5 ? atls_reader_u32(&number) : 0;
}

static bool is_false(struct atls_view boolean)
{
    static const uint8_t no[] = {0x01, 1, 0};

    return atls_view_equal(boolean, atls_view(no, sizeof(no)));
}

struct parts {
    bool has_policy, has_rsa_parent;
    uint32_t parent;
    struct atls_view public_area, private_area;
};

static bool split(struct atls_view der, struct parts *parts)
{
    /* 2.23.133.10.1.3, id-loadablekey */
    static const uint8_t loadable[] = {0x67, 0x81, 0x05, 0x0a, 0x01, 0x03};
    struct atls_reader outer = atls_reader(der), in;
    struct atls_view value;
    uint8_t tag;

    in = atls_reader(take_tag(&outer, TAG_SEQUENCE));
    value = take_tag(&in, TAG_OID);
    if (!atls_view_equal(value, atls_view(loadable, sizeof(loadable))))
        return false;
    value = take(&in, &tag);
    for (; tag >= 0xa0 && tag <= 0xa5 && !in.failed; value = take(&in, &tag)) {
        if (tag == TAG_POLICY || tag == TAG_AUTH_POLICY)
            parts->has_policy = true;
        if (tag == TAG_RSA_PARENT && !is_false(value))
            parts->has_rsa_parent = true;
    }
    parts->parent = take_parent(&in, tag, value);
    parts->public_area = take_tag(&in, TAG_OCTET_STRING);
    parts->private_area = take_tag(&in, TAG_OCTET_STRING);
    return atls_reader_done(&in) && atls_reader_done(&outer);
}

static bool unmarshal(const struct parts *parts, struct atls_tpm_key_file *file)
{
    size_t public_at = 0, private_at = 0;

    return Tss2_MU_TPM2B_PUBLIC_Unmarshal(
               parts->public_area.data, parts->public_area.len, &public_at,
               &file->public_area) == TSS2_RC_SUCCESS &&
           Tss2_MU_TPM2B_PRIVATE_Unmarshal(
               parts->private_area.data, parts->private_area.len, &private_at,
               &file->private_area) == TSS2_RC_SUCCESS &&
           public_at == parts->public_area.len &&
           private_at == parts->private_area.len;
}

static bool is_hierarchy(uint32_t handle)
{
    return handle == TPM2_RH_OWNER || handle == TPM2_RH_ENDORSEMENT ||
           handle == TPM2_RH_PLATFORM || handle == TPM2_RH_NULL;
}

static enum atls_reason check(const struct parts *parts, const char *what,
                              struct atls_why *why)
{
    if (parts->has_policy)
        return atls_why(why, ATLS_ATTESTER_KEY,
                        "%s: the file's key has a policy; want one without",
                        what);
    if (parts->parent >> 24 != 0x81 && !is_hierarchy(parts->parent))
        return atls_why(why, ATLS_ATTESTER_KEY,
                        "%s: the file's parent is 0x%x; want a persistent one, "
                        "0x81..., or a hierarchy",
                        what, parts->parent);
    if (is_hierarchy(parts->parent) && parts->has_rsa_parent)
        return atls_why(why, ATLS_ATTESTER_KEY,
                        "%s: the file's parent is an RSA key of a hierarchy; "
                        "want one on P-256, or a persistent one",
                        what);
    return ATLS_OK;
}

enum atls_reason atls_tpm_key_file_parse(struct atls_view der, const char *what,
                                         struct atls_tpm_key_file **out,
                                         struct atls_why *why)
{
    ATLS_AUTO_HEAP struct atls_tpm_key_file *file = calloc(1, sizeof(*file));
    struct parts parts = {.has_policy = false};
    enum atls_reason reason;

    if (file == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (!split(der, &parts) || !unmarshal(&parts, file))
        return atls_why(why, ATLS_ATTESTER_KEY,
                        "%s: the file is no loadable TSS2 PRIVATE KEY", what);
    reason = check(&parts, what, why);
    if (reason != ATLS_OK)
        return reason;
    file->parent = parts.parent;
    *out = ATLS_STEAL(file);
    return ATLS_OK;
}
