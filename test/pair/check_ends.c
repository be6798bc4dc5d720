/* SPDX-License-Identifier: Apache-2.0
 *
 * Handshakes that end where no Certificate message is: before the answer, on
 * another transport, and after all is said.
 */
#include "deviant.h"

static struct pair pair;

/* ServerHello, change_cipher_spec and EncryptedExtensions arrive, the rest of
 * the server's flight never does: RFC 9846, 5.1. */
static void keep_three_records(struct pair *of, struct pair_side *from,
                               struct atls_buf *bytes)
{
    struct atls_reader in = atls_reader(atls_buf_view(bytes));

    if (from != &of->server)
        return;
    for (unsigned i = 0; i < 3; i++) {
        (void)atls_reader_bytes(&in, 3);
        (void)atls_reader_u16_block(&in);
    }
    ck_assert(atls_reader_more(&in));
    bytes->len -= in.left;
}

START_TEST(server_that_goes_away_leaves_a_line)
{
    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "server"});
    pair_new(&pair, NULL, NULL);
    pair.tap = keep_three_records;
    pair_handshake(&pair);
    ck_assert(!pair.client.is_done && !pair.client.is_failed);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "reason"), "ABANDONED");
}
END_TEST

START_TEST(dtls_is_refused_for_its_transport)
{
    pair_setup(&(struct pair_config){.require = "server"});
    pair_new(&pair, pair_ctx(DTLS_client_method(), false),
             pair_ctx(DTLS_server_method(), true));
    SSL_set_options(pair.client.ssl, SSL_OP_NO_QUERY_MTU);
    SSL_set_mtu(pair.client.ssl, 1400);
    pair_handshake(&pair);
    ck_assert(pair.client.is_failed && !pair.server.is_done);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "reason"), "TRANSPORT");
}
END_TEST

/* doc/protocol.md, "Messages": none ever goes into a ticket. */
START_TEST(ticket_with_an_extension_ends_the_connection)
{
    static struct deviant peer = {.ticket = DEVIANT_SENDS("\0")};
    char byte;

    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "server"});
    pair_new(&pair, NULL, deviant_server(&peer));
    pair_handshake(&pair);
    ck_assert(pair.client.is_done && pair.server.is_done);
    ck_assert_int_le(SSL_read(pair.client.ssl, &byte, 1), 0);
    pair_free(&pair);
    deviant_clear(&peer);
    ck_assert_str_eq(pair_log_text("client", "reason"), "EXTENSION_IN_TICKET");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ends");
    TCase *cases = tcase_create("ends");

    tcase_add_test(cases, server_that_goes_away_leaves_a_line);
    tcase_add_test(cases, dtls_is_refused_for_its_transport);
    tcase_add_test(cases, ticket_with_an_extension_ends_the_connection);
    suite_add_tcase(suite, cases);
    return pair_main(suite);
}
