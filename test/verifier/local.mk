# SPDX-License-Identifier: Apache-2.0
check_PROGRAMS += test/verifier/exchange test/verifier/ask
test_verifier_exchange_LDADD = libhttp.la
test_verifier_ask_LDADD = libverifier.la libbase.la
verifier_tests = test/verifier/http.sh test/verifier/remote.sh \
	test/verifier/ratsd.sh test/verifier/faults.sh
TESTS += $(verifier_tests)
EXTRA_DIST += $(verifier_tests) test/verifier/harness.sh \
	test/verifier/server.py test/verifier/signing.py \
	test/verifier/verifiers.py test/verifier/waiting.py
