/* SPDX-License-Identifier: Apache-2.0
 *
 * The collection: what it is called, how long it can be, and how its members
 * are asked.
 */
#include "attesters.h"

#include <string.h>

#include "clock.h"
#include "offload.h"
#include "record.h"

#define MS_NS INT64_C(1000000)

enum { MEMBER_HEADS = 2 }; /* bytes before a label of up to 255 */

struct member {
    const char *label; /* of the settings; NULL: it is the only one */
    struct atls_attester *attester;
    struct atls_type type; /* of its record in a collection; borrowed */
};

struct atls_attesters {
    struct member members[ATLS_SETTINGS_MAX_ATTESTERS];
    size_t num;
    bool is_collection;
    struct atls_view cmwc_t;     /* the collection's; empty: it has none */
    struct atls_schemes schemes; /* of a collection; points to: */
    char media_type[ATLS_TYPE_MAX_TEXT + 1];
};

_Static_assert(ATLS_SETTINGS_MAX_ATTESTERS <= ATLS_OFFLOAD_MAX,
               "each of them has a thread");

static enum atls_reason open_member(struct member *member,
                                    const struct atls_named_attester *named,
                                    unsigned share_percent,
                                    struct atls_why *why)
{
    const char *label = named->label != NULL ? named->label : "";
    const char *dot = named->label != NULL ? "." : "";
    const struct atls_scheme *first;
    struct atls_why inner = {0};

    member->label = named->label;
    if (atls_attester_open(named->uri, share_percent, &member->attester,
                           &inner) != ATLS_OK)
        return atls_why(why, inner.reason, "attester%s%s: %s", dot, label,
                        inner.text);
    if (named->label == NULL)
        return ATLS_OK;
    first = atls_record_first(atls_attester_schemes(member->attester));
    if (first == NULL || atls_record_is_batch(first))
        return atls_why(why, ATLS_ATTESTER_ABSENT,
                        "attester.%s: %s: want one that makes a record of its "
                        "own, this makes %s alone",
                        label, named->uri,
                        first == NULL ? "collections" : "batches");
    member->type = first->type;
    return ATLS_OK;
}

/* Of the longest collection, bytes. A record gets no longer when it is put into
 * one (record.h). */
static size_t longest(const struct atls_attesters *attesters)
{
    ATLS_AUTO_BUF head = atls_buf(ATLS_CMW_MAX);
    size_t len;

    atls_cmw_put_collection(&head, attesters->cmwc_t, attesters->num);
    len = head.len;
    for (size_t i = 0; i < attesters->num; i++)
        len += MEMBER_HEADS + strlen(attesters->members[i].label) +
               atls_attester_max_size(attesters->members[i].attester);
    return len;
}

static enum atls_reason check_size(const struct atls_attesters *attesters,
                                   struct atls_why *why)
{
    size_t len = longest(attesters);

    if (len <= ATLS_CMW_MAX)
        return ATLS_OK;
    return atls_why(why, ATLS_ATTESTER_ABSENT,
                    "attester.%s and those beside it: want at most %d bytes of "
                    "Evidence, the sum of their max-size, found %zu: leave one "
                    "out, or have it make less",
                    attesters->members[0].label, ATLS_CMW_MAX, len);
}

static enum atls_reason name_collection(struct atls_attesters *attesters,
                                        struct atls_why *why)
{
    struct atls_cmw collection = {.is_collection = true};
    struct atls_scheme scheme;

    collection.type.text = attesters->cmwc_t;
    if (!atls_composite_type(&collection, attesters->media_type,
                             sizeof(attesters->media_type)))
        return atls_why(why, ATLS_SETTING_INVALID, "collection: too long");
    scheme = atls_scheme_of_type(
        atls_type_of_text(atls_view_text(attesters->media_type)));
    atls_schemes_add(&attesters->schemes, &scheme);
    return check_size(attesters, why);
}

static enum atls_reason open_all(struct atls_attesters *attesters,
                                 const struct atls_settings *settings,
                                 struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;

    attesters->is_collection = atls_settings_has_labels(settings);
    if (settings->collection != NULL)
        attesters->cmwc_t = atls_view_text(settings->collection);
    for (; reason == ATLS_OK && attesters->num < settings->num_attesters;
         attesters->num++)
        reason = open_member(&attesters->members[attesters->num],
                             &settings->attesters[attesters->num],
                             settings->attest_share, why);
    return reason == ATLS_OK && attesters->is_collection
               ? name_collection(attesters, why)
               : reason;
}

enum atls_reason atls_attesters_open(const struct atls_settings *settings,
                                     struct atls_attesters **out,
                                     struct atls_why *why)
{
    struct atls_attesters *attesters = calloc(1, sizeof(*attesters));
    enum atls_reason reason;

    *out = NULL;
    if (attesters == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, "attester: no memory");
    reason = open_all(attesters, settings, why);
    if (reason == ATLS_OK)
        *out = attesters;
    else
        atls_attesters_free(attesters);
    return reason;
}

