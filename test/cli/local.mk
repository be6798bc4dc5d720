# SPDX-License-Identifier: Apache-2.0
cli_tests = \
	test/cli/appraise.sh \
	test/cli/config.sh \
	test/cli/doctor.sh \
	test/cli/inspect.sh \
	test/cli/policy.sh \
	test/cli/probe.sh \
	test/cli/usage.sh
TESTS += $(cli_tests)
dist_check_SCRIPTS += $(cli_tests)
EXTRA_DIST += test/cli/harness.sh
