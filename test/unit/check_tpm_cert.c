/* SPDX-License-Identifier: Apache-2.0
 *
 * Quotes whose key a certificate vouches for: which chains, which certificates,
 * whose machines.
 */
#include <string.h>

#include <openssl/pem.h>

#include "../check_main.h"
#include "ak_cert.h"
#include "base64url.h"
#include "forge.h"
#include "forge_x509.h"
#include "format.h"
#include "gce.h"
#include "learn.h"
#include "policy.h"

ATLS_AUTO_FREE(BIO, BIO_free_all)
ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)
ATLS_AUTO_FREE(X509, X509_free)

#define TYPE "application/vnd.atls.tpm-quote+cbor"

#define X4(text) text text text text
#define X32(text)                                                              \
    X4(text) X4(text) X4(text) X4(text) X4(text) X4(text) X4(text) X4(text)
#define PCR_0(byte) "\"pcrs\":{\"sha256\":{\"0\":\"" X32(byte) "\"}}"
#define ANY         "\"any\":true"
#define GCE(text)   "\"gce\":{" text "}"
#define PROJECT     GCE("\"project_id\":\"example-project\"")

#define EKU          "2.5.29.37"
#define AIK_EKU      "300706056781050803" /* 2.23.133.8.3 */
#define EK_EKU       "300706056781050801" /* 2.23.133.8.1 */
#define KU           "2.5.29.15"
#define SIGNS        "03020780"
#define ENCRYPTS     "03020520"
#define GCE_INSTANCE "1.3.6.1.4.1.11129.2.1.21"

static EVP_PKEY *ak, *root_key, *middle_key;
static X509 *root, *middle;

static void setup(void)
{
    ak = forge_key("ak-ecc");
    root_key = forge_ec("P-384");
    middle_key = forge_ec("P-384");
    root = forge_x509(&(struct forge_certificate){
        .name = "root", .key = root_key, .is_ca = true, .serial = 1});
    middle = forge_x509(&(struct forge_certificate){.name = "middle",
                                                    .key = middle_key,
                                                    .issuer = root,
                                                    .issuer_key = root_key,
                                                    .is_ca = true,
                                                    .serial = 2});
}

static void teardown(void)
{
    X509_free(root);
    X509_free(middle);
    EVP_PKEY_free(ak);
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(middle_key);
}

/* Google's extension, right or wrong in one place */
struct instance {
    const char *zone;            /* NULL: a short one */
    const char *project_number;  /* of an INTEGER, in hex; NULL: 1234 */
    struct atls_view project_id; /* empty: example-project */
    const char *security;        /* hex; NULL: of production */
    const char *after;           /* hex, in the sequence */
    const char *behind;          /* hex, behind it */
};
#define PRODUCTION "a00c300aa003020101a1030101ff"

static void put_tlv(struct atls_buf *out, uint8_t tag, struct atls_view value)
{
    atls_buf_u8(out, tag);
    if (value.len >= 0x80)
        atls_buf_u8(out, 0x81);
    atls_buf_u8(out, (uint8_t)value.len);
    atls_buf_put(out, value);
}

static void put_instance(const struct instance *wanted, struct atls_buf *out)
{
    ATLS_AUTO_BUF in = atls_buf(FORGE_MAX);
    struct atls_view project = wanted->project_id;

    if (project.len == 0)
        project = atls_view_text("example-project");
    put_tlv(&in, 0x0c,
            atls_view_text(wanted->zone != NULL ? wanted->zone : "zone-1"));
    forge_hex(&in, wanted->project_number != NULL ? wanted->project_number
                                                  : "020204d2");
    put_tlv(&in, 0x0c, project);
    forge_hex(&in, "020900ffffffffffffffff"); /* 2^64 - 1 */
    put_tlv(&in, 0x0c, atls_view_text("node"));
    forge_hex(&in, wanted->security != NULL ? wanted->security : PRODUCTION);
    if (wanted->after != NULL)
        forge_hex(&in, wanted->after);
    put_tlv(out, 0x30, atls_buf_view(&in));
    if (wanted->behind != NULL)
        forge_hex(out, wanted->behind);
}

