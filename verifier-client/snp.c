/* SPDX-License-Identifier: Apache-2.0
 *
 * SEV-SNP reports, judged: what the guest's owner allowed (POLICY), what the
 * platform is (TCB_VERSION, PLATFORM_INFO), and what was launched. Who signed
 * is in snp_chain.c.
 */
#include "snp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "tsm_report.h"

enum { MAX_HEX = 2 * 64 + 1, MAX_TEXT = 192 };

static bool matches(struct atls_view value)
{
    return atls_tsm_report_is(value, ATLS_TSM_SNP);
}

static enum atls_reason parse(struct atls_view value, void *claims,
                              struct atls_view *nonce, struct atls_why *why)
{
    struct atls_snp_claims *snp = claims;
    struct atls_tsm_report envelope;
    enum atls_reason reason =
        atls_tsm_report_parse(value, ATLS_TSM_SNP, &envelope, why);

    if (reason == ATLS_OK)
        reason = atls_snp_report_parse(envelope.outblob, &snp->report, why);
    if (reason == ATLS_OK)
        reason = atls_snp_table_parse(envelope.auxblob, &snp->table, why);
    if (reason == ATLS_OK)
        *nonce = snp->report.report_data;
    return reason;
}

static bool has_bit(uint64_t bits, unsigned bit)
{
    return (bits >> bit & 1) != 0;
}

static enum atls_reason check_form(const struct atls_snp_report *report,
                                   struct atls_why *why)
{
    if (has_bit(report->policy, ATLS_SNP_POLICY_ONE))
        return ATLS_OK;
    return atls_why(why, ATLS_CLAIM_INVALID,
                    "SEV-SNP report: want bit 17 of the guest policy set, "
                    "found 0x%016" PRIx64,
                    report->policy);
}

static enum atls_reason check_debug(const struct atls_snp_report *report,
                                    const struct atls_profile *profile,
                                    struct atls_why *why)
{
    const struct atls_snp_reference *reference = profile->reference;

    if (reference->takes_debug ||
        !has_bit(report->policy, ATLS_SNP_POLICY_DEBUG))
        return ATLS_OK;
    return atls_why(why, ATLS_DEBUG_REFUSED,
                    "profile %s: want a guest whose policy forbids debugging, "
                    "found policy 0x%016" PRIx64 ": launch it without DEBUG",
                    profile->name, report->policy);
}

static enum atls_reason allowed(const char *what,
                                const struct atls_profile *profile,
                                struct atls_why *why)
{
    return atls_why(why, ATLS_CONFIGURATION_REFUSED,
                    "profile %s: want a guest whose policy forbids %s, found "
                    "one that allows it",
                    profile->name, what);
}

/* The first name of a bit that is wanted and not there; NULL: none. */
static const char *missing(const struct atls_snp_bit *bits, uint64_t wanted,
                           uint64_t found)
{
    for (; bits->name != NULL; bits++)
        if (has_bit(wanted, bits->bit) && !has_bit(found, bits->bit))
            return bits->name;
    return NULL;
}

static enum atls_reason check_policy(const struct atls_snp_report *report,
                                     const struct atls_profile *profile,
                                     struct atls_why *why)
{
    const struct atls_snp_reference *reference = profile->reference;
    const char *bit =
        missing(atls_snp_policy_bits, reference->wanted_policy, report->policy);

    if (!reference->takes_migration &&
        has_bit(report->policy, ATLS_SNP_POLICY_MIGRATE))
        return allowed("migration", profile, why);
    if (!reference->takes_smt && has_bit(report->policy, ATLS_SNP_POLICY_SMT))
        return allowed("SMT", profile, why);
    if (bit != NULL)
        return atls_why(why, ATLS_CONFIGURATION_REFUSED,
                        "profile %s: want %s in the guest policy, found "
                        "0x%016" PRIx64,
                        profile->name, bit, report->policy);
    return ATLS_OK;
}

