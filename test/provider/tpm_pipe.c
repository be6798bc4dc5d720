/* SPDX-License-Identifier: Apache-2.0
 *
 * What tpm2-tss's TCTI "cmd" runs, between a program and swtpm: commands come
 * on standard input, responses go to standard output. swtpm talks to one client
 * at a time, so each command has a connection of its own, and another client in
 * the same program gets its turn, as a resource manager would give it.
 *
 *     tpm_pipe PORT
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER = 10, SIZE_AT = 2, MAX = 8192 };

static int read_all(int fd, uint8_t *to, size_t len)
{
    for (size_t have = 0; have < len;) {
        ssize_t got = read(fd, to + have, len - have);

        if (got <= 0)
            return 0;
        have += (size_t)got;
    }
    return 1;
}

static int write_all(int fd, const uint8_t *from, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, from, len);

        if (put <= 0)
            return 0;
        from += put;
        len -= (size_t)put;
    }
    return 1;
}

/* A command or a response: its header says how long it is. 0: none. */
static size_t read_message(int fd, uint8_t message[MAX])
{
    size_t size;

    if (!read_all(fd, message, HEADER))
        return 0;
    size = (size_t)message[SIZE_AT + 2] << 8 | message[SIZE_AT + 3];
    if (size < HEADER || size > MAX ||
        !read_all(fd, message + HEADER, size - HEADER))
        return 0;
    return size;
}

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int carry(int port, uint8_t message[MAX], size_t size)
{
    int fd = connect_to(port), is_good;

    if (fd < 0)
        return 0;
    is_good = write_all(fd, message, size) &&
              (size = read_message(fd, message)) > 0 &&
              write_all(STDOUT_FILENO, message, size);
    close(fd);
    return is_good;
}

int main(int argc, char **argv)
{
    static uint8_t message[MAX];
    size_t size;

    if (argc != 2) {
        fprintf(stderr, "usage: tpm_pipe PORT\n");
        return EXIT_FAILURE;
    }
    while ((size = read_message(STDIN_FILENO, message)) > 0)
        if (!carry(atoi(argv[1]), message, size)) {
            perror("tpm_pipe");
            return EXIT_FAILURE;
        }
    return EXIT_SUCCESS;
}
