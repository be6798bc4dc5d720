# SPDX-License-Identifier: Apache-2.0
TESTS += test/vectors/check_binder.sh
dist_check_SCRIPTS += test/vectors/check_binder.sh
