/* SPDX-License-Identifier: Apache-2.0
 *
 * Attestation Results against a policy's entry for their Verifier. That the
 * result answers our question says nothing of the Evidence: several schemes of
 * Veraison sign any Evidence under any session's nonce. So the nonce must be
 * seen to come from the Evidence, in every submodule.
 */
#include "result.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base64url.h"
#include "spki.h"

enum { MIN_NONCE = 8, MAX_NONCE = 64, MAX_PROBLEM = 200 };

struct appraisal {
    const struct atls_verifier *verifier;
    const struct atls_result_subject *subject;
    int64_t now;
    struct atls_ear *ear;
    struct atls_why *why;
};

static void free_ear(struct atls_ear *ear)
{
    atls_ear_clear(ear);
    free(ear);
}

static void auto_ear(struct atls_ear **ear)
{
    if (*ear != NULL)
        free_ear(*ear);
}
#define AUTO_EAR __attribute__((cleanup(auto_ear))) struct atls_ear

/* A clock may be off by skew_s on either side. */
static enum atls_reason check_age(const struct appraisal *appraisal,
                                  int64_t *expires_s)
{
    const struct atls_verifier *verifier = appraisal->verifier;
    const struct atls_ear *ear = appraisal->ear;
    int64_t latest = appraisal->now + verifier->skew_s;
    int64_t earliest = appraisal->now - verifier->skew_s;

    *expires_s = ear->iat + verifier->max_age_s;
    if (ear->has_exp && ear->exp < *expires_s)
        *expires_s = ear->exp;
    if (ear->iat > latest || (ear->has_nbf && ear->nbf > latest))
        return atls_why(appraisal->why, ATLS_RESULT_FUTURE,
                        "result of %s: made at %lld and now it is %lld: a "
                        "clock is wrong, or \"skew\" is too small",
                        verifier->name,
                        (long long)(ear->has_nbf && ear->nbf > ear->iat
                                        ? ear->nbf
                                        : ear->iat),
                        (long long)appraisal->now);
    if (*expires_s < earliest)
        return atls_why(appraisal->why, ATLS_RESULT_STALE,
                        "result of %s: made at %lld, good until %lld, and now "
                        "it is %lld",
                        verifier->name, (long long)ear->iat,
                        (long long)*expires_s, (long long)appraisal->now);
    if (ear->iat < appraisal->subject->not_before - verifier->skew_s)
        return atls_why(appraisal->why, ATLS_RESULT_STALE,
                        "result of %s: made at %lld, before it was asked for "
                        "at %lld",
                        verifier->name, (long long)ear->iat,
                        (long long)appraisal->subject->not_before);
    return ATLS_OK;
}

/* Of equal length, or one of them in a field of 64 bytes, zeros right. */
static bool is_nonce(const struct appraisal *appraisal, struct atls_view seen)
{
    struct atls_view wanted = appraisal->subject->nonce;
    uint8_t a[MAX_NONCE] = {0}, b[MAX_NONCE] = {0};

    if (wanted.len < MIN_NONCE || wanted.len > MAX_NONCE ||
        seen.len > MAX_NONCE ||
        (seen.len != wanted.len && seen.len != MAX_NONCE &&
         wanted.len != MAX_NONCE))
        return false;
    memcpy(a, wanted.data, wanted.len);
    memcpy(b, seen.data, seen.len);
    return CRYPTO_memcmp(a, b, sizeof(a)) == 0;
}

static enum atls_reason check_nonce(const struct appraisal *appraisal,
                                    const char *where, struct atls_view seen)
{
    char wanted_hex[2 * MAX_NONCE + 1], seen_hex[2 * MAX_NONCE + 1];

    if (seen.len == 0 || is_nonce(appraisal, seen))
        return ATLS_OK;
    atls_hex(appraisal->subject->nonce, wanted_hex, 33);
    atls_hex(seen, seen_hex, 33);
    return atls_why(appraisal->why, ATLS_RESULT_NONCE,
                    "result of %s: %s: want nonce %s..., found %s...",
                    appraisal->verifier->name, where, wanted_hex, seen_hex);
}

/* What Trustee tells of the Evidence: report_data of 64 bytes, in hex for SGX
 * and TDX, in base64 for others. In both lengths they cannot be confused. */
