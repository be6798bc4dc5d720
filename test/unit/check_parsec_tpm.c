/* SPDX-License-Identifier: Apache-2.0
 *
 * Key attestation by a TPM: whose key, made where, certified for whom, and what
 * an attacker makes of a good one.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>

#include "../check_main.h"
#include "cbor.h"
#include "cmw.h"
#include "forge_parsec.h"
#include "format.h"
#include "learn.h"
#include "policy.h"

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

#define TYPE "application/vnd.parallaxsecond.key-attestation.tpm"
#define NOW  1795000000

#define X4(text) text text text text
#define X32(text)                                                              \
    X4(text) X4(text) X4(text) X4(text) X4(text) X4(text) X4(text) X4(text)
#define ANY "\"any\":true"
/* What forge_quote has in PCRs 0 to 7 */
#define SEVEN(zero)                                                            \
    "\"0\":" zero ",\"1\":\"" X32("01") "\",\"2\":\"" X32(                     \
        "02") "\","                                                            \
              "\"3\":\"" X32("03") "\",\"4\":\"" X32("04") "\",\"5\":\"" X32(  \
                  "05") "\",\"6\":\"" X32("06") "\""
#define PCRS(zero, seven)                                                      \
    "\"pcrs\":{\"sha256\":{" SEVEN(zero) ",\"7\":" seven "}}"
#define VALUE(byte) "\"" X32(byte) "\""
#define GOOD_PCRS   PCRS(VALUE("00"), VALUE("07"))
#define DIGEST(pcrs, digest)                                                   \
    "\"pcr_digest\":{\"pcrs\":" pcrs ",\"digest\":\"" digest "\"}"
#define ZERO_TO_SEVEN "{\"sha256\":[0,1,2,3,4,5,6,7]}"

static EVP_PKEY *ak, *tls;

static void setup(void)
{
    ak = forge_key("ak-ecc");
    tls = EVP_EC_gen("P-256");
}

static void teardown(void)
{
    EVP_PKEY_free(ak);
    EVP_PKEY_free(tls);
}

static struct atls_policy *policy_for(EVP_PKEY *anchor, const char *more)
{
    ATLS_AUTO_HEAP char *pem = forge_pem(anchor);
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    atls_buf_text(&text, "{\"profiles\":{\"p\":{\"format\":\"parsec-tpm\","
                         "\"trust_anchors\":[\"");
    atls_buf_text(&text, pem);
    atls_buf_text(&text, "\"],");
    atls_buf_text(&text, more);
    atls_buf_text(&text, "}}}");
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                                    &policy, &why) == ATLS_OK,
                  "%s", why.text);
    return policy;
}

/* For the peer with that TLS key; NULL: nobody said which. */
static enum atls_reason judge(struct atls_view value, EVP_PKEY *anchor,
                              EVP_PKEY *of_peer, const char *policy,
                              struct atls_verdict *verdict)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX), spki = atls_buf(FORGE_MAX);
    struct atls_policy *loaded = policy_for(anchor, policy);

    forge_cmw(&cmw, TYPE, value, 4);
    if (of_peer != NULL)
        forge_spki(of_peer, &spki);
    (void)atls_appraise_for_key(loaded, atls_buf_view(&cmw),
                                forge_nonce(FORGE_NONCE), atls_buf_view(&spki),
                                NOW, NULL, verdict);
    atls_policy_free(loaded);
    return verdict->reason;
}

static enum atls_reason appraise(const struct forge_parsec_tpm *forge,
                                 const char *policy)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct atls_verdict verdict;

    forge_parsec_tpm_put(forge, &value);
    return judge(atls_buf_view(&value), forge->ak, forge->tls_key, policy,
                 &verdict);
}

static struct forge_parsec_tpm good(void)
{
    return forge_parsec_tpm(ak, tls, forge_nonce(FORGE_NONCE));
}

START_TEST(key_that_the_tpm_certified_is_accepted)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct forge_parsec_tpm forge = good();
    struct atls_verdict verdict;

    forge_parsec_tpm_put(&forge, &value);
    ck_assert_reason(judge(atls_buf_view(&value), ak, tls, GOOD_PCRS, &verdict),
                     ATLS_OK);
    ck_assert_int_eq(verdict.vector[ATLS_INSTANCE_IDENTITY], 2);
    ck_assert_int_eq(verdict.vector[ATLS_HARDWARE], 2);
    ck_assert_int_eq(verdict.vector[ATLS_EXECUTABLES], 3);
    ck_assert_reason(judge(atls_buf_view(&value), ak, tls, ANY, &verdict),
                     ATLS_OK);
    ck_assert_int_eq(verdict.vector[ATLS_EXECUTABLES], 0);
}
END_TEST

