/* SPDX-License-Identifier: Apache-2.0
 *
 * One want after the other; what was verified helps to check what follows.
 */
#include "cli/fetcher.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/x509v3.h>

#include "chain.h"
#include "cli/output.h"
#include "clock.h"
#include "expiry.h"
#include "file.h"
#include "file_replace.h"
#include "http.h"
#include "remote.h"

enum { TIMEOUT_S = 30, MAX_HEADER = 32768, MAX_NUMBER = 24 };
#define TIMEOUT_NS (INT64_C(1000000000) * TIMEOUT_S)

static bool push(STACK_OF(X509) * stack, X509 *certificate)
{
    for (int i = 0; i < sk_X509_num(stack); i++)
        if (X509_cmp(sk_X509_value(stack, i), certificate) == 0)
            return true;
    if (stack == NULL || X509_up_ref(certificate) != 1)
        return false;
    if (sk_X509_push(stack, certificate) > 0)
        return true;
    X509_free(certificate);
    return false;
}

/* Chips' own certificates lead nowhere. */
static bool push_all(STACK_OF(X509) * stack, STACK_OF(X509) * from)
{
    for (int i = 0; i < sk_X509_num(from); i++)
        if (X509_check_ca(sk_X509_value(from, i)) > 0 &&
            !push(stack, sk_X509_value(from, i)))
            return false;
    return true;
}

static bool push_crl(STACK_OF(X509_CRL) * stack, X509_CRL *crl)
{
    if (X509_CRL_up_ref(crl) != 1)
        return false;
    if (sk_X509_CRL_push(stack, crl) > 0)
        return true;
    X509_CRL_free(crl);
    return false;
}

static bool push_crls(STACK_OF(X509_CRL) * stack, STACK_OF(X509_CRL) * from)
{
    for (int i = 0; i < sk_X509_CRL_num(from); i++)
        if (!push_crl(stack, sk_X509_CRL_value(from, i)))
            return false;
    return true;
}

enum atls_reason atls_fetcher_open(struct atls_fetcher *fetcher,
                                   atls_problem_fn *problems, void *arg,
                                   struct atls_why *why)
{
    struct atls_why found = {0};

