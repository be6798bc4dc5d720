/* SPDX-License-Identifier: Apache-2.0
 *
 * "verifiers" of a policy: what is refused and where the message points, what
 * stands by default, and keys that change while the program runs.
 */
#include "verifier.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "clock.h"
#include "forge.h"
#include "policy.h"
#include "../check_main.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

#define ADD_ROWS(cases, test, list)                                            \
    tcase_add_loop_test(cases, test, 0, sizeof(list) / sizeof((list)[0]))

/* RFC 7515, A.3; RFC 8037, A.2. Texts stand with ' for " and '@' for the PEM
 * of key "psa". */
#define JWK                                                                    \
    "{'kty':'EC','crv':'P-256',"                                               \
    "'x':'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',"                       \
    "'y':'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0'}"
#define V         "https://v.example"
#define KEYS      "'keys':[" JWK "]"
#define ONE(more) "{'verifiers':{'" V "':{" KEYS more "}}}"
#define ANY(more) ONE(",'any':true" more)
#define WITH(profile, more)                                                    \
    "{'verifiers':{'" V "':{" KEYS ",'any':true" more                          \
    "}},'profiles':{'p':{" profile "}}}"

#define Z16 "00000000000000000000000000000000"
#define Z32 Z16 Z16

static struct atls_policy *policy;
static struct atls_why why;
static char folder[] = "/tmp/atls-verifier-XXXXXX";

static void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
    static const char *const names[] = {"k.pem", "new.pem"};
    char path[128];

    atls_policy_free(policy);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static enum atls_reason load(const char *template)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key("psa");
    ATLS_AUTO_HEAP char *pem = forge_pem(key);
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);

    for (const char *c = template; *c != '\0'; c++)
        if (*c == '@')
            atls_buf_text(&text, pem);
        else
            atls_buf_u8(&text, *c == '\'' ? '"' : (uint8_t)*c);
    why = (struct atls_why){0};
    atls_policy_free(policy);
    policy = NULL;
    return atls_policy_parse(atls_buf_view(&text), "p.json", folder, NULL, NULL,
                             &policy, &why);
}

