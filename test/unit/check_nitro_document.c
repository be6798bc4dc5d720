/* SPDX-License-Identifier: Apache-2.0
 *
 * Nitro attestation documents of real enclaves, at the time when they were
 * made, and what an attacker makes of a good one under a root of our own.
 */
#include "nitro.h"

#include <stdio.h>
#include <string.h>

#include "cbor.h"
#include "forge.h"
#include "forge_nitro.h"
#include "forge_x509.h"
#include "parsed.h"
#include "../check_main.h"

#define LENGTH(array) (int)(sizeof(array) / sizeof((array)[0]))
#define X48(x)        X16(x) X16(x) X16(x)
#define X16(x)        x x x x x x x x x x x x x x x x
#define ANY           "\"any\":true"
#define TYPE_NITRO    "application/vnd.atls.nitro-attestation+cose"

static struct atls_policy *load(struct atls_view anchors, const char *more)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    atls_buf_text(&text, "{\"profiles\":{\"p\":{\"format\":\"nitro\","
                         "\"trust_anchors\":[\"");
    atls_buf_put(&text, anchors);
    atls_buf_text(&text, "\"],");
    atls_buf_text(&text, more);
    atls_buf_text(&text, "}}}");
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                                    &policy, &why) == ATLS_OK,
                  "%s", why.text);
    return policy;
}

/* The real ones carry other nonces than a binder, or none: so they are verified
 * and judged by the format's own rows, without evidence.c. */
static enum atls_reason judge_value(struct atls_view value,
                                    const struct atls_policy *policy,
                                    int64_t now, struct atls_view *nonce,
                                    struct atls_verdict *verdict)
{
    const struct atls_format *format = &atls_format_nitro;
    const struct atls_profile *profile = atls_policy_profile(policy, "p");
    struct atls_nitro_claims claims = {.timestamp_ms = 0};
    struct atls_why why = {0};
    enum atls_reason reason = format->parse(value, &claims, nonce, &why);

    if (reason == ATLS_NONCE_MISSING) {
        why = (struct atls_why){0};
        reason = ATLS_OK;
    }
    if (reason == ATLS_OK)
        reason = format->verify_chain(&claims, profile, now, &why);
    atls_verdict_init(verdict);
    snprintf(verdict->text, sizeof(verdict->text), "%s", why.text);
    return reason == ATLS_OK ? format->judge(&claims, profile, now, verdict)
                             : reason;
}

#define PROD "anjuna-prod.bin"
#define FULL "anjuna-full.bin"

static const struct real_row {
    const char *file;
    int64_t now;
    const char *nonce, *reference; /* nonce NULL: the document has none */
    enum atls_reason reason;
} real_rows[] = {
    {PROD, 1616018516, NULL, ANY, ATLS_OK},
    {PROD, 1616018516 + 299, NULL, ANY, ATLS_OK},
    {PROD, 1616018516 + 301, NULL, ANY, ATLS_EVIDENCE_STALE},
    {PROD, 1616018516 - 302, NULL, ANY, ATLS_CHAIN_EXPIRED},
    {PROD, 1616018516 + 3600, NULL, ANY ",\"max_age\":\"2h\"", ATLS_OK},
    {PROD, 1616018516 + 4 * 3600, NULL, ANY ",\"max_age\":\"5h\"",
     ATLS_CHAIN_EXPIRED},
    {PROD, 1795000000, NULL, ANY, ATLS_CHAIN_EXPIRED},
    {PROD, 1616018516, NULL, "\"pcrs\":{\"0\":\"" X48("00") "\"}",
     ATLS_PCR_MISMATCH},
    {"anjuna-prod2.bin", 1695337798, NULL, ANY, ATLS_OK},
    {FULL, 1706120066, "4e6f6e63650a", ANY, ATLS_DEBUG_REFUSED},
    {FULL, 1706120066, "4e6f6e63650a", ANY ",\"debug\":true", ATLS_OK},
    {"fastcrypto-valid_pcr16_attestation.bin", 1762795211, NULL,
     "\"pcrs\":{\"16\":"
     "\"28827566f8b004a75ccd77ffab1813059cfc384b3b23f926728263fecb03e97d"
     "4928fbef613791fcb233d7b16ad74b94\"}",
     ATLS_OK},
    {"fastcrypto-valid_pcr16_attestation.bin", 1762795211, NULL,
     "\"pcrs\":{\"17\":\"" X48("00") "\"}", ATLS_PCR_MISSING},
    {"dstack-1.cose", 1766668536, NULL, ANY ",\"max_age\":\"2h\"", ATLS_OK},
    {"dstack-dbg.cose", 1766650845, NULL, ANY ",\"max_age\":\"2h\"",
     ATLS_DEBUG_REFUSED},
    {"dstack-1.bin", 1766668536, NULL, ANY, ATLS_EVIDENCE_MALFORMED},
    {"dstack-dbg.bin", 1766650845, NULL, ANY, ATLS_EVIDENCE_MALFORMED},
};

