/* SPDX-License-Identifier: Apache-2.0
 *
 * The examinations that atls doctor is made of. Each adds its findings; none
 * changes anything on the host.
 */
#ifndef ATLS_CLI_DOCTOR_H
#define ATLS_CLI_DOCTOR_H

#include "cli/cnf.h"
#include "cli/finding.h"

struct atls_application; /* one that we know: applications.c */

/* atls_doctor_file: openssl.cnf as it is written: the module named, after
 * providers, the default provider activated, diagnostics on, TLS 1.3 on. */
void atls_doctor_file(const struct atls_cnf *cnf, const char *path,
                      struct atls_findings *findings);

/* atls_doctor_load: a child process loads path as any program does. */
void atls_doctor_load(const char *path, struct atls_findings *findings);

/* atls_doctor_policy: who can read it, who can change it, and is it good. */
void atls_doctor_policy(const char *path, const struct atls_application *only,
                        struct atls_findings *findings);

/* atls_doctor_collateral: what the policy rests on ends soon, has ended, or is
 * missing. */
struct atls_policy; /* policy.h */
void atls_doctor_collateral(const struct atls_policy *policy,
                            struct atls_findings *findings);

/* atls_doctor_attesters: five quotes of each, timed. */
void atls_doctor_attesters(const struct atls_cnf *cnf,
                           struct atls_findings *findings);

/* atls_doctor_delegate: what the log says of delegates, with their ages. */
void atls_doctor_delegate(const struct atls_cnf *cnf,
                          struct atls_findings *findings);

/* atls_doctor_processes: processes of this host that have libssl mapped and
 * not atls_ext.so. */
void atls_doctor_processes(struct atls_findings *findings);

/* atls_doctor_application: what it needs; only NULL: all that are installed. */
void atls_doctor_application(const struct atls_cnf *cnf,
                             const struct atls_application *only,
                             struct atls_findings *findings);

/* atls_application_find: by name, or NULL. */
const struct atls_application *atls_application_find(const char *name);
/* atls_application_user: number i of the users that applications run as (of
 * only, if not NULL); NULL: no more. */
const char *atls_application_user(const struct atls_application *only,
                                  size_t i);
/* atls_application_names: "nginx, haproxy, ...". */
void atls_application_names(struct atls_buf *out);

#endif