static const struct {
    const char *text;
    enum atls_reason reason;
    const char *message;
} wrong[] = {
    {"{'verifiers':{}}", ATLS_POLICY_INVALID,
     "/verifiers: want at least one Verifier"},
    {"{'verifiers':[]}", ATLS_POLICY_INVALID, "/verifiers: want an object"},
    {"{'verifiers':{'" V "':1}}", ATLS_POLICY_INVALID,
     "/verifiers/https:~1~1v.example: want an object, found 1"},
    {ANY(",'colour':1"), ATLS_POLICY_INVALID, "unknown key \"colour\""},
    {"{'verifiers':{'v.example':{" KEYS ",'any':true}}}", ATLS_POLICY_INVALID,
     "want a URL of at most 255 bytes as the Verifier's name"},
    {"{'verifiers':{'http://127.0.0.1:1':{" KEYS ",'any':true}}}",
     ATLS_POLICY_INVALID, "want an https URL"},
    {"{'verifiers':{'https://u\\u0040v.example':{" KEYS ",'any':true}}}",
     ATLS_POLICY_INVALID, "want an https URL without user"},
    {"{'verifiers':{'https:///a':{" KEYS ",'any':true}}}", ATLS_POLICY_INVALID,
     "want an https URL"},
    {ANY(",'url':'ftp://v.example'"), ATLS_POLICY_INVALID, "/url: want an"},
    {ANY(",'url':'https://v.example?a=b'"), ATLS_POLICY_INVALID,
     "/url: want an https URL"},
    {ANY(",'url':1"), ATLS_POLICY_INVALID, "/url: want a string"},
    {ANY(",'http':'anywhere'"), ATLS_POLICY_INVALID,
     "/http: want one of loopback"},
    {"{'verifiers':{'" V "':{'any':true}}}", ATLS_POLICY_INVALID,
     "/keys: want at least one key that the Verifier signs with"},
    {"{'verifiers':{'" V "':{'keys':[],'any':true}}}", ATLS_POLICY_INVALID,
     "/keys: want at least one key"},
    {"{'verifiers':{'" V "':{'keys':[1],'any':true}}}", ATLS_POLICY_INVALID,
     "/keys/0: want a path, a JWK, a JWK set or PEM"},
    {"{'verifiers':{'" V "':{'keys':[''],'any':true}}}", ATLS_POLICY_INVALID,
     "/keys/0: want a path"},
    {"{'verifiers':{'" V "':{'keys':['none.pem'],'any':true}}}",
     ATLS_FILE_UNREADABLE, "none.pem: No such file"},
    {"{'verifiers':{'" V "':{'keys':[{'kty':'oct','k':'AAAA'}],'any':true}}}",
     ATLS_VERIFIER_KEY, "/keys/0: key: want a public key, found a private one"},
    {"{'verifiers':{'" V
     "':{'keys':'-----BEGIN PRIVATE KEY-----','any':true}}}",
     ATLS_VERIFIER_KEY, "/keys: key: want"},
    {ANY(",'ca':'none.pem'"), ATLS_FILE_UNREADABLE, "/ca: "},
    {ANY(",'token':'none'"), ATLS_FILE_UNREADABLE, "/token: "},
    {ANY(",'spki':'00'"), ATLS_POLICY_INVALID,
     "/spki: want 32 bytes in hex, found \"00\""},
    {ANY(",'certificate':'none.pem'"), ATLS_FILE_UNREADABLE, "/certificate: "},
    {ANY(",'discovery':1"), ATLS_POLICY_INVALID, "/discovery: want true or"},
    {ANY(",'policy_id':'a'"), ATLS_POLICY_INVALID,
     "/policy_id: want no policy_id with Veraison"},
    {"{'verifiers':{'trustee+" V "':{" KEYS ",'any':true,'discovery':true}}}",
     ATLS_POLICY_INVALID, "/discovery: want no discovery with Trustee"},
    {ANY(",'max_age':5"), ATLS_POLICY_INVALID, "/max_age: want a duration"},
    {ANY(",'max_age':'2d'"), ATLS_POLICY_INVALID, "/max_age: want a duration"},
    {ANY(",'skew':'11m'"), ATLS_POLICY_INVALID, "/skew: want a duration"},
    {ONE(""), ATLS_POLICY_INVALID,
     "a result must have, or \"any\": true, "
     "found neither"},
    {ONE(",'any':false"), ATLS_POLICY_INVALID, "found neither"},
    {ANY(",'accept':[{'A':[]}]"), ATLS_POLICY_INVALID, "found both"},
    {ONE(",'accept':{}"), ATLS_POLICY_INVALID, "/accept: want a list"},
    {ONE(",'accept':[]"), ATLS_POLICY_INVALID, "/accept: want 1 to 16 sets"},
    {ONE(",'accept':[{}]"), ATLS_POLICY_INVALID,
     "/accept/0: want 1 to 16 submodules"},
    {ONE(",'accept':[{'':[]}]"), ATLS_POLICY_INVALID,
     "/accept/0/: want a submodule's name"},
    {ONE(",'accept':[{'A':['software']}]"), ATLS_POLICY_INVALID,
     "/accept/0/A/0: want one of instance-identity, configuration"},
    {ANY(",'nonce_checked':'A'"), ATLS_POLICY_INVALID,
     "/nonce_checked: want a list"},
    {ANY(",'nonce_checked':[1]"), ATLS_POLICY_INVALID,
     "/nonce_checked/0: want a submodule's name"},
    {ANY(",'tiers':['warning']"), ATLS_POLICY_INVALID,
     "/tiers: want \"affirming\" among the tiers"},
    {ANY(",'tiers':['affirming','none']"), ATLS_POLICY_INVALID,
     "/tiers/1: want one of affirming, warning"},
    {ANY(",'unparsed':'yes'"), ATLS_POLICY_INVALID, "/unparsed: want true or"},
    /* profiles */
    {WITH("'format':'psa','verifier':'https://w.example'", ""),
     ATLS_POLICY_INVALID,
     "/profiles/p/verifier: want the name of one of \"verifiers\""},
    {WITH("'format':'psa','verifier':1", ""), ATLS_POLICY_INVALID,
     "/profiles/p/verifier: want a string"},
    {WITH("'format':'psa','any':true", ""), ATLS_POLICY_INVALID,
     "want no reference values and no \"any\" without \"trust_anchors\""},
    {WITH("'format':'psa','instance_id':'01" Z32 "'", ""), ATLS_POLICY_INVALID,
     "want no reference values and no \"any\" without"},
    {WITH("'format':'psa','trust_anchors':['@'],'verifier':'" V "'", ""),
     ATLS_POLICY_INVALID, "want reference values or \"any\": true"},
    {"{'profiles':{'p':{'format':'psa'}}}", ATLS_POLICY_INVALID,
     "/profiles/p/trust_anchors: want a list, found nothing"},
    {WITH("'format':'other'", ""), ATLS_POLICY_INVALID, "/types: want 1 to 4"},
    {WITH("'format':'other','types':['a/1','a/2','a/3','a/4','a/5']", ""),
     ATLS_POLICY_INVALID, "/types: want 1 to 4"},
    {WITH("'format':'other','types':[1]", ""), ATLS_POLICY_INVALID,
     "/types/0: want a media type or Content-Format of Evidence that is "
     "appraised elsewhere"},
    {WITH("'format':'other','types':'10003'", ""), ATLS_POLICY_INVALID,
     "/types: want a media type or Content-Format"}, /* a PSA token's */
    {WITH("'format':'other','types':'a/b','trust_anchors':['@']", ""),
     ATLS_POLICY_INVALID, "want no \"trust_anchors\" with format other"},
    /* the same key for both */
    {"{'verifiers':{'" V "':{'keys':['@'],'any':true}},'profiles':{'p':{"
     "'format':'psa','trust_anchors':['@'],'any':true}}}",
     ATLS_POLICY_INVALID,
     "/verifiers/https:~1~1v.example/keys: want keys of a Verifier that are no "
     "trust anchors"},
};

