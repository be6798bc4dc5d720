/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts of which a policy takes any one.
 */
#ifndef ATLS_TEXTS_H
#define ATLS_TEXTS_H

#include "document.h"

struct atls_texts {
    char **items;
    size_t num;
};

/* atls_texts_read: one, or a list of them; an absent node gives none. */
void atls_texts_read(const struct atls_node *node, struct atls_texts *out);
void atls_texts_clear(struct atls_texts *texts);
bool atls_texts_have(const struct atls_texts *texts, const char *text);

#endif
