/* SPDX-License-Identifier: Apache-2.0
 *
 * A quote, field by field.
 */
#include "quote.h"

enum {
    KEY_P256 = 2,
    TEE_SGX = 0x00,
    TEE_TDX = 0x81,
    BODY_ENCLAVE = 1,
    BODY_TD10 = 2,
    BODY_TD15 = 3,
    CERTIFICATION_CHAIN = 5, /* PCK certificate chain in PEM */
    CERTIFICATION_QE = 6,    /* QE report, which holds one of the others */
    ECDSA = 64               /* bytes of r || s, and of x || y */
};

static uint16_t take_u16(struct atls_reader *in)
{
    uint16_t value = atls_reader_u16(in);

    return (uint16_t)(value << 8 | value >> 8);
}

static uint32_t take_u32(struct atls_reader *in)
{
    return __builtin_bswap32(atls_reader_u32(in));
}

bool atls_quote_is_zero(struct atls_view bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.data[i] != 0)
            return false;
    return true;
}

static void skip(struct atls_reader *in, size_t len)
{
    (void)atls_reader_bytes(in, len);
}

static void take_enclave(struct atls_view body, struct atls_quote_enclave *out)
{
    struct atls_reader in = atls_reader(body);

    out->cpu_svn = atls_reader_bytes(&in, ATLS_QUOTE_SVNS);
    out->misc_select = atls_reader_bytes(&in, 4);
    skip(&in, 12);
    out->ext_prod_id = atls_reader_bytes(&in, 16);
    out->attributes = atls_reader_bytes(&in, 16);
    out->mr_enclave = atls_reader_bytes(&in, 32);
    skip(&in, 32);
    out->mr_signer = atls_reader_bytes(&in, 32);
    skip(&in, 32);
    out->config_id = atls_reader_bytes(&in, 64);
    out->prod_id = take_u16(&in);
    out->svn = take_u16(&in);
    out->config_svn = take_u16(&in);
    skip(&in, 42);
    out->family_id = atls_reader_bytes(&in, 16);
    out->report_data = atls_reader_bytes(&in, ATLS_QUOTE_REPORT_DATA);
    out->flags = atls_view(out->attributes.data, 8);
    out->xfrm = atls_view(out->attributes.data + 8, 8);
}

static void take_td(struct atls_view body, struct atls_quote_td *out)
{
    struct atls_reader in = atls_reader(body);

    out->tee_tcb_svn = atls_reader_bytes(&in, ATLS_QUOTE_SVNS);
    out->mr_seam = atls_reader_bytes(&in, ATLS_QUOTE_MR);
    out->mr_signer_seam = atls_reader_bytes(&in, ATLS_QUOTE_MR);
    out->seam_attributes = atls_reader_bytes(&in, 8);
    out->attributes = atls_reader_bytes(&in, 8);
    out->xfam = atls_reader_bytes(&in, 8);
    out->mr_td = atls_reader_bytes(&in, ATLS_QUOTE_MR);
    out->mr_config_id = atls_reader_bytes(&in, ATLS_QUOTE_MR);
    out->mr_owner = atls_reader_bytes(&in, ATLS_QUOTE_MR);
    out->mr_owner_config = atls_reader_bytes(&in, ATLS_QUOTE_MR);
    for (unsigned i = 0; i < 4; i++)
        out->rtmr[i] = atls_reader_bytes(&in, ATLS_QUOTE_MR);
    out->report_data = atls_reader_bytes(&in, ATLS_QUOTE_REPORT_DATA);
    if (body.len < ATLS_QUOTE_TD15)
        return;
    out->tee_tcb_svn2 = atls_reader_bytes(&in, ATLS_QUOTE_SVNS);
    out->mr_service_td = atls_reader_bytes(&in, ATLS_QUOTE_MR);
}

static enum atls_reason short_quote(struct atls_why *why)
{
    return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                    "quote: want all of it, found less than its lengths say");
}

/* A zero-initialised key would be this one; so would another vendor's QE. */
static enum atls_reason check_maker(uint16_t key, struct atls_view vendor,
                                    struct atls_why *why)
{
    static const uint8_t intel[] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c,
                                    0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3,
                                    0x95, 0x7f, 0x06, 0x07};

    if (key != KEY_P256)
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "quote: want attestation key type %d (ECDSA on P-256), "
                        "found %u",
                        KEY_P256, key);
    if (!atls_view_equal(vendor, atls_view(intel, sizeof(intel))))
        return atls_why(why, ATLS_ALGORITHM_UNSUPPORTED,
                        "quote: want Intel's quoting enclave, found another "
                        "vendor's");
    return ATLS_OK;
}

static enum atls_reason take_header(struct atls_reader *in,
                                    struct atls_quote *out,
                                    struct atls_why *why)
{
    uint16_t key;
    uint32_t tee;
    struct atls_view vendor;

    out->version = take_u16(in);
    key = take_u16(in);
    tee = take_u32(in);
    skip(in, 4); /* version 3: SVNs of QE and PCE, which other fields have */
    vendor = atls_reader_bytes(in, 16);
    skip(in, 20); /* user data */
    if (in->failed)
        return short_quote(why);
    if (out->version < 3 || out->version > 5)
        return atls_why(why, ATLS_FORMAT_UNKNOWN,
                        "quote: want version 3, 4 or 5, found %u",
                        out->version);
    out->is_td = tee == TEE_TDX;
    if (tee != TEE_SGX && (tee != TEE_TDX || out->version == 3))
        return atls_why(why, ATLS_FORMAT_UNKNOWN,
                        "quote: want TEE type 0 (SGX) or, from version 4 on, "
                        "0x81 (TDX), found %#x in version %u",
                        (unsigned)tee, out->version);
    return check_maker(key, vendor, why);
}

