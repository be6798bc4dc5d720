# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libext.la
libext_la_SOURCES = \
	ext/attester.c ext/attester.h \
	ext/attesters.c ext/attesters.h \
	ext/certificate.c \
	ext/connection.c ext/connection.h \
	ext/delegate.c ext/delegate.h \
	ext/delegates.c ext/delegates.h \
	ext/delegation.c ext/delegation.h \
	ext/extension.c ext/extension.h \
	ext/gate.c ext/gate.h \
	ext/hook.c ext/hook.h \
	ext/host.c ext/host.h \
	ext/identity.c ext/identity.h \
	ext/keylog.c ext/keylog.h \
	ext/message.h \
	ext/module.c ext/module.h \
	ext/negotiation.c \
	ext/offload.c ext/offload.h \
	ext/offer.c ext/offer.h \
	ext/record.c ext/record.h \
	ext/replay.c ext/replay.h \
	ext/report.c ext/report.h \
	ext/ruleset.c ext/ruleset.h \
	ext/settings.c ext/settings.h \
	ext/share.c ext/share.h \
	ext/wire.c ext/wire.h
libext_la_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
libext_la_LIBADD = libverifier.la libbase.la $(SSL_LIBS) $(CRYPTO_LIBS)

ext_LTLIBRARIES += atls_ext.la
atls_ext_la_SOURCES = ext/entry.c
atls_ext_la_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
atls_ext_la_LDFLAGS = -module $(MODULE_LDFLAGS) -Wl,-z,nodelete \
	-Wl,--version-script=$(top_srcdir)/ext/ext.map
atls_ext_la_LIBADD = libext.la
EXTRA_atls_ext_la_DEPENDENCIES = ext/ext.map
EXTRA_DIST += ext/ext.map
