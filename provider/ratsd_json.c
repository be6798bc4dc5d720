/* SPDX-License-Identifier: Apache-2.0
 *
 * What ratsd is asked and what it answers (its docs/api/ratsd-chares.yaml and
 * the CDDL beside it): JSON around a CMW collection around a report.
 */
#include "config.h" /* memmem */

#include <string.h>

#include "base64url.h"
#include "cmw.h"
#include "json.h"
#include "provider/ratsd.h"

void atls_ratsd_put_request(struct atls_buf *out,
                            const uint8_t challenge[ATLS_RATSD_CHALLENGE])
{
    atls_buf_text(out, "{\"nonce\":\"");
    atls_base64url_put(out, atls_view(challenge, ATLS_RATSD_CHALLENGE));
    atls_buf_text(out, "\",\"attester-selection\":[\"tsm-report\"],"
                       "\"tsm-report\":{\"content-type\":"
                       "\"" ATLS_RATSD_MEDIA_TYPE "\"}}");
}

static enum atls_reason not_understood(const char *wanted, struct atls_why *why)
{
    return atls_why(why, ATLS_ATTESTER_FAILED, "ratsd: want %s in its answer",
                    wanted);
}

/* Standard base64 with padding, where its CDDL says base64url without. */
static bool decode_base64(const char *text, struct atls_buf *out)
{
    ATLS_AUTO_BUF plain = atls_buf(ATLS_RATSD_MAX_ANSWER);
    size_t len = strlen(text);

    while (len > 0 && text[len - 1] == '=')
        len--;
    for (size_t i = 0; i < len; i++)
        atls_buf_u8(&plain, text[i] == '+'   ? '-'
                            : text[i] == '/' ? '_'
                                             : (uint8_t)text[i]);
    return !plain.failed && atls_base64url_decode(atls_buf_view(&plain), out);
}

struct search {
    struct atls_buf *report;
    bool is_found;
};

static enum atls_reason take_member(void *arg, struct atls_view label,
                                    const struct atls_cmw *member,
                                    struct atls_why *why)
{
    struct search *search = arg;

    (void)why;
    if (member->is_collection || !atls_view_is(label, "tsm-report") ||
        !atls_type_equal(member->type, atls_type_of_text(atls_view_text(
                                           ATLS_RATSD_MEDIA_TYPE))))
        return ATLS_OK;
    search->is_found = true;
    atls_buf_put(search->report, member->value);
    return ATLS_OK;
}

static enum atls_reason find_report(struct atls_view collection,
                                    struct atls_buf *report,
                                    struct atls_why *why)
{
    ATLS_AUTO_BUF storage = atls_buf(2 * ATLS_CMW_MAX);
    struct search search = {report, false};
    struct atls_why inner = {0};
    struct atls_cmw cmw;

    if (atls_cmw_parse(collection, &storage, &cmw, &inner) != ATLS_OK ||
        !cmw.is_collection ||
        atls_cmw_members(&cmw, &storage, take_member, &search, &inner) !=
            ATLS_OK)
        return inner.reason == ATLS_OUT_OF_MEMORY
                   ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL)
                   : not_understood("a CMW collection", why);
    if (report->failed)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    return search.is_found
               ? ATLS_OK
               : not_understood("a tsm-report of type " ATLS_RATSD_MEDIA_TYPE,
                                why);
}

/* eat_nonce is what was asked; the report shows what was attested. */
static enum atls_reason
check_challenge(const json_t *answer,
                const uint8_t challenge[ATLS_RATSD_CHALLENGE],
                const struct atls_buf *report, struct atls_why *why)
{
    const char *adjusted = json_string_value(
        json_object_get(answer, "vnd.veraison.nonce_adjust_function"));

    if (memmem(report->data, report->len, challenge, ATLS_RATSD_CHALLENGE) !=
        NULL)
        return ATLS_OK;
    if (adjusted != NULL)
        return atls_why(why, ATLS_ATTESTER_FAILED,
                        "ratsd: want a report over the challenge, this "
                        "version attests its %s hash: use one that does not "
                        "adjust nonces, or attest:tsm",
                        adjusted);
    return not_understood("a report over the challenge that was sent", why);
}

enum atls_reason atls_ratsd_read(struct atls_view answer,
                                 const uint8_t challenge[ATLS_RATSD_CHALLENGE],
                                 struct atls_buf *report, struct atls_why *why)
{
    ATLS_AUTO_BUF collection = atls_buf(ATLS_CMW_MAX);
    struct atls_why inner = {0};
    ATLS_AUTO(json_t) *root =
        atls_json_parse(answer, ATLS_ATTESTER_FAILED, &inner);
    const char *text = json_string_value(json_object_get(root, "cmw"));
    enum atls_reason reason;

    if (root == NULL)
        return atls_why(why, inner.reason, "ratsd: %s", inner.text);
    if (text == NULL || !decode_base64(text, &collection))
        return not_understood("the member \"cmw\" in base64", why);
    reason = find_report(atls_buf_view(&collection), report, why);
    return reason != ATLS_OK ? reason
                             : check_challenge(root, challenge, report, why);
}
