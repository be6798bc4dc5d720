/* SPDX-License-Identifier: Apache-2.0
 *
 * Composites of a PSA token, a TPM quote and a CCA token: which members must be
 * there, what binds each of them, and that one bad member is the verdict.
 */
#include "composite.h"

#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "cbor.h"
#include "cmw.h"
#include "forge.h"
#include "forge_snp.h"
#include "learn.h"
#include "parsed.h"
#include "../check_main.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

#define LENGTH(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TYPE_TPM      "application/vnd.atls.tpm-quote+cbor"
#define NOW           1795000000
#define TWO           "\"host\":\"h\",\"device\":\"d\""

static struct atls_policy *policy_with(const char *composite,
                                       enum atls_reason wanted)
{
    ATLS_AUTO(EVP_PKEY) *psa = forge_key("psa");
    ATLS_AUTO(EVP_PKEY) *ak = forge_key("ak-ecc");
    ATLS_AUTO_HEAP char *psa_pem = forge_pem(psa);
    ATLS_AUTO_HEAP char *ak_pem = forge_pem(ak);
    ATLS_AUTO(EVP_PKEY) *other = forge_key("psa-other");
    ATLS_AUTO_HEAP char *other_pem = forge_pem(other);
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};
    const char *const parts[] = {
        "{\"profiles\":{\"c\":{\"format\":\"composite\",",
        composite,
        "},\"d\":{\"format\":\"psa\",\"any\":true,\"trust_anchors\":[\"",
        psa_pem,
        "\"]},\"h\":{\"format\":\"tpm\",\"any\":true,\"trust_anchors\":[\"",
        ak_pem,
        "\"]},\"n\":{\"format\":\"composite\",\"members\":{\"inner\":\"c\","
        "\"device\":\"d\"}},"
        "\"dv\":{\"format\":\"psa\",\"any\":true,\"verifier\":\"https://v\","
        "\"trust_anchors\":[\"",
        psa_pem,
        "\"]}},\"verifiers\":{\"https://v\":{\"keys\":[\"",
        other_pem,
        "\"],\"any\":true}},\"rules\":[{\"accept\":[\"c\",\"n\",\"d\"]}]}"};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        atls_buf_text(&text, parts[i]);
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                                    &policy, &why) == wanted,
                  "%s", why.text);
    return policy;
}

static struct forge_snp chip;

static void break_token(struct atls_buf *value, char what)
{
    ATLS_AUTO_BUF order = atls_buf(32);
    uint8_t *signature = value->data + value->len - 64;

    forge_hex(&order, "ffffffff00000000ffffffffffffffff"
                      "bce6faada7179e84f3b9cac2fc632551");
    if (what == 'D')
        signature[63] ^= 1;
    if (what == 'r')
        memset(signature, 0, 32);
    if (what == 'n')
        memcpy(signature + 32, order.data, order.len);
    if (what == 'c')
        value->len--;
    if (what == 'l')
        atls_buf_u8(value, 0);
}

/* A record, CBOR; what: 'h' a quote, 'd' a token, 'D' one with a bad signature,
 * 'x' a token with another nonce, 'u' a type that nobody knows, 'i' one whose
 * indicator says results, 's' an SEV-SNP report of chip, 'c' a token whose last
 * byte is missing, 'l' one with a byte behind it, 'r' and 'n' ones with r of 0
 * and s of the group's order. */
static void put_member(struct atls_buf *out, char what)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key(what == 'h' ? "ak-ecc" : "psa");
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct forge_claims claims;
    struct forge_quote quote = {.key = key,
                                .nonce = forge_nonce(FORGE_NONCE),
                                .selections = {{0x0b, 0x81}}};

    if (what == 's') {
        forge_snp_cmw(&chip, out);
        return;
    }
    if (what == 'h') {
        forge_quote(&value, &quote);
        forge_cmw(out, TYPE_TPM, atls_buf_view(&value), 4);
        return;
    }
    forge_claims(&claims, key,
                 what == 'x' ? atls_view("another connection's binder here", 32)
                             : forge_nonce(FORGE_NONCE));
    forge_psa(&value, &claims, key);
    forge_claims_clear(&claims);
    break_token(&value, what);
    forge_cmw(out, what == 'u' ? "application/x" : "10003",
              atls_buf_view(&value), what == 'i' ? 8 : 4);
}