static enum atls_reason check_platform(const struct atls_snp_report *report,
                                       const struct atls_profile *profile,
                                       struct atls_why *why)
{
    const struct atls_snp_reference *reference = profile->reference;
    const char *bit =
        missing(atls_snp_platform_bits, reference->wanted_platform_info,
                report->platform_info);

    if (bit == NULL)
        return ATLS_OK;
    return atls_why(why, ATLS_CONFIGURATION_REFUSED,
                    "profile %s: want %s in platform_info, found 0x%016" PRIx64
                    ": that is for whoever owns the host",
                    profile->name, bit, report->platform_info);
}

static enum atls_reason check_vmpl(const struct atls_snp_report *report,
                                   const struct atls_profile *profile,
                                   struct atls_why *why)
{
    const struct atls_snp_reference *reference = profile->reference;

    if (report->vmpl < ATLS_SNP_NUM_VMPLS &&
        reference->takes_vmpl[report->vmpl])
        return ATLS_OK;
    return atls_why(why, ATLS_CONFIGURATION_REFUSED,
                    "profile %s: want a report of a VMPL that \"vmpl\" lists, "
                    "found VMPL %lu",
                    profile->name, (unsigned long)report->vmpl);
}

static enum atls_reason too_old(const struct atls_profile *profile,
                                const char *part, unsigned want, unsigned seen,
                                const char *of_what, struct atls_why *why)
{
    return atls_why(why, ATLS_TCB_REFUSED,
                    "profile %s: want %s %u or later in the reported TCB%s, "
                    "found %u: that is for whoever owns the host",
                    profile->name, part, want, of_what, seen);
}

static enum atls_reason check_min_tcb(const struct atls_snp_claims *claims,
                                      const struct atls_profile *profile,
                                      struct atls_why *why)
{
    const struct atls_snp_reference *reference = profile->reference;
    const uint8_t *tcb = claims->report.reported_tcb.data;
    enum atls_snp_product product;

    if (!reference->has_min_tcb)
        return ATLS_OK;
    product = atls_snp_claims_product(claims, reference);
    if (!reference->min_tcb[product].is_listed)
        return atls_why(why, ATLS_TCB_REFUSED,
                        "profile %s: want a product that \"min_tcb\" lists, "
                        "found %s",
                        profile->name, atls_snp_product_names[product]);
    for (int i = 0; i < ATLS_SNP_NUM_PARTS; i++) {
        int at = atls_snp_part_at(product, (enum atls_snp_part)i);
        unsigned want = reference->min_tcb[product].parts[i];

        if (at >= 0 && tcb[at] < want)
            return too_old(profile, atls_snp_parts[i], want, tcb[at], "", why);
    }
    return ATLS_OK;
}

/* What the platform promised never to go below (COMMITTED_TCB) is more than
 * what it reports: the report is by an older key than need be. */
static enum atls_reason check_committed(const struct atls_snp_claims *claims,
                                        const struct atls_profile *profile,
                                        struct atls_why *why)
{
    const struct atls_snp_reference *reference = profile->reference;
    const uint8_t *reported = claims->report.reported_tcb.data;
    const uint8_t *committed = claims->report.committed_tcb.data;

    for (int i = 0; reference->wants_committed && i < ATLS_SNP_TCB; i++)
        if (reported[i] < committed[i])
            return atls_why(why, ATLS_TCB_REFUSED,
                            "profile %s: want byte %d of the reported TCB at "
                            "the committed %u, found %u: that is for whoever "
                            "owns the host",
                            profile->name, i, committed[i], reported[i]);
    return ATLS_OK;
}

static enum atls_reason check_guest_svn(const struct atls_snp_report *report,
                                        const struct atls_profile *profile,
                                        struct atls_why *why)
{
    const struct atls_snp_reference *reference = profile->reference;

