/* SPDX-License-Identifier: Apache-2.0
 *
 * A JSON file that an operator wrote, read node by node. A problem names file,
 * line and JSON pointer (RFC 6901), what was wanted and what was found; reading
 * goes on after it, so that one run shows every problem.
 */
#ifndef ATLS_DOCUMENT_H
#define ATLS_DOCUMENT_H

#include "json.h"
#include "policy.h"
#include "stamp.h"

/* Each line is looked up by walking the text: a file that is something else
 * altogether would keep a program busy for hours. */
#define ATLS_DOCUMENT_MAX_PROBLEMS 100 /* that are told */

struct atls_document {
    struct atls_view text;
    const char *source;        /* names the text in messages; borrowed; NULL:
                                  messages name no place */
    const char *folder;        /* relative paths start there; borrowed */
    json_t *root;              /* owned */
    atls_problem_fn *problems; /* NULL: only the first is kept, in why */
    void *arg;
    struct atls_stamps *stamps; /* of what is read; borrowed; NULL: not kept */
    unsigned num_problems;
    struct atls_why why; /* the first problem */
};

/* atls_document_open: parses text. POLICY_INVALID, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_document_open(struct atls_document *document, struct atls_view text);
void atls_document_clear(struct atls_document *document);

/* A value and the way to it. Lives on the stack: parent must outlive it. */
struct atls_node {
    struct atls_document *document;
    const struct atls_node *parent; /* NULL: the root */
    const char *key;                /* of an object's member, else NULL */
    size_t index;                   /* of an array's item */
    json_t *value;                  /* NULL: there is none */
};

struct atls_node atls_node_root(struct atls_document *document);
struct atls_node atls_node_member(const struct atls_node *object,
                                  const char *key);
struct atls_node atls_node_item(const struct atls_node *array, size_t index);

/* atls_node_list: a list's items, or the one value that stands in its place:
 * how many there are, and the index-th. */
size_t atls_node_list_size(const struct atls_node *node);
struct atls_node atls_node_list_item(const struct atls_node *node,
                                     size_t index);

/* atls_node_problem: reports it, with file, line and pointer before it. */
void atls_node_problem(const struct atls_node *node, enum atls_reason reason,
                       const char *format, ...) ATLS_PRINTF(3, 4);

/* atls_node_note: path is about to be read for this node: its stamp is kept
 * where the document keeps any. is_member: atls_stamps_add. */
void atls_node_note(const struct atls_node *node, const char *path,
                    bool is_member);

/* atls_node_wrong: POLICY_INVALID: want this, found what stands there. */
void atls_node_wrong(const struct atls_node *node, const char *want);

/* atls_node_is_object, _array: true, or false and a problem. An object's keys
 * must be among keys (NULL-ended; NULL: any). */
bool atls_node_is_object(const struct atls_node *node, const char *const *keys);
bool atls_node_is_array(const struct atls_node *node);

/* Each gives the value, or reports a problem. An absent node is `absent`. */
const char *atls_node_text(const struct atls_node *node); /* NULL: a problem */
bool atls_node_flag(const struct atls_node *node, bool absent);
/* atls_node_duration: seconds (base/duration.h), at most max_s. */
int64_t atls_node_duration(const struct atls_node *node, int64_t max_s,
                           int64_t absent);
/* atls_node_number: a whole number from 0 to max. */
int64_t atls_node_number(const struct atls_node *node, int64_t max,
                         int64_t absent);
/* atls_node_hex: between min and max bytes (at most 64) in hex to bytes;
 * how many, 0 after a problem. */
size_t atls_node_hex(const struct atls_node *node, size_t min, size_t max,
                     uint8_t *bytes);
/* atls_node_choice: which of the NULL-ended words stands there, or -1. */
int atls_node_choice(const struct atls_node *node, const char *const *words);
/* atls_node_choices: a word or a list of words, each of which sets its flag;
 * an absent node sets that of by_default. */
void atls_node_choices(const struct atls_node *node, const char *const *words,
                       bool *flags, unsigned by_default);

#endif
