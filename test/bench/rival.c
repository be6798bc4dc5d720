/* SPDX-License-Identifier: Apache-2.0
 *
 * cbor_load, a walk through the items, cbor_decref.
 */
#include "rival.h"

#include <cbor.h>

/* COSE_Sign1 (RFC 9052, 2), which libcbor 0.8 refuses: it knows the tags of
 * RFC 7049 alone. It gets what the tag is on. */
#define TAG_18 0xd2

static struct bench_rival_bytes bytes_of(const cbor_item_t *item)
{
    if (cbor_isa_bytestring(item))
        return (struct bench_rival_bytes){cbor_bytestring_handle(item),
                                          cbor_bytestring_length(item)};
    if (cbor_isa_string(item))
        return (struct bench_rival_bytes){cbor_string_handle(item),
                                          cbor_string_length(item)};
    return (struct bench_rival_bytes){NULL, 0};
}

static int64_t number_of(const cbor_item_t *item)
{
    return cbor_isa_negint(item) ? -1 - (int64_t)cbor_get_int(item)
                                 : (int64_t)cbor_get_int(item);
}

static void take_component(const cbor_item_t *item,
                           struct bench_rival_claims *out)
{
    const struct cbor_pair *pairs = cbor_map_handle(item);
    size_t at = out->num_components++;

    for (size_t i = 0; i < cbor_map_size(item); i++)
        switch (number_of(pairs[i].key)) {
        case 1:
            out->components[at].type = bytes_of(pairs[i].value);
            break;
        case 2:
            out->components[at].measurement = bytes_of(pairs[i].value);
            break;
        case 4:
            out->components[at].version = bytes_of(pairs[i].value);
            break;
        case 5:
            out->components[at].signer = bytes_of(pairs[i].value);
            break;
        default:
            break;
        }
}

static void take_components(const cbor_item_t *item,
                            struct bench_rival_claims *out)
{
    cbor_item_t **items = cbor_array_handle(item);

    for (size_t i = 0; i < cbor_array_size(item) &&
                       out->num_components < BENCH_RIVAL_COMPONENTS;
         i++)
        take_component(items[i], out);
}

/* RFC 9783, table 1 */
static void take_claim(const struct cbor_pair *pair,
                       struct bench_rival_claims *out)
{
    switch (number_of(pair->key)) {
    case 10:
        out->nonce = bytes_of(pair->value);
        break;
    case 256:
        out->instance = bytes_of(pair->value);
        break;
    case 265:
        out->profile = bytes_of(pair->value);
        break;
    case 268:
        out->boot_seed = bytes_of(pair->value);
        break;
    case 2394:
        out->client = number_of(pair->value);
        break;
    case 2395:
        out->lifecycle = cbor_get_int(pair->value);
        break;
    case 2396:
        out->implementation = bytes_of(pair->value);
        break;
    case 2398:
        out->certification = bytes_of(pair->value);
        break;
    case 2399:
        take_components(pair->value, out);
        break;
    case 2400:
        out->service = bytes_of(pair->value);
        break;
    default:
        break;
    }
}

static bool decode_payload(const cbor_item_t *payload,
                           void (*each)(const struct bench_rival_claims *claims,
                                        void *arg),
                           void *arg)
{
    struct bench_rival_claims claims = {.num_components = 0};
    struct cbor_load_result result;
    cbor_item_t *map = cbor_load(cbor_bytestring_handle(payload),
                                 cbor_bytestring_length(payload), &result);
    bool is_well = map != NULL && cbor_isa_map(map);

    for (size_t i = 0; is_well && i < cbor_map_size(map); i++)
        take_claim(&cbor_map_handle(map)[i], &claims);
    if (is_well)
        each(&claims, arg);
    if (map != NULL)
        cbor_decref(&map);
    return is_well;
}

bool bench_rival_decode(const unsigned char *token, size_t len,
                        void (*each)(const struct bench_rival_claims *claims,
                                     void *arg),
                        void *arg)
{
    struct cbor_load_result result;
    cbor_item_t *message = len > 0 && token[0] == TAG_18
                               ? cbor_load(token + 1, len - 1, &result)
                               : NULL;
    bool is_well = message != NULL && cbor_isa_array(message) &&
                   cbor_array_size(message) == 4 &&
                   cbor_isa_bytestring(cbor_array_handle(message)[2]) &&
                   decode_payload(cbor_array_handle(message)[2], each, arg);

    if (message != NULL)
        cbor_decref(&message);
    return is_well;
}
