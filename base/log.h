/* SPDX-License-Identifier: Apache-2.0
 *
 * Where lines go: syslog, stderr or a file; one line each, never blocking,
 * never more than 20 a second on average (bursts of 100) of lines, nor of
 * sentences, with the number of suppressed ones in the next one. After fork and
 * from any thread.
 */
#ifndef ATLS_LOG_H
#define ATLS_LOG_H

#include "why.h"

/* Bytes of a line that is written whole: PIPE_BUF without what is added. */
#define ATLS_LOG_LINE 4048

struct atls_log; /* opaque, lives as long as the process */

/* atls_log_open: target is "stderr", "syslog" or "file:/absolute/path" (opened
 * for append, 0640, close-on-exec, its descriptor high). SETTING_INVALID for
 * other targets, FILE_UNREADABLE, OUT_OF_MEMORY. */
enum atls_reason ATLS_MUST_USE
atls_log_open(const char *target, struct atls_log **out, struct atls_why *why);
void atls_log_free(struct atls_log *log);

enum atls_log_level { ATLS_LOG_ERROR, ATLS_LOG_WARNING, ATLS_LOG_INFO };

/* atls_log_lift_limit: every line is written, however many there are: for a
 * program of ours, whose log says each thing it did. Before the first line. */
void atls_log_lift_limit(struct atls_log *log);

/* atls_log_line: one line, without its newline, of at most ATLS_LOG_LINE bytes;
 * what is longer is cut. log may be NULL: nothing. */
void atls_log_line(struct atls_log *log, enum atls_log_level level,
                   struct atls_view line);

/* atls_log_has_room: false when a line now would be suppressed: it has then
 * been counted as such, and nobody needs to compose it. */
bool atls_log_has_room(struct atls_log *log);

/* atls_log_text: {"time":..., "level":..., "message":...} of a formatted
 * sentence, for what is no handshake: no crowd of lines pushes it out. */
void atls_log_text(struct atls_log *log, enum atls_log_level level,
                   const char *format, ...) ATLS_PRINTF(3, 4);

#endif
