/* SPDX-License-Identifier: Apache-2.0
 *
 * What a Verifier says of itself: its keys, the Evidence it takes and where its
 * API is. Made when the service was loaded.
 */
#include "serve/route.h"

#define DISCOVERY "application/vnd.veraison.discovery+json"
#define JWK_SET   "application/jwk-set+json" /* RFC 7517, 8.5.2 */

static void publish(struct atls_exchange *exchange, const char *type,
                    const struct atls_buf *text)
{
    exchange->answer.status = 200;
    exchange->answer.type = type;
    exchange->answer.cache = "max-age=60";
    atls_buf_put(&exchange->answer.body, atls_buf_view(text));
}

void atls_published_discovery(struct atls_exchange *exchange)
{
    if (atls_exchange_accepts(exchange, DISCOVERY) ||
        atls_exchange_accepts(exchange, "application/json"))
        publish(exchange, DISCOVERY, &exchange->service->discovery);
    else
        atls_exchange_problem(
            exchange, 406, "the only supported output format is %s", DISCOVERY);
}

/* Whoever asks for a key set knows what it is, by either name. */
void atls_published_keys(struct atls_exchange *exchange)
{
    if (atls_exchange_accepts(exchange, JWK_SET) ||
        atls_exchange_accepts(exchange, "application/json"))
        publish(exchange, JWK_SET, &exchange->service->jwks);
    else
        atls_exchange_problem(
            exchange, 406, "the only supported output format is %s", JWK_SET);
}