static void put_label(struct atls_buf *out, const char *label)
{
    if (label[0] == '#')
        atls_cbor_put_int(out, label[1] - '0');
    else
        atls_cbor_put_text(out, label);
}

/* "host=h device=d", and "inner=( host=h ... )" */
static void put_collection(struct atls_buf *out, const char *text,
                           const char *cmwc_t)
{
    char copy[512], *state = NULL;
    unsigned num = cmwc_t != NULL ? 1 : 0, depth = 0;

    for (const char *at = text; *at != '\0'; at++) {
        depth += *at == '(';
        depth -= *at == ')';
        num += *at == '=' && (depth == 0 || (depth == 1 && at[1] == '('));
    }
    atls_cbor_put_map(out, num);
    if (cmwc_t != NULL) {
        atls_cbor_put_text(out, "__cmwc_t");
        atls_cbor_put_text(out, cmwc_t);
    }
    snprintf(copy, sizeof(copy), "%s", text);
    for (char *word = strtok_r(copy, " ", &state); word != NULL;
         word = strtok_r(NULL, " ", &state)) {
        char *what = strchr(word, '=');

        if (what == NULL) /* the end of an inner one */
            continue;
        *what++ = '\0';
        put_label(out, word);
        if (*what == '(')
            atls_cbor_put_map(out, 2);
        else
            put_member(out, *what);
    }
    ck_assert(!out->failed);
}

static enum atls_reason appraise(const struct atls_policy *policy,
                                 struct atls_view cmw,
                                 struct atls_verdict *verdict)
{
    return atls_appraise(policy, cmw, forge_nonce(FORGE_NONCE), NOW, "c",
                         verdict);
}

static const struct row {
    const char *collection, *cmwc_t, *members;
    enum atls_reason reason;
} rows[] = {
    {"host=h device=d", NULL, TWO, ATLS_OK},
    {"device=d host=h", NULL, TWO, ATLS_OK},
    {"device=d", NULL, "\"device\":\"d\"", ATLS_OK},
    {"#7=d", NULL, "\"7\":\"d\"", ATLS_OK},
    {"host=h device=d", "tag:example.com,2026:node", TWO, ATLS_OK},
    {"host=h", NULL, TWO, ATLS_MEMBERS_REFUSED},
    {"host=h device=d more=d", NULL, TWO, ATLS_MEMBERS_REFUSED},
    {"host=h Device=d", NULL, TWO, ATLS_MEMBERS_REFUSED},
    {"host=d device=h", NULL, TWO, ATLS_PROFILE_MISSING},
    {"host=h device=D", NULL, TWO, ATLS_SIGNATURE_INVALID},
    {"host=h device=x", NULL, TWO, ATLS_BINDER_MISMATCH},
    {"device=x host=h", NULL, TWO, ATLS_BINDER_MISMATCH},
    {"host=h device=u", NULL, TWO, ATLS_FORMAT_UNKNOWN},
    {"host=h device=i", NULL, TWO, ATLS_CMW_INDICATOR},
    {"host=h device=r", NULL, TWO, ATLS_SIGNATURE_INVALID},
    {"host=h device=n", NULL, TWO, ATLS_SIGNATURE_INVALID},
    {"host=h device=c", NULL, TWO, ATLS_EVIDENCE_MALFORMED},
    {"host=h device=l", NULL, TWO, ATLS_EVIDENCE_MALFORMED},
    {"a=d b=d c=d e=d", NULL, "\"a\":\"d\",\"b\":\"d\",\"c\":\"d\",\"e\":\"d\"",
     ATLS_OK},
    {"a=d b=d c=d e=d f=d", NULL, TWO, ATLS_CMW_TOO_LARGE},
    {"inner=( host=h device=d ) device=d", NULL, TWO, ATLS_OK},
    {"inner=( host=h device=x ) device=d", NULL, TWO, ATLS_BINDER_MISMATCH},
    {"inner=( host=h device=D ) device=d", NULL, TWO, ATLS_SIGNATURE_INVALID},
    {"inner=( host=h other=d ) device=d", NULL, TWO, ATLS_MEMBERS_REFUSED},
};

