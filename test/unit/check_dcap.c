/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence of TDX and SGX from the CMW to the verdict: ours under a root of
 * the test's own, with one thing wrong at a time, and real quotes with the
 * collateral of their day.
 */
#include "evidence.h"

#include <stdio.h>
#include <string.h>

#include "cbor.h"
#include "cmw.h"
#include "expiry.h"
#include "forge_ccel.h"
#include "forge_dcap.h"
#include "learn.h"
#include "quote.h"
#include "format.h"
#include "../check_main.h"

#define TYPE_TSM "application/vnd.veraison.tsm-report+cbor"
#define TYPE_TDX "application/vnd.atls.tdx-quote"
#define TYPE_SGX "application/vnd.atls.sgx-quote"

#define X4(text)  text text text text
#define X16(text) X4(X4(text))
#define X48(text) X16(text) X16(text) X16(text)
#define X32(text) X16(text) X16(text)

static struct forge_dcap dcap;
static struct forge_folder folder;
static struct forge_dcap_quote quote;

/* TCB info and QE identity, with what a row changes. */
#define LEVEL(sgx, tdx0, tdx2, pce, status)                                    \
    "{\"tcb\":{\"sgxtcbcomponents\":[{\"svn\":" sgx "},"                       \
    "{\"svn\":5,\"category\":\"BIOS, \\\"x\\\"}\"}," X4("{\"svn\":0},")        \
        X4("{\"svn\":0},")                                                     \
            X4("{\"svn\":0},") "{\"svn\":0},"                                  \
                               "{\"svn\":0}],"                                 \
                               "\"pcesvn\":" pce                               \
                               ",\"tdxtcbcomponents\":[{\"svn\":" tdx0         \
                               "},{\"svn\":0},{\"svn\":" tdx2                  \
                               "}," X4("{\"svn\":0},") X4("{\"svn\":0},") X4(  \
                                   "{\"svn\":0},") "{\"svn\":0}]},"            \
                                                   "\"tcbDate\":\"2026-01-"    \
                                                   "01T00:00:00Z\","           \
                                                   "\"tcbStatus\":\"" status   \
                                                   "\""
#define NEWEST LEVEL("5", "5", "5", "11", "UpToDate") "}"
#define OLDER                                                                  \
    LEVEL("3", "3", "3", "5", "OutOfDate")                                     \
    ",\"advisoryIDs\":[\"INTEL-SA-00001\",\"INTEL-SA-00002\"]}"
#define LEVELS "\"tcbLevels\":[" NEWEST "," OLDER "]"
#define DATES                                                                  \
    "\"issueDate\":\"" FORGE_DCAP_ISSUED                                       \
    "\",\"nextUpdate\":\"" FORGE_DCAP_NEXT                                     \
    "\",\"tcbEvaluationDataNumber\":17,"
#define PLATFORM "\"fmspc\":\"50806F000000\",\"pceId\":\"0000\",\"tcbType\":0,"
#define MODULE                                                                 \
    "\"mrsigner\":\"" X48("00") "\",\"attributes\":\"0000000000000000\","      \
                                "\"attributesMask\":\"FFFFFFFFFFFFFFFF\""
#define ISVSVN(svn, status)                                                    \
    "{\"tcb\":{\"isvsvn\":" svn "},\"tcbStatus\":\"" status "\"}"
#define MODULES                                                                \
    "\"tdxModule\":{" MODULE                                                   \
    "},\"tdxModuleIdentities\":[{\"id\":\"TDX_01\"," MODULE                    \
    ",\"tcbLevels\":[" ISVSVN("6", "UpToDate") "," ISVSVN(                     \
        "4", "OutOfDate") "," ISVSVN("3", "Revoked") "]}],"
#define INFO_HEAD(id, version)                                                 \
    "{\"id\":\"" id "\",\"version\":" version "," DATES
#define INFO_TDX INFO_HEAD("TDX", "3") PLATFORM MODULES LEVELS "}"
#define INFO_SGX INFO_HEAD("SGX", "3") PLATFORM LEVELS "}"
/* MODE64BIT is masked out by FB: of 05 remains 01. */
#define ENCLAVE_OF(misc, attributes, signer, product)                          \
    "\"miscselect\":\"" misc "\",\"miscselectMask\":\"FFFFFFFF\","             \
    "\"attributes\":\"" attributes "\",\"attributesMask\":"                    \
    "\"FBFFFFFFFFFFFFFF0000000000000000\",\"mrsigner\":\"" X32(                \
        signer) "\","                                                          \
                "\"isvprodid\":" product ","
#define ENCLAVE                                                                \
    ENCLAVE_OF("00000000", "01000000000000000000000000000000", "42", "2")
#define QE_LEVELS                                                              \
    "\"tcbLevels\":[" ISVSVN("7", "UpToDate") "," ISVSVN("5", "OutOfDate") "]"
#define IDENTITY(id) INFO_HEAD(id, "2") ENCLAVE QE_LEVELS "}"

/* What a test changes before the folder is written. NULL: as it is good. */
static struct collateral {
    const char *info, *identity;
    bool has_no_info, has_no_identity, has_no_crls, has_no_chain;
} given;

static void put_signed(const char *name, const char *key, const char *inner)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);

    forge_dcap_signed(&dcap, key, inner, &text);
    forge_folder_put(&folder, name, atls_buf_view(&text));
}

static void put_crl(const char *name, enum forge_dcap_role issuer)
{
    ATLS_AUTO_BUF crl = atls_buf(FORGE_MAX);

    forge_dcap_crl(&dcap, issuer, &crl);
    forge_folder_put(&folder, name, atls_buf_view(&crl));
}

static void put_pem(const char *name, int role)
{
    const int roles[] = {role, -1};
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);

    forge_dcap_pem(&dcap, &pem, roles);
    forge_folder_put(&folder, name, atls_buf_view(&pem));
}

static void put_folder(bool is_td)
{
    const char *info = is_td ? INFO_TDX : INFO_SGX;
    const char *identity = is_td ? IDENTITY("TD_QE") : IDENTITY("QE");

    if (!given.has_no_info)
        put_signed("info.json", "tcbInfo",
                   given.info != NULL ? given.info : info);
    if (!given.has_no_identity)
        put_signed("identity.json", "enclaveIdentity",
                   given.identity != NULL ? given.identity : identity);
    if (!given.has_no_crls) {
        put_crl("root.crl", FORGE_DCAP_ROOT);
        put_crl("ca.der", FORGE_DCAP_CA);
    }
    if (!given.has_no_chain)
        put_pem("signing.pem", FORGE_DCAP_TCB);
    put_pem("root.pem", FORGE_DCAP_ROOT);
}

static void open_all(void)
{
    forge_dcap_open(&dcap);
    forge_folder_open(&folder);
    given = (struct collateral){0};
}

static void clear_all(void)
{
    forge_folder_clear(&folder);
    forge_dcap_clear(&dcap);
}

static enum atls_reason load(const char *format, const char *reference,
                             const char *root, const char *path,
                             struct atls_policy **policy, struct atls_why *why)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    char head[512];

    snprintf(head, sizeof(head),
             "{\"profiles\":{\"p\":{\"format\":\"%s\",\"trust_anchors\":"
             "[\"%s\"],\"collateral\":\"%s\",",
             format, root, path);
    atls_buf_text(&text, head);
    atls_buf_text(&text, reference);
    atls_buf_text(&text, "}}}");
    return atls_policy_parse(atls_buf_view(&text), "p", "/", NULL, NULL, policy,
                             why);
}

/* The verdict's sentence, for tests that look into it. */
static char sentence[512];

static enum atls_reason judge(const char *format, const char *type,
                              struct atls_view value, const char *reference,
                              const char *root, const char *path,
                              struct atls_view nonce, int64_t now)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    struct atls_policy *policy = NULL;
    struct atls_verdict verdict;
    struct atls_why why = {0};

    snprintf(sentence, sizeof(sentence), "-");
    if (load(format, reference, root, path, &policy, &why) != ATLS_OK) {
        snprintf(sentence, sizeof(sentence), "%s", why.text);
        return why.reason;
    }
    forge_cmw(&cmw, type, value, 4);
    (void)atls_appraise(policy, atls_buf_view(&cmw), nonce, now, NULL,
                        &verdict);
    snprintf(sentence, sizeof(sentence), "%s", verdict.text);
    atls_policy_free(policy);
    return verdict.reason;
}

