/* SPDX-License-Identifier: Apache-2.0
 *
 * Judging the chain that libssl verified, and holding it against a name.
 */
#include "identity.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

static const char *host_of(SSL *ssl)
{
    return X509_VERIFY_PARAM_get0_host(SSL_get0_param(ssl), 0);
}

static const char *server_name_of(const SSL *ssl)
{
    return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
}

static char *address_of(SSL *ssl)
{
    char *address, *copy;

    ERR_set_mark(); /* "no address" is an error to libcrypto */
    address = X509_VERIFY_PARAM_get1_ip_asc(SSL_get0_param(ssl));
    ERR_pop_to_mark();
    copy = address == NULL ? NULL : strdup(address);
    OPENSSL_free(address);
    return copy;
}

char *atls_identity_name(SSL *ssl)
{
    const char *host = host_of(ssl);
    char *address = host == NULL ? address_of(ssl) : NULL;

    if (address != NULL)
        return address;
    if (host == NULL)
        host = server_name_of(ssl);
    return host == NULL ? NULL : strdup(host);
}

/* A program's own SSL_CTX_set_cert_verify_callback() that verifies nothing
 * leaves X509_V_OK, and no chain. */
STACK_OF(X509) * atls_identity_chain(const SSL *ssl)
{
    return SSL_get_verify_result(ssl) == X509_V_OK
               ? SSL_get0_verified_chain(ssl)
               : NULL;
}

static enum atls_reason check_chain(const SSL *ssl, struct atls_why *why)
{
    long result = SSL_get_verify_result(ssl);

    if (atls_identity_chain(ssl) != NULL)
        return ATLS_OK;
    switch (result) {
    case X509_V_OK:
        return atls_why(why, ATLS_CERTIFICATE_UNTRUSTED,
                        "certificate: this program verifies by a callback of "
                        "its own, without libcrypto; set identity = "
                        "application if that is to be trusted");
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return atls_why(why, ATLS_NAME_MISMATCH,
                        "certificate: %s; the peer needs one for the name "
                        "that was asked for",
                        X509_verify_cert_error_string(result));
    default:
        return atls_why(why, ATLS_CERTIFICATE_UNTRUSTED,
                        "certificate: %s; give this program the CA that "
                        "issued it (identity = x509 needs that even where "
                        "the program itself verifies nothing)",
                        X509_verify_cert_error_string(result));
    }
}

/* A host or an address that the application set was part of the chain's
 * verification; the SNI was not. */
static enum atls_reason check_name(SSL *ssl, struct atls_why *why)
{
    const char *server_name = server_name_of(ssl);
    char *address = host_of(ssl) == NULL ? address_of(ssl) : NULL;
    bool is_verified = host_of(ssl) != NULL || address != NULL;

    free(address);
    if (is_verified)
        return ATLS_OK;
    if (server_name == NULL)
        return atls_why(why, ATLS_NAME_UNKNOWN,
                        "no host, address or SNI was set by this program: "
                        "have it send SNI, or set identity = application");
    if (X509_check_host(SSL_get0_peer_certificate(ssl), server_name, 0, 0,
                        NULL) != 1)
        return atls_why(why, ATLS_NAME_MISMATCH,
                        "certificate: not for \"%s\", the SNI that was sent",
                        server_name);
    return ATLS_OK;
}

enum atls_reason atls_identity_check(SSL *ssl, enum atls_identity identity,
                                     struct atls_why *why)
{
    enum atls_reason reason;

    switch (identity) {
    case ATLS_IDENTITY_APPLICATION:
    case ATLS_IDENTITY_ATTESTED:
        return ATLS_OK;
    case ATLS_IDENTITY_UNSET:
    case ATLS_IDENTITY_X509:
        break;
    }
    reason = check_chain(ssl, why);
    if (reason != ATLS_OK || SSL_is_server(ssl))
        return reason;
    return check_name(ssl, why);
}
