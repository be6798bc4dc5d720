/* SPDX-License-Identifier: Apache-2.0
 *
 * Policies: what is refused, and where the message points; which rule holds
 * for which peer; what is learned from Evidence.
 */
#include "policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base64url.h"
#include "document.h"
#include "evidence.h"
#include "forge.h"
#include "format.h"
#include "learn.h"
#include "name.h"
#include "../check_main.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(X509, X509_free)

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define X8(text)      text text text text text text text text
#define X32(text)     X8(text) X8(text) X8(text) X8(text)

/* Texts stand with '@' for the PEM of a key and ' for ". */
static void put_text(struct atls_buf *out, const char *template,
                     const char *key_name)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key(key_name);
    ATLS_AUTO_HEAP char *pem = forge_pem(key);

    for (; *template != '\0'; template ++)
        if (*template == '@')
            atls_buf_text(out, pem);
        else
            atls_buf_u8(out, *template == '\'' ? '"' : (uint8_t) * template);
}

static struct atls_policy *policy_of(const char *template)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    put_text(&text, template, "psa");
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "p.json", "", NULL,
                                    NULL, &policy, &why) == ATLS_OK,
                  "%s", why.text);
    return policy;
}

#define PSA(more) "'format':'psa','trust_anchors':['@']" more
#define ONE(more) "{'profiles':{'p':{" PSA(more) "}}}"
#define RULES(rules)                                                           \
    "{'profiles':{'p':{" PSA(",'any':true") "}},\n'rules':[" rules "]}"

