/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed JSON of Intel's, read. The signature covers the inner object as it
 * stands in the file, so that its first and last byte are looked for in the
 * text: written anew it would be another. It stands there as
 * {"tcbInfo": {...}, "signature": hex} or {"enclaveIdentity": ...}, or, where
 * dcap-qvl's tools have been, as a string "tcb_info" beside a
 * "tcb_info_signature".
 */
#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "chain.h"
#include "cose.h"
#include "tcb.h"

#define SIGNER "Intel SGX TCB Signing"

enum {
    SIGNATURE = 64,
    MAX_LEVELS = 256,
    MAX_MODULES = 64,
    INFO_VERSION = 3,
    IDENTITY_VERSION = 2
};

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

/* One document while it is read; the first thing that is wrong is kept. */
struct reading {
    const struct atls_node *node;
    const char *name;
    struct atls_tcb_document *out;
    const char *bad; /* the key whose value is not what it must be */
    bool is_out_of_memory;
};

static void fail(struct reading *reading, const char *key)
{
    if (reading->bad == NULL)
        reading->bad = key;
}

static json_t *get(struct reading *reading, const json_t *object,
                   const char *key, json_type type)
{
    json_t *value = json_object_get(object, key);

    if (value != NULL && json_typeof(value) == type)
        return value;
    fail(reading, key);
    return NULL;
}

static uint32_t get_number(struct reading *reading, const json_t *object,
                           const char *key, uint32_t max)
{
    json_int_t value =
        json_integer_value(get(reading, object, key, JSON_INTEGER));

    if (value >= 0 && value <= max)
        return (uint32_t)value;
    fail(reading, key);
    return 0;
}

static const char *get_text(struct reading *reading, const json_t *object,
                            const char *key)
{
    const char *text =
        json_string_value(get(reading, object, key, JSON_STRING));

    return text != NULL ? text : "";
}

static void get_hex(struct reading *reading, const json_t *object,
                    const char *key, uint8_t *bytes, size_t len)
{
    const char *text = get_text(reading, object, key);
    ATLS_AUTO_BUF out = atls_buf(len);

    if (!atls_hex_decode(atls_view_text(text), &out) || out.len != len)
        fail(reading, key);
    else
        memcpy(bytes, out.data, len);
}

/* Days from 1970-01-01 to a day of the Gregorian calendar. */
static int64_t days_of(int year, int month, int day)
{
    static const int before[] = {0,   31,  59,  90,  120, 151,
                                 181, 212, 243, 273, 304, 334};
    int64_t past = year - 1;
    int64_t days = 365 * (int64_t)(year - 1970) +
                   (past / 4 - past / 100 + past / 400) -
                   (1969 / 4 - 1969 / 100 + 1969 / 400);
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days + before[month - 1] + (is_leap && month > 2 ? 1 : 0) + day - 1;
}

static int digits(const char *text, unsigned num)
{
    int value = 0;

    for (unsigned i = 0; i < num; i++)
        value = 10 * value + (text[i] - '0');
    return value;
}

/* 2026-11-24T00:00:00Z, and no other form of ISO 8601 */
static int64_t get_time(struct reading *reading, const json_t *object,
                        const char *key)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    const char *text = get_text(reading, object, key);
    bool is_good = strlen(text) == sizeof(form) - 1;
    int month, day, hour, minute, second;

    for (size_t i = 0; is_good && form[i] != '\0'; i++)
        is_good = form[i] == 'd' ? text[i] >= '0' && text[i] <= '9'
                                 : text[i] == form[i];
    if (!is_good) {
        fail(reading, key);
        return 0;
    }
    month = digits(text + 5, 2);
    day = digits(text + 8, 2);
    hour = digits(text + 11, 2);
    minute = digits(text + 14, 2);
    second = digits(text + 17, 2);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
        minute > 59 || second > 59) {
        fail(reading, key);
        return 0;
    }
    return 86400 * days_of(digits(text, 4), month, day) + 3600 * hour +
           60 * minute + second;
}

