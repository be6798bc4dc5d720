/* SPDX-License-Identifier: Apache-2.0
 *
 * Rights of files. A group may read: that is how a key is given to a service
 * that is not root.
 */
#include "serve/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum atls_reason atls_secret_check(const char *path, struct atls_why *why)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return atls_why(why, ATLS_FILE_UNREADABLE, "%s: %s", path,
                        strerror(errno));
    if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0)
        return atls_why(why, ATLS_SETTING_INVALID,
                        "%s: want a file that others cannot read or write, "
                        "found mode %04o: chmod 600",
                        path, (unsigned)status.st_mode & 07777);
    return ATLS_OK;
}
