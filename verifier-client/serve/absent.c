/* SPDX-License-Identifier: Apache-2.0
 *
 * atls serve where libmicrohttpd was not there at build time.
 */
#include "cli/command.h"
#include "cli/options.h"

int atls_command_serve(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return atls_usage_wrong("serve",
                            "this atls was built without libmicrohttpd");
}