static enum atls_reason appraise_bytes(struct atls_view bytes,
                                       const char *reference, int64_t now)
{
    bool is_td = quote.tee != 0;
    char root[128];

    put_folder(is_td);
    snprintf(root, sizeof(root), "%s/root.pem", folder.path);
    return judge(is_td ? "tdx" : "sgx", is_td ? TYPE_TDX : TYPE_SGX, bytes,
                 reference, root, folder.path, forge_nonce(32), now);
}

static enum atls_reason appraise(const char *reference)
{
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);

    forge_dcap_quote(&dcap, &quote, &bytes);
    return appraise_bytes(atls_buf_view(&bytes), reference, FORGE_DCAP_NOW);
}

#define assert_appraised(reference, want)                                      \
    do {                                                                       \
        enum atls_reason got_ = appraise(reference);                           \
        ck_assert_msg(got_ == (want), "%s, not %s: %s",                        \
                      atls_reason_name(got_), atls_reason_name(want),          \
                      sentence);                                               \
    } while (0)

#define ANY "\"any\":true"

static const char *const kinds[] = {"sgx3", "sgx4", "sgx5",
                                    "tdx4", "tdx5", "tdx15"};
enum { NUM_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

START_TEST(quote_of_every_kind_is_accepted)
{
    forge_dcap_quote_init(&quote, kinds[_i], forge_nonce(32));
    assert_appraised(ANY, ATLS_OK);
}
END_TEST

static void put_tsm(struct atls_buf *out, const char *provider,
                    struct atls_view outblob)
{
    atls_cbor_put_map(out, 2);
    atls_cbor_put_text(out, "provider");
    atls_cbor_put_text(out, provider);
    atls_cbor_put_text(out, "outblob");
    atls_cbor_put_bytes(out, outblob);
}

static const struct tsm_row {
    const char *kind, *provider;
    enum atls_reason reason;
} tsm_rows[] = {
    {"tdx4", "tdx_guest\n", ATLS_OK},
    {"tdx15", "tdx_guest", ATLS_OK},
    {"sgx3", "tdx_guest\n", ATLS_FORMAT_UNKNOWN},
};

START_TEST(quote_in_a_tsm_report_is_judged)
{
    const struct tsm_row *row = &tsm_rows[_i];
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX), report = atls_buf(FORGE_MAX);
    enum atls_reason got;
    char root[128];

    forge_dcap_quote_init(&quote, row->kind, forge_nonce(32));
    forge_dcap_quote(&dcap, &quote, &bytes);
    put_tsm(&report, row->provider, atls_buf_view(&bytes));
    put_folder(true);
    snprintf(root, sizeof(root), "%s/root.pem", folder.path);
    got = judge("tdx", TYPE_TSM, atls_buf_view(&report), ANY, root, folder.path,
                forge_nonce(32), FORGE_DCAP_NOW);
    ck_assert_msg(got == row->reason, "%s: %s", atls_reason_name(got),
                  sentence);
}
END_TEST

/* RTMR[0] and [1] are of these events, [2] and [3] of none. */
static const struct forge_ccel_event events[] = {
    {1, 0x51}, {2, 0x52}, {1, 0x53}, {2, 0x54}, {0, 0}};

enum log_change {
    LOG_GOOD,
    LOG_PADDED,
    LOG_MISSING,
    LOG_EMPTY,
    LOG_BROKEN,
    LOG_LACKS_ONE,  /* nothing that RTMR[2] is the sum of */
    LOG_TELLS_MORE, /* of RTMR[2] what it is not the sum of */
    LOG_OF_MRTD,
    LOG_OF_NOTHING, /* of a fifth RTMR */
    LOG_OF_SM3,
    LOG_OTHER, /* a digest of RTMR[1] differs */
    LOG_BARE   /* of a quote that is in no report */
};

#define LOG   ",\"eventlog\":true"
#define RTMR2 "\"rtmr2\":\"" X48("77") "\""
static const struct log_row {
    enum log_change change;
    const char *reference;
    enum atls_reason reason;
} log_rows[] = {
    {LOG_GOOD, ANY, ATLS_OK},
    {LOG_GOOD, ANY LOG, ATLS_OK},
    {LOG_PADDED, ANY LOG, ATLS_OK},
    {LOG_MISSING, ANY, ATLS_OK},
    {LOG_MISSING, ANY LOG, ATLS_CLAIM_MISSING},
    {LOG_EMPTY, ANY LOG, ATLS_CLAIM_MISSING},
    {LOG_BARE, ANY LOG, ATLS_CLAIM_MISSING},
    {LOG_BROKEN, ANY, ATLS_OK},
    {LOG_BROKEN, ANY LOG, ATLS_EVIDENCE_MALFORMED},
    {LOG_LACKS_ONE, ANY LOG, ATLS_EVENTLOG_MISMATCH},
    {LOG_LACKS_ONE, RTMR2 LOG, ATLS_OK},
    {LOG_TELLS_MORE, RTMR2, ATLS_OK},
    {LOG_TELLS_MORE, RTMR2 LOG, ATLS_EVENTLOG_MISMATCH},
    {LOG_OF_MRTD, ANY LOG, ATLS_EVENTLOG_MISMATCH},
    {LOG_OF_NOTHING, ANY LOG, ATLS_EVENTLOG_MISMATCH},
    {LOG_OF_SM3, ANY LOG, ATLS_ALGORITHM_UNSUPPORTED},
    {LOG_OTHER, ANY, ATLS_OK},
    {LOG_OTHER, ANY LOG, ATLS_EVENTLOG_MISMATCH},
    {LOG_GOOD, ANY ",\"eventlog\":1", ATLS_POLICY_INVALID},
};

static void put_events(struct atls_buf *out, enum log_change change)
{
    forge_ccel(out, events, change == LOG_OF_SM3 ? 0x12 : 0);
    if (change == LOG_OTHER)
        out->data[out->len - 9] ^= 1;
    if (change == LOG_TELLS_MORE)
        forge_ccel_put(out, 3, 0x66, 0);
    if (change == LOG_OF_MRTD)
        forge_ccel_put(out, 0, 0x66, 0);
    if (change == LOG_OF_NOTHING)
        forge_ccel_put(out, 5, 0x66, 0);
    if (change == LOG_PADDED)
        memset(atls_buf_room(out, 1000), 0xff, 1000);
    if (change == LOG_BROKEN)
        out->len--;
    if (change == LOG_EMPTY)
        out->len = 0;
}

static void put_logged(struct atls_buf *out, struct atls_view bytes,
                       enum log_change change)
{
    ATLS_AUTO_BUF log = atls_buf(FORGE_MAX);

    put_tsm(out, "tdx_guest\n", bytes);
    if (change == LOG_MISSING)
        return;
    out->data[0]++; /* entries of a map of less than 24 */
    put_events(&log, change);
    atls_cbor_put_text(out, "eventlog");
    atls_cbor_put_bytes(out, atls_buf_view(&log));
}

START_TEST(event_log_must_add_up_to_the_rtmrs_where_a_profile_wants_it)
{
    const struct log_row *row = &log_rows[_i];
    bool has_more =
        row->change == LOG_LACKS_ONE || row->change == LOG_TELLS_MORE;
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX), report = atls_buf(FORGE_MAX);
    enum atls_reason got;
    char root[128];

    forge_dcap_quote_init(&quote, "tdx15", forge_nonce(32));
    memset(quote.body + 328, 0, 192);
    forge_ccel_extend(quote.body + 328, events);
    if (has_more)
        memset(quote.body + 328 + 96, 0x77, 48);
    forge_dcap_quote(&dcap, &quote, &bytes);
    put_logged(&report, atls_buf_view(&bytes), row->change);
    put_folder(true);
    snprintf(root, sizeof(root), "%s/root.pem", folder.path);
    got = judge("tdx", row->change == LOG_BARE ? TYPE_TDX : TYPE_TSM,
                atls_buf_view(row->change == LOG_BARE ? &bytes : &report),
                row->reference, root, folder.path, forge_nonce(32),
                FORGE_DCAP_NOW);
    ck_assert_msg(got == row->reason, "%s: %s", atls_reason_name(got),
                  sentence);
}
END_TEST

