/* SPDX-License-Identifier: Apache-2.0
 *
 * The strings and alerts of reason.def.
 */
#include "atls/reason.h"

struct row {
    const char *name;
    const char *text;
    enum atls_alert alert;
};

static const struct row rows[ATLS_NUM_REASONS] = {
    [ATLS_OK] = {"OK", "success", ATLS_ALERT_NONE},
#define REASON(name, alert, text)                                              \
    [ATLS_##name] = {#name, text, ATLS_ALERT_##alert},
#include "atls/reason.def"
#undef REASON
};

static const struct row *row_of(enum atls_reason reason)
{
    static const struct row unknown = {"UNKNOWN", "unknown reason",
                                       ATLS_ALERT_INTERNAL_ERROR};

    return (unsigned)reason < ATLS_NUM_REASONS ? &rows[reason] : &unknown;
}

const char *atls_reason_name(enum atls_reason reason)
{
    return row_of(reason)->name;
}

const char *atls_reason_text(enum atls_reason reason)
{
    return row_of(reason)->text;
}

enum atls_alert atls_reason_alert(enum atls_reason reason)
{
    return row_of(reason)->alert;
}
