/* SPDX-License-Identifier: Apache-2.0
 *
 * CoMIDs, triple by triple.
 */
#include "comid.h"

#include <inttypes.h>

enum { LANGUAGE = 0, TAG_IDENTITY = 1, ENTITIES = 2, TRIPLES = 4 };
enum { REFERENCES = 0, ATTEST_KEYS = 3 };     /* of a triples-map */
enum { CLASS = 0, INSTANCE = 1 };             /* of an environment */
enum { CLASS_ID = 0, VENDOR = 1, MODEL = 2 }; /* of a class */
enum { MKEY = 0, MVAL = 1 };                  /* of a measurement */

struct atls_comid_choice atls_comid_choice_take(struct atls_cbor *in)
{
    struct atls_comid_choice out = {.form = ATLS_COMID_IS_OTHER};

    if (atls_cbor_peek(in) == ATLS_CBOR_TAG)
        out.tag = atls_cbor_tag(in);
    switch (atls_cbor_peek(in)) {
    case ATLS_CBOR_BYTES:
        out.form = ATLS_COMID_IS_BYTES;
        out.view = atls_cbor_bytes(in);
        break;
    case ATLS_CBOR_TEXT:
        out.form = ATLS_COMID_IS_TEXT;
        out.view = atls_cbor_text(in);
        break;
    case ATLS_CBOR_UINT:
        out.form = ATLS_COMID_IS_NUMBER;
        out.number = atls_cbor_uint(in);
        break;
    case ATLS_CBOR_NEGINT:
    case ATLS_CBOR_ARRAY:
    case ATLS_CBOR_MAP:
    case ATLS_CBOR_TAG:
    case ATLS_CBOR_BOOL:
    case ATLS_CBOR_NULL:
    case ATLS_CBOR_FLOAT:
    case ATLS_CBOR_BREAK:
    case ATLS_CBOR_NOTHING:
        (void)atls_cbor_skip(in);
    }
    return out;
}

struct atls_view atls_comid_choice_bytes(const struct atls_comid_choice *choice,
                                         uint64_t tag)
{
    return choice->form == ATLS_COMID_IS_BYTES && choice->tag == tag
               ? choice->view
               : atls_view(NULL, 0);
}

/* Takes the item, which nobody here knows. */
static enum atls_reason pass_unknown(struct atls_cbor *in, const char *of,
                                     int64_t key, struct atls_why *why)
{
    (void)atls_cbor_skip(in);
    if (atls_cbor_failed(in))
        return ATLS_OK;
    return atls_why(why, ATLS_CORIM_UNSUPPORTED,
                    "%s: key %" PRId64 " is not supported", of, key);
}

static void take_class(struct atls_cbor *in, struct atls_comid_triple *out,
                       struct atls_why *why)
{
    struct atls_cbor_iter entries;
    int64_t key;

    atls_cbor_map(in, &entries);
    while (atls_cbor_next(in, &entries))
        switch (key = atls_cbor_int(in)) {
        case CLASS_ID:
            out->class_id = atls_comid_choice_take(in);
            break;
        case VENDOR: /* names, which no Evidence shows */
        case MODEL:
            (void)atls_cbor_text(in);
            break;
        default:
            (void)pass_unknown(in, "class", key, why);
        }
}

static void take_environment(struct atls_cbor *in,
                             struct atls_comid_triple *out,
                             struct atls_why *why)
{
    struct atls_cbor_iter entries;
    int64_t key;

    atls_cbor_map(in, &entries);
    while (atls_cbor_next(in, &entries))
        switch (key = atls_cbor_int(in)) {
        case CLASS:
            take_class(in, out, why);
            break;
        case INSTANCE:
            out->instance = atls_comid_choice_take(in);
            break;
        default:
            (void)pass_unknown(in, "environment", key, why);
        }
}

