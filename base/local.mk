# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libbase.la
atlsinclude_HEADERS += base/atls/view.h base/atls/reason.h base/atls/reason.def
libbase_la_SOURCES = \
	base/base64url.c base/base64url.h \
	base/batch.c base/batch.h \
	base/binder.c base/binder.h \
	base/bytes.c base/bytes.h \
	base/cbor.c base/cbor.h base/cbor_put.c base/cbor_skip.c base/cbor_token.h \
	base/clock.c base/clock.h \
	base/cmw.c base/cmw.h base/cmw_cbor.c base/cmw_form.h base/cmw_json.c \
	base/cose.c base/cose.h \
	base/duration.c base/duration.h \
	base/ecdsa.c base/ecdsa.h \
	base/json.c base/json.h \
	base/log.c base/log.h \
	base/mandate.c base/mandate.h \
	base/origin.c base/origin.h \
	base/reason.c base/scheme.c base/scheme.h \
	base/spki.c base/spki.h base/type.c base/type.h base/why.c base/why.h
libbase_la_LIBADD = $(CRYPTO_LIBS) $(CBOR_LIBS) $(JANSSON_LIBS)

# HTTP, for the modules that speak it and for the command: nothing else of us
# meets libcurl.
noinst_LTLIBRARIES += libhttp.la
libhttp_la_SOURCES = base/http.c base/http.h \
	base/http_connection.c base/http_connection.h \
	base/http_url.c base/http_url.h \
	base/signals.c base/signals.h base/token.c base/token.h
libhttp_la_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(SSL_CFLAGS)
libhttp_la_LIBADD = libbase.la $(CURL_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS)
