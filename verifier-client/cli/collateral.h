/* SPDX-License-Identifier: Apache-2.0
 *
 * The subcommands of atls collateral. Each takes its own argv (argv[0] is its
 * name) and returns the exit status.
 */
#ifndef ATLS_CLI_COLLATERAL_H
#define ATLS_CLI_COLLATERAL_H

/* Beyond command.h: nothing has ended, and something will soon. */
enum { ATLS_EXIT_SOON = 3 };

int atls_collateral_fetch(int argc, char **argv);
int atls_collateral_status(int argc, char **argv);

#endif
