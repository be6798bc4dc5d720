/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes test/vectors/psa and test/vectors/tpm: one folder a row, with the
 * Evidence, a policy, the nonce, the time and the reason that must come out.
 * Run it when a row is added (make test/unit/make_vectors; then, with
 * top_srcdir set, test/unit/make_vectors FOLDER); signatures differ each time.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/x509.h>

#include "base64url.h"
#include "forge.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

#define TYPE_PSA    "10003"
#define TYPE_LEGACY "10004"
#define TYPE_TPM    "application/vnd.atls.tpm-quote+cbor"
#define COMPONENT(byte_signer, byte_measurement)                               \
    "{\"signer_id\":\"" byte_signer "\",\"measurement\":\"" byte_measurement   \
    "\"}"
#define X8(text)      text text text text text text text text
#define X32(text)     X8(text) X8(text) X8(text) X8(text)
#define SPE           COMPONENT(X32("05"), X32("02"))
#define NSPE          COMPONENT(X32("06"), X32("03"))
#define PSA_REFERENCE "\"components\":[" SPE "," NSPE "]"

static const char *folder;

static void write_file(const char *row, const char *name,
                       struct atls_view bytes)
{
    char path[1024];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s/%s", folder, row, name);
    file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes.data, 1, bytes.len, file) != bytes.len ||
        fclose(file) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

static void write_policy(const char *row, const char *format, EVP_PKEY *anchor,
                         const char *reference)
{
    ATLS_AUTO_HEAP char *pem = forge_pem(anchor);
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);

    atls_buf_text(&text, "{\"profiles\":{\"p\":{\"format\":\"");
    atls_buf_text(&text, format);
    atls_buf_text(&text, "\",\n\"trust_anchors\":[\"");
    atls_buf_text(&text, pem);
    atls_buf_text(&text, "\"],\n");
    atls_buf_text(&text, reference);
    atls_buf_text(&text, "}},\n\"rules\":[{\"accept\":[\"p\"]}]}\n");
    write_file(row, "policy.json", atls_buf_view(&text));
}

static void write_row(const char *row, const char *format, EVP_PKEY *anchor,
                      const char *reference, struct atls_view cmw,
                      const char *expect)
{
    char path[1024], nonce[2 * FORGE_NONCE + 2], line[64];

    snprintf(path, sizeof(path), "%s/%s", folder, row);
    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    atls_hex(forge_nonce(FORGE_NONCE), nonce, sizeof(nonce));
    strcat(nonce, "\n");
    snprintf(line, sizeof(line), "%s\n", expect);
    write_file(row, "evidence.cmw", cmw);
    write_file(row, "nonce", atls_view_text(nonce));
    write_file(row, "now", atls_view_text("1795000000\n"));
    write_file(row, "expect", atls_view_text(line));
    write_policy(row, format, anchor, reference);
}

enum edit { KEEP, SET, ADD, DROP, FLIP_LAST, UNTAG, MAC0, APPEND };

