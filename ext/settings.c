/* SPDX-License-Identifier: Apache-2.0
 *
 * One row a key: its name and the function that checks its value. Keys whose
 * feature is not there yet have their row and take only the default.
 */
#include "settings.h"

#include <string.h>

#include "cmw.h"
#include "duration.h"
#include "rule.h"
#include "scheme.h"

enum { MIN_DELEGATE_S = 10 };

#define LABELLED "attester."

/* What a row's function works on: it fills *settings or says what it wanted. */
struct value {
    const char *label; /* of LABELLED, else "" */
    const char *text;
    struct atls_settings *settings;
    const char **log_target;
};

/* true: taken. false: *wanted says what would have been. */
typedef bool set_fn(struct value value, const char **wanted);

static bool set_text(char **out, const char *text)
{
    free(*out);
    *out = *text == '\0' ? NULL : strdup(text);
    return *out != NULL || *text == '\0';
}

static bool set_nothing(struct value value, const char **wanted)
{
    *wanted = "the path of atls_ext.so";
    return *value.text != '\0'; /* libcrypto has used it */
}

static bool add_attester(struct value value)
{
    struct atls_settings *settings = value.settings;
    struct atls_named_attester *added =
        &settings->attesters[settings->num_attesters];

    if (settings->num_attesters == ATLS_SETTINGS_MAX_ATTESTERS)
        return false;
    settings->num_attesters++;
    return set_text(&added->label, value.label) &&
           set_text(&added->uri, value.text);
}

static bool set_attester(struct value value, const char **wanted)
{
    *wanted = "a URI such as attest:tpm, or nothing";
    return *value.text == '\0' ||
           (strchr(value.text, ':') != NULL && add_attester(value));
}

static bool set_labelled(struct value value, const char **wanted)
{
    *wanted = "a URI such as attest:tpm";
    if (strchr(value.text, ':') == NULL)
        return false;
    *wanted = "at most 4 attesters";
    return add_attester(value);
}

/* A media type has it in quotes. */
bool atls_settings_is_collection(const char *text)
{
    return *text == '\0' ||
           (atls_cmw_is_collection_type(atls_view_text(text)) &&
            strlen(text) <= ATLS_SETTINGS_MAX_COLLECTION &&
            strpbrk(text, "\"\\") == NULL &&
            strcmp(text, ATLS_DELEGATION_COLLECTION) != 0);
}

static bool set_collection(struct value value, const char **wanted)
{
    *wanted = "a short URI or OID for a collection's type, or nothing";
    return atls_settings_is_collection(value.text) &&
           set_text(&value.settings->collection, value.text);
}

static bool set_policy(struct value value, const char **wanted)
{
    *wanted = "an absolute path, or nothing";
    return (*value.text == '\0' || *value.text == '/') &&
           set_text(&value.settings->policy, value.text);
}

static bool set_require(struct value value, const char **wanted)
{
    static const char *const names[] = {"none", "server", "client", "both"};

    *wanted = "none, server, client or both";
    for (unsigned i = 0; i < 4; i++)
        if (strcmp(value.text, names[i]) == 0) {
            value.settings->requires_servers = i & 1;
            value.settings->requires_clients = i & 2;
            return true;
        }
    return false;
}

static bool set_identity(struct value value, const char **wanted)
{
    static const struct {
        const char *name;
        enum atls_identity identity;
    } rows[] = {{"x509", ATLS_IDENTITY_X509},
                {"application", ATLS_IDENTITY_APPLICATION},
                {"attested", ATLS_IDENTITY_ATTESTED}};

    *wanted = "x509, application or attested";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(value.text, rows[i].name) == 0) {
            value.settings->identity = rows[i].identity;
            return true;
        }
    return false;
}

static bool set_flag(const char *text, const char *on, const char *off,
                     bool *out)
{
    *out = strcmp(text, on) == 0;
    return *out || strcmp(text, off) == 0;
}

static bool set_attest_to(struct value value, const char **wanted)
{
    *wanted = "rules or any";
    return set_flag(value.text, "any", "rules",
                    &value.settings->attests_to_any);
}

static bool set_enforce(struct value value, const char **wanted)
{
    *wanted = "yes or log";
    return set_flag(value.text, "yes", "log", &value.settings->enforces);
}

static bool read_number(const char *text, const char *unit, unsigned long max,
                        unsigned long *out)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    *out = strtoul(text, &end, 10);
    return strcmp(end, unit) == 0 && *out > 0 && *out <= max;
}

static bool set_timeout(struct value value, const char **wanted)
{
    unsigned long number;

    *wanted = "1ms to 60000ms, or 1s to 60s";
    if (read_number(value.text, "s", 60, &number))
        number *= 1000;
    else if (!read_number(value.text, "ms", 60000, &number))
        return false;
    value.settings->timeout_ms = (unsigned)number;
    return true;
}

