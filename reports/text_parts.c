/* SPDX-License-Identifier: GPL-2.0 */
#include "reports/text_parts.h"
#include "reports/format.h"

#include <string.h>

enum { WIDTH_MIN = 40 };

const char *const text_tone_codes[TONE_COUNT] = {
	[TONE_PLAIN] = "",	    [TONE_GOOD] = "\033[32m", [TONE_WARN] = "\033[33m",
	[TONE_BAD] = "\033[31m",    [TONE_MUTED] = "\033[2m", [TONE_KERNEL] = "\033[33m",
	[TONE_ENGINE] = "\033[36m",
};

void text_begin(const struct text_terminal *terminal, const char *code)
{
	if (terminal->colour)
		fputs(code, terminal->out);
}

void text_end(const struct text_terminal *terminal)
{
	if (terminal->colour)
		fputs("\033[0m", terminal->out);
}

void text_bytes(const struct text_terminal *terminal, const char *text, size_t bytes)
{
	if (terminal->utf8)
		fwrite(text, 1, bytes, terminal->out);
	else
		format_ascii(terminal->out, text, bytes);
}

static void put_part(const struct text_terminal *terminal, enum tone tone, const char *text,
		     size_t length)
{
	if (tone != TONE_PLAIN)
		text_begin(terminal, text_tone_codes[tone]);
	text_bytes(terminal, text, length);
	if (tone != TONE_PLAIN)
		text_end(terminal);
}

void text_put(const struct text_terminal *terminal, enum tone tone, const char *text)
{
	put_part(terminal, tone, text, strlen(text));
}

void text_pad(const struct text_terminal *terminal, unsigned int columns)
{
	fprintf(terminal->out, "%*s", (int)columns, "");
}

/* The bytes of @text that go into a line of @columns: up to a space if there is one to break at. */
static size_t line_length(const char *text, unsigned int columns)
{
	size_t fits = format_fit(text, columns), at = fits;

	if (!text[fits])
		return fits;
	while (at && text[at] != ' ')
		at--;
	return at ? at : fits ? fits : strlen(text);
}

static size_t without_trailing_spaces(const char *text, size_t length)
{
	while (length && text[length - 1] == ' ')
		length--;
	return length;
}

void text_wrapped(const struct text_terminal *terminal, enum tone tone, const char *text,
		  unsigned int indent)
{
	unsigned int columns = terminal->width - indent;

	for (;;) {
		size_t length = line_length(text, columns);

		put_part(terminal, tone, text, without_trailing_spaces(text, length));
		fputc('\n', terminal->out);
		text += length;
		while (*text == ' ')
			text++;
		if (!*text)
			break;
		text_pad(terminal, indent);
	}
}

void text_facts(const struct text_terminal *terminal, const struct table *table)
{
	unsigned int names = 0;

	for (size_t row = 0; row < table_rows(table); row++) {
		unsigned int width = format_width(table_at(table, row, 0)->text);

		/* A longer name gets a line of its own. */
		if (width > names && width <= terminal->width / 3)
			names = width;
	}
	for (size_t row = 0; row < table_rows(table); row++) {
		const char *name = table_at(table, row, 0)->text;
		unsigned int width = format_width(name);

		text_pad(terminal, TEXT_INDENT);
		text_put(terminal, TONE_MUTED, name);
		if (width > names) {
			fputc('\n', terminal->out);
			width = 0;
			text_pad(terminal, TEXT_INDENT);
		}
		text_pad(terminal, names - width + TEXT_GAP);
		text_wrapped(terminal, table_at(table, row, 1)->tone, table_at(table, row, 1)->text,
			     TEXT_INDENT + names + TEXT_GAP);
	}
}

struct layout {
	unsigned int widths[TABLE_COLUMNS_MAX];
	unsigned int bars[TABLE_COLUMNS_MAX]; /* width of the bars behind the texts; 0: none */
	bool shown[TABLE_COLUMNS_MAX];
	size_t rows;	/* shown */
	size_t wrapped; /* the column whose texts go on in the next line; if none their number */
};

/* Columns of the terminal: narrower than this a column is not made. */
enum { WRAPPED_MIN = 16 };

static unsigned int layout_width(const struct table *table, const struct layout *layout)
{
	unsigned int width = TEXT_INDENT;

	for (size_t column = 0; column < table->column_count; column++)
		if (layout->shown[column])
			width += layout->widths[column] + layout->bars[column] + TEXT_GAP;
	return width - TEXT_GAP;
}

