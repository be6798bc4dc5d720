# SPDX-License-Identifier: Apache-2.0
serve_tests = \
	test/serve/api.sh \
	test/serve/key.sh \
	test/serve/launder.sh \
	test/serve/life.sh \
	test/serve/limits.sh \
	test/serve/metrics.sh \
	test/serve/passport.sh \
	test/serve/tls.sh \
	test/serve/unit.sh \
	test/serve/veraison.sh
TESTS += $(serve_tests)
dist_check_SCRIPTS += $(serve_tests)
EXTRA_DIST += test/serve/harness.sh
if HAVE_CHECK
if HAVE_MICROHTTPD
serve_unit_tests = test/serve/check_appraisal test/serve/check_session
check_PROGRAMS += $(serve_unit_tests)
TESTS += $(serve_unit_tests)
endif
endif
test_serve_check_appraisal_SOURCES = test/serve/check_appraisal.c \
	test/unit/forge_cca.c $(forge_sources)
test_serve_check_appraisal_CPPFLAGS = -D_GNU_SOURCE $(AM_CPPFLAGS)
test_serve_check_appraisal_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_serve_check_appraisal_LDADD = libserve.la libverifier.la libbase.la \
	$(CHECK_LIBS) $(CRYPTO_LIBS) $(JANSSON_LIBS) $(CBOR_LIBS)
test_serve_check_session_SOURCES = test/serve/check_session.c
test_serve_check_session_CPPFLAGS = -D_GNU_SOURCE $(AM_CPPFLAGS)
test_serve_check_session_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_serve_check_session_LDADD = libserve.la libverifier.la libbase.la $(CHECK_LIBS) \
	$(CRYPTO_LIBS) $(JANSSON_LIBS) $(CBOR_LIBS)
check_PROGRAMS += test/serve/relying
test_serve_relying_SOURCES = test/serve/relying.c
test_serve_relying_LDADD = libverifier.la libbase.la $(CRYPTO_LIBS) \
	$(JANSSON_LIBS) $(CBOR_LIBS)
