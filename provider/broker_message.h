/* SPDX-License-Identifier: Apache-2.0
 *
 * What attest:broker and atlsd say to each other: one datagram each way. A
 * request goes through the broker's SOCK_SEQPACKET socket with one descriptor,
 * of a socket pair of the same type that the sender has made for the reply, so
 * that processes which share a connection by fork cannot take each other's.
 *
 *     struct {                            struct {
 *         uint8 version = 1;                  uint8 version = 1;
 *         uint8 kind;                         opaque reason<1..2^8-1>;
 *         uint32 timeout_ms;                  opaque text<0..2^16-1>;
 *         opaque format<0..2^8-1>;            opaque body<0..2^24-1>;
 *         opaque origin<0..2^16-1>;       } Reply;
 *     } Request;
 *
 * kind: 0 asks what the broker makes, 1 for a quote. format is a line of its
 * formats, origin the binder-origin of atls(7). reason is a name of
 * base/atls/reason.def, with a sentence; with OK the body is a CMW, or
 * struct { uint32 max_size; opaque formats<0..2^16-1>; }.
 */
#ifndef ATLS_BROKER_MESSAGE_H
#define ATLS_BROKER_MESSAGE_H

#include "origin.h"
#include "type.h"

#define ATLS_BROKER_SOCKET      "/run/atls/broker"
#define ATLS_BROKER_MAX_REQUEST (16 + ATLS_TYPE_MAX_TEXT + ATLS_ORIGIN_MAX)
#define ATLS_BROKER_MAX_REPLY   (65528 + 1024)
#define ATLS_BROKER_MAX_FORMATS 2048 /* bytes */

enum atls_broker_kind { ATLS_BROKER_DESCRIBE = 0, ATLS_BROKER_QUOTE = 1 };

struct atls_broker_request {
    enum atls_broker_kind kind;
    uint32_t timeout_ms;
    struct atls_view format, origin;
};

struct atls_broker_reply {
    enum atls_reason reason;
    struct atls_view text, body;
};

void atls_broker_request_put(struct atls_buf *out,
                             const struct atls_broker_request *request);
/* atls_broker_request_read: false: malformed. Views point into bytes. */
bool ATLS_MUST_USE atls_broker_request_read(struct atls_view bytes,
                                            struct atls_broker_request *out);

void atls_broker_reply_put(struct atls_buf *out,
                           const struct atls_broker_reply *reply);
/* atls_broker_reply_read: false: malformed. A reason that this version does not
 * know is ATTESTER_FAILED. */
bool ATLS_MUST_USE atls_broker_reply_read(struct atls_view bytes,
                                          struct atls_broker_reply *out);

#endif