static struct atls_policy *real_policy(const char *reference)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX), text = atls_buf(FORGE_MAX);

    ck_assert(forge_vector("nitro/aws-nitro-root-g1.pem", &pem));
    for (size_t i = 0; i < pem.len; i++)
        if (pem.data[i] == '\n')
            atls_buf_text(&text, "\\n");
        else if (pem.data[i] != '\r')
            atls_buf_u8(&text, pem.data[i]);
    return load(atls_buf_view(&text), reference);
}

START_TEST(document_of_a_real_enclave_is_judged)
{
    const struct real_row *row = &real_rows[_i];
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), wanted = atls_buf(64);
    struct atls_policy *policy = real_policy(row->reference);
    struct atls_view nonce = {NULL, 0};
    struct atls_verdict verdict;
    enum atls_reason reason;
    char path[128];

    snprintf(path, sizeof(path), "nitro/%s", row->file);
    ck_assert(forge_vector(path, &value));
    forge_hex(&wanted, row->nonce != NULL ? row->nonce : "");
    reason =
        judge_value(atls_buf_view(&value), policy, row->now, &nonce, &verdict);
    ck_assert_msg(reason == row->reason, "%s: %s: %s", row->file,
                  atls_reason_name(reason), verdict.text);
    ck_assert(atls_view_equal(nonce, atls_buf_view(&wanted)));
    atls_policy_free(policy);
}
END_TEST

/* In a handshake it is not bound to anything. */
START_TEST(document_without_a_nonce_is_refused)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    struct atls_policy *policy = real_policy(ANY);
    struct atls_verdict verdict;

    ck_assert(forge_vector("nitro/" PROD, &value));
    forge_cmw(&cmw, TYPE_NITRO, atls_buf_view(&value), 4);
    ck_assert_reason(atls_appraise(policy, atls_buf_view(&cmw), forge_nonce(32),
                                   1616018516, NULL, &verdict),
                     ATLS_NONCE_MISSING);
    atls_policy_free(policy);
}
END_TEST

/* A good document of ours, to be broken. */
struct good {
    struct forge_nitro nitro;
    struct atls_policy *policy;
    struct atls_buf value;
    struct atls_verdict verdict;
};

static void open_good(struct good *good, enum forge_nitro_flaw flaw,
                      const char *reference)
{
    ATLS_AUTO_BUF anchor = atls_buf(FORGE_MAX);

    forge_nitro(&good->nitro, flaw, forge_nonce(32));
    forge_x509_json(&anchor, good->nitro.chain[NITRO_ROOT]);
    good->policy = load(atls_buf_view(&anchor), reference);
    good->value = atls_buf(FORGE_MAX);
}

static void close_good(struct good *good)
{
    forge_nitro_clear(&good->nitro);
    atls_policy_free(good->policy);
    atls_buf_clear(&good->value);
}

static enum atls_reason judge_bytes(struct good *good, int64_t now)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);

    forge_cmw(&cmw, TYPE_NITRO, atls_buf_view(&good->value), 4);
    return atls_appraise(good->policy, atls_buf_view(&cmw), forge_nonce(32),
                         now, NULL, &good->verdict);
}

static enum atls_reason judge(struct good *good)
{
    atls_buf_clear(&good->value);
    forge_nitro_put(&good->nitro, &good->value);
    return judge_bytes(good, FORGE_NOW);
}