START_TEST(wrong_verifier_is_refused_where_it_stands)
{
    ck_assert_reason(load(wrong[_i].text), wrong[_i].reason);
    ck_assert_msg(strstr(why.text, wrong[_i].message) != NULL, "%s", why.text);
    ck_assert_ptr_null(policy);
}
END_TEST

static const struct atls_verifier *verifier_of(const char *name)
{
    return atls_policy_verifier(policy, atls_view_text(name));
}

START_TEST(defaults_are_the_strict_ones)
{
    const struct atls_verifier *v;

    ck_assert_reason(load(ANY("")), ATLS_OK);
    v = verifier_of(V);
    ck_assert_ptr_nonnull(v);
    ck_assert_str_eq(v->name, V);
    ck_assert_str_eq(v->peer.url, V);
    ck_assert_int_eq(v->kind, ATLS_VERIFIER_VERAISON);
    ck_assert(!v->discovers && !v->allows_warning && !v->allows_unparsed &&
              !v->peer.allows_loopback_http);
    ck_assert_int_eq(v->max_age_s, 300);
    ck_assert_int_eq(v->skew_s, 30);
    ck_assert_uint_eq(v->num_sets, 0);
    ck_assert_str_eq(v->nonce_checker, "Veraison Project");
    ck_assert_uint_eq(v->num_nonce_checked, 3);
    ck_assert_str_eq(v->nonce_checked[0], "PSA_IOT");
    ck_assert_str_eq(v->nonce_checked[1], "CCA_REALM");
    ck_assert_str_eq(v->nonce_checked[2], "SEVSNP");
    ck_assert_ptr_null(verifier_of("https://v.example/"));
    ck_assert_ptr_null(verifier_of("https://v.exampl"));
}
END_TEST

