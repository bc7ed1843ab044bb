/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bytes as a text of JSON, and back. JSON is UTF-8, paths and messages may hold any byte. A text
 * that is not UTF-8 has its bytes above ASCII written as "\xNN", with two lower-case hexadecimal
 * digits, from \x80 to \xff; in every text a backslash that would then be read as the beginning of
 * such a byte, or of itself, is written as "\x5c". Everything else stands for itself, a backslash
 * too: no other bytes give the same text.
 */
#ifndef PROFILER_JSON_TEXT_H
#define PROFILER_JSON_TEXT_H

#include <jansson.h>

/* NULL becomes null. NULL when there is no memory. */
json_t *json_text_or_null(const char *bytes);

/* What was written as @text, in its place: it gets no longer. */
void json_text_decode(char *text);

#endif
