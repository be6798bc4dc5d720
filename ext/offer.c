/* SPDX-License-Identifier: Apache-2.0
 *
 * Schemes of our own, direct and by delegates.
 */
#include "offer.h"

#include <string.h>
#include <time.h>

#include "clock.h"
#include "delegates.h"
#include "record.h"
#include "remote.h"
#include "report.h"
#include "spki.h"

#define MS_NS INT64_C(1000000)

enum {
    CONTENT_FORMAT_JWT = 264, /* application/eat+jwt, RFC 9782 */
    DEFAULT_LIFE_S = 600,     /* of delegates of passports, by default */
    MAX_RESULT = 49152        /* bytes of a JWS that we show */
};

/* A way to be vouched for. */
struct way {
    struct atls_scheme scheme; /* what is agreed on */
    struct atls_type type;     /* of the attester's Evidence; borrowed */
    struct atls_buf text;      /* what scheme points to */
};

struct atls_offer {
    const struct atls_settings *settings;
    struct atls_attesters *attesters;
    struct atls_ruleset *ruleset;
    struct atls_delegates *delegates; /* NULL: no ways */
    struct way ways[ATLS_WIRE_MAX_SCHEMES];
    unsigned num_ways;
    struct atls_schemes schemes;
    struct atls_schemes without_passport; /* it comes last here */
};

static bool add_way(struct atls_offer *offer, struct atls_type type)
{
    struct way *way = &offer->ways[offer->num_ways];

    if (offer->num_ways == ATLS_WIRE_MAX_SCHEMES ||
        atls_type_is_collection(type))
        return true;
    way->type = type;
    way->text = atls_buf(ATLS_TYPE_MAX_TEXT);
    atls_scheme_put_delegated(&way->text, type);
    way->scheme =
        atls_scheme_of_type(atls_type_of_text(atls_buf_view(&way->text)));
    way->scheme.is_delegated = true;
    offer->num_ways++;
    return !way->text.failed;
}

/* Batches last: Verifiers know of them only if they are ours. */
static void add_passport(struct atls_offer *offer)
{
    const struct atls_schemes *made = atls_attesters_schemes(offer->attesters);

    offer->ways[offer->num_ways++] =
        (struct way){.scheme = atls_scheme_of_verifier(
                         atls_view_text(offer->settings->passport)),
                     .type = atls_record_first(made)->type};
}

static bool is_passport(const struct way *way)
{
    return way->scheme.mechanism == ATLS_MECHANISM_RESULT;
}

struct voucher {
    struct atls_offer *offer;
    const struct way *way;
    const struct atls_delegates_request *request;
    const struct atls_secret *value;
    struct atls_view origin; /* of the value */
    int64_t now_s;
};

static enum atls_reason quote(const struct voucher *voucher,
                              struct atls_buf *cmw, struct atls_why *why)
{
    int64_t left_ms =
        (voucher->request->deadline_ns - atls_clock_now()) / MS_NS;
    const struct atls_request request = {.type = voucher->way->type,
                                         .binder = voucher->value,
                                         .origin = voucher->origin};

    return atls_attesters_quote(voucher->offer->attesters, &request,
                                left_ms < 1 ? 1 : (unsigned)left_ms, cmw, why);
}

static enum atls_reason vouch_evidence(const struct voucher *voucher,
                                       struct atls_buf *record,
                                       struct atls_why *why)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    enum atls_reason reason = quote(voucher, &cmw, why);

    return reason != ATLS_OK ? reason
                             : atls_record_put(record, atls_buf_view(&cmw),
                                               voucher->way->type, why);
}

/* What our own policy would say of it: a result that others refuse is better
 * refused here. */
static enum atls_reason check_result(const struct voucher *voucher,
                                     const struct atls_verifier *verifier,
                                     struct atls_view jws, int64_t *expires_s,
                                     struct atls_why *why)
{
    struct atls_result_subject subject = {
        .nonce = atls_secret_view(voucher->value),
        .not_before = voucher->now_s - ATLS_DELEGATION_SKEW_S,
        .tik = voucher->request->tik};
    struct atls_verdict verdict;
    int64_t ends_s = *expires_s;

    if (atls_result_appraise(verifier, jws, &subject, time(NULL), &verdict,
                             &ends_s) != ATLS_OK)
        return atls_why(why, verdict.reason, "%s: %s", verifier->name,
                        verdict.text);
    if (ends_s < *expires_s)
        *expires_s = ends_s;
    return ATLS_OK;
}

/* A format that is unknown here has the value as its nonce, as far as we can
 * tell. */
static enum atls_reason form_question(const struct voucher *voucher,
                                      const struct atls_cmw *cmw,
                                      struct atls_evidence **evidence,
                                      struct atls_remote_question *question,
                                      struct atls_why *why)
{
    struct atls_why inner = {0};
    enum atls_reason reason = atls_evidence_take(cmw, NULL, evidence, &inner);