/* A peer's certificate and what it quotes */
struct peer {
    const char *eku; /* DER in hex; NULL: none */
    const char *ku;  /* likewise */
    bool has_no_instance, is_ca, is_old, is_of_root;
    struct instance instance;
    EVP_PKEY *certified; /* NULL: ak */
    struct forge_quote quote;
};

static struct peer good(void)
{
    return (struct peer){.eku = AIK_EKU,
                         .ku = SIGNS,
                         .quote = {.key = ak,
                                   .attributes = 0x00050072,
                                   .nonce = forge_nonce(FORGE_NONCE),
                                   .selections = {{0x0b, 0x01}}}};
}

static X509 *certify(const struct peer *peer)
{
    struct forge_extension extensions[4] = {{NULL, NULL, false}};
    ATLS_AUTO_BUF der = atls_buf(FORGE_MAX);
    char hex[1024];
    size_t num = 0;

    put_instance(&peer->instance, &der);
    atls_hex(atls_buf_view(&der), hex, sizeof(hex));
    if (peer->eku != NULL)
        extensions[num++] = (struct forge_extension){EKU, peer->eku, false};
    if (peer->ku != NULL)
        extensions[num++] = (struct forge_extension){KU, peer->ku, true};
    if (!peer->has_no_instance)
        extensions[num++] = (struct forge_extension){GCE_INSTANCE, hex, false};
    return forge_x509(&(struct forge_certificate){
        .name = "ak",
        .key = peer->certified != NULL ? peer->certified : ak,
        .issuer = peer->is_of_root ? root : middle,
        .issuer_key = peer->is_of_root ? root_key : middle_key,
        .is_ca = peer->is_ca,
        .serial = 3,
        .until = peer->is_old ? FORGE_NOW - 1 : 0,
        .extensions = extensions});
}

static void put(const struct peer *peer, struct atls_buf *cmw)
{
    ATLS_AUTO(X509) *certificate = certify(peer);
    ATLS_AUTO_BUF der = atls_buf(FORGE_MAX), value = atls_buf(FORGE_MAX);
    struct forge_quote quote = peer->quote;

    forge_x509_der(&der, certificate);
    if (quote.ak_cert.len == 0)
        quote.ak_cert = atls_buf_view(&der);
    forge_quote(&value, &quote);
    forge_cmw(cmw, TYPE, atls_buf_view(&value), 4);
}

static void put_policy(struct atls_buf *text, X509 *anchor, const char *more)
{
    atls_buf_text(text, "{\"profiles\":{\"p\":{\"format\":\"tpm-cert\","
                        "\"trust_anchors\":[\"");
    forge_x509_json(text, anchor);
    atls_buf_text(text, "\",\"");
    forge_x509_json(text, middle);
    atls_buf_text(text, "\"],");
    atls_buf_text(text, more);
    atls_buf_text(text, "}}}");
}

static struct atls_policy *load(X509 *anchor, const char *more)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    put_policy(&text, anchor, more);
    ck_assert_msg(atls_policy_parse(atls_buf_view(&text), "p", "", NULL, NULL,
                                    &policy, &why) == ATLS_OK,
                  "%s", why.text);
    return policy;
}

static enum atls_reason judge(const struct peer *peer, X509 *anchor,
                              const char *more, struct atls_verdict *verdict)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_policy *policy = load(anchor, more);

    put(peer, &cmw);
    (void)atls_appraise(policy, atls_buf_view(&cmw), forge_nonce(FORGE_NONCE),
                        FORGE_NOW, NULL, verdict);
    atls_policy_free(policy);
    return verdict->reason;
}

static enum atls_reason appraise(const struct peer *peer, const char *more)
{
    struct atls_verdict verdict;

