# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += test/swtpm.sh

# Other people's providers. -rpath: libtool makes a shared module only of what
# it believes to be installed somewhere.
check_LTLIBRARIES += acme.la slow.la
acme_la_SOURCES = test/provider/acme.c
acme_la_LIBADD = $(CRYPTO_LIBS)
acme_la_LDFLAGS = -module $(MODULE_LDFLAGS) -rpath /nowhere
slow_la_SOURCES = test/provider/slow.c
slow_la_LIBADD = $(CRYPTO_LIBS)
slow_la_LDFLAGS = -module $(MODULE_LDFLAGS) -rpath /nowhere