static const struct wrong {
    const char *text, *message;
} wrong[] = {
    {"", "p.json: JSON, line 1"},
    {"{'profiles':{}", "p.json: JSON, line 1"},
    {"{'profiles':{'p':1,\n'p':2}}", "p.json: JSON, line 2"},
    {"[]", "p.json:1: /: want an object, found []"},
    {"{}", "p.json:1: /profiles: want an object, found nothing"},
    {"{'profiles':{}}", "p.json:1: /profiles: want at least one profile"},
    {"{\n'profile':{}}", "p.json:2: /profile: unknown key \"profile\""},
    {"{'profiles':{'p':{" PSA("") "}}}",
     "p.json:1: /profiles/p: want reference values or \"any\": true, found a "
     "profile that pins nothing"},
    {ONE(",'lifecycle':'secured'"), "a profile that pins nothing"},
    {ONE(",'any':false"), "a profile that pins nothing"},
    {ONE(",'any':true,'instance_id':'01" X32("00") "'"),
     "p.json:1: /profiles/p/any: want either reference values"},
    {ONE(",'any':1"), "p.json:1: /profiles/p/any: want true or false, found 1"},
    {ONE(",\n'any':true,\n'lifecycle':\n'debug'"),
     "p.json:3: /profiles/p/lifecycle: want one of unknown, "},
    {ONE(",'any':true,'lifecycle':[]"),
     "/profiles/p/lifecycle: want at least one value, found []"},
    {ONE(",'any':true,'profile':'psa'"),
     "/profiles/p/profile: want one of tag:psacertified.org,2023:psa#tfm, "},
    {ONE(",'any':true,'pcrs':{}"), "/profiles/p/pcrs: unknown key"},
    {ONE(",'components':[]"), "want at least one component, found []"},
    {ONE(",'components':{}"), "/profiles/p/components: want a list"},
    {ONE(",'components':[{'measurement':'" X32("00") "'}]"),
     "/profiles/p/components/0/signer_id: want 32 to 64 bytes in hex, found "
     "nothing"},
    {ONE(",'components':[{'signer_id':'" X32("00") "','measurement':'" X32(
         "0g") "'}]"),
     "/profiles/p/components/0/measurement: want 32 to 64 bytes in hex, found "
     "\"0g"},
    {ONE(",'components':[{'sha':1,'signer_id':'" X32(
         "00") "','measurement':'" X32("00") "'}]"),
     "/profiles/p/components/0/sha: unknown key"},
    {ONE(",'components':[{'signer_id':'" X32("00") "','measurement':'" X32(
         "00") "00'}]"),
     "/profiles/p/components/0/measurement: want 32, 48 or 64 bytes in hex"},
    {ONE(",'implementation_id':['00']"),
     "/profiles/p/implementation_id/0: want 32 bytes in hex, found \"00\""},
    {ONE(",'instance_id':'" X32("00") "'"),
     "/profiles/p/instance_id: want 33 bytes in hex"},
    {"{'profiles':{'p':{'format':'sev'}}}",
     "/profiles/p/format: want one of psa, tpm"},
    {"{'profiles':{'p':{'trust_anchors':['@'],'any':true}}}",
     "/profiles/p/format: want one of psa, tpm"},
    {"{'profiles':{'" X8("aaaaaaaa") "':{" PSA(",'any':true") "}}}",
     "want a name of 1 to 63 bytes"},
    {"{'profiles':{'a~/b':{'format':1}}}",
     "p.json:1: /profiles/a~0~1b/format: want one of psa, tpm"},
    {"{'profiles':{'p':{'format':'psa','any':true}}}",
     "/profiles/p/trust_anchors: want a list, found nothing"},
    {"{'profiles':{'p':{'format':'psa','any':true,'trust_anchors':[]}}}",
     "/profiles/p/trust_anchors: want at least one trust anchor"},
    {"{'profiles':{'p':{'format':'psa','any':true,'trust_anchors':[7]}}}",
     "/profiles/p/trust_anchors/0: want a string, found 7"},
    {"{'profiles':{'p':{'format':'psa','any':true,'trust_anchors':["
     "'-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----\\n']}}}",
     "/profiles/p/trust_anchors/0: want PUBLIC KEY or CERTIFICATE in PEM, "
     "found PUBLIC KEY that cannot be read"},
    {"{'profiles':{'p':{'format':'psa','any':true,'trust_anchors':["
     "'-----BEGIN nothing']}}}",
     "/profiles/p/trust_anchors/0: text: want PUBLIC KEY or CERTIFICATE in "
     "PEM, found neither"},
    {"{'profiles':{'p':{'format':'psa','any':true,'trust_anchors':["
     "{'instance_id':'00','key':'@'}]}}}",
     "/profiles/p/trust_anchors/0/instance_id: want 33 bytes in hex"},
    {"{'profiles':{'p':{'format':'tpm','any':true,'trust_anchors':["
     "{'instance_id':'01" X32("00") "','key':'@'}]}}}",
     "/profiles/p/trust_anchors/0: want a string"},
    {"{'profiles':{'p':{'format':'tpm','trust_anchors':['@'],'pcrs':{'sha1':"
     "{}}}}}",
     "/profiles/p/pcrs/sha1: unknown key"},
    {"{'profiles':{'p':{'format':'tpm','trust_anchors':['@'],'pcrs':{'sha256':"
     "{'24':'" X32("00") "'}}}}}",
     "/profiles/p/pcrs/sha256/24: want a PCR from 0 to 23"},
    {"{'profiles':{'p':{'format':'tpm','trust_anchors':['@'],'pcrs':{'sha256':"
     "{'00':'" X32("00") "'}}}}}",
     "/profiles/p/pcrs/sha256/00: want a PCR from 0 to 23"},
    {"{'profiles':{'p':{'format':'tpm','trust_anchors':['@'],'pcrs':{'sha384':"
     "{'1':['" X32("00") "']}}}}}",
     "/profiles/p/pcrs/sha384/1/0: want 48 bytes in hex"},
    {"{'profiles':{'p':{'format':'tpm','trust_anchors':['@'],'pcrs':{}}}}",
     "/profiles/p/pcrs: want at least one bank"},
    {RULES(""), "p.json:2: /rules: want at least one rule"},
    {"{'profiles':{'p':{" PSA(",'any':true") "}},'rules':{}}",
     "p.json:1: /rules: want a list, found {}"},
    {RULES("{},\n{'accept':['p','q']}"),
     "p.json:3: /rules/1/accept/1: want the name of a profile of this policy, "
     "found \"q\""},
    {RULES("{'accept':[]}"),
     "/rules/0/accept: want at least one profile, or \"passport\""},
    {RULES("{'requires':false}"), "/rules/0/requires: unknown key"},
    {RULES("{'require':false}"),
     "/rules/0/require: want match.role \"server\" or match.name"},
    {RULES("{'match':{'role':'client'},'require':false}"),
     "/rules/0/require: want match.role \"server\" or match.name"},
    {RULES("{'match':{'role':'server','uri':'x:y'},'require':false}"),
     "/rules/0/require: want no match.uri or match.ca"},
    {RULES("{'match':{'name':'a','ca':'" X32("00") "'},'require':false}"),
     "/rules/0/require: want no match.uri or match.ca"},
    {RULES("{'match':{'name':'a'},'require':false,'accept':['p']}"),
     "/rules/0/require: want no \"accept\""},
    {RULES("{'match':{'name':'*'}}"), "/rules/0/match/name: want a host"},
    {RULES("{'match':{'name':'a.*.b'}}"), "/rules/0/match/name: want a host"},
    {RULES("{'match':{'name':'*.'}}"), "/rules/0/match/name: want a host"},
    {RULES("{'match':{'name':'b\xc3\xbc.de'}}"),
     "/rules/0/match/name: want a host"},
    {RULES("{'match':{'name':'a.b:443'}}"), "/rules/0/match/name: want a host"},
    {RULES("{'match':{'name':'[::1]'}}"), "/rules/0/match/name: want a host"},
    {RULES("{'match':{'name':'*.::1'}}"), "/rules/0/match/name: want a host"},
    {RULES("{'match':{'name':'a..b'}}"), "/rules/0/match/name: want a host"},
    {RULES("{'match':{'name':''}}"), "/rules/0/match/name: want a string"},
    {RULES("{'match':{'role':'client','name':'a'}}"),
     "/rules/0/match/name: want no name with \"role\": \"client\""},
    {RULES("{'match':{'role':'peer'}}"),
     "/rules/0/match/role: want one of server, client, found \"peer\""},
    {RULES("{'match':{'host':'a'}}"), "/rules/0/match/host: unknown key"},
    {RULES("{'match':{'ca':'-----BEGIN nothing'}}"),
     "/rules/0/match/ca: want SHA-256 of the CA's SubjectPublicKeyInfo"},
    {RULES("{'identity':'none'}"),
     "/rules/0/identity: want one of x509, application, attested"},
    {RULES("{'identity':'attested'}"),
     "/rules/0/identity: want \"no_oracle\": true"},
    {RULES("{'no_oracle':'yes'}"), "/rules/0/no_oracle: want true or false"},
    {RULES("{'delegated_max_age':600}"),
     "/rules/0/delegated_max_age: want a duration such as \"30s\""},
    {RULES("{'delegated_max_age':'10'}"),
     "/rules/0/delegated_max_age: want a duration such as \"30s\""},
    {RULES("{'delegated_max_age':'25h'}"),
     "/rules/0/delegated_max_age: want a duration such as \"30s\""},
    {RULES("{'match':{'name':'a'},'require':false,'delegated_max_age':'1m'}"),
     "/rules/0/require: want no \"accept\", \"delegated_max_age\", "
     "\"passport\" or \"bearer\""},
    {RULES("{'match':{'name':'a'},'require':false,'bearer':'certificate',"
           "'bearer_max_age':'1d'}"),
     "/rules/0/require: want no \"accept\", \"delegated_max_age\", "
     "\"passport\" or \"bearer\""},
    {RULES("{'bearer':'certificate'}"),
     "/rules/0/bearer: want a \"bearer_max_age\" above 0 beside it, found "
     "none"},
    {RULES("{'bearer':'certificate','bearer_max_age':'0'}"),
     "/rules/0/bearer: want a \"bearer_max_age\" above 0 beside it, found "
     "none"},
    {RULES("{'bearer_max_age':'1d'}"),
     "/rules/0/bearer_max_age: want \"bearer\": \"certificate\" beside it"},
    {RULES("{'bearer':'certificate','bearer_max_age':'367d'}"),
     "/rules/0/bearer_max_age: want a duration such as \"30s\""},
    {RULES("{'bearer':'certificate','bearer_max_age':30}"),
     "/rules/0/bearer_max_age: want a duration such as \"30s\""},
    {RULES("{'bearer':'token','bearer_max_age':'1d'}"),
     "/rules/0/bearer: want one of certificate, found \"token\""},
    {RULES("{'bearer':true,'bearer_max_age':'1d'}"),
     "/rules/0/bearer: want one of certificate"},
    {RULES("{'bearer':'certificate','bearer_max_age':'1d',"
           "'identity':'attested','no_oracle':true}"),
     "/rules/0/identity: want no \"bearer\""},
    {"{'profiles':{'o':{'format':'other','types':['a/b'],'verifier':"
     "'https://v.test'}},'rules':[{'bearer':'certificate','bearer_max_age':"
     "'1d'}],'verifiers':{'https://v.test':{'any':true,'unparsed':true,'keys':"
     "['@']}}}",
     "/rules/0/bearer: want a profile that is not other among those that are "
     "accepted"},
    {RULES("{'delegated_max_age':'1m','passport':['https://v.test']}"),
     "/rules/0/passport/0: want the name of one of \"verifiers\""},
    {RULES("{'passport':['https://v.test']}"),
     "/rules/0/passport/0: want the name of one of \"verifiers\""},
    {RULES("{'delegated_max_age':'1m','passport':[]}"),
     "/rules/0/passport: want at least one Verifier"},
    {RULES("{'delegated_max_age':'1m','passport':'https://v.test'}"),
     "/rules/0/passport: want a list"},
    {"{'profiles':{'p':{" PSA(
         ",'any':true") "}},'rules':[{"
                        "'passport':['https://v.test']}],'verifiers':{'https://"
                        "v.test':{"
                        "'any':true,'keys':['@']}}}",
     "/rules/0/passport: want a \"delegated_max_age\" above 0 beside it"},
    {"{'profiles':{'p':{" PSA(
         ",'any':true") "},'c':{'format':'composite',"
                        "'members':{'m':'p'}}},'rules':[{'accept':['c'],'"
                        "delegated_max_age':"
                        "'1m'}]}",
     "/rules/0/delegated_max_age: want \"passport\" or a profile that is "
     "neither composite nor other"},
};

