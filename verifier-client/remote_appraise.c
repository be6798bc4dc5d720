/* SPDX-License-Identifier: Apache-2.0
 *
 * Background check: a question, unless its verdict is known, and what the
 * answer is worth. Only acceptance is kept: what was refused may be put right
 * at the Verifier at any time.
 */
#include <string.h>

#include "spki.h"
#include "verdict.h"
#include "verdict_cache.h"
#include "verifier_keys.h"

static enum atls_reason key_now(const struct atls_remote_question *question,
                                uint64_t policy_id,
                                struct atls_verdict_key *key,
                                struct atls_why *why)
{
    uint64_t version = 0;

    (void)atls_verifier_keys_get0(question->verifier->keys, &version);
    return atls_verdict_key(question, policy_id, version, key, why);
}

static enum atls_reason name_key(const struct atls_remote_question *question,
                                 uint8_t tik[ATLS_SPKI_HASH],
                                 struct atls_result_subject *subject,
                                 struct atls_why *why)
{
    if (question->tik.len == 0)
        return ATLS_OK;
    subject->tik = tik;
    return atls_spki_hash(question->tik, tik, why);
}

static enum atls_reason ask(const struct atls_remote_question *question,
                            int64_t now, struct atls_verdict *verdict,
                            int64_t *expires_s)
{
    struct atls_result_subject subject = {.nonce = question->nonce};
    ATLS_AUTO_BUF result = atls_buf(ATLS_JWS_MAX);
    uint8_t tik[ATLS_SPKI_HASH];
    struct atls_why why = {0};

    if (name_key(question, tik, &subject, &why) != ATLS_OK ||
        atls_remote_ask(question, &result, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_INSTANCE_IDENTITY, 0, &why);
    return atls_result_appraise(question->verifier, atls_buf_view(&result),
                                &subject, now, verdict, expires_s);
}

/* Keys that changed meanwhile may be others than those that verified. */
static void keep(const struct atls_remote_question *question,
                 uint64_t policy_id, const struct atls_verdict_key *before,
                 int64_t expires_s, const struct atls_verdict *verdict)
{
    struct atls_verdict_key after;

    if (key_now(question, policy_id, &after, NULL) == ATLS_OK &&
        memcmp(before->bytes, after.bytes, sizeof(after.bytes)) == 0)
        atls_verdict_cache_keep(before, expires_s, verdict);
}

enum atls_reason
atls_remote_appraise(const struct atls_remote_question *question,
                     uint64_t policy_id, int64_t now,
                     struct atls_verdict *verdict)
{
    struct atls_verdict_key key;
    struct atls_why why = {0};
    int64_t expires_s = 0;

    atls_verdict_init(verdict);
    if (key_now(question, policy_id, &key, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_INSTANCE_IDENTITY, 0, &why);
    if (atls_verdict_cache_find(&key, now, verdict))
        return verdict->reason;
    if (ask(question, now, verdict, &expires_s) == ATLS_OK)
        keep(question, policy_id, &key, expires_s, verdict);
    return verdict->reason;
}
