# SPDX-License-Identifier: Apache-2.0
PROVIDER_TESTS = test/provider/broker.sh test/provider/soft.sh test/provider/tsm.sh \
	test/provider/valgrind.sh
PROVIDER_TPM_TESTS = test/provider/tpm.sh test/provider/device.sh
TESTS += $(PROVIDER_TESTS)
if HAVE_TPM
TESTS += $(PROVIDER_TPM_TESTS)
endif
EXTRA_DIST += test/swtpm.sh $(PROVIDER_TESTS) $(PROVIDER_TPM_TESTS) \
	test/provider/harness.sh

check_PROGRAMS += test/provider/evidence_parts test/provider/sharers \
	test/provider/pty_tpm test/provider/brokered test/provider/activated
test_provider_brokered_CFLAGS = $(AM_CFLAGS) -pthread
test_provider_brokered_LDADD = libverifier.la libbase.la $(CRYPTO_LIBS)
test_provider_evidence_parts_LDADD = libbase.la
test_provider_sharers_CFLAGS = $(AM_CFLAGS) -pthread
test_provider_sharers_LDADD = $(CRYPTO_LIBS)

# Other people's providers. -rpath: libtool makes a shared module only of what
# it believes to be installed somewhere.
check_LTLIBRARIES += acme.la maker.la slow.la
acme_la_SOURCES = test/provider/acme.c
acme_la_LIBADD = $(CRYPTO_LIBS)
acme_la_LDFLAGS = -module $(MODULE_LDFLAGS) -rpath /nowhere
maker_la_SOURCES = test/provider/maker.c
maker_la_LIBADD = $(CRYPTO_LIBS)
maker_la_LDFLAGS = -module $(MODULE_LDFLAGS) -rpath /nowhere
slow_la_SOURCES = test/provider/slow.c
slow_la_LIBADD = $(CRYPTO_LIBS)
slow_la_LDFLAGS = -module $(MODULE_LDFLAGS) -rpath /nowhere
