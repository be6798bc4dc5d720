# SPDX-License-Identifier: Apache-2.0
noinst_HEADERS += test/unit/forge.h test/unit/forge_x509.h \
	test/unit/forge_snp.h test/unit/diag.h
noinst_HEADERS += test/unit/forge_dcap.h test/unit/forge_tcb.h \
	test/unit/forge_vtpm.h test/unit/forge_parsec.h
noinst_HEADERS += test/unit/real_quote.h test/unit/forge_ccel.h test/unit/forge_cca.h test/unit/forge_nitro.h
noinst_HEADERS += test/unit/forge_corim.h
forge_corim_sources = test/unit/forge_corim.c test/unit/diag.c
forge_sources = test/unit/forge.c
forge_dcap_sources = test/unit/forge_dcap.c $(forge_sources)
check_PROGRAMS += test/unit/make_vectors
test_unit_make_vectors_SOURCES = test/unit/make_vectors.c $(forge_sources)
test_unit_make_vectors_LDADD = libbase.la
verifier_unit_tests = \
	test/unit/check_appraise \
	test/unit/check_chain \
	test/unit/check_collateral \
	test/unit/check_batch \
	test/unit/check_cca \
	test/unit/check_composite \
	test/unit/check_corim \
	test/unit/check_enacttrust \
	test/unit/check_evidence \
	test/unit/check_ear \
	test/unit/check_jws \
	test/unit/check_nitro_document \
	test/unit/check_parsec_cca \
	test/unit/check_parsec_tpm \
	test/unit/check_policy \
	test/unit/check_psa_token \
	test/unit/check_quote \
	test/unit/check_tpm_cert \
	test/unit/check_tpm_quote \
	test/unit/check_snp \
	test/unit/check_tsm_report \
	test/unit/check_verdict \
	test/unit/check_background \
	test/unit/check_result \
	test/unit/check_verifier \
	test/unit/check_verifier_alloc \
	test/unit/check_vtpm
check_PROGRAMS += $(verifier_unit_tests)
TESTS += $(verifier_unit_tests) test/unit/vectors.sh
EXTRA_DIST += test/unit/vectors.sh
test_unit_check_appraise_SOURCES = test/unit/check_appraise.c $(forge_sources)
test_unit_check_appraise_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_appraise_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_chain_SOURCES = test/unit/check_chain.c \
	test/unit/forge_x509.c $(forge_sources)
test_unit_check_chain_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_chain_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_batch_SOURCES = test/unit/check_batch.c $(forge_sources)
test_unit_check_batch_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_batch_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_composite_SOURCES = test/unit/check_composite.c \
	test/unit/forge_snp.c test/unit/forge_x509.c $(forge_sources)
test_unit_check_composite_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_composite_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_corim_SOURCES = test/unit/check_corim.c \
	test/unit/forge_cca.c $(forge_corim_sources) $(snp_forge_sources)
test_unit_check_corim_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_corim_LDADD = libimport.la libverifier.la libbase.la \
	$(CHECK_LIBS)
test_unit_check_cca_SOURCES = test/unit/check_cca.c test/unit/forge_cca.c \
	$(forge_sources)
test_unit_check_cca_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_cca_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_enacttrust_SOURCES = test/unit/check_enacttrust.c $(forge_sources)
test_unit_check_enacttrust_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_enacttrust_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_evidence_SOURCES = test/unit/check_evidence.c $(forge_sources)
test_unit_check_evidence_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_evidence_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_ear_SOURCES = test/unit/check_ear.c $(forge_sources)
test_unit_check_ear_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_ear_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_jws_SOURCES = test/unit/check_jws.c $(forge_sources)
test_unit_check_jws_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_jws_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_nitro_document_SOURCES = test/unit/check_nitro_document.c \
	test/unit/forge_nitro.c test/unit/forge_x509.c $(forge_sources)
test_unit_check_nitro_document_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_nitro_document_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_parsec_cca_SOURCES = test/unit/check_parsec_cca.c \
	test/unit/forge_cca.c test/unit/forge_parsec.c $(forge_sources)
test_unit_check_parsec_cca_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_parsec_cca_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_parsec_tpm_SOURCES = test/unit/check_parsec_tpm.c \
	test/unit/forge_parsec.c $(forge_sources)
test_unit_check_parsec_tpm_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_parsec_tpm_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_policy_SOURCES = test/unit/check_policy.c $(forge_sources)
test_unit_check_policy_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_policy_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_psa_token_SOURCES = test/unit/check_psa_token.c test/unit/diag.c $(forge_sources)
test_unit_check_psa_token_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_psa_token_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_verdict_SOURCES = test/unit/check_verdict.c $(forge_sources)
test_unit_check_verdict_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_verdict_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_tpm_cert_SOURCES = test/unit/check_tpm_cert.c \
	test/unit/forge_x509.c $(forge_sources)
