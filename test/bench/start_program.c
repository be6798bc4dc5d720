/* SPDX-License-Identifier: Apache-2.0
 *
 * The least program that uses libssl: it is started with and without the
 * module. It prints the memory that is its own.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/ssl.h>

static long private_kib(void)
{
    FILE *in = fopen("/proc/self/smaps_rollup", "r");
    char line[256];
    long sum = 0, part;

    while (in != NULL && fgets(line, sizeof(line), in) != NULL)
        if (sscanf(line, "Private_Clean: %ld", &part) == 1 ||
            sscanf(line, "Private_Dirty: %ld", &part) == 1)
            sum += part;
    if (in != NULL)
        (void)fclose(in);
    return sum;
}

int main(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());

    if (ctx == NULL)
        return 1;
    printf("{\"private_kib\": %ld}\n", private_kib());
    SSL_CTX_free(ctx);
    return 0;
}
