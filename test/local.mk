# SPDX-License-Identifier: Apache-2.0
# Every program and script here speaks TAP. One fragment a folder.
if HAVE_CHECK
include test/unit/base.mk
include test/unit/provider.mk
include test/unit/verifier.mk
include test/unit/remote.mk
include test/unit/ext.mk
include test/pair/local.mk
endif
include test/provider/local.mk
include test/verifier/local.mk
include test/cli/local.mk
include test/serve/local.mk
include test/doc/local.mk
include test/vectors/local.mk
include test/relay/local.mk
include test/apps/local.mk
include test/fuzz/local.mk
include test/bench/local.mk
include test/house/local.mk
EXTRA_DIST += test/preload.sh test/vectors/README test/vectors/binder \
	test/vectors/keys test/vectors/psa test/vectors/tpm
