/* SPDX-License-Identifier: Apache-2.0
 *
 * The newest of several that say the same is the one that is judged by; among
 * those, the first to end counts.
 */
#include "expiry.h"

#include <string.h>
#include <time.h>

int64_t atls_expiry_seconds(const ASN1_TIME *time)
{
    struct tm parts;

    return time != NULL && ASN1_TIME_to_tm(time, &parts) == 1
               ? (int64_t)timegm(&parts)
               : 0;
}

static int64_t first_of(int64_t first, int64_t next)
{
    return first == 0 || (next != 0 && next < first) ? next : first;
}

static bool is_newest_crl(const STACK_OF(X509_CRL) * crls, const X509_CRL *crl)
{
    int64_t made = atls_expiry_seconds(X509_CRL_get0_lastUpdate(crl));

    for (int i = 0; i < sk_X509_CRL_num(crls); i++) {
        const X509_CRL *other = sk_X509_CRL_value(crls, i);

        if (X509_NAME_cmp(X509_CRL_get_issuer(crl),
                          X509_CRL_get_issuer(other)) == 0 &&
            atls_expiry_seconds(X509_CRL_get0_lastUpdate(other)) > made)
            return false;
    }
    return true;
}

void atls_expiry_crls(const STACK_OF(X509_CRL) * crls, atls_expiry_fn *each,
                      void *arg)
{
    int64_t first = 0;

    for (int i = 0; i < sk_X509_CRL_num(crls); i++) {
        const X509_CRL *crl = sk_X509_CRL_value(crls, i);

        if (is_newest_crl(crls, crl))
            first = first_of(
                first, atls_expiry_seconds(X509_CRL_get0_nextUpdate(crl)));
    }
    if (first != 0)
        each(arg, "crl", first);
}

static bool is_same_kind(const struct atls_tcb_document *a,
                         const struct atls_tcb_document *b)
{
    return a->is_info == b->is_info && a->is_td == b->is_td &&
           (!a->is_info ||
            (memcmp(a->fmspc, b->fmspc, sizeof(a->fmspc)) == 0 &&
             memcmp(a->pce_id, b->pce_id, sizeof(a->pce_id)) == 0));
}

static bool is_newest(const struct atls_tcb *tcb,
                      const struct atls_tcb_document *document)
{
    for (size_t i = 0; i < tcb->num; i++)
        if (is_same_kind(document, &tcb->documents[i]) &&
            tcb->documents[i].issued > document->issued)
            return false;
    return true;
}

void atls_expiry_tcb(const struct atls_tcb *tcb, bool is_td,
                     atls_expiry_fn *each, void *arg)
{
    static const char *const names[] = {"qe_identity", "tcb_info"};

    for (unsigned is_info = 0; is_info < 2; is_info++) {
        int64_t first = 0;

        for (size_t i = 0; i < tcb->num; i++)
            if (tcb->documents[i].is_info == (is_info == 1) &&
                tcb->documents[i].is_td == is_td &&
                is_newest(tcb, &tcb->documents[i]))
                first = first_of(first, tcb->documents[i].next);
        if (first != 0)
            each(arg, names[is_info], first);
    }
}