/* IANA's "Named Information Hash Algorithm" registry, by number or name. */
static bool is_sha2(const struct atls_comid_choice *algorithm, size_t len)
{
    static const struct {
        uint64_t number;
        const char *name;
        size_t len;
    } rows[] = {{1, "sha-256", 32}, {7, "sha-384", 48}, {8, "sha-512", 64}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (len == rows[i].len && algorithm->tag == 0 &&
            (algorithm->form == ATLS_COMID_IS_NUMBER
                 ? algorithm->number == rows[i].number
                 : atls_view_is(algorithm->view, rows[i].name)))
            return true;
    return false;
}

static struct atls_view take_digest(struct atls_cbor *in)
{
    struct atls_comid_choice algorithm = {.tag = 0};
    struct atls_view value = {NULL, 0};
    struct atls_cbor_iter items;

    atls_cbor_array(in, &items);
    if (atls_cbor_next(in, &items))
        algorithm = atls_comid_choice_take(in);
    if (atls_cbor_next(in, &items))
        value = atls_cbor_bytes(in);
    if (value.data == NULL || atls_cbor_next(in, &items))
        atls_cbor_fail(in);
    return is_sha2(&algorithm, value.len) ? value : atls_view(NULL, 0);
}

/* One that stands alone in its list; of several, none. */
static struct atls_view take_digests(struct atls_cbor *in)
{
    struct atls_view digest = {NULL, 0};
    struct atls_cbor_iter items;

    atls_cbor_array(in, &items);
    while (atls_cbor_next(in, &items))
        digest = take_digest(in);
    return items.num_seen == 1 ? digest : atls_view(NULL, 0);
}

static struct atls_comid_choice take_cryptokeys(struct atls_cbor *in)
{
    struct atls_comid_choice key = {.tag = 0};
    struct atls_cbor_iter items;

    atls_cbor_array(in, &items);
    while (atls_cbor_next(in, &items))
        key = atls_comid_choice_take(in);
    return items.num_seen == 1 ? key : (struct atls_comid_choice){.tag = 0};
}

static struct atls_view take_version(struct atls_cbor *in)
{
    struct atls_view version = {NULL, 0};
    struct atls_cbor_iter entries;

    atls_cbor_map(in, &entries);
    while (atls_cbor_next(in, &entries))
        if (atls_cbor_int(in) == 0)
            version = atls_cbor_text(in);
        else
            (void)atls_cbor_skip(in);
    return version;
}

static void take_value(struct atls_cbor *in, int64_t key,
                       struct atls_comid_measurement *out)
{
    bool is_known = key >= 0 && key < ATLS_COMID_UNKNOWN;

    out->values |= (uint32_t)1 << (is_known ? key : ATLS_COMID_UNKNOWN);
    switch (is_known ? (int)key : ATLS_COMID_UNKNOWN) {
    case ATLS_COMID_VERSION:
        out->version = take_version(in);
        break;
    case ATLS_COMID_SVN_VALUE:
        out->svn = atls_comid_choice_take(in);
        break;
    case ATLS_COMID_DIGESTS:
        out->digest = take_digests(in);
        break;
    case ATLS_COMID_RAW:
        out->raw = atls_comid_choice_take(in);
        break;
    case ATLS_COMID_RAW_MASK:
        out->mask = atls_cbor_bytes(in);
        break;
    case ATLS_COMID_NAME:
        out->name = atls_cbor_text(in);
        break;
    case ATLS_COMID_CRYPTOKEYS:
        out->signer = take_cryptokeys(in);
        break;
    default:
        (void)atls_cbor_skip(in);
    }
}

static void take_values(struct atls_cbor *in,
                        struct atls_comid_measurement *out)
{
    struct atls_cbor_iter entries;

    atls_cbor_map(in, &entries);
    while (atls_cbor_next(in, &entries))
        take_value(in, atls_cbor_int(in), out);
    if (entries.num_seen == 0)
        atls_cbor_fail(in);
}

bool atls_comid_measurement_next(struct atls_comid_triple *triple,
                                 struct atls_comid_measurement *out)
{
    struct atls_cbor *in = &triple->list;
    struct atls_cbor_iter entries;

    *out = (struct atls_comid_measurement){.values = 0};
    if (!atls_cbor_next(in, &triple->items))
        return false;
    atls_cbor_map(in, &entries);
    while (atls_cbor_next(in, &entries))
        switch (atls_cbor_int(in)) {
        case MKEY:
            out->key = atls_comid_choice_take(in);
            break;
        case MVAL:
            take_values(in, out);
            break;
        default: /* authorized-by: another than the trust anchors says so */
            out->values |= (uint32_t)1 << ATLS_COMID_UNKNOWN;
            (void)atls_cbor_skip(in);
        }
    if (out->values == 0)
        atls_cbor_fail(in);
    return !atls_cbor_failed(in);
}

bool atls_comid_key_next(struct atls_comid_triple *triple,
                         struct atls_comid_choice *out)
{
    if (!atls_cbor_next(&triple->list, &triple->items))
        return false;
    *out = atls_comid_choice_take(&triple->list);
    return !atls_cbor_failed(&triple->list);
}

static enum atls_reason malformed(const struct atls_comid_triple *triple,
                                  struct atls_why *why)
{
    *why = (struct atls_why){0};
    return atls_why(why, ATLS_CORIM_MALFORMED, "want at least one %s",
                    triple->has_keys ? "key" : "measurement with values");
}

static enum atls_reason open_list(struct atls_comid_triple *triple,
                                  struct atls_why *why)
{
    struct atls_cbor first;
    struct atls_cbor_iter items;

    atls_cbor_array(&triple->list, &triple->items);
    first = triple->list;
    items = triple->items;
    return atls_cbor_next(&first, &items) ? ATLS_OK : malformed(triple, why);
}

/* [environment, list]; one of keys may have conditions behind them. */
static enum atls_reason take_triple(struct atls_cbor *in,
                                    struct atls_comid_triple *out,
                                    struct atls_why *why)
{
    struct atls_cbor_iter items;

    atls_cbor_array(in, &items);
    if (atls_cbor_next(in, &items))
        take_environment(in, out, why);
    if (!atls_cbor_next(in, &items))
        atls_cbor_fail(in);
    out->list = atls_cbor(atls_cbor_skip(in));
    if (atls_cbor_next(in, &items) && !atls_cbor_failed(in))
        return atls_why(why, ATLS_CORIM_UNSUPPORTED,
                        "conditions are not supported");
    if (atls_cbor_failed(in))
        return atls_why(why, ATLS_CORIM_MALFORMED,
                        "want an environment and a list");
    return why->reason != ATLS_OK ? why->reason : open_list(out, why);
}

static enum atls_reason give_triple(struct atls_comid_triple *triple,
                                    atls_comid_fn *each, void *arg,
                                    struct atls_why *why)
{
    enum atls_reason reason = each(arg, triple, why);

    return atls_cbor_failed(&triple->list) ||
                   (reason == ATLS_OK && !atls_cbor_done(&triple->list))
               ? malformed(triple, why)
               : reason;
}

/* Inlined it would stand on one frame with all of its callers. */
static __attribute__((noinline)) enum atls_reason
read_triple(struct atls_cbor *in, struct atls_comid_triple *triple,
            unsigned number, atls_comid_fn *each, void *arg,
            struct atls_why *why)
{
    struct atls_why found = {0};
    enum atls_reason reason = take_triple(in, triple, &found);

    if (reason == ATLS_OK)
        reason = give_triple(triple, each, arg, &found);
    if (reason != ATLS_OK && triple->items.num_seen > 0)
        return atls_why(why, reason, "%s triple %u, item %u: %s",
                        triple->has_keys ? "attest-key" : "reference", number,
                        triple->items.num_seen, found.text);
    if (reason != ATLS_OK)
        return atls_why(why, reason, "%s triple %u: %s",
                        triple->has_keys ? "attest-key" : "reference", number,
                        found.text);
    return ATLS_OK;
}

static enum atls_reason read_triples(struct atls_cbor *in, bool are_keys,
                                     atls_comid_fn *each, void *arg,
                                     struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;
    struct atls_cbor_iter triples;

    atls_cbor_array(in, &triples);
    while (reason == ATLS_OK && atls_cbor_next(in, &triples)) {
        struct atls_comid_triple triple = {.has_keys = are_keys};

        reason = read_triple(in, &triple, triples.num_seen, each, arg, why);
    }
    if (triples.num_seen == 0)
        atls_cbor_fail(in);
    return reason;
}

static enum atls_reason read_kinds(struct atls_cbor *in, atls_comid_fn *each,
                                   void *arg, struct atls_why *why)
{
    enum atls_reason reason = ATLS_OK;
    struct atls_cbor_iter kinds;
    int64_t kind;

    atls_cbor_map(in, &kinds);
    while (reason == ATLS_OK && atls_cbor_next(in, &kinds)) {
        kind = atls_cbor_int(in);
        if (kind == REFERENCES || kind == ATTEST_KEYS)
            reason = read_triples(in, kind == ATTEST_KEYS, each, arg, why);
        else if (!atls_cbor_failed(in))
            reason = atls_why(why, ATLS_CORIM_UNSUPPORTED,
                              "want reference-triples (0) and "
                              "attest-key-triples (3), found triples of key "
                              "%" PRId64 ", which are not supported",
                              kind);
    }
    return reason;
}

enum atls_reason atls_comid_read(struct atls_view bytes, atls_comid_fn *each,
                                 void *arg, struct atls_why *why)
{
    struct atls_cbor in = atls_cbor(bytes);
    enum atls_reason reason = ATLS_OK;
    struct atls_cbor_iter entries;
    bool has_triples = false;
    int64_t key;

    atls_cbor_map(&in, &entries);
    while (reason == ATLS_OK && atls_cbor_next(&in, &entries))
        switch (key = atls_cbor_int(&in)) {
        case LANGUAGE:
        case TAG_IDENTITY:
        case ENTITIES:
            (void)atls_cbor_skip(&in);
            break;
        case TRIPLES:
            has_triples = true;
            reason = read_kinds(&in, each, arg, why);
            break;
        default: /* linked-tags: what replaces what is not ours to guess */
            reason = pass_unknown(&in, "CoMID", key, why);
        }
    if (reason == ATLS_OK && (!atls_cbor_done(&in) || !has_triples))
        reason = atls_why(why, ATLS_CORIM_MALFORMED,
                          "want a concise-mid-tag with triples, within the "
                          "limits of CBOR here");
    return reason;
}