static const char *const kinds[] = {"P-256", "P-384", "P-521", "RSA"};

START_TEST(tls_keys_of_every_kind_are_compared)
{
    ATLS_AUTO(EVP_PKEY) *key =
        strcmp(kinds[_i], "RSA") == 0
            ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
            : EVP_EC_gen(kinds[_i]);
    struct forge_parsec_tpm forge = good();

    forge.tls_key = key;
    ck_assert_reason(appraise(&forge, ANY), ATLS_OK);
}
END_TEST

START_TEST(attestation_keys_may_be_rsa)
{
    ATLS_AUTO(EVP_PKEY) *rsa = forge_key("ak-rsa");
    struct forge_parsec_tpm forge = good();

    forge.ak = rsa;
    forge.quote.algorithm = 0x14;
    ck_assert_reason(appraise(&forge, GOOD_PCRS), ATLS_OK);
}
END_TEST

/* The very attack: a TPM that is trusted attests a key that it holds, and the
 * peer serves with another one. */
START_TEST(another_tls_key_than_the_peers_is_refused)
{
    ATLS_AUTO(EVP_PKEY) *other = EVP_EC_gen("P-256");
    ATLS_AUTO(EVP_PKEY) *rsa = forge_key("ak-rsa");
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct forge_parsec_tpm forge = good();
    struct atls_verdict verdict;

    forge_parsec_tpm_put(&forge, &value);
    ck_assert_reason(judge(atls_buf_view(&value), ak, other, ANY, &verdict),
                     ATLS_TLS_KEY_MISMATCH);
    ck_assert_reason(judge(atls_buf_view(&value), ak, rsa, ANY, &verdict),
                     ATLS_TLS_KEY_MISMATCH);
    ck_assert_reason(judge(atls_buf_view(&value), ak, NULL, ANY, &verdict),
                     ATLS_TLS_KEY_UNKNOWN);
    ck_assert_int_eq(verdict.tier, ATLS_TIER_CONTRAINDICATED);
}
END_TEST

START_TEST(key_that_was_not_certified_is_refused)
{
    ATLS_AUTO(EVP_PKEY) *other = EVP_EC_gen("P-256");
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct forge_parsec_tpm forge = good();
    struct atls_verdict verdict;

    forge.shown_key = other;
    forge_parsec_tpm_put(&forge, &value);
    ck_assert_reason(judge(atls_buf_view(&value), ak, other, ANY, &verdict),
                     ATLS_TLS_KEY_UNBOUND);
    ck_assert_reason(judge(atls_buf_view(&value), ak, tls, ANY, &verdict),
                     ATLS_TLS_KEY_UNBOUND);
}
END_TEST

/* fixedTPM, fixedParent, sensitiveDataOrigin, sign */
static const uint32_t needed[] = {1 << 1, 1 << 4, 1 << 5, 1 << 18};

START_TEST(key_that_could_be_elsewhere_is_refused)
{
    struct forge_parsec_tpm forge = good();

    forge.attributes = FORGE_TLS_ATTRIBUTES & ~needed[_i];
    ck_assert_reason(appraise(&forge, ANY), ATLS_TLS_KEY_UNFIT);
}
END_TEST

static const struct {
    uint16_t hash;
    enum atls_reason reason;
} names[] = {{0x000b, ATLS_OK},
             {0x000c, ATLS_OK},
             {0x000d, ATLS_OK},
             {0x0004, ATLS_ALGORITHM_UNSUPPORTED},
             {0x0010, ATLS_ALGORITHM_UNSUPPORTED}};

START_TEST(name_is_by_the_keys_own_hash)
{
    struct forge_parsec_tpm forge = good();

    forge.name_hash = names[_i].hash;
    ck_assert_reason(appraise(&forge, ANY), names[_i].reason);
}
END_TEST