START_TEST(quote_of_the_other_tee_is_refused)
{
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);

    forge_dcap_quote_init(&quote, "tdx4", forge_nonce(32));
    forge_dcap_quote(&dcap, &quote, &bytes);
    quote.tee = 0;
    ck_assert_reason(appraise_bytes(atls_buf_view(&bytes), ANY, FORGE_DCAP_NOW),
                     ATLS_FORMAT_UNKNOWN);
}
END_TEST

START_TEST(nonce_is_all_64_bytes)
{
    forge_dcap_quote_init(&quote, "tdx4", forge_nonce(32));
    quote.body[520 + 63] = 1;
    assert_appraised(ANY, ATLS_BINDER_MISMATCH);
    forge_dcap_quote_init(&quote, "sgx3", forge_nonce(32));
    quote.body[320] ^= 1;
    assert_appraised(ANY, ATLS_BINDER_MISMATCH);
}
END_TEST

/* One bit in what is signed, and in each half of each signature. */
static const struct flip_row {
    const char *kind;
    size_t at; /* of what follows */
    enum { HEADER, SIGNATURE, KEY, QE, QE_SIGNATURE, AUTH } part;
} flip_rows[] = {
    {"tdx4", 30, HEADER},       {"tdx4", 48, HEADER},
    {"tdx4", 567, HEADER},      {"tdx15", 54, HEADER},
    {"tdx15", 701, HEADER},     {"sgx3", 48, HEADER},
    {"sgx3", 64 + 48, HEADER},  {"sgx3", 10, HEADER},
    {"tdx4", 0, SIGNATURE},     {"tdx4", 31, SIGNATURE},
    {"tdx4", 32, SIGNATURE},    {"tdx4", 63, SIGNATURE},
    {"sgx3", 5, SIGNATURE},     {"sgx3", 37, SIGNATURE},
    {"tdx4", 0, KEY},           {"tdx4", 63, KEY},
    {"sgx3", 63, KEY},          {"tdx4", 0, QE},
    {"tdx4", 128, QE},          {"tdx4", 320, QE},
    {"tdx4", 383, QE},          {"sgx3", 258, QE},
    {"tdx4", 0, QE_SIGNATURE},  {"tdx4", 32, QE_SIGNATURE},
    {"tdx4", 63, QE_SIGNATURE}, {"sgx3", 33, QE_SIGNATURE},
    {"tdx4", 0, AUTH},          {"sgx3", 31, AUTH},
};

static size_t place_of(const struct flip_row *row, struct atls_view bytes)
{
    size_t at = (bytes.data[0] == 5 ? 54 : 48) + quote.len + 4;

    if (row->part == HEADER)
        return row->at;
    if (row->part == KEY)
        at += 64;
    if (row->part >= QE)
        at += 128 + (bytes.data[0] > 3 ? 6u : 0u);
    if (row->part >= QE_SIGNATURE)
        at += 384;
    if (row->part >= AUTH)
        at += 64 + 2;
    return at + row->at;
}

START_TEST(flipped_bit_is_a_wrong_signature)
{
    const struct flip_row *row = &flip_rows[_i];
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
    enum atls_reason got;

    forge_dcap_quote_init(&quote, row->kind, forge_nonce(32));
    forge_dcap_quote(&dcap, &quote, &bytes);
    bytes.data[place_of(row, atls_buf_view(&bytes))] ^= 0x10;
    got = appraise_bytes(atls_buf_view(&bytes), ANY, FORGE_DCAP_NOW);
    ck_assert_msg(got == ATLS_SIGNATURE_INVALID, "%s: %s",
                  atls_reason_name(got), sentence);
}
END_TEST

/* r or s of 0 or of the group's order n */
START_TEST(signature_out_of_range_is_refused)
{
    static const char order[] = "ffffffff00000000ffffffffffffffff"
                                "bce6faada7179e84f3b9cac2fc632551";
    static const unsigned parts[] = {SIGNATURE, QE_SIGNATURE};
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX), n = atls_buf(32);

    forge_hex(&n, order);
    for (unsigned i = 0; i < 8; i++) {
        struct flip_row row = {"tdx4", i & 1 ? 32 : 0, parts[i >> 1 & 1]};
        uint8_t *at;

        atls_buf_clear(&bytes);
        forge_dcap_quote_init(&quote, "tdx4", forge_nonce(32));
        forge_dcap_quote(&dcap, &quote, &bytes);
        at = bytes.data + place_of(&row, atls_buf_view(&bytes));
        if (i >> 2)
            memset(at, 0, 32);
        else
            memcpy(at, n.data, 32);
        ck_assert_reason(
            appraise_bytes(atls_buf_view(&bytes), ANY, FORGE_DCAP_NOW),
            ATLS_SIGNATURE_INVALID);
    }
}
END_TEST

START_TEST(report_of_the_quoting_enclave_must_name_the_key)
{
    forge_dcap_quote_init(&quote, kinds[_i], forge_nonce(32));
    quote.keeps_qe_data = true;
    assert_appraised(ANY, ATLS_SIGNATURE_INVALID);
    ck_assert_ptr_nonnull(strstr(sentence, "vouches for"));
}
END_TEST

/* The mutations that are one assignment to quote. */
#define EDIT(name, code)                                                       \
    static void name(void)                                                     \
    {                                                                          \
        code;                                                                  \
    }
#define TD(at) quote.body[at]
#define CHAIN(...)                                                             \
    static const int chain[] = {__VA_ARGS__, -1};                              \
    memcpy(quote.chain, chain, sizeof(chain))

EDIT(edit_nothing, (void)0)
EDIT(edit_debug, TD(120) |= 1)
EDIT(edit_profiling, TD(120) |= 0x10)
EDIT(edit_migratable, TD(123) |= 0x20)
EDIT(edit_no_sept, TD(123) &= 0xef)
EDIT(edit_service, TD(600) = 1)
EDIT(edit_module_signer, TD(64) = 1)
EDIT(edit_seam_attributes, TD(112) = 1)
EDIT(edit_module_version, TD(1) = 1; TD(0) = 6)
EDIT(edit_module_old, TD(1) = 1; TD(0) = 4)
EDIT(edit_module_revoked, TD(1) = 1; TD(0) = 3)
EDIT(edit_module_below, TD(1) = 1; TD(0) = 2)
EDIT(edit_module_unknown, TD(1) = 2)
EDIT(edit_module_relaunch, TD(1) = 1; TD(0) = 4; TD(585) = 1; TD(584) = 6)
EDIT(edit_tdx_old, TD(2) = 4)
EDIT(edit_tdx_below, TD(2) = 2)
EDIT(edit_qe_signer, quote.qe_report[128] = 0)
EDIT(edit_qe_product, quote.qe_report[256] = 1)
EDIT(edit_qe_misc, quote.qe_report[16] = 1)
EDIT(edit_qe_debug, quote.qe_report[48] |= 2)
EDIT(edit_qe_masked, quote.qe_report[48] &= 0xfb)
EDIT(edit_qe_old, quote.qe_report[258] = 5)
EDIT(edit_qe_below, quote.qe_report[258] = 4)
EDIT(edit_platform_old, dcap.svns[0] = 4; forge_dcap_rename(&dcap, dcap.maker))
EDIT(edit_trailing, quote.trailing = atls_view_text("extra"))
EDIT(edit_zeros, quote.trailing = atls_view("\0\0\0", 3))
EDIT(edit_chain_swapped, CHAIN(FORGE_DCAP_PCK, FORGE_DCAP_ROOT, FORGE_DCAP_CA))
EDIT(edit_chain_reversed, CHAIN(FORGE_DCAP_ROOT, FORGE_DCAP_CA, FORGE_DCAP_PCK))
EDIT(edit_chain_short, CHAIN(FORGE_DCAP_PCK))
EDIT(edit_chain_tcb, CHAIN(FORGE_DCAP_TCB, FORGE_DCAP_CA, FORGE_DCAP_ROOT))
EDIT(edit_chain_empty, quote.chain[0] = -1)
EDIT(edit_sgx_debug, quote.body[48] |= 2)
EDIT(edit_sgx_init, quote.body[48] &= 0xfe)

