# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += test/verifier/exchange
test_verifier_exchange_LDADD = libhttp.la
verifier_tests = test/verifier/http.sh
TESTS += $(verifier_tests)
EXTRA_DIST += $(verifier_tests) test/verifier/harness.sh test/verifier/server.py
