/* SPDX-License-Identifier: Apache-2.0
 *
 * Vendors of our own, one of each kind, with a device that each has made: their
 * keys lie in a folder, so that the attester `forged:` and the policies that
 * make_vendors wrote are of one mind. Certificates are issued when the folder
 * is opened, as of the time when it was made.
 */
#ifndef ATLS_VENDORS_H
#define ATLS_VENDORS_H

#include "test/unit/forge_dcap.h"
#include "test/unit/forge_nitro.h"
#include "test/unit/forge_snp.h"

enum vendors_key {
    VENDORS_ARK, /* AMD, and a chip of theirs */
    VENDORS_ASK,
    VENDORS_VCEK,
    VENDORS_INTEL, /* as enum forge_dcap_role has them */
    VENDORS_NITRO = VENDORS_INTEL + FORGE_DCAP_ROLES, /* as NITRO_ROOT... */
    VENDORS_CPAK = VENDORS_NITRO + NUM_NITRO, /* Arm CCA: platform and realm */
    VENDORS_RAK,
    VENDORS_PSA,  /* a device with a PSA token */
    VENDORS_AK,   /* a TPM */
    VENDORS_VTPM, /* the virtual TPM of a VM on the chip, and of a TD */
    VENDORS_NUM_KEYS
};

struct vendors { /* not changed by those who make Evidence of it */
    EVP_PKEY *keys[VENDORS_NUM_KEYS];
    struct forge_snp snp;
    struct forge_dcap dcap;
    struct forge_nitro nitro;
};

/* vendors_make: new keys into the folder, which exists. */
void vendors_make(const char *folder);
/* vendors_open: false: no keys there. */
bool vendors_open(struct vendors *vendors, const char *folder);
void vendors_clear(struct vendors *vendors);

/* What one attester makes of a device, and by what a policy takes it. */
struct vendors_format {
    const char *name; /* of the attester and of the profile */
    const char *type;
    /* put: the record's value, for a nonce and a flaw. */
    void (*put)(const struct vendors *vendors, struct atls_view nonce,
                const char *flaw, struct atls_buf *value);
    const char *profile;        /* JSON, without the braces */
    const char *const *flaws;   /* besides "binder" and "signature" */
    const char *const *members; /* label and format, in turn: a collection */
};
extern const struct vendors_format vendors_formats[]; /* name NULL: the end */
const struct vendors_format *vendors_format(const char *name);

/* A way in which Evidence is bad, on order. */
struct vendors_flaw {
    const char *name;   /* "": none. "binder": of another connection;
                           "signature": one bit of it; "debug": the host can
                           look in; "software": another one runs */
    const char *member; /* of a collection; "": of all */
};
/* vendors_flaw_is_known: the format, or that member, can have it. */
bool vendors_flaw_is_known(const struct vendors_format *format,
                           const struct vendors_flaw *flaw);
/* vendors_evidence: a CMW. */
void vendors_evidence(const struct vendors *vendors,
                      const struct vendors_format *format,
                      struct atls_view nonce, const struct vendors_flaw *flaw,
                      struct atls_buf *out);

#endif