/* A state that nobody has heard of must not pass for a good one. */
static unsigned get_state(struct reading *reading, const json_t *level)
{
    static const struct {
        const char *name;
        unsigned state;
    } states[] = {
        {"UpToDate", 0},
        {"SWHardeningNeeded", ATLS_TCB_SW_HARDENING},
        {"ConfigurationNeeded", ATLS_TCB_CONFIGURATION},
        {"ConfigurationAndSWHardeningNeeded",
         ATLS_TCB_CONFIGURATION | ATLS_TCB_SW_HARDENING},
        {"OutOfDate", ATLS_TCB_OUT_OF_DATE},
        {"OutOfDateConfigurationNeeded",
         ATLS_TCB_OUT_OF_DATE | ATLS_TCB_CONFIGURATION},
        {"Revoked", ATLS_TCB_REVOKED},
    };
    const char *text = get_text(reading, level, "tcbStatus");

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (strcmp(states[i].name, text) == 0)
            return states[i].state;
    fail(reading, "tcbStatus");
    return ATLS_TCB_REVOKED;
}

static const json_t *get_advisories(struct reading *reading,
                                    const json_t *level)
{
    const json_t *list = json_object_get(level, "advisoryIDs");

    if (list != NULL && !json_is_array(list))
        fail(reading, "advisoryIDs");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!json_is_string(json_array_get(list, i)))
            fail(reading, "advisoryIDs");
    return list;
}

static void get_components(struct reading *reading, const json_t *tcb,
                           const char *key, uint16_t svns[ATLS_PCK_SVNS])
{
    const json_t *list = get(reading, tcb, key, JSON_ARRAY);

    if (json_array_size(list) != ATLS_PCK_SVNS) {
        fail(reading, key);
        return;
    }
    for (size_t i = 0; i < ATLS_PCK_SVNS; i++)
        svns[i] = (uint16_t)get_number(reading, json_array_get(list, i), "svn",
                                       UINT16_MAX);
}

static void read_level(struct reading *reading, const json_t *level,
                       bool is_platform, struct atls_tcb_level *out)
{
    const json_t *tcb = get(reading, level, "tcb", JSON_OBJECT);

    out->state = get_state(reading, level);
    out->advisories = get_advisories(reading, level);
    out->svn = (uint16_t)get_number(
        reading, tcb, is_platform ? "pcesvn" : "isvsvn", UINT16_MAX);
    if (is_platform)
        get_components(reading, tcb, "sgxtcbcomponents", out->sgx);
    if (is_platform && reading->out->is_td)
        get_components(reading, tcb, "tdxtcbcomponents", out->tdx);
}

static void read_levels(struct reading *reading, const json_t *object,
                        bool is_platform, struct atls_tcb_levels *out)
{
    const json_t *list = get(reading, object, "tcbLevels", JSON_ARRAY);
    size_t num = json_array_size(list);

    if (num == 0 || num > MAX_LEVELS) {
        fail(reading, "tcbLevels");
        return;
    }
    out->items = calloc(num, sizeof(*out->items));
    reading->is_out_of_memory = out->items == NULL;
    for (; out->items != NULL && out->num < num; out->num++)
        read_level(reading, json_array_get(list, out->num), is_platform,
                   &out->items[out->num]);
}

static void read_module(struct reading *reading, const json_t *object,
                        struct atls_tcb_module *out)
{
    get_hex(reading, object, "mrsigner", out->mr_signer,
            sizeof(out->mr_signer));
    get_hex(reading, object, "attributes", out->attributes,
            sizeof(out->attributes));
    get_hex(reading, object, "attributesMask", out->mask, sizeof(out->mask));
}

/* "TDX_01": in hex what TEE_TCB_SVN[1] must be */
static void read_module_identity(struct reading *reading, const json_t *object,
                                 struct atls_tcb_module *out)
{
    const char *id = get_text(reading, object, "id");
    ATLS_AUTO_BUF byte = atls_buf(1);

