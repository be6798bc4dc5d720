# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libbase.la
atlsinclude_HEADERS += base/atls/view.h base/atls/reason.h base/atls/reason.def
libbase_la_SOURCES = \
	base/base64url.c base/base64url.h \
	base/bytes.c base/bytes.h \
	base/cbor.c base/cbor.h \
	base/cmw.c base/cmw.h \
	base/cose.c base/cose.h \
	base/json.c base/json.h \
	base/log.c base/log.h \
	base/reason.c base/type.c base/type.h base/why.c base/why.h
libbase_la_LIBADD = $(CRYPTO_LIBS) $(CBOR_LIBS) $(JANSSON_LIBS)