START_TEST(wrong_policy_names_line_and_pointer)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    put_text(&text, wrong[_i].text, "psa");
    ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "p.json", "", NULL,
                                       NULL, &policy, &why),
                     ATLS_POLICY_INVALID);
    ck_assert_ptr_null(policy);
    ck_assert_msg(strstr(why.text, wrong[_i].message) != NULL, "%s", why.text);
}
END_TEST

static const char *const right[] = {
    ONE(",'any':true"),
    ONE(",'any':true,'lifecycle':['secured','unknown']"),
    ONE(",'instance_id':'01" X32("AB") "'"),
    ONE(",'components':[{'signer_id':'" X32("00") "','measurement':'" X32(
        "0000") "','type':'SPE','version':'1','required':true}]"),
    "{'$schema':'x','profiles':{'p':{'format':'tpm','trust_anchors':['@','@'],"
    "'pcrs':{'sha256':{'23':['" X32("00") "','" X32("11") "']}}}}}",
    "{'profiles':{'p':{'format':'psa','any':true,'trust_anchors':["
    "{'instance_id':'02" X32("00") "','key':'@'},'@']}}}",
    RULES("{'match':{'role':'server'},'require':false},{}"),
    RULES("{'match':{'name':'*.b.c'},'require':false},{'require':true}"),
    RULES("{'match':{'name':'2001:db8::1'}},{'match':{'name':'10.0.0.1'}},"
          "{'match':{'name':'a_1.example.'}}"),
    RULES("{'identity':'attested','no_oracle':true}"),
};

START_TEST(right_policy_is_taken)
{
    atls_policy_free(policy_of(right[_i]));
}
END_TEST

static void count(void *arg, const char *sentence)
{
    ck_assert_ptr_nonnull(strstr(sentence, "p.json:"));
    ++*(unsigned *)arg;
}

START_TEST(every_problem_is_reported_and_the_first_is_the_reason)
{
    static const char text[] =
        "{\"profiles\":{\"p\":{\"format\":\"psa\",\"x\":1,\n"
        "\"trust_anchors\":[\"/nowhere/a.pem\",\"/nowhere/*.pem\"],\n"
        "\"lifecycle\":\"y\"}},\"rules\":[{\"accept\":[\"z\"]},7]}";
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};
    unsigned num = 0;

    ck_assert_reason(atls_policy_parse(atls_view_text(text), "p.json", "",
                                       count, &num, &policy, &why),
                     ATLS_POLICY_INVALID);
    ck_assert_uint_eq(num, 7);
    ck_assert_ptr_nonnull(strstr(why.text, "p.json:1: /profiles/p/x: "));
}
END_TEST

START_TEST(policy_with_very_many_mistakes_is_refused_at_once)
{
    ATLS_AUTO_BUF text = atls_buf(1 << 20);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};
    unsigned num = 0;

    atls_buf_text(&text, "{\"p.json:\":0");
    for (unsigned i = 0; i < 60000; i++) {
        char member[32];

        snprintf(member, sizeof(member), ",\n\"k%u\":0", i);
        atls_buf_text(&text, member);
    }
    atls_buf_text(&text, "}");
    ck_assert(!text.failed);
    ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "p.json", "",
                                       count, &num, &policy, &why),
                     ATLS_POLICY_INVALID);
    ck_assert_uint_eq(num, ATLS_DOCUMENT_MAX_PROBLEMS);
}
END_TEST

/* An allocator whose pointers free() does not know. */
enum { BEFORE = 64 };

static void *foreign_malloc(size_t size)
{
    char *block = malloc(size + BEFORE);

    return block != NULL ? block + BEFORE : NULL;
}

static void foreign_free(void *block)
{
    if (block != NULL)
        free((char *)block - BEFORE);
}

START_TEST(allocator_that_the_program_gave_to_jansson_frees_its_own)
{
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    json_set_alloc_funcs(foreign_malloc, foreign_free);
    ck_assert_reason(atls_policy_parse(atls_view_text("[7]"), "p.json", "",
                                       NULL, NULL, &policy, &why),
                     ATLS_POLICY_INVALID);
    json_set_alloc_funcs(malloc, free);
    ck_assert_str_eq(why.text, "p.json:1: /: want an object, found [7]");
}
END_TEST

/* Whose instance ID it is must not depend on the order of the list. */
START_TEST(instance_id_of_two_keys_is_refused_in_either_order)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key("psa");
    ATLS_AUTO(EVP_PKEY) *other = forge_key("psa-other");
    ATLS_AUTO_HEAP char *pem = forge_pem(key), *other_pem = forge_pem(other);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};
    uint8_t id[33];
    char hex[67], text[1024];

    forge_id(key, id);
    atls_hex(atls_view(id, sizeof(id)), hex, sizeof(hex));
    snprintf(text, sizeof(text),
             _i == 0 ? "{\"profiles\":{\"p\":{\"format\":\"psa\",\"any\":true,"
                       "\"trust_anchors\":[\"%1$s\",{\"instance_id\":\"%2$s\","
                       "\"key\":\"%3$s\"}]}}}"
                     : "{\"profiles\":{\"p\":{\"format\":\"psa\",\"any\":true,"
                       "\"trust_anchors\":[{\"instance_id\":\"%2$s\","
                       "\"key\":\"%3$s\"},\"%1$s\"]}}}",
             pem, hex, other_pem);
    ck_assert_reason(atls_policy_parse(atls_view_text(text), "p.json", "", NULL,
                                       NULL, &policy, &why),
                     ATLS_POLICY_INVALID);
    ck_assert_ptr_nonnull(
        strstr(why.text, "want one key for each instance_id, found two"));
}
END_TEST