START_TEST(document_is_accepted_in_each_shape)
{
    static struct good good;

    for (unsigned i = 0; i < 4; i++) {
        open_good(&good, NITRO_GOOD, "\"pcrs\":{\"0\":\"" X48("01") "\"}");
        good.nitro.is_tagged = (i & 1) != 0;
        good.nitro.is_indefinite = (i & 2) != 0;
        ck_assert_msg(judge(&good) == ATLS_OK, "%s", good.verdict.text);
        ck_assert_int_eq(good.verdict.tier, ATLS_TIER_AFFIRMING);
        ck_assert_int_eq(good.verdict.vector[ATLS_EXECUTABLES], 3);
        ck_assert_int_eq(good.verdict.vector[ATLS_RUNTIME_OPAQUE], 0);
        close_good(&good);
    }
}
END_TEST

static const struct flaw_row {
    enum forge_nitro_flaw flaw;
    enum atls_reason reason;
} flaw_rows[] = {
    {NITRO_LEAF_IS_CA, ATLS_CHAIN_UNTRUSTED},
    {NITRO_LEAF_HAS_NO_KEY_USAGE, ATLS_CHAIN_UNTRUSTED},
    {NITRO_LEAF_MAY_NOT_SIGN, ATLS_CHAIN_UNTRUSTED},
    {NITRO_INT_IS_NO_CA, ATLS_CHAIN_UNTRUSTED},
    {NITRO_NO_INTERMEDIATE, ATLS_CHAIN_UNTRUSTED},
    {NITRO_SWAPPED, ATLS_CHAIN_UNTRUSTED},
    {NITRO_P256, ATLS_ALGORITHM_UNSUPPORTED},
    {NITRO_EMPTY_BUNDLE, ATLS_EVIDENCE_MALFORMED},
    {NITRO_LONG_BUNDLE, ATLS_EVIDENCE_MALFORMED},
    {NITRO_TWO_IN_ONE, ATLS_EVIDENCE_MALFORMED},
};

START_TEST(chain_with_a_flaw_is_refused)
{
    static struct good good;

    open_good(&good, flaw_rows[_i].flaw, ANY);
    ck_assert_msg(judge(&good) == flaw_rows[_i].reason, "%d: %s: %s", _i,
                  atls_reason_name(good.verdict.reason), good.verdict.text);
    close_good(&good);
}
END_TEST

/* The root that the document brings is not asked. */
START_TEST(chain_from_another_root_is_refused)
{
    static struct good good, other;

    open_good(&good, NITRO_GOOD, ANY);
    open_good(&other, NITRO_GOOD, ANY);
    forge_nitro_put(&other.nitro, &good.value);
    ck_assert_reason(judge_bytes(&good, FORGE_NOW), ATLS_CHAIN_UNTRUSTED);
    close_good(&good);
    close_good(&other);
}
END_TEST

START_TEST(signature_of_another_key_is_refused)
{
    EVP_PKEY *other = forge_ec("P-384");
    static struct good good;

    open_good(&good, NITRO_GOOD, ANY);
    good.nitro.signer = other;
    ck_assert_reason(judge(&good), ATLS_SIGNATURE_INVALID);
    close_good(&good);
    EVP_PKEY_free(other);
}
END_TEST

/* The leaf lives from an hour before to two hours after. */
START_TEST(time_is_that_of_leaf_and_document)
{
    static const struct {
        int64_t now;
        enum atls_reason reason;
    } rows[] = {{FORGE_NOW + 300, ATLS_OK},
                {FORGE_NOW - 300, ATLS_OK},
                {FORGE_NOW + 301, ATLS_EVIDENCE_STALE},
                {FORGE_NOW - 301, ATLS_EVIDENCE_STALE},
                {FORGE_NOW + 7300, ATLS_CHAIN_EXPIRED},
                {FORGE_NOW - 3700, ATLS_CHAIN_EXPIRED},
                {0, ATLS_CHAIN_EXPIRED}};
    static struct good good;

    open_good(&good, NITRO_GOOD, ANY);
    ck_assert_reason(judge(&good), ATLS_OK);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_reason(judge_bytes(&good, rows[i].now), rows[i].reason);
    close_good(&good);
}
END_TEST