    return judge(peer, root, more, &verdict);
}

START_TEST(quote_of_a_certified_key_is_accepted)
{
    struct peer peer = good();
    struct atls_verdict verdict;

    ck_assert_reason(judge(&peer, root, PROJECT, &verdict), ATLS_OK);
    ck_assert_int_eq(verdict.vector[ATLS_INSTANCE_IDENTITY], 2);
    ck_assert_int_eq(verdict.vector[ATLS_EXECUTABLES], 0);
    ck_assert_reason(judge(&peer, root, PCR_0("00"), &verdict), ATLS_OK);
    ck_assert_int_eq(verdict.vector[ATLS_EXECUTABLES], 3);
    ck_assert_reason(judge(&peer, root, ANY, &verdict), ATLS_OK);
    peer.is_of_root = true;
    ck_assert_reason(judge(&peer, root, PROJECT, &verdict), ATLS_OK);
    /* whoever is the anchor's own issuer is not asked */
    ck_assert_reason(judge(&peer, middle, PROJECT, &verdict),
                     ATLS_CHAIN_UNTRUSTED);
    peer.is_of_root = false;
    ck_assert_reason(judge(&peer, middle, PROJECT, &verdict), ATLS_OK);
}
END_TEST

START_TEST(keys_may_be_rsa)
{
    ATLS_AUTO(EVP_PKEY) *rsa = forge_key("ak-rsa");
    struct peer peer = good();

    peer.certified = rsa;
    peer.quote.key = rsa;
    peer.quote.algorithm = 0x14;
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_OK);
}
END_TEST

START_TEST(chain_ends_in_an_anchor_and_is_of_now)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_ec("P-384");
    ATLS_AUTO(X509) *stranger = forge_x509(&(struct forge_certificate){
        .name = "root", .key = key, .is_ca = true, .serial = 1});
    struct peer peer = good();
    struct atls_verdict verdict;

    peer.is_of_root = true;
    ck_assert_reason(judge(&peer, stranger, PROJECT, &verdict),
                     ATLS_CHAIN_UNTRUSTED);
    peer.is_of_root = false;
    peer.is_old = true;
    ck_assert_reason(judge(&peer, root, PROJECT, &verdict), ATLS_CHAIN_EXPIRED);
}
END_TEST

static const uint8_t not_x509[] = {0x30, 0x03, 0x02, 0x01, 0x01};

START_TEST(certificate_has_to_come)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    struct atls_policy *policy = load(root, PROJECT);
    struct peer peer = good();
    struct atls_verdict verdict;

    forge_quote(&value, &peer.quote);
    forge_cmw(&cmw, TYPE, atls_buf_view(&value), 4);
    ck_assert_reason(atls_appraise(policy, atls_buf_view(&cmw),
                                   forge_nonce(FORGE_NONCE), FORGE_NOW, NULL,
                                   &verdict),
                     ATLS_CHAIN_MISSING);
    atls_policy_free(policy);
    peer.quote.ak_cert = atls_view(not_x509, sizeof(not_x509));
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_EVIDENCE_MALFORMED);
    peer.quote.ak_cert = atls_view_text("-----BEGIN CERTIFICATE-----\n");
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_EVIDENCE_MALFORMED);
}
END_TEST

/* Certificates are public: whoever shows another's has not its key. */
START_TEST(certificate_of_another_key_is_refused)
{
    ATLS_AUTO(EVP_PKEY) *other = forge_key("ak-other");
    struct peer peer = good();

    peer.certified = other;
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_SIGNATURE_INVALID);
    peer.quote.attributes = 0; /* with no ak_pub that would tell */
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_SIGNATURE_INVALID);
}
END_TEST

START_TEST(key_that_shows_it_is_unfit_is_refused)
{
    ATLS_AUTO(EVP_PKEY) *other = forge_key("ak-other");
    struct peer peer = good();

    peer.quote.attributes = 0x00040072; /* not restricted */
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_AK_UNFIT);
    peer = good();
    peer.quote.public_key = other;
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_AK_UNFIT);
}
END_TEST

