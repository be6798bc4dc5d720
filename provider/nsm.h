/* SPDX-License-Identifier: Apache-2.0
 *
 * The Nitro Secure Module of an AWS Nitro enclave: one request and one
 * response, both CBOR, through the device /dev/nsm (Linux,
 * include/uapi/linux/nsm.h), or through a test's table of operations.
 */
#ifndef ATLS_NSM_H
#define ATLS_NSM_H

#include "provider/uri.h"

#define ATLS_NSM_DEVICE       "/dev/nsm"
#define ATLS_NSM_MAX_REQUEST  4096
#define ATLS_NSM_MAX_RESPONSE 12288

/* Each gives 0 or an errno. */
struct atls_nsm_ops {
    int (*open)(const char *path, void **device);
    /* copy: another hold, for a thread that may outlive this one. */
    int (*copy)(void *device, void **copy);
    void (*close)(void *device);
    int (*exchange)(void *device, struct atls_view request,
                    struct atls_buf *response);
};

extern const struct atls_nsm_ops atls_nsm_device;

/* atls_nsm_read: the attestation document in a response. ATTESTER_FAILED, with
 * what the module says. */
enum atls_reason ATLS_MUST_USE atls_nsm_read(struct atls_view response,
                                             struct atls_view *document,
                                             struct atls_why *why);

/* atls_nitro_new: the state of attest:nitro over these operations.
 * ATTESTER_OPTION, OUT_OF_MEMORY; *state is for the attester's free. */
enum atls_reason ATLS_MUST_USE atls_nitro_new(const struct atls_nsm_ops *ops,
                                              const struct atls_uri *uri,
                                              void **state,
                                              struct atls_why *why);

#endif
