# SPDX-License-Identifier: Apache-2.0
PAIR_TESTS = test/pair/check_attest test/pair/check_deviant \
	test/pair/check_gate test/pair/check_hooks test/pair/check_policy \
	test/pair/check_load test/pair/check_life \
	test/pair/check_attester

check_LTLIBRARIES += test/pair/libpair.la
test_pair_libpair_la_SOURCES = \
	test/pair/pair.c test/pair/pair.h test/pair/setup.c \
	test/pair/pki.c test/pair/pki.h \
	test/pair/deviant.c test/pair/deviant.h
test_pair_libpair_la_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS) $(CHECK_CFLAGS)
test_pair_libpair_la_LIBADD = libbase.la $(SSL_LIBS) $(JANSSON_LIBS) \
	$(CHECK_LIBS)

check_PROGRAMS += $(PAIR_TESTS)
TESTS += $(PAIR_TESTS)
test_pair_check_attest_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_attest_LDADD = test/pair/libpair.la
test_pair_check_deviant_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_deviant_LDADD = test/pair/libpair.la
test_pair_check_gate_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_gate_LDADD = test/pair/libpair.la
test_pair_check_hooks_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_hooks_LDADD = test/pair/libpair.la
test_pair_check_policy_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_policy_LDADD = test/pair/libpair.la
test_pair_check_load_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_load_LDADD = test/pair/libpair.la
test_pair_check_life_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_life_LDADD = test/pair/libpair.la
test_pair_check_attester_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_attester_LDADD = test/pair/libpair.la
