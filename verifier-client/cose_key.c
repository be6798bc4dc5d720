/* SPDX-License-Identifier: Apache-2.0
 *
 * COSE_Key, label by label.
 */
#include "cose_key.h"

#include <string.h>

#include "cose.h"

enum { KTY = 1, CRV = -1, X = -2, Y = -3, EC2 = 2, MAX_FIELD = 66 };

/* RFC 9053, 7.1, table 18 */
static const struct atls_ecdsa *curve_of(int64_t curve)
{
    switch (curve) {
    case 1:
        return atls_ecdsa_of_id(ATLS_COSE_ES256);
    case 2:
        return atls_ecdsa_of_id(ATLS_COSE_ES384);
    case 3:
        return atls_ecdsa_of_id(ATLS_COSE_ES512);
    default:
        return NULL;
    }
}

void atls_cose_key_take(struct atls_cbor *in, struct atls_cose_key *out)
{
    struct atls_cbor_iter entries;
    int64_t kty = 0;

    *out = (struct atls_cose_key){.curve = NULL};
    atls_cbor_map(in, &entries);
    while (atls_cbor_next(in, &entries))
        switch (atls_cbor_int(in)) {
        case KTY:
            kty = atls_cbor_int(in);
            break;
        case CRV:
            out->curve = curve_of(atls_cbor_int(in));
            break;
        case X:
            out->x = atls_cbor_bytes(in);
            break;
        case Y:
            out->y = atls_cbor_bytes(in);
            break;
        default:
            (void)atls_cbor_skip(in);
        }
    if (kty != EC2 || out->curve == NULL ||
        out->x.len != out->curve->field_len ||
        out->y.len != out->curve->field_len)
        atls_cbor_fail(in);
}

enum atls_reason atls_cose_key_get(const struct atls_cose_key *key,
                                   EVP_PKEY **out, struct atls_why *why)
{
    uint8_t point[1 + 2 * MAX_FIELD] = {0x04};

    memcpy(point + 1, key->x.data, key->x.len);
    memcpy(point + 1 + key->x.len, key->y.data, key->y.len);
    return atls_ecdsa_point_key(
        key->curve, atls_view(point, 1 + key->x.len + key->y.len), out, why);
}
