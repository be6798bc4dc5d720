/* SPDX-License-Identifier: Apache-2.0
 *
 * atls collateral fetch: what to fetch is said by Evidence, by options, or by
 * the folder itself.
 */
#include "cli/collateral.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/rand.h>

#include "base64url.h"
#include "cli/command.h"
#include "cli/fetcher.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/terminal.h"
#include "cmw.h"
#include "evidence.h"

static const char help[] =
    "usage: atls collateral fetch [OPTION]... FOLDER [EVIDENCE]...\n"
    "Brings into FOLDER what it takes to judge EVIDENCE, a file or an attest: "
    "URI;\n"
    "without, and without the first five options, it renews what FOLDER has. "
    "What\n"
    "comes is verified up to AMD's or Intel's root and put there in one step; "
    "what\n"
    "is there stays when something is wrong with it.\n"
    "  --product NAME      Milan, Genoa or Turin: its chain and CRL; with "
    "--chip-id\n"
    "  --chip-id HEX       and --tcb HEX (as in a report), the VCEK of a chip; "
    "or,\n"
    "  --vlek              the chain and CRL of its VLEKs\n"
    "  --fmspc HEX         CRLs, TCB info and QE identity of Intel's "
    "platforms, "
    "of\n"
    "  --tee NAME          tdx (default) or sgx, and of\n"
    "  --pck-ca NAME       platform (default) or processor\n"
    "  --kds URL           a cache of https://kdsintf.amd.com\n"
    "  --pcs URL           a PCCS, in place of Intel's servers\n"
    "  --ca PEM            whose certificates these servers have\n"
    "  --trust-anchor PEM  these roots in place of AMD's and Intel's\n"
    "  --at TIME           judge at this time (default: now)\n"
    "  --json              what came of each, as a JSON object\n"
    "  --help              this\n"
    "Exit status: 0 all of it is there, 1 something is not, 2 bad usage or "
    "file.\n";

enum { NONCE = 32 };

struct request {
    const char *product, *chip, *tcb, *fmspc, *tee, *ca, *at;
    bool is_vlek, as_json;
    struct atls_words anchors;
    struct atls_fetcher fetcher;
    struct atls_wants wants;
};

static int wrong_option(const char *option, const char *want, const char *found)
{
    return atls_usage_wrong("collateral fetch", "--%s: want %s, found \"%s\"",
                            option, want, found);
}

static bool read_bytes(const char *text, size_t len, uint8_t *out)
{
    ATLS_AUTO_BUF bytes = atls_buf(len);

    if (!atls_hex_decode(atls_view_text(text), &bytes) || bytes.len != len)
        return false;
    memcpy(out, bytes.data, len);
    return true;
}

static int want_product(struct request *request)
{
    struct atls_want want = {.kind = ATLS_WANT_AMD_CHAIN,
                             .product = request->wants.product,
                             .key = request->is_vlek ? ATLS_SNP_VLEK
                                                     : ATLS_SNP_VCEK};
    size_t len = want.product == ATLS_SNP_TURIN ? 8 : ATLS_SNP_HWID;

    atls_wants_add(&request->wants, &want);
    want.kind = ATLS_WANT_AMD_CRL;
    atls_wants_add(&request->wants, &want);
    if (request->chip == NULL)
        return -1;
    want.kind = ATLS_WANT_VCEK;
    if (!read_bytes(request->chip, len, want.chip) &&
        !read_bytes(request->chip, ATLS_SNP_HWID, want.chip))
        return wrong_option("chip-id", "64 bytes in hex (Turin: 8)",
                            request->chip);
    if (!read_bytes(request->tcb, ATLS_SNP_TCB, want.tcb))
        return wrong_option("tcb", "8 bytes in hex", request->tcb);
    atls_wants_add(&request->wants, &want);
    return -1;
}

static int want_platform(struct request *request)
{
    bool is_sgx = request->tee != NULL && strcmp(request->tee, "sgx") == 0;
    bool is_processor =
        request->ca != NULL && strcmp(request->ca, "processor") == 0;
    struct atls_want want = {.is_td = !is_sgx, .is_processor = is_processor};

    if (request->tee != NULL && !is_sgx && strcmp(request->tee, "tdx") != 0)
        return wrong_option("tee", "tdx or sgx", request->tee);
    if (request->ca != NULL && !is_processor &&
        strcmp(request->ca, "platform") != 0)
        return wrong_option("pck-ca", "platform or processor", request->ca);
    if (!read_bytes(request->fmspc, ATLS_PCK_FMSPC, want.fmspc))
        return wrong_option("fmspc", "6 bytes in hex", request->fmspc);
    for (int kind = ATLS_WANT_PCK_CRL; kind <= ATLS_WANT_QE_IDENTITY; kind++) {
        want.kind = (enum atls_want_kind)kind;
        atls_wants_add(&request->wants, &want);
    }
    return -1;
}

