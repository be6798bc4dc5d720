/* SPDX-License-Identifier: Apache-2.0
 *
 * A CA of two minutes' work.
 */
#include "pki.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

static BIO *open_file(const char *folder, const char *name)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return BIO_new_file(path, "w");
}

static bool write_key(const char *folder, const char *name, EVP_PKEY *key)
{
    BIO *file = open_file(folder, name);
    bool done =
        PEM_write_bio_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;

    BIO_free(file);
    return done;
}

static bool write_public(const char *folder, const char *name, EVP_PKEY *key)
{
    BIO *file = open_file(folder, name);
    bool done = PEM_write_bio_PUBKEY(file, key) == 1;

    BIO_free(file);
    return done;
}

static bool write_chain(const char *folder, const char *name, X509 *leaf,
                        X509 *issuer)
{
    BIO *file = open_file(folder, name);
    bool done = PEM_write_bio_X509(file, leaf) == 1 &&
                (issuer == NULL || PEM_write_bio_X509(file, issuer) == 1);

    BIO_free(file);
    return done;
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

static X509 *blank_certificate(const char *name, long serial)
{
    X509 *certificate = X509_new();

    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN",
                               MBSTRING_ASC, (const unsigned char *)name, -1,
                               -1, 0);
    return certificate;
}

static struct identity new_identity(const char *name, long serial,
                                    const struct identity *issuer)
{
    struct identity identity = {EVP_EC_gen("P-256"),
                                blank_certificate(name, serial)};
    char alternative[128];

    X509_set_pubkey(identity.certificate, identity.key);
    if (issuer == NULL) {
        issuer = &identity;
        add_extension(identity.certificate, NID_basic_constraints,
                      "critical,CA:TRUE");
    } else {
        snprintf(alternative, sizeof(alternative), "DNS:%s", name);
        add_extension(identity.certificate, NID_subject_alt_name, alternative);
    }
    X509_set_issuer_name(identity.certificate,
                         X509_get_subject_name(issuer->certificate));
    X509_sign(identity.certificate, issuer->key, EVP_sha256());
    return identity;
}

static bool make_leaf(const char *folder, const char *file, const char *name,
                      long serial, const struct identity *issuer)
{
    struct identity leaf = new_identity(name, serial, issuer);
    char chain[64], key[64];
    bool done;

    snprintf(chain, sizeof(chain), "%s.pem", file);
    snprintf(key, sizeof(key), "%s.key", file);
    done = write_chain(folder, chain, leaf.certificate, issuer->certificate) &&
           write_key(folder, key, leaf.key);

    X509_free(leaf.certificate);
    EVP_PKEY_free(leaf.key);
    return done;
}

static bool make_all(const char *folder)
{
    static struct identity ca, rogue; /* reachable when the child is gone */
    static EVP_PKEY *soft, *other, *verifier;

    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    ca = new_identity("test CA", 1, NULL);
    rogue = new_identity("rogue CA", 2, NULL);
    soft = EVP_EC_gen("P-256");
    other = EVP_EC_gen("P-256");
    verifier = EVP_EC_gen("P-256");
    return write_chain(folder, "ca.pem", ca.certificate, NULL) &&
           write_key(folder, "ca.key", ca.key) &&
           make_leaf(folder, "server", "server.test", 3, &ca) &&
           make_leaf(folder, "client", "client.test", 4, &ca) &&
           make_leaf(folder, "rogue", "server.test", 5, &rogue) &&
           write_key(folder, "soft.key", soft) &&
           write_public(folder, "soft.pem", soft) &&
           write_key(folder, "other.key", other) &&
           write_public(folder, "other.pem", other) &&
           write_key(folder, "verifier.key", verifier) &&
           write_public(folder, "verifier.pem", verifier);
}

bool pki_make(const char *folder)
{
    pid_t child = fork();
    int status = 1;

    if (child == 0) {
        bool done = make_all(folder);

        if (!done)
            ERR_print_errors_fp(stderr);
        _exit(done ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}
