/* SPDX-License-Identifier: Apache-2.0
 *
 * atls inspect: any CMW or token as readable text. It verifies nothing, and
 * says so.
 */
#include "cli/command.h"

#include <getopt.h>

#include "cli/describe.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/output.h"

static const char help[] =
    "usage: atls inspect [--json] FILE\n"
    "\n"
    "Shows what a file says: a CMW (record or collection, JSON or CBOR), a "
    "bare\n"
    "token, quote or report of a format that atls appraise takes, a signed\n"
    "Attestation Result (JWT), an event log (of a TPM, or CCEL) with the PCRs "
    "or\n"
    "RTMRs that it adds up to, a certificate with the CMW or quote that it\n"
    "carries, or any other CBOR or JSON as an outline. FILE can be - for\n"
    "standard input. Nothing is verified: for that there is\n"
    "atls appraise.\n"
    "\n"
    "  --json  the same as a JSON object\n"
    "  --help  this\n"
    "\n"
    "Exit status: 0 it could be read, 1 it is nothing that we know how to "
    "read,\n"
    "2 no such file or bad usage.\n";

int atls_command_inspect(int argc, char **argv)
{
    bool as_json = false, is_known;
    const struct atls_option options[] = {{"json", &as_json, NULL, NULL}, {0}};
    const struct atls_usage usage = {"inspect", help, 1, 1};
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_INPUT_MAX);
    ATLS_AUTO(json_t) *report = NULL;
    struct atls_why why = {0};
    int status = atls_options_read(&usage, options, argc, argv);

    if (status >= 0)
        return status;
    if (atls_input_read(argv[optind], &bytes, &why) != ATLS_OK)
        return atls_usage_failed("inspect", &why);
    report = atls_describe_input(atls_buf_view(&bytes), &is_known);
    return atls_output_print(report, as_json,
                             is_known ? ATLS_EXIT_YES : ATLS_EXIT_NO);
}