    fetcher->items = json_array();
    fetcher->known = sk_X509_new_null();
    fetcher->crls = sk_X509_CRL_new_null();
    if (fetcher->items == NULL || fetcher->known == NULL ||
        fetcher->crls == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (mkdir(fetcher->folder, 0777) != 0 && errno != EEXIST)
        return atls_why(why, ATLS_FILE_UNREADABLE, "%s: %s", fetcher->folder,
                        strerror(errno));
    if (atls_stock_read(fetcher->folder, problems, arg, &fetcher->stock,
                        &found) == ATLS_OUT_OF_MEMORY ||
        !push_all(fetcher->known, fetcher->stock.collateral.certificates) ||
        !push_crls(fetcher->crls, fetcher->stock.collateral.crls))
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return ATLS_OK;
}

void atls_fetcher_close(struct atls_fetcher *fetcher)
{
    atls_stock_clear(&fetcher->stock);
    atls_chain_stack_free(fetcher->roots);
    atls_chain_stack_free(fetcher->known);
    sk_X509_CRL_pop_free(fetcher->crls, X509_CRL_free);
    json_decref(fetcher->items);
}

static bool is_self_issued(X509 *certificate)
{
    return (X509_get_extension_flags(certificate) & EXFLAG_SI) != 0;
}

enum atls_reason atls_fetcher_trust(struct atls_fetcher *fetcher,
                                    const char *path, struct atls_why *why)
{
    ATLS_AUTO_CHAIN STACK_OF(X509) *chain = sk_X509_new_null();
    ATLS_AUTO_BUF text = atls_buf(ATLS_FILE_MAX);
    bool has_root = false, is_good = chain != NULL;

    if (fetcher->roots == NULL)
        fetcher->roots = sk_X509_new_null();
    if (!is_good || fetcher->roots == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (atls_file_read(path, &text, why) != ATLS_OK)
        return why->reason;
    if (atls_chain_read(atls_buf_view(&text), chain, NULL) != ATLS_OK)
        return atls_why(why, ATLS_FILE_UNREADABLE,
                        "%s: want certificates in PEM", path);
    for (int i = 0; is_good && i < sk_X509_num(chain); i++) {
        X509 *certificate = sk_X509_value(chain, i);
        bool is_root = is_self_issued(certificate);

        has_root = has_root || is_root;
        is_good = push(is_root ? fetcher->roots : fetcher->known, certificate);
    }
    if (!is_good)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return has_root ? ATLS_OK
                    : atls_why(why, ATLS_FILE_UNREADABLE,
                               "%s: want a root, whose certificate is signed "
                               "by itself",
                               path);
}

/* One want while it is fetched. */
struct fetching {
    struct atls_fetcher *fetcher;
    const struct atls_want *want;
    struct atls_want_source source;
    struct atls_delivery_terms terms;
    struct atls_delivered old, new;
    bool has_old;
    char what[ATLS_WANT_TEXT], file[ATLS_WANT_TEXT];
};

static json_t *add_item(struct atls_fetcher *fetcher, const char *outcome,
                        const char *what)
{
    json_t *item = json_object();

    atls_output_set(item, "outcome", "%s", outcome);
    atls_output_set(item, "what", "%s", what);
    return json_array_append_new(fetcher->items, item) == 0 ? item : NULL;
}

static void add_good(const struct fetching *fetching, const char *outcome,
                     int64_t until, const char *text)
{
    json_t *item = add_item(fetching->fetcher, outcome, fetching->what);
    char date[32];

    atls_expiry_date(until, date, sizeof(date));
    if (strcmp(outcome, "fetched") == 0)
        atls_output_set(item, "file", "%s", fetching->file);
    atls_output_set(item, "until", "%s", date);
    if (text != NULL)
        atls_output_set(item, "text", "%s", text);
}

static void add_bad(const struct fetching *fetching, const struct atls_why *why)
{
    json_t *item = add_item(fetching->fetcher, "failed", fetching->what);
    int64_t now = fetching->fetcher->now;
    bool is_held = fetching->has_old && now < fetching->old.next;
    char date[32];

    fetching->fetcher->num_bad++;
    atls_expiry_date(fetching->old.next, date, sizeof(date));
    atls_output_set(item, "reason", "%s", atls_reason_name(why->reason));
    atls_output_set(item, "text", "%s%s%s%s", why->text,
                    is_held ? " (what is there stays, and holds until " : "",
                    is_held ? date : "", is_held ? ")" : "");
}

/* A PCCS is often named with the path that its clients put behind. */
static char *url_of(const struct fetching *fetching)
{
    static const char *const paths[] = {"sgx/certification/v4",
                                        "tdx/certification/v4"};
    const struct atls_fetcher *fetcher = fetching->fetcher;
    bool is_kds = fetching->source.service == ATLS_SERVICE_KDS;
    const char *given = is_kds ? fetcher->kds : fetcher->pcs;
    char *url = strdup(
        given != NULL ? given : atls_service_urls[fetching->source.service]);
    size_t len = url != NULL ? strlen(url) : 0;

    if (len > 0 && url[len - 1] == '/')
        url[--len] = '\0';
    for (size_t i = 0; !is_kds && i < 2; i++) {
        size_t end = strlen(paths[i]);

        if (len > end && url[len - end - 1] == '/' &&
            strcmp(url + len - end, paths[i]) == 0)
            url[len - end - 1] = '\0';
    }
    return url;
}

static enum atls_reason get(const struct fetching *fetching,
                            struct atls_remote_copy *out, struct atls_why *why)
{
    bool has_cache = fetching->fetcher->pcs != NULL;
    ATLS_AUTO_HEAP char *url = url_of(fetching);
    const struct atls_http_peer peer = {
        .url = url, .ca = fetching->fetcher->ca, .allows_loopback_http = true};
    char path[ATLS_WANT_TEXT];
    const struct atls_remote_document document = {
        .peer = &peer, .path = path, .header = fetching->source.header};

    if (url == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    atls_want_path(fetching->want, has_cache, path);
    return atls_remote_get(&document, atls_clock_now() + TIMEOUT_NS, out, why);
}

/* Older than what is there, by its date or, as a cache could choose, by the
 * evaluation that it goes back to. */
static const char *older_by(const struct fetching *fetching)
{
    if (!fetching->has_old)
        return NULL;
    if (fetching->new.issued < fetching->old.issued)
        return "what came was issued before it: a cache has to renew it";
    if (fetching->new.evaluation < fetching->old.evaluation)
        return "what came has a lower tcbEvaluationDataNumber; remove the file "
               "if that is meant";
    return NULL;
}

/* One file too many, and no policy could be read that has this folder. */
static enum atls_reason put(const struct fetching *fetching,
                            struct atls_why *why)
{
    struct atls_collateral *collateral = &fetching->fetcher->stock.collateral;
    ATLS_AUTO_HEAP char *path =
        atls_file_path(fetching->fetcher->folder, fetching->file);
    bool is_new = path != NULL && access(path, F_OK) != 0;

    if (path == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (is_new && collateral->num_files >= ATLS_COLLATERAL_MAX_FILES)
        return atls_why(why, ATLS_COLLATERAL_INVALID,
                        "%s: want at most %d files: remove those of chips and "
                        "TCBs that are gone",
                        fetching->fetcher->folder, ATLS_COLLATERAL_MAX_FILES);
    collateral->num_files += is_new;
    return atls_file_replace(path, atls_buf_view(&fetching->new.file), why);
}

static enum atls_reason learn(const struct fetching *fetching,
                              struct atls_why *why)
{
    struct atls_fetcher *fetcher = fetching->fetcher;
    const struct atls_delivered *new = &fetching->new;

    if (push_all(fetcher->known, new->certificates) &&
        (new->crl == NULL || push_crl(fetcher->crls, new->crl)))
        return ATLS_OK;
    return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
}

static enum atls_reason fetch(struct fetching *fetching, struct atls_why *why)
{
    struct atls_remote_copy copy = {.body = atls_buf(fetching->source.max),
                                    .header = atls_buf(MAX_HEADER)};
    enum atls_reason reason = get(fetching, &copy, why);

    if (reason == ATLS_OK) {
        const struct atls_delivery delivery = {
            .body = atls_buf_view(&copy.body),
            .chain = atls_buf_view(&copy.header)};

        reason = atls_delivery_check(fetching->want, &delivery,
                                     &fetching->terms, &fetching->new, why);
    }
    atls_buf_clear(&copy.body);
    atls_buf_clear(&copy.header);
    return reason == ATLS_OK ? learn(fetching, why) : reason;
}

/* Certificates stay as they are: the maker is spared the question. */
static bool is_lasting(const struct fetching *fetching)
{
    const struct atls_expiry expiry = {.issued = fetching->old.issued,
                                       .next = fetching->old.next,
                                       .end = fetching->old.next};

    return fetching->has_old &&
           (fetching->want->kind == ATLS_WANT_AMD_CHAIN ||
            fetching->want->kind == ATLS_WANT_VCEK) &&
           atls_expiry_state(&expiry, fetching->fetcher->now) ==
               ATLS_EXPIRY_FRESH;
}

static void renew(struct fetching *fetching)
{
    struct atls_why why = {0};
    const char *older;

    if (fetch(fetching, &why) != ATLS_OK) {
        add_bad(fetching, &why);
        return;
    }
    older = older_by(fetching);
    if (older != NULL)
        add_good(fetching, "kept", fetching->old.next, older);
    else if (fetching->has_old && fetching->new.issued == fetching->old.issued)
        add_good(fetching, "there", fetching->new.next, "there is no newer");
    else if (put(fetching, &why) == ATLS_OK)
        add_good(fetching, "fetched", fetching->new.next, NULL);
    else
        add_bad(fetching, &why);
}

static void run(struct atls_fetcher *fetcher, const struct atls_want *want)
{
    struct fetching fetching = {
        .fetcher = fetcher,
        .want = want,
        .source = atls_want_source(want, fetcher->pcs != NULL),
        .terms = {fetcher->roots, fetcher->known, fetcher->crls, fetcher->now}};

    atls_want_describe(want, fetching.what);
    atls_want_file(want, fetching.file);
    fetching.has_old = atls_renewal_find(&fetcher->stock, want, &fetching.terms,
                                         &fetching.old);
    if (is_lasting(&fetching))
        add_good(&fetching, "there", fetching.old.next, NULL);
    else
        renew(&fetching);
    atls_delivered_clear(&fetching.old);
    atls_delivered_clear(&fetching.new);
}

void atls_fetcher_run(struct atls_fetcher *fetcher,
                      const struct atls_wants *wants)
{
    for (size_t i = 0; i < wants->num; i++)
        run(fetcher, &wants->items[i]);
    for (size_t i = 0; i < wants->num_lacks; i++) {
        json_t *item =
            add_item(fetcher, "lacking", "certificate of the signer");

        fetcher->num_bad++;
        atls_output_set(item, "reason", "%s",
                        atls_reason_name(wants->lacks[i].reason));
        atls_output_set(item, "text", "%s", wants->lacks[i].text);
    }
}