static int check_words(struct request *request)
{
    if ((request->chip == NULL) != (request->tcb == NULL))
        return atls_usage_wrong("collateral fetch",
                                "--chip-id and --tcb go together");
    if (request->product == NULL && (request->chip != NULL || request->is_vlek))
        return atls_usage_wrong("collateral fetch", "--product is missing");
    if (request->chip != NULL && request->is_vlek)
        return atls_usage_wrong("collateral fetch",
                                "--vlek: AMD gives a VLEK to the cloud "
                                "provider, by no chip");
    if (request->fmspc == NULL && (request->tee != NULL || request->ca != NULL))
        return atls_usage_wrong("collateral fetch", "--fmspc is missing");
    if (request->at != NULL &&
        !atls_input_time(request->at, &request->fetcher.now))
        return wrong_option("at", "a time such as 2026-11-23T21:00:00Z",
                            request->at);
    for (int i = ATLS_SNP_MILAN;
         request->product != NULL && i < ATLS_SNP_NUM_PRODUCTS; i++)
        if (strcmp(atls_snp_product_names[i], request->product) == 0)
            request->wants.product = (enum atls_snp_product)i;
    if (request->product != NULL && request->wants.product == ATLS_SNP_UNKNOWN)
        return wrong_option("product", "Milan, Genoa or Turin",
                            request->product);
    return -1;
}

static enum atls_reason get_evidence(const char *name, struct atls_buf *cmw,
                                     struct atls_why *why)
{
    ATLS_AUTO_SOURCE source = {0};
    ATLS_AUTO_BUF file = atls_buf(ATLS_INPUT_MAX);
    uint8_t nonce[NONCE];
    enum atls_reason reason;

    if (!atls_source_is_uri(name)) {
        reason = atls_input_read(name, &file, why);
        return reason == ATLS_OK
                   ? atls_input_evidence(atls_buf_view(&file), cmw)
                   : reason;
    }
    if (RAND_bytes(nonce, sizeof(nonce)) != 1)
        return atls_why(why, ATLS_CRYPTO_FAILED, NULL);
    reason = atls_source_open(name, &source, why);
    return reason == ATLS_OK
               ? atls_source_quote(&source, atls_view(nonce, sizeof(nonce)),
                                   cmw, why)
               : reason;
}

static int want_evidence(struct request *request, const char *name)
{
    ATLS_AUTO_BUF cmw = atls_buf(ATLS_INPUT_MAX + 512);
    struct atls_evidence *evidence = NULL;
    struct atls_why why = {0}, found = {0};
    enum atls_reason reason = get_evidence(name, &cmw, &why);

    if (reason == ATLS_OK && atls_evidence_parse(atls_buf_view(&cmw), NULL,
                                                 &evidence, &found) != ATLS_OK)
        reason = atls_why(&why, found.reason, "%s: %s", name, found.text);
    if (reason != ATLS_OK) {
        atls_why(&why, reason, NULL);
        return atls_usage_failed("collateral fetch", &why);
    }
    atls_wants_of_evidence(&request->wants, evidence);
    atls_evidence_free(evidence);
    return -1;
}

/* Of a report that does not say its product, --product is only that. */
static int gather(struct request *request, int argc, char **argv)
{
    bool is_renewal =
        argc == 0 && request->product == NULL && request->fmspc == NULL;
    int code = -1;

    for (int i = 0; code < 0 && i < argc; i++)
        code = want_evidence(request, argv[i]);
    if (code < 0 && request->product != NULL &&
        (argc == 0 || request->chip != NULL || request->is_vlek))
        code = want_product(request);
    if (code < 0 && request->fmspc != NULL)
        code = want_platform(request);
    if (is_renewal)
        atls_renewal_wants(&request->wants, &request->fetcher.stock);
    if (code >= 0 || !is_renewal || request->wants.num > 0)
        return code;
    return atls_usage_wrong("collateral fetch",
                            "%s: nothing there to renew: name Evidence to "
                            "fetch for",
                            request->fetcher.folder);
}