    if (reason == ATLS_OK)
        atls_evidence_question(*evidence, question);
    else if (reason == ATLS_FORMAT_UNKNOWN)
        *question = (struct atls_remote_question){
            .type = cmw->type,
            .value = cmw->value,
            .nonce = atls_secret_view(voucher->value)};
    else
        return atls_why(why, reason, "%s", inner.text);
    return ATLS_OK;
}

/* A program with one thread waits with us. While there is a delegate that
 * serves, that is for a part of the timeout: a quarter, then half, as a
 * Verifier may be slow and not gone. */
static int64_t deadline_of(const struct voucher *voucher)
{
    const struct atls_delegates_request *request = voucher->request;
    int64_t part_ns = (int64_t)voucher->offer->settings->timeout_ms * MS_NS /
                      (request->num_failures == 0 ? 4 : 2);
    int64_t soon_ns = atls_clock_now() + part_ns;

    return request->is_renewal && soon_ns < request->deadline_ns
               ? soon_ns
               : request->deadline_ns;
}

static enum atls_reason ask(const struct voucher *voucher,
                            const struct atls_verifier *verifier,
                            struct atls_buf *jws, struct atls_why *why)
{
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_CMW_MAX);
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_evidence *evidence = NULL;
    struct atls_remote_question question;
    struct atls_cmw cmw;
    enum atls_reason reason = quote(voucher, &bytes, why);

    if (reason == ATLS_OK)
        reason = atls_record_take(atls_buf_view(&bytes), voucher->way->type,
                                  &storage, &cmw, why);
    if (reason == ATLS_OK)
        reason = form_question(voucher, &cmw, &evidence, &question, why);
    if (reason == ATLS_OK) {
        question.verifier = verifier;
        question.deadline_ns = deadline_of(voucher);
        question.timeout_ns =
            (int64_t)voucher->offer->settings->timeout_ms * MS_NS;
        reason = atls_remote_ask(&question, jws, why);
    }
    atls_evidence_free(evidence);
    return reason;
}

static enum atls_reason vouch_result(const struct voucher *voucher,
                                     struct atls_buf *record,
                                     int64_t *expires_s, struct atls_why *why)
{
    struct atls_policy *policy = atls_ruleset_get1(voucher->offer->ruleset);
    const struct atls_verifier *verifier =
        atls_policy_verifier(policy, voucher->way->scheme.verifier);
    ATLS_AUTO_BUF jws = atls_buf(MAX_RESULT);
    enum atls_reason reason = ask(voucher, verifier, &jws, why);

    if (reason == ATLS_OK)
        reason = check_result(voucher, verifier, atls_buf_view(&jws), expires_s,
                              why);
    if (reason == ATLS_OK)
        atls_cmw_put(record, atls_type_of_format(CONTENT_FORMAT_JWT),
                     atls_buf_view(&jws), ATLS_CMW_RESULTS);
    atls_policy_free(policy);
    return reason;
}

static enum atls_reason
vouch(void *arg, const struct atls_delegates_request *request,
      const struct atls_secret *value, struct atls_view origin, int64_t now_s,
      struct atls_buf *record, int64_t *expires_s, struct atls_why *why)
{
    struct atls_offer *offer = arg;
    struct voucher voucher = {.offer = offer,
                              .way = &offer->ways[request->way],
                              .request = request,
                              .value = value,
                              .origin = origin,
                              .now_s = now_s};

    return is_passport(voucher.way)
               ? vouch_result(&voucher, record, expires_s, why)
               : vouch_evidence(&voucher, record, why);
}

static void tell(void *arg, const struct atls_delegates_news *news)
{
    struct atls_offer *offer = arg;

    atls_report_delegate(offer->settings->log, &offer->ways[news->way].scheme,
                         news);
}

static bool open_delegates(struct atls_offer *offer)
{
    const struct atls_settings *settings = offer->settings;
    const struct atls_schemes *made = atls_attesters_schemes(offer->attesters);
    const struct atls_delegates_world world = {
        .vouch = vouch,
        .tell = tell,
        .arg = offer,
        .lifetime_s = settings->delegate_s > 0 ? (uint32_t)settings->delegate_s
                                               : DEFAULT_LIFE_S};
    bool ok = true;

    if (settings->passport != NULL)
        add_passport(offer);
    for (size_t i = 0; settings->delegate_s > 0 && i < made->num; i++)
        ok = ok && add_way(offer, made->list[i].type);
    if (offer->num_ways > 0)
        offer->delegates = ok ? atls_delegates_new(&world) : NULL;
    return offer->num_ways == 0 || offer->delegates != NULL;
}

static void add_ways(const struct atls_offer *offer, bool passports,
                     struct atls_schemes *schemes)
{
    for (unsigned i = 0; i < offer->num_ways; i++)
        if (is_passport(&offer->ways[i]) == passports)
            atls_schemes_add(schemes, &offer->ways[i].scheme);
}