test_unit_check_tpm_cert_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_tpm_cert_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_tpm_quote_SOURCES = test/unit/check_tpm_quote.c \
	test/unit/real_quote.c $(forge_sources)
test_unit_check_tpm_quote_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_tpm_quote_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
snp_forge_sources = test/unit/forge_snp.c test/unit/forge_x509.c \
	$(forge_sources)
test_unit_check_snp_SOURCES = test/unit/check_snp.c test/unit/forge_dcap.c \
	$(snp_forge_sources)
test_unit_check_snp_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_snp_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_tsm_report_SOURCES = test/unit/check_tsm_report.c \
	$(forge_sources)
test_unit_check_tsm_report_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_tsm_report_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_background_SOURCES = test/unit/check_background.c \
	$(forge_sources)
test_unit_check_background_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_background_LDFLAGS = -Wl,--wrap=atls_remote_appraise
test_unit_check_background_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_result_SOURCES = test/unit/check_result.c $(forge_sources)
test_unit_check_result_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_result_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_verifier_SOURCES = test/unit/check_verifier.c $(forge_sources)
test_unit_check_verifier_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_verifier_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_verifier_alloc_SOURCES = test/unit/check_verifier_alloc.c \
	test/unit/forge_ccel.c test/unit/forge_tcb.c test/unit/forge_parsec.c \
	$(forge_corim_sources) \
	$(vtpm_forge_sources)
test_unit_check_verifier_alloc_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_verifier_alloc_LDFLAGS = \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup
test_unit_check_verifier_alloc_LDADD = libcollateral.la libimport.la \
	libverifier.la libbase.la \
	$(CHECK_LIBS)
test_unit_check_collateral_SOURCES = test/unit/check_collateral.c \
	$(forge_dcap_sources)
test_unit_check_collateral_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_collateral_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
test_unit_check_quote_SOURCES = test/unit/check_quote.c $(forge_dcap_sources)
test_unit_check_quote_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_quote_LDADD = libverifier.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += test/unit/check_dcap
TESTS += test/unit/check_dcap
test_unit_check_dcap_SOURCES = test/unit/check_dcap.c test/unit/forge_ccel.c \
	$(forge_dcap_sources)
test_unit_check_dcap_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_dcap_LDADD = libverifier.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += test/unit/check_eventlog
TESTS += test/unit/check_eventlog
test_unit_check_eventlog_SOURCES = test/unit/check_eventlog.c $(forge_sources)
test_unit_check_eventlog_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_eventlog_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
vtpm_forge_sources = test/unit/forge_vtpm.c test/unit/forge_dcap.c \
	$(snp_forge_sources)
test_unit_check_vtpm_SOURCES = test/unit/check_vtpm.c \
	test/unit/real_quote.c $(vtpm_forge_sources)
test_unit_check_vtpm_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_vtpm_LDADD = libverifier.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += test/unit/check_vtpm_tdx
TESTS += test/unit/check_vtpm_tdx
test_unit_check_vtpm_tdx_SOURCES = test/unit/check_vtpm_tdx.c \
	test/unit/forge_tcb.c $(vtpm_forge_sources)
test_unit_check_vtpm_tdx_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_vtpm_tdx_LDADD = libcollateral.la libverifier.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += test/unit/check_expiry
TESTS += test/unit/check_expiry
test_unit_check_expiry_SOURCES = test/unit/check_expiry.c \
	test/unit/forge_tcb.c test/unit/forge_dcap.c $(snp_forge_sources)
test_unit_check_expiry_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_expiry_LDADD = libverifier.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += test/unit/check_delivery
TESTS += test/unit/check_delivery
test_unit_check_delivery_SOURCES = test/unit/check_delivery.c \
	test/unit/forge_tcb.c test/unit/forge_dcap.c $(snp_forge_sources)
test_unit_check_delivery_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_delivery_LDADD = libcollateral.la libverifier.la libbase.la \
	$(CHECK_LIBS)

# Of every format: the devices of test/provider.
check_PROGRAMS += test/unit/check_bearer
TESTS += test/unit/check_bearer
test_unit_check_bearer_SOURCES = test/unit/check_bearer.c $(vendors_sources)
test_unit_check_bearer_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_unit_check_bearer_LDADD = libverifier.la libbase.la $(CHECK_LIBS)
