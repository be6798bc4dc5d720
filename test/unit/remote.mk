# SPDX-License-Identifier: Apache-2.0
remote_unit_tests = test/unit/check_breaker test/unit/check_trustee \
	test/unit/check_verdict_cache
check_PROGRAMS += $(remote_unit_tests)
TESTS += $(remote_unit_tests)
test_unit_check_breaker_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) -pthread
test_unit_check_breaker_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_trustee_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_trustee_LDADD = libremote.la libverifier.la libbase.la \
	$(CHECK_LIBS)
test_unit_check_verdict_cache_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_verdict_cache_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