START_TEST(both_tokens_answer_the_same_challenge)
{
    struct forge_parsec_tpm forge = good();

    forge.nonce = atls_view_text("another nonce");
    ck_assert_reason(appraise(&forge, ANY), ATLS_BINDER_MISMATCH);
    forge = good();
    forge.quote.nonce = atls_view_text("another nonce");
    ck_assert_reason(appraise(&forge, ANY), ATLS_BINDER_MISMATCH);
    forge = good();
    forge.nonce = atls_view(NULL, 0);
    ck_assert_reason(appraise(&forge, ANY), ATLS_NONCE_MISSING);
    forge = good();
    forge.quote.nonce = atls_view(NULL, 0);
    ck_assert_reason(appraise(&forge, ANY), ATLS_NONCE_MISSING);
}
END_TEST

START_TEST(both_tokens_are_signed_by_the_anchor)
{
    ATLS_AUTO(EVP_PKEY) *other = forge_key("ak-other");
    struct forge_parsec_tpm forge = good();
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct atls_verdict verdict;

    forge.key_signer = other;
    ck_assert_reason(appraise(&forge, ANY), ATLS_SIGNATURE_INVALID);
    forge = good();
    forge.quote.key = other;
    ck_assert_reason(appraise(&forge, ANY), ATLS_SIGNATURE_INVALID);
    forge = good();
    forge_parsec_tpm_put(&forge, &value);
    ck_assert_reason(judge(atls_buf_view(&value), other, tls, ANY, &verdict),
                     ATLS_ANCHOR_UNKNOWN);
}
END_TEST

START_TEST(tokens_change_no_places)
{
    struct forge_parsec_tpm forge = good();

    forge.type = 0x8018;
    ck_assert_reason(appraise(&forge, ANY), ATLS_TPM_NOT_A_CERTIFY);
    forge = good();
    forge.magic = 0xff544348;
    ck_assert_reason(appraise(&forge, ANY), ATLS_TPM_NOT_A_CERTIFY);
    forge = good();
    forge.quote.type = 0x8017;
    ck_assert_reason(appraise(&forge, ANY), ATLS_TPM_NOT_A_QUOTE);
    forge = good();
    forge.quote.magic = 1;
    ck_assert_reason(appraise(&forge, ANY), ATLS_TPM_NOT_A_QUOTE);
}
END_TEST

static const char *const labels[] = {"tpmVer",  "kid",      "sig",
                                     "pubArea", "certInfo", "attestInfo"};

START_TEST(field_that_is_missing_makes_it_malformed)
{
    struct forge_parsec_tpm forge = good();

    forge.missing = labels[_i];
    ck_assert_reason(appraise(&forge, ANY), ATLS_EVIDENCE_MALFORMED);
}
END_TEST

START_TEST(layout_is_that_of_parsec_and_no_other)
{
    ATLS_AUTO(EVP_PKEY) *other = forge_key("ak-other");
    static struct forge_parsec_tpm forges[7]; /* large */

    for (size_t i = 0; i < 7; i++)
        forges[i] = good();
    forges[0].has_no_kat = true;
    forges[1].has_no_pat = true;
    forges[2].version = "1.2";
    forges[3].unknown_in_kat = "more";
    forges[4].unknown_in_kat = "attestInfo"; /* is pat's */
    forges[5].platform_kid = other;
    forges[6].after = "00";
    for (size_t i = 0; i < 7; i++)
        ck_assert_reason(appraise(&forges[i], ANY), ATLS_EVIDENCE_MALFORMED);
}
END_TEST

/* All of it is signed, named by what is, or leads to the key. */
START_TEST(no_flipped_bit_is_accepted)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), spki = atls_buf(FORGE_MAX);
    struct atls_policy *policy = policy_for(ak, GOOD_PCRS);
    struct forge_parsec_tpm forge = good();

    forge_parsec_tpm_put(&forge, &value);
    forge_spki(tls, &spki);
    for (size_t i = 0; i < 8 * value.len; i++) {
        ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
        struct atls_verdict verdict;

        value.data[i / 8] ^= (uint8_t)(1u << i % 8);
        forge_cmw(&cmw, TYPE, atls_buf_view(&value), 4);
        value.data[i / 8] ^= (uint8_t)(1u << i % 8);
        ck_assert_msg(atls_appraise_for_key(
                          policy, atls_buf_view(&cmw), forge_nonce(FORGE_NONCE),
                          atls_buf_view(&spki), NOW, NULL, &verdict) != ATLS_OK,
                      "bit %zu", i);
    }
    atls_policy_free(policy);
}
END_TEST

