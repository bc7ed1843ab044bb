/* SPDX-License-Identifier: GPL-2.0 */
/* Tables of text: building them and asking them. */
#include "reports/table.h"
#include "reports/format.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct column fact_columns[] = {
	{"", ALIGN_LEFT, 0},
	{"", ALIGN_LEFT, 0},
};

void table_init(struct table *table, const struct column *columns, size_t column_count)
{
	*table = (struct table){.column_count = column_count};
	memcpy(table->columns, columns, column_count * sizeof(*columns));
}

void table_init_facts(struct table *table)
{
	table_init(table, fact_columns, 2);
	table->facts = true;
}

void table_release(struct table *table)
{
	for (size_t i = 0; i < table->cell_count; i++) {
		free(table->cells[i].text);
		free(table->cells[i].course);
	}
	free(table->cells);
	free(table->lead);
	free(table->note);
	*table = (struct table){0};
}

static char *printable_vtext(const char *format, va_list arguments)
	__attribute__((format(printf, 1, 0)));

static char *printable_vtext(const char *format, va_list arguments)
{
	char *raw, *text;

	if (vasprintf(&raw, format, arguments) < 0)
		return NULL;
	text = format_printable(raw);
	free(raw);
	return text;
}

char *printable_text(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = printable_vtext(format, arguments);
	va_end(arguments);
	return text;
}

static int grow(struct table *table)
{
	size_t capacity = table->capacity ? table->capacity * 2 : 64;
	struct cell *cells;

	if (table->cell_count < table->capacity)
		return 0;
	cells = reallocarray(table->cells, capacity, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	table->cells = cells;
	table->capacity = capacity;
	return 0;
}

static void add_cell(struct table *table, enum tone tone, char *text)
{
	if (!text || grow(table) < 0) {
		free(text);
		table->error = -ENOMEM;
		return;
	}
	table->cells[table->cell_count++] = (struct cell){text, tone, -1, NULL, 0};
}

void table_cell(struct table *table, enum tone tone, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_cell(table, tone, printable_vtext(format, arguments));
	va_end(arguments);
}

void table_bar(struct table *table, double fraction)
{
	if (!table->error)
		table->cells[table->cell_count - 1].bar = fraction;
}

void table_course(struct table *table, const double *values, size_t count)
{
	double *copy = calloc(count + 1, sizeof(*copy));

	if (!copy || table->error) {
		free(copy);
		table->error = -ENOMEM;
		return;
	}
	memcpy(copy, values, count * sizeof(*copy));
	table->cells[table->cell_count - 1].course = copy;
	table->cells[table->cell_count - 1].course_count = count;
}

void table_leave_out(struct table *table, size_t column)
{
	size_t kept = 0;

	if (table->error)
		return;
	for (size_t i = 0; i < table->cell_count; i++) {
		if (i % table->column_count != column) {
			table->cells[kept++] = table->cells[i];
			continue;
		}
		free(table->cells[i].text);
		free(table->cells[i].course);
	}
	table->cell_count = kept;
	table->column_count--;
	memmove(table->columns + column, table->columns + column + 1,
		(table->column_count - column) * sizeof(*table->columns));
}

void table_fact(struct table *table, const char *name, const char *format, ...)
{
	va_list arguments;

	add_cell(table, TONE_MUTED, printable_text("%s", name));
	va_start(arguments, format);
	add_cell(table, TONE_PLAIN, printable_vtext(format, arguments));
	va_end(arguments);
}

static void set_sentence(struct table *table, char **sentence, char *text)
{
	free(*sentence);
	*sentence = text;
	if (!text)
		table->error = -ENOMEM;
}

void table_lead(struct table *table, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_sentence(table, &table->lead, printable_vtext(format, arguments));
	va_end(arguments);
}

void table_note(struct table *table, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_sentence(table, &table->note, printable_vtext(format, arguments));
	va_end(arguments);
}

size_t table_rows(const struct table *table)
{
	return table->cell_count / table->column_count;
}

const struct cell *table_at(const struct table *table, size_t row, size_t column)
{
	return &table->cells[row * table->column_count + column];
}
