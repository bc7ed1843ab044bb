/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Figures and strings made readable: the same in every format of report. Independent of the locale:
 * a decimal point is always a point. Texts are UTF-8; a terminal that is not gets format_ascii().
 */
#ifndef REPORTS_FORMAT_H
#define REPORTS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { FORMAT_SIZE = 40 };

/* Each writes into @out and returns it. Three significant digits where there is a unit. */
const char *format_count(char out[FORMAT_SIZE], uint64_t value);      /* 1,234,567 */
const char *format_bytes(char out[FORMAT_SIZE], uint64_t bytes);      /* 56.7 MiB */
const char *format_block_size(char out[FORMAT_SIZE], uint64_t bytes); /* 16 KiB, never rounded */
const char *format_duration(char out[FORMAT_SIZE], uint64_t ns);      /* 12.3 µs */
const char *format_offset(char out[FORMAT_SIZE], uint64_t offset);    /* 0x1f3c */
const char *format_rate(char out[FORMAT_SIZE], uint64_t bytes, uint64_t ns);	  /* 310 MiB/s */
const char *format_percent(char out[FORMAT_SIZE], uint64_t part, uint64_t whole); /* 83.4% */
const char *format_factor(char out[FORMAT_SIZE], double factor);		  /* 3.21× */
const char *format_hundredths(char out[FORMAT_SIZE], double number);		  /* -1.93 */
const char *format_uuid(char out[FORMAT_SIZE], const uint8_t uuid[16]);

/* What stands where there is no figure. */
#define FORMAT_NONE "–"

/* The same as expressions, living until the end of the enclosing block. */
#define COUNT(value)	     format_count((char[FORMAT_SIZE]){0}, value)
#define BYTES(value)	     format_bytes((char[FORMAT_SIZE]){0}, value)
#define BLOCK_SIZE(value)    format_block_size((char[FORMAT_SIZE]){0}, value)
#define DURATION(ns)	     format_duration((char[FORMAT_SIZE]){0}, ns)
#define OFFSET(value)	     format_offset((char[FORMAT_SIZE]){0}, value)
#define RATE(bytes, ns)	     format_rate((char[FORMAT_SIZE]){0}, bytes, ns)
#define PERCENT(part, whole) format_percent((char[FORMAT_SIZE]){0}, part, whole)
#define FACTOR(factor)	     format_factor((char[FORMAT_SIZE]){0}, factor)
#define HUNDREDTHS(number)   format_hundredths((char[FORMAT_SIZE]){0}, number)
#define UUID(uuid)	     format_uuid((char[FORMAT_SIZE]){0}, uuid)

/*
 * A copy of @string that is valid UTF-8 and that no terminal, browser or reader can be fooled by:
 * control characters, bytes that are not UTF-8 and characters that turn the writing direction or
 * show nothing become \xNN or \u{NNNN}. The caller frees it; NULL when there is no memory.
 */
char *format_printable(const char *string);

/*
 * Of a printable string: the columns of a terminal it takes, and the bytes of its longest beginning
 * that takes at most @columns.
 */
unsigned int format_width(const char *string);
size_t format_fit(const char *string, unsigned int columns);

/* Whether the environment's locale is UTF-8, whatever the program has set. */
bool format_locale_is_utf8(void);

/* Write @length bytes of a printable string in ASCII, each character as one. */
void format_ascii(FILE *out, const char *string, size_t length);

/* Write a printable string so that the format shows it and does not obey it. */
void format_html(FILE *out, const char *string);
void format_html_part(FILE *out, const char *string, size_t length);
void format_markdown(FILE *out, const char *string);

/*
 * @path in at most @columns, with "…" in the middle when it was cut: the name at its end tells more
 * than the folders before. @path is printable, the caller frees the copy; NULL without memory.
 */
char *format_path(const char *path, unsigned int columns);

#endif