START_TEST(anchor_file_without_a_byte_holds_no_key)
{
    char path[] = "/tmp/atls-anchor-XXXXXX", text[256];
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    close(fd);
    snprintf(text, sizeof(text),
             "{\"profiles\":{\"p\":{\"format\":\"psa\",\"any\":true,"
             "\"trust_anchors\":[\"%s\"]}}}",
             path);
    (void)!atls_policy_parse(atls_view_text(text), "p.json", "", NULL, NULL,
                             &policy, &why);
    unlink(path);
    ck_assert_reason(why.reason, ATLS_POLICY_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "in PEM, found neither"));
}
END_TEST

START_TEST(anchor_that_cannot_be_read_has_its_reason)
{
    static const char text[] = "{\"profiles\":{\"p\":{\"format\":\"psa\","
                               "\"any\":true,\"trust_anchors\":[\"gone\"]}}}";
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    ck_assert_reason(atls_policy_parse(atls_view_text(text), "p.json", "/no",
                                       NULL, NULL, &policy, &why),
                     ATLS_FILE_UNREADABLE);
    ck_assert_ptr_nonnull(strstr(why.text,
                                 "p.json:1: /profiles/p/trust_anchors/0: "
                                 "/no/gone: No such file or directory (uid "));
}
END_TEST

START_TEST(private_key_as_anchor_is_refused)
{
    static const char text[] =
        "{\"profiles\":{\"p\":{\"format\":\"psa\",\"any\":true,"
        "\"trust_anchors\":[\"test/vectors/keys/psa.pem\"]}}}";
    const char *top = getenv("top_srcdir");
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    ck_assert_reason(atls_policy_parse(atls_view_text(text), "p.json",
                                       top != NULL ? top : ".", NULL, NULL,
                                       &policy, &why),
                     ATLS_POLICY_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "openssl pkey -pubout"));
}
END_TEST

START_TEST(missing_and_odd_policy_files_are_unreadable)
{
    static const char *const paths[] = {"/nowhere/policy.json", "/",
                                        "/dev/null"};
    struct atls_policy *policy = NULL;
    char text[ATLS_VERDICT_TEXT];

    errno = 0;
    ck_assert_reason(atls_policy_load(paths[_i], &policy, text, sizeof(text)),
                     ATLS_FILE_UNREADABLE);
    ck_assert_ptr_null(policy);
    ck_assert_ptr_nonnull(strstr(text, paths[_i]));
}
END_TEST

static const struct name_row {
    const char *pattern, *name;
    bool matches;
} name_rows[] = {
    {"a.example", "a.example", true},
    {"A.Example", "a.eXAMPLE", true},
    {"a.example", "b.example", false},
    {"a.example", "a.example.", true},
    {"a.example.", "a.example", true},
    {"*.example", "a.example", true},
    {"*.EXAMPLE", "a.example.", true},
    {"*.example", "example", false},
    {"*.example", "a.b.example", false},
    {"*.example", ".example", false},
    {"*.example", "aexample", false},
    {"a.example", "xa.example", false},
    {"10.0.0.1", "10.0.0.1", true},
    {"*.0.0.1", "10.0.0.1", false},
    {"10.0.0.1", "10.0.0.1.", false},
    {"::1", "0:0::1", true},
    {"2001:DB8::1", "2001:db8:0:0:0:0:0:1", true},
    {"::ffff:10.0.0.1", "10.0.0.1", false},
    {"*.\xc3\x84", "a.\xc3\xa4", false}, /* no case beyond ASCII */
};

START_TEST(name_matches_as_its_pattern_says)
{
    ck_assert_msg(
        atls_name_matches(name_rows[_i].pattern, name_rows[_i].name) ==
            name_rows[_i].matches,
        "%s %s", name_rows[_i].pattern, name_rows[_i].name);
}
END_TEST

/* A chain of a leaf with two URIs and a CA, neither signed: nobody asks. */
static X509 *certificate_of(const char *key_name, const char *uris)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key(key_name);
    X509 *certificate = X509_new();

    ck_assert_int_eq(X509_set_pubkey(certificate, key), 1);
    if (uris != NULL) {
        X509_EXTENSION *names =
            X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, uris);

        ck_assert_ptr_nonnull(names);
        ck_assert_int_eq(X509_add_ext(certificate, names, -1), 1);
        X509_EXTENSION_free(names);
    }
    return certificate;
}

static STACK_OF(X509) * chain_of_two(void)
{
    STACK_OF(X509) *chain = sk_X509_new_null();

    sk_X509_push(
        chain,
        certificate_of("psa-other", "DNS:a,URI:spiffe://a/b,URI:spiffe://a/c"));
    sk_X509_push(chain, certificate_of("ak-rsa", NULL));
    return chain;
}

/* Which rule holds: 'ID' stands for the hash of the CA's key; the index of
 * the rule is told by its identity. */
