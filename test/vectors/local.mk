# SPDX-License-Identifier: Apache-2.0
TESTS += test/vectors/check_binder.sh test/vectors/real.sh
dist_check_SCRIPTS += test/vectors/check_binder.sh test/vectors/real.sh
EXTRA_DIST += test/vectors/real
check_PROGRAMS += test/vectors/assemble
test_vectors_assemble_SOURCES = test/vectors/assemble.c test/unit/diag.c \
	test/unit/real_quote.c test/unit/forge.c
test_vectors_assemble_LDADD = libprovider.la libverifier.la libbase.la
# Every file of real Evidence: file, date, expected, got
PHONY += vectors
vectors: atls$(EXEEXT) test/vectors/assemble$(EXEEXT)
	@$(AM_TESTS_ENVIRONMENT) FORMAT=table \
		$(SHELL) $(top_srcdir)/test/vectors/real.sh
if HAVE_CHECK
check_PROGRAMS += test/unit/check_vectors
TESTS += test/unit/check_vectors
test_unit_check_vectors_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_vectors_LDADD = libext.la $(CHECK_LIBS)
endif
