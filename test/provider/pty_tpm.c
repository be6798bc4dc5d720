/* SPDX-License-Identifier: Apache-2.0
 *
 * A stand-in for /dev/tpmrm0: swtpm behind the slave of a pseudo terminal in
 * raw mode. It is a character device that is opened by its path and carries
 * bare commands and responses, which is what attest:tpm's device path is about.
 * What it cannot stand in for: a resource manager, and the driver's own EBUSY.
 *
 *     pty_tpm PATH-FILE STATE-DIR
 *
 * writes the slave's path into PATH-FILE and becomes swtpm.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static void check(int is_good, const char *what)
{
    if (is_good)
        return;
    perror(what);
    exit(77);
}

static void write_path(const char *file, const char *path)
{
    char temporary[1024];
    FILE *out;

    snprintf(temporary, sizeof(temporary), "%s.new", file);
    out = fopen(temporary, "w");
    check(out != NULL && fprintf(out, "%s\n", path) > 0 && fclose(out) == 0,
          temporary);
    check(rename(temporary, file) == 0, file);
}

int main(int argc, char **argv)
{
    char state[1024], fd[16];
    struct termios mode;
    int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

    check(argc == 3, "usage: pty_tpm PATH-FILE STATE-DIR");
    check(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0,
          "pseudo terminal");
    /* never closed: without a slave the master would say that it is over */
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    check(slave >= 0 && tcgetattr(slave, &mode) == 0, ptsname(master));
    cfmakeraw(&mode);
    check(tcsetattr(slave, TCSANOW, &mode) == 0, "raw mode");
    write_path(argv[1], ptsname(master));
    snprintf(state, sizeof(state), "dir=%s", argv[2]);
    snprintf(fd, sizeof(fd), "%d", master);
    execlp("swtpm", "swtpm", "chardev", "--tpm2", "--fd", fd, "--tpmstate",
           state, "--flags", "not-need-init,startup-clear", (char *)NULL);
    check(0, "swtpm");
}