START_TEST(composite_is_judged_by_all_of_its_members)
{
    const struct row *row = &rows[_i];
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_policy *policy;
    struct atls_verdict verdict;
    enum atls_reason reason;
    char members[256];

    snprintf(members, sizeof(members), "\"members\":{%s}", row->members);
    policy = policy_with(members, ATLS_OK);
    put_collection(&cmw, row->collection, row->cmwc_t);
    reason =
        atls_appraise(policy, atls_buf_view(&cmw), forge_nonce(FORGE_NONCE),
                      NOW, row->collection[0] == 'i' ? "n" : "c", &verdict);
    ck_assert_msg(reason == row->reason, "%s: %s: %s", row->collection,
                  atls_reason_name(reason), verdict.text);
    atls_policy_free(policy);
}
END_TEST

/* What all affirm; a TPM's executables are not those of the PSA token. */
START_TEST(verdict_affirms_what_every_member_affirms)
{
    struct atls_policy *policy = policy_with("\"members\":{" TWO "}", ATLS_OK);
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_verdict verdict;

    put_collection(&cmw, "host=h device=d", NULL);
    ck_assert_reason(appraise(policy, atls_buf_view(&cmw), &verdict), ATLS_OK);
    ck_assert_str_eq(verdict.profile, "c");
    ck_assert_int_eq(verdict.tier, ATLS_TIER_AFFIRMING);
    ck_assert_int_eq(verdict.vector[ATLS_INSTANCE_IDENTITY], 2);
    ck_assert_int_eq(verdict.vector[ATLS_EXECUTABLES], 0);
    atls_policy_free(policy);
}
END_TEST

START_TEST(refusal_names_its_member)
{
    struct atls_policy *policy = policy_with("\"members\":{" TWO "}", ATLS_OK);
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_verdict verdict;

    put_collection(&cmw, "host=h device=D", NULL);
    ck_assert_reason(appraise(policy, atls_buf_view(&cmw), &verdict),
                     ATLS_SIGNATURE_INVALID);
    ck_assert_msg(strncmp(verdict.text, "member device: ", 15) == 0, "%s",
                  verdict.text);
    atls_policy_free(policy);
}
END_TEST

/* The same, in JSON: values in base64url. */
START_TEST(composite_may_be_json)
{
    struct atls_policy *policy = policy_with("\"members\":{" TWO "}", ATLS_OK);
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_verdict verdict;
    const char what[] = {'h', 'd'};

    for (unsigned i = 0; i < 2; i++) {
        ATLS_AUTO_BUF record = atls_buf(FORGE_MAX),
                      storage = atls_buf(FORGE_MAX);
        struct atls_cmw member;

        put_member(&record, what[i]);
        ck_assert_reason(
            atls_cmw_parse(atls_buf_view(&record), &storage, &member, NULL),
            ATLS_OK);
        atls_buf_text(&cmw, i == 0 ? "{\"host\":[\"" TYPE_TPM "\",\""
                                   : "\",4],\"device\":[\"application/eat+cwt; "
                                     "eat_profile=\\\"tag:psacertified.org,"
                                     "2023:psa#tfm\\\"\",\"");
        atls_base64url_put(&cmw, member.value);
    }
    atls_buf_text(&cmw, "\"]}");
    ck_assert_msg(appraise(policy, atls_buf_view(&cmw), &verdict) == ATLS_OK,
                  "%s", verdict.text);
    atls_policy_free(policy);
}
END_TEST

/* Types are agreed on with their cmwc_t. */
START_TEST(collection_has_the_type_that_was_agreed_on)
{
    static const struct {
        const char *cmwc_t, *expected;
        enum atls_reason reason;
    } types[] = {
        {NULL, "application/cmw+cbor", ATLS_OK},
        {NULL, "application/cmw+json", ATLS_CMW_TYPE},
        {"1.2.3", "application/cmw+cbor; cmwc_t=\"1.2.3\"", ATLS_OK},
        {"1.2.3", "application/cmw+cbor; cmwc_t=1.2.3", ATLS_OK},
        {"1.2.3", "application/cmw+cbor", ATLS_CMW_TYPE},
        {"1.2.3", "application/cmw+cbor; cmwc_t=\"1.2.4\"", ATLS_CMW_TYPE},
        {NULL, "10003", ATLS_CMW_TYPE},
    };

    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
        struct atls_evidence *evidence = NULL;
        struct atls_type expected;

        put_collection(&cmw, "host=h device=d", types[i].cmwc_t);
        ck_assert(
            atls_type_parse(atls_view_text(types[i].expected), &expected));
        ck_assert_reason(atls_evidence_parse(atls_buf_view(&cmw), &expected,
                                             &evidence, NULL),
                         types[i].reason);
        atls_evidence_free(evidence);
    }
}
END_TEST

