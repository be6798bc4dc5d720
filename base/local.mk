# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libbase.la
nobase_include_HEADERS += base/atls/view.h base/atls/reason.h base/atls/reason.def
libbase_la_SOURCES = \
	base/bytes.c base/bytes.h \
	base/reason.c base/why.c base/why.h
libbase_la_LIBADD = $(CRYPTO_LIBS) $(CBOR_LIBS) $(JANSSON_LIBS)
