# SPDX-License-Identifier: Apache-2.0
TESTS += test/doc/check_tables.sh test/doc/check_man.sh
dist_check_SCRIPTS += test/doc/check_tables.sh test/doc/check_man.sh
EXTRA_DIST += test/doc/tables.sh
