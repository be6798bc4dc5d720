/* SPDX-License-Identifier: Apache-2.0
 *
 * Schemes of our own, direct and by delegates.
 */
#include "offer.h"

#include <string.h>
#include <time.h>

#include "clock.h"
#include "delegates.h"
#include "report.h"

#define MS_NS INT64_C(1000000)

/* A way to be vouched for. */
struct way {
    struct atls_scheme scheme; /* what is agreed on */
    struct atls_type type;     /* of the attester's Evidence; borrowed */
    struct atls_buf text;      /* what scheme points to */
};

struct atls_offer {
    const struct atls_settings *settings;
    struct atls_attester *attester;
    struct atls_delegates *delegates; /* NULL: no ways */
    struct way ways[ATLS_WIRE_MAX_SCHEMES];
    unsigned num_ways;
    struct atls_schemes schemes;
};

static bool add_way(struct atls_offer *offer, struct atls_type type)
{
    struct way *way = &offer->ways[offer->num_ways++];

    way->type = type;
    way->text = atls_buf(ATLS_TYPE_MAX_TEXT);
    atls_scheme_put_delegated(&way->text, type);
    way->scheme =
        atls_scheme_of_type(atls_type_of_text(atls_buf_view(&way->text)));
    way->scheme.is_delegated = true;
    return !way->text.failed;
}

/* A record of an attester's CMW, as a collection of CBOR takes it. */
static enum atls_reason put_record(struct atls_view bytes,
                                   struct atls_type wanted,
                                   struct atls_buf *record,
                                   struct atls_why *why)
{
    ATLS_AUTO_BUF storage = atls_buf(ATLS_CMW_MAX);
    struct atls_why inner = {0};
    struct atls_cmw cmw;

    if (atls_cmw_parse(bytes, &storage, &cmw, &inner) != ATLS_OK ||
        cmw.is_collection || !atls_type_equal(cmw.type, wanted))
        return atls_why(why, ATLS_ATTESTER_FAILED,
                        "attester: want a record of the type asked for, got "
                        "another or none: %s",
                        inner.text);
    atls_cmw_put(record, atls_type_shortest(cmw.type), cmw.value,
                 cmw.indicator);
    return ATLS_OK;
}

static enum atls_reason vouch(void *arg, unsigned number, int64_t deadline_ns,
                              const struct atls_secret *value, int64_t now_s,
                              struct atls_buf *record, int64_t *expires_s,
                              struct atls_why *why)
{
    struct atls_offer *offer = arg;
    struct way *way = &offer->ways[number];
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    int64_t left_ms = (deadline_ns - atls_clock_now()) / MS_NS;
    enum atls_reason reason =
        atls_attester_quote(offer->attester, way->type, value,
                            left_ms < 1 ? 1 : (unsigned)left_ms, &cmw, why);

    (void)now_s, (void)expires_s;
    return reason != ATLS_OK
               ? reason
               : put_record(atls_buf_view(&cmw), way->type, record, why);
}

static void tell(void *arg, const struct atls_delegates_news *news)
{
    struct atls_offer *offer = arg;

    atls_report_delegate(offer->settings->log, &offer->ways[news->way].scheme,
                         news);
}

static bool open_delegates(struct atls_offer *offer)
{
    const struct atls_delegates_world world = {
        .vouch = vouch,
        .tell = tell,
        .arg = offer,
        .lifetime_s = (uint32_t)offer->settings->delegate_s};
    const struct atls_schemes *made = atls_attester_schemes(offer->attester);
    bool ok = true;

    if (offer->settings->delegate_s == 0)
        return true;
    for (size_t i = 0; i < made->num; i++)
        ok = ok && add_way(offer, made->list[i].type);
    offer->delegates = ok ? atls_delegates_new(&world) : NULL;
    return offer->delegates != NULL;
}

static void list_schemes(struct atls_offer *offer)
{
    const struct atls_schemes *made = atls_attester_schemes(offer->attester);

    for (unsigned i = 0; i < offer->num_ways; i++)
        atls_schemes_add(&offer->schemes, &offer->ways[i].scheme);
    for (size_t i = 0; i < made->num; i++)
        atls_schemes_add(&offer->schemes, &made->list[i]);
}

enum atls_reason atls_offer_open(const struct atls_settings *settings,
                                 struct atls_attester *attester,
                                 struct atls_offer **out, struct atls_why *why)
{
    struct atls_offer *offer = calloc(1, sizeof(*offer));

    *out = NULL;
    if (offer == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    offer->settings = settings;
    offer->attester = attester;
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

    return offer != NULL && atls_attester_is_prepared(offer->attester)
               ? &offer->schemes
               : &none;
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

enum atls_reason atls_offer_make(struct atls_offer *offer,
                                 const struct atls_scheme *scheme, X509 *leaf,
                                 const struct atls_secret *binder,
                                 struct atls_buf *out, struct atls_why *why)
{
    int way = atls_scheme_is_direct(scheme) ? -1 : find_way(offer, scheme);

    if (way >= 0)
        return make_delegated(offer, (unsigned)way, leaf, binder, out, why);
    return atls_attester_quote(offer->attester, scheme->type, binder,
                               offer->settings->timeout_ms, out, why);
}
