/* SPDX-License-Identifier: Apache-2.0
 *
 * EAT Attestation Results: of a real Veraison, of its libraries, our own, and
 * what no Verifier may say.
 */
#include "ear.h"

#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "forge.h"
#include "../check_main.h"

#define ADD_ROWS(cases, test, list)                                            \
    tcase_add_loop_test(cases, test, 0, sizeof(list) / sizeof((list)[0]))

static struct atls_ear ear;
static struct atls_why why;

static void teardown(void)
{
    atls_ear_clear(&ear);
    why = (struct atls_why){0};
}

static enum atls_reason parse(const char *payload)
{
    return atls_ear_parse(atls_view_text(payload), &ear, &why);
}

#define V     "\"tag:github.com,2023:veraison/ear\""
#define ID    "\"ear.verifier-id\":{\"developer\":\"d\",\"build\":\"b\"}"
#define HEAD  "{\"eat_profile\":" V ",\"iat\":1," ID ","
#define NONCE "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"
#define GOOD                                                                   \
    "\"ear.status\":\"affirming\",\"ear.trustworthiness-vector\":{"            \
    "\"hardware\":2}"
#define SUBMODS           "\"submods\":{\"A\":{" GOOD "}}}"
#define IN_SUBMOD(member) HEAD "\"submods\":{\"A\":{" GOOD "," member "}}}"
#define IN_ROOT(member)   HEAD member "," SUBMODS
#define VECTOR(status, vector)                                                 \
    HEAD "\"submods\":{\"A\":{\"ear.status\":" status                          \
         ",\"ear.trustworthiness-vector\":" vector "}}}"

static const char *const refused[] = {
    "",
    "[]",
    "{}",
    HEAD SUBMODS "x",
    HEAD "\"iat\":1," SUBMODS,
    "{\"iat\":1," ID "," SUBMODS,
    "{\"eat_profile\":1,\"iat\":1," ID "," SUBMODS,
    "{\"eat_profile\":\"tag:github.com,2022:veraison/ear\",\"iat\":1," ID
    "," SUBMODS,
    "{\"eat_profile\":" V "," ID "," SUBMODS,
    "{\"eat_profile\":" V ",\"iat\":1," SUBMODS,
    "{\"eat_profile\":" V ",\"iat\":1,\"ear.verifier-id\":\"x\"," SUBMODS,
    "{\"eat_profile\":" V ",\"iat\":1.5," ID "," SUBMODS,
    "{\"eat_profile\":" V ",\"iat\":-1," ID "," SUBMODS,
    "{\"eat_profile\":" V ",\"iat\":\"1\"," ID "," SUBMODS,
    "{\"eat_profile\":" V ",\"iat\":1e300," ID "," SUBMODS,
    "{\"eat_profile\":" V ",\"iat\":253402300800," ID "," SUBMODS,
    "{\"eat_profile\":" V ",\"iat\":9223372036854775807," ID "," SUBMODS,
    "{\"eat_profile\":" V ",\"iat\":9223372036854775808," ID "," SUBMODS,
    IN_ROOT("\"exp\":\"1\""),
    IN_ROOT("\"exp\":1.25"),
    IN_ROOT("\"nbf\":null"),
    IN_ROOT("\"eat_nonce\":\"AQIDBAUGBw\""), /* 7 bytes */
    IN_ROOT(
        "\"eat_nonce\":\"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSY"
        "nKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4_QEE\""), /* 65 */
    IN_ROOT("\"eat_nonce\":\"\""),
    IN_ROOT("\"eat_nonce\":\"AQIDBAUGBwgJ+/8=\""), /* not base64url */
    IN_ROOT("\"eat_nonce\":\"AQIDBAUGBwgJCg=\""),
    IN_ROOT("\"eat_nonce\":\"AQIDBAUGBwgJCg===\""),
    IN_ROOT("\"eat_nonce\":\"AQIDBAUGBwh\""), /* stray bits */
    IN_ROOT("\"eat_nonce\":[\"" NONCE "\",\"" NONCE "\"]"),
    IN_ROOT("\"eat_nonce\":1234567890"),
    IN_ROOT("\"ear.status\":\"good\""),
    IN_ROOT("\"ear_verifier_id\":{}"),
    HEAD "\"submods\":{}}",
    HEAD "\"submods\":[]}",
    HEAD "\"submods\":{\"\":{" GOOD "}}}",
    HEAD "\"submods\":{\"0123456789abcdef0123456789abcdef0123456789abcdef"
         "0123456789abcdef\":{" GOOD "}}}",
    HEAD "\"submods\":{\"A\":\"eyJ9.e30.\"}}",
    HEAD "\"submods\":{\"A\":{" GOOD "},\"A\":{" GOOD "}}}",
    HEAD "\"submods\":{\"A\":{}}}",
    VECTOR("\"Affirming\"", "{}"),
    VECTOR("\"affirming \"", "{}"),
    VECTOR("1", "{}"),
    VECTOR("3", "{}"),
    VECTOR("2.0", "{}"),
    VECTOR("null", "{}"),
    VECTOR("\"affirming\"", "[]"),
    VECTOR("\"affirming\"", "{\"hardware\":128}"),
    VECTOR("\"affirming\"", "{\"hardware\":-129}"),
    VECTOR("\"affirming\"", "{\"hardware\":\"2\"}"),
    VECTOR("\"affirming\"", "{\"hardware\":2.5}"),
    VECTOR("\"affirming\"", "{\"hardware\":258}"),
    IN_SUBMOD("\"ear_status\":\"affirming\""), /* once more, spelled anew */
    IN_SUBMOD("\"ear_trustworthiness_vector\":{}"),
    IN_SUBMOD("\"ear_status\":\"contraindicated\""),
    IN_SUBMOD("\"eat_nonce\":\"AQ\""),
    IN_SUBMOD("\"ear.veraison.key-attestation\":1"),
    IN_SUBMOD("\"ear.veraison.key-attestation\":{\"akpub\":1}"),
    IN_SUBMOD("\"ear.veraison.key-attestation\":{\"akpub\":\"\"}"),
    IN_SUBMOD("\"ear.veraison.key-attestation\":{\"akpub\":\"MFk+\"}"),
    IN_SUBMOD("\"ear.veraison.key-attestation\":{\"akpub\":\"MFkw\"},"
              "\"ear_veraison_key_attestation\":{\"akpub\":\"MFkx\"}"),
};

