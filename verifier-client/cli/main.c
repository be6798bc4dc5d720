/* SPDX-License-Identifier: Apache-2.0
 *
 * The command atls: a table of subcommands. It reads no openssl.cnf of its own
 * accord (its library context is its own), so that a broken one does not keep
 * doctor from saying so.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "cli/command.h"
#include "config.h"
#include "remote.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    bool loads_config;
} commands[] = {
    {"config", atls_command_config, false},
    {"inspect", atls_command_inspect, false},
    {"appraise", atls_command_appraise, false},
    {"policy", atls_command_policy, false},
    {"collateral", atls_command_collateral, false},
    {"probe", atls_command_probe, false},
    {"doctor", atls_command_doctor, false},
    {"serve", atls_command_serve, false},
    {"load-config", atls_command_load, true}, /* hidden: doctor's child */
};

static const char help[] =
    "usage: atls COMMAND [OPTION]... [ARGUMENT]...\n"
    "\n"
    "Attested TLS by configuration alone: see atls(7).\n"
    "\n"
    "  config              print an openssl.cnf that attests, requires, or "
    "both\n"
    "  inspect FILE        show a CMW or a token as text\n"
    "  appraise FILE       judge Evidence under a policy\n"
    "  policy check FILE   find every problem of a policy\n"
    "  policy learn URI    write a policy that accepts this attester\n"
    "  collateral fetch    bring what AMD and Intel publish about chips; "
    "status\n"
    "  probe HOST:PORT     ask a server to attest, and say what it did\n"
    "  doctor [APP]        find out why attestation does not happen here\n"
    "  serve               be a Verifier for others\n"
    "\n"
    "  atls COMMAND --help tells more; --json makes each print a JSON object.\n"
    "  atls --version\n"
    "\n"
    "Exit status: 0 yes, 1 no, 2 the question could not be asked.\n";

static int usage(const char *found)
{
    if (found == NULL)
        fputs("atls: which command?\n", stderr);
    else
        fprintf(stderr, "atls: there is no command \"%s\"\n", found);
    fputs("Try 'atls --help'.\n", stderr);
    return ATLS_EXIT_USAGE;
}

static int run(const struct command *command, int argc, char **argv)
{
    if (!command->loads_config)
        OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    atls_remote_set_folder(getenv("ATLS_MODULES")); /* of a build tree */
    return command->run(argc, argv);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;

    if (name != NULL && (strcmp(name, "--help") == 0 || !strcmp(name, "-h")))
        return fputs(help, stdout) < 0 ? ATLS_EXIT_USAGE : ATLS_EXIT_YES;
    if (name != NULL && strcmp(name, "--version") == 0) {
        puts(PACKAGE_STRING);
        return ATLS_EXIT_YES;
    }
    for (size_t i = 0; name && i < sizeof(commands) / sizeof(*commands); i++)
        if (strcmp(name, commands[i].name) == 0)
            return run(&commands[i], argc - 1, argv + 1);
    return usage(name);
}
