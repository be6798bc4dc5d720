/* SPDX-License-Identifier: Apache-2.0
 *
 * SEV-SNP reports, forged: AMD 56860 for the report, 57230 and 58369 for the
 * certificates, 56421 for the table of them.
 */
#include "forge_snp.h"

#include <stdio.h>
#include <string.h>

#include <openssl/ecdsa.h>

#include "base64url.h"
#include "cbor.h"
#include "forge.h"
#include "tsm_report.h"

enum { AT_SIGNATURE = 0x2a0, MAX_EXTENSIONS = 16, MAX_HEX = 160 };

static const char *const products[ATLS_SNP_NUM_PRODUCTS] = {
    [ATLS_SNP_MILAN] = "Milan",
    [ATLS_SNP_GENOA] = "Genoa",
    [ATLS_SNP_TURIN] = "Turin"};

static void must(bool holds)
{
    if (!holds)
        abort();
}

void forge_snp_put(struct forge_snp *snp, size_t at, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        snp->report[at + i] = (uint8_t)(value >> (8 * i));
}

static void fill(struct forge_snp *snp, size_t at, uint8_t value, size_t len)
{
    memset(snp->report + at, value, len);
}

static void set_report(struct forge_snp *snp, struct atls_view nonce)
{
    static const uint8_t cpuids[ATLS_SNP_NUM_PRODUCTS][3] = {
        {0}, {0x19, 0x01, 0x01}, {0x19, 0x11, 0x01}, {0x1a, 0x02, 0x01}};

    forge_snp_put(snp, 0x000, snp->product == ATLS_SNP_TURIN ? 5 : 3, 4);
    forge_snp_put(snp, 0x004, 4, 4);
    forge_snp_put(snp, 0x008, 0x30000, 8);
    fill(snp, 0x010, 0x46, 16);
    fill(snp, 0x020, 0x50, 16);
    forge_snp_put(snp, 0x034, 1, 4);
    forge_snp_put(snp, 0x040, 0x25, 8);
    must(nonce.len <= 64);
    if (nonce.len > 0)
        memcpy(snp->report + 0x050, nonce.data, nonce.len);
    fill(snp, 0x090, 0x4d, 48);
    fill(snp, 0x0c0, 0x48, 32);
    fill(snp, 0x0e0, 0x49, 48);
    fill(snp, 0x110, 0x41, 48);
    fill(snp, 0x140, 0x52, 32);
    fill(snp, 0x160, 0xff, 32);
    memcpy(snp->report + 0x188, cpuids[snp->product], 3);
    memcpy(snp->report + 0x1a0, snp->leaf.hwid, ATLS_SNP_HWID);
    memcpy(snp->report + 0x038, snp->leaf.tcb, ATLS_SNP_TCB);
    memcpy(snp->report + 0x180, snp->leaf.tcb, ATLS_SNP_TCB);
    memcpy(snp->report + 0x1e0, snp->leaf.tcb, ATLS_SNP_TCB);
    memcpy(snp->report + 0x1f0, snp->leaf.tcb, ATLS_SNP_TCB);
}

void forge_snp_open(struct forge_snp *snp, enum atls_snp_product product,
                    struct atls_view nonce)
{
    static const uint8_t before_turin[] = {4, 0, 0, 0, 0, 0, 24, 217};
    static const uint8_t turin[] = {1, 1, 1, 4, 0, 0, 0, 81};

    *snp = (struct forge_snp){.product = product};
    memcpy(snp->leaf.tcb, product == ATLS_SNP_TURIN ? turin : before_turin,
           ATLS_SNP_TCB);
    memset(snp->leaf.hwid, 0xc1, product == ATLS_SNP_TURIN ? 8 : ATLS_SNP_HWID);
    set_report(snp, nonce);
}

void forge_snp_clear(struct forge_snp *snp)
{
    EVP_PKEY_free(snp->key);
    X509_free(snp->ark);
    X509_free(snp->ask);
    X509_free(snp->certificate);
    *snp = (struct forge_snp){0};
}

/* The extensions of a VCEK or VLEK, their values in hex */
struct extensions {
    struct forge_extension items[MAX_EXTENSIONS];
    char hex[MAX_EXTENSIONS][MAX_HEX];
    size_t num;
};

