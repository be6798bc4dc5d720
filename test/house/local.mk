# SPDX-License-Identifier: Apache-2.0
# The rules of the house that a program can check.
HOUSE_TESTS = \
	test/house/files.sh \
	test/house/headers.sh \
	test/house/layers.sh \
	test/house/reasons.sh \
	test/house/symbols.sh
TESTS += $(HOUSE_TESTS)
EXTRA_DIST += $(HOUSE_TESTS) test/house/harness.sh
