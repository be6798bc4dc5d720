/* SPDX-License-Identifier: Apache-2.0
 *
 * atls collateral: what makers publish about their chips, kept in a folder.
 */
#include "cli/collateral.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"

static const char help[] =
    "usage: atls collateral fetch [OPTION]... FOLDER [EVIDENCE]...\n"
    "       atls collateral status [OPTION]... FOLDER\n"
    "       atls collateral status [OPTION]... --policy FILE\n"
    "\n"
    "A folder of collateral has what AMD and Intel publish about their chips, "
    "and\n"
    "what Evidence of SEV-SNP, TDX and SGX is judged by beside the Evidence "
    "itself:\n"
    "certificates, CRLs, TCB info, identities of quoting enclaves. Most of it\n"
    "comes to its end, and is fetched anew by cron; running programs take "
    "it.\n"
    "\n"
    "  fetch   brings what it takes to judge Evidence, or renews the folder\n"
    "  status  shows each item with its age and its end\n"
    "\n"
    "  atls collateral fetch --help, atls collateral status --help tell "
    "more.\n"
    "\n"
    "Exit status: 0 all is there and fresh, 1 something is not, 2 bad usage,\n"
    "3 (status) nothing has ended and something will soon.\n";

int atls_command_collateral(int argc, char **argv)
{
    const struct atls_usage usage = {"collateral", help, 1, 1};
    const struct atls_option options[] = {{0}};

    if (argc > 1 && strcmp(argv[1], "fetch") == 0)
        return atls_collateral_fetch(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "status") == 0)
        return atls_collateral_status(argc - 1, argv + 1);
    if (argc > 1 && argv[1][0] != '-')
        return atls_usage_wrong("collateral",
                                "want fetch or status, found \"%s\"", argv[1]);
    return atls_options_read(&usage, options, argc, argv);
}
