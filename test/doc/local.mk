# SPDX-License-Identifier: Apache-2.0
TESTS += test/doc/check_tables.sh test/doc/check_man.sh test/doc/check_paths.sh \
	test/doc/check_headings.sh test/doc/check_walks.sh test/doc/check_keys.sh
dist_check_SCRIPTS += test/doc/check_tables.sh test/doc/check_man.sh test/doc/check_paths.sh \
	test/doc/check_headings.sh test/doc/check_walks.sh test/doc/check_keys.sh
EXTRA_DIST += test/doc/tables.sh
