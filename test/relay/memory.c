/* SPDX-License-Identifier: Apache-2.0
 *
 * A private key lies in memory as libcrypto's BIGNUM has it: four 64-bit words,
 * the least significant first. Each such place is tried.
 */
#define _GNU_SOURCE
#include "memory.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#define MAX_MAPPING (64UL << 20) /* bytes; what is larger is no heap */
#define WORDS       4
#define SCALAR      32
#define POINT       65

/* By a system call, which asks the kernel alone whether it may be read. */
static void dump_mapping(int out, unsigned long start, unsigned long end)
{
    while (start < end) {
        long len = syscall(SYS_write, out, (void *)start, end - start);

        if (len <= 0)
            return;
        start += (unsigned long)len;
    }
}

bool memory_dump(const char *path)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    unsigned long start, end;
    char line[1024], rights[8];

    while (maps != NULL && out >= 0 && fgets(line, sizeof(line), maps) != NULL)
        if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) == 3 &&
            strcmp(rights, "rw-p") == 0 && end - start <= MAX_MAPPING)
            dump_mapping(out, start, end);
    if (maps != NULL)
        (void)fclose(maps);
    return maps != NULL && out >= 0 && close(out) == 0;
}

/* Of a random scalar hardly ever two words of four are small, as pointers,
 * lengths and zeros are. */
static bool may_be_scalar(const uint64_t *words)
{
    int num_large = 0;

    for (int i = 0; i < WORDS; i++)
        num_large += words[i] >> 48 != 0;
    return num_large >= 3;
}

struct search {
    EC_GROUP *group;
    EC_POINT *wanted, *point;
    BIGNUM *scalar;
    BN_CTX *context;
};

static bool is_it(const struct search *search, const uint64_t *words)
{
    return may_be_scalar(words) &&
           BN_lebin2bn((const unsigned char *)words, SCALAR, search->scalar) !=
               NULL &&
           EC_POINT_mul(search->group, search->point, search->scalar, NULL,
                        NULL, search->context) == 1 &&
           EC_POINT_cmp(search->group, search->point, search->wanted,
                        search->context) == 0;
}

static bool read_point(EVP_PKEY *key, unsigned char *point)
{
    size_t len = 0;

    return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point,
                                           POINT, &len) == 1 &&
           len == POINT;
}

static bool begin(struct search *search, EVP_PKEY *public_key)
{
    unsigned char point[POINT];

    search->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    search->wanted = EC_POINT_new(search->group);
    search->point = EC_POINT_new(search->group);
    search->scalar = BN_new();
    search->context = BN_CTX_new();
    return search->context != NULL && read_point(public_key, point) &&
           EC_POINT_oct2point(search->group, search->wanted, point, POINT,
                              search->context) == 1;
}

static void end(struct search *search)
{
    BN_CTX_free(search->context);
    BN_free(search->scalar);
    EC_POINT_free(search->point);
    EC_POINT_free(search->wanted);
    EC_GROUP_free(search->group);
}

EVP_PKEY *memory_make_key(const unsigned char *scalar, EVP_PKEY *public_key)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *private = BN_bin2bn(scalar, SCALAR, NULL);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;
    unsigned char point[POINT];

    if (read_point(public_key, point) &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME,
                                        "P-256", 0) &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, private) &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY,
                                         point, POINT) &&
        (params = OSSL_PARAM_BLD_to_param(builder)) != NULL &&
        EVP_PKEY_fromdata_init(ctx) == 1)
        (void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(ctx);
    BN_free(private);
    return key;
}

static EVP_PKEY *search_words(const uint64_t *words, size_t num,
                              EVP_PKEY *public_key)
{
    struct search search = {0};
    unsigned char scalar[SCALAR];
    EVP_PKEY *key = NULL;

    if (begin(&search, public_key))
        for (size_t i = 0; i + WORDS <= num && key == NULL; i++)
            if (is_it(&search, words + i) &&
                BN_bn2binpad(search.scalar, scalar, SCALAR) == SCALAR)
                key = memory_make_key(scalar, public_key);
    end(&search);
    return key;
}

EVP_PKEY *memory_find(const char *path, EVP_PKEY *public_key)
{
    int in = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    EVP_PKEY *key = NULL;
    void *bytes;

    if (in < 0 || fstat(in, &stat) != 0 || stat.st_size == 0)
        return NULL;
    bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, in, 0);
    if (bytes != MAP_FAILED) {
        key = search_words(bytes, (size_t)stat.st_size / sizeof(uint64_t),
                           public_key);
        (void)munmap(bytes, (size_t)stat.st_size);
    }
    (void)close(in);
    return key;
}