static const struct psa_row {
    const char *row, *expect, *reference;
    enum edit edit;
    int64_t key;
    const char *hex;
} psa_rows[] = {
    {"accept", "OK", PSA_REFERENCE, KEEP, 0, NULL},
    {"accept-any", "OK", "\"any\":true", KEEP, 0, NULL},
    {"accept-unknown-claim", "OK", PSA_REFERENCE, ADD, 99999, "a10102"},
    {"accept-required-component", "OK",
     "\"components\":[{\"type\":\"NSPE\",\"version\":\"1.2.3\",\"required\":"
     "true,\"signer_id\":\"" X32("06") "\",\"measurement\":\"" X32(
         "03") "\"}," SPE "]",
     KEEP, 0, NULL},
    {"accept-instance-id-of-bare-point", "OK", PSA_REFERENCE, SET, 256,
     "POINT"},
    {"accept-lifecycle", "OK",
     PSA_REFERENCE ",\"lifecycle\":[\"secured\",\"assembly_and_test\"]", SET,
     2395, "191000"},
    {"reject-lifecycle", "LIFECYCLE_REFUSED", PSA_REFERENCE, SET, 2395,
     "191000"},
    {"reject-lifecycle-undefined", "CLAIM_INVALID", PSA_REFERENCE, SET, 2395,
     "193100"},
    {"reject-component", "COMPONENT_REFUSED", "\"components\":[" SPE "]", KEEP,
     0, NULL},
    {"reject-component-signer", "COMPONENT_REFUSED",
     "\"components\":[" SPE "," COMPONENT(X32("07"), X32("03")) "]", KEEP, 0,
     NULL},
    {"reject-component-type", "COMPONENT_REFUSED",
     "\"components\":[" SPE ",{\"type\":\"BL\",\"signer_id\":\"" X32(
         "06") "\",\"measurement\":\"" X32("03") "\"}]",
     KEEP, 0, NULL},
    {"reject-required-component", "COMPONENT_REFUSED",
     "\"components\":[" SPE "," NSPE ",{\"required\":true,\"signer_id\":\"" X32(
         "08") "\",\"measurement\":\"" X32("08") "\"}]",
     KEEP, 0, NULL},
    {"reject-no-components", "CLAIM_INVALID", PSA_REFERENCE, SET, 2399, "80"},
    {"reject-implementation-id", "INSTANCE_REFUSED",
     "\"implementation_id\":\"" X32("00") "\"", KEEP, 0, NULL},
    {"reject-instance-id", "INSTANCE_REFUSED",
     "\"instance_id\":\"01" X32("00") "\"", KEEP, 0, NULL},
    {"reject-other-anchor", "ANCHOR_UNKNOWN", PSA_REFERENCE, SET, 256,
     "582101" X32("00")},
    {"reject-signature", "SIGNATURE_INVALID", PSA_REFERENCE, FLIP_LAST, 0,
     NULL},
    {"reject-missing-client-id", "CLAIM_MISSING", PSA_REFERENCE, DROP, 2394,
     NULL},
    {"reject-missing-lifecycle", "CLAIM_MISSING", PSA_REFERENCE, DROP, 2395,
     NULL},
    {"reject-missing-implementation-id", "CLAIM_MISSING", PSA_REFERENCE, DROP,
     2396, NULL},
    {"reject-missing-components", "CLAIM_MISSING", PSA_REFERENCE, DROP, 2399,
     NULL},
    {"reject-missing-instance-id", "CLAIM_MISSING", PSA_REFERENCE, DROP, 256,
     NULL},
    {"reject-missing-nonce", "NONCE_MISSING", PSA_REFERENCE, DROP, 10, NULL},
    {"reject-missing-profile", "FORMAT_UNKNOWN", PSA_REFERENCE, DROP, 265,
     NULL},
    {"reject-unknown-profile", "FORMAT_UNKNOWN", PSA_REFERENCE, SET, 265,
     "6161"},
    {"reject-legacy-profile", "PROFILE_MISSING", PSA_REFERENCE, SET, 265,
     "7818687474703a2f2f61726d2e636f6d2f7073612f322e302e30"},
    {"accept-legacy-profile", "OK",
     PSA_REFERENCE ",\"profile\":\"http://arm.com/psa/2.0.0\"", SET, 265,
     "7818687474703a2f2f61726d2e636f6d2f7073612f322e302e30"},
    {"reject-client-id-zero", "CLAIM_INVALID", PSA_REFERENCE, SET, 2394, "00"},
    {"reject-instance-id-type", "ANCHOR_UNKNOWN", PSA_REFERENCE, SET, 256,
     "582102" X32("00")},
    {"reject-boot-seed-short", "CLAIM_INVALID", PSA_REFERENCE, SET, 268,
     "4701020304050607"},
    {"reject-nonce-of-another", "BINDER_MISMATCH", PSA_REFERENCE, SET, 10,
     "5820" X32("00")},
    {"reject-nonce-33-bytes", "EVIDENCE_MALFORMED", PSA_REFERENCE, SET, 10,
     "582100" X32("00")},
    {"reject-nonce-list", "EVIDENCE_MALFORMED", PSA_REFERENCE, SET, 10,
     "825820" X32("00") "5820" X32("00")},
    {"reject-duplicate-claim", "EVIDENCE_MALFORMED", PSA_REFERENCE, ADD, 2395,
     "193000"},
    {"reject-two-dialects", "EVIDENCE_MALFORMED", PSA_REFERENCE, ADD, -75002,
     "193000"},
    {"reject-claim-of-wrong-type", "EVIDENCE_MALFORMED", PSA_REFERENCE, SET,
     2396, "193000"},
    {"reject-untagged", "EVIDENCE_MALFORMED", PSA_REFERENCE, UNTAG, 0, NULL},
    {"reject-mac0", "ALGORITHM_UNSUPPORTED", PSA_REFERENCE, MAC0, 0, NULL},
    {"reject-trailing-bytes", "EVIDENCE_MALFORMED", PSA_REFERENCE, APPEND, 0,
     NULL},
};