static size_t take_report_data(const char *text, uint8_t bytes[MAX_NONCE])
{
    ATLS_AUTO_BUF out = atls_buf(MAX_NONCE);
    ATLS_AUTO_BUF digits = atls_buf(2 * MAX_NONCE);
    size_t len = strlen(text);
    bool is_hex = len == 2 * MAX_NONCE;

    if (!is_hex && len != 86 && len != 88)
        return 0;
    for (size_t i = 0; i < len && text[i] != '='; i++)
        atls_buf_u8(&digits, text[i] == '+'   ? '-'
                             : text[i] == '/' ? '_'
                                              : (uint8_t)text[i]);
    if (!(is_hex ? atls_hex_decode(atls_buf_view(&digits), &out)
                 : atls_base64url_decode(atls_buf_view(&digits), &out)) ||
        out.len != MAX_NONCE)
        return 0;
    memcpy(bytes, out.data, out.len);
    return out.len;
}

static const json_t *report_data_of(const struct appraisal *appraisal,
                                    const struct atls_ear_submod *submod)
{
    if (appraisal->verifier->kind != ATLS_VERIFIER_TRUSTEE)
        return NULL;
    return json_object_get(
        atls_ear_member(submod->claims, "ear.veraison.annotated-evidence"),
        "report_data");
}

static enum atls_reason check_report_data(const struct appraisal *appraisal,
                                          const struct atls_ear_submod *submod)
{
    const json_t *value = report_data_of(appraisal, submod);
    uint8_t bytes[MAX_NONCE];
    size_t len;

    if (value == NULL)
        return ATLS_OK;
    len = json_is_string(value)
              ? take_report_data(json_string_value(value), bytes)
              : 0;
    if (len == 0)
        return atls_why(appraisal->why, ATLS_RESULT_NONCE,
                        "result of %s: %s: want report_data of 64 bytes in hex "
                        "or base64",
                        appraisal->verifier->name, submod->name);
    return check_nonce(appraisal, submod->name, atls_view(bytes, len));
}

static struct atls_view nonce_view(const struct atls_ear_nonce *nonce)
{
    return atls_view(nonce->bytes, nonce->len);
}

static bool is_listed(const struct appraisal *appraisal, const char *submod)
{
    const struct atls_verifier *verifier = appraisal->verifier;
    const char *developer = appraisal->ear->developer;

    if (verifier->nonce_checker != NULL &&
        (developer == NULL || strcmp(developer, verifier->nonce_checker) != 0))
        return false;
    for (size_t i = 0; i < verifier->num_nonce_checked; i++)
        if (strcmp(verifier->nonce_checked[i], submod) == 0)
            return true;
    return false;
}

static bool is_tik(const struct appraisal *appraisal, struct atls_view key)
{
    uint8_t hash[ATLS_SPKI_HASH];

    return atls_spki_hash(key, hash, NULL) == ATLS_OK &&
           memcmp(hash, appraisal->subject->tik, sizeof(hash)) == 0;
}

/* A Verifier that attests a key says whose machine this is: it is the peer's
 * TLS key, or the result is about somebody else. */
static enum atls_reason check_key(const struct appraisal *appraisal,
                                  const struct atls_ear_submod *submod)
{
    if (appraisal->subject->tik == NULL || submod->akpub.len == 0 ||
        is_tik(appraisal, submod->akpub))
        return ATLS_OK;
    return atls_why(appraisal->why, ATLS_RESULT_KEY,
                    "result of %s: %s: the key that it attests is not the "
                    "peer's TLS key",
                    appraisal->verifier->name, submod->name);
}

static enum atls_reason check_submod(const struct appraisal *appraisal,
                                     const struct atls_ear_submod *submod)
{
    enum atls_reason reason =
        check_nonce(appraisal, submod->name, nonce_view(&submod->nonce));

    if (reason == ATLS_OK)
        reason = check_report_data(appraisal, submod);
    return reason == ATLS_OK ? check_key(appraisal, submod) : reason;
}

/* What the result is about: each nonce and each key that it has is ours. */
static enum atls_reason check_subject(const struct appraisal *appraisal)
{
    const struct atls_ear *ear = appraisal->ear;
    enum atls_reason reason =
        check_nonce(appraisal, "the session", nonce_view(&ear->nonce));

    for (size_t i = 0; reason == ATLS_OK && i < ear->num_submods; i++)
        reason = check_submod(appraisal, &ear->submods[i]);
    return reason;
}

static const struct atls_ear_submod *find(const struct atls_ear *ear,
                                          const char *name)
{
    for (size_t i = 0; i < ear->num_submods; i++)
        if (strcmp(ear->submods[i].name, name) == 0)
            return &ear->submods[i];
    return NULL;
}

/* The names are unique on both sides. */
static bool has_names(const struct atls_ear *ear,
                      const struct atls_result_set *set)
{
    if (set->num_submods != ear->num_submods)
        return false;
    for (size_t i = 0; i < set->num_submods; i++)
        if (find(ear, set->submods[i].name) == NULL)
            return false;
    return true;
}

