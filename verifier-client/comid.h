/* SPDX-License-Identifier: Apache-2.0
 *
 * A CoMID, a tag of a CoRIM: which measurements and keys belong to which
 * environment (draft-ietf-rats-corim, 5.1). Its reference-triples and
 * attest-key-triples are walked; whatever else might change what these mean is
 * refused. What a value means is not asked here.
 */
#ifndef ATLS_COMID_H
#define ATLS_COMID_H

#include "cbor.h"
#include "why.h"

enum { /* IANA's CBOR tags */
       ATLS_COMID_URI = 32,
       ATLS_COMID_UEID = 550,
       ATLS_COMID_SVN = 552,
       ATLS_COMID_MIN_SVN = 553,
       ATLS_COMID_KEY = 554,         /* a public key in PEM */
       ATLS_COMID_CERTIFICATE = 555, /* in PEM */
       ATLS_COMID_BYTES = 560
};

/* What may be one of several types; zeroed: absent. */
struct atls_comid_choice {
    enum atls_comid_form {
        ATLS_COMID_ABSENT,
        ATLS_COMID_IS_BYTES,
        ATLS_COMID_IS_TEXT,
        ATLS_COMID_IS_NUMBER,
        ATLS_COMID_IS_OTHER
    } form;
    uint64_t tag;          /* 0: none */
    struct atls_view view; /* of bytes and text */
    uint64_t number;
};

/* atls_comid_choice_take: the item that stands at in. */
struct atls_comid_choice atls_comid_choice_take(struct atls_cbor *in);

/* atls_comid_choice_bytes: bytes under that tag, or no data. */
struct atls_view atls_comid_choice_bytes(const struct atls_comid_choice *choice,
                                         uint64_t tag);

enum atls_comid_value { /* keys of a measurement-values-map */
                        ATLS_COMID_VERSION = 0,
                        ATLS_COMID_SVN_VALUE = 1,
                        ATLS_COMID_DIGESTS = 2,
                        ATLS_COMID_RAW = 4,
                        ATLS_COMID_RAW_MASK = 5,
                        ATLS_COMID_NAME = 11,
                        ATLS_COMID_CRYPTOKEYS = 13,
                        ATLS_COMID_UNKNOWN = 31 /* any key from here on */
};

struct atls_comid_measurement {   /* views */
    struct atls_comid_choice key; /* what is measured: its mkey */
    uint32_t values;              /* bit n: the value of key n is there */
    struct atls_view version, name;
    struct atls_comid_choice svn, raw, signer; /* signer: a cryptokey */
    struct atls_view digest; /* of SHA-2; no data: there is not exactly one */
    struct atls_view mask;   /* of raw; no data: none */
};

struct atls_comid_triple { /* views */
    bool has_keys;         /* of attest-key-triples; else of references */
    struct atls_comid_choice class_id, instance;
    struct atls_cbor list; /* what is said of them, and where the walk is */
    struct atls_cbor_iter items;
};

/* Each gives the next one of a triple's list: false: no more, or malformed,
 * which atls_comid_read notices. */
bool atls_comid_measurement_next(struct atls_comid_triple *triple,
                                 struct atls_comid_measurement *out);
bool atls_comid_key_next(struct atls_comid_triple *triple,
                         struct atls_comid_choice *out);

/* atls_comid_read: each(arg, ...) takes one triple after the other and walks
 * through all of its list; what it refuses is refused, with the place before
 * it. CORIM_MALFORMED, CORIM_UNSUPPORTED, each's reasons. */
typedef enum atls_reason atls_comid_fn(void *arg,
                                       struct atls_comid_triple *triple,
                                       struct atls_why *why);
enum atls_reason ATLS_MUST_USE atls_comid_read(struct atls_view bytes,
                                               atls_comid_fn *each, void *arg,
                                               struct atls_why *why);

#endif
