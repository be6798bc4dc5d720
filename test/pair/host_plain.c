/* SPDX-License-Identifier: Apache-2.0
 *
 * A host that attests to itself once: host.sh runs it as it is, and with
 * another JSON library loaded. With HOST_MALLOC it brings its own allocator,
 * which aborts when it is given memory that is not its own.
 */
#include "pair.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifdef HOST_MALLOC
/* Every block stands behind its size and a mark. Memory is not used again. */
#define EXPORTED __attribute__((visibility("default")))
enum { ARENA = 64 << 20, MARK = 0x6d61726b };
struct block {
    size_t size, mark;
};
static _Alignas(16) char arena[ARENA];
static size_t arena_used;

EXPORTED void *malloc(size_t size)
{
    size_t whole = sizeof(struct block) + ((size + 15) & ~(size_t)15);
    size_t at = __atomic_fetch_add(&arena_used, whole, __ATOMIC_RELAXED);
    struct block *block = (struct block *)(void *)(arena + at);

    if (at + whole > sizeof(arena))
        return NULL;
    *block = (struct block){size, MARK};
    return block + 1;
}

static void *aligned(size_t alignment, size_t size)
{
    uintptr_t at = (uintptr_t)malloc(size + alignment + sizeof(struct block));
    struct block *block;

    if (at == 0)
        return NULL;
    at = (at + sizeof(struct block) + alignment - 1) / alignment * alignment;
    block = (struct block *)at - 1;
    *block = (struct block){size, MARK};
    return block + 1;
}

EXPORTED int posix_memalign(void **out, size_t alignment, size_t size)
{
    *out = aligned(alignment, size);
    return *out == NULL ? ENOMEM : 0;
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size)
{
    return aligned(alignment, size);
}

EXPORTED void free(void *pointer)
{
    struct block *block = pointer;

    if (pointer == NULL)
        return;
    if (block[-1].mark != MARK)
        __builtin_trap();
    block[-1].mark = 0;
}

EXPORTED void *calloc(size_t num, size_t size)
{
    return malloc(num * size); /* the arena is zero and used once */
}

EXPORTED void *realloc(void *pointer, size_t size)
{
    struct block *block = pointer;
    void *fresh = malloc(size);

    if (pointer == NULL || fresh == NULL)
        return fresh;
    memcpy(fresh, pointer, block[-1].size < size ? block[-1].size : size);
    free(pointer);
    return fresh;
}
#endif

START_TEST(host_attests)
{
    static struct pair pair;

    pair_setup(
        &(struct pair_config){.attester = "soft.key", .require = "both"});
    pair_new(&pair, NULL, NULL);
    pair_handshake(&pair);
    pair_accepted(&pair);
    pair_free(&pair);
    ck_assert_str_eq(pair_log_text("client", "verdict"), "affirming");
}
END_TEST

/* host_plain [LIBRARY]: 0 attested, 77 no such library. */
int main(int argc, char **argv)
{
    Suite *suite = suite_create("host");
    TCase *cases = tcase_create("host");

    if (argc > 1 && dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL) == NULL) {
        printf("%s\n", dlerror());
        return 77;
    }
    tcase_add_test(cases, host_attests);
    suite_add_tcase(suite, cases);
    return pair_main(suite);
}
