/* SPDX-License-Identifier: Apache-2.0
 *
 * Deliveries, each kind checked by the code that appraises with it.
 */
#include "delivering.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base64url.h"
#include "chain.h"

enum { MAX_CHAIN = 65536, MAX_FILE = 1 << 20 };

ATLS_AUTO_FREE(BIO, BIO_free_all)

void atls_delivered_clear(struct atls_delivered *delivered)
{
    atls_buf_clear(&delivered->file);
    atls_chain_stack_free(delivered->certificates);
    X509_CRL_free(delivered->crl);
    delivered->certificates = NULL;
    delivered->crl = NULL;
}

enum atls_reason atls_delivering_wrong(const struct atls_delivering *delivering,
                                       const char *want, struct atls_why *why)
{
    return atls_why(why, ATLS_COLLATERAL_INVALID,
                    "%s: want %s, something else came: is the URL right?",
                    delivering->what, want);
}

static bool push(STACK_OF(X509) * stack, X509 *certificate)
{
    if (stack == NULL || X509_up_ref(certificate) != 1)
        return false;
    if (sk_X509_push(stack, certificate) > 0)
        return true;
    X509_free(certificate);
    return false;
}

/* What ends chains: what was given, or the maker's root where it came along. */
static bool add_roots(struct atls_delivering *delivering, STACK_OF(X509) * from)
{
    enum atls_vendor vendor = atls_want_source(delivering->want, false).vendor;

    for (int i = 0; i < sk_X509_num(from); i++) {
        X509 *certificate = sk_X509_value(from, i);

        if ((delivering->terms->roots != NULL ||
             atls_vendor_root_is(vendor, certificate)) &&
            !push(delivering->anchors.roots, certificate))
            return false;
    }
    return true;
}

enum atls_reason atls_delivering_open_roots(struct atls_delivering *delivering,
                                            struct atls_why *why)
{
    const struct atls_delivery_terms *terms = delivering->terms;
    bool is_good = add_roots(delivering, terms->roots != NULL ? terms->roots
                                                              : terms->known);

    if (terms->roots == NULL)
        is_good =
            is_good && add_roots(delivering, delivering->out->certificates);
    if (!is_good)
        return atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    if (sk_X509_num(delivering->anchors.roots) > 0)
        return ATLS_OK;
    return atls_why(why, ATLS_CHAIN_UNTRUSTED,
                    "%s: want its maker's root certificate with it, found "
                    "another or none: name the root that you trust by "
                    "--trust-anchor",
                    delivering->what);
}

/* A CRL that is not there, or past its time, says nothing. */
enum atls_reason
atls_delivering_verify(const struct atls_delivering *delivering, X509 *leaf,
                       struct atls_why *why)
{
    struct atls_chain_check check = {
        .anchors = &delivering->anchors,
        .leaf = leaf,
        .others = delivering->out->certificates,
        .crls = delivering->terms->crls,
        .leaf_has_no_crl = delivering->want->kind == ATLS_WANT_VCEK,
        .now = delivering->terms->now};
    struct atls_why cause = {0};
    enum atls_reason reason = atls_chain_verify(&check, &cause);

    if (reason == ATLS_COLLATERAL_MISSING || reason == ATLS_COLLATERAL_STALE) {
        check.crls = NULL;
        cause = (struct atls_why){0};
        reason = atls_chain_verify(&check, &cause);
    }
    return reason == ATLS_OK
               ? ATLS_OK
               : atls_why(why, reason, "%s: %s", delivering->what, cause.text);
}

enum atls_reason
atls_delivering_check_time(const struct atls_delivering *delivering,
                           struct atls_why *why)
{
    int64_t now = delivering->terms->now;
    const struct atls_delivered *out = delivering->out;

    if (now < out->issued)
        return atls_why(why, ATLS_COLLATERAL_STALE,
                        "%s: what came is of the future: is this machine's "
                        "clock right?",
                        delivering->what);
    if (now >= out->next)
        return atls_why(why, ATLS_COLLATERAL_STALE,
                        "%s: what came is past its time: a cache has to renew "
                        "it",
                        delivering->what);
    return ATLS_OK;
}