START_TEST(profile_offers_its_type)
{
    struct atls_policy *policy =
        policy_with("\"type\":\"1.2.3\",\"members\":{" TWO "}", ATLS_OK);
    const struct atls_profile *profile = atls_policy_profile(policy, "c");

    ck_assert_uint_eq(profile->num_types, 2);
    ck_assert_str_eq(profile->types[0],
                     "application/cmw+cbor; cmwc_t=\"1.2.3\"");
    ck_assert_str_eq(profile->types[1],
                     "application/cmw+json; cmwc_t=\"1.2.3\"");
    atls_policy_free(policy);
}
END_TEST

static const char *const bad_profiles[] = {
    "\"any\":true",
    "\"members\":{}",
    "\"members\":[\"d\"]",
    "\"members\":{\"a\":\"nobody\"}",
    "\"members\":{\"a\":\"c\"}",
    "\"members\":{\"a\":\"dv\"}",
    "\"members\":{\"a\":1}",
    "\"members\":{\"\":\"d\"}",
    "\"members\":{\"a\":\"d\",\"b\":\"d\",\"e\":\"d\",\"f\":\"d\","
    "\"g\":\"d\"}",
    "\"members\":{" TWO "},\"trust_anchors\":[\"x.pem\"]",
    "\"members\":{" TWO "},\"verifier\":\"https://v\"",
    "\"members\":{" TWO "},\"any\":true",
    "\"members\":{" TWO "},\"type\":\"a\\\"b\"",
    "\"members\":{" TWO "},\"label\":\"x\"",
};

START_TEST(wrong_profile_is_refused)
{
    ck_assert_ptr_null(policy_with(bad_profiles[_i], ATLS_POLICY_INVALID));
}
END_TEST

START_TEST(truncated_or_longer_composite_is_malformed)
{
    struct atls_policy *policy = policy_with("\"members\":{" TWO "}", ATLS_OK);
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_verdict verdict;
    size_t len;

    put_collection(&cmw, "host=h device=d", NULL);
    len = cmw.len;
    for (cmw.len = 1; cmw.len < len; cmw.len++)
        ck_assert_reason(appraise(policy, atls_buf_view(&cmw), &verdict),
                         ATLS_CMW_MALFORMED);
    atls_buf_u8(&cmw, 0);
    ck_assert_reason(appraise(policy, atls_buf_view(&cmw), &verdict),
                     ATLS_CMW_MALFORMED);
    atls_policy_free(policy);
}
END_TEST

/* What a change can be told by: of the collection, of a record, of a quote or
 * token, and of what they are signed with. */
static bool is_told(enum atls_reason reason)
{
    static const enum atls_reason reasons[] = {
        ATLS_CMW_MALFORMED,      ATLS_CMW_INDICATOR,
        ATLS_MEMBERS_REFUSED,    ATLS_FORMAT_UNKNOWN,
        ATLS_EVIDENCE_MALFORMED, ATLS_NONCE_MISSING,
        ATLS_BINDER_MISMATCH,    ATLS_ALGORITHM_UNSUPPORTED,
        ATLS_CLAIM_MISSING,      ATLS_TPM_NOT_A_QUOTE,
        ATLS_PCR_DIGEST,         ATLS_ANCHOR_UNKNOWN,
        ATLS_SIGNATURE_INVALID};

    for (unsigned i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i] == reason)
            return true;
    return false;
}

static struct atls_view find_text(const struct atls_buf *cmw, const char *text)
{
    size_t len = strlen(text), at = 0;

    while (at + len <= cmw->len && memcmp(cmw->data + at, text, len) != 0)
        at++;
    ck_assert_uint_le(at + len, cmw->len);
    return atls_view(cmw->data + at, len);
}

static bool holds(struct atls_view part, const uint8_t *at)
{
    return at >= part.data && at < part.data + part.len;
}

