/* SPDX-License-Identifier: Apache-2.0
 *
 * /dev/nsm.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "provider/descriptor.h"
#include "provider/nsm.h"

/* Linux, include/uapi/linux/nsm.h, of 6.8: older headers lack it. */
struct nsm_iovec {
    uint64_t addr, len;
};
struct nsm_raw {
    struct nsm_iovec request, response;
};
#define NSM_IOCTL_RAW _IOWR(0x0A, 0x0, struct nsm_raw)

static int hold(struct atls_descriptor descriptor, void **device)
{
    struct atls_descriptor *held = malloc(sizeof(*held));

    if (held == NULL) {
        atls_descriptor_close(&descriptor);
        return ENOMEM;
    }
    *held = descriptor;
    *device = held;
    return 0;
}

static int device_open(const char *path, void **device)
{
    struct atls_descriptor descriptor;
    int error_number =
        atls_descriptor_open(path, O_RDWR | O_NOCTTY, &descriptor);

    return error_number != 0 ? error_number : hold(descriptor, device);
}

static int device_copy(void *device, void **copy)
{
    struct atls_descriptor descriptor;
    int error_number = atls_descriptor_copy(device, &descriptor);

    return error_number != 0 ? error_number : hold(descriptor, copy);
}

static void device_close(void *device)
{
    atls_descriptor_close(device);
    free(device);
}

static int device_exchange(void *device, struct atls_view request,
                           struct atls_buf *response)
{
    const struct atls_descriptor *held = device;
    uint8_t *room = atls_buf_room(response, ATLS_NSM_MAX_RESPONSE);
    struct nsm_raw raw = {.request = {(uintptr_t)request.data, request.len},
                          .response = {(uintptr_t)room, ATLS_NSM_MAX_RESPONSE}};
    int result;

    if (room == NULL)
        return ENOMEM;
    do {
        result = ioctl(held->fd, NSM_IOCTL_RAW, &raw);
    } while (result < 0 && errno == EINTR);
    if (result < 0)
        return errno;
    if (raw.response.len > ATLS_NSM_MAX_RESPONSE)
        return EFBIG;
    response->len -= ATLS_NSM_MAX_RESPONSE - (size_t)raw.response.len;
    return 0;
}

const struct atls_nsm_ops atls_nsm_device = {
    .open = device_open,
    .copy = device_copy,
    .close = device_close,
    .exchange = device_exchange,
};
