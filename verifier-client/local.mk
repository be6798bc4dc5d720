# SPDX-License-Identifier: Apache-2.0
atlsinclude_HEADERS += verifier-client/atls/atls.h
pkgconfig_DATA += verifier-client/atls.pc

# Everything but libbase, which whoever links this links too.
noinst_LTLIBRARIES += libverifier.la
libverifier_la_SOURCES = \
	verifier-client/ak_cert.c verifier-client/ak_cert.h \
	verifier-client/anchors.c verifier-client/anchors.h \
	verifier-client/appraise.c \
	verifier-client/bearer.c verifier-client/bearer.h \
	verifier-client/certificate_cache.c \
	verifier-client/certificate_cache.h \
	verifier-client/chain.c verifier-client/chain.h \
	verifier-client/collateral.c verifier-client/collateral.h \
	verifier-client/cca.c verifier-client/cca.h \
	verifier-client/cca_claims.c verifier-client/cca_profile.c \
	verifier-client/claim.c verifier-client/claim.h \
	verifier-client/component.c verifier-client/component.h \
	verifier-client/composite.c verifier-client/composite.h \
	verifier-client/cose_key.c verifier-client/cose_key.h \
	verifier-client/der.c verifier-client/der.h \
	verifier-client/document.c verifier-client/document.h \
	verifier-client/enacttrust.c \
	verifier-client/evidence.c verifier-client/evidence.h \
	verifier-client/expiry.c verifier-client/expiry.h \
	verifier-client/expiry_log.c verifier-client/expiry_log.h \
	verifier-client/file.c verifier-client/file.h \
	verifier-client/format.c verifier-client/format.h \
	verifier-client/gce.c verifier-client/gce.h \
	verifier-client/learn.c verifier-client/learn.h \
	verifier-client/name.c verifier-client/name.h \
	verifier-client/nitro.c verifier-client/nitro.h \
	verifier-client/nitro_claims.c verifier-client/nitro_profile.c \
	verifier-client/node_id.c verifier-client/node_id.h \
	verifier-client/parsed.h \
	verifier-client/policy.c verifier-client/policy.h \
	verifier-client/profile.c verifier-client/profile.h \
	verifier-client/psa.c verifier-client/psa.h \
	verifier-client/psa_claims.c verifier-client/psa_profile.c \
	verifier-client/parsec_cca.c verifier-client/parsec_tpm.c \
	verifier-client/quote.c verifier-client/quote.h \
	verifier-client/rsa.c verifier-client/rsa.h \
	verifier-client/rule.c verifier-client/rule.h \
	verifier-client/stamp.c verifier-client/stamp.h \
	verifier-client/stock.c verifier-client/stock.h \
	verifier-client/snp.c verifier-client/snp.h \
	verifier-client/snp_chain.c verifier-client/snp_profile.c \
	verifier-client/snp_report.c \
	verifier-client/tpm.c verifier-client/tpm.h \
	verifier-client/texts.c verifier-client/texts.h \
	verifier-client/tpm_cert.c verifier-client/tpm_cert.h \
	verifier-client/tpm_cert_profile.c \
	verifier-client/tpm_digest.c verifier-client/tpm_digest.h \
	verifier-client/tpm_digest_profile.c \
	verifier-client/tpm_log.c verifier-client/tpm_profile.c \
	verifier-client/tpm_structure.c verifier-client/tpm_structure.h \
	verifier-client/tsm_report.c verifier-client/tsm_report.h \
	verifier-client/vtpm.c verifier-client/vtpm.h verifier-client/hcl.c \
	verifier-client/verdict.c verifier-client/verdict.h

# What Verifiers that are elsewhere say.
libverifier_la_SOURCES += \
	verifier-client/ear.c verifier-client/ear.h verifier-client/ear_put.c \
	verifier-client/jwk.c verifier-client/jwk.h verifier-client/jwk_put.c \
	verifier-client/jws.c verifier-client/jws.h \
	verifier-client/jws_algorithm.c verifier-client/jws_algorithm.h \
	verifier-client/other.c verifier-client/question.c \
	verifier-client/result.c verifier-client/result.h \
	verifier-client/verifier.c verifier-client/verifier.h \
	verifier-client/verifier_keys.c verifier-client/verifier_keys.h

