/* SPDX-License-Identifier: Apache-2.0
 *
 * DCAP quotes, taken apart: our own of every kind, cut and bent at every
 * border, and real ones.
 */
#include "quote.h"

#include <string.h>

#include "base64url.h"
#include "forge_dcap.h"
#include "../check_main.h"

static struct forge_dcap dcap;

static void open_all(void)
{
    forge_dcap_open(&dcap);
}

static void clear_all(void)
{
    forge_dcap_clear(&dcap);
}

static void make(const char *kind, struct atls_buf *out)
{
    struct forge_dcap_quote quote;

    forge_dcap_quote_init(&quote, kind, forge_nonce(32));
    forge_dcap_quote(&dcap, &quote, out);
}

static const char *const kinds[] = {"sgx3", "sgx4", "sgx5",
                                    "tdx4", "tdx5", "tdx15"};
enum { NUM_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

START_TEST(quote_of_every_kind_is_taken_apart)
{
    const char *kind = kinds[_i];
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
    struct atls_quote quote;
    struct atls_view nonce;

    make(kind, &bytes);
    ck_assert_reason(atls_quote_parse(atls_buf_view(&bytes), &quote, NULL),
                     ATLS_OK);
    ck_assert(quote.is_td == (kind[0] == 't'));
    nonce = quote.is_td ? quote.td.report_data : quote.enclave.report_data;
    ck_assert_uint_eq(nonce.len, 64);
    ck_assert_mem_eq(nonce.data, forge_nonce(32).data, 32);
    ck_assert(atls_quote_is_zero(atls_view(nonce.data + 32, 32)));
    ck_assert_uint_eq(quote.trailing.len, 0);
    ck_assert_uint_eq(quote.qe.svn, 7);
    ck_assert_uint_eq(quote.qe.prod_id, 2);
    ck_assert_int_eq(quote.qe.mr_signer.data[31], 0x42);
    ck_assert_uint_gt(quote.chain.len, 27);
    ck_assert_mem_eq(quote.chain.data, "-----BEGIN CERTIFICATE-----", 27);
    if (quote.is_td) {
        ck_assert_int_eq(quote.td.mr_td.data[0], 0x11);
        ck_assert_int_eq(quote.td.mr_owner_config.data[47], 0x14);
        ck_assert_int_eq(quote.td.rtmr[3].data[47], 0x23);
        ck_assert((quote.td.mr_service_td.len == 48) ==
                  (strcmp(kind, "tdx15") == 0));
    } else {
        ck_assert_int_eq(quote.enclave.mr_enclave.data[0], 0x31);
        ck_assert_int_eq(quote.enclave.mr_signer.data[31], 0x32);
        ck_assert_int_eq(quote.enclave.attributes.data[0], 0x85);
        ck_assert_int_eq(quote.enclave.xfrm.data[0], 0xe7);
        ck_assert_uint_eq(quote.enclave.config_svn, 5);
    }
}
END_TEST

/* Whatever is missing at the end is missed. */
START_TEST(cut_quote_is_refused)
{
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
    struct atls_quote quote;

    make(kinds[_i], &bytes);
    for (size_t len = 0; len < bytes.len; len++)
        ck_assert_reason(
            atls_quote_parse(atls_view(bytes.data, len), &quote, NULL),
            ATLS_EVIDENCE_MALFORMED);
}
END_TEST

static size_t find_signature(struct atls_view bytes, size_t body)
{
    return (bytes.data[0] == 5 ? 54 : 48) + body;
}

static void set_le(uint8_t *at, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get_le(const uint8_t *at, unsigned width)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value |= (uint32_t)at[i] << (8 * i);
    return value;
}

/* Lengths, each at its place: none, one too few, one too many, all there is.
 * A signature data that is too short by one leaves its last byte trailing, and
 * the lengths inside disagree with it. */
static void bend(struct atls_view bytes, size_t at, unsigned width)
{
    ATLS_AUTO_BUF bent = atls_buf(FORGE_MAX);
    uint32_t right = get_le(bytes.data + at, width);
    const uint32_t wrong[] = {0,      right - 1,  right + 1,
                              0xffff, 0xffffffff, 0x80000000};
    struct atls_quote quote;

    atls_buf_put(&bent, bytes);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        set_le(bent.data + at, width, wrong[i]);
        if (get_le(bent.data + at, width) != right)
            ck_assert_reason(
                atls_quote_parse(atls_buf_view(&bent), &quote, NULL),
                ATLS_EVIDENCE_MALFORMED);
    }
}

