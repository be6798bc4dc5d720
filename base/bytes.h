/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes: a view borrows them, a reader walks through them, a buf is room to
 * write. Nothing here knows a format. All integers are big-endian.
 */
#ifndef ATLS_BYTES_H
#define ATLS_BYTES_H

#include <stdbool.h>
#include <stdlib.h>

#include "atls/view.h"

#define ATLS_MUST_USE     __attribute__((warn_unused_result))
#define ATLS_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* ATLS_AUTO(X509) *leaf = NULL; is freed by X509_free when it leaves scope.
 * A type gets one by ATLS_AUTO_FREE(type, function) once, at file scope.
 * ATLS_STEAL(p) yields p and leaves NULL behind. */
#define ATLS_AUTO_FREE(type, function)                                         \
    __attribute__((unused)) static inline void atls_auto_##type(               \
        type **pointer)                                                        \
    {                                                                          \
        if (*pointer != NULL)                                                  \
            function(*pointer);                                                \
    }
/* unused: to be freed is use enough, which clang does not see */
#define ATLS_AUTO(type) __attribute__((cleanup(atls_auto_##type), unused)) type
#define ATLS_STEAL(pointer)                                                    \
    (__extension__({                                                           \
        __typeof__(pointer) stolen_ = (pointer);                               \
        (pointer) = NULL;                                                      \
        stolen_;                                                               \
    }))
/* For memory that malloc gave: ATLS_AUTO_HEAP char *text = NULL; */
static inline void atls_auto_heap(void *pointer)
{
    free(*(void **)pointer);
}
#define ATLS_AUTO_HEAP __attribute__((cleanup(atls_auto_heap)))

static inline struct atls_view atls_view(const void *data, size_t len)
{
    return (struct atls_view){(const uint8_t *)data, len};
}

/* atls_view_text: the characters of a C string, without its NUL. */
struct atls_view atls_view_text(const char *text);

bool atls_view_equal(struct atls_view a, struct atls_view b);

/* atls_view_is: the view holds exactly the characters of text. */
bool atls_view_is(struct atls_view view, const char *text);

/* A reader narrows as it is read and remembers failure: parse everything,
 * then ask once with atls_reader_done. After a failure every read gives 0 or
 * an empty view. Views point into the bytes that the reader was given. */
struct atls_reader {
    const uint8_t *at;
    size_t left; /* bytes */
    bool failed;
};

struct atls_reader atls_reader(struct atls_view bytes);
uint8_t atls_reader_u8(struct atls_reader *in);
uint16_t atls_reader_u16(struct atls_reader *in);
uint32_t atls_reader_u24(struct atls_reader *in);
uint32_t atls_reader_u32(struct atls_reader *in);
uint64_t atls_reader_u64(struct atls_reader *in);
struct atls_view atls_reader_bytes(struct atls_reader *in, size_t len);
/* opaque<0..2^8-1>, <0..2^16-1>, <0..2^24-1> of RFC 9846, 3.4 */
struct atls_view atls_reader_u8_block(struct atls_reader *in);
struct atls_view atls_reader_u16_block(struct atls_reader *in);
struct atls_view atls_reader_u24_block(struct atls_reader *in);
/* atls_reader_more: something is left and nothing has failed. */
bool atls_reader_more(const struct atls_reader *in);
/* atls_reader_done: nothing failed, nothing is left. */
bool atls_reader_done(const struct atls_reader *in);

/* Room to write: grows on the heap up to max bytes, given at birth, and
 * remembers failure (too much, or no memory). ATLS_AUTO_BUF frees it. */
struct atls_buf {
    uint8_t *data; /* owned; NULL while empty */
    size_t len, size, max;
    bool failed;
};

struct atls_buf atls_buf(size_t max);
void atls_buf_clear(struct atls_buf *buf); /* cleanses, frees, keeps max */
#define ATLS_AUTO_BUF __attribute__((cleanup(atls_buf_clear))) struct atls_buf

/* atls_buf_room: len uninitialised bytes at the end, already counted, or NULL
 * when that would exceed max. */
uint8_t *atls_buf_room(struct atls_buf *out, size_t len);
void atls_buf_put(struct atls_buf *out, struct atls_view bytes);
void atls_buf_text(struct atls_buf *out, const char *text);
void atls_buf_u8(struct atls_buf *out, uint8_t value);
void atls_buf_u16(struct atls_buf *out, uint16_t value);
void atls_buf_u24(struct atls_buf *out, uint32_t value);
void atls_buf_u32(struct atls_buf *out, uint32_t value);
void atls_buf_u64(struct atls_buf *out, uint64_t value);
/* A u8/u16/u24 length that is not known yet: at = begin(out, width); write;
 * end(out, at, width). */
size_t atls_buf_begin(struct atls_buf *out, unsigned width);
void atls_buf_end(struct atls_buf *out, size_t at, unsigned width);
static inline struct atls_view atls_buf_view(const struct atls_buf *buf)
{
    return atls_view(buf->data, buf->len);
}

#endif
