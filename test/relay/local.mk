# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += test/relay/relay test/relay/endpoint test/relay/thief
test_relay_relay_SOURCES = test/relay/relay.c test/relay/net.c test/relay/net.h
test_relay_relay_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
test_relay_relay_LDADD = $(SSL_LIBS) $(CRYPTO_LIBS)
test_relay_endpoint_SOURCES = test/relay/endpoint.c test/relay/weak.c \
	test/relay/weak.h test/relay/net.c test/relay/net.h \
	test/relay/memory.c test/relay/memory.h
test_relay_endpoint_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
test_relay_endpoint_LDADD = libatls.la $(SSL_LIBS) $(CRYPTO_LIBS)
test_relay_thief_SOURCES = test/relay/thief.c test/relay/net.c \
	test/relay/net.h test/relay/memory.c test/relay/memory.h
test_relay_thief_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
test_relay_thief_LDADD = libext.la libverifier.la libbase.la $(SSL_LIBS) \
	$(CRYPTO_LIBS)
TESTS += test/relay/relay.sh test/relay/changed.sh
dist_check_SCRIPTS += test/relay/relay.sh test/relay/changed.sh
