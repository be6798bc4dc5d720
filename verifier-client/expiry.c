/* SPDX-License-Identifier: Apache-2.0
 *
 * All items are gathered, sorted so that what is about the same stands
 * together, longest first, and told.
 */
#include "expiry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>

#include "base64url.h"
#include "chain.h"
#include "format.h"
#include "snp.h"

enum { SHOWN_CHIP = 16, HOUR = 3600, DAY = 86400 };

#define ANCHOR     "trust anchor"
#define TCB_SIGNER "Intel SGX TCB Signing"

struct list {
    struct atls_expiry *items;
    size_t num, size;
    bool failed;
    bool is_of_profile; /* documents of another TEE have no say */
    /* of what is being gathered */
    const char *profile, *folder;
    int64_t grace_s;
};

static struct atls_expiry *add(struct list *list, const char *kind)
{
    size_t size = list->size > 0 ? 2 * list->size : 16;
    struct atls_expiry *items = list->items, *item;

    if (list->num == list->size) {
        items = realloc(list->items, size * sizeof(*items));
        list->failed = list->failed || items == NULL;
        if (items == NULL)
            return NULL;
        list->items = items;
        list->size = size;
    }
    item = &items[list->num++];
    *item = (struct atls_expiry){.kind = kind,
                                 .profile = list->profile,
                                 .folder = list->folder,
                                 .issued = INT64_MIN,
                                 .next = ATLS_EXPIRY_NEVER,
                                 .end = ATLS_EXPIRY_NEVER};
    return item;
}

static void set_dates(struct atls_expiry *item, int64_t issued, int64_t next,
                      int64_t grace_s)
{
    item->issued = issued;
    item->next = next;
    item->end =
        next < ATLS_EXPIRY_NEVER - grace_s ? next + grace_s : ATLS_EXPIRY_NEVER;
}

/* The common name, or all of the name. */
static void put_name(X509_NAME *name, char out[ATLS_EXPIRY_OF])
{
    if (X509_NAME_get_text_by_NID(name, NID_commonName, out, ATLS_EXPIRY_OF) <
        0)
        (void)X509_NAME_oneline(name, out, ATLS_EXPIRY_OF);
}

static void put_endorsement(const struct atls_snp_endorsement *key,
                            struct atls_expiry *item)
{
    const char *product = atls_snp_product_names[key->product];
    char chip[2 * SHOWN_CHIP + 1], tcb[2 * ATLS_SNP_TCB + 1];

    atls_hex(atls_view(key->tcb, ATLS_SNP_TCB), tcb, sizeof(tcb));
    atls_hex(atls_view(key->hwid, SHOWN_CHIP), chip, sizeof(chip));
    if (key->key == ATLS_SNP_VLEK)
        snprintf(item->of, sizeof(item->of), "%s, CSP %.*s, TCB %s", product,
                 (int)(key->csp_id.len < 32 ? key->csp_id.len : 32),
                 (const char *)key->csp_id.data, tcb);
    else
        snprintf(item->of, sizeof(item->of), "%s, chip %s..., TCB %s", product,
                 chip, tcb);
}

static void add_certificate(struct list *list, X509 *certificate)
{
    struct atls_snp_endorsement key;
    bool is_chip =
        atls_snp_endorsement_read(certificate, &key, NULL) == ATLS_OK;
    struct atls_expiry *item = add(list, !is_chip ? "certificate"
                                         : key.key == ATLS_SNP_VLEK ? "VLEK"
                                                                    : "VCEK");

    if (item == NULL)
        return;
    if (is_chip)
        put_endorsement(&key, item);
    else
        put_name(X509_get_subject_name(certificate), item->of);
    set_dates(item, atls_chain_seconds(X509_get0_notBefore(certificate)),
              atls_chain_seconds(X509_get0_notAfter(certificate)), 0);
    if (strcmp(item->of, TCB_SIGNER) == 0)
        list->num--; /* counts where it has signed: add_document */
}

static void add_anchors(struct list *list, STACK_OF(X509) * anchors)
{
    for (int i = 0; i < sk_X509_num(anchors); i++) {
        X509 *anchor = sk_X509_value(anchors, i);
        struct atls_expiry *item = add(list, ANCHOR);

        if (item == NULL)
            return;
        item->folder = NULL;
        put_name(X509_get_subject_name(anchor), item->of);
        set_dates(item, atls_chain_seconds(X509_get0_notBefore(anchor)),
                  atls_chain_seconds(X509_get0_notAfter(anchor)), 0);
    }
}

static void add_crl(struct list *list, const X509_CRL *crl)
{
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
    struct atls_expiry *item = add(list, "CRL");

    if (item == NULL)
        return;
    put_name(X509_CRL_get_issuer(crl), item->of);
    set_dates(item, atls_chain_seconds(X509_CRL_get0_lastUpdate(crl)),
              next != NULL ? atls_chain_seconds(next) : ATLS_EXPIRY_NEVER,
              list->grace_s);
}