/* Only the case of a media type says nothing. */
START_TEST(flipped_bit_is_refused)
{
    struct atls_policy *policy = policy_with("\"members\":{" TWO "}", ATLS_OK);
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_view type, label;
    struct atls_verdict verdict;

    put_collection(&cmw, "host=h device=d", NULL);
    type = find_text(&cmw, TYPE_TPM);
    label = find_text(&cmw, "device");
    for (size_t i = 0; i < 8 * cmw.len; i++) {
        uint8_t bit = (uint8_t)(1u << (i % 8)), *at = cmw.data + i / 8;
        enum atls_reason reason;

        *at ^= bit;
        reason = appraise(policy, atls_buf_view(&cmw), &verdict);
        *at ^= bit;
        ck_assert_msg(is_told(reason) ||
                          (reason == ATLS_OK && bit == 0x20 && holds(type, at)),
                      "byte %zu, bit %02x: %s: %s", i / 8, bit,
                      atls_reason_name(reason), verdict.text);
        ck_assert(!holds(label, at) || reason == ATLS_MEMBERS_REFUSED ||
                  (bit == 0x80 && reason == ATLS_CMW_MALFORMED));
    }
    ck_assert_reason(appraise(policy, atls_buf_view(&cmw), &verdict), ATLS_OK);
    atls_policy_free(policy);
}
END_TEST

/* A chip's certificate has its dates there too. */
START_TEST(member_is_judged_at_the_given_time)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_verdict verdict;

    put_collection(&cmw, "cpu=s", NULL);
    atls_buf_text(&text, "{\"profiles\":{\"c\":{\"format\":\"composite\","
                         "\"members\":{\"cpu\":\"s\"}},\"s\":{\"format\":"
                         "\"snp\",\"any\":true,\"trust_anchors\":[\"");
    forge_x509_json(&text, chip.ark);
    atls_buf_text(&text, "\"]}}}");
    ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "p", "", NULL,
                                       NULL, &policy, NULL),
                     ATLS_OK);
    for (int i = -1; i < 2; i++) {
        enum atls_reason reason =
            atls_appraise(policy, atls_buf_view(&cmw), forge_nonce(FORGE_NONCE),
                          FORGE_NOW + i * (FORGE_YEAR + 1), "c", &verdict);

        ck_assert_reason(reason, i == 0 ? ATLS_OK : ATLS_CHAIN_EXPIRED);
        ck_assert(i == 0 || strncmp(verdict.text, "member cpu: ", 12) == 0);
    }
    atls_policy_free(policy);
}
END_TEST

/* Profiles t1, t2, t3: collections of a, b, c and d, each of which is a token,
 * a t1, a t2; and "mixed": a token a and a t1 n. */
static struct atls_policy *policy_of_trees(void)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key("psa");
    ATLS_AUTO_HEAP char *pem = forge_pem(key);
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};
    char tree[128];

    atls_buf_text(&text, "{\"profiles\":{");
    for (int i = 1; i < 4; i++) {
        snprintf(tree, sizeof(tree),
                 "\"t%d\":{\"format\":\"composite\",\"members\":{"
                 "\"a\":\"t%d\",\"b\":\"t%d\",\"c\":\"t%d\",\"d\":"
                 "\"t%d\"}},",
                 i, i - 1, i - 1, i - 1, i - 1);
        atls_buf_text(&text, tree);
    }
    atls_buf_text(&text, "\"mixed\":{\"format\":\"composite\",\"members\":{"
                         "\"a\":\"t0\",\"n\":\"t1\"}},\"t0\":{\"format\":"
                         "\"psa\",\"any\":true,\"trust_anchors\":[\"");
    atls_buf_text(&text, pem);
    atls_buf_text(&text, "\"]}}}");
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                                    &policy, &why) == ATLS_OK,
                  "%s", why.text);
    return policy;
}

static void put_tree(struct atls_buf *out, unsigned depth)
{
    static const char *const labels[] = {"a", "b", "c", "d"};

    if (depth == 0) {
        put_member(out, 'd');
        return;
    }
    atls_cbor_put_map(out, 4);
    for (unsigned i = 0; i < 4; i++) {
        atls_cbor_put_text(out, labels[i]);
        put_tree(out, depth - 1);
    }
}

static void judge_tree(const struct atls_policy *policy, struct atls_view cmw,
                       const char *profile, unsigned before, unsigned after,
                       enum atls_reason wanted)
{
    unsigned num_signatures = before;
    const struct atls_terms terms = {.policy = policy,
                                     .only_profile = profile,
                                     .now = NOW,
                                     .num_signatures = &num_signatures};
    struct atls_verdict verdict;