/* Version 5 names the body: a type and its length. 0: one that we do not know,
 * or of another TEE than the header's. */
static size_t body_len_of(struct atls_reader *in,
                          const struct atls_quote *quote)
{
    uint16_t type;
    uint32_t len;
    size_t known = 0;

    if (quote->version < 5)
        return quote->is_td ? ATLS_QUOTE_TD10 : ATLS_QUOTE_ENCLAVE;
    type = take_u16(in);
    len = take_u32(in);
    if (type == BODY_ENCLAVE && !quote->is_td)
        known = ATLS_QUOTE_ENCLAVE;
    if (type == BODY_TD10 && quote->is_td)
        known = ATLS_QUOTE_TD10;
    if (type == BODY_TD15 && quote->is_td)
        known = ATLS_QUOTE_TD15;
    return len == known ? known : 0;
}

static enum atls_reason take_body(struct atls_reader *in,
                                  struct atls_quote *out, struct atls_why *why)
{
    size_t len = body_len_of(in, out);

    if (in->failed)
        return short_quote(why);
    if (len == 0)
        return atls_why(why, ATLS_FORMAT_UNKNOWN,
                        "quote: version 5: want the body of an enclave, of a "
                        "TD of TDX 1.0 or of 1.5, in its length, found "
                        "another");
    out->body = atls_reader_bytes(in, len);
    if (in->failed)
        return short_quote(why);
    if (out->is_td)
        take_td(out->body, &out->td);
    else
        take_enclave(out->body, &out->enclave);
    return ATLS_OK;
}

static struct atls_view take_block(struct atls_reader *in)
{
    uint32_t len = take_u32(in);

    return atls_reader_bytes(in, len);
}

/* Certification data: what kind, and its bytes. */
static struct atls_view take_certification(struct atls_reader *in,
                                           uint16_t *type)
{
    *type = take_u16(in);
    return take_block(in);
}

/* The names of Intel SGX ECDSA QuoteLibReference, A.4, table 9. */
static const char *certification_name(uint16_t type)
{
    static const char *const names[] = {
        "nothing",
        "PPID in plain text",
        "PPID encrypted with RSA-2048",
        "PPID encrypted with RSA-3072",
        "a PCK certificate alone",
        "a PCK certificate chain",
        "a QE report",
        "a platform manifest",
    };

    return type < sizeof(names) / sizeof(names[0]) ? names[type] : "unknown";
}

static enum atls_reason wrong_certification(uint16_t want, uint16_t seen,
                                            struct atls_why *why)
{
    return atls_why(why, ATLS_CHAIN_MISSING,
                    "quote: certification data: want type %u (%s), found %u "
                    "(%s): the attester's quoting library must be given its "
                    "PCK certificate",
                    want, certification_name(want), seen,
                    certification_name(seen));
}

static enum atls_reason take_qe(struct atls_reader *in, struct atls_quote *out,
                                struct atls_why *why)
{
    uint16_t len, type;

    out->qe_report = atls_reader_bytes(in, ATLS_QUOTE_ENCLAVE);
    out->qe_signature = atls_reader_bytes(in, ECDSA);
    len = take_u16(in);
    out->qe_auth = atls_reader_bytes(in, len);
    out->chain = take_certification(in, &type);
    if (!atls_reader_done(in))
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "quote: QE report: want its certification data and "
                        "nothing more, found lengths that disagree");
    take_enclave(out->qe_report, &out->qe);
    if (type != CERTIFICATION_CHAIN)
        return wrong_certification(CERTIFICATION_CHAIN, type, why);
    return ATLS_OK;
}

/* From version 4 on the QE report is certification data itself. */
static enum atls_reason take_signature(struct atls_view data,
                                       struct atls_quote *out,
                                       struct atls_why *why)
{
    struct atls_reader in = atls_reader(data), inner;
    struct atls_view certification;
    uint16_t type;

    out->signature = atls_reader_bytes(&in, ECDSA);
    out->key = atls_reader_bytes(&in, ECDSA);
    if (out->version == 3)
        return in.failed ? short_quote(why) : take_qe(&in, out, why);
    certification = take_certification(&in, &type);
    if (!atls_reader_done(&in))
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "quote: signature data: want a QE report and nothing "
                        "more, found lengths that disagree");
    if (type != CERTIFICATION_QE)
        return wrong_certification(CERTIFICATION_QE, type, why);
    inner = atls_reader(certification);
    return take_qe(&inner, out, why);
}

enum atls_reason atls_quote_parse(struct atls_view bytes,
                                  struct atls_quote *out, struct atls_why *why)
{
    struct atls_reader in = atls_reader(bytes);
    struct atls_view signature;
    enum atls_reason reason;

    *out = (struct atls_quote){0};
    if (bytes.len > ATLS_QUOTE_MAX)
        return atls_why(why, ATLS_EVIDENCE_MALFORMED,
                        "quote: want at most %d bytes, found %zu",
                        ATLS_QUOTE_MAX, bytes.len);
    reason = take_header(&in, out, why);
    if (reason == ATLS_OK)
        reason = take_body(&in, out, why);
    if (reason != ATLS_OK)
        return reason;
    out->signed_bytes = atls_view(bytes.data, bytes.len - in.left);
    signature = take_block(&in);
    if (in.failed)
        return short_quote(why);
    out->trailing = atls_reader_bytes(&in, in.left);
    return take_signature(signature, out, why);
}

bool atls_quote_resembles(struct atls_view bytes)
{
    struct atls_reader in = atls_reader(bytes);
    struct atls_quote quote = {0};

    return take_header(&in, &quote, NULL) == ATLS_OK;
}