START_TEST(what_is_no_ear_is_malformed)
{
    ck_assert_reason(parse(refused[_i]), ATLS_RESULT_MALFORMED);
    ck_assert_reason(why.reason, ATLS_RESULT_MALFORMED);
    ck_assert_ptr_nonnull(strstr(why.text, "EAR"));
}
END_TEST

START_TEST(seventeen_submodules_are_too_many)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    char submod[128];

    atls_buf_text(&text, HEAD "\"submods\":{");
    for (int i = 0; i < ATLS_EAR_MAX_SUBMODS + _i; i++) {
        snprintf(submod, sizeof(submod), "%s\"A%d\":{" GOOD "}",
                 i > 0 ? "," : "", i);
        atls_buf_text(&text, submod);
    }
    atls_buf_text(&text, "}}");
    ck_assert_reason(atls_ear_parse(atls_buf_view(&text), &ear, &why),
                     _i == 0 ? ATLS_OK : ATLS_RESULT_MALFORMED);
}
END_TEST

static const char *const profiles[] = {
    ATLS_EAR_PROFILE_VERAISON, ATLS_EAR_PROFILE_TRUSTEE,
    ATLS_EAR_PROFILE_IETF_2025, ATLS_EAR_PROFILE_IETF};

START_TEST(each_profile_is_read_in_either_spelling)
{
    char text[1024];

    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof(text),
                 "{\"eat_profile\":\"%s\",\"iat\":7,\"exp\":8,\"nbf\":6,"
                 "\"eat_nonce\":\"" NONCE "=\",\"%s\":{},\"%s\":\"none\","
                 "\"new_claim\":{},\"submods\":{\"A\":{\"%s\":\"warning\","
                 "\"%s\":{\"executables\":33,\"file-system\":-33,"
                 "\"new\":\"x\"},\"eat_nonce\":\"" NONCE "\","
                 "\"%s\":{\"akpub\":\"MFkw\"}}}}",
                 profiles[_i], i == 0 ? "ear.verifier-id" : "ear_verifier_id",
                 i == 0 ? "ear.status" : "ear_status",
                 i == 0 ? "ear.status" : "ear_status",
                 i == 0 ? "ear.trustworthiness-vector"
                        : "ear_trustworthiness_vector",
                 i == 0 ? "ear.veraison.key-attestation"
                        : "ear_veraison_key_attestation");
        ck_assert_reason(parse(text), ATLS_OK);
        ck_assert_str_eq(ear.profile, profiles[_i]);
        ck_assert(ear.has_exp && ear.has_nbf);
        ck_assert_int_eq(ear.iat + 100 * ear.exp + 10000 * ear.nbf, 60807);
        ck_assert_uint_eq(ear.num_submods, 1);
        ck_assert_str_eq(ear.submods[0].name, "A");
        ck_assert_int_eq(ear.submods[0].status, ATLS_TIER_WARNING);
        ck_assert_int_eq(ear.submods[0].vector[ATLS_EXECUTABLES], 33);
        ck_assert_int_eq(ear.submods[0].vector[ATLS_FILE_SYSTEM], -33);
        ck_assert_uint_eq(ear.nonce.len, 32);
        ck_assert_mem_eq(ear.nonce.bytes, ear.submods[0].nonce.bytes, 32);
        ck_assert_uint_eq(ear.submods[0].akpub.len, 3);
        ck_assert_mem_eq(ear.submods[0].akpub.data, "\x30\x59\x30", 3);
        ck_assert_ptr_nonnull(ear.submods[0].claims);
        atls_ear_clear(&ear);
    }
}
END_TEST