static void measure_column(const struct table *table, size_t column, struct layout *layout)
{
	layout->shown[column] = true;
	layout->widths[column] = format_width(table->columns[column].heading);
	for (size_t row = 0; row < layout->rows; row++) {
		const struct cell *cell = table_at(table, row, column);
		unsigned int width = format_width(cell->text);

		if (width > layout->widths[column])
			layout->widths[column] = width;
		/* With a blank between text and bar. */
		if (cell->bar >= 0 && table->bar_width)
			layout->bars[column] = table->bar_width + 1;
	}
}

/* False when none is left that can be spared. */
static bool spare_column(const struct table *table, struct layout *layout)
{
	size_t spare = table->column_count;

	for (size_t column = 0; column < table->column_count; column++)
		if (layout->shown[column] && table->columns[column].spare &&
		    (spare == table->column_count ||
		     table->columns[column].spare > table->columns[spare].spare))
			spare = column;
	if (spare == table->column_count)
		return false;
	layout->shown[spare] = false;
	return true;
}

/* Of the columns of words the widest gives what is too much, as far as it can. */
static void wrap_column(const struct table *table, unsigned int excess, struct layout *layout)
{
	size_t widest = table->column_count;
	unsigned int least;

	for (size_t column = 0; column < table->column_count; column++)
		if (layout->shown[column] && table->columns[column].align == ALIGN_LEFT &&
		    (widest == table->column_count ||
		     layout->widths[column] > layout->widths[widest]))
			widest = column;
	if (widest == table->column_count)
		return;
	least = format_width(table->columns[widest].heading);
	if (least < WRAPPED_MIN)
		least = WRAPPED_MIN;
	if (layout->widths[widest] <= least)
		return;
	layout->wrapped = widest;
	layout->widths[widest] =
		layout->widths[widest] > least + excess ? layout->widths[widest] - excess : least;
}

/*
 * Leave out what can be spared, bars first, then the most dispensable column, until the rest fits.
 * What does not fit even then is wrapped.
 */
static void lay_out(const struct text_terminal *terminal, const struct table *table, size_t rows,
		    struct layout *layout)
{
	unsigned int width;

	*layout = (struct layout){.rows = rows, .wrapped = table->column_count};
	for (size_t column = 0; column < table->column_count; column++)
		measure_column(table, column, layout);
	while (layout_width(table, layout) > terminal->width) {
		bool barred = false;

		for (size_t column = 0; column < table->column_count; column++) {
			barred |= layout->bars[column] > 0;
			layout->bars[column] = 0;
		}
		if (!barred && !spare_column(table, layout))
			break;
	}
	width = layout_width(table, layout);
	if (width > terminal->width)
		wrap_column(table, width - terminal->width, layout);
}

/* A bar of @width columns at most, in eighths of one where the terminal has them. */
static unsigned int put_bar(const struct text_terminal *terminal, enum tone tone, double fraction,
			    unsigned int width)
{
	static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	double clamped = fraction > 1 ? 1 : fraction > 0 ? fraction : 0;
	unsigned int length = (unsigned int)(clamped * width * 8 + 0.5);
	unsigned int whole;

	/* What is not nothing is seen. */
	if (length < (terminal->utf8 ? 1 : 8))
		length = terminal->utf8 ? 1 : 8;
	whole = terminal->utf8 ? length / 8 : (length + 4) / 8;
	text_begin(terminal, text_tone_codes[tone]);
	for (unsigned int i = 0; i < whole; i++)
		fputs(terminal->utf8 ? "█" : "#", terminal->out);
	if (terminal->utf8)
		fputs(eighths[length % 8], terminal->out);
	text_end(terminal);
	return whole + (terminal->utf8 && length % 8);
}

/*
 * The first @length bytes of @text. @blanks are owed from the cells before: none end a line.
 */
static void put_cell(const struct text_terminal *terminal, const struct column *column,
		     unsigned int width, enum tone tone, const char *text, size_t length,
		     unsigned int *blanks)
{
	unsigned int taken = format_width(text) - format_width(text + length);
	unsigned int space = width > taken ? width - taken : 0;

	if (column->align == ALIGN_RIGHT)
		*blanks += space;
	if (length) {
		text_pad(terminal, *blanks);
		put_part(terminal, tone, text, length);
		*blanks = 0;
	}
	if (column->align == ALIGN_LEFT)
		*blanks += space;
}

