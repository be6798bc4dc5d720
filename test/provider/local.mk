# SPDX-License-Identifier: Apache-2.0
PROVIDER_TESTS = test/provider/broker.sh test/provider/soft.sh test/provider/tsm.sh \
	test/provider/valgrind.sh
PROVIDER_TPM_TESTS = test/provider/tpm.sh test/provider/certify.sh \
	test/provider/device.sh
TESTS += $(PROVIDER_TESTS)
if HAVE_TPM
TESTS += $(PROVIDER_TPM_TESTS)
endif
EXTRA_DIST += test/swtpm.sh $(PROVIDER_TESTS) $(PROVIDER_TPM_TESTS) \
	test/provider/harness.sh

check_PROGRAMS += test/provider/evidence_parts test/provider/sharers \
	test/provider/pty_tpm test/provider/tpm_pipe test/provider/brokered \
	test/provider/activated
test_provider_brokered_CFLAGS = $(AM_CFLAGS) -pthread
test_provider_brokered_LDADD = libverifier.la libbase.la $(CRYPTO_LIBS)
test_provider_evidence_parts_LDADD = libbase.la
test_provider_sharers_CFLAGS = $(AM_CFLAGS) -pthread
test_provider_sharers_LDADD = $(CRYPTO_LIBS)

# Other people's providers. -rpath: libtool makes a shared module only of what
# it believes to be installed somewhere.
check_LTLIBRARIES += acme.la maker.la slow.la forged.la
acme_la_SOURCES = test/provider/acme.c
acme_la_LIBADD = $(CRYPTO_LIBS)
acme_la_LDFLAGS = -module $(MODULE_LDFLAGS) -rpath /nowhere
maker_la_SOURCES = test/provider/maker.c
maker_la_LIBADD = $(CRYPTO_LIBS)
maker_la_LDFLAGS = -module $(MODULE_LDFLAGS) -rpath /nowhere
slow_la_SOURCES = test/provider/slow.c
slow_la_LIBADD = $(CRYPTO_LIBS)
slow_la_LDFLAGS = -module $(MODULE_LDFLAGS) -rpath /nowhere

# Devices of every format under vendors of our own: `forged:` and the program
# that makes the vendors.
vendors_sources = test/provider/vendors.c test/provider/vendors.h \
	test/provider/vendors_evidence.c test/unit/forge.c \
	test/unit/forge_cca.c test/unit/forge_dcap.c test/unit/forge_nitro.c \
	test/unit/forge_snp.c test/unit/forge_vtpm.c test/unit/forge_x509.c
forged_la_SOURCES = test/provider/forged.c $(vendors_sources)
forged_la_CFLAGS = $(AM_CFLAGS)
forged_la_LIBADD = libbase.la $(CRYPTO_LIBS)
# nodelete: base/ecdsa.c keeps its digests to the end of the process.
forged_la_LDFLAGS = -module $(MODULE_LDFLAGS) -Wl,-z,nodelete -rpath /nowhere
check_PROGRAMS += test/provider/make_vendors
test_provider_make_vendors_SOURCES = test/provider/make_vendors.c \
	test/unit/forge_tcb.c $(vendors_sources)
test_provider_make_vendors_CFLAGS = $(AM_CFLAGS)
test_provider_make_vendors_LDADD = libbase.la $(CRYPTO_LIBS)