static bool set_share(struct value value, const char **wanted)
{
    unsigned long number;

    *wanted = "a percentage, 1 to 100";
    if (!read_number(value.text, "", 100, &number))
        return false;
    value.settings->attest_share = (unsigned)number;
    return true;
}

static bool set_log(struct value value, const char **wanted)
{
    *wanted = "stderr, syslog or file:/absolute/path";
    *value.log_target = value.text;
    return *value.text != '\0';
}

static bool set_binding(struct value value, const char **wanted)
{
    *wanted = "bound, the only binding of this version";
    return strcmp(value.text, "bound") == 0;
}

static bool set_resume(struct value value, const char **wanted)
{
    *wanted = "never, the only mode of this version";
    return strcmp(value.text, "never") == 0;
}

static bool is_verifier(const char *text)
{
    return strstr(text, "://") != NULL;
}

static bool set_verifier(struct value value, const char **wanted)
{
    *wanted = "local, or a name of the policy's \"verifiers\"";
    if (strcmp(value.text, "local") == 0)
        return set_text(&value.settings->verifier, "");
    return is_verifier(value.text) &&
           set_text(&value.settings->verifier, value.text);
}

static bool set_delegate(struct value value, const char **wanted)
{
    int64_t *seconds = &value.settings->delegate_s;

    *wanted = "0, or a duration of 10s to 24h such as 10m";
    return atls_duration_parse(value.text, seconds) &&
           (*seconds == 0 || (*seconds >= MIN_DELEGATE_S &&
                              *seconds <= ATLS_RULE_MAX_DELEGATED_S));
}

static bool set_passport(struct value value, const char **wanted)
{
    *wanted = "nothing, or a name of the policy's \"verifiers\"";
    return (*value.text == '\0' || is_verifier(value.text)) &&
           set_text(&value.settings->passport, value.text);
}

static const struct row {
    const char *name;
    set_fn *set;
} rows[] = {
    {"path", set_nothing},          {"attester", set_attester},
    {"delegate", set_delegate},     {"passport", set_passport},
    {"require", set_require},       {"policy", set_policy},
    {"verifier", set_verifier},     {"identity", set_identity},
    {"binding", set_binding},       {"resume", set_resume},
    {"attest_to", set_attest_to},   {"enforce", set_enforce},
    {"timeout", set_timeout},       {"log", set_log},
    {"attest_share", set_share},    {"attester.", set_labelled},
    {"collection", set_collection},
};
#define NUM_ROWS (sizeof(rows) / sizeof(rows[0]))

/* *label is what stands behind LABELLED, or "". */
static const struct row *row_by_name(const char *name, const char **label)
{
    bool is_labelled = strncmp(name, LABELLED, strlen(LABELLED)) == 0;

    *label = is_labelled ? name + strlen(LABELLED) : "";
    for (size_t i = 0; i < NUM_ROWS; i++)
        if (strcmp(rows[i].name, is_labelled ? LABELLED : name) == 0)
            return &rows[i];
    return NULL;
}

bool atls_settings_is_label(struct atls_view label)
{
    for (size_t i = 0; i < label.len; i++) {
        uint8_t c = label.data[i];

        if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') &&
            (c < '0' || c > '9') && c != '-' && c != '_' && c != '.')
            return false;
    }
    return label.len > 0 && label.len < ATLS_COMPOSITE_LABEL;
}

/* Where a setting stands, for messages. */
struct place {
    const char *file, *section;
};

static enum atls_reason set_one(struct place place, const CONF_VALUE *pair,
                                struct value value, struct atls_why *why)
{
    const struct row *row = row_by_name(pair->name, &value.label);
    const char *wanted = "";

    if (row != NULL && row->set == set_labelled &&
        !atls_settings_is_label(atls_view_text(value.label)))
        return atls_why(why, ATLS_SETTING_INVALID,
                        "%s: [%s] %s: want a label of 1 to %d letters, digits, "
                        "\".\", \"-\" and \"_\" behind " LABELLED,
                        place.file, place.section, pair->name,
                        ATLS_COMPOSITE_LABEL - 1);
    if (row == NULL)
        return atls_why(why, ATLS_SETTING_INVALID,
                        "%s: [%s] %s: unknown key; atls(5) lists those that "
                        "exist",
                        place.file, place.section, pair->name);
    value.text = pair->value;
    if (!row->set(value, &wanted))
        return atls_why(why, ATLS_SETTING_INVALID,
                        "%s: [%s] %s: want %s, found \"%s\"", place.file,
                        place.section, pair->name, wanted, pair->value);
    return ATLS_OK;
}

bool atls_settings_has_labels(const struct atls_settings *settings)
{
    return settings->num_attesters > 0 && settings->attesters[0].label != NULL;
}

