# SPDX-License-Identifier: Apache-2.0
# One fuzz target a parser. replay_X feeds it files in `make check`; fuzz_X is
# it with libFuzzer (CC=clang ./configure --enable-fuzz --enable-sanitize) and
# run by test/fuzz/run.
EXTRA_DIST += test/fuzz/corpus test/fuzz/make-corpus test/fuzz/run
noinst_HEADERS += test/fuzz/fuzz.h test/fuzz/fuzz_format.h
fuzz_libs = libverifier.la libbase.la
fuzz_replays = \
	test/fuzz/replay_akcert \
	test/fuzz/replay_base64url \
	test/fuzz/replay_batch \
	test/fuzz/replay_broker \
	test/fuzz/replay_cbor \
	test/fuzz/replay_cca \
	test/fuzz/replay_cmw \
	test/fuzz/replay_conversation \
	test/fuzz/replay_corim \
	test/fuzz/replay_cose \
	test/fuzz/replay_delegation \
	test/fuzz/replay_enacttrust \
	test/fuzz/replay_evidence \
	test/fuzz/replay_ear \
	test/fuzz/replay_jwk \
	test/fuzz/replay_jws \
	test/fuzz/replay_json \
	test/fuzz/replay_nitro \
	test/fuzz/replay_parsec \
	test/fuzz/replay_policy \
	test/fuzz/replay_psa \
	test/fuzz/replay_snp \
	test/fuzz/replay_tpm \
	test/fuzz/replay_type \
	test/fuzz/replay_wire
check_PROGRAMS += $(fuzz_replays)
TESTS += $(fuzz_replays)
test_fuzz_replay_akcert_SOURCES = \
	test/fuzz/fuzz_akcert.c test/fuzz/replay.c
test_fuzz_replay_akcert_LDADD = $(fuzz_libs)
test_fuzz_replay_base64url_SOURCES = \
	test/fuzz/fuzz_base64url.c test/fuzz/replay.c
test_fuzz_replay_base64url_LDADD = libbase.la
test_fuzz_replay_batch_SOURCES = \
	test/fuzz/fuzz_batch.c test/fuzz/replay.c
test_fuzz_replay_batch_LDADD = libbase.la
test_fuzz_replay_broker_SOURCES = \
	test/fuzz/fuzz_broker.c test/fuzz/replay.c
test_fuzz_replay_broker_LDADD = libbroker.la libbase.la
test_fuzz_replay_cbor_SOURCES = \
	test/fuzz/fuzz_cbor.c test/fuzz/replay.c
test_fuzz_replay_cbor_LDADD = libbase.la
test_fuzz_replay_cca_SOURCES = \
	test/fuzz/fuzz_cca.c test/fuzz/fuzz_format.c test/fuzz/replay.c
test_fuzz_replay_cca_LDADD = $(fuzz_libs)
test_fuzz_replay_cmw_SOURCES = \
	test/fuzz/fuzz_cmw.c test/fuzz/replay.c
test_fuzz_replay_cmw_LDADD = libbase.la
test_fuzz_replay_conversation_SOURCES = \
	test/fuzz/fuzz_conversation.c test/fuzz/replay.c
test_fuzz_replay_conversation_LDADD = libremote.la $(fuzz_libs)
test_fuzz_replay_corim_SOURCES = \
	test/fuzz/fuzz_corim.c test/fuzz/replay.c
test_fuzz_replay_corim_LDADD = libimport.la $(fuzz_libs)
test_fuzz_replay_cose_SOURCES = \
	test/fuzz/fuzz_cose.c test/fuzz/replay.c
test_fuzz_replay_cose_LDADD = libbase.la
test_fuzz_replay_delegation_SOURCES = \
	test/fuzz/fuzz_delegation.c test/fuzz/replay.c
test_fuzz_replay_delegation_LDADD = libext.la $(fuzz_libs)
test_fuzz_replay_enacttrust_SOURCES = \
	test/fuzz/fuzz_enacttrust.c test/fuzz/fuzz_format.c test/fuzz/replay.c
test_fuzz_replay_enacttrust_LDADD = $(fuzz_libs)
test_fuzz_replay_evidence_SOURCES = \
	test/fuzz/fuzz_evidence.c test/fuzz/replay.c