static const char *const fields[] = {"module_id", "digest",      "timestamp",
                                     "pcrs",      "certificate", "cabundle"};

START_TEST(field_that_is_mandatory_is_there_once_and_not_null)
{
    static struct good good;

    open_good(&good, NITRO_GOOD, ANY);
    good.nitro.dropped = fields[_i];
    ck_assert_reason(judge(&good), ATLS_EVIDENCE_MALFORMED);
    good.nitro.dropped = NULL;
    good.nitro.null = fields[_i];
    ck_assert_reason(judge(&good), ATLS_EVIDENCE_MALFORMED);
    good.nitro.null = NULL;
    good.nitro.repeated = fields[_i];
    ck_assert_reason(judge(&good), ATLS_EVIDENCE_MALFORMED);
    good.nitro.repeated = NULL;
    ck_assert_reason(judge(&good), ATLS_OK);
    close_good(&good);
}
END_TEST

/* As a NitroTPM's document has "nitrotpm_pcrs" in their place. */
START_TEST(document_of_a_nitro_tpm_is_none_of_an_enclave)
{
    static struct good good;

    open_good(&good, NITRO_GOOD, ANY);
    good.nitro.unknown = "nitrotpm_pcrs";
    ck_assert_reason(judge(&good), ATLS_OK);
    good.nitro.dropped = "pcrs";
    ck_assert_reason(judge(&good), ATLS_EVIDENCE_MALFORMED);
    close_good(&good);
}
END_TEST

static uint8_t long_bytes[1025];

static const struct broken_row {
    enum atls_reason reason;
    const char *reference;
    size_t nonce_len, user_data_len, public_key_len, pcr_len;
    unsigned pcr_index;
    const char *module_id, *digest;
    bool has_unprotected, is_zero;
} broken_rows[] = {
    {.reason = ATLS_OK, .reference = ANY, .user_data_len = 512},
    {.reason = ATLS_EVIDENCE_MALFORMED, .reference = ANY, .user_data_len = 513},
    {.reason = ATLS_OK, .reference = ANY, .public_key_len = 1024},
    {.reason = ATLS_EVIDENCE_MALFORMED,
     .reference = ANY,
     .public_key_len = 1025},
    {.reason = ATLS_BINDER_MISMATCH, .reference = ANY, .nonce_len = 512},
    {.reason = ATLS_EVIDENCE_MALFORMED, .reference = ANY, .nonce_len = 513},
    {.reason = ATLS_EVIDENCE_MALFORMED, .reference = ANY, .pcr_len = 47},
    {.reason = ATLS_EVIDENCE_MALFORMED, .reference = ANY, .pcr_index = 32},
    {.reason = ATLS_OK, .reference = ANY, .pcr_index = 31},
    {.reason = ATLS_EVIDENCE_MALFORMED, .reference = ANY, .pcr_index = 4},
    {.reason = ATLS_EVIDENCE_MALFORMED, .reference = ANY, .module_id = ""},
    {.reason = ATLS_EVIDENCE_MALFORMED, .reference = ANY, .digest = "SHA256"},
    {.reason = ATLS_EVIDENCE_MALFORMED,
     .reference = ANY,
     .has_unprotected = true},
    {.reason = ATLS_DEBUG_REFUSED, .reference = ANY, .is_zero = true},
    {.reason = ATLS_OK, .reference = ANY ",\"debug\":true", .is_zero = true},
    {.reason = ATLS_OK,
     .reference = "\"pcrs\":{\"0\":\"" X48("01") "\",\"4\":[\"" X48(
         "00") "\",\"" X48("05") "\"]}"},
    {.reason = ATLS_PCR_MISMATCH,
     .reference = "\"pcrs\":{\"0\":\"" X48("01") "\",\"4\":\"" X48("06") "\"}"},
    {.reason = ATLS_PCR_MISSING,
     .reference = "\"pcrs\":{\"31\":\"" X48("00") "\"}"},
    {.reason = ATLS_PCR_MISMATCH,
     .reference = "\"pcrs\":{\"0\":\"" X48("01") "\"}",
     .pcr_len = 32},
    {.reason = ATLS_OK,
     .reference = "\"module_id\":[\"i-1\",\"i-0123456789abcdef0-enc01\"]"},
    {.reason = ATLS_INSTANCE_REFUSED,
     .reference = "\"module_id\":\"i-0123456789abcdef0\""},
    /* SHA-256 of nothing, and of 32 zeros */
    {.reason = ATLS_OK,
     .reference = "\"user_data\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4"
                  "649b934ca495991b7852b855\""},
    {.reason = ATLS_CONFIGURATION_REFUSED,
     .reference = "\"user_data\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4"
                  "649b934ca495991b7852b855\"",
     .user_data_len = 32},
    {.reason = ATLS_OK,
     .reference =
         "\"public_key\":\"66687aadf862bd776c8fc18b8e9f8e20089714856ee2"
         "33b3902a591d0d5f2925\"",
     .public_key_len = 32},
    {.reason = ATLS_CONFIGURATION_REFUSED,
     .reference =
         "\"public_key\":\"66687aadf862bd776c8fc18b8e9f8e20089714856ee2"
         "33b3902a591d0d5f2925\"",
     .public_key_len = 31},
};