static enum atls_reason affirms(const struct appraisal *appraisal,
                                const struct atls_result_submod *wanted)
{
    const struct atls_ear_submod *submod = find(appraisal->ear, wanted->name);

    for (unsigned i = 0; i < ATLS_NUM_AR4SI_CLAIMS; i++)
        if (wanted->must_affirm[i] &&
            atls_tier_of(submod->vector[i]) != ATLS_TIER_AFFIRMING)
            return atls_why(appraisal->why, ATLS_RESULT_REFUSED,
                            "result of %s: %s: want %s to be affirmed, found "
                            "%d",
                            appraisal->verifier->name, wanted->name,
                            atls_ar4si_name((enum atls_ar4si_claim)i),
                            submod->vector[i]);
    return ATLS_OK;
}

static enum atls_reason affirms_set(const struct appraisal *appraisal,
                                    const struct atls_result_set *set)
{
    enum atls_reason reason = ATLS_OK;

    for (size_t i = 0; reason == ATLS_OK && i < set->num_submods; i++)
        reason = affirms(appraisal, &set->submods[i]);
    return reason;
}

static void put_names(const struct atls_ear *ear, char *text, size_t size)
{
    size_t at = 0;

    text[0] = '\0';
    for (size_t i = 0; i < ear->num_submods && at < size; i++) {
        int len = snprintf(text + at, size - at, "%s%s (%s)", i > 0 ? ", " : "",
                           ear->submods[i].name,
                           atls_tier_name(ear->submods[i].status));

        at += len > 0 ? (size_t)len : size;
    }
}

/* One of the sets; of several with the same names, the first that holds. */
static enum atls_reason check_sets(struct appraisal *appraisal)
{
    const struct atls_verifier *verifier = appraisal->verifier;
    struct atls_why *why = appraisal->why;
    struct atls_why first = {0};
    char names[MAX_PROBLEM];

    if (verifier->num_sets == 0)
        return ATLS_OK;
    for (size_t i = 0; i < verifier->num_sets; i++) {
        struct atls_why found = {0};

        if (!has_names(appraisal->ear, &verifier->sets[i]))
            continue;
        appraisal->why = &found;
        if (affirms_set(appraisal, &verifier->sets[i]) == ATLS_OK)
            first = found;
        else
            (void)atls_why(&first, found.reason, "%s", found.text);
        appraisal->why = why;
        if (found.reason == ATLS_OK)
            return ATLS_OK;
    }
    if (first.reason != ATLS_OK)
        return atls_why(why, first.reason, "%s", first.text);
    put_names(appraisal->ear, names, sizeof(names));
    return atls_why(why, ATLS_RESULT_SUBMOD,
                    "result of %s: want the submodules of one set of its "
                    "\"accept\", found %s",
                    verifier->name, names);
}

static const char *problem_of(const struct atls_ear_submod *submod)
{
    const char *text = json_string_value(json_object_get(
        atls_ear_member(submod->claims, "ear.veraison.policy-claims"),
        "problem"));

    return text != NULL ? text : "it does not say why";
}

static enum atls_reason check_tiers(const struct appraisal *appraisal)
{
    const struct atls_ear *ear = appraisal->ear;
    bool allows_warning = appraisal->verifier->allows_warning;

    for (size_t i = 0; i < ear->num_submods; i++) {
        enum atls_tier tier = ear->submods[i].status;

        if (tier == ATLS_TIER_AFFIRMING ||
            (tier == ATLS_TIER_WARNING && allows_warning))
            continue;
        return atls_why(appraisal->why, ATLS_RESULT_REFUSED,
                        "result of %s: %s: want affirming%s, found %s: %.200s",
                        appraisal->verifier->name, ear->submods[i].name,
                        allows_warning ? " or warning" : "",
                        atls_tier_name(tier), problem_of(&ear->submods[i]));
    }
    return ATLS_OK;
}

/* The nonce is seen to come from this submodule's Evidence: what is there was
 * compared by check_subject. */
static bool shows_nonce(const struct appraisal *appraisal,
                        const struct atls_ear_submod *submod)
{
    return submod->nonce.len > 0 || report_data_of(appraisal, submod) != NULL ||
           (appraisal->ear->nonce.len > 0 &&
            is_listed(appraisal, submod->name));
}

/* A CCA platform token has no nonce: its challenge is the digest of the key
 * that signed the realm token, which has (draft-ffm-rats-cca-token, "Token
 * Binding"). */
