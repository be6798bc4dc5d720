# SPDX-License-Identifier: Apache-2.0
PAIR_TESTS = test/pair/check_attest test/pair/check_background \
	test/pair/check_bearer \
	test/pair/check_delegate \
	test/pair/check_deviant \
	test/pair/check_gate test/pair/check_hooks test/pair/check_passport test/pair/check_policy \
	test/pair/check_load test/pair/check_life \
	test/pair/check_attester test/pair/check_ends test/pair/check_alloc \
	test/pair/check_newer test/pair/check_renewal test/pair/check_several

check_LTLIBRARIES += test/pair/libpair.la
test_pair_libpair_la_SOURCES = \
	test/pair/bearing.c test/pair/bearing.h \
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
test_pair_check_background_SOURCES = test/pair/check_background.c \
	test/pair/verifier.c test/pair/verifier.h
test_pair_check_background_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_background_LDFLAGS = -Wl,--export-dynamic
test_pair_check_background_LDADD = test/pair/libpair.la libverifier.la libbase.la -ldl
test_pair_check_bearer_SOURCES = test/pair/check_bearer.c \
	test/pair/verifier.c test/pair/verifier.h
test_pair_check_bearer_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_bearer_LDFLAGS = -Wl,--export-dynamic
test_pair_check_bearer_LDADD = test/pair/libpair.la libverifier.la libbase.la -ldl
test_pair_check_delegate_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_delegate_LDADD = test/pair/libpair.la
test_pair_check_deviant_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_deviant_LDADD = test/pair/libpair.la
test_pair_check_gate_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_gate_LDADD = test/pair/libpair.la
test_pair_check_hooks_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_hooks_LDADD = test/pair/libpair.la
test_pair_check_passport_SOURCES = test/pair/check_passport.c \
	test/pair/verifier.c test/pair/verifier.h
test_pair_check_passport_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_passport_LDFLAGS = -Wl,--export-dynamic
test_pair_check_passport_LDADD = test/pair/libpair.la libverifier.la libbase.la -ldl
test_pair_check_policy_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_policy_LDADD = test/pair/libpair.la
test_pair_check_load_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_load_LDADD = test/pair/libpair.la
test_pair_check_life_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_life_LDADD = test/pair/libpair.la
test_pair_check_attester_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_attester_LDADD = test/pair/libpair.la
test_pair_check_ends_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_ends_LDADD = test/pair/libpair.la

# A Verifier of the tests' own. -rpath: see test/provider/local.mk.
check_LTLIBRARIES += remote_stub.la
remote_stub_la_SOURCES = test/pair/remote_stub.c test/pair/verifier.h
remote_stub_la_CFLAGS = $(AM_CFLAGS)
remote_stub_la_LIBADD = libbase.la $(CRYPTO_LIBS)
remote_stub_la_LDFLAGS = -module $(MODULE_LDFLAGS) -rpath /nowhere

# Programs that host.sh runs.
check_PROGRAMS += test/pair/host_json test/pair/host_plain test/pair/host_malloc
test_pair_host_json_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
test_pair_host_json_LDFLAGS = -Wl,--export-dynamic
test_pair_host_json_LDADD = $(SSL_LIBS) $(CRYPTO_LIBS)
test_pair_host_plain_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_host_plain_LDADD = test/pair/libpair.la -ldl
test_pair_host_malloc_SOURCES = test/pair/host_plain.c
test_pair_host_malloc_CFLAGS = $(test_pair_libpair_la_CFLAGS) -DHOST_MALLOC \
	-fno-builtin
test_pair_host_malloc_LDFLAGS = -Wl,--export-dynamic
test_pair_host_malloc_LDADD = test/pair/libpair.la -ldl

TESTS += test/pair/host.sh test/pair/valgrind.sh
dist_check_SCRIPTS += test/pair/host.sh test/pair/valgrind.sh

test_pair_check_alloc_CFLAGS = $(test_pair_libpair_la_CFLAGS) -fno-builtin
test_pair_check_alloc_LDFLAGS = -Wl,--export-dynamic
test_pair_check_alloc_LDADD = test/pair/libpair.la
test_pair_check_newer_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_newer_LDADD = test/pair/libpair.la
test_pair_check_renewal_SOURCES = test/pair/check_renewal.c \
	$(snp_forge_sources)
test_pair_check_renewal_CFLAGS = $(test_pair_libpair_la_CFLAGS)
test_pair_check_renewal_LDADD = test/pair/libpair.la libverifier.la libbase.la
test_pair_check_several_CFLAGS = $(test_pair_libpair_la_CFLAGS) -pthread
test_pair_check_several_LDADD = test/pair/libpair.la
