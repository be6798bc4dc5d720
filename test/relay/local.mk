# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += test/relay/relay
test_relay_relay_SOURCES = test/relay/relay.c test/relay/net.c test/relay/net.h
test_relay_relay_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
test_relay_relay_LDADD = $(SSL_LIBS) $(CRYPTO_LIBS)