static const struct {
    const char *eku, *policy;
    enum atls_reason reason;
} usages[] = {
    {AIK_EKU, "", ATLS_OK},
    {EK_EKU, "", ATLS_AK_UNFIT},
    {NULL, "", ATLS_AK_UNFIT},
    {"300e0605678105080106056781050803", "", ATLS_OK}, /* both */
    {EK_EKU, ",\"eku\":\"2.23.133.8.1\"", ATLS_OK},
    {AIK_EKU, ",\"eku\":\"2.23.133.8.1\"", ATLS_AK_UNFIT},
    {NULL, ",\"eku\":\"absent\"", ATLS_OK},
    {AIK_EKU, ",\"eku\":\"absent\"", ATLS_AK_UNFIT},
    {NULL, ",\"eku\":[\"2.23.133.8.3\",\"absent\"]", ATLS_OK},
    {EK_EKU, ",\"eku\":[\"2.23.133.8.3\",\"absent\"]", ATLS_AK_UNFIT},
    {"30060604551d2500", "", ATLS_AK_UNFIT}, /* any usage is not this one */
    {"300a06082b06010505070301", "", ATLS_AK_UNFIT},       /* serverAuth */
    {"0500", ",\"eku\":\"absent\"", ATLS_CHAIN_UNTRUSTED}, /* unreadable */
};

START_TEST(key_is_certified_for_this_use)
{
    ATLS_AUTO_BUF policy = atls_buf(FORGE_MAX);
    struct peer peer = good();

    peer.eku = usages[_i].eku;
    atls_buf_text(&policy, PROJECT);
    atls_buf_text(&policy, usages[_i].policy);
    atls_buf_u8(&policy, 0);
    ck_assert_reason(appraise(&peer, (const char *)policy.data),
                     usages[_i].reason);
}
END_TEST

START_TEST(key_signs_and_is_no_cas)
{
    struct peer peer = good();

    peer.ku = NULL; /* nothing is said, so nothing is forbidden */
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_OK);
    peer.ku = ENCRYPTS;
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_AK_UNFIT);
    peer = good();
    peer.ku = NULL;
    peer.is_ca = true;
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_AK_UNFIT);
}
END_TEST

static const struct {
    const char *policy;
    enum atls_reason reason;
} instances[] = {
    {"\"zone\":\"zone-1\"", ATLS_OK},
    {"\"zone\":\"zone-10\"", ATLS_INSTANCE_REFUSED},
    {"\"zone\":[\"zone-2\",\"zone-1\"]", ATLS_OK},
    {"\"project_number\":\"1234\"", ATLS_OK},
    {"\"project_number\":\"1235\"", ATLS_INSTANCE_REFUSED},
    {"\"project_id\":\"example-project\"", ATLS_OK},
    {"\"project_id\":\"example-project-2\"", ATLS_INSTANCE_REFUSED},
    {"\"project_id\":\"example-projec\"", ATLS_INSTANCE_REFUSED},
    {"\"instance_id\":\"18446744073709551615\"", ATLS_OK},
    {"\"instance_id\":\"18446744073709551614\"", ATLS_INSTANCE_REFUSED},
    {"\"instance_name\":\"node\"", ATLS_OK},
    {"\"instance_name\":[\"node-1\",\"node-2\"]", ATLS_INSTANCE_REFUSED},
    {"\"project_id\":\"example-project\",\"zone\":\"zone-2\"",
     ATLS_INSTANCE_REFUSED},
};

