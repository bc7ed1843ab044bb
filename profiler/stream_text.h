/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One item of a send stream as one line of text and as JSON, every attribute by its name.
 *
 *	WRITE         path=dir/file     file_offset=0  data=4096:first\040bytes
 *
 * Columns are separated by spaces and hold none. Paths, extended attributes and data are escaped as
 * in C, so that any byte can be read back: \\ \n \r \t, and three octal digits for a space and for
 * whatever is not printable ASCII. JSON strings hold the same escaped text, since names need not be
 * UTF-8.
 */
#ifndef PROFILER_STREAM_TEXT_H
#define PROFILER_STREAM_TEXT_H

#include "profiler/stream_file.h"

#include <jansson.h>
#include <stdio.h>

enum { STREAM_TEXT_DATA_BYTES = 16 }; /* how much of DATA is shown unless one asks for more */

/* Print "NAME attributes" without a newline; at most @data_bytes of every DATA attribute. */
void stream_text_print(FILE *file, const struct stream_item *item, size_t data_bytes,
		       bool coloured);

/* The same as a string, without trailing spaces; the caller frees it. NULL without memory. */
char *stream_text_line(const struct stream_item *item, size_t data_bytes);

/*
 * {"offset", "command", "length", "checksum", "attributes": {...}}: integers as numbers (those
 * above 2^63 - 1 as strings), modes as octal strings. A stream header is the command STREAM with
 * its "protocol" only. The caller owns the reference; NULL without memory.
 */
json_t *stream_text_json(const struct stream_item *item, size_t data_bytes);

enum { STREAM_TEXT_NAME_SIZE = 32 };
/* Write the name of an attribute as it is shown ("file_offset") into @name, which is returned. */
const char *stream_text_attribute_name(unsigned int id, char name[STREAM_TEXT_NAME_SIZE]);
/* The number of the attribute called @name, in any case, or 0. */
unsigned int stream_text_attribute_find(const char *name);

#endif
