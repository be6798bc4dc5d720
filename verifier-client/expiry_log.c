/* SPDX-License-Identifier: Apache-2.0
 *
 * A table of fixed size remembers what was said; an entry of more than a day
 * ago is free.
 */
#include "expiry_log.h"

#include <string.h>

enum { DAY = 86400 };

struct saying {
    struct atls_expiry_log *said;
    struct atls_log *log;
    int64_t now, next;
    unsigned num_left; /* that found no place in the table */
};

/* FNV-1a, 64 bits: equal digests would only cost one line. */
static uint64_t digest_text(uint64_t digest, const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        digest = (digest ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return digest * UINT64_C(0x100000001b3);
}

/* One that was renewed, or went from soon to stale, is another. */
static uint64_t digest_of(const struct atls_expiry *expiry,
                          enum atls_expiry_state state)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325);

    digest = digest_text(digest, expiry->kind);
    digest = digest_text(digest, expiry->of);
    digest = digest_text(digest, expiry->folder);
    digest = digest_text(digest, atls_expiry_name(state));
    digest = (digest ^ (uint64_t)expiry->next) * UINT64_C(0x100000001b3);
    return digest != 0 ? digest : 1;
}

static void wake_at(struct saying *saying, int64_t when)
{
    if (when > saying->now && when < saying->next)
        saying->next = when;
}

/* true: it was not said today, and now is. */
static bool take_turn(struct saying *saying, uint64_t item)
{
    struct atls_expiry_log *said = saying->said;
    int free_at = -1;

    for (int i = 0; i < ATLS_EXPIRY_LOG_MAX; i++) {
        bool is_old = said->items[i].said + DAY <= saying->now;

        if (said->items[i].item == item && !is_old) {
            wake_at(saying, said->items[i].said + DAY);
            return false;
        }
        if (said->items[i].item == 0 || is_old)
            free_at = i;
    }
    wake_at(saying, saying->now + DAY);
    if (free_at < 0) {
        saying->num_left++;
        return false;
    }
    said->items[free_at].item = item;
    said->items[free_at].said = saying->now;
    return true;
}

static void say(void *arg, const struct atls_expiry *expiry)
{
    struct saying *saying = arg;
    enum atls_expiry_state state = atls_expiry_state(expiry, saying->now);
    char text[ATLS_EXPIRY_SENTENCE];

    if (state == ATLS_EXPIRY_FRESH) {
        wake_at(saying, atls_expiry_soon(expiry));
        return;
    }
    wake_at(saying, expiry->end);
    if (!take_turn(saying, digest_of(expiry, state)))
        return;
    atls_expiry_sentence(expiry, saying->now, text, sizeof(text));
    atls_log_text(saying->log,
                  state == ATLS_EXPIRY_SOON ? ATLS_LOG_WARNING : ATLS_LOG_ERROR,
                  "policy, profile %s: %s",
                  expiry->profile != NULL ? expiry->profile : "", text);
}

void atls_expiry_log_say(struct atls_expiry_log *said,
                         const struct atls_policy *policy, int64_t now,
                         struct atls_log *log)
{
    struct saying saying = {
        .said = said, .log = log, .now = now, .next = now + DAY};

    (void)!atls_policy_expiries(policy, say, &saying);
    if (saying.num_left > 0)
        atls_log_text(log, ATLS_LOG_ERROR,
                      "policy: %u more that end or have ended: see atls "
                      "collateral status",
                      saying.num_left);
    said->next = saying.next;
}