START_TEST(iat_may_be_a_real_that_is_whole)
{
    ck_assert_reason(
        parse("{\"eat_profile\":" V ",\"iat\":1.666529184e+09," ID "," SUBMODS),
        ATLS_OK);
    ck_assert_int_eq(ear.iat, 1666529184);
}
END_TEST

static const struct {
    const char *status, *vector;
    enum atls_tier tier;
} statuses[] = {
    {"\"affirming\"", "{\"hardware\":2}", ATLS_TIER_AFFIRMING},
    {"2", "{\"hardware\":31}", ATLS_TIER_AFFIRMING},
    {"\"affirming\"", "{\"hardware\":-32,\"executables\":0}",
     ATLS_TIER_AFFIRMING},
    /* a status that lies about its vector */
    {"\"affirming\"", "{\"hardware\":2,\"executables\":32}", ATLS_TIER_WARNING},
    {"\"affirming\"", "{\"hardware\":2,\"executables\":-33}",
     ATLS_TIER_WARNING},
    {"\"affirming\"", "{\"hardware\":2,\"executables\":96}",
     ATLS_TIER_CONTRAINDICATED},
    {"\"affirming\"", "{\"hardware\":-97}", ATLS_TIER_CONTRAINDICATED},
    {"\"affirming\"", "{\"hardware\":99}", ATLS_TIER_CONTRAINDICATED},
    {"\"none\"", "{\"hardware\":99}", ATLS_TIER_CONTRAINDICATED},
    {"\"warning\"", "{\"hardware\":99}", ATLS_TIER_CONTRAINDICATED},
    /* a vector that says nothing affirms nothing */
    {"\"affirming\"", "{}", ATLS_TIER_NONE},
    {"\"affirming\"", "{\"hardware\":0}", ATLS_TIER_NONE},
    {"\"affirming\"", "{\"hardware\":1,\"executables\":-1}", ATLS_TIER_NONE},
    {"\"affirming\"", "{\"new-claim\":2}", ATLS_TIER_NONE},
    /* a status that is worse than its vector stands */
    {"\"none\"", "{\"hardware\":2}", ATLS_TIER_NONE},
    {"0", "{\"hardware\":2}", ATLS_TIER_NONE},
    {"\"warning\"", "{\"hardware\":2}", ATLS_TIER_WARNING},
    {"32", "{\"hardware\":2}", ATLS_TIER_WARNING},
    {"\"contraindicated\"", "{\"hardware\":2}", ATLS_TIER_CONTRAINDICATED},
    {"96", "{\"hardware\":2}", ATLS_TIER_CONTRAINDICATED},
};

START_TEST(status_is_the_worst_word)
{
    char text[512];

    snprintf(text, sizeof(text), VECTOR("%s", "%s"), statuses[_i].status,
             statuses[_i].vector);
    ck_assert_reason(parse(text), ATLS_OK);
    ck_assert_int_eq(ear.submods[0].status, statuses[_i].tier);
}
END_TEST