START_TEST(instance_is_one_of_the_policys)
{
    ATLS_AUTO_BUF policy = atls_buf(FORGE_MAX);
    struct peer peer = good();
    struct atls_verdict verdict;

    atls_buf_text(&policy, PCR_0("00") ",\"gce\":{");
    atls_buf_text(&policy, instances[_i].policy);
    atls_buf_text(&policy, "}");
    atls_buf_u8(&policy, 0);
    ck_assert_reason(judge(&peer, root, (const char *)policy.data, &verdict),
                     instances[_i].reason);
    ck_assert_int_eq(verdict.vector[ATLS_INSTANCE_IDENTITY],
                     instances[_i].reason == ATLS_OK ? 2 : 97);
}
END_TEST

/* Google's word: the rest is not to be believed without. */
START_TEST(instance_is_of_production)
{
    struct peer peer = good();

    peer.instance.security = "";
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_INSTANCE_REFUSED);
    peer.instance.security = "a0073005a003020101";
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_INSTANCE_REFUSED);
    peer.instance.security = "a00c300aa003020101a103010100";
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_INSTANCE_REFUSED);
    ck_assert_reason(appraise(&peer, PCR_0("00")), ATLS_OK); /* not asked */
    peer.instance.security = "a011300fa003020101a1030101ffa203010100";
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_OK);
}
END_TEST

START_TEST(instance_has_to_be_named)
{
    struct peer peer = good();

    peer.has_no_instance = true;
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_CLAIM_MISSING);
    ck_assert_reason(appraise(&peer, PCR_0("00")), ATLS_OK);
}
END_TEST

static const struct instance bad_instances[] = {
    {.project_number = "0202fb2e"},               /* negative */
    {.project_number = "0200"},                   /* no digit */
    {.project_number = "020901ffffffffffffffff"}, /* 65 bits */
    {.project_number = "0c0131"},                 /* a text */
    {.project_id = {(const uint8_t *)"example-project\0x", 17}},
    {.zone = X32("zone")},                        /* 128 bytes */
    {.security = "a00c300aa003020101a103010101"}, /* no boolean of DER */
    {.security = "a00c300aa103010100a1030101ff"}, /* twice */
    {.security = "a00a3008a1060101ff0101ff"},     /* two in one */
    {.security = "a00d300aa003020101a1030101ff00"},
    {.security = "a00c300ba003020101a1030101ff"},
    {.after = "0500"},
    {.behind = "00"},
};

START_TEST(malformed_instance_is_refused)
{
    ATLS_AUTO_BUF der = atls_buf(FORGE_MAX);
    struct atls_gce_instance instance;
    struct peer peer = good();

    put_instance(&bad_instances[_i], &der);
    ck_assert_reason(atls_gce_parse(atls_buf_view(&der), &instance, NULL),
                     ATLS_CLAIM_INVALID);
    peer.instance = bad_instances[_i];
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_CLAIM_INVALID);
}
END_TEST

START_TEST(cut_anywhere_an_instance_is_malformed)
{
    ATLS_AUTO_BUF der = atls_buf(FORGE_MAX);
    const struct instance whole = {.zone = NULL};
    struct atls_gce_instance instance;

    put_instance(&whole, &der);
    ck_assert_reason(atls_gce_parse(atls_buf_view(&der), &instance, NULL),
                     ATLS_OK);
    for (size_t i = 0; i < der.len; i++)
        ck_assert_reason(
            atls_gce_parse(atls_view(der.data, i), &instance, NULL),
            ATLS_CLAIM_INVALID);
}
END_TEST

/* The quote is judged as any other. */
START_TEST(quote_is_judged)
{
    struct peer peer = good();

    ck_assert_reason(appraise(&peer, PROJECT "," PCR_0("01")),
                     ATLS_PCR_MISMATCH);
    ck_assert_reason(appraise(&peer, PROJECT ",\"eventlog\":true"),
                     ATLS_CLAIM_MISSING);
    ck_assert_reason(
        appraise(&peer, PROJECT ",\"firmware_version\":\"0000000000000001\""),
        ATLS_FIRMWARE_REFUSED);
    peer.quote.nonce = atls_view_text("another nonce");
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_BINDER_MISMATCH);
    peer = good();
    peer.quote.magic = 1;
    ck_assert_reason(appraise(&peer, PROJECT), ATLS_TPM_NOT_A_QUOTE);
}
END_TEST