    ck_assert_msg(atls_evidence_judge(cmw, forge_nonce(FORGE_NONCE), &terms,
                                      &verdict) == wanted,
                  "%s", verdict.text);
    ck_assert_uint_eq(num_signatures, after);
}

/* Wherever the collection of four stands. */
START_TEST(every_signature_of_a_composite_is_counted_once)
{
    struct atls_policy *policy = policy_of_trees();

    for (unsigned i = 0; i < 2; i++) {
        ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);

        atls_cbor_put_map(&cmw, 2);
        atls_cbor_put_text(&cmw, i == 0 ? "a" : "n");
        put_tree(&cmw, i);
        atls_cbor_put_text(&cmw, i == 0 ? "n" : "a");
        put_tree(&cmw, 1 - i);
        judge_tree(policy, atls_buf_view(&cmw), "mixed", 0, 5, ATLS_OK);
    }
    atls_policy_free(policy);
}
END_TEST

/* One is the delegate's, as in ext/gate.c. */
START_TEST(peer_can_order_so_many_signatures_of_a_composite)
{
    enum { MAX = ATLS_SIGNATURES_MAX_COMPOSITE };
    struct atls_policy *policy = policy_of_trees();
    ATLS_AUTO_BUF four = atls_buf(FORGE_MAX), all = atls_buf(FORGE_MAX);

    put_tree(&four, 1);
    put_tree(&all, 3);
    judge_tree(policy, atls_buf_view(&four), "t1", 1, 5, ATLS_OK);
    judge_tree(policy, atls_buf_view(&all), "t3", 0, MAX, ATLS_OK);
    judge_tree(policy, atls_buf_view(&all), "t3", 1, MAX,
               ATLS_SIGNATURES_TOO_MANY);
    atls_policy_free(policy);
}
END_TEST

static enum atls_reason learn(const char *collection, const char *cmwc_t,
                              const struct atls_lesson *lesson, json_t **policy,
                              struct atls_why *why)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_evidence *evidence = NULL;
    ATLS_AUTO_HEAP char *json = NULL;
    enum atls_reason reason;

    put_collection(&cmw, collection, cmwc_t);
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
        ATLS_OK);
    ck_assert(atls_policy_signers(evidence).is_composite);
    reason = atls_policy_learn(evidence, lesson, &json, why);
    atls_evidence_free(evidence);
    ck_assert_int_eq(reason == ATLS_OK, json != NULL);
    *policy = json != NULL ? json_loads(json, 0, NULL) : NULL;
    return reason;
}

/* Each with the key that signed it, whatever the order of the keys. */
START_TEST(profile_is_learned_for_each_member)
{
    static const struct {
        const char *collection, *cmwc_t;
        size_t num_profiles;
    } lessons[] = {
        {"host=h device=d", NULL, 3},
        {"device=d host=h", "1.2.3", 3},
        {"inner=( host=h device=d ) device=d", NULL, 5},
        {"a=( b=d c=d ) a.b=d", NULL, 5}, /* learned.a.b, twice */
        {"a23456789012345678901234567890123456789012345678901234567890=d", NULL,
         2},
    };
    ATLS_AUTO(EVP_PKEY) *psa = forge_key("psa");
    ATLS_AUTO(EVP_PKEY) *ak = forge_key("ak-ecc");
    EVP_PKEY *const keys[] = {psa, ak};

    for (unsigned i = 0; i < sizeof(lessons) / sizeof(lessons[0]); i++) {
        const struct atls_lesson lesson = {.keys = keys, .num_keys = 2};
        ATLS_AUTO(json_t) *policy = NULL;
        struct atls_why why = {0};
        const json_t *profiles, *learned;

        ck_assert_msg(learn(lessons[i].collection, lessons[i].cmwc_t, &lesson,
                            &policy, &why) == ATLS_OK,
                      "%s: %s", lessons[i].collection, why.text);
        profiles = json_object_get(policy, "profiles");
        learned = json_object_get(profiles, "learned");
        ck_assert_uint_eq(json_object_size(profiles), lessons[i].num_profiles);
        ck_assert_pstr_eq(json_string_value(json_object_get(learned, "type")),
                          lessons[i].cmwc_t);
    }
}
END_TEST

