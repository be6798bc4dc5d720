# SPDX-License-Identifier: Apache-2.0
# The distribution's own programs, with nothing but an openssl.cnf.
APP_TESTS = \
	test/apps/apache.sh \
	test/apps/bearer.sh \
	test/apps/broker.sh \
	test/apps/chroot.sh \
	test/apps/formats.sh \
	test/apps/haproxy.sh \
	test/apps/mosquitto.sh \
	test/apps/nginx.sh \
	test/apps/openssl.sh \
	test/apps/passport.sh \
	test/apps/postgres.sh \
	test/apps/python.sh \
	test/apps/python_suite.sh \
	test/apps/redis.sh \
	test/apps/several.sh \
	test/apps/stunnel.sh
TESTS += $(APP_TESTS)
dist_check_SCRIPTS += $(APP_TESTS)
EXTRA_DIST += test/apps/harness.sh test/apps/openssl_pair.sh \
	test/apps/tls_hello.py test/apps/ssl_suite.py
