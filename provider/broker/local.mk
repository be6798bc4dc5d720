# SPDX-License-Identifier: Apache-2.0
# atlsd, the broker. All of it but main is in libbroker.la, for unit tests.
noinst_LTLIBRARIES += libbroker.la
libbroker_la_SOURCES = \
	provider/broker/callers.c provider/broker/callers.h \
	provider/broker/letter.c provider/broker/letter.h \
	provider/broker/queue.c provider/broker/queue.h \
	provider/broker/quoter.c provider/broker/quoter.h \
	provider/broker/server.c provider/broker/server.h \
	provider/broker/tally.c provider/broker/tally.h \
	provider/broker_message.c provider/broker_message.h
libbroker_la_LIBADD = libbase.la

sbin_PROGRAMS += atlsd
atlsd_SOURCES = provider/broker/main.c
atlsd_CFLAGS = $(AM_CFLAGS) -pthread
atlsd_LDADD = libbroker.la $(CRYPTO_LIBS)

pkgdata_DATA += provider/broker/atlsd.service
dist_pkgdata_DATA += provider/broker/atlsd.socket
EXTRA_DIST += provider/broker/atlsd.service.in
CLEANFILES += provider/broker/atlsd.service
provider/broker/atlsd.service: $(srcdir)/provider/broker/atlsd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) provider/broker && sed 's,[@]sbindir[@],$(sbindir),' \
	    $(srcdir)/provider/broker/atlsd.service.in >$@