static const char *point_id(EVP_PKEY *key, char *hex, size_t size)
{
    uint8_t *der = NULL, id[35] = {0x58, 0x21, 0x01};
    int len = i2d_PUBKEY(key, &der);

    EVP_Q_digest(NULL, "SHA256", NULL, der + len - 65, 65, id + 3, NULL);
    OPENSSL_free(der);
    atls_hex(atls_view(id, sizeof(id)), hex, size);
    return hex;
}

static void edit_claims(const struct psa_row *row, EVP_PKEY *key,
                        struct forge_claims *claims)
{
    char hex[80];
    const char *value = row->hex;

    if (value != NULL && strcmp(value, "POINT") == 0)
        value = point_id(key, hex, sizeof(hex));
    if (row->edit == SET)
        forge_claim_set(claims, row->key, value);
    else if (row->edit == ADD)
        forge_claim_add(claims, row->key, value);
    else if (row->edit == DROP)
        forge_claim_drop(claims, row->key);
}

static void edit_token(const struct psa_row *row, struct atls_buf *token)
{
    if (row->edit == FLIP_LAST)
        token->data[token->len - 1] ^= 1;
    else if (row->edit == MAC0)
        token->data[0] = 0xd1;
    else if (row->edit == APPEND)
        atls_buf_u8(token, 0);
}

static void make_psa(const struct psa_row *row)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key("psa");
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    struct forge_claims claims;
    size_t skip = row->edit == UNTAG ? 1 : 0;
    bool is_legacy = strstr(row->row, "legacy") != NULL;
    char name[128];

    forge_claims(&claims, key, forge_nonce(FORGE_NONCE));
    edit_claims(row, key, &claims);
    forge_psa(&token, &claims, key);
    edit_token(row, &token);
    forge_cmw(&cmw, is_legacy ? TYPE_LEGACY : TYPE_PSA,
              atls_view(token.data + skip, token.len - skip), 4);
    snprintf(name, sizeof(name), "psa/%s", row->row);
    write_row(name, "psa", key, row->reference, atls_buf_view(&cmw),
              row->expect);
    forge_claims_clear(&claims);
}

/* Good tokens in wrong wrappers. */
static void make_wrappers(void)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key("psa");
    ATLS_AUTO_BUF token = atls_buf(FORGE_MAX), results = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF other = atls_buf(FORGE_MAX), json = atls_buf(FORGE_MAX);
    ATLS_AUTO_BUF tpm = atls_buf(FORGE_MAX);
    struct forge_claims claims;

    forge_claims(&claims, key, forge_nonce(FORGE_NONCE));
    forge_psa(&token, &claims, key);
    forge_claims_clear(&claims);
    forge_cmw(&results, TYPE_PSA, atls_buf_view(&token), 8);
    write_row("psa/reject-indicator", "psa", key, PSA_REFERENCE,
              atls_buf_view(&results), "CMW_INDICATOR");
    forge_cmw(&other, "263", atls_buf_view(&token), 4);
    write_row("psa/reject-other-type", "psa", key, PSA_REFERENCE,
              atls_buf_view(&other), "FORMAT_UNKNOWN");
    forge_cmw(&tpm, TYPE_TPM, atls_buf_view(&token), 4);
    write_row("psa/reject-as-tpm-quote", "psa", key, PSA_REFERENCE,
              atls_buf_view(&tpm), "EVIDENCE_MALFORMED");
    atls_buf_text(&json, "[\"application/eat+cwt; eat_profile=\\\"tag:"
                         "psacertified.org,2023:psa#tfm\\\"\",\"");
    atls_base64url_put(&json, atls_buf_view(&token));
    atls_buf_text(&json, "\"]");
    write_row("psa/accept-json", "psa", key, PSA_REFERENCE,
              atls_buf_view(&json), "OK");
    json.len -= 2;
    write_row("psa/reject-json-cut", "psa", key, PSA_REFERENCE,
              atls_buf_view(&json), "CMW_MALFORMED");
}