static const struct {
    const char *policy, *text;
} bad_policies[] = {
    {"\"verifier\":\"x\"", "verifier"},
    {"\"eku\":\"absent\"", "pins nothing"},
    {GCE("\"zone\":\"zone-1\""), "pins nothing"},
    {GCE("\"instance_name\":\"node\""), "pins nothing"},
    {GCE(""), "at least one key"},
    {GCE("\"project_id\":[]"), "at least one text"},
    {GCE("\"project_id\":1"), "string"},
    {GCE("\"project_number\":\"0x1\""), "digits of a number"},
    {GCE("\"project_number\":\"01\""), "digits of a number"},
    {GCE("\"instance_id\":\"\""), "string"},
    {GCE("\"project\":\"x\""), "unknown key \"project\""},
    {"\"gce\":\"x\"", "an object"},
    {PROJECT ",\"any\":true", "either reference values"},
    {PROJECT ",\"eku\":\"AIK\"", "OIDs such as"},
    {PROJECT ",\"eku\":\"serverAuth\"", "OIDs such as"},
    {PROJECT ",\"eku\":\"2.23.133.8.03\"", "OIDs such as"},
    {PROJECT ",\"eku\":[]", "at least one text"},
};

START_TEST(policy_that_makes_no_sense_is_refused)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    put_policy(&text, root, bad_policies[_i].policy);
    ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "p", "", NULL,
                                       NULL, &policy, &why),
                     ATLS_POLICY_INVALID);
    ck_assert_msg(strstr(why.text, bad_policies[_i].text) != NULL, "%s",
                  why.text);
}
END_TEST

/* Of the two formats of one Evidence, the rule takes what either accepts. */
START_TEST(profiles_of_keys_and_of_certificates_stand_side_by_side)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    ATLS_AUTO(EVP_PKEY) *other = forge_key("ak-other");
    EVP_PKEY *const anchors[] = {ak, other};
    struct peer peer = good();
    struct atls_verdict verdict;

    put(&peer, &cmw);
    for (size_t i = 0; i < 2; i++) {
        ATLS_AUTO_HEAP char *pem = forge_pem(anchors[i]);
        ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
        struct atls_policy *policy = NULL;

        atls_buf_text(&text, "{\"profiles\":{\"key\":{\"format\":\"tpm\","
                             "\"trust_anchors\":[\"");
        atls_buf_text(&text, pem);
        atls_buf_text(
            &text,
            "\"]," PCR_0("00") "},\"cert\":{"
                               "\"format\":\"tpm-cert\",\"trust_anchors\":[\"");
        forge_x509_json(&text, middle);
        atls_buf_text(&text, "\"]," PROJECT "}}}");
        ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "p", "", NULL,
                                           NULL, &policy, NULL),
                         ATLS_OK);
        ck_assert_reason(atls_appraise(policy, atls_buf_view(&cmw),
                                       forge_nonce(FORGE_NONCE), FORGE_NOW,
                                       NULL, &verdict),
                         ATLS_OK);
        ck_assert_str_eq(verdict.profile, i == 0 ? "key" : "cert");
        atls_policy_free(policy);
    }
}
END_TEST

static struct atls_evidence *parsed(const struct atls_buf *cmw)
{
    struct atls_evidence *evidence = NULL;

    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(cmw), NULL, &evidence, NULL),
        ATLS_OK);
    return evidence;
}