START_TEST(everything_that_is_said_is_read)
{
    const struct atls_verifier *v;

    ck_assert_reason(
        load("{'verifiers':{'trustee+http://127.0.0.1:8080':{" KEYS
             ",'http':'loopback','policy_id':'p','max_age':'1m','skew':'0',"
             "'spki':['"
             "0000000000000000000000000000000000000000000000000000"
             "000000000000'],'unparsed':true,'tiers':['affirming','warning'],"
             "'nonce_checked':['A'],'accept':[{'cpu0':['hardware',"
             "'executables'],'gpu0':[]},{'cpu0':'hardware'}]}}}"),
        ATLS_OK);
    v = verifier_of("trustee+http://127.0.0.1:8080");
    ck_assert_ptr_nonnull(v);
    ck_assert_int_eq(v->kind, ATLS_VERIFIER_TRUSTEE);
    ck_assert_str_eq(v->peer.url, "http://127.0.0.1:8080");
    ck_assert(v->peer.allows_loopback_http && v->allows_unparsed &&
              v->allows_warning);
    ck_assert_str_eq(v->policy_id, "p");
    ck_assert_uint_eq(v->peer.num_spki, 1);
    ck_assert_int_eq(v->max_age_s + v->skew_s, 60);
    ck_assert_ptr_null(v->nonce_checker);
    ck_assert_uint_eq(v->num_nonce_checked, 1);
    ck_assert_uint_eq(v->num_sets, 2);
    ck_assert_uint_eq(v->sets[0].num_submods, 2);
    ck_assert_str_eq(v->sets[0].submods[0].name, "cpu0");
    ck_assert(v->sets[0].submods[0].must_affirm[ATLS_HARDWARE] &&
              v->sets[0].submods[0].must_affirm[ATLS_EXECUTABLES] &&
              !v->sets[0].submods[0].must_affirm[ATLS_CONFIGURATION]);
    ck_assert(!v->sets[0].submods[1].must_affirm[ATLS_HARDWARE]);
    ck_assert(v->sets[1].submods[0].must_affirm[ATLS_HARDWARE]);
}
END_TEST

START_TEST(trustee_is_trusted_with_no_nonce_by_default)
{
    ck_assert_reason(
        load("{'verifiers':{'trustee+" V "':{" KEYS ",'any':true}}}"), ATLS_OK);
    ck_assert_uint_eq(verifier_of("trustee+" V)->num_nonce_checked, 0);
    ck_assert_str_eq(verifier_of("trustee+" V)->peer.url, V);
}
END_TEST

START_TEST(policy_without_profiles_matches_and_offers_nothing)
{
    const struct atls_peer peer = {.role = ATLS_ROLE_SERVER};
    struct atls_scheme schemes[8];

    ck_assert_reason(load(ANY("")), ATLS_OK);
    ck_assert(atls_policy_requires(policy, &peer));
    ck_assert_uint_eq(atls_policy_schemes(policy, &peer, schemes, 8), 0);
    ck_assert_reason(atls_policy_check_verifier(policy, NULL, &why), ATLS_OK);
}
END_TEST

static const struct {
    const char *text, *setting;
    enum atls_reason reason;
    const char *message;
} settings[] = {
    {WITH("'format':'psa'", ""), NULL, ATLS_POLICY_INVALID,
     "profile p: want \"trust_anchors\", \"verifier\", or the setting"},
    {WITH("'format':'psa'", ""), V, ATLS_OK, ""},
    {WITH("'format':'psa'", ""), "https://w.example", ATLS_POLICY_INVALID,
     "verifier: want one of the policy's \"verifiers\""},
    {WITH("'format':'psa','verifier':'" V "'", ""), NULL, ATLS_OK, ""},
    {WITH("'format':'psa','trust_anchors':['@'],'any':true", ""), NULL, ATLS_OK,
     ""},
    {WITH("'format':'psa','trust_anchors':['@'],'any':true", ""), V, ATLS_OK,
     ""},
    {WITH("'format':'other','types':'a/b'", ""), V, ATLS_POLICY_INVALID,
     "want \"unparsed\": true of its Verifier"},
    {WITH("'format':'other','types':'a/b','verifier':'" V "'", ""), NULL,
     ATLS_POLICY_INVALID, "want \"unparsed\": true of its Verifier"},
    {WITH("'format':'other','types':'a/b'", ",'unparsed':true"), V, ATLS_OK,
     ""},
    {WITH("'format':'other','types':'a/b'", ",'unparsed':true"), NULL,
     ATLS_POLICY_INVALID, "profile p: want \"trust_anchors\""},
};