START_TEST(status_without_vector_affirms_nothing)
{
    ck_assert_reason(
        parse(HEAD "\"submods\":{\"A\":{\"ear.status\":\"affirming\"}}}"),
        ATLS_OK);
    ck_assert_int_eq(ear.submods[0].status, ATLS_TIER_NONE);
}
END_TEST

START_TEST(each_submodule_keeps_its_own_key)
{
    ck_assert_reason(
        parse(HEAD "\"submods\":{"
                   "\"A\":{" GOOD
                   ",\"ear.veraison.key-attestation\":{\"akpub\":"
                   "\"AQID\"}},\"B\":{" GOOD "},\"C\":{" GOOD ","
                   "\"ear.veraison.key-attestation\":{\"akpub\":\"BAU\"}}}}"),
        ATLS_OK);
    ck_assert_uint_eq(ear.num_submods, 3);
    ck_assert_uint_eq(ear.submods[0].akpub.len, 3);
    ck_assert_mem_eq(ear.submods[0].akpub.data, "\1\2\3", 3);
    ck_assert_uint_eq(ear.submods[1].akpub.len, 0);
    ck_assert_ptr_null(ear.submods[1].akpub.data);
    ck_assert_uint_eq(ear.submods[2].akpub.len, 2);
    ck_assert_mem_eq(ear.submods[2].akpub.data, "\4\5", 2);
}
END_TEST

/* Writing */

static void put(const struct atls_ear_content *content, struct atls_buf *out)
{
    ck_assert_reason(atls_ear_put(out, content, &why), ATLS_OK);
}

static struct atls_verdict affirming(void)
{
    struct atls_verdict verdict;

    atls_verdict_init(&verdict);
    verdict.vector[ATLS_HARDWARE] = 2;
    verdict.vector[ATLS_EXECUTABLES] = 3;
    ck_assert_reason(atls_verdict_accept(&verdict), ATLS_OK);
    return verdict;
}

#define VECTOR_OF_AFFIRMING                                                    \
    "{\"instance-identity\":0,\"configuration\":0,\"executables\":3,"          \
    "\"file-system\":0,\"hardware\":2,\"runtime-opaque\":0,"                   \
    "\"storage-opaque\":0,\"sourced-data\":0}"

START_TEST(ietf_profile_is_written_with_its_names)
{
    struct atls_verdict verdict = affirming();
    struct atls_ear_appraisal submod = {.name = "PSA_IOT",
                                        .verdict = &verdict,
                                        .nonce = forge_nonce(32),
                                        .policy_id = "policy.json"};
    struct atls_ear_content content = {.profile = ATLS_EAR_PROFILE_IETF,
                                       .iat = 1700000000,
                                       .exp = 1700000300,
                                       .nonce = forge_nonce(32),
                                       .developer = "atls",
                                       .build = "1",
                                       .raw_evidence = forge_nonce(8),
                                       .submods = &submod,
                                       .num_submods = 1};
    ATLS_AUTO_BUF out = atls_buf(FORGE_MAX);

    put(&content, &out);
    atls_buf_u8(&out, 0);
    ck_assert_str_eq(
        (const char *)out.data,
        "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#03\","
        "\"iat\":1700000000,\"exp\":1700000300,"
        "\"eat_nonce\":\"oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8\","
        "\"ear_verifier_id\":{\"developer\":\"atls\",\"build\":\"1\"},"
        "\"ear_raw_evidence\":\"oKGio6Slpqc\",\"submods\":{\"PSA_IOT\":{"
        "\"ear_status\":\"affirming\","
        "\"ear_trustworthiness_vector\":" VECTOR_OF_AFFIRMING ","
        "\"ear_appraisal_policy_ids\":[\"policy.json\"],"
        "\"eat_nonce\":\"oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8\"}}}");
}
END_TEST