static struct atls_policy *learnt(const struct peer *peer, const char *word)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX), pem = atls_buf(FORGE_MAX);
    struct atls_lesson lesson = {.now = FORGE_NOW};
    struct atls_evidence *evidence;
    ATLS_AUTO_HEAP char *text = NULL;
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};

    put(peer, &cmw);
    evidence = parsed(&cmw);
    ck_assert(!atls_policy_signers(evidence).by_certificates);
    ck_assert(atls_policy_signers(evidence).brings_certificate);
    forge_x509_pem(&pem, root);
    forge_x509_pem(&pem, middle);
    atls_buf_u8(&pem, 0);
    lesson.certificates = (const char *)pem.data;
    ck_assert_msg(atls_policy_learn(evidence, &lesson, &text, &why) == ATLS_OK,
                  "%s", why.text);
    ck_assert_msg(strstr(text, word) != NULL, "%s", text);
    atls_evidence_free(evidence);
    ck_assert_reason(atls_policy_parse(atls_view_text(text), "learnt", "", NULL,
                                       NULL, &policy, NULL),
                     ATLS_OK);
    return policy;
}

static enum atls_reason under(const struct atls_policy *policy,
                              const struct peer *peer)
{
    ATLS_AUTO_BUF cmw = atls_buf(FORGE_MAX);
    struct atls_verdict verdict;

    put(peer, &cmw);
    return atls_appraise(policy, atls_buf_view(&cmw), forge_nonce(FORGE_NONCE),
                         FORGE_NOW, NULL, &verdict);
}

START_TEST(policy_that_was_learnt_takes_this_instance)
{
    struct peer peer = good(), other = good();
    struct atls_policy *policy = learnt(&peer, "\"instance_id\"");

    ck_assert_reason(under(policy, &peer), ATLS_OK);
    other.instance.project_id = atls_view_text("another");
    ck_assert_reason(under(policy, &other), ATLS_INSTANCE_REFUSED);
    atls_policy_free(policy);

    peer.eku = NULL;
    peer.quote.selections[0].mask = 0; /* no PCR: the instance alone pins */
    policy = learnt(&peer, "\"eku\": \"absent\"");
    ck_assert_reason(under(policy, &peer), ATLS_OK);
    ck_assert_reason(under(policy, &other), ATLS_AK_UNFIT);
    atls_policy_free(policy);

    peer.eku = EK_EKU;
    peer.has_no_instance = true;
    policy = learnt(&peer, "\"any\": true");
    ck_assert_reason(under(policy, &peer), ATLS_OK);
    atls_policy_free(policy);
}
END_TEST

START_TEST(nothing_to_learn_without_a_certificate)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX), other = atls_buf(FORGE_MAX);
    struct atls_lesson lesson = {.now = FORGE_NOW};
    ATLS_AUTO_HEAP char *text = NULL;
    struct peer peer = good();
    struct atls_evidence *evidence;

    forge_quote(&value, &peer.quote);
    forge_cmw(&cmw, TYPE, atls_buf_view(&value), 4);
    evidence = parsed(&cmw);
    ck_assert(!atls_policy_signers(evidence).brings_certificate);
    atls_evidence_free(evidence);
    forge_x509_pem(&pem, root);
    atls_buf_u8(&pem, 0);
    lesson.certificates = (const char *)pem.data;
    peer.quote.ak_cert = atls_view(not_x509, sizeof(not_x509));
    put(&peer, &other);
    evidence = parsed(&other);
    ck_assert_reason(atls_policy_learn(evidence, &lesson, &text, NULL),
                     ATLS_EVIDENCE_MALFORMED);
    atls_evidence_free(evidence);
}
END_TEST

/* Google's, of two of its CAs; what signed with them is not there. */
static const struct {
    const char *file, *instance_id, *name, *eku;
} real[] = {
    {"gce-pca_tpm_ecc_sign_cert.pem", "218557372616137117", "cs-debug-pca",
     "absent"},
    {"gce-pca_tpm_rsa_sign_cert.pem", "218557372616137117", "cs-debug-pca",
     "absent"},
    {"gce-uca_tpm_ecc_sign_cert.pem", "5780156274199835632", "cs-debug",
     "2.23.133.8.1"},
    {"gce-uca_tpm_rsa_sign_cert.pem", "5780156274199835632", "cs-debug",
     "2.23.133.8.1"},
};