    if (report->guest_svn >= reference->min_guest_svn)
        return ATLS_OK;
    return atls_why(why, ATLS_MEASUREMENT_REFUSED,
                    "profile %s: want guest_svn %lu or later, found %lu",
                    profile->name, (unsigned long)reference->min_guest_svn,
                    (unsigned long)report->guest_svn);
}

/* Fields that have reference values, in the order in which they are judged */
static const struct field {
    const char *name;
    size_t values; /* in struct atls_snp_reference */
    size_t found;  /* in struct atls_snp_report */
    enum atls_reason reason;
    enum atls_ar4si_claim claim;
    int8_t value;
} fields[] = {
#define FIELD(values, field, reason, claim, value)                             \
    {                                                                          \
#field, offsetof(struct atls_snp_reference, values),                   \
            offsetof(struct atls_snp_report, field), reason, claim, value      \
    }
    /* Values of draft-ietf-rats-ar4si, 2.3: 96 contraindicated, 33 what runs
     * is not recognized */
    FIELD(chip_ids, chip_id, ATLS_INSTANCE_REFUSED, ATLS_INSTANCE_IDENTITY, 96),
    FIELD(measurements, measurement, ATLS_MEASUREMENT_REFUSED, ATLS_EXECUTABLES,
          33),
    FIELD(family_ids, family_id, ATLS_MEASUREMENT_REFUSED, ATLS_EXECUTABLES,
          33),
    FIELD(image_ids, image_id, ATLS_MEASUREMENT_REFUSED, ATLS_EXECUTABLES, 33),
    FIELD(id_key_digests, id_key_digest, ATLS_MEASUREMENT_REFUSED,
          ATLS_EXECUTABLES, 33),
    FIELD(author_key_digests, author_key_digest, ATLS_MEASUREMENT_REFUSED,
          ATLS_EXECUTABLES, 33),
    FIELD(host_data, host_data, ATLS_CONFIGURATION_REFUSED, ATLS_CONFIGURATION,
          96),
};
enum { NUM_FIELDS = sizeof(fields) / sizeof(fields[0]) };

static enum atls_reason check_field(const struct atls_snp_report *report,
                                    const struct atls_profile *profile,
                                    const struct field *field,
                                    struct atls_why *why)
{
    const struct atls_values *wanted =
        (const struct atls_values *)((const char *)profile->reference +
                                     field->values);
    struct atls_view found =
        *(const struct atls_view *)((const char *)report + field->found);
    char want[MAX_HEX], seen[MAX_HEX];

    if (wanted->num == 0 || atls_values_have(wanted, found))
        return ATLS_OK;
    atls_hex(atls_view(wanted->bytes, wanted->value_len), want, sizeof(want));
    atls_hex(found, seen, sizeof(seen));
    return atls_why(why, field->reason,
                    "profile %s: %s: want %s%s, found %s; add it to the policy "
                    "if that is meant",
                    profile->name, field->name, want,
                    wanted->num > 1 ? " or another listed" : "", seen);
}

/* draft-ietf-rats-ar4si, 2.3 */
enum {
    NO_CLAIM = 0,
    UNEXPECTED_EVIDENCE = 1,
    AFFIRMED = 2,      /* instance-identity, hardware, configuration;
                          runtime-opaque: memory is encrypted */
    APPROVED_BOOT = 3, /* executables: SEV-SNP measures what is launched */
    UNSAFE = 32,       /* hardware: genuine, its firmware is not accepted */
    UNRECOGNIZED = 33, /* executables */
    CONTRAINDICATED = 96
};

/* The vector: the chip (or its provider, of a VLEK) is known by its key. */
static enum atls_reason accept(const struct atls_snp_report *report,
                               const struct atls_profile *profile,
                               struct atls_verdict *verdict)
{
    bool is_debug = has_bit(report->policy, ATLS_SNP_POLICY_DEBUG);