static void add(struct extensions *out, const char *oid, const uint8_t *head,
                size_t head_len, struct atls_view content)
{
    char *hex = out->hex[out->num];

    atls_hex(atls_view(head, head_len), hex, MAX_HEX);
    atls_hex(content, hex + 2 * head_len, MAX_HEX - 2 * head_len);
    out->items[out->num++] = (struct forge_extension){oid, hex, false};
}

static void add_byte(struct extensions *out, const char *oid, uint8_t value)
{
    const uint8_t small[] = {0x02, 0x01}, large[] = {0x02, 0x02, 0x00};

    add(out, oid, value < 0x80 ? small : large,
        value < 0x80 ? sizeof(small) : sizeof(large), atls_view(&value, 1));
}

static void add_text(struct extensions *out, const char *oid, const char *text)
{
    const uint8_t head[] = {0x16, (uint8_t)strlen(text)};

    add(out, oid, head, sizeof(head), atls_view_text(text));
}

static void add_hwid(struct extensions *out, const struct forge_snp_leaf *leaf,
                     size_t len)
{
    const uint8_t head[] = {0x04, (uint8_t)len};

    if (leaf->form != FORGE_HWID_NONE)
        add(out, "1.3.6.1.4.1.3704.1.4", head,
            leaf->form == FORGE_HWID_NESTED ? sizeof(head) : 0,
            atls_view(leaf->hwid, len));
}

static void set_extensions(const struct forge_snp *snp, const char *product,
                           struct extensions *out)
{
    static const char *const before_turin[] = {"1", "2", "4", "5",
                                               "6", "7", "3", "8"};
    static const char *const turin[] = {"9", "1", "2", "3", "5", "6", "7", "8"};
    static char oids[ATLS_SNP_TCB][32];
    bool is_turin = snp->product == ATLS_SNP_TURIN;

    add_byte(out, "1.3.6.1.4.1.3704.1.1", is_turin);
    add_text(out, "1.3.6.1.4.1.3704.1.2", product);
    for (size_t i = 0; i < ATLS_SNP_TCB; i++) {
        snprintf(oids[i], sizeof(oids[i]), "1.3.6.1.4.1.3704.1.3.%s",
                 (is_turin ? turin : before_turin)[i]);
        add_byte(out, oids[i], snp->leaf.tcb[i]);
    }
    if (snp->leaf.csp_id != NULL)
        add_text(out, "1.3.6.1.4.1.3704.1.5", snp->leaf.csp_id);
    else
        add_hwid(out, &snp->leaf, is_turin ? 8 : ATLS_SNP_HWID);
}

static X509 *certify(const struct forge_snp *snp,
                     struct forge_certificate wanted)
{
    wanted.is_pss = true;
    wanted.from = snp->from;
    wanted.until = snp->until;
    return forge_x509(&wanted);
}

static void certify_leaf(struct forge_snp *snp, EVP_PKEY *ask_key)
{
    static struct extensions extensions;
    const struct forge_snp_leaf *leaf = &snp->leaf;
    const char *name = leaf->csp_id != NULL ? "SEV-VLEK" : "SEV-VCEK";

    memset(&extensions, 0, sizeof(extensions));
    set_extensions(
        snp, leaf->product != NULL ? leaf->product : products[snp->product],
        &extensions);
    snp->certificate =
        certify(snp, (struct forge_certificate){
                         .name = leaf->name != NULL ? leaf->name : name,
                         .key = snp->key,
                         .issuer = snp->ask,
                         .issuer_key = ask_key,
                         .extensions = extensions.items});
}

void forge_snp_certify(struct forge_snp *snp)
{
    const char *product = products[snp->product];
    EVP_PKEY *ark_key = snp->ark_key, *ask_key = snp->ask_key;
    char ark[32], ask[32];

    if (snp->certificate != NULL)
        return;
    if (snp->key == NULL)
        snp->key =
            forge_ec(snp->leaf.curve != NULL ? snp->leaf.curve : "P-384");
    if (ark_key == NULL)
        ark_key = forge_rsa(0);
    if (ask_key == NULL)
        ask_key = forge_rsa(1);
    snprintf(ark, sizeof(ark), "ARK-%s", product);
    snprintf(ask, sizeof(ask), "SEV-%s%s",
             snp->leaf.csp_id != NULL ? "VLEK-" : "", product);
    snp->ark = certify(snp, (struct forge_certificate){
                                .name = ark, .key = ark_key, .is_ca = true});
    snp->ask = certify(snp, (struct forge_certificate){.name = ask,
                                                       .serial = 0x010000,
                                                       .key = ask_key,
                                                       .issuer = snp->ark,
                                                       .issuer_key = ark_key,
                                                       .is_ca = true});
    certify_leaf(snp, ask_key);
}