/* Without its signer it is worth nothing, and grace does not help that one. */
static void add_document(struct list *list,
                         const struct atls_tcb_document *document)
{
    struct atls_expiry *item =
        add(list, document->is_info ? "TCB info" : "QE identity");
    int64_t signer = atls_chain_seconds(X509_get0_notAfter(document->signer));
    char fmspc[2 * ATLS_PCK_FMSPC + 1];

    if (item == NULL)
        return;
    atls_hex(atls_view(document->fmspc, ATLS_PCK_FMSPC), fmspc, sizeof(fmspc));
    snprintf(
        item->of, sizeof(item->of), "%s%s%s", document->is_td ? "TDX" : "SGX",
        document->is_info ? ", FMSPC " : "", document->is_info ? fmspc : "");
    set_dates(item, document->issued, document->next, list->grace_s);
    if (signer < item->next)
        item->next = signer;
    if (signer < item->end)
        item->end = signer;
}

static void add_missing(struct list *list, const char *kind, const char *of)
{
    struct atls_expiry *item = add(list, kind);

    if (item == NULL)
        return;
    snprintf(item->of, sizeof(item->of), "%s", of);
    item->is_missing = true;
}

static bool is_for(const struct atls_stock *stock,
                   const struct atls_tcb_document *document)
{
    return stock->tee == NULL ||
           document->is_td == (strcmp(stock->tee, "TDX") == 0);
}

static bool has_document(const struct atls_stock *stock, bool is_info)
{
    for (size_t i = 0; i < stock->tcb->num; i++)
        if (stock->tcb->documents[i].is_info == is_info &&
            is_for(stock, &stock->tcb->documents[i]))
            return true;
    return false;
}

static void add_all_missing(struct list *list, const struct atls_stock *stock)
{
    if (stock->tee != NULL && !has_document(stock, true))
        add_missing(list, "TCB info", stock->tee);
    if (stock->tee != NULL && !has_document(stock, false))
        add_missing(list, "QE identity", stock->tee);
    if (stock->crl_of != NULL && sk_X509_CRL_num(stock->collateral->crls) <= 0)
        add_missing(list, "CRL", stock->crl_of);
}

static void add_stock(struct list *list, const struct atls_stock *stock)
{
    const struct atls_collateral *collateral = stock->collateral;

    list->folder = collateral->folder;
    list->grace_s = stock->grace_s;
    for (int i = 0; i < sk_X509_num(collateral->certificates); i++)
        add_certificate(list, sk_X509_value(collateral->certificates, i));
    for (int i = 0; i < sk_X509_CRL_num(collateral->crls); i++)
        add_crl(list, sk_X509_CRL_value(collateral->crls, i));
    for (size_t i = 0; stock->tcb != NULL && i < stock->tcb->num; i++)
        if (!list->is_of_profile || is_for(stock, &stock->tcb->documents[i]))
            add_document(list, &stock->tcb->documents[i]);
    add_all_missing(list, stock);
}

static void add_profile(struct list *list, const struct atls_profile *profile)
{
    struct atls_stock stock = {.collateral = NULL};

    list->profile = profile->name;
    add_anchors(list, profile->anchors.roots);
    add_anchors(list, profile->anchors.intermediates);
    if (profile->has_anchors && profile->format->stock != NULL)
        profile->format->stock(profile->reference, &stock);
    if (stock.collateral != NULL)
        add_stock(list, &stock);
}

static int compare_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static int compare_subject(const struct atls_expiry *a,
                           const struct atls_expiry *b)
{
    int order = strcmp(a->kind, b->kind);

    if (order == 0)
        order = strcmp(a->of, b->of);
    return order != 0 ? order : compare_text(a->folder, b->folder);
}

/* The longest first; of those alike the one that the policy drops first. */
static int compare(const void *one, const void *other)
{
    const struct atls_expiry *a = one, *b = other;
    int order = compare_subject(a, b);

    if (order == 0)
        order = (a->next < b->next) - (a->next > b->next);
    return order != 0 ? order : (a->end > b->end) - (a->end < b->end);
}

/* Each trust anchor is one of its own, whatever its name. */
static bool is_covered(const struct atls_expiry *item,
                       const struct atls_expiry *before)
{
    return compare_subject(item, before) == 0 &&
           (strcmp(item->kind, ANCHOR) != 0 || item->next == before->next);
}

static bool tell(struct list *list, atls_expiry_fn *each, void *arg)
{
    if (!list->failed && list->num > 0)
        qsort(list->items, list->num, sizeof(*list->items), compare);
    for (size_t i = 0; !list->failed && i < list->num; i++)
        if (i == 0 || !is_covered(&list->items[i], &list->items[i - 1]))
            each(arg, &list->items[i]);
    free(list->items);
    return !list->failed;
}

