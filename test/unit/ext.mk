# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += test/unit/check_attesters \
	test/unit/check_delegates test/unit/check_delegation \
	test/unit/check_ruleset test/unit/check_settings \
	test/unit/check_share test/unit/check_wire
TESTS += test/unit/check_attesters \
	test/unit/check_delegates test/unit/check_delegation \
	test/unit/check_ruleset test/unit/check_settings \
	test/unit/check_share test/unit/check_wire
test_unit_check_delegates_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_delegates_LDFLAGS = -Wl,--wrap=atls_clock_now
test_unit_check_delegates_LDADD = libext.la libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_delegation_SOURCES = test/unit/check_delegation.c $(forge_sources)
test_unit_check_delegation_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_delegation_LDADD = libext.la libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_settings_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_settings_LDADD = libext.la $(CHECK_LIBS)
test_unit_check_share_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_share_LDADD = libext.la $(CHECK_LIBS)
test_unit_check_wire_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_wire_LDADD = libext.la $(CHECK_LIBS)
test_unit_check_ruleset_SOURCES = test/unit/check_ruleset.c \
	$(forge_dcap_sources)
test_unit_check_ruleset_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_ruleset_LDFLAGS = -Wl,--wrap=atls_clock_now,--wrap=stat
test_unit_check_ruleset_LDADD = libext.la libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_attesters_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_attesters_LDFLAGS = \
	-Wl,--wrap=atls_attester_open,--wrap=atls_attester_free \
	-Wl,--wrap=atls_attester_prepare,--wrap=atls_attester_is_prepared \
	-Wl,--wrap=atls_attester_schemes,--wrap=atls_attester_max_size \
	-Wl,--wrap=atls_attester_takes_origin,--wrap=atls_attester_quote \
	-Wl,--wrap=pthread_create,--wrap=atls_clock_now
test_unit_check_attesters_LDADD = libext.la libverifier.la libbase.la $(CHECK_LIBS)
