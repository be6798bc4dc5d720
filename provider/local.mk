# SPDX-License-Identifier: Apache-2.0
# atls.so, the OpenSSL provider. All of it but the entry's visibility is in
# libprovider.la, so that unit tests can link it.
noinst_LTLIBRARIES += libprovider.la
libprovider_la_SOURCES = \
	provider/attester.c provider/attester.h provider/deadline.h \
	provider/encoder.c \
	provider/file.c provider/file.h \
	provider/key.c provider/key.h \
	provider/keymgmt.c \
	provider/pcrs.c provider/pcrs.h \
	provider/provider.c provider/provider.h \
	provider/psa.c provider/psa.h provider/psa_json.c \
	provider/signature.c \
	provider/soft.c provider/soft_key.c provider/soft_key.h \
	provider/store.c \
	provider/tpm.c provider/tpm_module.h \
	provider/tpm_target.c provider/tpm_target.h \
	provider/uri.c provider/uri.h
libprovider_la_CPPFLAGS = $(AM_CPPFLAGS) -DATLS_EXTDIR='"$(extdir)"'
libprovider_la_LIBADD = libbase.la

osslmodules_LTLIBRARIES += atls.la
atls_la_SOURCES =
atls_la_LIBADD = libprovider.la
atls_la_LDFLAGS = $(MODULE_LDFLAGS) \
	-Wl,--version-script=$(srcdir)/provider/atls.map
atls_la_DEPENDENCIES = libprovider.la provider/atls.map
EXTRA_DIST += provider/atls.map
