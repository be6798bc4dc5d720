/* SPDX-License-Identifier: Apache-2.0
 *
 * atls policy import: what a maker says of devices and software in CoRIMs,
 * written down as a policy.
 */
#include "cli/policy_import.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/voucher.h"
#include "import.h"

static const char help[] =
    "usage: atls policy import [OPTION]... CORIM...\n"
    "Prints a policy of the trust anchors and reference values that CoRIMs "
    "have, of\n"
    "PSA, Arm CCA (of platforms and of realms, both are needed) and SEV-SNP. "
    "What\n"
    "they pin is pinned; what would leave open which software runs is refused, "
    "and\n"
    "so is what a policy cannot hold. Read it before you trust it.\n"
    "\n"
    "  --key PEM           the public key or certificate that they must be "
    "signed\n"
    "                      with, again for each author; without it they must "
    "be\n"
    "                      unsigned, and it is you who vouches for them\n"
    "  --partial           leave out what a policy cannot hold, and name it\n"
    "  --trust-anchor PEM  beside the keys that the CoRIMs have\n"
    "  --collateral DIR    of SEV-SNP: the profile's folder of certificates\n"
    "  --name NAME         of the profile (default: imported)\n"
    "  --at TIME           judge their validity at this time (default: now)\n"
    "  --help              this\n"
    "\n"
    "Exit status: 0 the policy is printed; 1 a CoRIM is refused; 2 bad usage "
    "or no\n"
    "such file.\n";

struct request {
    struct atls_words keys, anchors;
    const char *name, *collateral, *at;
    bool is_partial;
    struct atls_voucher signers, vouched;
    char *folder;
};

static void request_clear(struct request *request)
{
    atls_voucher_clear(&request->signers);
    atls_voucher_clear(&request->vouched);
    free(request->folder);
}

static void tell(void *arg, const char *sentence)
{
    (void)arg;
    fputs("atls policy import: ", stderr);
    atls_terminal_put(stderr, sentence);
    fputc('\n', stderr);
}

/* Each file has a key, or whoever named it would believe that it counts. */
static enum atls_reason read_keys(const struct atls_words *files,
                                  struct atls_voucher *out,
                                  struct atls_why *why)
{
    for (unsigned i = 0; i < files->num; i++) {
        ATLS_AUTO_BUF file = atls_buf(ATLS_INPUT_MAX);
        size_t num_keys = out->num_keys;

        if (atls_input_read(files->items[i], &file, why) != ATLS_OK ||
            atls_voucher_take(out, atls_buf_view(&file), why) != ATLS_OK)
            return why->reason;
        if (out->num_keys == num_keys)
            return atls_why(why, ATLS_FILE_UNREADABLE,
                            "%s: want a public key or a certificate in PEM",
                            files->items[i]);
    }
    return ATLS_OK;
}

static enum atls_reason read_request(struct request *request,
                                     struct atls_why *why)
{
    if (read_keys(&request->keys, &request->signers, why) != ATLS_OK ||
        read_keys(&request->anchors, &request->vouched, why) != ATLS_OK)
        return why->reason;
    atls_buf_u8(&request->vouched.text, '\0');
    if (request->vouched.text.failed)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (request->collateral == NULL)
        return ATLS_OK;
    request->folder = realpath(request->collateral, NULL);
    return request->folder != NULL
               ? ATLS_OK
               : atls_why(why, ATLS_FILE_UNREADABLE, "%s: %s",
                          request->collateral, strerror(errno));
}

static int refused(const struct atls_why *why)
{
    (void)atls_usage_failed("policy import", why);
    return why->reason == ATLS_FILE_UNREADABLE ? ATLS_EXIT_USAGE : ATLS_EXIT_NO;
}

static enum atls_reason take_file(struct atls_import *import, const char *path,
                                  struct atls_why *why)
{
    ATLS_AUTO_BUF file = atls_buf(ATLS_INPUT_MAX);
    enum atls_reason reason = atls_input_read(path, &file, why);

    return reason == ATLS_OK
               ? atls_import_take(import, atls_buf_view(&file), path, why)
               : reason;
}

static int import_all(const struct atls_import_terms *terms, char **files)
{
    struct atls_import *import = atls_import_new(terms);
    enum atls_reason reason = ATLS_OK;
    ATLS_AUTO_HEAP char *text = NULL;
    struct atls_why why = {0};

    if (import == NULL)
        reason = atls_why(&why, ATLS_OUT_OF_MEMORY, NULL);
    for (; reason == ATLS_OK && *files != NULL; files++)
        reason = take_file(import, *files, &why);
    if (reason == ATLS_OK)
        reason = atls_import_policy(import, &text, &why);
    atls_import_free(import);
    if (reason != ATLS_OK)
        return refused(&why);
    return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? ATLS_EXIT_USAGE
                                                          : ATLS_EXIT_YES;
}

static int import_request(struct request *request, char **files)
{
    struct atls_import_terms terms = {
        .corim.now = time(NULL),
        .name = request->name != NULL ? request->name : "imported",
        .is_partial = request->is_partial,
        .tell = tell};
    struct atls_why why = {0};

    if (request->at != NULL && !atls_input_time(request->at, &terms.corim.now))
        return atls_usage_wrong("policy import",
                                "--at: want a time such as "
                                "2026-11-23T21:00:00Z, found \"%s\"",
                                request->at);
    if (terms.name[0] == '\0' || strlen(terms.name) > ATLS_IMPORT_MAX_NAME)
        return atls_usage_wrong("policy import",
                                "--name: want 1 to %d bytes, found %zu",
                                ATLS_IMPORT_MAX_NAME, strlen(terms.name));
    if (read_request(request, &why) != ATLS_OK)
        return refused(&why);
    terms.corim.keys = request->signers.keys;
    terms.corim.num_keys = request->signers.num_keys;
    terms.collateral = request->folder;
    if (request->vouched.num_keys > 0)
        terms.anchors = (const char *)request->vouched.text.data;
    return import_all(&terms, files);
}

int atls_policy_import(int argc, char **argv)
{
    __attribute__((cleanup(request_clear))) struct request request = {
        .signers = {.text = atls_buf(4 * ATLS_INPUT_MAX)},
        .vouched = {.text = atls_buf(4 * ATLS_INPUT_MAX)}};
    const struct atls_option options[] = {
        {"key", NULL, NULL, &request.keys},
        {"partial", &request.is_partial, NULL, NULL},
        {"trust-anchor", NULL, NULL, &request.anchors},
        {"collateral", NULL, &request.collateral, NULL},
        {"name", NULL, &request.name, NULL},
        {"at", NULL, &request.at, NULL},
        {0}};
    const struct atls_usage usage = {"policy import", help, 1, ATLS_WORDS_MAX};
    int status = atls_options_read(&usage, options, argc, argv);

    return status >= 0 ? status : import_request(&request, argv + optind);
}