#define PCR0 "\"pcrs\":{\"sha256\":{\"0\":\"" X32("00") "\"}}"
#define PCR0_7                                                                 \
    "\"pcrs\":{\"sha256\":{\"0\":\"" X32("00") "\",\"7\":[\"" X32(             \
        "aa") "\",\"" X32("07") "\"]}}"

enum { AK = 0x50072, SIGNS_ANYTHING = 0x40072, MAY_MOVE = 0x50060 };
#define SHA256_0_7                                                             \
    {                                                                          \
        {                                                                      \
            0x0b, 0x81                                                         \
        }                                                                      \
    }

static const struct tpm_row {
    const char *row, *expect, *reference, *key, *anchor, *public_key;
    struct forge_quote quote;
} tpm_rows[] = {
    {"accept",
     "OK",
     PCR0_7,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7}},
    {"accept-any",
     "OK",
     "\"any\":true",
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7}},
    {"accept-ak-pub",
     "OK",
     PCR0,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7, .attributes = AK}},
    {"accept-rsassa",
     "OK",
     PCR0_7,
     "ak-rsa",
     "ak-rsa",
     NULL,
     {.selections = SHA256_0_7, .algorithm = 0x14, .attributes = AK}},
    {"accept-rsapss",
     "OK",
     PCR0_7,
     "ak-rsa",
     "ak-rsa",
     NULL,
     {.selections = SHA256_0_7, .algorithm = 0x16}},
    {"accept-two-banks",
     "OK",
     PCR0_7,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = {{0x0c, 0x800081}, {0x0b, 0x81}}}},
    {"accept-sha384-signature",
     "OK",
     PCR0_7,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7, .hash = 0x0c}},
    {"accept-firmware-version",
     "OK",
     PCR0 ",\"firmware_version\":\"0000000000000102\"",
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7, .firmware_version = 0x102}},
    {"reject-firmware-version",
     "FIRMWARE_REFUSED",
     PCR0 ",\"firmware_version\":\"0000000000000102\"",
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7, .firmware_version = 0x103}},
    {"reject-pcr",
     "PCR_MISMATCH",
     "\"pcrs\":{\"sha256\":{\"7\":\"" X32("00") "\"}}",
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7}},
    {"reject-pcr-missing",
     "PCR_MISSING",
     "\"pcrs\":{\"sha256\":{\"1\":\"" X32("01") "\"}}",
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7}},
    {"reject-bank-missing",
     "PCR_MISSING",
     PCR0,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = {{0x0c, 0x81}}}},
    {"reject-pcr-lied",
     "PCR_DIGEST",
     PCR0_7,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7, .lied_pcr = 7}},
    {"reject-pcr-hidden",
     "PCR_DIGEST",
     PCR0,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7, .hidden_pcr = 7}},
    {"reject-pcr-twice",
     "EVIDENCE_MALFORMED",
     PCR0,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7, .repeats_pcr = true}},
    {"reject-bank-twice",
     "EVIDENCE_MALFORMED",
     PCR0,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = {{0x0b, 0x81}, {0x0b, 0x02}}}},
    {"reject-sha1-bank",
     "ALGORITHM_UNSUPPORTED",
     PCR0,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = {{0x04, 0x81}}}},
    {"reject-sha1-signature",
     "ALGORITHM_UNSUPPORTED",
     PCR0,
     "ak-rsa",
     "ak-rsa",
     NULL,
     {.selections = SHA256_0_7, .algorithm = 0x14, .hash = 0x04}},
    {"reject-certify",
     "TPM_NOT_A_QUOTE",
     PCR0,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7, .type = 0x8017}},
    {"reject-magic",
     "TPM_NOT_A_QUOTE",
     PCR0,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7, .magic = 0xff544348}},
    {"reject-other-anchor",
     "ANCHOR_UNKNOWN",
     PCR0,
     "ak-other",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7}},
    {"reject-kid-of-anchor",
     "SIGNATURE_INVALID",
     PCR0,
     "ak-other",
     "ak-ecc",
     "KID",
     {.selections = SHA256_0_7}},
    {"reject-rsa-under-ecc-anchor",
     "ALGORITHM_UNSUPPORTED",
     PCR0,
     "ak-rsa",
     "ak-ecc",
     "KID",
     {.selections = SHA256_0_7, .algorithm = 0x14}},
    {"reject-ak-pub-of-another",
     "AK_UNFIT",
     PCR0,
     "ak-ecc",
     "ak-ecc",
     "ak-other",
     {.selections = SHA256_0_7, .attributes = AK}},
    {"reject-ak-unrestricted",
     "AK_UNFIT",
     PCR0,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7, .attributes = SIGNS_ANYTHING}},
    {"reject-ak-may-move",
     "AK_UNFIT",
     PCR0,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7, .attributes = MAY_MOVE}},
    {"reject-unknown-key",
     "EVIDENCE_MALFORMED",
     PCR0,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7, .has_unknown_key = true}},
    {"reject-bytes-after-attest",
     "EVIDENCE_MALFORMED",
     PCR0,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7, .after_attest = "00"}},
    {"reject-bytes-after-signature",
     "EVIDENCE_MALFORMED",
     PCR0,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7, .after_signature = "00"}},
    {"reject-nonce-of-another",
     "BINDER_MISMATCH",
     PCR0,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7,
      .nonce = {(const uint8_t *)"another connection's binder here", 32}}},
    {"reject-nonce-empty",
     "NONCE_MISSING",
     PCR0,
     "ak-ecc",
     "ak-ecc",
     NULL,
     {.selections = SHA256_0_7, .nonce = {(const uint8_t *)"", 0}}},
};