static const struct match_row {
    const char *match;
    enum atls_role role;
    const char *name;
    bool has_chain, holds;
} match_rows[] = {
    {"{}", ATLS_ROLE_SERVER, NULL, false, true},
    {"{}", ATLS_ROLE_CLIENT, NULL, false, true},
    {"{'role':'client'}", ATLS_ROLE_CLIENT, NULL, false, true},
    {"{'role':'client'}", ATLS_ROLE_SERVER, "a", true, false},
    {"{'role':'server'}", ATLS_ROLE_SERVER, NULL, false, true},
    {"{'name':'a'}", ATLS_ROLE_SERVER, "A", false, true},
    {"{'name':'a'}", ATLS_ROLE_SERVER, NULL, true, false},
    {"{'name':'a'}", ATLS_ROLE_CLIENT, NULL, true, false},
    {"{'name':'a'}", ATLS_ROLE_CLIENT, "a", true, false},
    {"{'uri':'spiffe://a/c'}", ATLS_ROLE_CLIENT, NULL, true, true},
    {"{'uri':'spiffe://a/c'}", ATLS_ROLE_CLIENT, NULL, false, false},
    {"{'uri':'spiffe://a/'}", ATLS_ROLE_CLIENT, NULL, true, false},
    {"{'uri':'spiffe://A/c'}", ATLS_ROLE_CLIENT, NULL, true, false},
    {"{'uri':'a'}", ATLS_ROLE_CLIENT, NULL, true, false},
    {"{'ca':'ID'}", ATLS_ROLE_CLIENT, NULL, true, true},
    {"{'ca':'ID'}", ATLS_ROLE_CLIENT, NULL, false, false},
    {"{'ca':'" X32("00") "'}", ATLS_ROLE_CLIENT, NULL, true, false},
    {"{'ca':'LEAF'}", ATLS_ROLE_CLIENT, NULL, true, false},
    {"{'ca':'ID','uri':'spiffe://a/b','name':'a'}", ATLS_ROLE_SERVER, "a", true,
     true},
    {"{'ca':'ID','uri':'spiffe://a/b','name':'a'}", ATLS_ROLE_SERVER, "b", true,
     false},
};

static void put_match(struct atls_buf *out, const char *match)
{
    static const struct {
        const char *word, *key_name;
    } words[] = {{"ID", "ak-rsa"}, {"LEAF", "psa-other"}};
    char hex[65];

    for (; *match != '\0'; match++) {
        unsigned i = 0;

        while (i < 2 &&
               strncmp(match, words[i].word, strlen(words[i].word)) != 0)
            i++;
        if (i == 2) {
            atls_buf_u8(out, (uint8_t)*match);
            continue;
        }
        {
            ATLS_AUTO(EVP_PKEY) *key = forge_key(words[i].key_name);
            uint8_t id[33];

            forge_id(key, id);
            for (unsigned j = 0; j < 32; j++)
                snprintf(hex + 2 * j, 3, "%02x", id[j + 1]);
            atls_buf_text(out, hex);
        }
        match += strlen(words[i].word) - 1;
    }
}

START_TEST(rule_holds_for_its_peers_alone)
{
    const struct match_row *row = &match_rows[_i];
    STACK_OF(X509) *chain = chain_of_two();
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_peer peer = {.role = row->role,
                             .name = row->name,
                             .chain = row->has_chain ? chain : NULL};
    const struct atls_rule *rule;
    struct atls_policy *policy;

    atls_buf_text(&text,
                  "{'profiles':{'p':{" PSA(",'any':true") "}},"
                                                          "'rules':[{'match':");
    put_match(&text, row->match);
    atls_buf_text(&text, ",'identity':'application'}]}");
    atls_buf_u8(&text, 0);
    policy = policy_of((const char *)text.data);
    rule = atls_policy_match(policy, &peer);
    ck_assert(row->holds == (rule != NULL));
    if (rule != NULL)
        ck_assert_int_eq(atls_rule_identity(rule), ATLS_IDENTITY_APPLICATION);
    atls_policy_free(policy);
    sk_X509_pop_free(chain, X509_free);
}
END_TEST

START_TEST(policy_says_before_the_gate_who_must_attest)
{
    struct atls_policy *policy =
        policy_of(RULES("{'match':{'uri':'a:b'},'accept':['p']},"
                        "{'match':{'name':'ocsp'},'require':false},"
                        "{'match':{'name':'*.mesh'}}"));
    const struct atls_peer ocsp = {.name = "OCSP"}, mesh = {.name = "a.mesh"};
    const struct atls_peer other = {.name = "b"};
    const struct atls_peer client = {.role = ATLS_ROLE_CLIENT};

    ck_assert(!atls_policy_requires(policy, &ocsp));
    ck_assert(atls_policy_requires(policy, &mesh));
    ck_assert(atls_policy_requires(policy, &other)); /* and the gate refuses */
    ck_assert(atls_policy_requires(policy, &client));
    ck_assert(!atls_policy_requires_all(policy, ATLS_ROLE_SERVER));
    ck_assert(atls_policy_requires_all(policy, ATLS_ROLE_CLIENT));
    ck_assert_ptr_null(atls_policy_match(policy, &other));
    atls_policy_free(policy);
}
END_TEST

#define TPM_TYPE "application/vnd.atls.tpm-quote+cbor"
#define THREE                                                                  \
    "{'profiles':{'t':{'format':'tpm','any':true,'trust_anchors':['@']},"      \
    "'p':{" PSA(",'any':true") "},'l':{" PSA(                                  \
        ",'any':true,'profile':['PSA_IOT_PROFILE_1','http://arm.com/psa/"      \
        "2.0.0']") "}},'rules':["

#define VERIFIER(name)                                                         \
    "'" name "':{'any':true,'keys':[{'kty':'EC','crv':'P-256',"                \
    "'x':'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',"                       \
    "'y':'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0'}]}"
#define VERIFIERS                                                              \
    "'verifiers':{" VERIFIER("https://v.test") "," VERIFIER(                   \
        "trustee+https://t.test") "}"
#define DELEGATED                                                              \
    "application/cmw+cbor; "                                                   \
    "cmwc_t=\"urn:uuid:8d7c5930-1019-4022-8189-65a0127b8fa9\"; of="

#define BATCH "application/vnd.atls.batch+cbor"

static const struct type_row {
    const char *rules, *name;
    const char *schemes[8];
} type_rows[] = {
    {"{}]}", NULL, {BATCH, TPM_TYPE, "10003", "10004"}},
    {"{'accept':['p','t']}]}", NULL, {BATCH, "10003", TPM_TYPE}},
    {"{'match':{'name':'a'},'accept':['l']},{'accept':['p']}]}",
     "a",
     {BATCH, "10004"}},
    {"{'match':{'name':'a'},'accept':['l']},{'accept':['p']}]}",
     "b",
     {BATCH, "10003"}},
    {"{'match':{'uri':'a:b'},'accept':['l','p']},{'accept':['p','t']}]}",
     "b",
     {BATCH, "10004", "10003", TPM_TYPE}},
    {"{'match':{'name':'a'},'require':false},{}]}", "a", {NULL}},
    {"{'accept':['p'],'delegated_max_age':'0'}]}", NULL, {BATCH, "10003"}},
    {"{'accept':['p','t'],'delegated_max_age':'10m'}]}",
     NULL,
     {BATCH, "10003", TPM_TYPE, DELEGATED "\"10003\"",
      DELEGATED "\"" TPM_TYPE "\"", DELEGATED "\"" BATCH "\""}},
    {"{'match':{'uri':'a:b'},'accept':['l'],'delegated_max_age':'1m'},"
     "{'accept':['p']}]}",
     NULL,
     {BATCH, "10004", "10003", DELEGATED "10004", DELEGATED "\"" BATCH "\""}},
    {"{'accept':['p'],'delegated_max_age':'1m',"
     "'passport':['trustee+https://t.test','https://v.test']}]," VERIFIERS "}",
     NULL,
     {BATCH, "10003", DELEGATED "\"10003\"", "v:trustee+https://t.test",
      "v:https://v.test", DELEGATED "\"" BATCH "\""}},
    {"{'accept':[],'delegated_max_age':'1m',"
     "'passport':['https://v.test']}]," VERIFIERS "}",
     NULL,
     {"v:https://v.test"}},
};