static const struct edit_row {
    const char *kind;
    void (*edit)(void);
    const char *reference;
    enum atls_reason reason;
} edit_rows[] = {
    {"tdx4", edit_debug, ANY, ATLS_DEBUG_REFUSED},
    {"tdx4", edit_debug, ANY ",\"debug\":true", ATLS_OK},
    {"tdx4", edit_profiling, ANY, ATLS_DEBUG_REFUSED},
    {"tdx4", edit_migratable, ANY, ATLS_MIGRATION_REFUSED},
    {"tdx4", edit_migratable, ANY ",\"migratable\":true", ATLS_OK},
    {"tdx4", edit_no_sept, ANY, ATLS_CONFIGURATION_REFUSED},
    {"tdx4", edit_no_sept, ANY ",\"sept_ve_disable\":false", ATLS_OK},
    {"tdx15", edit_service, ANY, ATLS_CONFIGURATION_REFUSED},
    {"tdx15", edit_service, ANY ",\"service_td\":\"01" X48("00") "\"",
     ATLS_POLICY_INVALID},
    {"tdx15", edit_service,
     ANY ",\"service_td\":\"01" X16("00") X16("00") X4("00") X4("00")
         X4("00") "000000\"",
     ATLS_OK},
    {"tdx15", edit_service, ANY ",\"service_td\":\"" X48("00") "\"",
     ATLS_MEASUREMENT_REFUSED},
    {"tdx4", edit_nothing, ANY ",\"service_td\":\"" X48("00") "\"",
     ATLS_MEASUREMENT_REFUSED},
    {"tdx4", edit_module_signer, ANY, ATLS_MODULE_REFUSED},
    {"tdx4", edit_seam_attributes, ANY, ATLS_MODULE_REFUSED},
    {"tdx4", edit_module_version, ANY, ATLS_OK},
    {"tdx4", edit_module_old, ANY, ATLS_TCB_REFUSED},
    {"tdx4", edit_module_old, ANY ",\"tcb_status\":\"OutOfDate\"", ATLS_OK},
    {"tdx4", edit_module_revoked,
     ANY ",\"tcb_status\":[\"UpToDate\",\"SWHardeningNeeded\","
         "\"ConfigurationNeeded\",\"ConfigurationAndSWHardeningNeeded\","
         "\"TDRelaunchAdvised\",\"TDRelaunchAdvisedConfigurationNeeded\","
         "\"OutOfDate\",\"OutOfDateConfigurationNeeded\"]",
     ATLS_TCB_REFUSED},
    {"tdx4", edit_module_below, ANY, ATLS_TCB_LEVEL_MISSING},
    {"tdx4", edit_module_unknown, ANY, ATLS_MODULE_REFUSED},
    {"tdx15", edit_module_relaunch, ANY, ATLS_TCB_REFUSED},
    {"tdx15", edit_module_relaunch, ANY ",\"tcb_status\":\"OutOfDate\"",
     ATLS_TCB_REFUSED},
    {"tdx15", edit_module_relaunch, ANY ",\"tcb_status\":\"TDRelaunchAdvised\"",
     ATLS_OK},
    {"tdx15", edit_module_old, ANY ",\"tcb_status\":\"TDRelaunchAdvised\"",
     ATLS_OK}, /* TEE_TCB_SVN2 of version 1.0 is the newest there */
    {"tdx4", edit_tdx_old, ANY, ATLS_TCB_REFUSED},
    {"tdx4", edit_tdx_old, ANY ",\"tcb_status\":[\"UpToDate\",\"OutOfDate\"]",
     ATLS_OK},
    {"tdx4", edit_tdx_old,
     ANY ",\"tcb_status\":\"OutOfDate\",\"advisories\":[]",
     ATLS_ADVISORY_REFUSED},
    {"tdx4", edit_tdx_old,
     ANY ",\"tcb_status\":\"OutOfDate\",\"advisories\":[\"INTEL-SA-00001\"]",
     ATLS_ADVISORY_REFUSED},
    {"tdx4", edit_tdx_old,
     ANY ",\"tcb_status\":\"OutOfDate\",\"advisories\":[\"INTEL-SA-00002\","
         "\"INTEL-SA-00001\"]",
     ATLS_OK},
    {"tdx4", edit_nothing, ANY ",\"advisories\":[]", ATLS_OK},
    {"tdx4", edit_nothing, ANY ",\"tcb_status\":\"OutOfDate\"",
     ATLS_TCB_REFUSED},
    {"tdx4", edit_nothing, ANY ",\"tcb_status\":\"Revoked\"",
     ATLS_POLICY_INVALID},
    {"tdx4", edit_nothing, ANY ",\"tcb_status\":[]", ATLS_POLICY_INVALID},
    {"tdx4", edit_tdx_below, ANY, ATLS_TCB_LEVEL_MISSING},
    {"tdx4", edit_qe_signer, ANY, ATLS_QE_REFUSED},
    {"tdx4", edit_qe_product, ANY, ATLS_QE_REFUSED},
    {"tdx4", edit_qe_misc, ANY, ATLS_QE_REFUSED},
    {"tdx4", edit_qe_debug, ANY, ATLS_QE_REFUSED},
    {"tdx4", edit_qe_masked, ANY, ATLS_OK},
    {"sgx3", edit_qe_signer, ANY, ATLS_QE_REFUSED},
    {"tdx4", edit_qe_old, ANY, ATLS_TCB_REFUSED},
    {"tdx4", edit_qe_old, ANY ",\"tcb_status\":\"OutOfDate\"", ATLS_OK},
    {"tdx4", edit_qe_below, ANY, ATLS_TCB_LEVEL_MISSING},
    {"tdx4", edit_trailing, ANY, ATLS_EVIDENCE_MALFORMED},
    {"tdx4", edit_trailing, ANY ",\"trailing_bytes\":\"ignore\"", ATLS_OK},
    {"tdx4", edit_trailing, ANY ",\"trailing_bytes\":\"zero\"",
     ATLS_EVIDENCE_MALFORMED},
    {"sgx3", edit_trailing, ANY, ATLS_EVIDENCE_MALFORMED},
    {"tdx4", edit_zeros, ANY, ATLS_OK},
    {"tdx4", edit_chain_swapped, ANY, ATLS_OK}, /* issuers in any order */
    {"tdx4", edit_chain_reversed, ANY, ATLS_EVIDENCE_MALFORMED},
    {"tdx4", edit_chain_short, ANY, ATLS_CHAIN_UNTRUSTED},
    {"tdx4", edit_chain_tcb, ANY, ATLS_EVIDENCE_MALFORMED},
    {"tdx4", edit_chain_empty, ANY, ATLS_CHAIN_MISSING},
    {"sgx3", edit_sgx_debug, ANY, ATLS_DEBUG_REFUSED},
    {"sgx3", edit_sgx_debug, ANY ",\"debug\":true", ATLS_OK},
    {"sgx3", edit_sgx_init, ANY, ATLS_CLAIM_INVALID},
    {"tdx4", edit_nothing, ANY ",\"min_evaluation_number\":17", ATLS_OK},
    {"tdx4", edit_nothing, ANY ",\"min_evaluation_number\":18",
     ATLS_COLLATERAL_STALE},
    {"tdx4", edit_nothing, ANY ",\"grace\":\"91d\"", ATLS_POLICY_INVALID},
    {"tdx4", edit_nothing, "\"debug\":false", ATLS_POLICY_INVALID},
    {"sgx3", edit_platform_old, ANY, ATLS_TCB_REFUSED},
    {"sgx3", edit_platform_old, ANY ",\"tcb_status\":\"OutOfDate\"", ATLS_OK},
    {"sgx3", edit_platform_old,
     ANY ",\"tcb_status\":\"OutOfDate\",\"advisories\":[]",
     ATLS_ADVISORY_REFUSED},
    {"sgx3", edit_platform_old,
     ANY ",\"tcb_status\":\"OutOfDate\",\"advisories\":[\"INTEL-SA-00001\","
         "\"INTEL-SA-00002\"]",
     ATLS_OK},
    {"sgx3", edit_nothing, ANY ",\"min_evaluation_number\":17", ATLS_OK},
    {"sgx3", edit_nothing, ANY ",\"min_evaluation_number\":18",
     ATLS_COLLATERAL_STALE},
};

START_TEST(quote_with_one_difference_is_judged_by_it)
{
    const struct edit_row *row = &edit_rows[_i];

    forge_dcap_quote_init(&quote, row->kind, forge_nonce(32));
    row->edit();
    assert_appraised(row->reference, row->reason);
}
END_TEST

