/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A table of text, defined once and drawn by every renderer. Cells hold printable UTF-8 (whatever
 * was put in went through format_printable()), not yet escaped for a format.
 */
#ifndef REPORTS_TABLE_H
#define REPORTS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum { TABLE_COLUMNS_MAX = 16 };

enum align {
	ALIGN_LEFT,
	ALIGN_RIGHT,
};

/* What a text means; each renderer knows how to show it. */
enum tone {
	TONE_PLAIN,
	TONE_GOOD,
	TONE_WARN,
	TONE_BAD,
	TONE_MUTED,
	TONE_KERNEL, /* the colour of a side, as in the plots */
	TONE_ENGINE,
	TONE_COUNT,
};

struct column {
	const char *heading;
	enum align align;
	unsigned int spare; /* a narrow terminal leaves out the column with the highest; 0 never */
};

struct cell {
	char *text;
	enum tone tone;
	double bar;	/* 0 to 1: drawn as a bar where that is possible; negative: none */
	double *course; /* drawn as a line in place of the text where that is possible, NaN: a gap
			 */
	size_t course_count;
};

struct table {
	struct column columns[TABLE_COLUMNS_MAX];
	size_t column_count;
	struct cell *cells; /* row after row */
	size_t cell_count;
	size_t capacity;
	bool facts;		/* two columns, name and value: drawn without headings */
	unsigned int bar_width; /* of a bar in a terminal, in columns; 0: there are none */
	size_t text_rows;	/* in a terminal no more than these; 0: all */
	char *lead;		/* a sentence above the table, NULL for none */
	char *note;		/* a sentence below the table or in its place; NULL for none */
	enum tone note_tone;
	int error; /* sticky: -ENOMEM of any of the functions below */
};

/* @columns are copied, at most TABLE_COLUMNS_MAX. End with table_release(), also after an error. */
void table_init(struct table *table, const struct column *columns, size_t column_count);
void table_init_facts(struct table *table);
void table_release(struct table *table);

/* Add the next cell, in reading order. */
void table_cell(struct table *table, enum tone tone, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The last cell also gets a bar. */
void table_bar(struct table *table, double fraction);
/* The last cell is also a line through the @count @values, which are copied. */
void table_course(struct table *table, const double *values, size_t count);
/* Take a column out again, of all rows. */
void table_leave_out(struct table *table, size_t column);
/* A row of a table of facts. */
void table_fact(struct table *table, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void table_lead(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_note(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

size_t table_rows(const struct table *table);
const struct cell *table_at(const struct table *table, size_t row, size_t column);

/* A printable copy of a formatted text; NULL when there is no memory. The caller frees it. */
char *printable_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