START_TEST(cut_anywhere_it_is_malformed)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct forge_parsec_tpm forge = good();
    struct atls_verdict verdict;

    forge_parsec_tpm_put(&forge, &value);
    for (size_t i = 0; i < value.len; i += i < 64 ? 1 : 7)
        ck_assert_reason(
            judge(atls_view(value.data, i), ak, tls, ANY, &verdict),
            ATLS_EVIDENCE_MALFORMED);
}
END_TEST

static void digest_of_eight(char out[65])
{
    uint8_t values[8 * 32], digest[32];

    for (size_t i = 0; i < sizeof(values); i++)
        values[i] = (uint8_t)(i / 32);
    ck_assert_int_eq(EVP_Q_digest(NULL, "SHA2-256", NULL, values,
                                  sizeof(values), digest, NULL),
                     1);
    for (size_t i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static const struct {
    const char *sentence, *policy; /* @: the digest */
    enum atls_reason reason;
} references[] = {
    {"the values", GOOD_PCRS, ATLS_OK},
    {"one of two values",
     PCRS("[" VALUE("ff") "," VALUE("00") "]",
          "[" VALUE("07") "," VALUE("ee") "]"),
     ATLS_OK},
    {"another value", PCRS(VALUE("00"), VALUE("08")), ATLS_PCR_MISMATCH},
    {"two other values",
     PCRS("[" VALUE("01") "," VALUE("02") "]",
          "[" VALUE("08") "," VALUE("09") "]"),
     ATLS_PCR_MISMATCH},
    {"no value for a quoted PCR",
     "\"pcrs\":{\"sha256\":{" SEVEN(VALUE("00")) "}}", ATLS_PCR_MISMATCH},
    {"a PCR that is not quoted",
     "\"pcrs\":{\"sha256\":{" SEVEN(VALUE("00")) ",\"7\":" VALUE(
         "07") ",\"8\":" VALUE("08") "}}",
     ATLS_PCR_MISSING},
    {"a bank that is not quoted",
     "\"pcrs\":{\"sha384\":{\"0\":\"" X32("00") X4("00") X4("00") X4("00")
         X4("00") "\"}}",
     ATLS_PCR_MISSING},
    {"the digest", DIGEST(ZERO_TO_SEVEN, "@"), ATLS_OK},
    {"the digest of a list",
     "\"pcr_digest\":[{\"pcrs\":{\"sha256\":[0]},\"digest\":\"" X32(
         "00") "\"},{\"pcrs\":" ZERO_TO_SEVEN ",\"digest\":\"@\"}]",
     ATLS_OK},
    {"another digest", DIGEST(ZERO_TO_SEVEN, X32("00")), ATLS_PCR_MISMATCH},
    {"the digest of other PCRs", DIGEST("{\"sha256\":[0,1,2,3,4,5,6,16]}", "@"),
     ATLS_PCR_MISSING},
    {"the digest of fewer PCRs", DIGEST("{\"sha256\":[0,1,2,3,4,5,6]}", "@"),
     ATLS_PCR_MISSING},
    {"the digest of another bank",
     DIGEST("{\"sha384\":[0,1,2,3,4,5,6,7]}", "@"), ATLS_PCR_MISSING},
    {"a firmware version", ANY ",\"firmware_version\":\"0000000000000007\"",
     ATLS_OK},
    {"another firmware version",
     ANY ",\"firmware_version\":\"0000000000000008\"", ATLS_FIRMWARE_REFUSED},
};
#define NUM_REFERENCES (sizeof(references) / sizeof(references[0]))

START_TEST(what_was_booted_is_judged_by_its_digest)
{
    struct forge_parsec_tpm forge = good();
    ATLS_AUTO_BUF policy = atls_buf(FORGE_MAX);
    char digest[65];

    digest_of_eight(digest);
    forge.quote.firmware_version = 7;
    for (const char *at = references[_i].policy; *at != '\0'; at++)
        if (*at == '@')
            atls_buf_text(&policy, digest);
        else
            atls_buf_u8(&policy, (uint8_t)*at);
    atls_buf_u8(&policy, 0);
    ck_assert_msg(appraise(&forge, (const char *)policy.data) ==
                      references[_i].reason,
                  "%s", references[_i].sentence);
}
END_TEST

/* The digest is by the signature's hash, and over the banks in their order. */
START_TEST(banks_are_hashed_as_the_tpm_does)
{
    struct forge_parsec_tpm forge = good();

    forge.quote.hash = 0x0c;
    ck_assert_reason(appraise(&forge, GOOD_PCRS), ATLS_OK);
    forge = good();
    forge.quote.selections[0] = (struct forge_selection){0x0c, 0x02};
    forge.quote.selections[1] = (struct forge_selection){0x0b, 0x01};
    ck_assert_reason(appraise(&forge,
                              "\"pcrs\":{\"sha256\":{\"0\":" VALUE(
                                  "00") "},\"sha384\":{\"1\":\"" X32("01")
                                  X4("01") X4("01") X4("01") X4("01") "\"}}"),
                     ATLS_OK);
}
END_TEST

static const char *const bad_policies[] = {
    "\"pcr_digest\":[]",
    "\"pcr_digest\":{\"pcrs\":{},\"digest\":\"" X32("00") "\"}",
    "\"pcr_digest\":{\"pcrs\":{\"sha1\":[0]},\"digest\":\"" X32("00") "\"}",
    "\"pcr_digest\":{\"pcrs\":{\"sha256\":[]},\"digest\":\"" X32("00") "\"}",
    "\"pcr_digest\":{\"pcrs\":{\"sha256\":[24]},\"digest\":\"" X32("00") "\"}",
    "\"pcr_digest\":{\"pcrs\":{\"sha256\":[0]},\"digest\":\"00\"}",
    "\"pcr_digest\":{\"pcrs\":{\"sha256\":[0]}}",
    "\"pcr_digest\":{\"digest\":\"" X32("00") "\"}",
    GOOD_PCRS "," DIGEST(ZERO_TO_SEVEN, X32("00")),
    GOOD_PCRS ",\"eventlog\":true",
    GOOD_PCRS "," ANY,
    "\"firmware_version\":\"0000000000000007\"", /* pins nothing */
};

static enum atls_reason policy_reason(const char *more, struct atls_why *why)
{
    ATLS_AUTO_HEAP char *pem = forge_pem(ak);
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    enum atls_reason reason;

    atls_buf_text(&text, "{\"profiles\":{\"p\":{\"format\":\"parsec-tpm\","
                         "\"trust_anchors\":[\"");
    atls_buf_text(&text, pem);
    atls_buf_text(&text, "\"],");
    atls_buf_text(&text, more);
    atls_buf_text(&text, "}}}");
    reason = atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                               &policy, why);
    atls_policy_free(policy);
    return reason;
}

START_TEST(policy_that_makes_no_sense_is_refused)
{
    struct atls_why why = {0};

    ck_assert_reason(policy_reason(bad_policies[_i], &why),
                     ATLS_POLICY_INVALID);
}
END_TEST

START_TEST(values_have_few_combinations)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_why why = {0};
    char pcr[256];

    for (int num = 16; num <= 17; num++) {
        atls_buf_clear(&text);
        atls_buf_text(&text, "\"pcrs\":{\"sha256\":{");
        for (int i = 0; i < 2; i++) {
            snprintf(pcr, sizeof(pcr), "%s\"%d\":[", i == 0 ? "" : ",", i);
            atls_buf_text(&text, pcr);
            for (int j = 0; j < (i == 0 ? 16 : num); j++) {
                snprintf(pcr, sizeof(pcr), "%s\"%064d\"", j == 0 ? "" : ",", j);
                atls_buf_text(&text, pcr);
            }
            atls_buf_text(&text, "]");
        }
        atls_buf_text(&text, "}}");
        atls_buf_u8(&text, '\0');
        ck_assert_reason(policy_reason((const char *)text.data, &why),
                         num == 16 ? ATLS_OK : ATLS_POLICY_INVALID);
    }
    ck_assert_ptr_nonnull(strstr(why.text, "at most 256 combinations"));
}
END_TEST

