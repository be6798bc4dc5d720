/* SPDX-License-Identifier: Apache-2.0
 *
 * The subcommand of atls policy that has a file of its own. It takes its own
 * argv (argv[0] is its name) and returns the exit status.
 */
#ifndef ATLS_CLI_POLICY_IMPORT_H
#define ATLS_CLI_POLICY_IMPORT_H

int atls_policy_import(int argc, char **argv);

#endif
