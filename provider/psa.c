/* SPDX-License-Identifier: Apache-2.0
 *
 * PSA claims as CBOR, with the keys of RFC 9783, table 1.
 */
#include "provider/psa.h"

#include <string.h>

#include "cbor.h"

enum psa_claim { /* RFC 9783, section 4; in the order of deterministic CBOR */
                 NONCE = 10,
                 INSTANCE_ID = 256,
                 PROFILE = 265,
                 BOOT_SEED = 268,
                 CLIENT_ID = 2394,
                 LIFECYCLE = 2395,
                 IMPLEMENTATION_ID = 2396,
                 CERTIFICATION_REFERENCE = 2398,
                 COMPONENTS = 2399,
                 VERIFICATION_SERVICE = 2400
};

enum psa_component { /* RFC 9783, 4.4.1 */
                     MEASUREMENT_TYPE = 1,
                     MEASUREMENT_VALUE = 2,
                     VERSION = 4,
                     SIGNER_ID = 5,
                     MEASUREMENT_DESCRIPTION = 6
};

#define ASSEMBLY_AND_TEST 0x1000 /* RFC 9783, 4.3.1: 0x1000 to 0x10ff */

static void set_bytes(struct atls_psa_bytes *to, const void *data, size_t len)
{
    memcpy(to->data, data, len);
    to->len = len;
}

void atls_psa_claims_default(struct atls_psa_claims *claims)
{
    static const char implementation[32] = {"atls soft attester: not hardware"};
    static const uint8_t nothing_measured[32] = {0};
    struct atls_psa_component *component = &claims->components[0];

    memset(claims, 0, sizeof(*claims));
    claims->client_id = -1; /* negative: outside the secure world */
    claims->lifecycle = ASSEMBLY_AND_TEST;
    set_bytes(&claims->implementation_id, implementation,
              sizeof(implementation));
    strcpy(component->type, "soft");
    set_bytes(&component->measurement, nothing_measured, 32);
    set_bytes(&component->signer_id, nothing_measured, 32);
    claims->num_components = 1;
}

static void put_bytes(struct atls_buf *out, uint64_t key,
                      const struct atls_psa_bytes *bytes)
{
    if (bytes->len == 0)
        return;
    atls_cbor_put_uint(out, key);
    atls_cbor_put_bytes(out, atls_view(bytes->data, bytes->len));
}

static void put_text(struct atls_buf *out, uint64_t key, const char *text)
{
    if (text[0] == '\0')
        return;
    atls_cbor_put_uint(out, key);
    atls_cbor_put_text(out, text);
}

static void put_component(struct atls_buf *out,
                          const struct atls_psa_component *component)
{
    atls_cbor_put_map(out, 2u + (component->type[0] != '\0') +
                               (component->version[0] != '\0') +
                               (component->description[0] != '\0'));
    put_text(out, MEASUREMENT_TYPE, component->type);
    put_bytes(out, MEASUREMENT_VALUE, &component->measurement);
    put_text(out, VERSION, component->version);
    put_bytes(out, SIGNER_ID, &component->signer_id);
    put_text(out, MEASUREMENT_DESCRIPTION, component->description);
}

static void put_components(struct atls_buf *out,
                           const struct atls_psa_claims *claims)
{
    atls_cbor_put_uint(out, COMPONENTS);
    atls_cbor_put_array(out, claims->num_components);
    for (unsigned i = 0; i < claims->num_components; i++)
        put_component(out, &claims->components[i]);
}

void atls_psa_claims_put(struct atls_buf *out,
                         const struct atls_psa_claims *claims,
                         struct atls_view nonce, struct atls_view instance_id)
{
    atls_cbor_put_map(out, 7u + (claims->boot_seed.len != 0) +
                               (claims->certification_reference[0] != '\0') +
                               (claims->verification_service[0] != '\0'));
    atls_cbor_put_uint(out, NONCE);
    atls_cbor_put_bytes(out, nonce);
    atls_cbor_put_uint(out, INSTANCE_ID);
    atls_cbor_put_bytes(out, instance_id);
    put_text(out, PROFILE, ATLS_PSA_PROFILE);
    put_bytes(out, BOOT_SEED, &claims->boot_seed);
    atls_cbor_put_uint(out, CLIENT_ID);
    atls_cbor_put_int(out, claims->client_id);
    atls_cbor_put_uint(out, LIFECYCLE);
    atls_cbor_put_uint(out, claims->lifecycle);
    put_bytes(out, IMPLEMENTATION_ID, &claims->implementation_id);
    put_text(out, CERTIFICATION_REFERENCE, claims->certification_reference);
    put_components(out, claims);
    put_text(out, VERIFICATION_SERVICE, claims->verification_service);
}