static struct atls_scheme scheme_of(const char *text)
{
    struct atls_scheme scheme =
        atls_scheme_of_verifier(atls_view_text(text + 2));
    struct atls_type type;

    if (strncmp(text, "v:", 2) == 0)
        return scheme;
    ck_assert(atls_type_parse(atls_view_text(text), &type));
    scheme = atls_scheme_of_type(type);
    scheme.is_delegated = strstr(text, "cmw") != NULL;
    return scheme;
}

START_TEST(schemes_are_those_of_rules_that_could_hold)
{
    const struct type_row *row = &type_rows[_i];
    const struct atls_peer peer = {.name = row->name};
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_scheme schemes[8], wanted;
    struct atls_policy *policy;
    size_t num = 0;

    atls_buf_text(&text, THREE);
    atls_buf_text(&text, row->rules);
    atls_buf_u8(&text, 0);
    policy = policy_of((const char *)text.data);
    while (row->schemes[num] != NULL)
        num++;
    ck_assert_uint_eq(atls_policy_schemes(policy, &peer, schemes, 8), num);
    for (size_t i = 0; i < num; i++) {
        wanted = scheme_of(row->schemes[i]);
        ck_assert_msg(atls_scheme_equal(&schemes[i], &wanted), "%zu: not %s", i,
                      row->schemes[i]);
        ck_assert(schemes[i].is_delegated == wanted.is_delegated);
    }
    ck_assert_uint_le(atls_policy_schemes(policy, &peer, schemes, 1), 1);
    atls_policy_free(policy);
}
END_TEST

/* doc/protocol.md, "Delegation and passport": records, whose nonce we find. */
START_TEST(delegates_show_no_collection_and_nothing_unknown)
{
    static const char *const wanted[] = {
        BATCH,   "application/cmw+cbor", "application/cmw+json",   "a/b",
        "10003", DELEGATED "\"10003\"",  DELEGATED "\"" BATCH "\""};
    const struct atls_peer peer = {.name = NULL};
    struct atls_scheme schemes[8];
    struct atls_policy *policy = policy_of("{'profiles':{'p':{" PSA(
        ",'any':true") "},"
                       "'c':{'format':'composite','members':{'m':'p'}},"
                       "'o':{'format':'other','types':['a/"
                       "b'],'verifier':'https://v.test'}},"
                       "'rules':[{'accept':['c','o','p'],'delegated_max_age':'"
                       "1m'}]," VERIFIERS "}");

    ck_assert_uint_eq(atls_policy_schemes(policy, &peer, schemes, 8), 7);
    for (size_t i = 0; i < 7; i++) {
        struct atls_type type;

        ck_assert(atls_type_parse(atls_view_text(wanted[i]), &type));
        ck_assert_msg(atls_type_equal(schemes[i].type, type), "%zu: not %s", i,
                      wanted[i]);
        ck_assert_int_eq(schemes[i].is_delegated, i >= 5);
    }
    atls_policy_free(policy);
}
END_TEST

START_TEST(identity_of_the_setting_is_held_to_the_same_demand)
{
    struct atls_policy *policy = policy_of(RULES("{}"));
    struct atls_why why = {0};

    ck_assert_reason(
        atls_policy_check_identity(policy, ATLS_IDENTITY_X509, &why), ATLS_OK);
    ck_assert_reason(
        atls_policy_check_identity(policy, ATLS_IDENTITY_ATTESTED, &why),
        ATLS_POLICY_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "/rules/0"));
    atls_policy_free(policy);
    policy = policy_of(RULES("{'no_oracle':true},{'identity':'x509'}"));
    ck_assert_reason(
        atls_policy_check_identity(policy, ATLS_IDENTITY_ATTESTED, NULL),
        ATLS_OK);
    atls_policy_free(policy);
}
END_TEST

#define KEY_TPM "'k':{'format':'parsec-tpm','trust_anchors':['@'],'any':true}"
#define KEY_CCA(more)                                                          \
    "'c':{'format':'parsec-cca','trust_anchors':['@'],'rim':'" X32(            \
        "43") "'" more "}"
#define INSTANCE "'instance_id':'01" X32("02") "'"

/* With identity attested: nothing but Evidence names the peer. */
static const struct attested_row {
    const char *profiles, *rule; /* of the policy; ~ before: with a Verifier */
    const char *lack;            /* NULL: none */
} attested_rows[] = {
    {KEY_TPM, "", NULL},
    {KEY_TPM, "'delegated_max_age':'10m'", NULL},
    {KEY_CCA("," INSTANCE), "", NULL},
    {KEY_TPM "," KEY_CCA("," INSTANCE), "'accept':['c','k']", NULL},
    {KEY_TPM ",'p':{" PSA(",'any':true") "}", "'accept':['k']", NULL},
    {KEY_TPM ",'p':{" PSA(",'any':true") "}", "",
     "other profiles than p: its format does not show where the TLS key was "
     "made"},
    {KEY_TPM ",'p':{" PSA(",'any':true") "}", "'no_oracle':true", NULL},
    {"'p':{'format':'tpm','trust_anchors':['@'],'any':true}", "",
     "other profiles than p: its format does not show"},
    {KEY_CCA(""), "", "other profiles than c: it does not say which instance"},
    {"'c':{'format':'parsec-cca','trust_anchors':['@']," INSTANCE "}", "",
     "other profiles than c: it does not say which instance"},
    {"~'k':{'format':'parsec-tpm','verifier':'https://v.test'}", "",
     "other profiles than k: where the TLS key was made is judged by a "
     "Verifier alone"},
    {"~" KEY_TPM, "'delegated_max_age':'1m','passport':['https://v.test']",
     "as a passport does not show where the TLS key was made"},
    {KEY_TPM ",'p':{" PSA(",'any':true") "}",
     "'match':{'name':'a'},'require':false", NULL},
};

