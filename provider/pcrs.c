/* SPDX-License-Identifier: Apache-2.0
 *
 * PCR selections as text.
 */
#include "provider/pcrs.h"

#include <string.h>

static const struct {
    const char *name;
    uint16_t algorithm; /* TCG Algorithm Registry; SHA-1 is not accepted */
} banks[] = {
    {"sha256", 0x000b},   {"sha384", 0x000c},   {"sha512", 0x000d},
    {"sha3_256", 0x0027}, {"sha3_384", 0x0028}, {"sha3_512", 0x0029},
};
#define NUM_BANKS (sizeof(banks) / sizeof(banks[0]))

const char *atls_pcrs_bank_name(uint16_t algorithm)
{
    for (unsigned i = 0; i < NUM_BANKS; i++)
        if (banks[i].algorithm == algorithm)
            return banks[i].name;
    return "?";
}

static uint16_t find_bank(struct atls_view name)
{
    for (unsigned i = 0; i < NUM_BANKS; i++)
        if (atls_view_is(name, banks[i].name))
            return banks[i].algorithm;
    return 0;
}

/* Takes what stands before separator; leaves what stands behind it. */
static struct atls_view take_until(const char **at, const char *separators)
{
    struct atls_view word = atls_view(*at, strcspn(*at, separators));

    *at += word.len;
    return word;
}

/* One or two digits, 0 to 23; -1 for anything else. */
static int take_index(const char **at)
{
    int value = 0, digits = 0;

    for (; **at >= '0' && **at <= '9' && digits < 3; (*at)++, digits++)
        value = value * 10 + (**at - '0');
    return digits >= 1 && digits <= 2 && value < ATLS_PCRS_NUM ? value : -1;
}

/* "0-7" or "14" */
static bool take_range(const char **at, uint32_t *indices)
{
    int first = take_index(at), last = first;

    if (first >= 0 && **at == '-') {
        (*at)++;
        last = take_index(at);
    }
    if (first < 0 || last < first)
        return false;
    for (int i = first; i <= last; i++)
        *indices |= UINT32_C(1) << i;
    return true;
}

static bool take_indices(const char **at, uint32_t *indices)
{
    if (!take_range(at, indices))
        return false;
    while (**at == ',') {
        (*at)++;
        if (!take_range(at, indices))
            return false;
    }
    return **at == '\0' || **at == '+';
}

static bool is_repeated(const struct atls_pcrs *pcrs, uint16_t algorithm)
{
    for (unsigned i = 0; i < pcrs->num_banks; i++)
        if (pcrs->banks[i].algorithm == algorithm)
            return true;
    return false;
}

/* By algorithm, whatever order they were named in: one selection, one quote. */
static void insert_sorted(struct atls_pcrs *pcrs, struct atls_pcr_bank bank)
{
    unsigned at = pcrs->num_banks++;

    for (; at > 0 && pcrs->banks[at - 1].algorithm > bank.algorithm; at--)
        pcrs->banks[at] = pcrs->banks[at - 1];
    pcrs->banks[at] = bank;
}

static enum atls_reason take_bank(const char **at, struct atls_pcrs *pcrs,
                                  struct atls_why *why)
{
    struct atls_view name = take_until(at, ":+");
    struct atls_pcr_bank bank = {.algorithm = find_bank(name)};

    if (bank.algorithm == 0)
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "pcrs: bank \"%.*s\": want sha256, sha384, sha512 or "
                        "sha3_...",
                        (int)name.len, (const char *)name.data);
    if (is_repeated(pcrs, bank.algorithm) ||
        pcrs->num_banks == ATLS_PCRS_MAX_BANKS)
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "pcrs: want at most %d banks, each once",
                        ATLS_PCRS_MAX_BANKS);
    if (*(*at) == ':')
        (*at)++;
    if (!take_indices(at, &bank.indices))
        return atls_why(why, ATLS_ATTESTER_OPTION,
                        "pcrs: want indices 0 to 23 like 0-7,14 after "
                        "%s:, seen \"%s\"",
                        atls_pcrs_bank_name(bank.algorithm), *at);
    insert_sorted(pcrs, bank);
    return ATLS_OK;
}

enum atls_reason atls_pcrs_parse(const char *text, struct atls_pcrs *out,
                                 struct atls_why *why)
{
    enum atls_reason reason;

    *out = (struct atls_pcrs){.num_banks = 0};
    for (;;) {
        reason = take_bank(&text, out, why);
        if (reason != ATLS_OK || *text == '\0')
            return reason;
        text++; /* the + */
    }
}