test_fuzz_replay_evidence_LDADD = $(fuzz_libs)
test_fuzz_replay_ear_SOURCES = \
	test/fuzz/fuzz_ear.c test/fuzz/replay.c
test_fuzz_replay_ear_LDADD = $(fuzz_libs)
test_fuzz_replay_jwk_SOURCES = \
	test/fuzz/fuzz_jwk.c test/fuzz/replay.c
test_fuzz_replay_jwk_LDADD = $(fuzz_libs)
test_fuzz_replay_jws_SOURCES = \
	test/fuzz/fuzz_jws.c test/fuzz/replay.c
test_fuzz_replay_jws_LDADD = $(fuzz_libs)
test_fuzz_replay_json_SOURCES = \
	test/fuzz/fuzz_json.c test/fuzz/replay.c
test_fuzz_replay_json_LDADD = libbase.la
test_fuzz_replay_nitro_SOURCES = \
	test/fuzz/fuzz_nitro.c test/fuzz/fuzz_format.c test/fuzz/replay.c
test_fuzz_replay_nitro_LDADD = $(fuzz_libs)
test_fuzz_replay_parsec_SOURCES = \
	test/fuzz/fuzz_parsec.c test/fuzz/fuzz_format.c test/fuzz/replay.c
test_fuzz_replay_parsec_LDADD = $(fuzz_libs)
test_fuzz_replay_policy_SOURCES = \
	test/fuzz/fuzz_policy.c test/fuzz/replay.c
test_fuzz_replay_policy_LDADD = $(fuzz_libs)
test_fuzz_replay_psa_SOURCES = \
	test/fuzz/fuzz_psa.c test/fuzz/fuzz_format.c test/fuzz/replay.c
test_fuzz_replay_psa_LDADD = $(fuzz_libs)
test_fuzz_replay_snp_SOURCES = \
	test/fuzz/fuzz_snp.c test/fuzz/fuzz_format.c test/fuzz/replay.c
test_fuzz_replay_snp_LDADD = $(fuzz_libs)
test_fuzz_replay_tpm_SOURCES = \
	test/fuzz/fuzz_tpm.c test/fuzz/fuzz_format.c test/fuzz/replay.c
test_fuzz_replay_tpm_LDADD = $(fuzz_libs)
test_fuzz_replay_type_SOURCES = \
	test/fuzz/fuzz_type.c test/fuzz/replay.c
test_fuzz_replay_type_LDADD = libbase.la
test_fuzz_replay_wire_SOURCES = \
	test/fuzz/fuzz_wire.c test/fuzz/replay.c
test_fuzz_replay_wire_LDADD = libext.la $(fuzz_libs)

if HAVE_MICROHTTPD
check_PROGRAMS += test/fuzz/replay_serve
TESTS += test/fuzz/replay_serve
test_fuzz_replay_serve_SOURCES = \
	test/fuzz/fuzz_serve.c test/fuzz/replay.c
test_fuzz_replay_serve_LDADD = libserve.la $(fuzz_libs)
endif

if ENABLE_FUZZ
noinst_PROGRAMS += \
	test/fuzz/fuzz_akcert \
	test/fuzz/fuzz_base64url \
	test/fuzz/fuzz_batch \
	test/fuzz/fuzz_broker \
	test/fuzz/fuzz_cbor \
	test/fuzz/fuzz_cca \
	test/fuzz/fuzz_cmw \
	test/fuzz/fuzz_conversation \
	test/fuzz/fuzz_corim \
	test/fuzz/fuzz_cose \
	test/fuzz/fuzz_delegation \
	test/fuzz/fuzz_enacttrust \
	test/fuzz/fuzz_evidence \
	test/fuzz/fuzz_ear \
	test/fuzz/fuzz_jwk \
	test/fuzz/fuzz_jws \
	test/fuzz/fuzz_json \
	test/fuzz/fuzz_nitro \
	test/fuzz/fuzz_parsec \
	test/fuzz/fuzz_policy \
	test/fuzz/fuzz_psa \
	test/fuzz/fuzz_snp \
	test/fuzz/fuzz_tpm \
	test/fuzz/fuzz_type \
	test/fuzz/fuzz_wire
