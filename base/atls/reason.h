/* SPDX-License-Identifier: Apache-2.0
 *
 * Every way in which atls says no, one row each in reason.def: the name, the
 * TLS alert that it becomes (RFC 9846, 6.2) and the sentence for people.
 */
#ifndef ATLS_REASON_H
#define ATLS_REASON_H

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* TLS alert descriptions that atls sends. NONE: libssl sends its own, or
 * there is no connection. */
enum atls_alert {
    ATLS_ALERT_NONE = 0,
    ATLS_ALERT_HANDSHAKE_FAILURE = 40,
    ATLS_ALERT_ILLEGAL_PARAMETER = 47,
    ATLS_ALERT_DECODE_ERROR = 50,
    ATLS_ALERT_PROTOCOL_VERSION = 70,
    ATLS_ALERT_INTERNAL_ERROR = 80,
    ATLS_ALERT_MISSING_EXTENSION = 109,
    ATLS_ALERT_UNSUPPORTED_EXTENSION = 110,
    ATLS_ALERT_CERTIFICATE_REQUIRED = 116
};

enum atls_reason {
    ATLS_OK = 0, /* the only success */
#define REASON(name, alert, text) ATLS_##name,
#include "reason.def"
#undef REASON
    ATLS_NUM_REASONS
};

/* atls_reason_name: "BINDER_MISMATCH"; "OK" for ATLS_OK. Never NULL. */
const char *atls_reason_name(enum atls_reason reason);

/* atls_reason_text: the sentence of reason.def. Never NULL. */
const char *atls_reason_text(enum atls_reason reason);

/* atls_reason_alert: the alert that a peer sees for it. */
enum atls_alert atls_reason_alert(enum atls_reason reason);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
