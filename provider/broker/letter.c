/* SPDX-License-Identifier: Apache-2.0
 *
 * Datagrams with what the kernel says of them (unix(7)).
 */
#include "config.h" /* struct ucred */

#include "provider/broker/letter.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for the sender and for as many descriptors as its alignment leaves: more
 * than one, which is why all that came are looked at. */
union control {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

static int get_option(int fd, int name)
{
    int value = -1;
    socklen_t size = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

/* A reply goes to a socket that its sender has made, as the user that he is:
 * with any other we would lend our name to somebody who may only send to it by
 * us. A connection's other side, for one, is who listened. */
static bool is_of_sender(int fd, const struct atls_letter *letter)
{
    struct ucred maker = {.pid = 0};
    socklen_t size = sizeof(maker);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &maker, &size) == 0 &&
           maker.pid == letter->pid && maker.uid == letter->uid;
}

static bool may_have_reply(int fd, const struct atls_letter *letter)
{
    return get_option(fd, SO_DOMAIN) == AF_UNIX &&
           get_option(fd, SO_TYPE) == SOCK_SEQPACKET &&
           is_of_sender(fd, letter);
}

/* One descriptor is where the reply goes; several say nothing. */
static void take_descriptors(const struct cmsghdr *header,
                             struct atls_letter *letter)
{
    size_t num = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    const uint8_t *at = CMSG_DATA(header);
    int fd;

    for (size_t i = 0; i < num; i++) {
        memcpy(&fd, at + i * sizeof(fd), sizeof(fd));
        if (num == 1 && letter->reply_to < 0)
            letter->reply_to = fd;
        else
            close(fd);
    }
}

static void take_sender(const struct cmsghdr *header,
                        struct atls_letter *letter)
{
    struct ucred sender;

    memcpy(&sender, CMSG_DATA(header), sizeof(sender));
    letter->pid = sender.pid;
    letter->uid = sender.uid;
}

static void take_control(struct msghdr *message, struct atls_letter *letter)
{
    for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at != NULL;
         at = CMSG_NXTHDR(message, at)) {
        if (at->cmsg_level != SOL_SOCKET)
            continue;
        if (at->cmsg_type == SCM_CREDENTIALS)
            take_sender(at, letter);
        else if (at->cmsg_type == SCM_RIGHTS)
            take_descriptors(at, letter);
    }
}

static void check_reply_to(struct atls_letter *letter)
{
    if (letter->reply_to >= 0 && !may_have_reply(letter->reply_to, letter))
        atls_letter_clear(letter);
}

enum atls_letter_result atls_letter_take(int fd, uint8_t *room, size_t size,
                                         struct atls_letter *out)
{
    union control control;
    struct iovec part = {room, size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t len = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    *out = (struct atls_letter){.reply_to = -1};
    if (len < 0)
        return errno == EAGAIN || errno == EINTR ? ATLS_LETTER_NONE
                                                 : ATLS_LETTER_HUNG_UP;
    take_control(&message, out);
    if (len == 0) { /* a letter of nothing may have brought descriptors */
        atls_letter_clear(out);
        return ATLS_LETTER_HUNG_UP;
    }
    out->bytes = atls_view(room, (size_t)len);
    out->is_whole = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
    check_reply_to(out);
    return ATLS_LETTER_TAKEN;
}

void atls_letter_clear(struct atls_letter *letter)
{
    if (letter->reply_to >= 0)
        close(letter->reply_to);
    letter->reply_to = -1;
}