bool atls_policy_expiries(const struct atls_policy *policy,
                          atls_expiry_fn *each, void *arg)
{
    const struct atls_profile *profile;
    struct list list = {.items = NULL};

    ERR_set_mark();
    for (size_t i = 0; (profile = atls_policy_profile_at(policy, i)) != NULL;
         i++)
        add_profile(&list, profile);
    ERR_pop_to_mark();
    return tell(&list, each, arg);
}

bool atls_profile_expiries(const struct atls_profile *profile,
                           atls_expiry_fn *each, void *arg)
{
    struct list list = {.is_of_profile = true};

    ERR_set_mark();
    add_profile(&list, profile);
    ERR_pop_to_mark();
    return tell(&list, each, arg);
}

bool atls_stock_expiries(const struct atls_stock *stock, atls_expiry_fn *each,
                         void *arg)
{
    struct list list = {.items = NULL};

    ERR_set_mark();
    add_stock(&list, stock);
    ERR_pop_to_mark();
    return tell(&list, each, arg);
}

int64_t atls_expiry_soon(const struct atls_expiry *expiry)
{
    int64_t life, ahead = ATLS_EXPIRY_SOON_S;

    if (expiry->next == ATLS_EXPIRY_NEVER)
        return ATLS_EXPIRY_NEVER;
    life = expiry->issued != INT64_MIN && expiry->issued < expiry->next
               ? expiry->next - expiry->issued
               : 0;
    if (life / 3 < ahead)
        ahead = life / 3;
    return expiry->next - ahead;
}

enum atls_expiry_state atls_expiry_state(const struct atls_expiry *expiry,
                                         int64_t now)
{
    if (expiry->is_missing)
        return ATLS_EXPIRY_MISSING;
    if (now >= expiry->end)
        return ATLS_EXPIRY_STALE;
    return now >= atls_expiry_soon(expiry) ? ATLS_EXPIRY_SOON
                                           : ATLS_EXPIRY_FRESH;
}

const char *atls_expiry_name(enum atls_expiry_state state)
{
    static const char *const names[] = {[ATLS_EXPIRY_FRESH] = "fresh",
                                        [ATLS_EXPIRY_SOON] = "soon",
                                        [ATLS_EXPIRY_STALE] = "stale",
                                        [ATLS_EXPIRY_MISSING] = "missing"};

    return names[state];
}

void atls_expiry_date(int64_t when, char *text, size_t size)
{
    time_t seconds = (time_t)when;
    struct tm parts;

    snprintf(text, size, "%s", when == ATLS_EXPIRY_NEVER ? "never" : "unknown");
    if (when != ATLS_EXPIRY_NEVER && when != INT64_MIN &&
        gmtime_r(&seconds, &parts) != NULL)
        strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

void atls_expiry_length(int64_t seconds, char *text, size_t size)
{
    int64_t span = seconds < 0 ? -seconds : seconds;

    if (span >= 2 * DAY)
        snprintf(text, size, "%" PRId64 " d", span / DAY);
    else if (span >= 2 * HOUR)
        snprintf(text, size, "%" PRId64 " h", span / HOUR);
    else
        snprintf(text, size, "%" PRId64 " min", span / 60);
}

static const char *move_of(const struct atls_expiry *expiry)
{
    return expiry->folder != NULL ? "atls collateral fetch renews it"
                                  : "its vendor has the next one";
}

void atls_expiry_sentence(const struct atls_expiry *expiry, int64_t now,
                          char *text, size_t size)
{
    char date[32], span[32], grace[64] = "";

    if (expiry->is_missing) {
        snprintf(text, size,
                 "%s of %s is not in %s: atls collateral fetch "
                 "brings it",
                 expiry->kind, expiry->of,
                 expiry->folder != NULL ? expiry->folder
                                        : "\"collateral\", which it lacks");
        return;
    }
    atls_expiry_date(expiry->next, date, sizeof(date));
    atls_expiry_length(expiry->next - now, span, sizeof(span));
    if (now >= expiry->next && now < expiry->end) {
        atls_expiry_date(expiry->end, grace, sizeof(grace) - 16);
        snprintf(text, size,
                 "%s of %s ended %s, %s ago, and is taken until %s by \"grace\""
                 ": %s",
                 expiry->kind, expiry->of, date, span, grace, move_of(expiry));
        return;
    }
    snprintf(text, size, "%s of %s %s %s, %s %s: %s", expiry->kind, expiry->of,
             now >= expiry->end ? "ended" : "ends", date, span,
             now >= expiry->end ? "ago" : "from now", move_of(expiry));
}
