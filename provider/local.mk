# SPDX-License-Identifier: Apache-2.0
# atls.so, the OpenSSL provider. All of it but the entry's visibility is in
# libprovider.la, so that unit tests can link it.
noinst_LTLIBRARIES += libprovider.la
libprovider_la_SOURCES = \
	provider/attester.c provider/attester.h provider/deadline.h \
	provider/broker.c \
	provider/ccel.c provider/ccel.h \
	provider/broker_line.c provider/broker_line.h \
	provider/broker_message.c provider/broker_message.h \
	provider/descriptor.c provider/descriptor.h \
	provider/encoder.c \
	provider/key.c provider/key.h \
	provider/keymgmt.c \
	provider/lock.c provider/lock.h \
	provider/nitro.c provider/nsm.h provider/nsm_device.c \
	provider/pcrs.c provider/pcrs.h \
	provider/provider.c provider/provider.h \
	provider/psa.c provider/psa.h provider/psa_json.c \
	provider/ratsd.c provider/ratsd.h provider/ratsd_json.c \
	provider/signature.c \
	provider/soft.c provider/soft_key.c provider/soft_key.h \
	provider/store.c \
	provider/task.c provider/task.h \
	provider/tpm.c provider/tpm_module.h \
	provider/tpm_target.c provider/tpm_target.h \
	provider/tsm.c provider/tsm.h provider/tsm_files.c provider/tsm_report.c \
	provider/uri.c provider/uri.h \
	provider/uri_file.c provider/uri_file.h
libprovider_la_CPPFLAGS = $(AM_CPPFLAGS) -DATLS_EXTDIR='"$(extdir)"'
libprovider_la_LIBADD = libbase.la

osslmodules_LTLIBRARIES += atls.la
atls_la_SOURCES =
atls_la_LIBADD = libprovider.la
atls_la_LDFLAGS = -module $(MODULE_LDFLAGS) \
	-Wl,--version-script=$(srcdir)/provider/atls.map
atls_la_DEPENDENCIES = libprovider.la provider/atls.map
EXTRA_DIST += provider/atls.map

# atls_tpm.so, which atls.so loads when a TPM is first used, so that nothing
# else of a program ever meets tpm2-tss. libtpm.la is for unit tests, too.
if HAVE_TPM
noinst_LTLIBRARIES += libtpm.la
libtpm_la_SOURCES = \
	provider/tpm_ak.c provider/tpm_ak.h \
	provider/tpm_certify.c provider/tpm_certify.h \
	provider/tpm_descriptor.c provider/tpm_descriptor.h \
	provider/tpm_error.c provider/tpm_error.h \
	provider/tpm_key.c provider/tpm_key.h \
	provider/tpm_key_file.c provider/tpm_key_file.h \
	provider/tpm_line.c provider/tpm_line.h \
	provider/tpm_passing.c provider/tpm_passing.h \
	provider/tpm_public.c provider/tpm_public.h \
	provider/tpm_quote.c provider/tpm_quote.h \
	provider/tpm_session.c \
	provider/tpm_tcti.c provider/tpm_tcti.h \
	provider/tpm_turn.c provider/tpm_turn.h \
	provider/pcrs.c provider/tss.h
libtpm_la_CFLAGS = $(AM_CFLAGS) $(TSS2_CFLAGS)
libtpm_la_LIBADD = libbase.la $(TSS2_LIBS)

ext_LTLIBRARIES += atls_tpm.la
atls_tpm_la_SOURCES =
atls_tpm_la_LIBADD = libtpm.la
atls_tpm_la_LDFLAGS = -module $(MODULE_LDFLAGS) \
	-Wl,--version-script=$(srcdir)/provider/atls_tpm.map
atls_tpm_la_DEPENDENCIES = libtpm.la provider/atls_tpm.map
endif
EXTRA_DIST += provider/atls_tpm.map

# atls_ratsd.so, which atls.so loads when ratsd is first asked.
ext_LTLIBRARIES += atls_ratsd.la
atls_ratsd_la_SOURCES = provider/ratsd_module.c
atls_ratsd_la_LIBADD = libhttp.la
atls_ratsd_la_LDFLAGS = -module $(MODULE_LDFLAGS) \
	-Wl,--version-script=$(srcdir)/provider/atls_ratsd.map
EXTRA_atls_ratsd_la_DEPENDENCIES = provider/atls_ratsd.map
EXTRA_DIST += provider/atls_ratsd.map