static enum atls_reason parse_attested(const struct attested_row *row,
                                       bool in_rule, struct atls_policy **out,
                                       struct atls_why *why)
{
    ATLS_AUTO_BUF template = atls_buf(FORGE_MAX), text = atls_buf(FORGE_MAX);
    bool has_verifier = row->profiles[0] == '~';

    atls_buf_text(&template, "{");
    atls_buf_text(&template, has_verifier ? VERIFIERS "," : "");
    atls_buf_text(&template, "'profiles':{");
    atls_buf_text(&template, row->profiles + has_verifier);
    atls_buf_text(&template, "},'rules':[{");
    atls_buf_text(&template, row->rule);
    atls_buf_text(&template, in_rule && row->rule[0] != '\0' ? "," : "");
    atls_buf_text(&template, in_rule ? "'identity':'attested'" : "");
    atls_buf_text(&template, "}]}");
    atls_buf_u8(&template, 0);
    put_text(&text, (const char *)template.data, "psa");
    return atls_policy_parse(atls_buf_view(&text), "p.json", "", NULL, NULL,
                             out, why);
}

START_TEST(attested_identity_needs_instances_and_attested_keys)
{
    const struct attested_row *row = &attested_rows[_i];
    enum atls_reason wanted = row->lack != NULL ? ATLS_POLICY_INVALID : ATLS_OK;
    struct atls_policy *policy = NULL;
    struct atls_why in_rule = {0}, why = {0}, setting = {0};

    ck_assert_reason(parse_attested(row, true, &policy, &in_rule), wanted);
    atls_policy_free(policy);
    ck_assert_msg(parse_attested(row, false, &policy, &why) == ATLS_OK, "%s",
                  why.text);
    ck_assert_reason(
        atls_policy_check_identity(policy, ATLS_IDENTITY_ATTESTED, &setting),
        wanted);
    atls_policy_free(policy);
    if (row->lack == NULL)
        return;
    ck_assert_msg(strstr(in_rule.text, row->lack) != NULL, "%s", in_rule.text);
    ck_assert_msg(strstr(setting.text, row->lack) != NULL, "%s", setting.text);
}
END_TEST

START_TEST(identity_of_the_setting_is_not_attested_where_certificates_bear)
{
    struct atls_policy *policy = policy_of(
        RULES("{'no_oracle':true,'bearer':'certificate','bearer_max_age':'1d'}"
              ",{'identity':'x509'}"));
    struct atls_why why = {0};

    ck_assert_reason(
        atls_policy_check_identity(policy, ATLS_IDENTITY_APPLICATION, &why),
        ATLS_OK);
    ck_assert_reason(
        atls_policy_check_identity(policy, ATLS_IDENTITY_ATTESTED, &why),
        ATLS_POLICY_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "/rules/0: identity is attested: "
                                           "want no \"bearer\""));
    atls_policy_free(policy);
}
END_TEST

/* The first rule that holds for certain ends it, as it does for schemes. */
#define BEARER "'bearer':'certificate','bearer_max_age':'1d'"
static const struct {
    const char *rules, *name;
    bool is_taken;
} bearer_rows[] = {
    {RULES("{}"), "a", false},
    {RULES("{" BEARER "}"), "a", true},
    {RULES("{" BEARER "}"), NULL, true},
    {RULES("{'match':{'name':'a'}," BEARER "},{}"), "a", true},
    {RULES("{'match':{'name':'a'}," BEARER "},{}"), "b", false},
    {RULES("{'match':{'name':'a'}},{" BEARER "}"), "a", false},
    {RULES("{'match':{'uri':'a:b'}},{" BEARER "}"), "a", true},
    {RULES("{'match':{'uri':'a:b'}," BEARER "},{}"), "a", true},
    {RULES("{'match':{'role':'client'}," BEARER "},{}"), "a", false},
};

START_TEST(bearers_are_those_of_rules_that_could_hold)
{
    const struct atls_peer peer = {.name = bearer_rows[_i].name};
    struct atls_policy *policy = policy_of(bearer_rows[_i].rules);

    ck_assert(atls_policy_takes_bearer(policy, &peer) ==
              bearer_rows[_i].is_taken);
    atls_policy_free(policy);
}
END_TEST

START_TEST(references_keep_a_policy_alive)
{
    struct atls_policy *policy = policy_of(RULES("{}"));

    atls_policy_up_ref(policy);
    atls_policy_free(policy);
    ck_assert_ptr_nonnull(atls_policy_profile(policy, "p"));
    ck_assert_ptr_null(atls_policy_profile(policy, "q"));
    atls_policy_free(policy);
    atls_policy_free(NULL);
}
END_TEST

static void learn_from(const char *row, const char *key_name,
                       enum atls_reason wanted)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key(key_name);
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    ATLS_AUTO_HEAP char *json = NULL;
    struct atls_evidence *evidence = NULL;
    struct atls_policy *policy = NULL;
    struct atls_verdict verdict;
    struct atls_why why = {0};
    char path[128];

    snprintf(path, sizeof(path), "test/vectors/%s/evidence.cmw", row);
    ck_assert(forge_file(path, &cmw));
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
        ATLS_OK);
    ck_assert_msg(
        atls_policy_learn(evidence,
                          &(struct atls_lesson){.keys = &key, .num_keys = 1},
                          &json, &why) == wanted,
        "%s: %s", row, why.text);
    if (wanted == ATLS_OK) {
        ck_assert_reason(atls_policy_parse(atls_view_text(json), "learned", "",
                                           NULL, NULL, &policy, NULL),
                         ATLS_OK);
        ck_assert_reason(atls_appraise(policy, atls_buf_view(&cmw),
                                       forge_nonce(FORGE_NONCE), 0, NULL,
                                       &verdict),
                         ATLS_OK);
        atls_policy_free(policy);
    } else {
        ck_assert_ptr_null(json);
    }
    atls_evidence_free(evidence);
}