/* A composite of records that attest keys: "p" this peer's, "o" another, "s"
 * none, a plain quote. */
static void put_composite(const char *members, struct atls_buf *out)
{
    ATLS_AUTO(EVP_PKEY) *other = EVP_EC_gen("P-256");

    atls_cmw_put_collection(out, atls_view(NULL, 0), strlen(members));
    for (size_t i = 0; members[i] != '\0'; i++) {
        ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
        struct forge_parsec_tpm forge = good();
        const char label[] = {(char)('a' + i), '\0'};

        if (members[i] == 'o')
            forge.tls_key = other;
        forge.quote.key = ak;
        forge.quote.nonce = forge_nonce(FORGE_NONCE);
        if (members[i] == 's')
            forge_quote(&value, &forge.quote);
        else
            forge_parsec_tpm_put(&forge, &value);
        atls_cmw_put_label(out, atls_view_text(label));
        forge_cmw(out,
                  members[i] == 's' ? "application/vnd.atls.tpm-quote+cbor"
                                    : TYPE,
                  atls_buf_view(&value), 4);
    }
}

static const struct composite_row {
    const char *members;
    bool is_key_given;
    enum atls_reason reason;
} composite_rows[] = {
    {"p", true, ATLS_OK},
    {"ps", true, ATLS_OK},
    {"sp", true, ATLS_OK},
    {"ss", true, ATLS_OK},
    {"ss", false, ATLS_OK},
    {"pp", true, ATLS_OK},
    {"o", true, ATLS_TLS_KEY_MISMATCH},
    {"os", true, ATLS_TLS_KEY_MISMATCH},
    {"so", true, ATLS_TLS_KEY_MISMATCH},
    {"po", true, ATLS_TLS_KEY_MISMATCH},
    {"op", true, ATLS_TLS_KEY_MISMATCH},
    {"ppo", true, ATLS_TLS_KEY_MISMATCH},
    {"p", false, ATLS_TLS_KEY_UNKNOWN},
    {"sp", false, ATLS_TLS_KEY_UNKNOWN},
};