/* Take from *@rest what fits into the wrapped column; returns its length from *@rest as it was. */
static size_t take_line(const struct layout *layout, const char **rest)
{
	const char *text = *rest;
	size_t length = line_length(text, layout->widths[layout->wrapped]);

	*rest += length;
	*rest += strspn(*rest, " ");
	return without_trailing_spaces(text, length);
}

/* @rest: what is left of the wrapped text above, and then of this one. */
static void put_row(const struct text_terminal *terminal, const struct table *table,
		    const struct layout *layout, size_t row, const char **rest)
{
	unsigned int blanks = TEXT_INDENT;

	for (size_t column = 0; column < table->column_count; column++) {
		const struct cell *cell = table_at(table, row, column);
		const char *text = cell->text;
		size_t length = strlen(text);
		unsigned int bar = 0;

		if (!layout->shown[column])
			continue;
		if (column == layout->wrapped) {
			text = *rest = *text ? text : *rest;
			length = take_line(layout, rest);
		}
		put_cell(terminal, &table->columns[column], layout->widths[column], cell->tone,
			 text, length, &blanks);
		if (layout->bars[column] && cell->bar > 0) {
			text_pad(terminal, blanks + 1);
			bar = 1 + put_bar(terminal, TONE_MUTED, cell->bar, table->bar_width);
			blanks = 0;
		}
		blanks += layout->bars[column] - bar + TEXT_GAP;
	}
	fputc('\n', terminal->out);
}

/* What is left of a wrapped text, in lines of its own. */
static void put_rest(const struct text_terminal *terminal, const struct table *table,
		     const struct layout *layout, const char **rest)
{
	unsigned int indent = TEXT_INDENT;

	for (size_t column = 0; column < layout->wrapped && **rest; column++)
		if (layout->shown[column])
			indent += layout->widths[column] + layout->bars[column] + TEXT_GAP;
	while (**rest) {
		const char *text = *rest;
		size_t length = take_line(layout, rest);

		put_cell(terminal, &table->columns[layout->wrapped],
			 layout->widths[layout->wrapped], TONE_PLAIN, text, length,
			 &(unsigned int){indent});
		fputc('\n', terminal->out);
	}
}

static void put_headings(const struct text_terminal *terminal, const struct table *table,
			 const struct layout *layout)
{
	unsigned int blanks = TEXT_INDENT;

	for (size_t column = 0; column < table->column_count; column++) {
		if (!layout->shown[column])
			continue;
		put_cell(terminal, &table->columns[column], layout->widths[column], TONE_MUTED,
			 table->columns[column].heading, strlen(table->columns[column].heading),
			 &blanks);
		blanks += layout->bars[column] + TEXT_GAP;
	}
	fputc('\n', terminal->out);
}

void text_grid(const struct text_terminal *terminal, const struct table *table)
{
	struct layout layout;
	size_t rows = table_rows(table), most = table->text_rows;
	const char *rest = "";

	lay_out(terminal, table, most && most < rows ? most : rows, &layout);
	put_headings(terminal, table, &layout);
	for (size_t row = 0; row < layout.rows; row++) {
		/* A row without such a text has room for it. */
		if (layout.wrapped < table->column_count &&
		    *table_at(table, row, layout.wrapped)->text)
			put_rest(terminal, table, &layout, &rest);
		put_row(terminal, table, &layout, row, &rest);
	}
	put_rest(terminal, table, &layout, &rest);
}

void text_table(const struct text_terminal *terminal, const struct table *table)
{
	if (table->lead) {
		text_pad(terminal, TEXT_INDENT);
		text_wrapped(terminal, TONE_PLAIN, table->lead, TEXT_INDENT);
	}
	if (table->facts)
		text_facts(terminal, table);
	else if (table->cell_count)
		text_grid(terminal, table);
	if (table->note) {
		text_pad(terminal, TEXT_INDENT);
		text_wrapped(terminal, table->note_tone, table->note, TEXT_INDENT);
	}
}

void text_title(const struct text_terminal *terminal, const char *title)
{
	fputc('\n', terminal->out);
	text_begin(terminal, TEXT_BOLD);
	text_bytes(terminal, title, strlen(title));
	text_end(terminal);
	fputc('\n', terminal->out);
}

struct text_terminal text_terminal_on(FILE *out, bool colour, unsigned int width)
{
	return (struct text_terminal){
		.out = out,
		.width = width < WIDTH_MIN ? WIDTH_MIN : width,
		.colour = colour,
		.utf8 = format_locale_is_utf8(),
	};
}
