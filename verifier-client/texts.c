/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of texts.
 */
#include "texts.h"

#include <string.h>

void atls_texts_read(const struct atls_node *node, struct atls_texts *out)
{
    size_t num = atls_node_list_size(node);

    if (node->value == NULL)
        return;
    if (num == 0)
        atls_node_wrong(node, "at least one text");
    out->items = calloc(num + 1, sizeof(char *));
    if (out->items == NULL)
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
    for (size_t i = 0; out->items != NULL && i < num; i++) {
        struct atls_node item = atls_node_list_item(node, i);
        const char *text = atls_node_text(&item);
        char *copy = text != NULL ? strdup(text) : NULL;

        if (copy != NULL)
            out->items[out->num++] = copy;
        else if (text != NULL)
            atls_node_problem(&item, ATLS_OUT_OF_MEMORY, "out of memory");
    }
}

void atls_texts_clear(struct atls_texts *texts)
{
    for (size_t i = 0; i < texts->num; i++)
        free(texts->items[i]);
    free(texts->items);
    *texts = (struct atls_texts){NULL, 0};
}

bool atls_texts_have(const struct atls_texts *texts, const char *text)
{
    for (size_t i = 0; i < texts->num; i++)
        if (strcmp(texts->items[i], text) == 0)
            return true;
    return false;
}
