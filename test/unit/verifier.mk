# SPDX-License-Identifier: Apache-2.0
noinst_HEADERS += test/unit/forge.h
forge_sources = test/unit/forge.c
EXTRA_PROGRAMS += test/unit/make_vectors
test_unit_make_vectors_SOURCES = test/unit/make_vectors.c $(forge_sources)
test_unit_make_vectors_LDADD = libbase.la
verifier_unit_tests = \
	test/unit/check_appraise \
	test/unit/check_policy
check_PROGRAMS += $(verifier_unit_tests)
TESTS += $(verifier_unit_tests)
test_unit_check_appraise_SOURCES = test/unit/check_appraise.c $(forge_sources)
test_unit_check_appraise_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_appraise_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_policy_SOURCES = test/unit/check_policy.c $(forge_sources)
test_unit_check_policy_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_policy_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