# Asking them is a module of its own, which brings libcurl in when it is used.
libverifier_la_SOURCES += \
	verifier-client/breaker.c verifier-client/breaker.h \
	verifier-client/remote.c verifier-client/remote.h \
	verifier-client/remote_appraise.c \
	verifier-client/verdict_cache.c verifier-client/verdict_cache.h
libverifier_la_CPPFLAGS = $(AM_CPPFLAGS) -DATLS_EXTDIR='"$(extdir)"'

noinst_LTLIBRARIES += libremote.la
libremote_la_SOURCES = \
	verifier-client/conversation.c verifier-client/conversation.h \
	verifier-client/remote_ask.c \
	verifier-client/remote_client.c verifier-client/remote_client.h \
	verifier-client/remote_get.c verifier-client/remote_get.h \
	verifier-client/trustee.c verifier-client/trustee.h \
	verifier-client/trustee_evidence.c verifier-client/trustee_snp.c \
	verifier-client/tsm_report.c verifier-client/veraison.c
libremote_la_LIBADD = libhttp.la

ext_LTLIBRARIES += atls_remote.la
atls_remote_la_SOURCES =
atls_remote_la_LIBADD = libremote.la
atls_remote_la_LDFLAGS = -module $(MODULE_LDFLAGS) \
	-Wl,--version-script=$(top_srcdir)/verifier-client/remote.map
EXTRA_atls_remote_la_DEPENDENCIES = verifier-client/remote.map
EXTRA_DIST += verifier-client/remote.map

lib_LTLIBRARIES += libatls.la
libatls_la_SOURCES =
libatls_la_LIBADD = libverifier.la libbase.la \
	$(CRYPTO_LIBS) $(CBOR_LIBS) $(JANSSON_LIBS)
libatls_la_LDFLAGS = -version-info 0:0:0 -no-undefined \
	-Wl,-z,relro -Wl,-z,now -Wl,-Bsymbolic \
	-Wl,--version-script=$(top_srcdir)/verifier-client/libatls.map
EXTRA_libatls_la_DEPENDENCIES = verifier-client/libatls.map
EXTRA_DIST += verifier-client/libatls.map
dist_pkgdata_DATA += \
	verifier-client/policy.schema.json \
	verifier-client/policy.example.json

# Fetching collateral: what is wanted, and is what came that? For the command
# alone: no guest has a use for it.
noinst_LTLIBRARIES += libcollateral.la
libcollateral_la_SOURCES = \
	verifier-client/dcap_want.c \
	verifier-client/delivering.h \
	verifier-client/delivery.c verifier-client/delivery.h \
	verifier-client/delivery_amd.c verifier-client/delivery_crl.c \
	verifier-client/delivery_tcb.c \
	verifier-client/file_replace.c verifier-client/file_replace.h \
	verifier-client/renewal.c verifier-client/renewal.h \
	verifier-client/snp_want.c \
	verifier-client/vendor_root.c verifier-client/vendor_root.h \
	verifier-client/want.c verifier-client/want.h

# A policy from CoRIMs: for the command alone.
noinst_LTLIBRARIES += libimport.la
libimport_la_SOURCES = \
	verifier-client/comid.c verifier-client/comid.h \
	verifier-client/corim.c verifier-client/corim.h \
	verifier-client/import.c verifier-client/import.h \
	verifier-client/import_arm.c verifier-client/import_compose.c \
	verifier-client/import_kind.h verifier-client/import_snp.c

# Quotes of Intel's TDX and SGX, and what Intel says of platforms.
libverifier_la_SOURCES += \
	verifier-client/dcap.c verifier-client/dcap.h \
	verifier-client/dcap_profile.c \
	verifier-client/eventlog.c verifier-client/eventlog.h \
	verifier-client/pck.c verifier-client/pck.h \
	verifier-client/sgx.c \
	verifier-client/tcb.c verifier-client/tcb.h \
	verifier-client/tcb_json.c \
	verifier-client/tdx.c verifier-client/tdx_log.c