    if (strncmp(id, "TDX_", 4) != 0 ||
        !atls_hex_decode(atls_view_text(id + 4), &byte) || byte.len != 1 ||
        byte.data[0] == 0)
        fail(reading, "id");
    else
        out->id = byte.data[0];
    read_module(reading, object, out);
    read_levels(reading, object, false, &out->levels);
}

static void read_modules(struct reading *reading, const json_t *root)
{
    struct atls_tcb_document *out = reading->out;
    const json_t *first = get(reading, root, "tdxModule", JSON_OBJECT);
    const json_t *list = json_object_get(root, "tdxModuleIdentities");
    size_t num = json_array_size(list);

    if (num > MAX_MODULES || (list != NULL && !json_is_array(list))) {
        fail(reading, "tdxModuleIdentities");
        return;
    }
    out->modules = calloc(num + 1, sizeof(*out->modules));
    if (out->modules == NULL) {
        reading->is_out_of_memory = true;
        return;
    }
    read_module(reading, first, &out->modules[out->num_modules++]);
    for (size_t i = 0; i < num; i++)
        read_module_identity(reading, json_array_get(list, i),
                             &out->modules[out->num_modules++]);
}

static void check_version(struct reading *reading, const json_t *root,
                          uint32_t version)
{
    if (get_number(reading, root, "version", UINT32_MAX) != version)
        fail(reading, "version");
}

static void read_id(struct reading *reading, const json_t *root, const char *td,
                    const char *enclave)
{
    const char *id = get_text(reading, root, "id");

    reading->out->is_td = strcmp(id, td) == 0;
    if (!reading->out->is_td && strcmp(id, enclave) != 0)
        fail(reading, "id");
}

static void read_info(struct reading *reading, const json_t *root)
{
    struct atls_tcb_document *out = reading->out;

    check_version(reading, root, INFO_VERSION);
    read_id(reading, root, "TDX", "SGX");
    get_hex(reading, root, "fmspc", out->fmspc, sizeof(out->fmspc));
    get_hex(reading, root, "pceId", out->pce_id, sizeof(out->pce_id));
    if (get_number(reading, root, "tcbType", UINT32_MAX) != 0)
        fail(reading, "tcbType"); /* another way to compare SVNs */
    if (out->is_td)
        read_modules(reading, root);
    read_levels(reading, root, true, &out->levels);
}

static void read_identity(struct reading *reading, const json_t *root)
{
    struct atls_tcb_enclave *out = &reading->out->enclave;

    check_version(reading, root, IDENTITY_VERSION);
    read_id(reading, root, "TD_QE", "QE");
    get_hex(reading, root, "miscselect", out->misc_select, 4);
    get_hex(reading, root, "miscselectMask", out->misc_mask, 4);
    get_hex(reading, root, "attributes", out->attributes, 16);
    get_hex(reading, root, "attributesMask", out->mask, 16);
    get_hex(reading, root, "mrsigner", out->mr_signer, 32);
    out->prod_id = (uint16_t)get_number(reading, root, "isvprodid", UINT16_MAX);
    read_levels(reading, root, false, &reading->out->levels);
}

static const char *kind_of(const struct reading *reading)
{
    return reading->out->is_info ? "TCB info" : "QE identity";
}

static bool read_root(struct reading *reading)
{
    const json_t *root = reading->out->root;

    reading->out->issued = get_time(reading, root, "issueDate");
    reading->out->next = get_time(reading, root, "nextUpdate");
    reading->out->evaluation =
        get_number(reading, root, "tcbEvaluationDataNumber", UINT32_MAX);
    if (reading->out->is_info)
        read_info(reading, root);
    else
        read_identity(reading, root);
    if (reading->is_out_of_memory)
        atls_node_problem(reading->node, ATLS_OUT_OF_MEMORY, "out of memory");
    else if (reading->bad != NULL)
        atls_node_problem(reading->node, ATLS_COLLATERAL_INVALID,
                          "%s: %s: want version %d of it, found \"%s\" missing "
                          "or with another value",
                          reading->name, kind_of(reading),
                          reading->out->is_info ? INFO_VERSION
                                                : IDENTITY_VERSION,
                          reading->bad);
    return !reading->is_out_of_memory && reading->bad == NULL;
}