    verdict->vector[ATLS_INSTANCE_IDENTITY] = AFFIRMED;
    verdict->vector[ATLS_HARDWARE] = AFFIRMED;
    verdict->vector[ATLS_CONFIGURATION] = AFFIRMED;
    verdict->vector[ATLS_EXECUTABLES] =
        profile->is_pinned ? APPROVED_BOOT : NO_CLAIM;
    verdict->vector[ATLS_RUNTIME_OPAQUE] = is_debug ? NO_CLAIM : AFFIRMED;
    return atls_verdict_accept(verdict);
}

static enum atls_reason judge(const void *claims,
                              const struct atls_profile *profile, int64_t now,
                              struct atls_verdict *verdict)
{
    const struct atls_snp_claims *snp = claims;
    const struct atls_snp_report *report = &snp->report;
    struct atls_why why = {0};

    (void)now; /* a report carries no time */
    if (check_form(report, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_CONFIGURATION,
                                   UNEXPECTED_EVIDENCE, &why);
    if (check_debug(report, profile, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_RUNTIME_OPAQUE,
                                   CONTRAINDICATED, &why);
    if (check_policy(report, profile, &why) != ATLS_OK ||
        check_platform(report, profile, &why) != ATLS_OK ||
        check_vmpl(report, profile, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_CONFIGURATION, CONTRAINDICATED,
                                   &why);
    if (check_min_tcb(snp, profile, &why) != ATLS_OK ||
        check_committed(snp, profile, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_HARDWARE, UNSAFE, &why);
    if (check_guest_svn(report, profile, &why) != ATLS_OK)
        return atls_verdict_refuse(verdict, ATLS_EXECUTABLES, UNRECOGNIZED,
                                   &why);
    for (size_t i = 0; i < NUM_FIELDS; i++)
        if (check_field(report, profile, &fields[i], &why) != ATLS_OK)
            return atls_verdict_refuse(verdict, fields[i].claim,
                                       fields[i].value, &why);
    return accept(report, profile, verdict);
}

static void tell_bytes(struct atls_view bytes, const char *name,
                       atls_claim_fn *each, void *arg)
{
    char text[MAX_HEX];

    atls_hex(bytes, text, sizeof(text));
    each(arg, name, text);
}

static void tell_number(uint64_t number, const char *name, atls_claim_fn *each,
                        void *arg)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, number);
    each(arg, name, text);
}

/* "0x0000000000030000 (smt)" */
static void tell_bits(uint64_t bits, const struct atls_snp_bit *names,
                      const char *name, atls_claim_fn *each, void *arg)
{
    char text[MAX_TEXT];
    const char *before = " (";
    size_t at = (size_t)snprintf(text, sizeof(text), "0x%016" PRIx64, bits);

    for (; names->name != NULL; names++)
        if (has_bit(bits, names->bit) && at < sizeof(text)) {
            at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", before,
                                   names->name);
            before = ", ";
        }
    if (before[0] == ',' && at < sizeof(text))
        snprintf(text + at, sizeof(text) - at, ")");
    each(arg, name, text);
}

/* "0300000000000873 (bootloader 3, tee 0, snp 8, microcode 115)" */
static void tell_tcb(const struct atls_snp_report *report, struct atls_view tcb,
                     const char *name, atls_claim_fn *each, void *arg)
{
    enum atls_snp_product product = atls_snp_report_product(report);
    char text[MAX_TEXT];
    const char *before = " (";
    size_t at;

    atls_hex(tcb, text, sizeof(text));
    at = strlen(text);
    for (int i = 0; product != ATLS_SNP_UNKNOWN && i < ATLS_SNP_NUM_PARTS;
         i++) {
        int byte = atls_snp_part_at(product, (enum atls_snp_part)i);

        if (byte < 0 || at >= sizeof(text))
            continue;
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s %u", before,
                               atls_snp_parts[i], tcb.data[byte]);
        before = ", ";
    }
    if (before[0] == ',' && at < sizeof(text))
        snprintf(text + at, sizeof(text) - at, ")");
    each(arg, name, text);
}