test_fuzz_fuzz_akcert_SOURCES = test/fuzz/fuzz_akcert.c
test_fuzz_fuzz_akcert_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_akcert_LDADD = $(fuzz_libs)
test_fuzz_fuzz_base64url_SOURCES = test/fuzz/fuzz_base64url.c
test_fuzz_fuzz_base64url_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_base64url_LDADD = libbase.la
test_fuzz_fuzz_batch_SOURCES = test/fuzz/fuzz_batch.c
test_fuzz_fuzz_batch_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_batch_LDADD = libbase.la
test_fuzz_fuzz_broker_SOURCES = test/fuzz/fuzz_broker.c
test_fuzz_fuzz_broker_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_broker_LDADD = libbroker.la libbase.la
test_fuzz_fuzz_cbor_SOURCES = test/fuzz/fuzz_cbor.c
test_fuzz_fuzz_cbor_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_cbor_LDADD = libbase.la
test_fuzz_fuzz_cca_SOURCES = test/fuzz/fuzz_cca.c test/fuzz/fuzz_format.c
test_fuzz_fuzz_cca_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_cca_LDADD = $(fuzz_libs)
test_fuzz_fuzz_cmw_SOURCES = test/fuzz/fuzz_cmw.c
test_fuzz_fuzz_cmw_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_cmw_LDADD = libbase.la
test_fuzz_fuzz_conversation_SOURCES = test/fuzz/fuzz_conversation.c
test_fuzz_fuzz_conversation_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_conversation_LDADD = libremote.la $(fuzz_libs)
test_fuzz_fuzz_corim_SOURCES = test/fuzz/fuzz_corim.c
test_fuzz_fuzz_corim_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_corim_LDADD = libimport.la $(fuzz_libs)
test_fuzz_fuzz_cose_SOURCES = test/fuzz/fuzz_cose.c
test_fuzz_fuzz_cose_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_cose_LDADD = libbase.la
test_fuzz_fuzz_delegation_SOURCES = test/fuzz/fuzz_delegation.c
test_fuzz_fuzz_delegation_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_delegation_LDADD = libext.la $(fuzz_libs)
test_fuzz_fuzz_enacttrust_SOURCES = \
	test/fuzz/fuzz_enacttrust.c test/fuzz/fuzz_format.c
test_fuzz_fuzz_enacttrust_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_enacttrust_LDADD = $(fuzz_libs)
test_fuzz_fuzz_evidence_SOURCES = test/fuzz/fuzz_evidence.c
test_fuzz_fuzz_evidence_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_evidence_LDADD = $(fuzz_libs)
test_fuzz_fuzz_ear_SOURCES = test/fuzz/fuzz_ear.c
test_fuzz_fuzz_ear_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_ear_LDADD = $(fuzz_libs)
test_fuzz_fuzz_jwk_SOURCES = test/fuzz/fuzz_jwk.c
test_fuzz_fuzz_jwk_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_jwk_LDADD = $(fuzz_libs)
test_fuzz_fuzz_jws_SOURCES = test/fuzz/fuzz_jws.c
test_fuzz_fuzz_jws_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_jws_LDADD = $(fuzz_libs)
test_fuzz_fuzz_json_SOURCES = test/fuzz/fuzz_json.c
test_fuzz_fuzz_json_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_json_LDADD = libbase.la
test_fuzz_fuzz_nitro_SOURCES = \
	test/fuzz/fuzz_nitro.c test/fuzz/fuzz_format.c
test_fuzz_fuzz_nitro_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_nitro_LDADD = $(fuzz_libs)
test_fuzz_fuzz_parsec_SOURCES = \
	test/fuzz/fuzz_parsec.c test/fuzz/fuzz_format.c
