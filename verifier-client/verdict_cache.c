/* SPDX-License-Identifier: Apache-2.0
 *
 * A table, searched from its start. The lock is a process ID: a child finds
 * its parent's, empties what may be half written, and goes on.
 */
#include "verdict_cache.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

struct entry {
    struct atls_verdict_key key;
    int64_t expires_s; /* 0: free */
    uint64_t last_use; /* of num_uses */
    struct atls_verdict verdict;
};

static struct entry entries[ATLS_VERDICT_CACHE_MAX];
static uint64_t num_uses;
static _Atomic pid_t holder; /* 0: nobody */

static bool try_lock(void)
{
    pid_t found = 0, own = getpid();

    if (atomic_compare_exchange_strong(&holder, &found, own))
        return true;
    if (found == own || !atomic_compare_exchange_strong(&holder, &found, own))
        return false;
    memset(entries, 0, sizeof(entries));
    return true;
}

static void unlock(void)
{
    holder = 0;
}

ATLS_AUTO_FREE(EVP_MD_CTX, EVP_MD_CTX_free)

static bool hash_part(EVP_MD_CTX *hash, struct atls_view part)
{
    uint64_t len = part.len;

    return EVP_DigestUpdate(hash, &len, sizeof(len)) == 1 &&
           (part.len == 0 || EVP_DigestUpdate(hash, part.data, part.len) == 1);
}

enum atls_reason atls_verdict_key(const struct atls_remote_question *question,
                                  uint64_t policy_id, uint64_t key_version,
                                  struct atls_verdict_key *out,
                                  struct atls_why *why)
{
    ATLS_AUTO(EVP_MD_CTX) *hash = EVP_MD_CTX_new();
    char type[ATLS_TYPE_MAX_TEXT + 1];

    if (hash == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    atls_type_text(question->type, type, sizeof(type));
    if (EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 &&
        hash_part(hash, atls_view_text(question->verifier->name)) &&
        hash_part(hash, atls_view_text(type)) &&
        hash_part(hash, question->value) && hash_part(hash, question->nonce) &&
        hash_part(hash, question->tik) &&
        hash_part(hash, atls_view(&policy_id, sizeof(policy_id))) &&
        hash_part(hash, atls_view(&key_version, sizeof(key_version))) &&
        EVP_DigestFinal_ex(hash, out->bytes, NULL) == 1)
        return ATLS_OK;
    return atls_why(why, ATLS_CRYPTO_FAILED, "SHA-256");
}

static bool keys_equal(const struct atls_verdict_key *a,
                       const struct atls_verdict_key *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool atls_verdict_cache_find(const struct atls_verdict_key *key, int64_t now,
                             struct atls_verdict *verdict)
{
    bool is_found = false;

    if (!try_lock())
        return false;
    for (size_t i = 0; i < ATLS_VERDICT_CACHE_MAX && !is_found; i++) {
        is_found =
            entries[i].expires_s > now && keys_equal(&entries[i].key, key);
        if (is_found) {
            *verdict = entries[i].verdict;
            entries[i].last_use = ++num_uses;
        }
    }
    unlock();
    return is_found;
}

/* Its own place, else one that is free or longest unused: most verdicts are of
 * Evidence for one connection and never asked for again, and must not drive out
 * those of delegates. */
static struct entry *place_for(const struct atls_verdict_key *key)
{
    struct entry *oldest = &entries[0];

    for (size_t i = 0; i < ATLS_VERDICT_CACHE_MAX; i++) {
        if (entries[i].expires_s != 0 && keys_equal(&entries[i].key, key))
            return &entries[i];
        if (entries[i].last_use < oldest->last_use)
            oldest = &entries[i];
    }
    return oldest;
}

void atls_verdict_cache_keep(const struct atls_verdict_key *key,
                             int64_t expires_s,
                             const struct atls_verdict *verdict)
{
    struct entry *entry;

    if (!try_lock())
        return;
    entry = place_for(key);
    entry->key = *key;
    entry->expires_s = expires_s;
    entry->last_use = ++num_uses;
    entry->verdict = *verdict;
    unlock();
}