static void break_it(struct forge_nitro *nitro, const struct broken_row *row)
{
    nitro->has_unprotected = row->has_unprotected;
    if (row->nonce_len > 0)
        nitro->nonce = atls_view(long_bytes, row->nonce_len);
    if (row->user_data_len > 0)
        nitro->user_data = atls_view(long_bytes, row->user_data_len);
    if (row->public_key_len > 0)
        nitro->public_key = atls_view(long_bytes, row->public_key_len);
    if (row->pcr_len > 0)
        nitro->pcr_len = row->pcr_len;
    if (row->pcr_index > 0)
        nitro->pcr_index = row->pcr_index;
    if (row->module_id != NULL)
        nitro->module_id = row->module_id;
    if (row->digest != NULL)
        nitro->digest = row->digest;
    if (row->is_zero)
        memset(nitro->pcr_bytes, 0, 3);
}

START_TEST(changed_document_has_its_reason)
{
    static struct good good;

    open_good(&good, NITRO_GOOD, broken_rows[_i].reference);
    break_it(&good.nitro, &broken_rows[_i]);
    ck_assert_msg(judge(&good) == broken_rows[_i].reason, "%d: %s: %s", _i,
                  atls_reason_name(good.verdict.reason), good.verdict.text);
    close_good(&good);
}
END_TEST

START_TEST(binder_stands_in_nonce_alone)
{
    static struct good good;

    open_good(&good, NITRO_GOOD, ANY);
    good.nitro.user_data = good.nitro.nonce;
    good.nitro.public_key = good.nitro.nonce;
    good.nitro.nonce = atls_view(NULL, 0);
    ck_assert_reason(judge(&good), ATLS_NONCE_MISSING);
    good.nitro.nonce = atls_view("", 0);
    ck_assert_reason(judge(&good), ATLS_NONCE_MISSING);
    good.nitro.dropped = "nonce";
    ck_assert_reason(judge(&good), ATLS_NONCE_MISSING);
    good.nitro.dropped = NULL;
    good.nitro.nonce = forge_nonce(33);
    ck_assert_reason(judge(&good), ATLS_BINDER_MISMATCH);
    close_good(&good);
}
END_TEST

static bool holds(struct atls_view part, const uint8_t *at)
{
    return part.len > 0 && at >= part.data && at < part.data + part.len;
}

/* The certificates that a chain is made of; the root that the document brings
 * is not used, but signed. */
static bool is_of_chain(const struct atls_nitro_claims *claims,
                        const uint8_t *at)
{
    bool is_it = holds(claims->certificate, at);

    for (size_t i = 1; i < claims->num_cabundle; i++)
        is_it |= holds(claims->cabundle[i], at);
    return is_it;
}

static bool is_signed_value(const struct atls_nitro_claims *claims,
                            const uint8_t *at)
{
    bool is_it = holds(claims->module_id, at) || holds(claims->user_data, at) ||
                 holds(claims->public_key, at) ||
                 holds(claims->cabundle[0], at);

    for (unsigned i = 0; i < ATLS_NITRO_NUM_PCRS; i++)
        is_it |= holds(claims->pcrs[i], at);
    return is_it;
}