void atls_attesters_free(struct atls_attesters *attesters)
{
    if (attesters == NULL)
        return;
    for (size_t i = 0; i < attesters->num; i++)
        atls_attester_free(attesters->members[i].attester);
    free(attesters);
}

static enum atls_reason say(const struct member *member,
                            const struct atls_why *said, struct atls_why *why)
{
    if (member->label == NULL)
        return atls_why(why, said->reason, "%s", said->text);
    return atls_why(why, said->reason, "member %s: %s", member->label,
                    said->text);
}

/* A program may give up its rights after its first SSL_CTX: no device waits for
 * that of another. */
enum atls_reason atls_attesters_prepare(struct atls_attesters *attesters,
                                        struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;

    for (size_t i = 0; i < attesters->num; i++) {
        const struct member *member = &attesters->members[i];
        struct atls_why inner = {0};

        if (atls_attester_prepare(member->attester, &inner) != ATLS_OK)
            reason = say(member, &inner, why);
    }
    return reason;
}

bool atls_attesters_is_prepared(const struct atls_attesters *attesters)
{
    for (size_t i = 0; i < attesters->num; i++)
        if (!atls_attester_is_prepared(attesters->members[i].attester))
            return false;
    return true;
}

const struct atls_schemes *
atls_attesters_schemes(const struct atls_attesters *attesters)
{
    return attesters->is_collection
               ? &attesters->schemes
               : atls_attester_schemes(attesters->members[0].attester);
}

bool atls_attesters_takes_origin(const struct atls_attesters *attesters)
{
    for (size_t i = 0; i < attesters->num; i++)
        if (atls_attester_takes_origin(attesters->members[i].attester))
            return true;
    return false;
}

bool atls_attesters_takes_subject(const struct atls_attesters *attesters)
{
    for (size_t i = 0; i < attesters->num; i++)
        if (atls_attester_takes_subject(attesters->members[i].attester))
            return true;
    return false;
}

/* One member's part of a collection, on whichever thread. */
struct part {
    const struct member *member;
    struct atls_request request;
    int64_t deadline_ns;
    struct atls_buf record; /* as the collection takes it */
    struct atls_why why;
};

static void ask(void *arg)
{
    struct part *part = arg;
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_CMW_MAX);
    int64_t left_ms = (part->deadline_ns - atls_clock_now()) / MS_NS;
    enum atls_reason reason = atls_attester_quote(
        part->member->attester, &part->request,
        left_ms < 1 ? 1 : (unsigned)left_ms, &cmw, &part->why);

    if (reason == ATLS_OK)
        reason = atls_record_put(&part->record, atls_buf_view(&cmw),
                                 part->request.type, &part->why);
    if (reason == ATLS_OK && part->record.failed)
        atls_why(&part->why, ATLS_OUT_OF_MEMORY, NULL);
}

static enum atls_reason put_collection(const struct atls_attesters *attesters,
                                       const struct part *parts,
                                       struct atls_buf *out,
                                       struct atls_why *why)
{
    for (size_t i = 0; i < attesters->num; i++)
        if (parts[i].why.reason != ATLS_OK)
            return say(parts[i].member, &parts[i].why, why);
    atls_cmw_put_collection(out, attesters->cmwc_t, attesters->num);
    for (size_t i = 0; i < attesters->num; i++) {
        atls_cmw_put_label(out, atls_view_text(parts[i].member->label));
        atls_buf_put(out, atls_buf_view(&parts[i].record));
    }
    return out->failed ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL) : ATLS_OK;
}

static enum atls_reason collect(struct atls_attesters *attesters,
                                const struct atls_request *request,
                                int64_t deadline_ns, struct atls_buf *out,
                                struct atls_why *why)
{
    ATLS_AUTO_HEAP struct part *parts = calloc(attesters->num, sizeof(*parts));
    void *args[ATLS_SETTINGS_MAX_ATTESTERS];
    enum atls_reason reason;

    if (parts == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    for (size_t i = 0; i < attesters->num; i++) {
        parts[i] = (struct part){.member = &attesters->members[i],
                                 .request = *request,
                                 .deadline_ns = deadline_ns,
                                 .record = atls_buf(ATLS_CMW_MAX)};
        parts[i].request.type = attesters->members[i].type;
        args[i] = &parts[i];
    }
    atls_offload_all(ask, args, attesters->num);
    reason = put_collection(attesters, parts, out, why);
    for (size_t i = 0; i < attesters->num; i++)
        atls_buf_clear(&parts[i].record);
    return reason;
}

enum atls_reason atls_attesters_quote(struct atls_attesters *attesters,
                                      const struct atls_request *request,
                                      unsigned timeout_ms, struct atls_buf *out,
                                      struct atls_why *why)
{
    int64_t deadline_ns = atls_clock_now() + (int64_t)timeout_ms * MS_NS;

    return attesters->is_collection
               ? collect(attesters, request, deadline_ns, out, why)
               : atls_attester_quote(attesters->members[0].attester, request,
                                     timeout_ms, out, why);
}