static struct atls_policy *policy_for_composite(const char *members)
{
    ATLS_AUTO_HEAP char *pem = forge_pem(ak);
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    char member[64];

    atls_buf_text(&text, "{\"profiles\":{\"p\":{\"format\":\"parsec-tpm\","
                         "\"any\":true,\"trust_anchors\":[\"");
    atls_buf_text(&text, pem);
    atls_buf_text(&text, "\"]},\"s\":{\"format\":\"tpm\",\"any\":true,"
                         "\"trust_anchors\":[\"");
    atls_buf_text(&text, pem);
    atls_buf_text(&text, "\"]},\"c\":{\"format\":\"composite\","
                         "\"members\":{");
    for (size_t i = 0; members[i] != '\0'; i++) {
        snprintf(member, sizeof(member), "%s\"%c\":\"%c\"", i > 0 ? "," : "",
                 (char)('a' + i), members[i] == 's' ? 's' : 'p');
        atls_buf_text(&text, member);
    }
    atls_buf_text(&text, "}}}}");
    ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "p", "", NULL,
                                       NULL, &policy, NULL),
                     ATLS_OK);
    return policy;
}

/* Wherever it stands, no member attests a key for somebody else. */
START_TEST(each_member_of_a_composite_attests_the_peers_key)
{
    const struct composite_row *row = &composite_rows[_i];
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX), spki = atls_buf(FORGE_MAX);
    struct atls_policy *policy = policy_for_composite(row->members);
    struct atls_verdict verdict;

    put_composite(row->members, &cmw);
    if (row->is_key_given)
        forge_spki(tls, &spki);
    ck_assert_reason(atls_appraise_for_key(
                         policy, atls_buf_view(&cmw), forge_nonce(FORGE_NONCE),
                         atls_buf_view(&spki), NOW, "c", &verdict),
                     row->reason);
    atls_policy_free(policy);
}
END_TEST

/* There is no peer yet, so the first key that is attested stands for it. */
START_TEST(policy_is_learnt_from_a_composite_that_attests_one_key)
{
    static const struct {
        const char *members;
        enum atls_reason reason;
    } learnt[] = {{"sp", ATLS_OK},
                  {"pp", ATLS_OK},
                  {"po", ATLS_TLS_KEY_MISMATCH},
                  {"spo", ATLS_TLS_KEY_MISMATCH}};
    const struct atls_lesson lesson = {.keys = &ak, .num_keys = 1, .now = NOW};

    for (size_t i = 0; i < sizeof(learnt) / sizeof(learnt[0]); i++) {
        ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
        ATLS_AUTO_HEAP char *text = NULL;
        struct atls_evidence *evidence = NULL;

        put_composite(learnt[i].members, &cmw);
        ck_assert_reason(
            atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
            ATLS_OK);
        ck_assert_reason(atls_policy_learn(evidence, &lesson, &text, NULL),
                         learnt[i].reason);
        atls_evidence_free(evidence);
    }
}
END_TEST

