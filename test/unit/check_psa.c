/* SPDX-License-Identifier: Apache-2.0
 *
 * The claims of attest:soft: defaults, the claims file, and its CBOR.
 */
#include <stdio.h>
#include <string.h>

#include "../check_main.h"
#include "cbor.h"
#include "provider/psa.h"

#define HEX32 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct atls_psa_claims claims;
static struct atls_why why;

static enum atls_reason read_claims(const char *json)
{
    why = (struct atls_why){0};
    atls_psa_claims_default(&claims);
    return atls_psa_claims_read(atls_view_text(json), &claims, &why);
}

START_TEST(empty_file_leaves_the_defaults)
{
    static struct atls_psa_claims defaults;

    atls_psa_claims_default(&defaults);
    ck_assert_reason(read_claims("{}"), ATLS_OK);
    ck_assert_mem_eq(&claims, &defaults, sizeof(claims));
}
END_TEST

START_TEST(lifecycle_is_assembly_and_test)
{
    /* RFC 9783, 4.3.1: 0x1000 to 0x10ff */
    atls_psa_claims_default(&claims);
    ck_assert_uint_eq(claims.lifecycle, 0x1000);
    ck_assert_reason(read_claims("{\"lifecycle\": \"assembly_and_test\"}"),
                     ATLS_OK);
    ck_assert_uint_eq(claims.lifecycle, 0x1000);
}
END_TEST

static const char *const lifecycles[] = {
    "\"secured\"", "\"unknown\"",        "\"psa_rot_provisioning\"",
    "12288",       "\"decommissioned\"", "null"};

START_TEST(no_file_makes_a_soft_attester_look_like_a_device)
{
    char json[64];

    snprintf(json, sizeof(json), "{\"lifecycle\": %s}", lifecycles[_i]);
    ck_assert_reason(read_claims(json), ATLS_ATTESTER_OPTION);
    ck_assert_ptr_nonnull(strstr(why.text, "only say assembly_and_test"));
    ck_assert_uint_eq(claims.lifecycle, 0x1000);
}
END_TEST

START_TEST(file_sets_what_it_names)
{
    ck_assert_reason(
        read_claims("{\"client_id\": -7, \"boot_seed\": \"0102030405060708\","
                    " \"implementation_id\": \"" HEX32 "\","
                    " \"certification_reference\": \"1234567890123-12345\","
                    " \"verification_service\": \"https://v.example\","
                    " \"components\": [{\"measurement\": \"" HEX32 "\","
                    " \"signer_id\": \"" HEX32 "\", \"version\": \"1.2\"}]}"),
        ATLS_OK);
    ck_assert_int_eq(claims.client_id, -7);
    ck_assert_uint_eq(claims.boot_seed.len, 8);
    ck_assert_uint_eq(claims.boot_seed.data[7], 8);
    ck_assert_uint_eq(claims.implementation_id.data[1], 0x11);
    ck_assert_uint_eq(claims.num_components, 1);
    ck_assert_str_eq(claims.components[0].version, "1.2");
    ck_assert_str_eq(claims.components[0].type, "");
    ck_assert_uint_eq(claims.components[0].signer_id.data[31], 0xff);
}
END_TEST

static const struct {
    const char *json, *text;
} bad_files[] = {
    {"", "line 1"},
    {"[]", "want an object"},
    {"{\"nonce\": \"00\"}", "unknown key \"nonce\""},
    {"{\"instance_id\": \"00\"}", "unknown key \"instance_id\""},
    {"{\"client_id\": 1}", "client_id: want a negative"},
    {"{\"client_id\": \"-1\"}", "client_id: want a negative"},
    {"{\"client_id\": -2147483649}", "client_id: want a negative"},
    {"{\"boot_seed\": \"00\"}", "boot_seed: want 8 to 32"},
    {"{\"boot_seed\": \"zz\"}", "boot_seed: want 8 to 32"},
    {"{\"boot_seed\": 5}", "boot_seed: want 8 to 32"},
    {"{\"implementation_id\": \"" HEX32 "00\"}", "implementation_id: want 32"},
    {"{\"verification_service\": \"\"}", "verification_service: want a text"},
    {"{\"components\": {}}", "components: want an array"},
    {"{\"components\": []}", "components: want an array"},
    {"{\"components\": [1]}", "components: want objects"},
    {"{\"components\": [{\"measurement\": \"" HEX32 "\"}]}",
     "want measurement and signer_id"},
    {"{\"components\": [{\"measurement\": \"" HEX32 "00\"}]}",
     "measurement: want 32, 48 or 64"},
    {"{\"components\": [{\"size\": 1}]}", "unknown key \"size\""},
    {"{\"components\": [{},{},{},{},{},{},{},{},{}]}",
     "components: want an array of 1 to 8"},
    {"{} {}", "claims"},
};