static bool is_signer(X509 *certificate)
{
    char name[sizeof(SIGNER) + 1];

    return X509_NAME_get_text_by_NID(X509_get_subject_name(certificate),
                                     NID_commonName, name,
                                     sizeof(name)) == sizeof(SIGNER) - 1 &&
           strcmp(name, SIGNER) == 0;
}

static bool has_signed(X509 *certificate, struct atls_view inner,
                       struct atls_view signature)
{
    ATLS_AUTO(EVP_PKEY) *key = X509_get_pubkey(certificate);

    return key != NULL && EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_bits(key) == 256 &&
           atls_ecdsa_verify(key, NULL, "SHA2-256", &inner, 1, signature,
                             NULL) == ATLS_OK;
}

static X509 *find_signer(const struct atls_collateral *collateral,
                         struct atls_view inner, struct atls_view signature)
{
    for (int i = 0; i < sk_X509_num(collateral->certificates); i++) {
        X509 *certificate = sk_X509_value(collateral->certificates, i);

        if (is_signer(certificate) && has_signed(certificate, inner, signature))
            return certificate;
    }
    return NULL;
}

static bool check_signature(struct reading *reading,
                            const struct atls_collateral *collateral,
                            struct atls_view inner, const char *hex)
{
    ATLS_AUTO_BUF signature = atls_buf(SIGNATURE);
    X509 *signer = NULL;

    if (hex != NULL && atls_hex_decode(atls_view_text(hex), &signature) &&
        signature.len == SIGNATURE)
        signer = find_signer(collateral, inner, atls_buf_view(&signature));
    if (signer == NULL || X509_up_ref(signer) != 1) {
        atls_node_problem(reading->node, ATLS_COLLATERAL_INVALID,
                          "%s: %s: want a signature by a certificate of this "
                          "folder for \"" SIGNER "\", found none: fetch it "
                          "with its issuer chain",
                          reading->name, kind_of(reading));
        return false;
    }
    reading->out->signer = signer;
    return true;
}

static void clear_document(struct atls_tcb_document *document)
{
    for (size_t i = 0; i < document->num_modules; i++)
        free(document->modules[i].levels.items);
    free(document->modules);
    free(document->levels.items);
    free(document->name);
    json_decref(document->root);
    X509_free(document->signer);
}

void atls_tcb_clear(struct atls_tcb *tcb)
{
    for (size_t i = 0; i < tcb->num; i++)
        clear_document(&tcb->documents[i]);
    free(tcb->documents);
    *tcb = (struct atls_tcb){0};
}

static bool keep(const struct reading *reading, struct atls_tcb *tcb)
{
    struct atls_tcb_document *documents =
        realloc(tcb->documents, (tcb->num + 1) * sizeof(*documents));

    if (documents != NULL)
        tcb->documents = documents;
    if (documents == NULL || reading->out->name == NULL) {
        atls_node_problem(reading->node, ATLS_OUT_OF_MEMORY, "out of memory");
        return false;
    }
    documents[tcb->num++] = *reading->out;
    return true;
}

/* One signed object: its bytes, its signature in hex. */
static void read_signed(const struct atls_node *node,
                        const struct atls_collateral *collateral,
                        const char *name, struct atls_view inner,
                        const char *signature, bool is_info,
                        struct atls_tcb *out)
{
    struct atls_why why = {0};
    struct atls_tcb_document document = {
        .name = strdup(name),
        .root = atls_json_parse(inner, ATLS_COLLATERAL_INVALID, &why),
        .is_info = is_info};
    struct reading reading = {.node = node, .name = name, .out = &document};