START_TEST(length_that_lies_is_refused)
{
    static const size_t bodies[] = {384, 384, 384, 584, 584, 648};
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
    size_t at;

    make(kinds[_i], &bytes);
    at = find_signature(atls_buf_view(&bytes), bodies[_i]);
    bend(atls_buf_view(&bytes), at, 4);
    at += 4 + 64 + 64;
    if (bytes.data[0] > 3) {
        bend(atls_buf_view(&bytes), at + 2, 4);
        at += 6;
    }
    bend(atls_buf_view(&bytes), at + 384 + 64, 2);
    bend(atls_buf_view(&bytes), at + 384 + 64 + 2 + 32 + 2, 4);
}
END_TEST

START_TEST(bytes_behind_a_quote_are_set_apart)
{
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
    struct atls_quote quote;
    size_t len;

    make(kinds[_i], &bytes);
    len = bytes.len;
    atls_buf_u8(&bytes, 0);
    ck_assert_reason(atls_quote_parse(atls_buf_view(&bytes), &quote, NULL),
                     ATLS_OK);
    ck_assert_uint_eq(quote.trailing.len, 1);
    ck_assert(atls_quote_is_zero(quote.trailing));
    bytes.data[len] = 1;
    ck_assert_reason(atls_quote_parse(atls_buf_view(&bytes), &quote, NULL),
                     ATLS_OK);
    ck_assert(!atls_quote_is_zero(quote.trailing));
}
END_TEST

START_TEST(quote_is_bounded)
{
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_QUOTE_MAX + 1);
    struct atls_quote quote;

    make("tdx4", &bytes);
    while (bytes.len < ATLS_QUOTE_MAX)
        atls_buf_u8(&bytes, 0);
    ck_assert_reason(atls_quote_parse(atls_buf_view(&bytes), &quote, NULL),
                     ATLS_OK);
    atls_buf_u8(&bytes, 0);
    ck_assert_reason(atls_quote_parse(atls_buf_view(&bytes), &quote, NULL),
                     ATLS_EVIDENCE_MALFORMED);
}
END_TEST

static const struct header_row {
    const char *kind;
    size_t at;
    uint8_t value;
    enum atls_reason reason;
} header_rows[] = {
    {"tdx4", 0, 2, ATLS_FORMAT_UNKNOWN},
    {"tdx4", 0, 6, ATLS_FORMAT_UNKNOWN},
    {"tdx4", 1, 1, ATLS_FORMAT_UNKNOWN},
    {"tdx4", 2, 0, ATLS_ALGORITHM_UNSUPPORTED},
    {"tdx4", 2, 3, ATLS_ALGORITHM_UNSUPPORTED}, /* ECDSA on P-384 */
    {"tdx4", 4, 0x82, ATLS_FORMAT_UNKNOWN},
    {"tdx4", 7, 1, ATLS_FORMAT_UNKNOWN},
    {"sgx3", 4, 0x81, ATLS_FORMAT_UNKNOWN},      /* no TD in version 3 */
    {"tdx4", 12, 0, ATLS_ALGORITHM_UNSUPPORTED}, /* another vendor's QE */
    {"tdx15", 48, 1, ATLS_FORMAT_UNKNOWN},       /* an enclave under TDX */
    {"tdx15", 48, 2, ATLS_FORMAT_UNKNOWN},       /* 1.0 with 1.5's length */
    {"tdx15", 48, 4, ATLS_FORMAT_UNKNOWN},
    {"tdx15", 50, 0x87, ATLS_FORMAT_UNKNOWN},
    {"tdx15", 53, 1, ATLS_FORMAT_UNKNOWN},
    {"sgx5", 48, 2, ATLS_FORMAT_UNKNOWN}, /* a TD under SGX */
    {"sgx5", 48, 0, ATLS_FORMAT_UNKNOWN},
};

START_TEST(quote_of_another_kind_is_refused_by_name)
{
    const struct header_row *row = &header_rows[_i];
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
    struct atls_quote quote;

    make(row->kind, &bytes);
    bytes.data[row->at] = row->value;
    ck_assert_reason(atls_quote_parse(atls_buf_view(&bytes), &quote, NULL),
                     row->reason);
}
END_TEST

START_TEST(quote_without_a_chain_is_refused_by_name)
{
    static struct forge_dcap_quote made;
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX);
    struct atls_quote quote;
    struct atls_why why = {0};

    forge_dcap_quote_init(&made, kinds[_i], forge_nonce(32));
    made.chain_type = 3;
    forge_dcap_quote(&dcap, &made, &bytes);
    ck_assert_reason(atls_quote_parse(atls_buf_view(&bytes), &quote, &why),
                     ATLS_CHAIN_MISSING);
    ck_assert_ptr_nonnull(strstr(why.text, "RSA-3072"));
    if (made.version == 3)
        return;
    atls_buf_clear(&bytes);
    made.qe_type = 5;
    forge_dcap_quote(&dcap, &made, &bytes);
    ck_assert_reason(atls_quote_parse(atls_buf_view(&bytes), &quote, NULL),
                     ATLS_CHAIN_MISSING);
}
END_TEST