START_TEST(bad_file_is_refused_with_the_key)
{
    ck_assert_reason(read_claims(bad_files[_i].json), ATLS_ATTESTER_OPTION);
    if (_i != 0 && _i != (int)(sizeof(bad_files) / sizeof(bad_files[0])) - 1)
        ck_assert_msg(strstr(why.text, bad_files[_i].text) != NULL, "%s",
                      why.text);
}
END_TEST

/* RFC 9783, table 1: keys and types, in the order of RFC 8949, 4.2.1 */
START_TEST(claims_become_deterministic_cbor)
{
    static const uint8_t nonce[48] = {1}, id[33] = {1};
    ATLS_AUTO_BUF out = atls_buf(4096);
    struct atls_cbor_iter map;
    struct atls_cbor in;
    int64_t key, last = -1;

    atls_psa_claims_default(&claims);
    atls_psa_claims_put(&out, &claims, atls_view(nonce, 48), atls_view(id, 33));
    ck_assert(!out.failed);
    in = atls_cbor(atls_buf_view(&out));
    atls_cbor_map(&in, &map);
    while (atls_cbor_next(&in, &map)) {
        key = atls_cbor_int(&in);
        ck_assert_int_gt(key, last);
        last = key;
        if (key == 10)
            ck_assert_uint_eq(atls_cbor_bytes(&in).len, 48);
        else if (key == 256)
            ck_assert_uint_eq(atls_cbor_bytes(&in).len, 33);
        else if (key == 265)
            ck_assert(atls_view_is(atls_cbor_text(&in),
                                   "tag:psacertified.org,2023:psa#tfm"));
        else if (key == 2394)
            ck_assert_int_eq(atls_cbor_int(&in), -1);
        else if (key == 2395)
            ck_assert_uint_eq(atls_cbor_uint(&in), 0x1000);
        else if (key == 2396)
            ck_assert_uint_eq(atls_cbor_bytes(&in).len, 32);
        else
            (void)atls_cbor_skip(&in);
    }
    ck_assert_uint_eq(map.num_seen, 7);
    ck_assert(atls_cbor_done(&in));
}
END_TEST

START_TEST(largest_claims_fit_the_announced_size)
{
    static const uint8_t nonce[64], id[33];
    ATLS_AUTO_BUF out = atls_buf(4096 - 128); /* less COSE and CMW */

    memset(&claims, 0x61, sizeof(claims));
    claims.num_components = ATLS_PSA_MAX_COMPONENTS;
    claims.implementation_id.len = claims.boot_seed.len = 32;
    claims.certification_reference[ATLS_PSA_MAX_TEXT - 1] = '\0';
    claims.verification_service[ATLS_PSA_MAX_TEXT - 1] = '\0';
    for (unsigned i = 0; i < ATLS_PSA_MAX_COMPONENTS; i++) {
        claims.components[i].measurement.len = 64;
        claims.components[i].signer_id.len = 64;
        claims.components[i].type[ATLS_PSA_MAX_TEXT - 1] = '\0';
        claims.components[i].version[ATLS_PSA_MAX_TEXT - 1] = '\0';
        claims.components[i].description[ATLS_PSA_MAX_TEXT - 1] = '\0';
    }
    atls_psa_claims_put(&out, &claims, atls_view(nonce, 64), atls_view(id, 33));
    ck_assert(!out.failed);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

int main(void)
{
    Suite *suite = suite_create("psa");
    TCase *cases = tcase_create("psa");

    tcase_add_test(cases, empty_file_leaves_the_defaults);
    tcase_add_test(cases, lifecycle_is_assembly_and_test);
    tcase_add_loop_test(cases, no_file_makes_a_soft_attester_look_like_a_device,
                        0, COUNT(lifecycles));
    tcase_add_test(cases, file_sets_what_it_names);
    tcase_add_loop_test(cases, bad_file_is_refused_with_the_key, 0,
                        COUNT(bad_files));
    tcase_add_test(cases, claims_become_deterministic_cbor);
    tcase_add_test(cases, largest_claims_fit_the_announced_size);
    suite_add_tcase(suite, cases);
    return check_main(suite);
}
