/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the program that counts its heap.
 */
#include "section.h"

#include "pki.h"
#include "process.h"

json_t *bench_memory(const char *folder, bool is_mutual, const char *wire)
{
    char program[BENCH_PATH];
    const char *argv[] = {bench_process_sibling("memory", program), folder,
                          is_mutual ? "mutual" : "one-way", wire, NULL};

    return bench_process_run(argv);
}
