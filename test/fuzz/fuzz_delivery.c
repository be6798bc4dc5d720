/* SPDX-License-Identifier: Apache-2.0
 *
 * What a maker's server, or a cache of it, answers: which want it is for
 * (u8), the header (u16 length), the body. Every certificate that comes is
 * trusted, so that a whole delivery gets as far as its signature.
 */
#include "fuzz.h"

#include <string.h>

#include "bytes.h"
#include "chain.h"
#include "delivery.h"

const char fuzz_target[] = "delivery";

enum { NOW = 1796083200, MAX_FILE = 1 << 20 }; /* 2026-12-01, of the seeds */

static void trust(STACK_OF(X509) * roots, struct atls_view text)
{
    if (text.len > 0)
        (void)!atls_chain_read(text, roots, NULL);
}

/* The seeds' header, whose PEM is in %-encoding. */
static void trust_header(STACK_OF(X509) * roots, struct atls_view header)
{
    ATLS_AUTO_BUF text = atls_buf(MAX_FILE);

    for (size_t i = 0; i < header.len; i++) {
        static const char hex[] = "0123456789ABCDEF";
        const char *high, *low;

        if (header.data[i] != '%' || header.len - i < 3) {
            atls_buf_u8(&text, header.data[i]);
            continue;
        }
        high = memchr(hex, header.data[i + 1], 16);
        low = memchr(hex, header.data[i + 2], 16);
        if (high == NULL || low == NULL)
            return;
        atls_buf_u8(&text, (uint8_t)((high - hex) << 4 | (low - hex)));
        i += 2;
    }
    trust(roots, atls_buf_view(&text));
}

static struct atls_want want_of(uint8_t byte)
{
    static const uint8_t fmspc[ATLS_PCK_FMSPC] = {0x50, 0x80, 0x6f};
    static const uint8_t tcb[ATLS_SNP_TCB] = {4, 0, 0, 0, 0, 0, 24, 217};
    struct atls_want want = {.kind =
                                 (enum atls_want_kind)(byte % ATLS_WANT_KINDS),
                             .product = ATLS_SNP_MILAN,
                             .is_td = (byte & 0x10) == 0,
                             .is_processor = (byte & 0x20) != 0};

    memcpy(want.fmspc, fmspc, sizeof(fmspc));
    memcpy(want.tcb, tcb, sizeof(tcb));
    memset(want.chip, 0xc1, sizeof(want.chip));
    return want;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ATLS_AUTO_CHAIN STACK_OF(X509) *roots = sk_X509_new_null();
    struct atls_reader in = atls_reader(atls_view(data, size));
    struct atls_want want = want_of(atls_reader_u8(&in) & 0x37);
    struct atls_view header = atls_reader_u16_block(&in);
    struct atls_view body = atls_reader_bytes(&in, in.left);
    const struct atls_delivery delivery = {.body = body, .chain = header};
    const struct atls_delivery_terms terms = {
        .roots = roots, .known = roots, .now = NOW};
    struct atls_delivered delivered;
    struct atls_why why = {0};

    if (in.failed)
        return 0;
    fuzz_must(roots != NULL);
    trust(roots, body);
    trust_header(roots, header);
    fuzz_must(atls_delivery_check(&want, &delivery, &terms, &delivered, &why) ==
              why.reason);
    fuzz_must(why.reason != ATLS_OK ||
              (delivered.file.len > 0 && delivered.issued <= NOW &&
               delivered.next > NOW));
    atls_delivered_clear(&delivered);
    return 0;
}