bool atls_delivering_put_pem(struct atls_buf *out, STACK_OF(X509) * chain)
{
    ATLS_AUTO(BIO) *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len;

    for (int i = 0; bio != NULL && i < sk_X509_num(chain); i++)
        if (PEM_write_bio_X509(bio, sk_X509_value(chain, i)) != 1)
            return false;
    if (bio == NULL)
        return false;
    len = BIO_get_mem_data(bio, &text);
    atls_buf_put(out, atls_view(text, len > 0 ? (size_t)len : 0));
    return !out->failed;
}

/* %-encoded, as it stands in a header; '+' is itself. */
static bool decode(struct atls_view in, struct atls_buf *out)
{
    for (size_t i = 0; i < in.len; i++) {
        if (in.data[i] != '%') {
            atls_buf_u8(out, in.data[i]);
            continue;
        }
        if (in.len - i < 3 ||
            !atls_hex_decode(atls_view(in.data + i + 1, 2), out))
            return false;
        i += 2;
    }
    return !out->failed;
}

enum atls_reason atls_delivering_read_chain(struct atls_delivering *delivering,
                                            struct atls_why *why)
{
    ATLS_AUTO_BUF text = atls_buf(MAX_CHAIN);
    struct atls_why cause = {0};

    if (delivering->delivery->chain.len == 0)
        return atls_why(why, ATLS_CHAIN_MISSING,
                        "%s: want its issuer chain in the header %s, none "
                        "came: a cache must pass it on",
                        delivering->what,
                        atls_want_source(delivering->want, false).header);
    if (!decode(delivering->delivery->chain, &text))
        return atls_delivering_wrong(delivering,
                                     "an issuer chain in %-encoding", why);
    if (atls_chain_read(atls_buf_view(&text), delivering->out->certificates,
                        &cause) == ATLS_OK)
        return ATLS_OK;
    return cause.reason == ATLS_OUT_OF_MEMORY
               ? atls_why(why, ATLS_OUT_OF_MEMORY, NULL)
               : atls_why(why, ATLS_COLLATERAL_INVALID,
                          "%s: its issuer chain: %s", delivering->what,
                          cause.text);
}

/* Its ASK is not with it, but was fetched before. */
bool atls_delivering_add_known(struct atls_delivering *delivering)
{
    STACK_OF(X509) *known = delivering->terms->known;

    for (int i = 0; i < sk_X509_num(known); i++)
        if (X509_check_ca(sk_X509_value(known, i)) > 0 &&
            !push(delivering->out->certificates, sk_X509_value(known, i)))
            return false;
    return true;
}

static enum atls_reason check(struct atls_delivering *delivering,
                              struct atls_why *why)
{
    switch (delivering->want->kind) {
    case ATLS_WANT_AMD_CHAIN:
        return atls_delivering_check_chain(delivering, why);
    case ATLS_WANT_VCEK:
        return atls_delivering_check_vcek(delivering, why);
    case ATLS_WANT_AMD_CRL:
    case ATLS_WANT_PCK_CRL:
    case ATLS_WANT_ROOT_CRL:
        return atls_delivering_check_crl(delivering, why);
    case ATLS_WANT_TCB_INFO:
    case ATLS_WANT_QE_IDENTITY:
        return atls_delivering_check_document(delivering, why);
    case ATLS_WANT_KINDS:
        break;
    }
    return atls_delivering_wrong(delivering, "collateral of a known kind", why);
}

enum atls_reason atls_delivery_check(const struct atls_want *want,
                                     const struct atls_delivery *delivery,
                                     const struct atls_delivery_terms *terms,
                                     struct atls_delivered *out,
                                     struct atls_why *why)
{
    struct atls_delivering delivering = {
        .want = want, .delivery = delivery, .terms = terms, .out = out};
    enum atls_reason reason;

    *out = (struct atls_delivered){
        .file = atls_buf(MAX_FILE), .issued = INT64_MIN, .next = INT64_MAX};
    ERR_set_mark();
    atls_want_describe(want, delivering.what);
    out->certificates = sk_X509_new_null();
    delivering.anchors.roots = sk_X509_new_null();
    reason = out->certificates != NULL && delivering.anchors.roots != NULL
                 ? check(&delivering, why)
                 : atls_why(why, ATLS_OUT_OF_MEMORY, NULL);
    atls_chain_stack_free(delivering.anchors.roots);
    ERR_pop_to_mark();
    return reason;
}