test_fuzz_fuzz_parsec_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_parsec_LDADD = $(fuzz_libs)
test_fuzz_fuzz_policy_SOURCES = test/fuzz/fuzz_policy.c
test_fuzz_fuzz_policy_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_policy_LDADD = $(fuzz_libs)
test_fuzz_fuzz_psa_SOURCES = test/fuzz/fuzz_psa.c test/fuzz/fuzz_format.c
test_fuzz_fuzz_psa_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_psa_LDADD = $(fuzz_libs)
test_fuzz_fuzz_snp_SOURCES = test/fuzz/fuzz_snp.c test/fuzz/fuzz_format.c
test_fuzz_fuzz_snp_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_snp_LDADD = $(fuzz_libs)
test_fuzz_fuzz_tpm_SOURCES = test/fuzz/fuzz_tpm.c test/fuzz/fuzz_format.c
test_fuzz_fuzz_tpm_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_tpm_LDADD = $(fuzz_libs)
test_fuzz_fuzz_type_SOURCES = test/fuzz/fuzz_type.c
test_fuzz_fuzz_type_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_type_LDADD = libbase.la
test_fuzz_fuzz_wire_SOURCES = test/fuzz/fuzz_wire.c
test_fuzz_fuzz_wire_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_wire_LDADD = libext.la $(fuzz_libs)
if HAVE_MICROHTTPD
noinst_PROGRAMS += test/fuzz/fuzz_serve
test_fuzz_fuzz_serve_SOURCES = test/fuzz/fuzz_serve.c
test_fuzz_fuzz_serve_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_serve_LDADD = libserve.la $(fuzz_libs)
endif
endif

fuzz_intel_replays = \
	test/fuzz/replay_eventlog \
	test/fuzz/replay_pck \
	test/fuzz/replay_quote \
	test/fuzz/replay_tcb
EXTRA_DIST += test/fuzz/dict
check_PROGRAMS += $(fuzz_intel_replays)
TESTS += $(fuzz_intel_replays)
test_fuzz_replay_eventlog_SOURCES = test/fuzz/fuzz_eventlog.c test/fuzz/replay.c
test_fuzz_replay_eventlog_LDADD = libprovider.la $(fuzz_libs)
test_fuzz_replay_pck_SOURCES = test/fuzz/fuzz_pck.c test/fuzz/replay.c
test_fuzz_replay_pck_LDADD = $(fuzz_libs)
test_fuzz_replay_quote_SOURCES = test/fuzz/fuzz_quote.c test/fuzz/replay.c
test_fuzz_replay_quote_LDADD = $(fuzz_libs)
test_fuzz_replay_tcb_SOURCES = test/fuzz/fuzz_tcb.c test/fuzz/replay.c
test_fuzz_replay_tcb_LDADD = $(fuzz_libs)
if ENABLE_FUZZ
noinst_PROGRAMS += \
	test/fuzz/fuzz_eventlog \
	test/fuzz/fuzz_pck \
	test/fuzz/fuzz_quote \
	test/fuzz/fuzz_tcb
test_fuzz_fuzz_eventlog_SOURCES = test/fuzz/fuzz_eventlog.c
test_fuzz_fuzz_eventlog_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_eventlog_LDADD = libprovider.la $(fuzz_libs)
test_fuzz_fuzz_pck_SOURCES = test/fuzz/fuzz_pck.c
test_fuzz_fuzz_pck_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_pck_LDADD = $(fuzz_libs)
test_fuzz_fuzz_quote_SOURCES = test/fuzz/fuzz_quote.c
test_fuzz_fuzz_quote_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_quote_LDADD = $(fuzz_libs)
test_fuzz_fuzz_tcb_SOURCES = test/fuzz/fuzz_tcb.c
test_fuzz_fuzz_tcb_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_tcb_LDADD = $(fuzz_libs)
endif

# What is fetched
check_PROGRAMS += test/fuzz/replay_delivery
TESTS += test/fuzz/replay_delivery
test_fuzz_replay_delivery_SOURCES = test/fuzz/fuzz_delivery.c test/fuzz/replay.c
test_fuzz_replay_delivery_LDADD = libcollateral.la $(fuzz_libs)
if ENABLE_FUZZ
noinst_PROGRAMS += test/fuzz/fuzz_delivery
test_fuzz_fuzz_delivery_SOURCES = test/fuzz/fuzz_delivery.c
test_fuzz_fuzz_delivery_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_delivery_LDADD = libcollateral.la $(fuzz_libs)
endif

fuzz_tee_replays = \
	test/fuzz/replay_vtpm \
	test/fuzz/replay_composite \
	test/fuzz/replay_chain \
	test/fuzz/replay_collateral \
	test/fuzz/replay_ratsd \
	test/fuzz/replay_nsm
