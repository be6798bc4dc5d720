/* SPDX-License-Identifier: Apache-2.0
 *
 * SGX Extensions ::= SEQUENCE OF SEQUENCE { OBJECT IDENTIFIER, value }, and the
 * same again for the TCB in it.
 */
#include "pck.h"

#include <string.h>

#include "chain.h"
#include "der.h"

enum {
    /* the last arcs of 1.2.840.113741.1.13.1 */
    TCB = 2,
    PCE_ID = 3,
    FMSPC = 4,
    /* of .2: .1 to .16 are components */
    PCE_SVN = 17
};

/* What has been seen: bit n for component n + 1, then PCESVN, PCEID, FMSPC. */
enum {
    HAS_PCE_SVN = 1 << 16,
    HAS_PCE_ID = 1 << 17,
    HAS_FMSPC = 1 << 18,
    HAS_ALL = (1 << 19) - 1
};

struct parsing {
    struct atls_pck *out;
    unsigned seen;
    bool failed;
};

/* An entry's arcs below 1.2.840.113741.1.13.1, and its value. */
struct entry {
    struct atls_view arcs, value;
    uint8_t tag;
};

static bool take_entry(struct atls_reader *in, struct entry *out)
{
    static const uint8_t root[] = {0x2a, 0x86, 0x48, 0x86, 0xf8,
                                   0x4d, 0x01, 0x0d, 0x01};
    struct atls_reader entry =
        atls_reader(atls_der_take(in, ATLS_DER_SEQUENCE));
    struct atls_view oid = atls_der_take(&entry, ATLS_DER_OID);

    out->value = atls_der_take_any(&entry, &out->tag);
    if (!atls_reader_done(&entry) || oid.len <= sizeof(root) ||
        memcmp(oid.data, root, sizeof(root)) != 0)
        return false;
    out->arcs = atls_view(oid.data + sizeof(root), oid.len - sizeof(root));
    return true;
}

static void mark(struct parsing *parsing, unsigned what)
{
    parsing->failed = parsing->failed || (parsing->seen & what) != 0;
    parsing->seen |= what;
}

static unsigned integer_of(struct parsing *parsing, const struct entry *entry,
                           unsigned max)
{
    unsigned value = 0;

    if (entry->tag != ATLS_DER_INTEGER || entry->value.len == 0 ||
        entry->value.len > 3 || entry->value.data[0] >= 0x80)
        parsing->failed = true;
    for (size_t i = 0; !parsing->failed && i < entry->value.len; i++)
        value = value << 8 | entry->value.data[i];
    parsing->failed = parsing->failed || value > max;
    return value;
}

static void take_svn(struct parsing *parsing, const struct entry *entry)
{
    uint8_t arc = entry->arcs.len == 2 ? entry->arcs.data[1] : 0;

    if (entry->arcs.data[0] != TCB || arc == 0)
        parsing->failed = true;
    else if (arc <= ATLS_PCK_SVNS) {
        parsing->out->svns[arc - 1] =
            (uint8_t)integer_of(parsing, entry, UINT8_MAX);
        mark(parsing, 1u << (arc - 1));
    } else if (arc == PCE_SVN) {
        parsing->out->pce_svn =
            (uint16_t)integer_of(parsing, entry, UINT16_MAX);
        mark(parsing, HAS_PCE_SVN);
    } /* else CPUSVN: the same as the components, unordered */
}

static void take_tcb(struct parsing *parsing, const struct entry *tcb)
{
    struct atls_reader in = atls_reader(tcb->value);
    struct entry entry;

    parsing->failed = parsing->failed || tcb->tag != ATLS_DER_SEQUENCE;
    while (!parsing->failed && atls_reader_more(&in))
        if (take_entry(&in, &entry))
            take_svn(parsing, &entry);
        else
            parsing->failed = true;
}

static void take_octets(struct parsing *parsing, const struct entry *entry,
                        uint8_t *out, size_t len, unsigned what)
{
    if (entry->tag != ATLS_DER_OCTET_STRING || entry->value.len != len)
        parsing->failed = true;
    else
        memcpy(out, entry->value.data, len);
    mark(parsing, what);
}

static void take_value(struct parsing *parsing, const struct entry *entry)
{
    uint8_t arc = entry->arcs.len == 1 ? entry->arcs.data[0] : 0;

    if (arc == TCB)
        take_tcb(parsing, entry);
    else if (arc == PCE_ID)
        take_octets(parsing, entry, parsing->out->pce_id, ATLS_PCK_PCE_ID,
                    HAS_PCE_ID);
    else if (arc == FMSPC)
        take_octets(parsing, entry, parsing->out->fmspc, ATLS_PCK_FMSPC,
                    HAS_FMSPC);
}

static bool read_extension(struct atls_view der, struct atls_pck *out)
{
    struct parsing parsing = {.out = out};
    struct atls_reader whole = atls_reader(der);
    struct atls_reader in =
        atls_reader(atls_der_take(&whole, ATLS_DER_SEQUENCE));
    struct entry entry;

    while (!parsing.failed && atls_reader_more(&in))
        if (take_entry(&in, &entry))
            take_value(&parsing, &entry);
        else
            parsing.failed = true;
    return atls_reader_done(&whole) && !parsing.failed &&
           parsing.seen == HAS_ALL;
}

enum atls_reason atls_pck_read(const X509 *certificate, struct atls_pck *out,
                               struct atls_why *why)
{
    struct atls_view value =
        atls_chain_extension(certificate, "1.2.840.113741.1.13.1");

    *out = (struct atls_pck){0};
    if (value.data == NULL)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "quote: want a PCK certificate first in its chain, "
                        "found one without SGX extensions");
    if (!read_extension(value, out))
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "quote: PCK certificate: want its TCB, PCEID and "
                        "FMSPC, found SGX extensions without");
    return ATLS_OK;
}