/* Each key that pins bytes: the right value, another, one of two. */
static const struct pin_row {
    const char *kind, *key, *value, *other;
    enum atls_reason reason;
} pin_rows[] = {
    {"tdx4", "mrtd", X48("11"), X48("00"), ATLS_MEASUREMENT_REFUSED},
    {"tdx4", "rtmr0", X48("20"), X48("00"), ATLS_MEASUREMENT_REFUSED},
    {"tdx4", "rtmr1", X48("21"), X48("20"), ATLS_MEASUREMENT_REFUSED},
    {"tdx15", "rtmr2", X48("22"), X48("00"), ATLS_MEASUREMENT_REFUSED},
    {"tdx15", "rtmr3", X48("23"), X48("00"), ATLS_MEASUREMENT_REFUSED},
    {"tdx4", "mrconfigid", X48("12"), X48("00"), ATLS_MEASUREMENT_REFUSED},
    {"tdx4", "mrowner", X48("13"), X48("00"), ATLS_MEASUREMENT_REFUSED},
    {"tdx4", "mrownerconfig", X48("14"), X48("00"), ATLS_MEASUREMENT_REFUSED},
    {"tdx4", "mrseam", X48("10"), X48("00"), ATLS_MEASUREMENT_REFUSED},
    {"tdx4", "mrsignerseam", X48("00"), X48("01"), ATLS_MEASUREMENT_REFUSED},
    {"tdx15", "service_td", X48("00"), X48("01"), ATLS_MEASUREMENT_REFUSED},
    {"tdx4", "xfam", "e7e7e7e7e7e7e7e7", "0700000000000000",
     ATLS_CONFIGURATION_REFUSED},
    {"tdx4", "td_attributes", "0000001000000000", "0000005000000000",
     ATLS_CONFIGURATION_REFUSED},
    {"sgx3", "mrenclave", X32("31"), X32("32"), ATLS_MEASUREMENT_REFUSED},
    {"sgx3", "mrsigner", X32("32"), X32("31"), ATLS_MEASUREMENT_REFUSED},
    {"sgx3", "isvextprodid", X16("33"), X16("00"), ATLS_MEASUREMENT_REFUSED},
    {"sgx4", "isvfamilyid", X16("35"), X16("33"), ATLS_MEASUREMENT_REFUSED},
    {"sgx5", "configid", X32("34") X32("34"), X32("34") X32("00"),
     ATLS_CONFIGURATION_REFUSED},
    {"sgx3", "attributes", "8500000000000000", "0500000000000000",
     ATLS_CONFIGURATION_REFUSED},
    {"sgx3", "xfrm", "e700000000000000", "0700000000000000",
     ATLS_CONFIGURATION_REFUSED},
    {"sgx3", "miscselect", "01000000", "00000000", ATLS_CONFIGURATION_REFUSED},
};

/* Keys that do not say what software is meant need another beside them. */
static bool is_pin(const char *key)
{
    static const char *const others[] = {
        "mrseam",        "mrsignerseam", "service_td",  "xfam",
        "td_attributes", "isvextprodid", "isvfamilyid", "configid",
        "attributes",    "xfrm",         "miscselect"};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strcmp(key, others[i]) == 0)
            return false;
    return true;
}

START_TEST(claim_is_held_against_its_reference_value)
{
    const struct pin_row *row = &pin_rows[_i];
    const char *more = is_pin(row->key) ? "" : ",\"any\":true";
    char text[512];

    forge_dcap_quote_init(&quote, row->kind, forge_nonce(32));
    snprintf(text, sizeof(text), "\"%s\":\"%s\"%s", row->key, row->value, more);
    assert_appraised(text, ATLS_OK);
    snprintf(text, sizeof(text), "\"%s\":\"%s\"%s", row->key, row->other, more);
    assert_appraised(text, row->reason);
    ck_assert_ptr_nonnull(strstr(sentence, row->key));
    snprintf(text, sizeof(text), "\"%s\":[\"%s\",\"%s\"]%s", row->key,
             row->other, row->value, more);
    assert_appraised(text, ATLS_OK);
    if (more[0] == '\0')
        return;
    snprintf(text, sizeof(text), "\"%s\":\"%s\"", row->key, row->value);
    assert_appraised(text, ATLS_POLICY_INVALID);
}
END_TEST

static const struct {
    const char *reference;
    enum atls_reason reason;
} sgx_rows[] = {
    {"\"isvprodid\":2,\"any\":true", ATLS_OK},
    {"\"isvprodid\":3,\"any\":true", ATLS_MEASUREMENT_REFUSED},
    {"\"isvprodid\":[1,2],\"any\":true", ATLS_OK},
    {"\"isvprodid\":[],\"any\":true", ATLS_POLICY_INVALID},
    {"\"isvprodid\":65536,\"any\":true", ATLS_POLICY_INVALID},
    {"\"min_isvsvn\":7,\"any\":true", ATLS_OK},
    {"\"min_isvsvn\":8,\"any\":true", ATLS_MEASUREMENT_REFUSED},
    {"\"min_configsvn\":5,\"any\":true", ATLS_OK},
    {"\"min_configsvn\":6,\"any\":true", ATLS_CONFIGURATION_REFUSED},
    {"\"min_configsvn\":65536,\"any\":true", ATLS_POLICY_INVALID},
    {"\"min_configsvn\":5", ATLS_POLICY_INVALID},
    {"\"isvprodid\":2", ATLS_POLICY_INVALID},
    {"\"mrtd\":\"" X48("11") "\"", ATLS_POLICY_INVALID},
};

START_TEST(enclave_is_held_against_its_product)
{
    forge_dcap_quote_init(&quote, "sgx3", forge_nonce(32));
    assert_appraised(sgx_rows[_i].reference, sgx_rows[_i].reason);
}
END_TEST

/* Collateral that is not what it should be. */
static const struct collateral_row {
    struct collateral given;
    enum atls_reason reason;
} collateral_rows[] = {
    {{.has_no_info = true}, ATLS_COLLATERAL_MISSING},
    {{.has_no_identity = true}, ATLS_COLLATERAL_MISSING},
    {{.has_no_crls = true}, ATLS_COLLATERAL_MISSING},
    {{.has_no_chain = true}, ATLS_COLLATERAL_INVALID},
    {{.info = INFO_SGX}, ATLS_COLLATERAL_MISSING},
    {{.identity = IDENTITY("QE")}, ATLS_COLLATERAL_MISSING},
    {{.info =
          INFO_HEAD("TDX", "3") "\"fmspc\":\"50806F000001\",\"pceId\":"
                                "\"0000\",\"tcbType\":0," MODULES LEVELS "}"},
     ATLS_COLLATERAL_MISSING},
    {{.info =
          INFO_HEAD("TDX", "3") "\"fmspc\":\"50806f000000\",\"pceId\":"
                                "\"0001\",\"tcbType\":0," MODULES LEVELS "}"},
     ATLS_COLLATERAL_MISSING},
    {{.info =
          INFO_HEAD("TDX", "3") "\"fmspc\":\"50806f000000\",\"pceId\":"
                                "\"0000\",\"tcbType\":0," MODULES LEVELS " }"},
     ATLS_OK},
    {{.info = INFO_HEAD("TDX", "2") PLATFORM MODULES LEVELS "}"},
     ATLS_COLLATERAL_INVALID},
    {{.info = INFO_HEAD("TDY", "3") PLATFORM MODULES LEVELS "}"},
     ATLS_COLLATERAL_INVALID},
    {{.info = INFO_HEAD("TDX", "3") PLATFORM LEVELS "}"},
     ATLS_COLLATERAL_INVALID},
    {{.info = INFO_HEAD("TDX", "3") PLATFORM MODULES "\"tcbLevels\":[]}"},
     ATLS_COLLATERAL_INVALID},
    {{.info = INFO_HEAD("TDX", "3") PLATFORM MODULES
      "\"tcbLevels\":[" LEVEL("5", "5", "5", "11", "Splendid") "}]}"},
     ATLS_COLLATERAL_INVALID},
    {{.info = INFO_HEAD("TDX", "3") PLATFORM MODULES
      "\"tcbLevels\":[" LEVEL("65536", "5", "5", "11", "UpToDate") "}]}"},
     ATLS_COLLATERAL_INVALID},
    {{.info = INFO_HEAD("TDX", "3") PLATFORM MODULES
      "\"tcbLevels\":[" LEVEL("6", "5", "5", "11", "UpToDate") "}]}"},
     ATLS_TCB_LEVEL_MISSING},
    {{.info = INFO_HEAD("TDX", "3") PLATFORM MODULES
      "\"tcbLevels\":[" LEVEL("5", "5", "5", "12", "UpToDate") "}]}"},
     ATLS_TCB_LEVEL_MISSING},
    {{.info = INFO_HEAD("TDX", "3") PLATFORM MODULES
      "\"tcbLevels\":[" LEVEL("5", "6", "5", "11", "UpToDate") "}]}"},
     ATLS_TCB_LEVEL_MISSING},
    {{.info = INFO_HEAD("TDX", "3") PLATFORM MODULES
      "\"tcbLevels\":[" LEVEL("5", "5", "5", "11", "SWHardeningNeeded") "}]}"},
     ATLS_TCB_REFUSED},
    {{.info = INFO_HEAD("TDX", "3") PLATFORM MODULES
      "\"tcbLevels\":[" LEVEL("5", "5", "5", "11", "Revoked") "}]}"},
     ATLS_TCB_REFUSED},
    {{.info = "{}"}, ATLS_COLLATERAL_INVALID},
    {{.info = "[]"}, ATLS_COLLATERAL_INVALID},
    {{.info = "\"{}\""}, ATLS_COLLATERAL_INVALID},
    {{.info = "{\"id\":\"TDX\",\"version\":3,\"issueDate\":\"2026-13-01T00:"
              "00:00Z\",\"nextUpdate\":\"" FORGE_DCAP_NEXT
              "\",\"tcbEvaluationDataNumber\":17," PLATFORM MODULES LEVELS "}"},
     ATLS_COLLATERAL_INVALID},
    {{.identity = INFO_HEAD("TD_QE", "1") ENCLAVE QE_LEVELS "}"},
     ATLS_COLLATERAL_INVALID},
    {{.identity = INFO_HEAD("TD_QE", "2") QE_LEVELS "}"},
     ATLS_COLLATERAL_INVALID},
    {{.identity = INFO_HEAD("TD_QE", "2") ENCLAVE "\"tcbLevels\":[{\"tcb\":{},"
                                                  "\"tcbStatus\":"
                                                  "\"UpToDate\"}]}"},
     ATLS_COLLATERAL_INVALID},
};