START_TEST(policy_that_was_learnt_takes_no_other_boot)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF spki = atls_buf(FORGE_MAX);
    ATLS_AUTO_HEAP char *text = NULL;
    struct forge_parsec_tpm forge = good();
    struct atls_evidence *evidence = NULL;
    struct atls_policy *policy = NULL;
    struct atls_verdict verdict;
    const struct atls_lesson lesson = {.keys = &ak, .num_keys = 1};

    forge_parsec_tpm_put(&forge, &value);
    forge_cmw(&cmw, TYPE, atls_buf_view(&value), 4);
    forge_spki(tls, &spki);
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
        ATLS_OK);
    ck_assert_reason(atls_policy_learn(evidence, &lesson, &text, NULL),
                     ATLS_OK);
    atls_evidence_free(evidence);
    ck_assert_ptr_nonnull(strstr(text, "pcr_digest"));
    ck_assert_reason(atls_policy_parse(atls_view_text(text), "p", "", NULL,
                                       NULL, &policy, NULL),
                     ATLS_OK);
    ck_assert_reason(atls_appraise_for_key(
                         policy, atls_buf_view(&cmw), forge_nonce(FORGE_NONCE),
                         atls_buf_view(&spki), NOW, NULL, &verdict),
                     ATLS_OK);
    forge.quote.selections[0].mask = 0x7f;
    atls_buf_clear(&value);
    atls_buf_clear(&cmw);
    forge_parsec_tpm_put(&forge, &value);
    forge_cmw(&cmw, TYPE, atls_buf_view(&value), 4);
    ck_assert_reason(atls_appraise_for_key(
                         policy, atls_buf_view(&cmw), forge_nonce(FORGE_NONCE),
                         atls_buf_view(&spki), NOW, NULL, &verdict),
                     ATLS_PCR_MISSING);
    atls_policy_free(policy);
}
END_TEST

static void append(void *arg, const char *name, const char *value)
{
    atls_buf_text(arg, name);
    atls_buf_text(arg, "=");
    atls_buf_text(arg, value);
    atls_buf_text(arg, "\n");
}

START_TEST(it_is_described_in_words)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF brief = atls_buf(FORGE_MAX), full = atls_buf(FORGE_MAX);
    struct forge_parsec_tpm forge = good();
    struct atls_evidence *evidence = NULL;
    uint8_t id[33];
    char wanted[80] = "tls_key=";

    forge_id(tls, id);
    for (size_t i = 0; i < 32; i++)
        snprintf(wanted + strlen(wanted), 3, "%02x", id[1 + i]);
    forge_parsec_tpm_put(&forge, &value);
    forge_cmw(&cmw, TYPE, atls_buf_view(&value), 4);
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
        ATLS_OK);
    atls_evidence_describe(evidence, true, append, &brief);
    atls_evidence_describe(evidence, false, append, &full);
    atls_evidence_free(evidence);
    atls_buf_u8(&brief, 0);
    atls_buf_u8(&full, 0);
    ck_assert_ptr_nonnull(strstr((const char *)brief.data, wanted));
    ck_assert_ptr_null(strstr((const char *)brief.data, "clock"));
    ck_assert_ptr_nonnull(
        strstr((const char *)full.data, "quoted_sha256=0000ff\n"));
    ck_assert_ptr_nonnull(strstr((const char *)full.data,
                                 "tls_key_attributes=0000000000040072\n"));
}
END_TEST

/* Of swtpm, made by tpm2-tools: what they certified and what they quoted, whose
 * nonces differ, as tpm2_certify takes none. */

static EVP_PKEY *real_ak(void)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);
    ATLS_AUTO(BIO) *bio = NULL;

    ck_assert(forge_vector("tpm/swtpm-ak-ecc.pub.pem", &pem));
    bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    return PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
}

static void put_file(struct atls_buf *out, const char *label, const char *path,
                     size_t skip)
{
    ATLS_AUTO_BUF file = atls_buf(FORGE_MAX);

    ck_assert(forge_vector(path, &file));
    atls_cbor_put_text(out, label);
    atls_cbor_put_bytes(out, atls_view(file.data + skip, file.len - skip));
}

