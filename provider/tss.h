/* SPDX-License-Identifier: Apache-2.0
 *
 * tpm2-tss, for the files of atls_tpm.so; nothing else includes tss2_*.h.
 */
#ifndef ATLS_TSS_H
#define ATLS_TSS_H

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tcti.h>
#include <tss2/tss2_tctildr.h>

#include "bytes.h"

/* What ESYS allocates. */
static inline void atls_auto_esys(void *pointer)
{
    Esys_Free(*(void **)pointer);
}
#define ATLS_AUTO_ESYS __attribute__((cleanup(atls_auto_esys)))

#endif
