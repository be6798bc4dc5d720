/* SPDX-License-Identifier: Apache-2.0
 *
 * The real thing: atls_ext.so and atls.so of the build, loaded by nothing but
 * an openssl.cnf, and the proof from its log that every handshake of a run was
 * attested.
 */
#ifndef BENCH_OURS_H
#define BENCH_OURS_H

#include <stdbool.h>

#include "pair.h"

/* Configurations, by the name of their file without ".cnf":
 *   plain     providers only
 *   idle      the module; this host never attests, nothing is required
 *   attester  the module with an attester; nothing is required
 *   one-way   servers must attest
 *   mutual    both must attest
 *   slow      "attester" with the attester that takes 50 ms
 *   client    servers must attest; this host never does
 *   verifier  "one-way" by Evidence or a delegate, with a policy that the
 *             section writes (verifiers.json)
 *   broker    providers only, with the slow attester among them: atlsd's
 *   unbatched "one-way" with an attester that takes 200 ms, one at a time
 *   batched   the same behind a broker whose socket is broker-200
 *   instant   behind one whose attester takes no time: broker-0 */
#define BENCH_SLOW_MS 50

/* bench_ours_write: all of them, with policies, into folder. The modules are
 * those of the build tree at $top_builddir. */
bool bench_ours_write(const char *folder);

/* bench_ours_load: loads one of them into this process, as libssl would have
 * done at its start. SSL_CTXs made before stay without hooks. */
bool bench_ours_load(const char *folder, const char *name);

/* bench_ours_start: for the beginning of main: no configuration until
 * bench_ours_load. */
bool bench_ours_start(void);

/* What a process did with hooked SSL_CTXs since it made its log. */
struct bench_deeds {
    unsigned num_attested; /* handshakes, two lines each */
    unsigned num_refused;  /* one line each */
    bool is_mutual;
};

/* bench_ours_check: the log tells of exactly these deeds, lines that were
 * suppressed included: reason OK and affirming, but for the refusals. Runs
 * further handshakes over pair until no line is outstanding. */
bool bench_ours_check(const char *folder, const char *name,
                      const struct bench_pair *pair,
                      const struct bench_deeds *deeds);

#endif
