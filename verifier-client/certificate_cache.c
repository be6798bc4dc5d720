/* SPDX-License-Identifier: Apache-2.0
 *
 * A table of fixed size, by SHA-256 of the DER. Whoever finds it busy does
 * without: nobody waits, and a child that was forked meanwhile does not either.
 */
#include "certificate_cache.h"

#include <stdatomic.h>
#include <string.h>

#include <openssl/evp.h>

enum { SLOTS = 128, DIGEST = 32 };

static struct {
    atomic_flag is_busy;
    unsigned next; /* slot to be filled */
    X509 *certificates[SLOTS];
    uint8_t digests[SLOTS][DIGEST];
} kept = {.is_busy = ATOMIC_FLAG_INIT};

static X509 *find(const uint8_t digest[DIGEST])
{
    X509 *found = NULL;

    if (atomic_flag_test_and_set(&kept.is_busy))
        return NULL;
    for (unsigned i = 0; i < SLOTS && found == NULL; i++)
        if (kept.certificates[i] != NULL &&
            memcmp(kept.digests[i], digest, DIGEST) == 0 &&
            X509_up_ref(kept.certificates[i]) == 1)
            found = kept.certificates[i];
    atomic_flag_clear(&kept.is_busy);
    return found;
}

static X509 *decode(struct atls_view der)
{
    const uint8_t *end = der.data;
    X509 *certificate = d2i_X509(NULL, &end, (long)der.len);

    if (certificate != NULL && end == der.data + der.len)
        return certificate;
    X509_free(certificate);
    return NULL;
}

X509 *atls_certificate_read(struct atls_view der)
{
    uint8_t digest[DIGEST];
    X509 *found = NULL;

    if (EVP_Digest(der.data, der.len, digest, NULL, EVP_sha256(), NULL) == 1)
        found = find(digest);
    return found != NULL ? found : decode(der);
}

static bool is_kept(const X509 *certificate, const uint8_t digest[DIGEST])
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (kept.certificates[i] == certificate ||
            (kept.certificates[i] != NULL && digest != NULL &&
             memcmp(kept.digests[i], digest, DIGEST) == 0))
            return true;
    return false;
}

/* The table is ours. Returns what leaves it, to be freed when it no longer is.
 */
static X509 *put(X509 *certificate)
{
    X509 *before = kept.certificates[kept.next];
    uint8_t digest[DIGEST];

    if (is_kept(certificate, NULL) ||
        X509_digest(certificate, EVP_sha256(), digest, NULL) != 1 ||
        is_kept(certificate, digest) || X509_up_ref(certificate) != 1)
        return NULL;
    memcpy(kept.digests[kept.next], digest, DIGEST);
    kept.certificates[kept.next] = certificate;
    kept.next = (kept.next + 1) % SLOTS;
    return before;
}

void atls_certificate_keep(X509 *certificate)
{
    X509 *before;

    if (atomic_flag_test_and_set(&kept.is_busy))
        return;
    before = put(certificate);
    atomic_flag_clear(&kept.is_busy);
    X509_free(before);
}