START_TEST(setting_stands_for_profiles_that_name_no_verifier)
{
    ck_assert_reason(load(settings[_i].text), ATLS_OK);
    ck_assert_reason(
        atls_policy_check_verifier(policy, settings[_i].setting, &why),
        settings[_i].reason);
    ck_assert_msg(strstr(why.text, settings[_i].message) != NULL, "%s",
                  why.text);
}
END_TEST

START_TEST(type_of_other_evidence_is_offered)
{
    const struct atls_peer peer = {.role = ATLS_ROLE_SERVER};
    struct atls_scheme schemes[8];
    size_t num, at = 0;

    ck_assert_reason(load(WITH("'format':'other','types':['a/b','64999']",
                               ",'unparsed':true")),
                     ATLS_OK);
    num = atls_policy_schemes(policy, &peer, schemes, 8);
    while (at < num && !atls_view_is(schemes[at].type.text, "a/b"))
        at++; /* batches stand before */
    ck_assert_uint_eq(num - at, 2);
    ck_assert_int_eq(schemes[at].mechanism, ATLS_MECHANISM_EVIDENCE);
    ck_assert_uint_eq(schemes[at + 1].type.format, 64999);
}
END_TEST

START_TEST(each_load_has_an_id_of_its_own)
{
    uint64_t first;

    ck_assert_reason(load(ANY("")), ATLS_OK);
    first = atls_policy_id(policy);
    ck_assert_uint_ne(first, 0);
    ck_assert_reason(load(ANY("")), ATLS_OK);
    ck_assert_uint_ne(atls_policy_id(policy), first);
}
END_TEST

/* Keys in files */

/* As rotations are done: a new file takes the place of the old one. */
static void write_key(EVP_PKEY *key)
{
    char path[128], target[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/new.pem", folder);
    snprintf(target, sizeof(target), "%s/k.pem", folder);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    if (key != NULL)
        ck_assert_int_eq(PEM_write_PUBKEY(file, key), 1);
    else
        fputs("garbage\n", file);
    fclose(file);
    ck_assert_int_eq(rename(path, target), 0);
}

static void remove_key(void)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/k.pem", folder);
    ck_assert_int_eq(unlink(path), 0);
}

static enum atls_reason verify(EVP_PKEY *signer, uint64_t *version)
{
    ATLS_AUTO_BUF jws = atls_buf(4096), payload = atls_buf(4096);

    why = (struct atls_why){0};
    ck_assert_reason(
        atls_jws_put(&jws, atls_view_text("{}"), signer, NULL, &why), ATLS_OK);
    return atls_verifier_verify(verifier_of(V), atls_buf_view(&jws), &payload,
                                version, &why);
}

/* Files are looked at once a second: asked again until it has been so. */
static enum atls_reason verify_until(EVP_PKEY *signer, enum atls_reason wanted,
                                     uint64_t *version)
{
    int64_t end = atls_clock_now() + INT64_C(20000000000);
    enum atls_reason reason = verify(signer, version);

    while (reason != wanted && atls_clock_now() < end) {
        usleep(20000);
        reason = verify(signer, version);
    }
    return reason;
}

START_TEST(keys_follow_their_file)
{
    ATLS_AUTO(EVP_PKEY) *old = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    ATLS_AUTO(EVP_PKEY) *next = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    uint64_t first = 0, version = 0;

    write_key(old);
    ck_assert_reason(
        load("{'verifiers':{'" V "':{'keys':'k.pem','any':true}}}"), ATLS_OK);
    ck_assert_reason(verify(old, &first), ATLS_OK);
    ck_assert_reason(verify(next, &version), ATLS_RESULT_SIGNATURE);
    ck_assert_uint_eq(version, first);
    write_key(next);
    ck_assert_reason(verify_until(next, ATLS_OK, &version), ATLS_OK);
    ck_assert_uint_eq(version, first + 1);
    /* what was taken away counts no more */
    ck_assert_reason(verify(old, &version), ATLS_RESULT_SIGNATURE);
}
END_TEST