static const struct real_row {
    const char *path, *measurement; /* its first bytes: MRTD, MRENCLAVE */
    uint16_t version;
    bool is_15;
    size_t trailing;
    enum atls_reason reason;
} real_rows[] = {
    {"tdx/gotdx-v4-SPR_E4.quote.dat", "6363b804", 4, false, 39, ATLS_OK},
    {"tdx/oe-v4.quote.dat", "569e660c", 4, false, 0, ATLS_OK},
    {"tdx/trustee-v4.quote.dat", "705ee938", 4, false, 0, ATLS_OK},
    {"tdx/azure-td-quote.dat", "024a32b0", 4, false, 70, ATLS_OK},
    {"tdx/gotdx-cos113.quote.dat", "dae67181", 4, false, 3065, ATLS_OK},
    {"tdx/gotdx-v5.quote.dat", "7348651a", 5, true, 0, ATLS_OK},
    {"tdx/oe-v5.quote.dat", "aa083a82", 5, true, 0, ATLS_OK},
    {"tdx/trustee-v5.quote.dat", "dfba221b", 5, true, 0, ATLS_OK},
    {"tdx/phala-tdx_quote_outdated.dat", "273828c4", 5, true, 0, ATLS_OK},
    {"tdx/lunal-live.quote.dat", "eea8b6a8", 4, false, 307, ATLS_OK},
    {"tdx/intelqvl.quote.dat", "00000000", 4, false, 0, ATLS_OK},
    {"sgx/phala-sgx_quote.dat", "33d8736d", 3, false, 0, ATLS_OK},
    {"sgx/oe-sgx_quote.dat", "80c698b5", 3, false, 0, ATLS_OK},
    {"sgx/intelqvl.quote.dat", "", 3, false, 0, ATLS_CHAIN_MISSING},
    {"sgx/oe-evidence.bin", "", 0, false, 0, ATLS_FORMAT_UNKNOWN},
    {"sgx/oe-endorsements.bin", "", 0, false, 0, ATLS_FORMAT_UNKNOWN},
};

START_TEST(real_quote_is_taken_apart)
{
    const struct real_row *row = &real_rows[_i];
    ATLS_AUTO_BUF bytes = atls_buf(FORGE_MAX), wanted = atls_buf(8);
    struct atls_quote quote;
    struct atls_view measurement;
    struct atls_why why = {0};
    enum atls_reason reason;

    ck_assert(forge_vector(row->path, &bytes));
    reason = atls_quote_parse(atls_buf_view(&bytes), &quote, &why);
    ck_assert_msg(reason == row->reason, "%s", why.text);
    if (reason != ATLS_OK)
        return;
    forge_hex(&wanted, row->measurement);
    measurement = quote.is_td ? quote.td.mr_td : quote.enclave.mr_enclave;
    ck_assert_uint_eq(quote.version, row->version);
    ck_assert(quote.is_td == (row->version > 3));
    ck_assert((quote.td.mr_service_td.len > 0) == row->is_15);
    ck_assert_mem_eq(measurement.data, wanted.data, wanted.len);
    ck_assert_uint_eq(quote.trailing.len, row->trailing);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quote");
    TCase *cases = tcase_create("quote");
    ATLS_AUTO_BUF probe = atls_buf(FORGE_MAX);

    tcase_add_checked_fixture(cases, open_all, clear_all);
    tcase_add_loop_test(cases, quote_of_every_kind_is_taken_apart, 0,
                        NUM_KINDS);
    tcase_add_loop_test(cases, cut_quote_is_refused, 0, NUM_KINDS);
    tcase_add_loop_test(cases, length_that_lies_is_refused, 0, NUM_KINDS);
    tcase_add_loop_test(cases, bytes_behind_a_quote_are_set_apart, 0,
                        NUM_KINDS);
    tcase_add_test(cases, quote_is_bounded);
    tcase_add_loop_test(cases, quote_of_another_kind_is_refused_by_name, 0,
                        sizeof(header_rows) / sizeof(header_rows[0]));
    tcase_add_loop_test(cases, quote_without_a_chain_is_refused_by_name, 0,
                        NUM_KINDS);
    if (forge_vector("tdx/gotdx-v5.quote.dat", &probe))
        tcase_add_loop_test(cases, real_quote_is_taken_apart, 0,
                            sizeof(real_rows) / sizeof(real_rows[0]));
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