static void put_real(EVP_PKEY *key, struct atls_buf *out)
{
    uint8_t id[33];

    forge_id(key, id);
    atls_cbor_put_map(out, 2);
    for (unsigned i = 0; i < 2; i++) {
        atls_cbor_put_text(out, i == 0 ? "kat" : "pat");
        atls_cbor_put_map(out, i == 0 ? 5 : 4);
        atls_cbor_put_text(out, "tpmVer");
        atls_cbor_put_text(out, "2.0");
        atls_cbor_put_text(out, "kid");
        atls_cbor_put_bytes(out, atls_view(id, sizeof(id)));
        put_file(out, "sig",
                 i == 0 ? "tpm/swtpm-certify-ecc.tpmt_signature"
                        : "tpm/swtpm-quote-ecc.tpmt_signature",
                 0);
        if (i == 0)
            put_file(out, "pubArea", "tpm/swtpm-certified-key.tpm2b_public",
                     2); /* the size of TPM2B */
        put_file(out, i == 0 ? "certInfo" : "attestInfo",
                 i == 0 ? "tpm/swtpm-certify-ecc.attest"
                        : "tpm/swtpm-quote-ecc.attest",
                 0);
    }
}

START_TEST(key_that_swtpm_certified_is_taken_apart)
{
    const struct atls_format *format = &atls_format_parsec_tpm;
    ATLS_AUTO(EVP_PKEY) *key = real_ak(), *attested = NULL;
    ATLS_AUTO(EVP_PKEY) *other = forge_key("ak-other");
    ATLS_AUTO_HEAP void *claims = calloc(1, format->claims_size);
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);
    struct atls_view nonce;

    put_real(key, &value);
    ck_assert_reason(format->parse(atls_buf_view(&value), claims, &nonce, NULL),
                     ATLS_OK);
    ck_assert_reason(format->subject_key(claims, &attested, NULL), ATLS_OK);
    ck_assert(EVP_PKEY_is_a(attested, "EC"));
    ck_assert_reason(format->verify(claims, key, NULL), ATLS_OK);
    ck_assert_reason(format->verify(claims, other, NULL),
                     ATLS_SIGNATURE_INVALID);
    ck_assert(!format->is_challenge(claims, nonce));
    ck_assert(!format->is_challenge(
        claims, atls_view_text("nonce-ecc-0123456789abcdef012345")));
}
END_TEST

static void add_real(TCase *cases)
{
    ATLS_AUTO_BUF any = atls_buf(FORGE_MAX);

    if (forge_vector("tpm/swtpm-certify-ecc.attest", &any)) /* else vectors.sh
                                                               says so */
        tcase_add_test(cases, key_that_swtpm_certified_is_taken_apart);
}

int main(void)
{
    Suite *suite = suite_create("parsec_tpm");
    TCase *cases = tcase_create("parsec_tpm");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, key_that_the_tpm_certified_is_accepted);
    tcase_add_loop_test(cases, tls_keys_of_every_kind_are_compared, 0, 4);
    tcase_add_test(cases, attestation_keys_may_be_rsa);
    tcase_add_test(cases, another_tls_key_than_the_peers_is_refused);
    tcase_add_test(cases, key_that_was_not_certified_is_refused);
    tcase_add_loop_test(cases, key_that_could_be_elsewhere_is_refused, 0, 4);
    tcase_add_loop_test(cases, name_is_by_the_keys_own_hash, 0, 5);
    tcase_add_test(cases, both_tokens_answer_the_same_challenge);
    tcase_add_test(cases, both_tokens_are_signed_by_the_anchor);
    tcase_add_test(cases, tokens_change_no_places);
    tcase_add_loop_test(cases, field_that_is_missing_makes_it_malformed, 0, 6);
    tcase_add_test(cases, layout_is_that_of_parsec_and_no_other);
    tcase_add_test(cases, no_flipped_bit_is_accepted);
    tcase_add_test(cases, cut_anywhere_it_is_malformed);
    tcase_add_loop_test(cases, what_was_booted_is_judged_by_its_digest, 0,
                        NUM_REFERENCES);
    tcase_add_test(cases, banks_are_hashed_as_the_tpm_does);
    tcase_add_loop_test(cases, policy_that_makes_no_sense_is_refused, 0,
                        sizeof(bad_policies) / sizeof(bad_policies[0]));
    tcase_add_test(cases, values_have_few_combinations);
    tcase_add_loop_test(cases, each_member_of_a_composite_attests_the_peers_key,
                        0, sizeof(composite_rows) / sizeof(composite_rows[0]));
    tcase_add_test(cases,
                   policy_is_learnt_from_a_composite_that_attests_one_key);
    tcase_add_test(cases, policy_that_was_learnt_takes_no_other_boot);
    tcase_add_test(cases, it_is_described_in_words);
    add_real(cases);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