START_TEST(veraisons_profile_is_written_as_veraison_does)
{
    struct atls_verdict verdict = affirming();
    struct atls_ear_appraisal submod = {
        .name = "PSA_IOT", .verdict = &verdict, .policy_id = "policy:PSA_IOT"};
    struct atls_ear_content content = {.profile = ATLS_EAR_PROFILE_VERAISON,
                                       .iat = 1700000000,
                                       .nonce = forge_nonce(32),
                                       .developer = "atls",
                                       .build = "1",
                                       .submods = &submod,
                                       .num_submods = 1};
    ATLS_AUTO_BUF out = atls_buf(FORGE_MAX);

    put(&content, &out);
    atls_buf_u8(&out, 0);
    ck_assert_str_eq(
        (const char *)out.data,
        "{\"eat_profile\":\"tag:github.com,2023:veraison/ear\","
        "\"iat\":1700000000,"
        "\"eat_nonce\":\"oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8=\","
        "\"ear.verifier-id\":{\"developer\":\"atls\",\"build\":\"1\"},"
        "\"submods\":{\"PSA_IOT\":{\"ear.status\":\"affirming\","
        "\"ear.trustworthiness-vector\":" VECTOR_OF_AFFIRMING ","
        "\"ear.appraisal-policy-id\":\"policy:PSA_IOT\"}}}");
}
END_TEST

START_TEST(refusal_is_written_and_read_as_one)
{
    struct atls_why refusal = {0};
    struct atls_verdict verdict;
    struct atls_ear_appraisal submod = {.name = "TPM", .verdict = &verdict};
    struct atls_ear_content content = {
        .profile = _i == 0 ? ATLS_EAR_PROFILE_IETF : ATLS_EAR_PROFILE_VERAISON,
        .iat = 5,
        .developer = "a\xff",
        .build = "",
        .submods = &submod,
        .num_submods = 1};
    ATLS_AUTO_BUF out = atls_buf(FORGE_MAX);
    const json_t *claims;

    (void)atls_why(&refusal, ATLS_PCR_MISMATCH, "PCR 7: want \"a\"");
    atls_verdict_init(&verdict);
    (void)atls_verdict_refuse(&verdict, ATLS_EXECUTABLES, 96, &refusal);
    put(&content, &out);
    ck_assert_reason(atls_ear_parse(atls_buf_view(&out), &ear, &why), ATLS_OK);
    ck_assert_int_eq(ear.submods[0].status, ATLS_TIER_CONTRAINDICATED);
    ck_assert_int_eq(ear.submods[0].vector[ATLS_EXECUTABLES], 96);
    ck_assert_uint_eq(ear.nonce.len, 0);
    claims =
        atls_ear_member(ear.submods[0].claims, "ear.veraison.policy-claims");
    ck_assert_str_eq(json_string_value(json_object_get(claims, "problem")),
                     "PCR 7: want \"a\"");
}
END_TEST

START_TEST(payload_beyond_the_room_is_not_written)
{
    struct atls_verdict verdict = affirming();
    struct atls_ear_appraisal submod = {.name = "TPM", .verdict = &verdict};
    struct atls_ear_content content = {.profile = ATLS_EAR_PROFILE_IETF,
                                       .developer = "a",
                                       .build = "b",
                                       .submods = &submod,
                                       .num_submods = 1};
    ATLS_AUTO_BUF out = atls_buf(100);

    ck_assert_reason(atls_ear_put(&out, &content, &why), ATLS_OUT_OF_MEMORY);
}
END_TEST

/* Real ones */

static bool read_payload(const char *path, struct atls_buf *out)
{
    ATLS_AUTO_BUF file = atls_buf(FORGE_MAX);
    char *first, *second;

    if (!forge_vector(path, &file))
        return false;
    atls_buf_u8(&file, 0);
    if (strstr(path, ".jwt") == NULL) {
        atls_buf_text(out, (const char *)file.data);
        return true;
    }
    first = strchr((char *)file.data, '.') + 1;
    second = strchr(first, '.');
    return atls_base64url_decode(atls_view(first, (size_t)(second - first)),
                                 out);
}

