# SPDX-License-Identifier: Apache-2.0
cli_tests = \
	test/cli/appraise.sh \
	test/cli/collateral.sh \
	test/cli/config.sh \
	test/cli/doctor.sh \
	test/cli/import.sh \
	test/cli/inspect.sh \
	test/cli/policy.sh \
	test/cli/probe.sh \
	test/cli/ratls.sh \
	test/cli/usage.sh
TESTS += $(cli_tests)
dist_check_SCRIPTS += $(cli_tests)
EXTRA_DIST += test/cli/harness.sh test/cli/vendor.py

# What collateral.sh fetches.
check_PROGRAMS += test/cli/make_vendor
test_cli_make_vendor_SOURCES = test/cli/make_vendor.c \
	test/unit/forge_tcb.c test/unit/forge_dcap.c $(snp_forge_sources)
test_cli_make_vendor_LDADD = libverifier.la libbase.la

# What import.sh imports.
check_PROGRAMS += test/cli/make_corim
test_cli_make_corim_SOURCES = test/cli/make_corim.c $(forge_corim_sources) \
	$(forge_sources)
test_cli_make_corim_LDADD = libbase.la
