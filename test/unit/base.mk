# SPDX-License-Identifier: Apache-2.0
noinst_HEADERS += test/check_main.h
check_PROGRAMS += test/unit/check_bytes
TESTS += test/unit/check_bytes
test_unit_check_bytes_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_bytes_LDADD = libbase.la $(CHECK_LIBS)
