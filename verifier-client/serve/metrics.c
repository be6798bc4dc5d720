/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting, and saying what was counted.
 */
#include "serve/metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/x509.h>

#include "chain.h"
#include "expiry.h"
#include "format.h"

#define TEXT "text/plain; version=0.0.4; charset=utf-8"

/* Upper bounds in microseconds. */
static const int64_t bounds_us[ATLS_METRICS_BUCKETS] = {
    50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 1000000};

static const int statuses[ATLS_METRICS_STATUSES] = {200, 201, 204, 400, 404,
                                                    405, 406, 413, 415, 500};

static const enum atls_tier tiers[ATLS_METRICS_TIERS] = {
    ATLS_TIER_NONE, ATLS_TIER_AFFIRMING, ATLS_TIER_WARNING,
    ATLS_TIER_CONTRAINDICATED};

static void add(uint64_t *counter, uint64_t value)
{
    __atomic_add_fetch(counter, value, __ATOMIC_RELAXED);
}

static uint64_t get(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

void atls_metrics_appraised(struct atls_metrics *metrics,
                            const struct atls_verdict *verdict,
                            int64_t duration_ns)
{
    size_t tier = 0, bucket = 0;

    while (tier + 1 < ATLS_METRICS_TIERS && tiers[tier] != verdict->tier)
        tier++;
    while (bucket < ATLS_METRICS_BUCKETS &&
           duration_ns > bounds_us[bucket] * 1000)
        bucket++;
    add(&metrics->appraisals[tier][verdict->reason], 1);
    add(&metrics->buckets[bucket], 1);
    add(&metrics->appraisal_ns, (uint64_t)duration_ns);
}

void atls_metrics_answered(struct atls_metrics *metrics,
                           const struct atls_route *route, int status)
{
    size_t at = route != NULL ? (size_t)(route - atls_routes) : ATLS_NUM_ROUTES;

    for (size_t i = 0; i < ATLS_METRICS_STATUSES; i++)
        if (statuses[i] == status)
            add(&metrics->requests[at][i], 1);
}

static void put(struct atls_buf *out, const char *format, ...)
    ATLS_PRINTF(2, 3);
static void put(struct atls_buf *out, const char *format, ...)
{
    char line[256];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    atls_buf_text(out, line);
}

static void put_head(struct atls_buf *out, const char *name, const char *type,
                     const char *help)
{
    put(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_appraisals(const struct atls_metrics *metrics,
                           struct atls_buf *out)
{
    static const char name[] = "atls_serve_appraisals_total";

    put_head(out, name, "counter", "Evidence judged, by verdict and reason.");
    for (size_t t = 0; t < ATLS_METRICS_TIERS; t++)
        for (size_t r = 0; r < ATLS_NUM_REASONS; r++)
            if (get(&metrics->appraisals[t][r]) > 0)
                put(out, "%s{verdict=\"%s\",reason=\"%s\"} %" PRIu64 "\n", name,
                    atls_tier_name(tiers[t]),
                    atls_reason_name((enum atls_reason)r),
                    get(&metrics->appraisals[t][r]));
}

static void put_durations(const struct atls_metrics *metrics,
                          struct atls_buf *out)
{
    static const char name[] = "atls_serve_appraisal_duration_seconds";
    uint64_t sum = 0;

    put_head(out, name, "histogram", "From the Evidence to the signed result.");
    for (size_t i = 0; i < ATLS_METRICS_BUCKETS; i++) {
        sum += get(&metrics->buckets[i]);
        put(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
            (double)bounds_us[i] / 1e6, sum);
    }
    sum += get(&metrics->buckets[ATLS_METRICS_BUCKETS]);
    put(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, sum);
    put(out, "%s_sum %.9f\n", name, (double)get(&metrics->appraisal_ns) / 1e9);
    put(out, "%s_count %" PRIu64 "\n", name, sum);
}

static void put_requests(const struct atls_metrics *metrics,
                         struct atls_buf *out)
{
    static const char name[] = "atls_serve_requests_total";

    put_head(out, name, "counter", "Requests answered, by route and status.");
    for (size_t r = 0; r <= ATLS_NUM_ROUTES; r++)
        for (size_t s = 0; s < ATLS_METRICS_STATUSES; s++)
            if (get(&metrics->requests[r][s]) > 0)
                put(out, "%s{route=\"%s\",status=\"%d\"} %" PRIu64 "\n", name,
                    r < ATLS_NUM_ROUTES ? atls_routes[r].name : "none",
                    statuses[s], get(&metrics->requests[r][s]));
}

static void put_number(struct atls_buf *out, const char *name, const char *type,
                       const char *help, int64_t value)
{
    put_head(out, name, type, help);
    put(out, "%s %" PRId64 "\n", name, value);
}

static void put_certificates(const struct atls_metrics *metrics,
                             struct atls_buf *out)
{
    static const char name[] = "atls_serve_certificate_not_after_seconds";

    put_head(out, name, "gauge",
             "When certificates of the TLS chain end, in seconds since 1970.");
    for (size_t i = 0; i < ATLS_METRICS_CERTIFICATES; i++) {
        int64_t end =
            __atomic_load_n(&metrics->certificates[i], __ATOMIC_RELAXED);

        if (end > 0)
            put(out, "%s{chain=\"tls\",depth=\"%zu\"} %" PRId64 "\n", name, i,
                end);
    }
}

/* The first of the trust anchors that are certificates; a profile is named by
 * its place in the rule, as its name is any text. */
static int64_t first_end(const struct atls_anchors *anchors)
{
    int64_t first = 0;

    for (int i = 0; i < sk_X509_num(anchors->roots); i++) {
        int64_t end = atls_chain_seconds(
            X509_get0_notAfter(sk_X509_value(anchors->roots, i)));

        if (end != INT64_MIN && (first == 0 || end < first))
            first = end;
    }
    return first;
}

static void put_anchors(const struct atls_service *service,
                        struct atls_buf *out)
{
    static const char name[] = "atls_serve_anchor_not_after_seconds";

    put_head(out, name, "gauge",
             "When the first trust anchor of a profile ends that is a "
             "certificate, in seconds since 1970.");
    for (size_t i = 0; i < service->rule->num_accept; i++) {
        const struct atls_profile *profile = service->rule->accept[i];
        int64_t end = first_end(&profile->anchors);

        if (end != 0)
            put(out, "%s{format=\"%s\",profile=\"%zu\"} %" PRId64 "\n", name,
                profile->format->name, i, end);
    }
}

struct kind {
    const char *kind, *label; /* of expiry.h, of the metric */
    int64_t first;            /* 0: there is none */
};

static void note_first(void *arg, const struct atls_expiry *expiry)
{
    for (struct kind *kind = arg; kind->kind != NULL; kind++)
        if (strcmp(kind->kind, expiry->kind) == 0 && !expiry->is_missing &&
            expiry->next != ATLS_EXPIRY_NEVER &&
            (kind->first == 0 || expiry->next < kind->first))
            kind->first = expiry->next;
}

static void put_collateral(const struct atls_service *service,
                           struct atls_buf *out)
{
    static const char name[] = "atls_serve_collateral_next_update_seconds";

    put_head(out, name, "gauge",
             "When collateral of a profile must be fetched anew, the first of "
             "its kind, in seconds since 1970.");
    for (size_t i = 0; i < service->rule->num_accept; i++) {
        const struct atls_profile *profile = service->rule->accept[i];
        struct kind kinds[] = {{"CRL", "crl", 0},
                               {"QE identity", "qe_identity", 0},
                               {"TCB info", "tcb_info", 0},
                               {NULL, NULL, 0}};

        if (!atls_profile_expiries(profile, note_first, kinds))
            continue;
        for (const struct kind *kind = kinds; kind->kind != NULL; kind++)
            if (kind->first != 0)
                put(out,
                    "%s{format=\"%s\",profile=\"%zu\",what=\"%s\"} "
                    "%" PRId64 "\n",
                    name, profile->format->name, i, kind->label, kind->first);
    }
}

void atls_metrics_put(const struct atls_metrics *metrics,
                      const struct atls_service *service, struct atls_buf *out)
{
    put_appraisals(metrics, out);
    put_durations(metrics, out);
    put_requests(metrics, out);
    put_certificates(metrics, out);
    put_anchors(service, out);
    put_collateral(service, out);
    put_number(out, "atls_serve_policy_loaded_seconds", "gauge",
               "When policy and keys were loaded, in seconds since 1970.",
               service->loaded);
    put_number(out, "atls_serve_start_seconds", "gauge",
               "When the process began, in seconds since 1970.",
               metrics->started);
    put_number(out, "atls_serve_reloads_total", "counter",
               "Policies loaded since.", (int64_t)get(&metrics->reloads));
    put_number(out, "atls_serve_failed_reloads_total", "counter",
               "Policies that could not be loaded, and the old one stayed.",
               (int64_t)get(&metrics->failed_reloads));
    put_number(out, "atls_serve_certificate_reloads_total", "counter",
               "TLS certificates loaded since.",
               (int64_t)get(&metrics->certificate_reloads));
    put_number(out, "atls_serve_failed_certificate_reloads_total", "counter",
               "TLS certificates or keys that could not be loaded, and the old "
               "ones stayed.",
               (int64_t)get(&metrics->failed_certificate_reloads));
    put_number(out, "atls_serve_connections", "gauge", "Open connections.",
               (int64_t)get(&metrics->connections));
    put_number(out, "atls_serve_connections_cut_total", "counter",
               "Connections ended because a request took too long.",
               (int64_t)get(&metrics->connections_cut));
}

void atls_metrics_get(struct atls_exchange *exchange)
{
    exchange->answer.status = 200;
    exchange->answer.type = TEXT;
    exchange->answer.cache = "no-store";
    atls_metrics_put(exchange->metrics, exchange->service,
                     &exchange->answer.body);
}