static void take_problem(void *arg, const char *sentence)
{
    (void)arg;
    fputs("atls collateral fetch: ", stderr);
    atls_terminal_put(stderr, sentence);
    fputc('\n', stderr);
}

static const char *text_of(const json_t *item, const char *key)
{
    const char *text = json_string_value(json_object_get(item, key));

    return text != NULL ? text : "";
}

static void print_item(const json_t *item)
{
    const char *outcome = text_of(item, "outcome");
    bool is_bad = json_object_get(item, "reason") != NULL;

    atls_terminal_paint(stdout, is_bad ? ATLS_RED : ATLS_GREEN, outcome);
    printf("%*s", 9 - (int)strlen(outcome), "");
    if (!is_bad) {
        atls_terminal_put(stdout, text_of(item, "what"));
        printf(", until %s", text_of(item, "until"));
    }
    if (*text_of(item, "file") != '\0')
        printf(": %s", text_of(item, "file"));
    if (*text_of(item, "text") != '\0' && !is_bad)
        fputs(": ", stdout);
    atls_terminal_put(stdout, text_of(item, "text"));
    putchar('\n');
}

static int print(const struct request *request)
{
    const struct atls_fetcher *fetcher = &request->fetcher;
    ATLS_AUTO(json_t) *report = json_object();
    bool is_good = fetcher->num_bad == 0 && !request->wants.has_more;
    size_t i;
    json_t *item;

    if (request->as_json) {
        atls_output_add(report, "is_good", json_boolean(is_good));
        atls_output_set(report, "folder", "%s", fetcher->folder);
        atls_output_add(report, "items", json_incref(fetcher->items));
        return atls_output_print(report, true,
                                 is_good ? ATLS_EXIT_YES : ATLS_EXIT_NO);
    }
    json_array_foreach(fetcher->items, i, item)
    {
        print_item(item);
    }
    if (json_array_size(fetcher->items) == 0)
        puts("Evidence of this format needs no collateral");
    if (request->wants.has_more)
        printf("more than %d were wanted, and not fetched\n", ATLS_WANTS_MAX);
    return fflush(stdout) != 0 ? ATLS_EXIT_USAGE
           : is_good           ? ATLS_EXIT_YES
                               : ATLS_EXIT_NO;
}

static int run(struct request *request, int argc, char **argv)
{
    struct atls_fetcher *fetcher = &request->fetcher;
    struct atls_why why = {0};
    enum atls_reason reason;
    int code;

    fetcher->folder = argv[0];
    reason = atls_fetcher_open(fetcher, take_problem, NULL, &why);
    for (unsigned i = 0; reason == ATLS_OK && i < request->anchors.num; i++)
        reason = atls_fetcher_trust(fetcher, request->anchors.items[i], &why);
    if (reason != ATLS_OK)
        return atls_usage_failed("collateral fetch", &why);
    code = gather(request, argc - 1, argv + 1);
    if (code >= 0)
        return code;
    atls_fetcher_run(fetcher, &request->wants);
    return print(request);
}

int atls_collateral_fetch(int argc, char **argv)
{
    static struct request request; /* too large for the stack */
    const struct atls_option options[] = {
        {"product", NULL, &request.product, NULL},
        {"chip-id", NULL, &request.chip, NULL},
        {"tcb", NULL, &request.tcb, NULL},
        {"vlek", &request.is_vlek, NULL, NULL},
        {"fmspc", NULL, &request.fmspc, NULL},
        {"tee", NULL, &request.tee, NULL},
        {"pck-ca", NULL, &request.ca, NULL},
        {"kds", NULL, &request.fetcher.kds, NULL},
        {"pcs", NULL, &request.fetcher.pcs, NULL},
        {"ca", NULL, &request.fetcher.ca, NULL},
        {"trust-anchor", NULL, NULL, &request.anchors},
        {"at", NULL, &request.at, NULL},
        {"json", &request.as_json, NULL, NULL},
        {0}};
    const struct atls_usage usage = {"collateral fetch", help, 1, 1 + 16};
    int code = atls_options_read(&usage, options, argc, argv);

    request.fetcher.now = (int64_t)time(NULL);
    if (code < 0)
        code = check_words(&request);
    if (code < 0)
        code = run(&request, argc - optind, argv + optind);
    atls_fetcher_close(&request.fetcher);
    return code;
}
