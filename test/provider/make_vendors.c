/* SPDX-License-Identifier: Apache-2.0
 *
 *     make_vendors FOLDER
 *
 * makes the vendors of vendors.h in a new folder: their keys, for `forged:`;
 * their roots and what they publish; and FORMAT.json for each format, a policy
 * that takes what their devices attest with and nothing else.
 */
#include "vendors.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/pem.h>

#include "test/unit/forge_tcb.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void put_certificate(const char *folder, const char *name,
                            X509 *certificate)
{
    ATLS_AUTO_BUF pem = atls_buf(FORGE_MAX);

    forge_x509_pem(&pem, certificate);
    forge_write(folder, name, atls_buf_view(&pem));
}

static void put_key(const char *folder, const char *name, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len;

    must(PEM_write_bio_PUBKEY(bio, key) == 1);
    len = BIO_get_mem_data(bio, &text);
    forge_write(folder, name, atls_view(text, (size_t)len));
    BIO_free(bio);
}

static void put_anchors(const struct vendors *vendors, const char *folder)
{
    char intel[1024];

    put_certificate(folder, "ark.pem", vendors->snp.ark);
    put_certificate(folder, "nitro.pem", vendors->nitro.chain[NITRO_ROOT]);
    put_key(folder, "cpak.pem", vendors->keys[VENDORS_CPAK]);
    put_key(folder, "psa.pem", vendors->keys[VENDORS_PSA]);
    put_key(folder, "ak.pem", vendors->keys[VENDORS_AK]);
    snprintf(intel, sizeof(intel), "%s/intel", folder);
    must(mkdir(intel, 0755) == 0);
    forge_tcb_collateral(&vendors->dcap, true, intel);
    forge_tcb_collateral(&vendors->dcap, false, intel);
}

static void put_profile(const struct vendors_format *format,
                        struct atls_buf *text)
{
    atls_buf_text(text, "\"");
    atls_buf_text(text, format->name);
    atls_buf_text(text, "\":{");
    atls_buf_text(text, format->profile);
    atls_buf_text(text, "}");
}

static void put_policy(const struct vendors_format *format, const char *folder)
{
    const char *const *member = format->members;
    ATLS_AUTO_BUF text = atls_buf(FORGE_MAX);
    char name[64];

    atls_buf_text(&text, "{\"profiles\":{");
    put_profile(format, &text);
    for (; member != NULL && *member != NULL; member += 2) {
        atls_buf_text(&text, ",");
        put_profile(vendors_format(member[1]), &text);
    }
    atls_buf_text(&text, "},\"rules\":[{\"accept\":[\"");
    atls_buf_text(&text, format->name);
    atls_buf_text(&text, "\"]}]}\n");
    must(!text.failed);
    snprintf(name, sizeof(name), "%s.json", format->name);
    forge_write(folder, name, atls_buf_view(&text));
}

int main(int argc, char **argv)
{
    static struct vendors vendors;

    if (argc != 2 || mkdir(argv[1], 0755) != 0) {
        fprintf(stderr, "make_vendors: want a folder that is not there yet\n");
        return 1;
    }
    vendors_make(argv[1]);
    must(vendors_open(&vendors, argv[1]));
    put_anchors(&vendors, argv[1]);
    for (const struct vendors_format *format = vendors_formats;
         format->name != NULL; format++)
        put_policy(format, argv[1]);
    vendors_clear(&vendors);
    return 0;
}