static void put_number(uint8_t *out, const BIGNUM *number)
{
    must(BN_bn2lebinpad(number, out, 72) == 72);
}

void forge_snp_sign(struct forge_snp *snp)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t der[160];
    const uint8_t *at = der;
    size_t len = sizeof(der);
    ECDSA_SIG *signature;

    must(EVP_DigestSignInit(context, NULL, EVP_sha384(), NULL, snp->key) == 1);
    must(EVP_DigestSign(context, der, &len, snp->report, AT_SIGNATURE) == 1);
    signature = d2i_ECDSA_SIG(NULL, &at, (long)len);
    must(signature != NULL);
    put_number(snp->report + AT_SIGNATURE, ECDSA_SIG_get0_r(signature));
    put_number(snp->report + AT_SIGNATURE + 72, ECDSA_SIG_get0_s(signature));
    ECDSA_SIG_free(signature);
    EVP_MD_CTX_free(context);
    snp->leaves_signature = true;
}

static void put_u32(struct atls_buf *out, size_t value)
{
    for (unsigned i = 0; i < 4; i++)
        atls_buf_u8(out, (uint8_t)(value >> (8 * i)));
}

struct entry {
    const char *guid;
    X509 *certificate;
};

static void put_entries(const struct entry *entries, size_t num, bool is_pem,
                        struct atls_buf *out)
{
    ATLS_AUTO_BUF all = atls_buf(FORGE_MAX);
    size_t offset = 24 * (num + 1);

    for (size_t i = 0; i < num; i++) {
        size_t before = all.len;

        if (is_pem)
            forge_x509_pem(&all, entries[i].certificate);
        else
            forge_x509_der(&all, entries[i].certificate);
        forge_hex(out, entries[i].guid);
        put_u32(out, offset + before);
        put_u32(out, all.len - before);
    }
    memset(atls_buf_room(out, 24), 0, 24);
    atls_buf_put(out, atls_buf_view(&all));
}

#define VCEK "63da758de6644564adc5f4b93be8accd"
#define VLEK "a8074bc2a25a483eaae639c045a0b8a1"
#define ASK  "4ab7b379bbac4fe4a02f05aef327c782"
#define ARK  "c0b406a4a803495297433fb6014cd0ae"

void forge_snp_table(struct forge_snp *snp, struct atls_buf *out)
{
    struct entry entries[4];
    size_t num = 0;
    bool is_vlek = (snp->report[0x48] >> 2 & 7) == 1;

    if (snp->auxblob != NULL) {
        forge_hex(out, snp->auxblob);
        return;
    }
    forge_snp_certify(snp);
    entries[num++] = (struct entry){ARK, snp->ark};
    if (!snp->hides_ask)
        entries[num++] = (struct entry){ASK, snp->ask};
    if (!snp->hides_leaf)
        entries[num++] =
            (struct entry){is_vlek ? VLEK : VCEK, snp->certificate};
    put_entries(entries, num, snp->has_pem, out);
}

void forge_snp_value(struct forge_snp *snp, struct atls_buf *out)
{
    ATLS_AUTO_BUF table = atls_buf(FORGE_MAX);

    forge_snp_certify(snp);
    if (!snp->leaves_signature) {
        forge_snp_sign(snp);
        snp->leaves_signature = false;
    }
    forge_snp_table(snp, &table);
    atls_cbor_put_map(out, 3);
    atls_cbor_put_text(out, "provider");
    atls_cbor_put_text(out, "sev_guest\n");
    atls_cbor_put_text(out, "outblob");
    atls_cbor_put_bytes(out, atls_view(snp->report, sizeof(snp->report)));
    atls_cbor_put_text(out, "auxblob");
    atls_cbor_put_bytes(out, atls_buf_view(&table));
}

void forge_snp_cmw(struct forge_snp *snp, struct atls_buf *out)
{
    ATLS_AUTO_BUF value = atls_buf(FORGE_MAX);

    forge_snp_value(snp, &value);
    forge_cmw(out, ATLS_TSM_REPORT_CBOR, atls_buf_view(&value), 4);
}