START_TEST(collateral_is_judged_for_what_it_is)
{
    given = collateral_rows[_i].given;
    forge_dcap_quote_init(&quote, "tdx4", forge_nonce(32));
    assert_appraised(ANY, collateral_rows[_i].reason);
}
END_TEST

/* Each byte of the inner object is signed, white space and all. */
START_TEST(changed_document_is_refused)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};
    char root[128];

    put_folder(true);
    snprintf(root, sizeof(root), "%s/root.pem", folder.path);
    ck_assert_reason(load("tdx", ANY, root, folder.path, &policy, &why),
                     ATLS_OK);
    atls_policy_free(policy);
    forge_dcap_signed(&dcap, "tcbInfo", INFO_TDX, &text);
    for (size_t i = 12; i + 148 < text.len; i += 17) {
        uint8_t kept = text.data[i];

        if (kept < '0' || kept > '8')
            continue;
        text.data[i]++;
        forge_folder_put(&folder, "info.json", atls_buf_view(&text));
        why = (struct atls_why){0};
        ck_assert_reason(load("tdx", ANY, root, folder.path, &policy, &why),
                         ATLS_COLLATERAL_INVALID);
        text.data[i] = kept;
    }
    text.data[text.len - 3] ^= 1; /* of the signature */
    forge_folder_put(&folder, "info.json", atls_buf_view(&text));
    ck_assert_reason(load("tdx", ANY, root, folder.path, &policy, &why),
                     ATLS_COLLATERAL_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "info.json"));
}
END_TEST

/* White space around the inner object is not signed, within it is. */
START_TEST(inner_object_is_found_in_any_layout)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX), laid = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    struct atls_why why = {0};
    size_t inner = strlen(INFO_TDX);
    char root[128];

    put_folder(true);
    snprintf(root, sizeof(root), "%s/root.pem", folder.path);
    forge_dcap_signed(&dcap, "tcbInfo", INFO_TDX, &text);
    atls_buf_text(&laid, "\n{ \"other\" : [1, {\"a\":\"}]\"}, \"\\\"\"],\t");
    atls_buf_put(&laid, atls_view(text.data + 1 + 11 + inner,
                                  text.len - 13 - inner)); /* ,"signature".. */
    atls_buf_text(&laid, " , \"tcbInfo\" :\r\n ");
    atls_buf_put(&laid, atls_view(text.data + 11, inner));
    atls_buf_text(&laid, " \n }\n");
    forge_folder_put(&folder, "info.json", atls_buf_view(&laid));
    ck_assert_msg(load("tdx", ANY, root, folder.path, &policy, &why) == ATLS_OK,
                  "%s", why.text);
    atls_policy_free(policy);
}
END_TEST

/* The moments at which things begin and end. */
static const struct {
    int64_t now;
    const char *reference;
    enum atls_reason reason;
} time_rows[] = {
    {1793491200, ANY, ATLS_OK},
    {1793491199, ANY, ATLS_COLLATERAL_STALE},
    {1796083199, ANY, ATLS_OK},
    {1796083201, ANY, ATLS_COLLATERAL_STALE},
    {1796083201, ANY ",\"grace\":\"1d\"", ATLS_OK},
    {1796083200 + 86401, ANY ",\"grace\":\"1d\"", ATLS_COLLATERAL_STALE},
};

START_TEST(time_is_what_it_is_judged_at)
{
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
    enum atls_reason got;

    forge_dcap_quote_init(&quote, "tdx4", forge_nonce(32));
    forge_dcap_quote(&dcap, &quote, &bytes);
    got = appraise_bytes(atls_buf_view(&bytes), time_rows[_i].reference,
                         time_rows[_i].now);
    ck_assert_msg(got == time_rows[_i].reason, "%s: %s", atls_reason_name(got),
                  sentence);
}
END_TEST

#define DATED(id, version, issued, next)                                       \
    "{\"id\":\"" id "\",\"version\":" version ",\"issueDate\":\"" issued       \
    "T00:00:00Z\",\"nextUpdate\":\"" next                                      \
    "T00:00:00Z\",\"tcbEvaluationDataNumber\":17,"
#define DATED_INFO(issued, next)                                               \
    DATED("TDX", "3", issued, next) PLATFORM MODULES LEVELS "}"
#define DATED_IDENTITY(issued, next)                                           \
    DATED("TD_QE", "2", issued, next) ENCLAVE QE_LEVELS "}"

/* Of the two documents alone: CRLs and certificates hold. */
static const struct {
    const char *kind;
    struct collateral given;
    enum atls_reason reason, in_grace; /* of 9 days; now is 2026-11-18 */
} date_rows[] = {
    {"tdx4",
     {.info = DATED_INFO("2026-11-01", "2026-11-19")},
     ATLS_OK,
     ATLS_OK},
    {"tdx4",
     {.info = DATED_INFO("2026-11-01", "2026-11-10")},
     ATLS_COLLATERAL_STALE,
     ATLS_OK},
    {"tdx4",
     {.info = DATED_INFO("2026-11-01", "2026-11-09")},
     ATLS_COLLATERAL_STALE,
     ATLS_COLLATERAL_STALE},
    {"tdx4",
     {.info = DATED_INFO("2026-11-19", "2026-11-30")},
     ATLS_COLLATERAL_STALE,
     ATLS_COLLATERAL_STALE},
    {"tdx4",
     {.identity = DATED_IDENTITY("2026-11-01", "2026-11-10")},
     ATLS_COLLATERAL_STALE,
     ATLS_OK},
    {"tdx4",
     {.identity = DATED_IDENTITY("2026-11-01", "2026-11-09")},
     ATLS_COLLATERAL_STALE,
     ATLS_COLLATERAL_STALE},
    {"tdx4",
     {.identity = DATED_IDENTITY("2026-11-19", "2026-11-30")},
     ATLS_COLLATERAL_STALE,
     ATLS_COLLATERAL_STALE},
    {"sgx3",
     {.info =
          DATED("SGX", "3", "2026-11-01", "2026-11-10") PLATFORM LEVELS "}"},
     ATLS_COLLATERAL_STALE,
     ATLS_OK},
    {"sgx3",
     {.info =
          DATED("SGX", "3", "2026-11-01", "2026-11-09") PLATFORM LEVELS "}"},
     ATLS_COLLATERAL_STALE,
     ATLS_COLLATERAL_STALE},
};