static void list_schemes(struct atls_offer *offer)
{
    const struct atls_schemes *made = atls_attesters_schemes(offer->attesters);
    struct atls_schemes *usual = &offer->schemes;
    struct atls_schemes *without = &offer->without_passport;

    add_ways(offer, true, usual);
    add_ways(offer, false, usual);
    add_ways(offer, false, without);
    for (size_t i = 0; i < made->num; i++) {
        atls_schemes_add(usual, &made->list[i]);
        atls_schemes_add(without, &made->list[i]);
    }
    add_ways(offer, true, without);
}

static bool lacks_record(const struct atls_settings *settings,
                         const struct atls_attesters *attesters)
{
    return (settings->delegate_s != 0 || settings->passport != NULL) &&
           atls_record_first(atls_attesters_schemes(attesters)) == NULL;
}

enum atls_reason atls_offer_open(const struct atls_settings *settings,
                                 struct atls_attesters *attesters,
                                 struct atls_ruleset *ruleset,
                                 struct atls_offer **out, struct atls_why *why)
{
    struct atls_offer *offer = calloc(1, sizeof(*offer));

    *out = NULL;
    if (offer == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    offer->settings = settings;
    offer->attesters = attesters;
    offer->ruleset = ruleset;
    if (lacks_record(settings, attesters)) {
        atls_offer_free(offer);
        return atls_why(why, ATLS_SETTING_INVALID,
                        "%s: want an attester that makes a record, this makes "
                        "collections alone",
                        settings->passport != NULL ? "passport" : "delegate");
    }
    if (!open_delegates(offer)) {
        atls_offer_free(offer);
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    }
    list_schemes(offer);
    *out = offer;
    return ATLS_OK;
}

void atls_offer_free(struct atls_offer *offer)
{
    if (offer == NULL)
        return;
    atls_delegates_free(offer->delegates);
    for (unsigned i = 0; i < offer->num_ways; i++)
        atls_buf_clear(&offer->ways[i].text);
    free(offer);
}

const struct atls_schemes *atls_offer_schemes(struct atls_offer *offer)
{
    static const struct atls_schemes none = {0};

    if (offer == NULL || !atls_attesters_is_prepared(offer->attesters))
        return &none;
    if (offer->settings->passport == NULL ||
        !atls_delegates_is_paused(offer->delegates, 0, time(NULL)))
        return &offer->schemes;
    return &offer->without_passport;
}

static int find_way(const struct atls_offer *offer,
                    const struct atls_scheme *scheme)
{
    for (unsigned i = 0; i < offer->num_ways; i++)
        if (atls_scheme_equal(&offer->ways[i].scheme, scheme))
            return (int)i;
    return -1;
}

static enum atls_reason make_delegated(struct atls_offer *offer, unsigned way,
                                       X509 *leaf,
                                       const struct atls_secret *binder,
                                       struct atls_buf *out,
                                       struct atls_why *why)
{
    int64_t deadline_ns =
        atls_clock_now() + (int64_t)offer->settings->timeout_ms * MS_NS;
    struct atls_delegate *delegate = NULL;
    uint8_t tik[ATLS_DELEGATION_HASH];
    enum atls_reason reason = atls_delegation_tik(leaf, tik, why);

    if (reason == ATLS_OK)
        reason = atls_delegates_get1(offer->delegates, tik, way, time(NULL),
                                     deadline_ns, &delegate, why);
    if (reason == ATLS_OK)
        reason =
            atls_delegation_put(out, atls_buf_view(&delegate->record),
                                &delegate->mandate, delegate->key, binder, why);
    atls_delegate_free(delegate);
    return reason;
}

bool atls_offer_takes_origin(const struct atls_offer *offer,
                             const struct atls_scheme *scheme)
{
    return atls_scheme_is_direct(scheme) &&
           atls_attesters_takes_origin(offer->attesters);
}

static enum atls_reason make_direct(struct atls_offer *offer,
                                    struct atls_request *request, X509 *leaf,
                                    struct atls_buf *out, struct atls_why *why)
{
    ATLS_AUTO_BUF spki = atls_buf(ATLS_SPKI_MAX);

    if (atls_attesters_takes_subject(offer->attesters) &&
        atls_spki_put(&spki, leaf, why) != ATLS_OK)
        return ATLS_CRYPTO_FAILED;
    request->subject = atls_buf_view(&spki);
    return atls_attesters_quote(offer->attesters, request,
                                offer->settings->timeout_ms, out, why);
}

enum atls_reason atls_offer_make(struct atls_offer *offer,
                                 const struct atls_scheme *scheme, X509 *leaf,
                                 const struct atls_secret *binder,
                                 struct atls_view origin, struct atls_buf *out,
                                 struct atls_why *why)
{
    int way = atls_scheme_is_direct(scheme) ? -1 : find_way(offer, scheme);
    struct atls_request request = {
        .type = scheme->type, .binder = binder, .origin = origin};

    if (way >= 0)
        return make_delegated(offer, (unsigned)way, leaf, binder, out, why);
    return make_direct(offer, &request, leaf, out, why);
}
