/* SPDX-License-Identifier: Apache-2.0
 *
 * The step before a Verifier that makes it slow: requests go on at once, and no
 * answer comes before its delay is over. A thread for each connection, so that
 * nobody waits for another's delay. Counts the Evidence that was sent.
 */
#define _GNU_SOURCE
#include "section.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "verifier.h"

#define SUBMISSION "POST /challenge-response/v1/session/"

const int bench_delays_ms[BENCH_NUM_DELAYS] = {0, 5, 50};
static atomic_uint num_submitted[BENCH_NUM_DELAYS];
static int upstream_port;

struct door {
    int listener, index; /* of the delay */
};

struct guest {
    int fd, index;
};

static void send_at_once(int fd)
{
    const int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

int bench_verifier_connect(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)port);
    if (fd >= 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
        send_at_once(fd);
        return fd;
    }
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

/* 0: the header is not all there. */
static size_t whole_len(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length: ");
    size_t body =
        length != NULL && length < end ? strtoul(length + 18, NULL, 10) : 0;

    return end != NULL ? (size_t)(end + 4 - text) + body : 0;
}

size_t bench_verifier_read(int fd, char *text)
{
    size_t len = 0, wanted = 0;

    text[0] = '\0';
    while (len < BENCH_MAX_MESSAGE - 1 && (wanted == 0 || len < wanted)) {
        ssize_t more = recv(fd, text + len, BENCH_MAX_MESSAGE - 1 - len, 0);

        if (more <= 0)
            return 0;
        len += (size_t)more;
        text[len] = '\0';
        wanted = whole_len(text);
    }
    return len == wanted ? len : 0;
}

bool bench_verifier_write(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        text += sent;
        len -= (size_t)sent;
    }
    return true;
}

static void hold(struct timespec *since, int delay_ms)
{
    long ns = since->tv_nsec + delay_ms * 1000000L;

    since->tv_sec += ns / 1000000000;
    since->tv_nsec = ns % 1000000000;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, since, NULL) != 0)
        continue;
}

/* One request and its answer; false: one of the two is gone. */
static bool pass(const struct guest *guest, int upstream, char *text)
{
    struct timespec since;
    size_t len = bench_verifier_read(guest->fd, text);

    (void)clock_gettime(CLOCK_MONOTONIC, &since);
    if (len == 0)
        return false;
    if (strncmp(text, SUBMISSION, strlen(SUBMISSION)) == 0)
        num_submitted[guest->index]++;
    if (!bench_verifier_write(upstream, text, len))
        return false;
    len = bench_verifier_read(upstream, text);
    if (len == 0)
        return false;
    hold(&since, bench_delays_ms[guest->index]);
    return bench_verifier_write(guest->fd, text, len);
}

static void *serve_guest(void *arg)
{
    struct guest *guest = arg;
    int upstream = bench_verifier_connect(upstream_port);
    char *text = malloc(BENCH_MAX_MESSAGE);

    send_at_once(guest->fd);
    while (upstream >= 0 && text != NULL && pass(guest, upstream, text))
        continue;
    if (upstream >= 0)
        (void)close(upstream);
    (void)close(guest->fd);
    free(text);
    free(guest);
    return NULL;
}

static bool start_thread(void *(*run)(void *), void *arg)
{
    pthread_t thread;

    return pthread_create(&thread, NULL, run, arg) == 0 &&
           pthread_detach(thread) == 0;
}

static void *serve_door(void *arg)
{
    const struct door *door = arg;
    int fd;

    while ((fd = accept4(door->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        struct guest *guest = malloc(sizeof(*guest));

        if (guest != NULL)
            *guest = (struct guest){fd, door->index};
        if (guest == NULL || !start_thread(serve_guest, guest)) {
            (void)close(fd);
            free(guest);
        }
    }
    return NULL;
}

/* The port; 0: none. */
static int open_door(struct door *door)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    door->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (door->listener < 0 ||
        bind(door->listener, (struct sockaddr *)&address, len) != 0 ||
        listen(door->listener, 64) != 0 ||
        getsockname(door->listener, (struct sockaddr *)&address, &len) != 0 ||
        !start_thread(serve_door, door))
        return 0;
    return ntohs(address.sin_port);
}

/* As a process: until stdin ends. The threads end with it. */
json_t *bench_delay(const struct bench_task *task)
{
    static struct door doors[BENCH_NUM_DELAYS];
    json_t *ports = json_array(), *counts = json_array();
    char byte;

    upstream_port = atoi(task->arg[0]);
    for (int i = 0; i < BENCH_NUM_DELAYS; i++) {
        doors[i].index = i;
        (void)json_array_append_new(ports, json_integer(open_door(&doors[i])));
    }
    (void)json_dumpf(ports, stdout, JSON_COMPACT);
    (void)fflush(stdout);
    json_decref(ports);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    for (int i = 0; i < BENCH_NUM_DELAYS; i++)
        (void)json_array_append_new(counts, json_integer(num_submitted[i]));
    return counts;
}