/* The name of the field, before a head of two bytes */
static struct atls_view name_of_nonce(const struct atls_nitro_claims *claims)
{
    return atls_view(claims->nonce.data - 7, 5);
}

/* By which reasons a change of the byte there can be told: of values by one, of
 * a certificate by what is wrong with it; elsewhere are names, heads and
 * numbers, which cannot be read then, or are signed. */
static bool is_told(const struct atls_nitro_claims *claims, const uint8_t *at,
                    enum atls_reason reason)
{
    if (holds(claims->nonce, at))
        return reason == ATLS_BINDER_MISMATCH;
    if (holds(claims->message.signature, at) || is_signed_value(claims, at))
        return reason == ATLS_SIGNATURE_INVALID;
    if (is_of_chain(claims, at))
        return reason == ATLS_CHAIN_UNTRUSTED || reason == ATLS_CHAIN_EXPIRED ||
               reason == ATLS_EVIDENCE_MALFORMED;
    if (holds(name_of_nonce(claims), at))
        return reason == ATLS_NONCE_MISSING;
    return reason == ATLS_EVIDENCE_MALFORMED ||
           reason == ATLS_SIGNATURE_INVALID;
}

/* One bit of each byte: none of document, chain or signature is free. */
START_TEST(no_bit_of_a_document_is_free)
{
    struct atls_nitro_claims claims = {.timestamp_ms = 0};
    struct atls_view nonce;
    static struct good good;

    open_good(&good, NITRO_GOOD, ANY);
    ck_assert_reason(judge(&good), ATLS_OK);
    ck_assert_reason(
        atls_nitro_parse(atls_buf_view(&good.value), &claims, &nonce, NULL),
        ATLS_OK);
    for (size_t i = 0; i < good.value.len; i++) {
        good.value.data[i] ^= 1;
        ck_assert_msg(is_told(&claims, good.value.data + i,
                              judge_bytes(&good, FORGE_NOW)),
                      "byte %zu: %s: %s", i,
                      atls_reason_name(good.verdict.reason), good.verdict.text);
        good.value.data[i] ^= 1;
    }
    ck_assert_reason(judge_bytes(&good, FORGE_NOW), ATLS_OK);
    close_good(&good);
}
END_TEST

static const char p384_order[] =
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
    "581a0db248b0a77aecec196accc52973";

/* FIPS 186-5, 6.4.2; each half 0, the order, and changed */
START_TEST(signature_outside_the_group_is_refused)
{
    ATLS_AUTO_BUF order = atls_buf(48);
    static struct good good;
    uint8_t *half;

    forge_hex(&order, p384_order);
    for (unsigned i = 0; i < 6; i++) {
        open_good(&good, NITRO_GOOD, ANY);
        ck_assert_reason(judge(&good), ATLS_OK);
        half = good.value.data + good.value.len - (i % 2 == 0 ? 96 : 48);
        if (i < 2)
            memset(half, 0, 48);
        else if (i < 4)
            memcpy(half, order.data, 48);
        else
            half[20] ^= 1;
        ck_assert_reason(judge_bytes(&good, FORGE_NOW), ATLS_SIGNATURE_INVALID);
        close_good(&good);
    }
}
END_TEST

START_TEST(truncated_or_longer_document_is_malformed)
{
    static struct good good;
    size_t len;

    open_good(&good, NITRO_GOOD, ANY);
    ck_assert_reason(judge(&good), ATLS_OK);
    len = good.value.len;
    for (good.value.len = 0; good.value.len < len; good.value.len++)
        ck_assert_reason(judge_bytes(&good, FORGE_NOW),
                         ATLS_EVIDENCE_MALFORMED);
    atls_buf_u8(&good.value, 0);
    ck_assert_reason(judge_bytes(&good, FORGE_NOW), ATLS_EVIDENCE_MALFORMED);
    close_good(&good);
}
END_TEST

