/* SPDX-License-Identifier: Apache-2.0
 *
 * Asking a Verifier that is elsewhere. The code that speaks HTTP is a module of
 * its own, atls_remote.so, loaded at the first question; what is here knows how
 * to load it, keeps verdicts, and stops asking a Verifier that does not answer.
 */
#ifndef ATLS_REMOTE_H
#define ATLS_REMOTE_H

#include "result.h"
#include "type.h"

/* A question: Evidence that was challenged with nonce. */
struct atls_remote_question {
    const struct atls_verifier *verifier;
    struct atls_type type;  /* of the record */
    struct atls_view value; /* the record's value */
    struct atls_view nonce; /* as the Evidence carries it: the challenge, or,
                               where the field has 64 bytes, all 64 */
    struct atls_view tik;   /* SubjectPublicKeyInfo of the peer's TLS key, which
                               a key that the result attests must be, DER;
                               empty: unknown */
    const char *tee;        /* Trustee's name for the format; NULL: none */
    int64_t deadline_ns;    /* atls_clock_now */
    int64_t timeout_ns; /* how long it could take if nothing had come before;
                           0: what is left */
};

struct atls_evidence; /* evidence.h */

/* atls_evidence_question: what a Verifier is asked about it: type, value,
 * nonce and tee, which live as long as the Evidence; the rest is for the
 * caller. Of Evidence that was wrapped the nonce is empty. */
void atls_evidence_question(const struct atls_evidence *evidence,
                            struct atls_remote_question *out);

/* atls_remote_ask: the Verifier's answer, a compact JWS, unverified, appended
 * to `result`. VERIFIER_*: see reason.def; after three timeouts in a row a
 * breaker is open for 10 s and the reason is VERIFIER_BROKEN at once; timeouts
 * of questions that came late, with less than half of timeout_ns left, do not
 * count. VERIFIER_UNTRUSTED when this thread is asking already. Safe in any
 * thread and after fork. */
enum atls_reason ATLS_MUST_USE
atls_remote_ask(const struct atls_remote_question *question,
                struct atls_buf *result, struct atls_why *why);

/* atls_remote_load: loads atls_remote.so now, if it is not: for a process that
 * will lose sight of it (chroot). FILE_UNREADABLE. */
enum atls_reason ATLS_MUST_USE atls_remote_load(struct atls_why *why);

/* atls_remote_set_folder: where atls_remote.so is, for programs of a build
 * tree; NULL: beside this code, or where make install puts it. Borrowed. */
void atls_remote_set_folder(const char *folder);

/* A document that somebody publishes, and its copy. */
struct atls_remote_document {
    const struct atls_http_peer *peer;
    const char *path;   /* behind the peer's URL */
    const char *header; /* whose value belongs to it; NULL: none does */
};
struct atls_remote_copy { /* their maxima are the caller's */
    struct atls_buf body, header;
};

/* atls_remote_get: appends to *out by one GET, status 200. COLLATERAL_MISSING:
 * 404 or 410; VERIFIER_REFUSED: another status; and what atls_http_exchange
 * and atls_http_new can return. deadline_ns: atls_clock_now. Not for use in
 * handshakes. */
enum atls_reason ATLS_MUST_USE
atls_remote_get(const struct atls_remote_document *document,
                int64_t deadline_ns, struct atls_remote_copy *out,
                struct atls_why *why);

/* What atls_remote.so exports, as "atls_remote_module". */
struct atls_remote_module {
    unsigned version; /* ATLS_REMOTE_VERSION */
    enum atls_reason (*ask)(const struct atls_remote_question *question,
                            struct atls_buf *result, struct atls_why *why);
    enum atls_reason (*get)(const struct atls_remote_document *document,
                            int64_t deadline_ns, struct atls_remote_copy *out,
                            struct atls_why *why);
};
#define ATLS_REMOTE_VERSION 2

/* atls_remote_appraise: background check: the question is asked unless a
 * verdict is kept for the same Evidence bytes, policy, key set and Verifier and
 * has not expired; then atls_result_appraise. The nonce must have been compared
 * with the Evidence before, or the Verifier be one that allows_unparsed.
 * policy_id tells policies apart: atls_policy_id. */
enum atls_reason
atls_remote_appraise(const struct atls_remote_question *question,
                     uint64_t policy_id, int64_t now,
                     struct atls_verdict *verdict);

#endif
