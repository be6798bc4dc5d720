/* SPDX-License-Identifier: Apache-2.0
 *
 * TCB info and QE identity with one level each, which the forged platforms
 * reach.
 */
#include "forge_tcb.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define X4(text)  text text text text
#define X16(text) X4(X4(text))
#define ZEROS48   X16("00") X16("00") X16("00")
#define SVNS                                                                   \
    "{\"svn\":5},{\"svn\":5}," X4("{\"svn\":0},") X4("{\"svn\":0},")           \
        X4("{\"svn\":0},") "{\"svn\":0},{\"svn\":0}"
#define TDX_SVNS                                                               \
    "{\"svn\":5},{\"svn\":0},{\"svn\":5}," X4("{\"svn\":0},")                  \
        X4("{\"svn\":0},") X4("{\"svn\":0},") "{\"svn\":0}"
#define MODULE                                                                 \
    "\"tdxModule\":{\"mrsigner\":\"" ZEROS48                                   \
    "\",\"attributes\":\"0000000000000000\",\"attributesMask\":"               \
    "\"FFFFFFFFFFFFFFFF\"},"

enum { MAX_DATES = 160, MAX_INNER = 8192 };

static void put_head(const struct forge_tcb *tcb, const char *id, int version,
                     struct atls_buf *out)
{
    char issued[32], next[32], text[MAX_DATES + 96];
    struct tm parts;

    strftime(issued, sizeof(issued), "%Y-%m-%dT%H:%M:%SZ",
             gmtime_r(&(time_t){tcb->issued}, &parts));
    strftime(next, sizeof(next), "%Y-%m-%dT%H:%M:%SZ",
             gmtime_r(&(time_t){tcb->next}, &parts));
    snprintf(text, sizeof(text),
             "{\"id\":\"%s\",\"version\":%d,\"issueDate\":\"%s\","
             "\"nextUpdate\":\"%s\",\"tcbEvaluationDataNumber\":%u,",
             id, version, issued, next, tcb->evaluation);
    atls_buf_text(out, text);
}

static void put_signed(const struct forge_dcap *dcap, const char *key,
                       struct atls_buf *inner, struct atls_buf *out)
{
    atls_buf_u8(inner, 0);
    if (inner->failed)
        abort();
    forge_dcap_signed(dcap, key, (const char *)inner->data, out);
}

void forge_tcb_info(const struct forge_dcap *dcap, const struct forge_tcb *tcb,
                    struct atls_buf *out)
{
    ATLS_AUTO_BUF inner = atls_buf(MAX_INNER);

    put_head(tcb, tcb->is_td ? "TDX" : "SGX", 3, &inner);
    atls_buf_text(&inner, "\"fmspc\":\"");
    atls_buf_text(&inner, tcb->fmspc != NULL ? tcb->fmspc : FORGE_DCAP_FMSPC);
    atls_buf_text(&inner, "\",\"pceId\":\"0000\",\"tcbType\":0,");
    if (tcb->is_td)
        atls_buf_text(&inner, MODULE);
    atls_buf_text(&inner, "\"tcbLevels\":[{\"tcb\":{\"sgxtcbcomponents\":[" SVNS
                          "],\"pcesvn\":11");
    if (tcb->is_td)
        atls_buf_text(&inner, ",\"tdxtcbcomponents\":[" TDX_SVNS "]");
    atls_buf_text(&inner, "},\"tcbDate\":\"2026-01-01T00:00:00Z\","
                          "\"tcbStatus\":\"UpToDate\"}]}");
    put_signed(dcap, "tcbInfo", &inner, out);
}

void forge_tcb_identity(const struct forge_dcap *dcap,
                        const struct forge_tcb *tcb, struct atls_buf *out)
{
    ATLS_AUTO_BUF inner = atls_buf(MAX_INNER);

    put_head(tcb, tcb->is_td ? "TD_QE" : "QE", 2, &inner);
    atls_buf_text(&inner,
                  "\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\","
                  "\"attributes\":\"01000000000000000000000000000000\","
                  "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\","
                  "\"mrsigner\":\"" X16("42")
                      X16("42") "\",\"isvprodid\":2,"
                                "\"tcbLevels\":[{\"tcb\":{\"isvsvn\":7},"
                                "\"tcbStatus\":\"UpToDate\"}]}");
    put_signed(dcap, "enclaveIdentity", &inner, out);
}

static void put_crl(const struct forge_dcap *dcap, const char *folder,
                    const char *name, enum forge_dcap_role issuer)
{
    ATLS_AUTO_BUF crl = atls_buf(FORGE_MAX);

    forge_dcap_crl(dcap, issuer, &crl);
    forge_write(folder, name, atls_buf_view(&crl));
}

static void put_chain(const struct forge_dcap *dcap, const char *folder,
                      const char *name, const int *roles)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);

    forge_dcap_pem(dcap, &pem, roles);
    forge_write(folder, name, atls_buf_view(&pem));
}

void forge_tcb_collateral(const struct forge_dcap *dcap, bool is_td,
                          const char *folder)
{
    static const int chain[] = {FORGE_DCAP_TCB, FORGE_DCAP_ROOT, -1};
    static const int root[] = {FORGE_DCAP_ROOT, -1};
    const struct forge_tcb tcb = {.is_td = is_td,
                                  .issued = dcap->issued,
                                  .next = dcap->next,
                                  .evaluation = 17};
    ATLS_AUTO_BUF info = atls_buf(FORGE_MAX), identity = atls_buf(FORGE_MAX);

    forge_tcb_info(dcap, &tcb, &info);
    forge_tcb_identity(dcap, &tcb, &identity);
    forge_write(folder, is_td ? "tdx-info.json" : "sgx-info.json",
                atls_buf_view(&info));
    forge_write(folder, is_td ? "tdx-qe.json" : "sgx-qe.json",
                atls_buf_view(&identity));
    put_crl(dcap, folder, "root.crl", FORGE_DCAP_ROOT);
    put_crl(dcap, folder, "ca.crl", FORGE_DCAP_CA);
    put_chain(dcap, folder, "chain.pem", chain);
    put_chain(dcap, folder, "root.pem", root);
}