START_TEST(document_holds_from_its_issue_to_its_next_update_and_grace)
{
    given = date_rows[_i].given;
    forge_dcap_quote_init(&quote, date_rows[_i].kind, forge_nonce(32));
    assert_appraised(ANY, date_rows[_i].reason);
    assert_appraised(ANY ",\"grace\":\"9d\"", date_rows[_i].in_grace);
}
END_TEST

START_TEST(revoked_certificate_is_refused)
{
    static const char *const revoked[] = {"pck", "ca", "tcb"};

    dcap.revoked = revoked[_i];
    forge_dcap_quote_init(&quote, "tdx4", forge_nonce(32));
    assert_appraised(ANY, ATLS_CHAIN_REVOKED);
}
END_TEST

/* The signer of TCB info is asked for its dates as well. */
START_TEST(expired_certificate_is_refused)
{
    static const enum forge_dcap_role expired[] = {
        FORGE_DCAP_ROOT, FORGE_DCAP_CA, FORGE_DCAP_PCK, FORGE_DCAP_TCB};

    forge_dcap_expire(&dcap, expired[_i], FORGE_DCAP_NOW - 1);
    forge_dcap_quote_init(&quote, "tdx4", forge_nonce(32));
    assert_appraised(ANY, ATLS_CHAIN_EXPIRED);
}
END_TEST

START_TEST(certificate_before_its_time_is_refused)
{
    static const enum forge_dcap_role early[] = {
        FORGE_DCAP_ROOT, FORGE_DCAP_CA, FORGE_DCAP_PCK, FORGE_DCAP_TCB};

    forge_dcap_delay(&dcap, early[_i], FORGE_DCAP_NOW);
    forge_dcap_quote_init(&quote, "tdx4", forge_nonce(32));
    assert_appraised(ANY, ATLS_OK);
    forge_dcap_delay(&dcap, early[_i], FORGE_DCAP_NOW + 1);
    assert_appraised(ANY, ATLS_CHAIN_EXPIRED);
}
END_TEST

/* One bit of the certificate's DER: the line of its PEM is written anew. */
static void flip_in_pem(char *body, uint8_t *der, size_t len, size_t at)
{
    enum { LINE = 48 }; /* bytes that stand in one */
    size_t begin = at - at % LINE;
    size_t num = len - begin < LINE ? len - begin : LINE;
    uint8_t text[LINE / 3 * 4 + 1];
    int text_len;

    der[at] ^= 1;
    text_len = EVP_EncodeBlock(text, der + begin, (int)num);
    memcpy(body + at / LINE * sizeof(text), text, (size_t)text_len);
}

/* It cannot be read then, or Intel's CA has not signed it; of the signature's
 * own end the latter alone. */
static bool is_broken_certificate(enum atls_reason reason, bool is_signature)
{
    return reason == ATLS_CHAIN_UNTRUSTED ||
           (!is_signature &&
            (reason == ATLS_CHAIN_MISSING || reason == ATLS_CHAIN_EXPIRED ||
             reason == ATLS_EVIDENCE_MALFORMED));
}

START_TEST(flipped_bit_of_the_pck_certificate_is_refused)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
    struct atls_quote parsed;
    uint8_t *der = NULL;
    char *body;
    size_t len;

    forge_dcap_quote_init(&quote, _i == 0 ? "tdx4" : "sgx3", forge_nonce(32));
    forge_dcap_quote(&dcap, &quote, &bytes);
    ck_assert_reason(atls_quote_parse(atls_buf_view(&bytes), &parsed, NULL),
                     ATLS_OK);
    body =
        (char *)bytes.data + (parsed.chain.data - bytes.data) + strlen(begin);
    len = (size_t)i2d_X509(dcap.certificates[FORGE_DCAP_PCK], &der);
    for (size_t at = 0; at < len; at += 5) {
        enum atls_reason got;

        flip_in_pem(body, der, len, at);
        got = appraise_bytes(atls_buf_view(&bytes), ANY, FORGE_DCAP_NOW);
        flip_in_pem(body, der, len, at);
        ck_assert_msg(is_broken_certificate(got, at + 24 >= len), "%zu: %s: %s",
                      at, atls_reason_name(got), sentence);
    }
    ck_assert_reason(appraise_bytes(atls_buf_view(&bytes), ANY, FORGE_DCAP_NOW),
                     ATLS_OK);
    OPENSSL_free(der);
}
END_TEST

START_TEST(quote_under_another_root_is_refused)
{
    struct forge_dcap other;
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);

    forge_dcap_open(&other);
    forge_dcap_rename(&other, "Other ");
    forge_dcap_quote_init(&quote, "tdx4", forge_nonce(32));
    forge_dcap_quote(&other, &quote, &bytes);
    ck_assert_reason(appraise_bytes(atls_buf_view(&bytes), ANY, FORGE_DCAP_NOW),
                     ATLS_CHAIN_UNTRUSTED);
    forge_dcap_clear(&other);
}
END_TEST

/* The chain of another platform, whose PCK key did not sign. */
START_TEST(chain_of_another_platform_is_refused)
{
    EVP_PKEY *key = dcap.keys[FORGE_DCAP_PCK];
    EVP_PKEY *other = EVP_EC_gen("P-256");

    forge_dcap_quote_init(&quote, "sgx3", forge_nonce(32));
    dcap.keys[FORGE_DCAP_PCK] = other;
    assert_appraised(ANY, ATLS_SIGNATURE_INVALID);
    dcap.keys[FORGE_DCAP_PCK] = key;
    EVP_PKEY_free(other);
}
END_TEST

/* A PCK key is on every platform: it must not make TCB info. */
START_TEST(only_intels_signer_makes_tcb_info)
{
    EVP_PKEY *key = dcap.keys[FORGE_DCAP_TCB];

    put_pem("pck.pem", FORGE_DCAP_PCK);
    put_pem("ca.pem", FORGE_DCAP_CA);
    dcap.keys[FORGE_DCAP_TCB] = dcap.keys[FORGE_DCAP_PCK];
    forge_dcap_quote_init(&quote, "tdx4", forge_nonce(32));
    assert_appraised(ANY, ATLS_COLLATERAL_INVALID);
    dcap.keys[FORGE_DCAP_TCB] = key;
}
END_TEST

START_TEST(newer_document_is_taken)
{
    static const char older[] =
        "{\"id\":\"TDX\",\"version\":3,\"issueDate\":\"2026-10-01T00:00:00Z\","
        "\"nextUpdate\":\"2026-12-30T00:00:00Z\",\"tcbEvaluationDataNumber\":"
        "16," PLATFORM MODULES
        "\"tcbLevels\":[" LEVEL("6", "5", "5", "11", "UpToDate") "}]}";

    put_signed("a.json", "tcbInfo", older);
    put_signed("z.json", "tcbInfo", older);
    forge_dcap_quote_init(&quote, "tdx4", forge_nonce(32));
    assert_appraised(ANY, ATLS_OK);
}
END_TEST

static void take_expiry(void *arg, const struct atls_expiry *expiry)
{
    char text[256];

    if (expiry->folder == NULL || strcmp(expiry->kind, "certificate") == 0)
        return;
    snprintf(text, sizeof(text), "%s of %s: %lld\n", expiry->kind, expiry->of,
             (long long)expiry->next);
    atls_buf_text(arg, text);
}

/* What stands in the folder beside a newer one of its kind, or is of the other
 * TEE, has no say. */