    if (document.root == NULL)
        atls_node_problem(node, why.reason, "%s: %s", name, why.text);
    else if (check_signature(&reading, collateral, inner, signature) &&
             read_root(&reading) && keep(&reading, out))
        return;
    clear_document(&document);
}

/* Where a member's value stands in the text of an object, which is known to be
 * valid JSON; empty: there is none of that spelling. */
static size_t end_of_string(struct atls_view text, size_t at)
{
    for (at++; at < text.len && text.data[at] != '"'; at++)
        if (text.data[at] == '\\')
            at++;
    return at + 1;
}

static size_t skip_space(struct atls_view text, size_t at)
{
    while (at < text.len && strchr(" \t\r\n", text.data[at]) != NULL &&
           text.data[at] != '\0')
        at++;
    return at;
}

static size_t end_of_value(struct atls_view text, size_t at)
{
    unsigned depth = 0;

    while (at < text.len) {
        uint8_t c = text.data[at];

        if (depth == 0 && (c == ',' || c == '}'))
            break;
        depth += c == '{' || c == '[' ? 1 : 0;
        depth -= c == '}' || c == ']' ? 1 : 0;
        at = c == '"' ? end_of_string(text, at) : at + 1;
    }
    return at < text.len ? at : text.len;
}

static struct atls_view without_space(struct atls_view text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.data[text.len - 1]) != NULL)
        text.len--;
    return text;
}

static struct atls_view find_value(struct atls_view text, const char *key)
{
    size_t at = skip_space(text, 0) + 1; /* past its { */

    while (at < text.len) {
        size_t name = skip_space(text, at), after, value, end;

        if (name >= text.len || text.data[name] != '"')
            break;
        after = end_of_string(text, name);
        value = skip_space(text, skip_space(text, after) + 1); /* past : */
        end = end_of_value(text, value);
        if (value > text.len || end < value || after < name + 2)
            break;
        if (atls_view_is(atls_view(text.data + name + 1, after - name - 2),
                         key))
            return without_space(atls_view(text.data + value, end - value));
        at = end + 1; /* past , */
    }
    return atls_view(NULL, 0);
}

/* How each may stand in a file. */
static const struct form {
    const char *key, *signature;
    bool is_info, is_text;
} forms[] = {
    {"tcbInfo", "signature", true, false},
    {"enclaveIdentity", "signature", false, false},
    {"tcb_info", "tcb_info_signature", true, true},
    {"qe_identity", "qe_identity_signature", false, true},
};

static void read_form(const struct atls_node *node,
                      const struct atls_collateral *collateral,
                      const struct atls_collateral_json *file,
                      const json_t *root, const struct form *form,
                      struct atls_tcb *out)
{
    const json_t *value = json_object_get(root, form->key);
    struct atls_view inner;

    if (value == NULL)
        return;
    if (form->is_text)
        inner = atls_view(json_string_value(value), json_string_length(value));
    else
        inner = find_value(atls_view(file->text, file->len), form->key);
    read_signed(node, collateral, file->name, inner,
                json_string_value(json_object_get(root, form->signature)),
                form->is_info, out);
}

void atls_tcb_read(const struct atls_node *node,
                   const struct atls_collateral *collateral,
                   struct atls_tcb *out)
{
    for (size_t i = 0; i < collateral->num_documents; i++) {
        const struct atls_collateral_json *file = &collateral->documents[i];
        struct atls_why why = {0};
        ATLS_AUTO(json_t) *root = atls_json_parse(
            atls_view(file->text, file->len), ATLS_COLLATERAL_INVALID, &why);

        if (root == NULL)
            atls_node_problem(node, why.reason, "%s: %s", file->name, why.text);
        for (size_t j = 0; j < sizeof(forms) / sizeof(forms[0]); j++)
            read_form(node, collateral, file, root, &forms[j], out);
    }
}
