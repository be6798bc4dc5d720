/* SPDX-License-Identifier: Apache-2.0
 *
 * Node IDs from and to text.
 */
#include "node_id.h"

#include <ctype.h>
#include <string.h>

#include "base64url.h"

/* RFC 9562, 4 */
static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

static bool is_uuid(const char *text)
{
    if (strlen(text) != strlen(form))
        return false;
    for (size_t i = 0; form[i] != '\0'; i++)
        if (form[i] == '-' ? text[i] != '-' : !isxdigit((uint8_t)text[i]))
            return false;
    return true;
}

bool atls_node_id_read(const struct atls_node *node, uint8_t id[ATLS_NODE_ID])
{
    const char *text = atls_node_text(node);
    ATLS_AUTO_BUF bytes = atls_buf(ATLS_NODE_ID);
    bool is_good = true;

    if (text == NULL)
        return false;
    if (!is_uuid(text)) {
        atls_node_wrong(node, "a UUID such as "
                              "00112233-4455-6677-8899-aabbccddeeff");
        return false;
    }
    for (size_t i = 0; is_good && text[i] != '\0'; i += text[i] == '-' ? 1 : 2)
        is_good =
            text[i] == '-' ||
            atls_hex_decode(atls_view((const uint8_t *)text + i, 2), &bytes);
    if (!is_good)
        atls_node_problem(node, ATLS_OUT_OF_MEMORY, "out of memory");
    else
        memcpy(id, bytes.data, bytes.len);
    return is_good;
}

void atls_node_id_text(struct atls_view id, char out[ATLS_NODE_ID_TEXT])
{
    size_t at = 0;

    for (size_t i = 0; i < id.len && i < ATLS_NODE_ID; i++) {
        if (form[at] == '-')
            out[at++] = '-';
        atls_hex(atls_view(id.data + i, 1), out + at, 3);
        at += 2;
    }
    out[at] = '\0';
}