START_TEST(learned_policy_accepts_what_it_was_learned_from)
{
    learn_from("psa/accept", "psa", ATLS_OK);
    learn_from("psa/accept-legacy-profile", "psa", ATLS_OK);
    learn_from("psa/accept-instance-id-of-bare-point", "psa", ATLS_OK);
    learn_from("psa/reject-lifecycle", "psa", ATLS_OK);
    learn_from("psa/reject-other-anchor", "psa", ATLS_OK); /* by instance_id */
    learn_from("tpm/accept-two-banks", "ak-ecc", ATLS_OK);
    learn_from("tpm/accept-rsassa", "ak-rsa", ATLS_OK);
}
END_TEST

START_TEST(nothing_is_learned_from_bad_evidence)
{
    learn_from("psa/accept", "psa-other", ATLS_SIGNATURE_INVALID);
    learn_from("psa/reject-signature", "psa", ATLS_SIGNATURE_INVALID);
    learn_from("psa/reject-client-id-zero", "psa", ATLS_CLAIM_INVALID);
    learn_from("tpm/accept", "ak-other", ATLS_SIGNATURE_INVALID);
    learn_from("tpm/reject-pcr-lied", "ak-ecc", ATLS_PCR_DIGEST);
    learn_from("tpm/reject-ak-unrestricted", "ak-ecc", ATLS_AK_UNFIT);
}
END_TEST

static json_t *schema_of(struct atls_buf *text)
{
    json_t *schema;

    ck_assert(forge_file("verifier-client/policy.schema.json", text));
    schema = json_loadb((const char *)text->data, text->len,
                        JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(schema);
    return schema;
}

START_TEST(schema_has_every_key_of_every_format)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    ATLS_AUTO(json_t) *schema = schema_of(&text);

    for (size_t i = 0; atls_formats[i] != NULL; i++) {
        const struct atls_format *format = atls_formats[i];
        const json_t *keys = json_object_get(
            json_object_get(json_object_get(schema, "$defs"), format->name),
            "properties");
        /* format, trust_anchors, any, verifier; of a composite: format */
        size_t shared = format->appraise != NULL ? 1 : 4, num = 0;

        for (; format->keys[num] != NULL; num++)
            ck_assert_msg(json_object_get(keys, format->keys[num]) != NULL,
                          "%s", format->keys[num]);
        ck_assert_uint_eq(json_object_size(keys), num + shared);
    }
}
END_TEST

/* Of the TEEs under a virtual TPM, which have no judges of their own. */
START_TEST(schema_has_every_key_of_every_tee_of_a_virtual_tpm)
{
    static const struct atls_format *const tees[] = {&atls_format_snp,
                                                     &atls_format_tdx};
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    ATLS_AUTO(json_t) *schema = schema_of(&text);
    const json_t *one_of = NULL;

    ck_assert_int_eq(json_unpack(schema, "{s:{s:{s:{s:{s:o}}}}}", "$defs",
                                 "vtpm", "properties", "tee", "oneOf", &one_of),
                     0);
    for (size_t i = 0; i < 2; i++) {
        const json_t *keys =
            json_object_get(json_array_get(one_of, i), "properties");
        size_t num = 0;

        for (; tees[i]->keys[num] != NULL; num++)
            ck_assert_msg(json_object_get(keys, tees[i]->keys[num]) != NULL,
                          "%s", tees[i]->keys[num]);
        ck_assert_uint_eq(json_object_size(keys), num + 1); /* format */
        ck_assert_str_eq(json_string_value(json_object_get(
                             json_object_get(keys, "format"), "const")),
                         tees[i]->name);
    }
}
END_TEST

START_TEST(example_policy_is_right)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    ck_assert(forge_file("verifier-client/policy.example.json", &text));
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "example", "", NULL,
                                    NULL, &policy, &why) == ATLS_OK,
                  "%s", why.text);
    atls_policy_free(policy);
}
END_TEST

START_TEST(errno_and_error_queue_are_left_as_found)
{
    ERR_clear_error();
    errno = ENOTTY;
    atls_policy_free(policy_of(right[0]));
    ck_assert_int_eq(errno, ENOTTY);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy");
    TCase *cases = tcase_create("policy");

    tcase_add_loop_test(cases, wrong_policy_names_line_and_pointer, 0,
                        LENGTH(wrong));
    tcase_add_loop_test(cases, right_policy_is_taken, 0, LENGTH(right));
    tcase_add_test(cases,
                   every_problem_is_reported_and_the_first_is_the_reason);
    tcase_add_test(cases, policy_with_very_many_mistakes_is_refused_at_once);
    tcase_add_test(cases,
                   allocator_that_the_program_gave_to_jansson_frees_its_own);
    tcase_add_loop_test(
        cases, instance_id_of_two_keys_is_refused_in_either_order, 0, 2);
    tcase_add_test(cases, anchor_file_without_a_byte_holds_no_key);
    tcase_add_test(cases, anchor_that_cannot_be_read_has_its_reason);
    tcase_add_test(cases, private_key_as_anchor_is_refused);
    tcase_add_loop_test(cases, missing_and_odd_policy_files_are_unreadable, 0,
                        3);
    tcase_add_loop_test(cases, name_matches_as_its_pattern_says, 0,
                        LENGTH(name_rows));
    tcase_add_loop_test(cases, rule_holds_for_its_peers_alone, 0,
                        LENGTH(match_rows));
    tcase_add_test(cases, policy_says_before_the_gate_who_must_attest);
    tcase_add_test(cases, delegates_show_no_collection_and_nothing_unknown);
    tcase_add_loop_test(cases, schemes_are_those_of_rules_that_could_hold, 0,
                        LENGTH(type_rows));
    tcase_add_test(cases, identity_of_the_setting_is_held_to_the_same_demand);
    tcase_add_loop_test(cases,
                        attested_identity_needs_instances_and_attested_keys, 0,
                        LENGTH(attested_rows));
    tcase_add_test(
        cases, identity_of_the_setting_is_not_attested_where_certificates_bear);
    tcase_add_loop_test(cases, bearers_are_those_of_rules_that_could_hold, 0,
                        sizeof(bearer_rows) / sizeof(bearer_rows[0]));
    tcase_add_test(cases, references_keep_a_policy_alive);
    tcase_add_test(cases, learned_policy_accepts_what_it_was_learned_from);
    tcase_add_test(cases, nothing_is_learned_from_bad_evidence);
    tcase_add_test(cases, schema_has_every_key_of_every_format);
    tcase_add_test(cases, schema_has_every_key_of_every_tee_of_a_virtual_tpm);
    tcase_add_test(cases, example_policy_is_right);
    tcase_add_test(cases, errno_and_error_queue_are_left_as_found);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
