# SPDX-License-Identifier: Apache-2.0
PROVIDER_CHECKS = test/unit/check_uri test/unit/check_psa \
	test/unit/check_soft
check_PROGRAMS += $(PROVIDER_CHECKS)
TESTS += $(PROVIDER_CHECKS)
test_unit_check_uri_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_uri_LDADD = libprovider.la $(CHECK_LIBS)
test_unit_check_psa_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_psa_LDADD = libprovider.la $(CHECK_LIBS)
test_unit_check_soft_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_soft_LDFLAGS = -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup
test_unit_check_soft_LDADD = libprovider.la $(CHECK_LIBS)

if HAVE_TPM
check_PROGRAMS += test/unit/check_tpm
TESTS += test/unit/check_tpm
test_unit_check_tpm_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(TSS2_CFLAGS)
test_unit_check_tpm_LDADD = libtpm.la $(CHECK_LIBS)
endif

check_PROGRAMS += test/unit/check_signature
TESTS += test/unit/check_signature
test_unit_check_signature_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_signature_LDADD = libbase.la $(CHECK_LIBS)

check_PROGRAMS += test/unit/check_tsm
TESTS += test/unit/check_tsm
test_unit_check_tsm_SOURCES = test/unit/check_tsm.c \
	test/unit/tsm_fake.c test/unit/tsm_fake.h \
	test/unit/tsm_forge.c test/unit/tsm_forge.h \
	test/unit/forge.c test/unit/forge_cca.c test/unit/forge_ccel.c \
	test/unit/forge_dcap.c test/unit/forge_snp.c test/unit/forge_tcb.c test/unit/forge_x509.c
test_unit_check_tsm_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) -pthread
test_unit_check_tsm_LDADD = libprovider.la libverifier.la libbase.la \
	$(CHECK_LIBS)

check_PROGRAMS += test/unit/check_nitro
TESTS += test/unit/check_nitro
test_unit_check_nitro_SOURCES = test/unit/check_nitro.c test/unit/forge.c \
	test/unit/forge_nitro.c test/unit/forge_x509.c
test_unit_check_nitro_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) -pthread
test_unit_check_nitro_LDADD = libprovider.la libverifier.la libbase.la \
	$(CHECK_LIBS)

check_PROGRAMS += test/unit/check_broker
TESTS += test/unit/check_broker
test_unit_check_broker_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) -pthread
test_unit_check_broker_LDADD = libbroker.la libprovider.la $(CHECK_LIBS)

check_PROGRAMS += test/unit/check_server
TESTS += test/unit/check_server
test_unit_check_server_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) -pthread
test_unit_check_server_LDADD = libbroker.la libprovider.la $(CHECK_LIBS)

check_PROGRAMS += test/unit/check_ratsd
TESTS += test/unit/check_ratsd
test_unit_check_ratsd_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_ratsd_LDADD = libprovider.la $(CHECK_LIBS)
