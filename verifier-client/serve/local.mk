# SPDX-License-Identifier: Apache-2.0
# atls serve: a part of the command, without which it can be built.
if HAVE_MICROHTTPD
# What answers requests, without the transport.
noinst_LTLIBRARIES += libserve.la
libserve_la_SOURCES = \
	verifier-client/serve/access.c verifier-client/serve/access.h \
	verifier-client/serve/alias.c verifier-client/serve/alias.h \
	verifier-client/serve/appraisal.c verifier-client/serve/appraisal.h \
	verifier-client/serve/challenge.c \
	verifier-client/serve/exchange.c verifier-client/serve/exchange.h \
	verifier-client/serve/metrics.c verifier-client/serve/metrics.h \
	verifier-client/serve/published.c \
	verifier-client/serve/route.c verifier-client/serve/route.h \
	verifier-client/serve/secret.c verifier-client/serve/secret.h \
	verifier-client/serve/service.c verifier-client/serve/service.h \
	verifier-client/serve/session.c verifier-client/serve/session.h \
	verifier-client/serve/session_key.c \
	verifier-client/serve/setup.h \
	verifier-client/serve/signer.c verifier-client/serve/signer.h
libserve_la_CPPFLAGS = -D_GNU_SOURCE $(AM_CPPFLAGS)
atls_SOURCES += \
	verifier-client/serve/client.c verifier-client/serve/client.h \
	verifier-client/serve/command.c \
	verifier-client/serve/daemon.c verifier-client/serve/daemon.h \
	verifier-client/serve/front.c verifier-client/serve/front.h \
	verifier-client/serve/listener.c verifier-client/serve/listener.h \
	verifier-client/serve/server.c verifier-client/serve/server.h \
	verifier-client/serve/tls.c verifier-client/serve/tls.h
atls_CFLAGS += $(MICROHTTPD_CFLAGS)
atls_LDADD += libserve.la libverifier.la libbase.la $(MICROHTTPD_LIBS) \
	$(CRYPTO_LIBS) $(JANSSON_LIBS)
EXTRA_DIST += verifier-client/serve/absent.c
pkgdata_DATA += verifier-client/serve/atls-serve.service
else
atls_SOURCES += verifier-client/serve/absent.c
endif
EXTRA_DIST += verifier-client/serve/atls-serve.service.in
CLEANFILES += verifier-client/serve/atls-serve.service
verifier-client/serve/atls-serve.service: \
	$(srcdir)/verifier-client/serve/atls-serve.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) verifier-client/serve && \
	    sed 's,[@]bindir[@],$(bindir),' \
	    $(srcdir)/verifier-client/serve/atls-serve.service.in >$@