START_TEST(collateral_must_be_there_anew_when_the_first_of_each_kind_ends)
{
    static const char older[] =
        "{\"id\":\"TDX\",\"version\":3,\"issueDate\":\"2026-10-01T00:00:00Z\","
        "\"nextUpdate\":\"2026-10-30T00:00:00Z\",\"tcbEvaluationDataNumber\":"
        "16," PLATFORM MODULES LEVELS "}";
    static const char other[] =
        "{\"id\":\"TDX\",\"version\":3,\"issueDate\":\"2026-10-02T00:00:00Z\","
        "\"nextUpdate\":\"2026-11-30T00:00:00Z\",\"tcbEvaluationDataNumber\":"
        "16,\"fmspc\":\"60806F000000\",\"pceId\":\"0000\",\"tcbType\":"
        "0," MODULES LEVELS "}";
    static const char enclave[] =
        "{\"id\":\"QE\",\"version\":2,\"issueDate\":\"2026-10-02T00:00:00Z\","
        "\"nextUpdate\":\"2026-10-03T00:00:00Z\",\"tcbEvaluationDataNumber\":"
        "16," ENCLAVE QE_LEVELS "}";
    ATLS_AUTO_BUF found = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    const struct atls_profile *profile;
    struct atls_why why = {0};
    /* FORGE_DCAP_NEXT, and the day before it of the other platforms */
    static const char wanted[] =
        "CRL of Test SGX PCK Platform CA: 1796083200\n"
        "CRL of Test SGX Root CA: 1796083200\n"
        "QE identity of TDX: 1796083200\n"
        "TCB info of TDX, FMSPC 50806f000000: 1796083200\n"
        "TCB info of TDX, FMSPC 60806f000000: 1795996800\n";
    char root[128];

    put_folder(true);
    snprintf(root, sizeof(root), "%s/root.pem", folder.path);
    put_signed("a.json", "tcbInfo", older);
    put_signed("b.json", "tcbInfo", other);
    put_signed("c.json", "enclaveIdentity", enclave);
    ck_assert_msg(load("tdx", ANY, root, folder.path, &policy, &why) == ATLS_OK,
                  "%s", why.text);
    profile = atls_policy_profile(policy, "p");
    ck_assert_ptr_nonnull(profile);
    ck_assert(atls_profile_expiries(profile, take_expiry, &found));
    ck_assert_msg(atls_view_is(atls_buf_view(&found), wanted), "%.*s",
                  (int)found.len, (const char *)found.data);
    atls_policy_free(policy);
}
END_TEST

START_TEST(profile_without_collateral_is_a_problem)
{
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    struct atls_policy *policy = NULL;
    char head[256];

    put_pem("root.pem", FORGE_DCAP_ROOT);
    snprintf(head, sizeof(head),
             "{\"profiles\":{\"p\":{\"format\":\"tdx\",\"trust_anchors\":"
             "[\"%s/root.pem\"],\"any\":true}}}",
             folder.path);
    atls_buf_text(&text, head);
    ck_assert_reason(atls_policy_parse(atls_buf_view(&text), "p", "/", NULL,
                                       NULL, &policy, NULL),
                     ATLS_POLICY_INVALID);
}
END_TEST

static void count_claim(void *arg, const char *name, const char *value)
{
    if (strcmp(name, "fmspc") == 0)
        ck_assert_str_eq(value, FORGE_DCAP_FMSPC);
    ++*(unsigned *)arg;
}

/* What is learned takes what it was learned from, and names what is unusual. */
START_TEST(profile_is_learned_for_a_quote_of_every_kind)
{
    static const char *const of_td[] = {"\"mrtd\": \"1111", "\"rtmr3\": \"2323",
                                        NULL},
                             *const of_enclave[] = {"\"mrenclave\": \"3131",
                                                    "\"isvprodid\": 2",
                                                    "\"min_isvsvn\": 7",
                                                    "\"isvextprodid\": \"3333",
                                                    "\"isvfamilyid\": \"3535",
                                                    "\"configid\": \"3434",
                                                    "\"min_configsvn\": 5",
                                                    NULL};
    const int root[] = {FORGE_DCAP_ROOT, -1};
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX), cmw = atls_buf(ATLS_CMW_MAX),
                  pem = atls_buf(FORGE_MAX);
    struct atls_lesson lesson = {.collateral = folder.path,
                                 .now = FORGE_DCAP_NOW};
    struct atls_evidence *evidence = NULL;
    ATLS_AUTO_HEAP char *json = NULL;
    struct atls_why why = {0};
    bool is_td = kinds[_i][0] == 't';

    forge_dcap_quote_init(&quote, kinds[_i], forge_nonce(32));
    forge_dcap_quote(&dcap, &quote, &bytes);
    put_folder(is_td);
    forge_dcap_pem(&dcap, &pem, root);
    atls_buf_u8(&pem, 0);
    lesson.certificates = (const char *)pem.data;
    forge_cmw(&cmw, is_td ? TYPE_TDX : TYPE_SGX, atls_buf_view(&bytes), 4);
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
        ATLS_OK);
    ck_assert_msg(atls_policy_learn(evidence, &lesson, &json, &why) == ATLS_OK,
                  "%s", why.text);
    for (const char *const *says = is_td ? of_td : of_enclave; *says != NULL;
         says++)
        ck_assert_msg(strstr(json, *says) != NULL, "%s in %s", *says, json);
    ck_assert_ptr_null(strstr(json, "\"debug\""));
    atls_evidence_free(evidence);
}
END_TEST

START_TEST(claims_are_described)
{
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX), cmw = atls_buf(FORGE_MAX);
    bool is_td = kinds[_i][0] == 't';
    struct atls_evidence *evidence = NULL;
    unsigned brief = 0, full = 0;

    forge_dcap_quote_init(&quote, kinds[_i], forge_nonce(32));
    forge_dcap_quote(&dcap, &quote, &bytes);
    forge_cmw(&cmw, is_td ? TYPE_TDX : TYPE_SGX, atls_buf_view(&bytes), 4);
    ck_assert_reason(
        atls_evidence_parse(atls_buf_view(&cmw), NULL, &evidence, NULL),
        ATLS_OK);
    atls_evidence_describe(evidence, true, count_claim, &brief);
    atls_evidence_describe(evidence, false, count_claim, &full);
    ck_assert_uint_eq(brief, 2);
    ck_assert_uint_gt(full, is_td ? 20 : 12);
    atls_evidence_free(evidence);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dcap");
    TCase *cases = tcase_create("dcap");

#define add_rows(test, rows)                                                   \
    tcase_add_loop_test(cases, test, 0, sizeof(rows) / sizeof(rows[0]))
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, open_all, clear_all);
    tcase_add_loop_test(cases, quote_of_every_kind_is_accepted, 0, NUM_KINDS);
    add_rows(quote_in_a_tsm_report_is_judged, tsm_rows);
    add_rows(event_log_must_add_up_to_the_rtmrs_where_a_profile_wants_it,
             log_rows);
    tcase_add_test(cases, quote_of_the_other_tee_is_refused);
    tcase_add_test(cases, nonce_is_all_64_bytes);
    add_rows(flipped_bit_is_a_wrong_signature, flip_rows);
    tcase_add_test(cases, signature_out_of_range_is_refused);
    tcase_add_loop_test(cases, report_of_the_quoting_enclave_must_name_the_key,
                        0, NUM_KINDS);
    add_rows(quote_with_one_difference_is_judged_by_it, edit_rows);
    add_rows(claim_is_held_against_its_reference_value, pin_rows);
    add_rows(enclave_is_held_against_its_product, sgx_rows);
    add_rows(collateral_is_judged_for_what_it_is, collateral_rows);
    tcase_add_test(cases, changed_document_is_refused);
    tcase_add_test(cases, inner_object_is_found_in_any_layout);
    add_rows(time_is_what_it_is_judged_at, time_rows);
    add_rows(document_holds_from_its_issue_to_its_next_update_and_grace,
             date_rows);
    tcase_add_loop_test(cases, revoked_certificate_is_refused, 0, 3);
    tcase_add_loop_test(cases, expired_certificate_is_refused, 0, 4);
    tcase_add_loop_test(cases, certificate_before_its_time_is_refused, 0, 4);
    tcase_add_loop_test(cases, flipped_bit_of_the_pck_certificate_is_refused, 0,
                        2);
    tcase_add_test(cases, quote_under_another_root_is_refused);
    tcase_add_test(cases, chain_of_another_platform_is_refused);
    tcase_add_test(cases, only_intels_signer_makes_tcb_info);
    tcase_add_test(cases, newer_document_is_taken);
    tcase_add_test(
        cases, collateral_must_be_there_anew_when_the_first_of_each_kind_ends);
    tcase_add_test(cases, profile_without_collateral_is_a_problem);
    tcase_add_loop_test(cases, profile_is_learned_for_a_quote_of_every_kind, 0,
                        NUM_KINDS);
    tcase_add_loop_test(cases, claims_are_described, 0, NUM_KINDS);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
