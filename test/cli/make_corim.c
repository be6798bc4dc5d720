/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes what import.sh imports into a folder: CoRIMs of the PSA token of
 * test/vectors/psa/accept, signed by psa-other.pem and not.
 *
 *     test/cli/make_corim FOLDER
 */
#include <stdio.h>
#include <string.h>

#include "../unit/forge_corim.h"

ATLS_AUTO_FREE(EVP_PKEY, EVP_PKEY_free)

static void write_corim(const char *folder, const char *name,
                        const char *notation, const char *header)
{
    ATLS_AUTO_BUF payload = atls_buf(FORGE_MAX), corim = atls_buf(FORGE_MAX);
    ATLS_AUTO(EVP_PKEY) *author = forge_key("psa-other");

    forge_corim(&payload, notation);
    if (header != NULL)
        forge_corim_sign(&corim, atls_buf_view(&payload), header, author);
    else
        atls_buf_put(&corim, atls_buf_view(&payload));
    forge_write(folder, name, atls_buf_view(&corim));
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: make_corim FOLDER\n", stderr);
        return EXIT_FAILURE;
    }
    write_corim(argv[1], "psa.corim", FORGE_PSA, NULL);
    write_corim(argv[1], "signed.corim", FORGE_PSA, FORGE_CORIM_HEADER);
    write_corim(argv[1], "old.corim", FORGE_PSA,
                "{3: \"application/rim+cbor\", 15: {4: 1767225600}}");
    write_corim(
        argv[1], "values.corim",
        FORGE_CORIM(FORGE_COMID(FORGE_PSA_REFERENCES), FORGE_PSA_PROFILE),
        NULL);
    write_corim(
        argv[1], "other.corim",
        FORGE_CORIM(FORGE_COMID("0: [[{" FORGE_PSA_CLASS "}, [" FORGE_NSPE
                                "]]], " FORGE_PSA_KEYS),
                    FORGE_PSA_PROFILE),
        NULL);
    return EXIT_SUCCESS;
}
