/* SPDX-License-Identifier: Apache-2.0
 *
 * Node IDs: what EnactTrust calls a machine by, a UUID (RFC 9562).
 */
#ifndef ATLS_NODE_ID_H
#define ATLS_NODE_ID_H

#include "document.h"

enum { ATLS_NODE_ID = 16, ATLS_NODE_ID_TEXT = 37 };

/* atls_node_id_read: of a policy. */
bool ATLS_MUST_USE atls_node_id_read(const struct atls_node *node,
                                     uint8_t id[ATLS_NODE_ID]);

/* atls_node_id_text: as a policy has it. */
void atls_node_id_text(struct atls_view id, char out[ATLS_NODE_ID_TEXT]);

#endif