static const struct {
    const char *path, *submod;
    enum atls_tier tier;
    size_t num_submods, nonce_len, akpub_len;
    int8_t vector[ATLS_NUM_AR4SI_CLAIMS];
} real[] = {
    {"veraison/live/psa.ear.jwt",
     "PSA_IOT",
     ATLS_TIER_AFFIRMING,
     1,
     32,
     0,
     {2, 0, 2, 0, 2, 2, 2, 0}},
    {"veraison/live/psa-badnonce.ear.jwt",
     "PSA_IOT",
     ATLS_TIER_CONTRAINDICATED,
     1,
     32,
     0,
     {99, 99, 99, 99, 99, 99, 99, 99}},
    {"veraison/live/cca.ear.jwt",
     "CCA_REALM",
     ATLS_TIER_AFFIRMING,
     2,
     64,
     0,
     {2, 0, 2, 0, 0, 0, 0, 0}},
    {"veraison/live/snp.ear.jwt",
     "SEVSNP",
     ATLS_TIER_AFFIRMING,
     1,
     64,
     0,
     {0, 0, 0, 0, 2, 2, 0, 0}},
    {"veraison/live/parsec-cca.ear.jwt",
     "PARSEC_CCA",
     ATLS_TIER_AFFIRMING,
     1,
     64,
     91,
     {2, 2, 2, 0, 2, 2, 2, 0}},
    {"veraison/live/parsec-cca-rnd.ear.jwt",
     "PARSEC_CCA",
     ATLS_TIER_AFFIRMING,
     1,
     64,
     91,
     {2, 2, 2, 0, 2, 2, 2, 0}},
    {"veraison/ear/c-ear-example.jwt",
     "PARSEC_TPM",
     ATLS_TIER_AFFIRMING,
     1,
     0,
     91,
     {2, 0, 2, 0, 2, 0, 0, 0}},
    {"veraison/ear/ear-claims.json", "test", ATLS_TIER_NONE, 1, 0, 0, {0}},
    {"veraison/ear/ear-claims-tv-ok.json",
     "test",
     ATLS_TIER_AFFIRMING,
     1,
     0,
     0,
     {2, 2, 3, 2, 2, 2, 2, 2}},
    {"veraison/ear/ear-claims-extension-ok.json",
     "test",
     ATLS_TIER_NONE,
     1,
     0,
     0,
     {0}},
    {"veraison/ear/ear-claims-key-attestation-ok.json",
     "PARSEC_TPM",
     ATLS_TIER_AFFIRMING,
     1,
     0,
     91,
     {2, 0, 2, 0, 2, 0, 0, 0}},
    {"veraison/ear/ear-claims-key-attestation-ko.json",
     "PARSEC_TPM",
     ATLS_TIER_CONTRAINDICATED,
     1,
     0,
     0,
     {2, 0, 96, 0, 2, 0, 0, 0}},
};

START_TEST(results_of_others_are_read)
{
    ATLS_AUTO_BUF payload = atls_buf(FORGE_MAX);

    ck_assert(read_payload(real[_i].path, &payload));
    ck_assert_reason(atls_ear_parse(atls_buf_view(&payload), &ear, &why),
                     ATLS_OK);
    ck_assert_str_eq(ear.profile, ATLS_EAR_PROFILE_VERAISON);
    ck_assert_uint_eq(ear.num_submods, real[_i].num_submods);
    ck_assert_uint_eq(ear.nonce.len, real[_i].nonce_len);
    ck_assert(!ear.has_exp);
    ck_assert_str_eq(ear.submods[0].name, real[_i].submod);
    ck_assert_int_eq(ear.submods[0].status, real[_i].tier);
    ck_assert_mem_eq(ear.submods[0].vector, real[_i].vector,
                     ATLS_NUM_AR4SI_CLAIMS);
    ck_assert_uint_eq(ear.submods[0].akpub.len, real[_i].akpub_len);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ear");
    TCase *cases = tcase_create("ear");

    tcase_add_checked_fixture(cases, NULL, teardown);
    ADD_ROWS(cases, what_is_no_ear_is_malformed, refused);
    tcase_add_loop_test(cases, seventeen_submodules_are_too_many, 0, 2);
    ADD_ROWS(cases, each_profile_is_read_in_either_spelling, profiles);
    tcase_add_test(cases, iat_may_be_a_real_that_is_whole);
    ADD_ROWS(cases, status_is_the_worst_word, statuses);
    tcase_add_test(cases, status_without_vector_affirms_nothing);
    tcase_add_test(cases, each_submodule_keeps_its_own_key);
    tcase_add_test(cases, ietf_profile_is_written_with_its_names);
    tcase_add_test(cases, veraisons_profile_is_written_as_veraison_does);
    tcase_add_loop_test(cases, refusal_is_written_and_read_as_one, 0, 2);
    tcase_add_test(cases, payload_beyond_the_room_is_not_written);
    if (getenv("ATLS_VECTORS") != NULL && *getenv("ATLS_VECTORS") != '\0')
        ADD_ROWS(cases, results_of_others_are_read, real);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
