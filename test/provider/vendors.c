/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys of the vendors and of their devices, and the certificates over them.
 */
#include "vendors.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/pem.h>

#define KEYS "keys.pem" /* all of them, in the order of the enum */

enum { MONTH = 30 * 86400 };

static void close_file(FILE *file)
{
    fclose(file);
}
ATLS_AUTO_FREE(FILE, close_file)

static void must(bool holds)
{
    if (!holds)
        abort();
}

static EVP_PKEY *make_key(int key)
{
    if (key == VENDORS_ARK || key == VENDORS_ASK || key == VENDORS_VTPM)
        return EVP_RSA_gen(2048);
    if ((key >= VENDORS_INTEL && key < VENDORS_NITRO) || key == VENDORS_PSA ||
        key == VENDORS_AK)
        return forge_ec("P-256");
    return forge_ec("P-384");
}

void vendors_make(const char *folder)
{
    char path[1024];
    FILE *file;

    snprintf(path, sizeof(path), "%s/" KEYS, folder);
    file = fopen(path, "w");
    must(file != NULL);
    for (int i = 0; i < VENDORS_NUM_KEYS; i++) {
        EVP_PKEY *key = make_key(i);

        must(key != NULL &&
             PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
        EVP_PKEY_free(key);
    }
    must(fclose(file) == 0);
}

static bool read_keys(struct vendors *vendors, FILE *file)
{
    for (int i = 0; i < VENDORS_NUM_KEYS; i++) {
        vendors->keys[i] = PEM_read_PrivateKey(file, NULL, NULL, NULL);
        if (vendors->keys[i] == NULL)
            return false;
    }
    return true;
}

static void own(EVP_PKEY **slot, EVP_PKEY *key)
{
    EVP_PKEY_free(*slot);
    must(EVP_PKEY_up_ref(key) == 1);
    *slot = key;
}

static void open_amd(struct vendors *vendors, int64_t made)
{
    struct forge_snp *snp = &vendors->snp;

    forge_snp_open(snp, ATLS_SNP_MILAN, atls_view("", 0));
    snp->ark_key = vendors->keys[VENDORS_ARK];
    snp->ask_key = vendors->keys[VENDORS_ASK];
    own(&snp->key, vendors->keys[VENDORS_VCEK]);
    snp->from = made - FORGE_YEAR;
    snp->until = made + FORGE_YEAR;
    forge_snp_certify(snp);
}

static void open_intel(struct vendors *vendors, int64_t made)
{
    struct forge_dcap *dcap = &vendors->dcap;

    forge_dcap_open(dcap);
    for (int i = 0; i < FORGE_DCAP_ROLES; i++) {
        own(&dcap->keys[i], vendors->keys[VENDORS_INTEL + i]);
        dcap->not_after[i] = made + FORGE_YEAR;
    }
    dcap->issued = made;
    dcap->next = made + MONTH;
    forge_dcap_rename(dcap, dcap->maker);
}

static void open_nitro(struct vendors *vendors, int64_t made)
{
    struct forge_nitro *nitro = &vendors->nitro;

    forge_nitro(nitro, NITRO_GOOD, atls_view("", 0));
    for (int i = 0; i < NUM_NITRO; i++)
        own(&nitro->keys[i], vendors->keys[VENDORS_NITRO + i]);
    forge_nitro_issue(nitro, made);
}

static void free_keys(struct vendors *vendors)
{
    for (int i = 0; i < VENDORS_NUM_KEYS; i++)
        EVP_PKEY_free(vendors->keys[i]);
    *vendors = (struct vendors){0};
}

bool vendors_open(struct vendors *vendors, const char *folder)
{
    ATLS_AUTO(FILE) *file = NULL;
    struct stat status;
    char path[1024];

    *vendors = (struct vendors){0};
    snprintf(path, sizeof(path), "%s/" KEYS, folder);
    file = fopen(path, "r");
    if (file == NULL || fstat(fileno(file), &status) != 0)
        return false;
    if (!read_keys(vendors, file)) {
        free_keys(vendors);
        return false;
    }
    open_amd(vendors, status.st_mtime);
    open_intel(vendors, status.st_mtime);
    open_nitro(vendors, status.st_mtime);
    return true;
}

void vendors_clear(struct vendors *vendors)
{
    forge_snp_clear(&vendors->snp);
    forge_dcap_clear(&vendors->dcap);
    forge_nitro_clear(&vendors->nitro);
    free_keys(vendors);
}
