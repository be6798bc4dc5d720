# SPDX-License-Identifier: Apache-2.0
# The command: the top of the house, so it may use ext's pure parts (settings,
# wire, binder) as well as the verifier.
bin_PROGRAMS += atls
atls_SOURCES = \
	verifier-client/cli/applications.c \
	verifier-client/cli/appraise.c \
	verifier-client/cli/cnf.c verifier-client/cli/cnf.h \
	verifier-client/cli/collateral.c verifier-client/cli/collateral.h \
	verifier-client/cli/collateral_fetch.c \
	verifier-client/cli/collateral_status.c \
	verifier-client/cli/command.h \
	verifier-client/cli/config.c \
	verifier-client/cli/connect.c verifier-client/cli/connect.h \
	verifier-client/cli/certificate.c verifier-client/cli/certificate.h \
	verifier-client/cli/describe.c verifier-client/cli/describe.h \
	verifier-client/cli/describe_log.c \
	verifier-client/cli/doctor.c verifier-client/cli/doctor.h \
	verifier-client/cli/doctor_attester.c \
	verifier-client/cli/doctor_collateral.c \
	verifier-client/cli/doctor_delegate.c \
	verifier-client/cli/doctor_file.c \
	verifier-client/cli/doctor_load.c \
	verifier-client/cli/doctor_policy.c \
	verifier-client/cli/doctor_processes.c \
	verifier-client/cli/fetcher.c verifier-client/cli/fetcher.h \
	verifier-client/cli/finding.c verifier-client/cli/finding.h \
	verifier-client/cli/input.c verifier-client/cli/input.h \
	verifier-client/cli/inspect.c \
	verifier-client/cli/main.c \
	verifier-client/cli/options.c verifier-client/cli/options.h \
	verifier-client/cli/outline.c verifier-client/cli/outline.h \
	verifier-client/cli/output.c verifier-client/cli/output.h \
	verifier-client/cli/policy.c \
	verifier-client/cli/policy_import.c verifier-client/cli/policy_import.h \
	verifier-client/cli/probe.c \
	verifier-client/cli/ratls.c verifier-client/cli/ratls.h \
	verifier-client/cli/several.c verifier-client/cli/several.h \
	verifier-client/cli/source.c verifier-client/cli/source.h \
	verifier-client/cli/terminal.c verifier-client/cli/terminal.h \
	verifier-client/cli/token.c verifier-client/cli/token.h \
	verifier-client/cli/voucher.c verifier-client/cli/voucher.h
atls_CPPFLAGS = -D_GNU_SOURCE $(AM_CPPFLAGS) -DATLS_EXTDIR='"$(extdir)"' \
	-DATLS_MODULESDIR='"$(osslmodulesdir)"'
atls_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
atls_LDADD = libext.la libcollateral.la libimport.la libverifier.la libbase.la $(SSL_LIBS) $(CRYPTO_LIBS) \
	$(JANSSON_LIBS)