static bool is_taken(X509 *certificate, const char *eku)
{
    char *items[] = {(char *)(uintptr_t)eku};
    const struct atls_texts ekus = {items, 1};
    const struct atls_profile profile = {.name = "p"};

    return atls_ak_cert_check(certificate, &ekus, &profile, NULL) == ATLS_OK;
}

static X509 *real_certificate(const char *file)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    ATLS_AUTO(BIO) *bio = NULL;
    char path[128];

    snprintf(path, sizeof(path), "tpm/%s", file);
    ck_assert(forge_vector(path, &text));
    bio = BIO_new_mem_buf(text.data, (int)text.len);
    return PEM_read_bio_X509(bio, NULL, NULL, NULL);
}

START_TEST(googles_certificates_are_read)
{
    ATLS_AUTO(X509) *certificate = real_certificate(real[_i].file);
    struct atls_gce_instance instance;

    ck_assert_reason(atls_gce_read(certificate, &instance, NULL), ATLS_OK);
    ck_assert_str_eq(instance.fields[ATLS_GCE_ZONE], "us-central1-a");
    ck_assert_str_eq(instance.fields[ATLS_GCE_PROJECT_NUMBER], "117478743145");
    ck_assert_str_eq(instance.fields[ATLS_GCE_PROJECT_ID],
                     "google.com:wuale-gcp-testing");
    ck_assert_str_eq(instance.fields[ATLS_GCE_INSTANCE_ID],
                     real[_i].instance_id);
    ck_assert_str_eq(instance.fields[ATLS_GCE_INSTANCE_NAME], real[_i].name);
    ck_assert(instance.is_production);
    ck_assert(is_taken(certificate, real[_i].eku));
    ck_assert(!is_taken(certificate, "2.23.133.8.3"));
}
END_TEST

static void add_real(TCase *cases)
{
    ATLS_AUTO_BUF any = atls_buf(FORGE_MAX);

    if (forge_vector("tpm/gce-pca_tpm_ecc_sign_cert.pem", &any)) /* else
                                                        vectors.sh says so */
        tcase_add_loop_test(cases, googles_certificates_are_read, 0, 4);
}

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

int main(void)
{
    Suite *suite = suite_create("tpm_cert");
    TCase *cases = tcase_create("tpm_cert");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, quote_of_a_certified_key_is_accepted);
    tcase_add_test(cases, keys_may_be_rsa);
    tcase_add_test(cases, chain_ends_in_an_anchor_and_is_of_now);
    tcase_add_test(cases, certificate_has_to_come);
    tcase_add_test(cases, certificate_of_another_key_is_refused);
    tcase_add_test(cases, key_that_shows_it_is_unfit_is_refused);
    tcase_add_loop_test(cases, key_is_certified_for_this_use, 0, COUNT(usages));
    tcase_add_test(cases, key_signs_and_is_no_cas);
    tcase_add_loop_test(cases, instance_is_one_of_the_policys, 0,
                        COUNT(instances));
    tcase_add_test(cases, instance_is_of_production);
    tcase_add_test(cases, instance_has_to_be_named);
    tcase_add_loop_test(cases, malformed_instance_is_refused, 0,
                        COUNT(bad_instances));
    tcase_add_test(cases, cut_anywhere_an_instance_is_malformed);
    tcase_add_test(cases, quote_is_judged);
    tcase_add_loop_test(cases, policy_that_makes_no_sense_is_refused, 0,
                        COUNT(bad_policies));
    tcase_add_test(cases,
                   profiles_of_keys_and_of_certificates_stand_side_by_side);
    tcase_add_test(cases, policy_that_was_learnt_takes_this_instance);
    tcase_add_test(cases, nothing_to_learn_without_a_certificate);
    add_real(cases);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