static void tell_version(struct atls_view version, const char *name,
                         atls_claim_fn *each, void *arg)
{
    char text[16];

    snprintf(text, sizeof(text), "%u.%u.%u", version.data[2], version.data[1],
             version.data[0]);
    each(arg, name, text);
}

static void tell_certificates(const struct atls_snp_table *table,
                              atls_claim_fn *each, void *arg)
{
    const struct {
        const char *name;
        struct atls_view bytes;
    } rows[] = {{"vcek_bytes", table->keys[ATLS_SNP_VCEK]},
                {"vlek_bytes", table->keys[ATLS_SNP_VLEK]},
                {"ask_bytes", table->ask},
                {"ark_bytes", table->ark}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].bytes.len > 0)
            tell_number(rows[i].bytes.len, rows[i].name, each, arg);
}

static void describe_guest(const struct atls_snp_report *report,
                           atls_claim_fn *each, void *arg)
{
    tell_bytes(report->report_data, "nonce", each, arg);
    tell_bits(report->policy, atls_snp_policy_bits, "guest_policy", each, arg);
    tell_number(report->guest_svn, "guest_svn", each, arg);
    tell_bytes(report->host_data, "host_data", each, arg);
    tell_bytes(report->family_id, "family_id", each, arg);
    tell_bytes(report->image_id, "image_id", each, arg);
    tell_bytes(report->id_key_digest, "id_key_digest", each, arg);
    tell_bytes(report->author_key_digest, "author_key_digest", each, arg);
    tell_bytes(report->report_id, "report_id", each, arg);
    tell_bytes(report->report_id_ma, "report_id_ma", each, arg);
}

static void describe_platform(const struct atls_snp_report *report,
                              atls_claim_fn *each, void *arg)
{
    int key = atls_snp_report_key(report);

    tell_number(report->version, "report_version", each, arg);
    each(arg, "key", key < 0 ? "none" : atls_snp_keys_of_report[key]);
    if (report->has_cpuid)
        each(arg, "product",
             atls_snp_product_names[atls_snp_report_product(report)]);
    tell_bits(report->platform_info, atls_snp_platform_bits, "platform_info",
              each, arg);
    tell_tcb(report, report->current_tcb, "current_tcb", each, arg);
    tell_tcb(report, report->committed_tcb, "committed_tcb", each, arg);
    tell_tcb(report, report->launch_tcb, "launch_tcb", each, arg);
    tell_version(report->current_version, "current_firmware", each, arg);
    tell_version(report->committed_version, "committed_firmware", each, arg);
}

static void describe(const void *claims, bool brief, atls_claim_fn *each,
                     void *arg)
{
    const struct atls_snp_claims *snp = claims;
    const struct atls_snp_report *report = &snp->report;

    tell_bytes(report->measurement, "measurement", each, arg);
    tell_bytes(report->chip_id, "chip_id", each, arg);
    tell_tcb(report, report->reported_tcb, "reported_tcb", each, arg);
    tell_number(report->vmpl, "vmpl", each, arg);
    if (brief)
        return;
    describe_guest(report, each, arg);
    describe_platform(report, each, arg);
    tell_certificates(&snp->table, each, arg);
}

const struct atls_format atls_format_snp = {
    .name = "snp",
    .submod = "SEVSNP",
    .types = atls_tsm_report_types,
    .claims_size = sizeof(struct atls_snp_claims),
    .takes_rsa = true,
    .has_64_byte_nonce = true,
    .matches = matches,
    .parse = parse,
    .verify_chain = atls_snp_verify_chain,
    .judge = judge,
    .describe = describe,
    .keys = atls_snp_keys,
    .read = atls_snp_read,
    .reference_free = atls_snp_reference_free,
    .stock = atls_snp_stock,
    .learn = atls_snp_learn,
};
