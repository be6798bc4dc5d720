/* SPDX-License-Identifier: Apache-2.0
 *
 * The subcommands of atls. Each takes its own argv (argv[0] is its name) and
 * returns the exit status: 0 yes, 1 no, 2 the question could not be asked.
 */
#ifndef ATLS_CLI_COMMAND_H
#define ATLS_CLI_COMMAND_H

enum { ATLS_EXIT_YES = 0, ATLS_EXIT_NO = 1, ATLS_EXIT_USAGE = 2 };

int atls_command_appraise(int argc, char **argv);
int atls_command_collateral(int argc, char **argv);
int atls_command_config(int argc, char **argv);
int atls_command_doctor(int argc, char **argv);
int atls_command_inspect(int argc, char **argv);
int atls_command_policy(int argc, char **argv);
int atls_command_probe(int argc, char **argv);
int atls_command_serve(int argc, char **argv);

/* atls_command_load: hidden; loads openssl.cnf as any program does and says
 * what came of it. doctor starts it as a child. */
int atls_command_load(int argc, char **argv);

#endif