static unsigned num_told;
static enum atls_reason told;

static void keep_told(void *arg, const char *verifier,
                      const struct atls_why *what)
{
    ck_assert_ptr_eq(arg, &num_told);
    ck_assert_str_eq(verifier, V);
    ck_assert_int_eq(what->text[0] != '\0', what->reason != ATLS_OK);
    num_told++;
    told = what->reason;
}

/* garbage, a trust anchor, gone */
static const enum atls_reason wrongs[] = {
    ATLS_VERIFIER_KEY, ATLS_POLICY_INVALID, ATLS_FILE_UNREADABLE};

START_TEST(file_that_is_wrong_leaves_the_keys_that_there_were)
{
    ATLS_AUTO(EVP_PKEY) *old = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    ATLS_AUTO(EVP_PKEY) *next = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    ATLS_AUTO(EVP_PKEY) *anchor = forge_key("psa");
    uint64_t version = 0;

    write_key(old);
    ck_assert_reason(load("{'verifiers':{'" V "':{'keys':'k.pem','any':true}},"
                          "'profiles':{'p':{'format':'psa',"
                          "'trust_anchors':['@'],'any':true}}}"),
                     ATLS_OK);
    atls_policy_watch_keys(policy, keep_told, &num_told);
    if (_i == 2)
        remove_key();
    else
        write_key(_i == 0 ? NULL : anchor); /* one that must not be there */
    for (int i = 0; i < 60; i++) {
        ck_assert_reason(verify(old, &version), ATLS_OK);
        ck_assert_reason(verify(anchor, &version), ATLS_RESULT_SIGNATURE);
        usleep(20000);
    }
    ck_assert_uint_eq(version, 1);
    ck_assert_uint_eq(num_told, 1);
    ck_assert_reason(told, wrongs[_i]);
    write_key(next);
    ck_assert_reason(verify_until(next, ATLS_OK, &version), ATLS_OK);
    ck_assert_uint_eq(num_told, 2);
    ck_assert_reason(told, ATLS_OK);
}
END_TEST

START_TEST(keys_are_followed_in_a_child_process)
{
    ATLS_AUTO(EVP_PKEY) *old = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    ATLS_AUTO(EVP_PKEY) *next = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    uint64_t version = 0;
    int status = 0;
    pid_t child;

    write_key(old);
    ck_assert_reason(
        load("{'verifiers':{'" V "':{'keys':'k.pem','any':true}}}"), ATLS_OK);
    ck_assert_reason(verify(old, &version), ATLS_OK);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        write_key(next);
        _exit(verify_until(next, ATLS_OK, &version) == ATLS_OK ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_reason(verify_until(next, ATLS_OK, &version), ATLS_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verifier");
    TCase *cases = tcase_create("verifier");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 60);
    ADD_ROWS(cases, wrong_verifier_is_refused_where_it_stands, wrong);
    tcase_add_test(cases, defaults_are_the_strict_ones);
    tcase_add_test(cases, everything_that_is_said_is_read);
    tcase_add_test(cases, trustee_is_trusted_with_no_nonce_by_default);
    tcase_add_test(cases, policy_without_profiles_matches_and_offers_nothing);
    ADD_ROWS(cases, setting_stands_for_profiles_that_name_no_verifier,
             settings);
    tcase_add_test(cases, type_of_other_evidence_is_offered);
    tcase_add_test(cases, each_load_has_an_id_of_its_own);
    tcase_add_test(cases, keys_follow_their_file);
    tcase_add_loop_test(
        cases, file_that_is_wrong_leaves_the_keys_that_there_were, 0, 3);
    tcase_add_test(cases, keys_are_followed_in_a_child_process);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
