# SPDX-License-Identifier: Apache-2.0
noinst_HEADERS += test/check_main.h
base_unit_tests = \
	test/unit/check_alloc \
	test/unit/check_base64url \
	test/unit/check_bytes \
	test/unit/check_cbor \
	test/unit/check_cmw \
	test/unit/check_cose \
	test/unit/check_duration \
	test/unit/check_http \
	test/unit/check_json \
	test/unit/check_log \
	test/unit/check_origin \
	test/unit/check_scheme \
	test/unit/check_type
check_PROGRAMS += $(base_unit_tests)
TESTS += $(base_unit_tests)
test_unit_check_alloc_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_alloc_LDFLAGS = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
test_unit_check_alloc_LDADD = libbase.la $(CHECK_LIBS)
test_unit_check_base64url_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_base64url_LDADD = libbase.la $(CHECK_LIBS)
test_unit_check_bytes_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_bytes_LDADD = libbase.la $(CHECK_LIBS)
test_unit_check_cbor_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_cbor_LDADD = libbase.la $(CHECK_LIBS)
test_unit_check_cmw_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_cmw_LDADD = libbase.la $(CHECK_LIBS)
test_unit_check_cose_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_cose_LDADD = libbase.la $(CHECK_LIBS)
test_unit_check_duration_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_duration_LDADD = libbase.la $(CHECK_LIBS)
test_unit_check_json_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_json_LDADD = libbase.la $(CHECK_LIBS)
test_unit_check_log_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_log_LDFLAGS = -Wl,--wrap=syslog,--wrap=__syslog_chk
test_unit_check_log_LDADD = libbase.la $(CHECK_LIBS)
test_unit_check_origin_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_origin_LDADD = libbase.la $(CHECK_LIBS)
test_unit_check_scheme_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_scheme_LDADD = libbase.la $(CHECK_LIBS)
test_unit_check_type_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_type_LDADD = libbase.la $(CHECK_LIBS)
test_unit_check_http_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CURL_CFLAGS) \
	$(SSL_CFLAGS)
test_unit_check_http_LDADD = libhttp.la $(CURL_LIBS) $(SSL_LIBS) $(CHECK_LIBS)
test_unit_check_http_LDFLAGS = -export-dynamic
