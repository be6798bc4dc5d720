/* SPDX-License-Identifier: Apache-2.0
 *
 * What Linux gives in /sys/kernel/config/tsm/report (Documentation/ABI/testing/
 * configfs-tsm), as Veraison carries it (ratsd's tsm-report.cddl): one map for
 * SEV-SNP reports, TDX quotes and CCA tokens, told apart by "provider". A
 * format that travels in it has atls_tsm_report_types, a `matches` that asks
 * atls_tsm_report_is, and a `parse` that begins with atls_tsm_report_parse; it
 * never sees JSON, as evidence.c converts that.
 */
#ifndef ATLS_TSM_REPORT_H
#define ATLS_TSM_REPORT_H

#include "type.h"
#include "why.h"

#define ATLS_TSM_SNP "sev_guest"
#define ATLS_TSM_TDX "tdx_guest"
#define ATLS_TSM_CCA "arm_cca_guest"

#define ATLS_TSM_REPORT_CBOR "application/vnd.veraison.tsm-report+cbor"
#define ATLS_TSM_REPORT_JSON "application/vnd.veraison.tsm-report+json"
/* the two, NULL-ended */
extern const char *const atls_tsm_report_types[];

struct atls_tsm_report {               /* views into the value; empty: absent */
    struct atls_view provider;         /* without the kernel's newline */
    struct atls_view outblob;          /* the Evidence; never empty */
    struct atls_view auxblob;          /* of SNP: certificates */
    struct atls_view manifestblob;     /* of an SVSM */
    struct atls_view service_provider; /* without newline: "svsm" */
    struct atls_view eventlog;         /* of TDX: CCEL, as the guest has it */
};

/* atls_tsm_report_parse: value is the CBOR map; keys that are unknown are
 * passed over. EVIDENCE_MALFORMED; FORMAT_UNKNOWN if its provider is not the
 * one wanted (NULL: any), or the report is a service's in the guest (an SVSM's,
 * AMD 58019, 7): that signs a hash of challenge and manifest. */
enum atls_reason ATLS_MUST_USE
atls_tsm_report_parse(struct atls_view value, const char *provider,
                      struct atls_tsm_report *out, struct atls_why *why);

/* atls_tsm_report_is: the map is in order and of that provider. */
bool atls_tsm_report_is(struct atls_view value, const char *provider);

/* atls_tsm_report_put: appends the map of a bare outblob. */
void atls_tsm_report_put(struct atls_buf *out, const char *provider,
                         struct atls_view outblob);

/* atls_tsm_report_is_json: is it the type of the JSON spelling? Its byte
 * strings are in base64url. _convert: appends the same map in CBOR.
 * EVIDENCE_MALFORMED, OUT_OF_MEMORY. */
bool atls_tsm_report_is_json(struct atls_type type);
enum atls_reason ATLS_MUST_USE atls_tsm_report_convert(struct atls_view json,
                                                       struct atls_buf *out,
                                                       struct atls_why *why);

#endif
