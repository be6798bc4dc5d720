# SPDX-License-Identifier: Apache-2.0
# `make bench` measures; `make check` only sees that it would.
bench_programs = test/bench/appraisal test/bench/bench test/bench/start
# The malloc of this one would displace the sanitizers'.
if !ENABLE_SANITIZE
bench_programs += test/bench/memory
endif
check_PROGRAMS += $(bench_programs)
bench_common = \
	test/bench/floor.c test/bench/floor.h \
	test/bench/ours.c test/bench/ours.h \
	test/bench/pair.c test/bench/pair.h \
	test/bench/pki.c test/bench/pki.h \
	test/bench/wire.c test/bench/wire.h
test_bench_bench_SOURCES = $(bench_common) \
	test/bench/beside.c test/bench/beside.h \
	test/bench/batch.c test/bench/batch.h \
	test/bench/batch_load.c test/bench/batch_report.c \
	test/bench/bench.c \
	test/bench/cold.c \
	test/bench/count.c \
	test/bench/delay.c \
	test/bench/flood.c \
	test/bench/flood_load.c \
	test/bench/flood_server.c \
	test/bench/formats.c test/bench/formats_report.c \
	test/bench/memory.c \
	test/bench/plot.c \
	test/bench/print.c test/bench/print.h \
	test/bench/process.c test/bench/process.h \
	test/bench/report.c test/bench/report.h \
	test/bench/sample.c test/bench/sample.h \
	test/bench/section.h \
	test/bench/serve.c test/bench/serve.h test/bench/serve_client.c \
	test/bench/start.c \
	test/bench/verifier.c test/bench/verifier.h \
	test/bench/verifier_load.c test/bench/verifier_report.c \
	test/bench/warm.c
test_bench_bench_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
test_bench_bench_LDADD = libbase.la $(SSL_LIBS) $(CRYPTO_LIBS) $(JANSSON_LIBS)
test_bench_memory_SOURCES = $(bench_common) \
	test/bench/heap.c test/bench/heap.h \
	test/bench/memory_program.c
test_bench_memory_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
test_bench_memory_LDADD = $(test_bench_bench_LDADD)
test_bench_appraisal_SOURCES = \
	test/bench/appraisal.c test/bench/appraisal.h \
	test/bench/appraisal_cold.c test/bench/appraisal_program.c \
	test/bench/bare.c test/bench/bare.h \
	test/bench/decode.c \
	test/bench/sample.c test/bench/sample.h \
	test/bench/subject.c test/bench/subject.h \
	$(vendors_sources)
test_bench_appraisal_CFLAGS = $(AM_CFLAGS)
test_bench_appraisal_LDADD = librival.la libverifier.la libbase.la \
	$(CRYPTO_LIBS) $(CBOR_LIBS) $(JANSSON_LIBS)
# libcbor's cbor.h, not ours: nothing of ours is in its path.
check_LTLIBRARIES += librival.la
librival_la_SOURCES = test/bench/rival.c test/bench/rival.h
librival_la_CPPFLAGS = $(CBOR_CFLAGS)
test_bench_start_SOURCES = test/bench/start_program.c
test_bench_start_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
test_bench_start_LDADD = $(SSL_LIBS) $(CRYPTO_LIBS)
PHONY += bench
bench: all $(bench_programs) slow.la test/provider/brokered$(EXEEXT) \
	test/provider/make_vendors$(EXEEXT)
	top_builddir='$(abs_top_builddir)' test/bench/bench
CLEANFILES += bench.json bench.svg
TESTS += test/bench/bench.sh
EXTRA_DIST += test/bench/bench.sh