static void make_tpm(const struct tpm_row *row)
{
    ATLS_AUTO(EVP_PKEY) *key = forge_key(row->key);
    ATLS_AUTO(EVP_PKEY) *anchor = forge_key(row->anchor);
    ATLS_AUTO(EVP_PKEY) *other = NULL;
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    struct forge_quote quote = row->quote;
    char name[128];

    quote.key = key;
    if (quote.nonce.data == NULL)
        quote.nonce = forge_nonce(FORGE_NONCE);
    if (row->public_key != NULL && strcmp(row->public_key, "KID") == 0)
        quote.kid_key = anchor;
    else if (row->public_key != NULL)
        quote.public_key = other = forge_key(row->public_key);
    forge_quote(&value, &quote);
    forge_cmw(&cmw, TYPE_TPM, atls_buf_view(&value), 4);
    snprintf(name, sizeof(name), "tpm/%s", row->row);
    write_row(name, "tpm", anchor, row->reference, atls_buf_view(&cmw),
              row->expect);
}

static void make_folder(const char *name)
{
    char path[1024];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    folder = argv[1];
    make_folder("psa");
    make_folder("tpm");
    for (size_t i = 0; i < sizeof(psa_rows) / sizeof(psa_rows[0]); i++)
        make_psa(&psa_rows[i]);
    make_wrappers();
    for (size_t i = 0; i < sizeof(tpm_rows) / sizeof(tpm_rows[0]); i++)
        make_tpm(&tpm_rows[i]);
    return EXIT_SUCCESS;
}
