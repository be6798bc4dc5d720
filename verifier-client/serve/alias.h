/* SPDX-License-Identifier: Apache-2.0
 *
 * Other names that Veraison's clients have for the Evidence that we appraise.
 */
#ifndef ATLS_SERVE_ALIAS_H
#define ATLS_SERVE_ALIAS_H

#include "format.h"

/* atls_alias_of: number i of the media types that are another name for the
 * format's; NULL: no more. */
const char *atls_alias_of(const struct atls_format *format, size_t i);

/* atls_alias_format: what a value of that type is; where that is another name,
 * *type becomes the format's own. NULL: no format of ours. */
const struct atls_format *atls_alias_format(struct atls_type *type,
                                            struct atls_view value);

#endif
