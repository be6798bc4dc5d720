/* SPDX-License-Identifier: Apache-2.0
 *
 * A Check program that speaks TAP on stdout, so that the harness counts every
 * test by its name.
 */
#ifndef ATLS_CHECK_MAIN_H
#define ATLS_CHECK_MAIN_H

#include <stdlib.h>

#include <check.h>

#include "atls/reason.h"

#define ck_assert_reason(got, want)                                            \
    ck_assert_str_eq(atls_reason_name(got), atls_reason_name(want))

static inline int check_main(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