/* RFC 9999: what several make is a collection, which neither a delegate nor a
 * Verifier of Veraison's takes for a record. */
static enum atls_reason check_attesters(struct place place,
                                        const struct atls_settings *settings,
                                        struct atls_why *why)
{
    bool has_labels = atls_settings_has_labels(settings);

    for (size_t i = 1; i < settings->num_attesters; i++)
        if (!has_labels || settings->attesters[i].label == NULL)
            return atls_why(why, ATLS_SETTING_INVALID,
                            "%s: [%s] attester: want one, or several with a "
                            "label each (" LABELLED "LABEL), found both",
                            place.file, place.section);
    if (has_labels && (settings->delegate_s != 0 || settings->passport != NULL))
        return atls_why(why, ATLS_SETTING_INVALID,
                        "%s: [%s] %s: want one attester without a label beside "
                        "it: a collection is for each connection alone",
                        place.file, place.section,
                        settings->passport != NULL ? "passport" : "delegate");
    if (!has_labels && settings->collection != NULL)
        return atls_why(why, ATLS_SETTING_INVALID,
                        "%s: [%s] collection: want attesters with labels "
                        "(" LABELLED "LABEL) beside it, found none",
                        place.file, place.section);
    return ATLS_OK;
}

static enum atls_reason check_together(struct place place,
                                       const struct atls_settings *settings,
                                       struct atls_why *why)
{
    if ((settings->requires_servers || settings->requires_clients) &&
        settings->policy == NULL)
        return atls_why(why, ATLS_SETTING_INVALID,
                        "%s: [%s] policy: require needs one, found none",
                        place.file, place.section);
    if (settings->num_attesters == 0 &&
        (settings->delegate_s != 0 || settings->passport != NULL))
        return atls_why(why, ATLS_SETTING_INVALID,
                        "%s: [%s] %s: want an attester beside it, found none",
                        place.file, place.section,
                        settings->passport != NULL ? "passport" : "delegate");
    if (settings->policy == NULL &&
        (settings->passport != NULL || settings->verifier != NULL))
        return atls_why(why, ATLS_SETTING_INVALID,
                        "%s: [%s] %s: want a policy that names it, found none",
                        place.file, place.section,
                        settings->passport != NULL ? "passport" : "verifier");
    if (!settings->enforces && settings->identity == ATLS_IDENTITY_ATTESTED)
        return atls_why(why, ATLS_SETTING_INVALID,
                        "%s: [%s] enforce: want yes with identity = attested, "
                        "found log",
                        place.file, place.section);
    return check_attesters(place, settings, why);
}

static enum atls_reason open_log(struct place place, const char *target,
                                 struct atls_settings *settings,
                                 struct atls_why *why)
{
    struct atls_why inner = {0};

    if (atls_log_open(target, &settings->log, &inner) != ATLS_OK)
        return atls_why(why, inner.reason, "%s: [%s] log: %s", place.file,
                        place.section, inner.text);
    return ATLS_OK;
}

static struct atls_settings *new_defaults(void)
{
    struct atls_settings *settings = calloc(1, sizeof(*settings));

    if (settings == NULL)
        return NULL;
    settings->identity = ATLS_IDENTITY_X509;
    settings->enforces = true;
    settings->timeout_ms = 2000;
    settings->attest_share = 50;
    return settings;
}

enum atls_reason atls_settings_read(const CONF *conf, const char *section,
                                    const char *file,
                                    struct atls_settings **out,
                                    struct atls_why *why)
{
    STACK_OF(CONF_VALUE) *pairs = NCONF_get_section(conf, section);
    struct place place = {file, section};
    const char *log_target = "syslog";
    struct atls_settings *settings = new_defaults();
    enum atls_reason reason = ATLS_OK;

    *out = NULL;
    if (settings == NULL)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (pairs == NULL)
        reason = atls_why(why, ATLS_SETTING_INVALID,
                          "%s: want a section [%s], found none", file, section);
    for (int i = 0; reason == ATLS_OK && i < sk_CONF_VALUE_num(pairs); i++)
        reason = set_one(place, sk_CONF_VALUE_value(pairs, i),
                         (struct value){"", NULL, settings, &log_target}, why);
    if (reason == ATLS_OK)
        reason = check_together(place, settings, why);
    if (reason == ATLS_OK)
        reason = open_log(place, log_target, settings, why);
    if (reason == ATLS_OK)
        *out = settings;
    else
        atls_settings_free(settings);
    return reason;
}

void atls_settings_free(struct atls_settings *settings)
{
    if (settings == NULL)
        return;
    for (size_t i = 0; i < settings->num_attesters; i++) {
        free(settings->attesters[i].label);
        free(settings->attesters[i].uri);
    }
    free(settings->collection);
    free(settings->passport);
    free(settings->verifier);
    free(settings->policy);
    atls_log_free(settings->log);
    free(settings);
}