/* The payload's length, at 84 44 a1013822 a0 59 xxxx */
START_TEST(length_that_lies_is_malformed)
{
    static const uint8_t heads[][5] = {{0x59, 0x00, 0x00, 0, 0},
                                       {0x59, 0xff, 0xff, 0, 0},
                                       {0x5a, 0xff, 0xff, 0xff, 0xff},
                                       {0x5f, 0, 0, 0, 0}};
    static const size_t lens[] = {3, 3, 5, 1};
    ATLS_AUTO_BUF changed = atls_buf(FORGE_MAX);
    static struct good good;
    struct atls_buf kept;

    open_good(&good, NITRO_GOOD, ANY);
    ck_assert_reason(judge(&good), ATLS_OK);
    ck_assert_uint_eq(good.value.data[7], 0x59);
    atls_buf_put(&changed, atls_view(good.value.data, 7));
    atls_buf_put(&changed, atls_view(heads[_i], lens[_i]));
    atls_buf_put(&changed,
                 atls_view(good.value.data + 10, good.value.len - 10));
    kept = good.value;
    good.value = changed;
    ck_assert_reason(judge_bytes(&good, FORGE_NOW), ATLS_EVIDENCE_MALFORMED);
    good.value = kept;
    close_good(&good);
}
END_TEST

static const char *const bad_profiles[] = {
    "\"pcrs\":{}",
    "\"pcrs\":{\"32\":\"" X48("00") "\"}",
    "\"pcrs\":{\"00\":\"" X48("00") "\"}",
    "\"pcrs\":{\"0\":\"" X16("00") "\"}",
    "\"pcrs\":{\"0\":[]}",
    "\"module_id\":[]",
    "\"user_data\":\"00\"",
    "\"any\":true,\"max_age\":5",
    "\"any\":true,\"debug\":\"yes\"",
    "\"any\":true,\"nonce\":\"00\"",
    "\"debug\":true",
};

START_TEST(wrong_profile_is_refused)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct forge_nitro nitro;

    forge_nitro(&nitro, NITRO_GOOD, forge_nonce(32));
    atls_buf_text(&text, "{\"profiles\":{\"p\":{\"format\":\"nitro\","
                         "\"trust_anchors\":[\"");
    forge_x509_json(&text, nitro.chain[NITRO_ROOT]);
    atls_buf_text(&text, "\"],");
    atls_buf_text(&text, bad_profiles[_i]);
    atls_buf_text(&text, "}}}");
    ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "p", "", NULL,
                                       NULL, &policy, NULL),
                     ATLS_POLICY_INVALID);
    forge_nitro_clear(&nitro);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nitro");
    TCase *cases = tcase_create("nitro");
    ATLS_AUTO_BUF any = atls_buf(FORGE_MAX);

    if (forge_vector("nitro/" PROD, &any)) { /* else vectors.sh skips */
        tcase_add_loop_test(cases, document_of_a_real_enclave_is_judged, 0,
                            LENGTH(real_rows));
        tcase_add_test(cases, document_without_a_nonce_is_refused);
    }
    tcase_add_test(cases, document_is_accepted_in_each_shape);
    tcase_add_loop_test(cases, chain_with_a_flaw_is_refused, 0,
                        LENGTH(flaw_rows));
    tcase_add_test(cases, chain_from_another_root_is_refused);
    tcase_add_test(cases, signature_of_another_key_is_refused);
    tcase_add_test(cases, time_is_that_of_leaf_and_document);
    tcase_add_loop_test(cases,
                        field_that_is_mandatory_is_there_once_and_not_null, 0,
                        LENGTH(fields));
    tcase_add_test(cases, document_of_a_nitro_tpm_is_none_of_an_enclave);
    tcase_add_loop_test(cases, changed_document_has_its_reason, 0,
                        LENGTH(broken_rows));
    tcase_add_test(cases, binder_stands_in_nonce_alone);
    tcase_add_test(cases, no_bit_of_a_document_is_free);
    tcase_add_test(cases, signature_outside_the_group_is_refused);
    tcase_add_test(cases, truncated_or_longer_document_is_malformed);
    tcase_add_loop_test(cases, length_that_lies_is_malformed, 0, 4);
    tcase_add_loop_test(cases, wrong_profile_is_refused, 0,
                        LENGTH(bad_profiles));
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