check_PROGRAMS += $(fuzz_tee_replays)
TESTS += $(fuzz_tee_replays)
test_fuzz_replay_vtpm_SOURCES = \
	test/fuzz/fuzz_vtpm.c test/fuzz/fuzz_format.c test/fuzz/replay.c
test_fuzz_replay_vtpm_LDADD = $(fuzz_libs)
test_fuzz_replay_composite_SOURCES = \
	test/fuzz/fuzz_composite.c test/fuzz/replay.c
test_fuzz_replay_composite_LDADD = $(fuzz_libs)
test_fuzz_replay_chain_SOURCES = \
	test/fuzz/fuzz_chain.c test/fuzz/replay.c
test_fuzz_replay_chain_LDADD = $(fuzz_libs)
test_fuzz_replay_collateral_SOURCES = \
	test/fuzz/fuzz_collateral.c test/fuzz/replay.c
test_fuzz_replay_collateral_LDADD = $(fuzz_libs)
test_fuzz_replay_ratsd_SOURCES = \
	test/fuzz/fuzz_ratsd.c test/fuzz/replay.c
test_fuzz_replay_ratsd_LDADD = libprovider.la libbase.la
test_fuzz_replay_nsm_SOURCES = \
	test/fuzz/fuzz_nsm.c test/fuzz/replay.c
test_fuzz_replay_nsm_LDADD = libprovider.la libbase.la
if ENABLE_FUZZ
noinst_PROGRAMS += \
	test/fuzz/fuzz_vtpm \
	test/fuzz/fuzz_composite \
	test/fuzz/fuzz_chain \
	test/fuzz/fuzz_collateral \
	test/fuzz/fuzz_ratsd \
	test/fuzz/fuzz_nsm
test_fuzz_fuzz_vtpm_SOURCES = test/fuzz/fuzz_vtpm.c test/fuzz/fuzz_format.c
test_fuzz_fuzz_vtpm_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_vtpm_LDADD = $(fuzz_libs)
test_fuzz_fuzz_composite_SOURCES = test/fuzz/fuzz_composite.c
test_fuzz_fuzz_composite_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_composite_LDADD = $(fuzz_libs)
test_fuzz_fuzz_chain_SOURCES = test/fuzz/fuzz_chain.c
test_fuzz_fuzz_chain_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_chain_LDADD = $(fuzz_libs)
test_fuzz_fuzz_collateral_SOURCES = test/fuzz/fuzz_collateral.c
test_fuzz_fuzz_collateral_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_collateral_LDADD = $(fuzz_libs)
test_fuzz_fuzz_ratsd_SOURCES = test/fuzz/fuzz_ratsd.c
test_fuzz_fuzz_ratsd_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_ratsd_LDADD = libprovider.la libbase.la
test_fuzz_fuzz_nsm_SOURCES = test/fuzz/fuzz_nsm.c
test_fuzz_fuzz_nsm_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_nsm_LDADD = libprovider.la libbase.la
endif

# What certificates carry
check_PROGRAMS += test/fuzz/replay_bearer test/fuzz/replay_ratls
TESTS += test/fuzz/replay_bearer test/fuzz/replay_ratls
test_fuzz_replay_bearer_SOURCES = test/fuzz/fuzz_bearer.c test/fuzz/replay.c
test_fuzz_replay_bearer_LDADD = $(fuzz_libs)
test_fuzz_replay_ratls_SOURCES = test/fuzz/fuzz_ratls.c test/fuzz/replay.c \
	verifier-client/cli/ratls.c
test_fuzz_replay_ratls_LDADD = $(fuzz_libs)
if ENABLE_FUZZ
noinst_PROGRAMS += test/fuzz/fuzz_bearer test/fuzz/fuzz_ratls
test_fuzz_fuzz_bearer_SOURCES = test/fuzz/fuzz_bearer.c
test_fuzz_fuzz_bearer_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_bearer_LDADD = $(fuzz_libs)
test_fuzz_fuzz_ratls_SOURCES = test/fuzz/fuzz_ratls.c \
	verifier-client/cli/ratls.c
test_fuzz_fuzz_ratls_LDFLAGS = -fsanitize=fuzzer
test_fuzz_fuzz_ratls_LDADD = $(fuzz_libs)
endif
