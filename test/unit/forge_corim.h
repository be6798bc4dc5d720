/* SPDX-License-Identifier: Apache-2.0
 *
 * CoRIMs made for tests, from diagnostic notation.
 */
#ifndef ATLS_FORGE_CORIM_H
#define ATLS_FORGE_CORIM_H

#include "forge.h"

#define FORGE_X4(text)  text text text text
#define FORGE_X16(text) FORGE_X4(FORGE_X4(text))
#define FORGE_X32(text) FORGE_X16(text) FORGE_X16(text)

#define FORGE_COMID(triples) "506(<<{1: {0: \"tag\"}, 4: {" triples "}}>>)"
#define FORGE_CORIM(comids, profile)                                           \
    "501({0: \"corim\", 1: [" comids "], 3: 32(\"" profile "\")})"

/* What forge_claims has */
#define FORGE_PSA_PROFILE "tag:arm.com,2025:psa#1.0.0"
#define FORGE_PSA_CLASS   "0: {0: 560(h'" FORGE_X32("96") "')}"
#define FORGE_COMPONENT(mkey, type, measurement, signer)                       \
    "{0: \"" mkey "\", 1: {2: [[1, h'" FORGE_X32(                              \
        measurement) "']], "                                                   \
                     "11: \"" type "\", 13: [560(h'" FORGE_X32(signer) "')]}}"
#define FORGE_SPE  FORGE_COMPONENT("psa.software-component", "SPE", "02", "05")
#define FORGE_NSPE FORGE_COMPONENT("psa.software-component", "NSPE", "03", "06")
#define FORGE_PSA_REFERENCES                                                   \
    "0: [[{" FORGE_PSA_CLASS "}, [" FORGE_SPE ", " FORGE_NSPE "]]]"
#define FORGE_PSA_KEY                                                          \
    "[{" FORGE_PSA_CLASS ", 1: 550(h'@id@')}, [554(\"@psa@\")]]"
#define FORGE_PSA_KEYS "3: [" FORGE_PSA_KEY "]"
#define FORGE_PSA                                                              \
    FORGE_CORIM(FORGE_COMID(FORGE_PSA_REFERENCES ", " FORGE_PSA_KEYS),         \
                FORGE_PSA_PROFILE)

/* What forge_cca has, with psa.pem as the platform's key */
#define FORGE_CCA_CLASS "0: {0: 560(h'" FORGE_X32("00") "')}"
#define FORGE_CCA_PLATFORM(more)                                               \
    FORGE_CORIM(                                                               \
        FORGE_COMID("0: [[{" FORGE_CCA_CLASS "}, [" FORGE_COMPONENT(           \
            "cca.software-component", "SPE", "02",                             \
            "05") ", " FORGE_COMPONENT("cca.software-component", "NSPE", "03", \
                                       "06") more                              \
                    "]]], "                                                    \
                    "3: [[{" FORGE_CCA_CLASS                                   \
                    ", 1: 550(h'01" FORGE_X32("02") "')}, "                    \
                                                    "[554(\"@psa@\")]]]"),     \
        "tag:arm.com,2025:cca_platform#1.0.0")
#define FORGE_CCA_REGISTER(name, byte)                                         \
    "{0: \"cca." name "\", 1: {2: [[1, h'" FORGE_X32(byte) "']]}}"
#define FORGE_CCA_REALM(class, measurements)                                   \
    FORGE_CORIM(                                                               \
        FORGE_COMID("0: [[{0: {0: 560(h'" class "')}}, [" measurements "]]]"), \
        "tag:arm.com,2025:cca_realm#1.0.0")
#define X64(byte) FORGE_X32(byte) FORGE_X32(byte)

#define FORGE_SNP_PROFILE "tag:amd.com,2024:snp-corim-profile"
#define FORGE_SNP_GUEST(instance, measurements)                                \
    "0: [[{0: {0: 111(h'2b060104019c780301')}" instance "}, [" measurements    \
    "]]]"

#define FORGE_CORIM_HEADER "{3: \"application/rim+cbor\", 15: {1: \"acme\"}}"

/* forge_corim: appends the CBOR of notation, in which @NAME@ is the public key
 * in PEM of test/vectors/keys/NAME.pem, and @id@ the instance ID of psa.pem in
 * hex. Aborts where that is no notation. */
void forge_corim(struct atls_buf *out, const char *notation);

/* forge_corim_sign: appends a COSE_Sign1 over payload whose protected header
 * has beside alg what the map in header says. */
void forge_corim_sign(struct atls_buf *out, struct atls_view payload,
                      const char *header, EVP_PKEY *key);

#endif