static bool is_fresh(const struct appraisal *appraisal,
                     const struct atls_ear_submod *submod)
{
    const struct atls_ear_submod *realm =
        strcmp(submod->name, "CCA_SSD_PLATFORM") == 0
            ? find(appraisal->ear, "CCA_REALM")
            : NULL;

    return shows_nonce(appraisal, submod) ||
           (realm != NULL && shows_nonce(appraisal, realm));
}

/* One that is fresh says nothing of the others: they may be of Evidence that
 * somebody recorded. */
static enum atls_reason check_fresh(const struct appraisal *appraisal)
{
    const struct atls_ear *ear = appraisal->ear;

    for (size_t i = 0; i < ear->num_submods; i++)
        if (!is_fresh(appraisal, &ear->submods[i]))
            return atls_why(
                appraisal->why, ATLS_RESULT_NONCE_UNCHECKED,
                "result of %s: nothing shows that the Verifier found our nonce "
                "in the Evidence of %s: list it in \"nonce_checked\" only if "
                "it is known to compare it",
                appraisal->verifier->name, ear->submods[i].name);
    return ATLS_OK;
}

static enum atls_reason judge(struct appraisal *appraisal, int64_t *expires_s)
{
    enum atls_reason reason = check_age(appraisal, expires_s);

    if (reason == ATLS_OK)
        reason = check_subject(appraisal);
    if (reason == ATLS_OK)
        reason = check_sets(appraisal);
    if (reason == ATLS_OK)
        reason = check_tiers(appraisal);
    return reason == ATLS_OK ? check_fresh(appraisal) : reason;
}

static enum atls_reason open_result(struct appraisal *appraisal,
                                    struct atls_view compact)
{
    ATLS_AUTO_BUF payload = atls_buf(ATLS_JWS_MAX);
    struct atls_why inner = {0};
    uint64_t key_version;
    enum atls_reason reason = atls_verifier_verify(
        appraisal->verifier, compact, &payload, &key_version, &inner);

    if (reason == ATLS_OK)
        reason =
            atls_ear_parse(atls_buf_view(&payload), appraisal->ear, &inner);
    if (reason != ATLS_OK)
        return atls_why(appraisal->why, reason, "result of %s: %s",
                        appraisal->verifier->name, inner.text);
    /* Its only freshness but for report_data; each of its tokens has one. */
    if (appraisal->verifier->kind == ATLS_VERIFIER_TRUSTEE &&
        !appraisal->ear->has_exp)
        return atls_why(appraisal->why, ATLS_RESULT_MALFORMED,
                        "result of %s: want exp, which Trustee's results have",
                        appraisal->verifier->name);
    return ATLS_OK;
}

/* Of each claim the worst value of all submodules. */
static void fill_vector(const struct atls_ear *ear,
                        struct atls_verdict *verdict)
{
    for (size_t i = 0; i < ear->num_submods; i++)
        for (int j = 0; j < ATLS_NUM_AR4SI_CLAIMS; j++) {
            int8_t value = ear->submods[i].vector[j];

            if (atls_tier_of(value) > atls_tier_of(verdict->vector[j]))
                verdict->vector[j] = value;
        }
}

static enum atls_reason refuse(struct atls_verdict *verdict,
                               enum atls_reason reason,
                               const struct atls_why *why)
{
    enum atls_tier tier = atls_verdict_worst(verdict->vector);

    verdict->reason = reason;
    verdict->tier = tier == ATLS_TIER_AFFIRMING ? ATLS_TIER_NONE : tier;
    snprintf(verdict->text, sizeof(verdict->text), "%s", why->text);
    return reason;
}

enum atls_reason atls_result_appraise(const struct atls_verifier *verifier,
                                      struct atls_view compact,
                                      const struct atls_result_subject *subject,
                                      int64_t now, struct atls_verdict *verdict,
                                      int64_t *expires_s)
{
    AUTO_EAR *ear = calloc(1, sizeof(*ear));
    struct atls_why why = {0};
    struct appraisal appraisal = {verifier, subject, now, ear, &why};
    enum atls_reason reason;

    atls_verdict_init(verdict);
    *expires_s = 0;
    if (ear == NULL)
        return refuse(verdict, atls_why(&why, ATLS_OUT_OF_MEMORY, NULL), &why);
    reason = open_result(&appraisal, compact);
    if (reason == ATLS_OK) {
        fill_vector(ear, verdict);
        reason = judge(&appraisal, expires_s);
    }
    if (reason != ATLS_OK)
        return refuse(verdict, reason, &why);
    verdict->tier = atls_verdict_worst(verdict->vector);
    verdict->reason = ATLS_OK;
    return ATLS_OK;
}