START_TEST(nothing_is_learned_without_the_key_of_every_member)
{
    ATLS_AUTO(EVP_PKEY) *psa = forge_key("psa");
    EVP_PKEY *const keys[] = {psa};
    const struct atls_lesson none = {.num_keys = 0},
                             one = {.keys = keys, .num_keys = 1};
    struct atls_why why = {0}, other = {0};
    json_t *policy;

    ck_assert_reason(learn("device=d host=h", NULL, &one, &policy, &why),
                     ATLS_SIGNATURE_INVALID);
    ck_assert_msg(strncmp(why.text, "member host: ", 13) == 0, "%s", why.text);
    ck_assert_reason(learn("device=d host=h", NULL, &none, &policy, &other),
                     ATLS_ANCHOR_UNKNOWN);
    ck_assert_msg(strncmp(other.text, "member device: ", 15) == 0, "%s",
                  other.text);
    why = other = (struct atls_why){0};
    ck_assert_reason(learn("device=d cpu=s", NULL, &one, &policy, &why),
                     ATLS_ANCHOR_UNKNOWN);
    ck_assert_msg(strncmp(why.text, "member cpu: ", 12) == 0, "%s", why.text);
}
END_TEST

/* Of the roots that are given a member trusts its own alone. */
START_TEST(member_is_learned_with_no_more_roots_than_it_needs)
{
    X509 *other = forge_x509(&(struct forge_certificate){
        .name = "ARK-Genoa", .key = forge_rsa(1), .is_ca = true});
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX), wanted = atls_buf(FORGE_MAX);
    ATLS_AUTO(EVP_PKEY) *psa = forge_key("psa");
    EVP_PKEY *const keys[] = {psa};
    struct atls_lesson lesson = {
        .keys = keys, .num_keys = 1, .now = FORGE_NOW, .collateral = "/"};
    ATLS_AUTO(json_t) *policy = NULL;
    struct atls_why why = {0};
    const char *anchor = NULL;

    forge_snp_certify(&chip);
    forge_x509_pem(&wanted, chip.ark);
    forge_x509_pem(&pem, other);
    forge_x509_pem(&pem, chip.ark);
    atls_buf_u8(&pem, 0);
    lesson.certificates = (const char *)pem.data;
    ck_assert_msg(learn("cpu=s device=d", NULL, &lesson, &policy, &why) ==
                      ATLS_OK,
                  "%s", why.text);
    ck_assert_int_eq(json_unpack(policy, "{s:{s:{s:[s!], s:s}}}", "profiles",
                                 "learned.cpu", "trust_anchors", &anchor,
                                 "collateral", &lesson.collateral),
                     0);
    atls_buf_u8(&wanted, 0);
    ck_assert_str_eq(anchor, (const char *)wanted.data);
    X509_free(other);
}
END_TEST

static void set_up(void)
{
    forge_snp_open(&chip, ATLS_SNP_MILAN, forge_nonce(FORGE_NONCE));
}

static void tear_down(void)
{
    forge_snp_clear(&chip);
}

int main(void)
{
    Suite *suite = suite_create("composite");
    TCase *cases = tcase_create("composite");

    (void)forge_rsa(0); /* once, not in each test's process */
    (void)forge_rsa(1);
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, flipped_bit_is_refused);
    tcase_add_test(cases, member_is_judged_at_the_given_time);
    tcase_add_test(cases, every_signature_of_a_composite_is_counted_once);
    tcase_add_test(cases, peer_can_order_so_many_signatures_of_a_composite);
    tcase_add_test(cases, profile_is_learned_for_each_member);
    tcase_add_test(cases, nothing_is_learned_without_the_key_of_every_member);
    tcase_add_test(cases, member_is_learned_with_no_more_roots_than_it_needs);
    tcase_add_loop_test(cases, composite_is_judged_by_all_of_its_members, 0,
                        LENGTH(rows));
    tcase_add_test(cases, verdict_affirms_what_every_member_affirms);
    tcase_add_test(cases, refusal_names_its_member);
    tcase_add_test(cases, composite_may_be_json);
    tcase_add_test(cases, collection_has_the_type_that_was_agreed_on);
    tcase_add_test(cases, profile_offers_its_type);
    tcase_add_loop_test(cases, wrong_profile_is_refused, 0,
                        LENGTH(bad_profiles));
    tcase_add_test(cases, truncated_or_longer_composite_is_malformed);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
