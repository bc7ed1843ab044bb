/* SPDX-License-Identifier: GPL-2.0 */
/* The summary for a terminal. */
#include "reports/context.h"
#include "reports/format.h"
#include "reports/report.h"
#include "reports/sections.h"
#include "reports/summary.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WIDTH_MIN = 40, GAP = 2, INDENT = 2 };

struct terminal {
	FILE *out;
	unsigned int width;
	bool colour;
	bool utf8;
};

static const char *const tone_codes[TONE_COUNT] = {
	[TONE_PLAIN] = "",	    [TONE_GOOD] = "\033[32m", [TONE_WARN] = "\033[33m",
	[TONE_BAD] = "\033[31m",    [TONE_MUTED] = "\033[2m", [TONE_KERNEL] = "\033[33m",
	[TONE_ENGINE] = "\033[36m",
};
#define BOLD "\033[1m"

/* Whether the environment's locale is UTF-8, whatever the program has set. */
static bool locale_is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (!locale)
		return false;
	utf8 = !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");
	freelocale(locale);
	return utf8;
}

static void begin(const struct terminal *terminal, const char *code)
{
	if (terminal->colour)
		fputs(code, terminal->out);
}

static void end(const struct terminal *terminal)
{
	if (terminal->colour)
		fputs("\033[0m", terminal->out);
}

static void put_bytes(const struct terminal *terminal, const char *text, size_t bytes)
{
	if (terminal->utf8)
		fwrite(text, 1, bytes, terminal->out);
	else
		format_ascii(terminal->out, text, bytes);
}

static void put(const struct terminal *terminal, enum tone tone, const char *text)
{
	if (tone != TONE_PLAIN)
		begin(terminal, tone_codes[tone]);
	put_bytes(terminal, text, strlen(text));
	if (tone != TONE_PLAIN)
		end(terminal);
}

static void pad(const struct terminal *terminal, unsigned int columns)
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

/* Write @text, from column @indent on, and where it needs more lines begin each at that column. */
static void put_wrapped(const struct terminal *terminal, enum tone tone, const char *text,
			unsigned int indent)
{
	unsigned int columns = terminal->width - indent;

	for (;;) {
		size_t length = line_length(text, columns);

		if (tone != TONE_PLAIN)
			begin(terminal, tone_codes[tone]);
		put_bytes(terminal, text, without_trailing_spaces(text, length));
		if (tone != TONE_PLAIN)
			end(terminal);
		fputc('\n', terminal->out);
		text += length;
		while (*text == ' ')
			text++;
		if (!*text)
			break;
		pad(terminal, indent);
	}
}

static void put_facts(const struct terminal *terminal, const struct table *table)
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

		pad(terminal, INDENT);
		put(terminal, TONE_MUTED, name);
		if (width > names) {
			fputc('\n', terminal->out);
			width = 0;
			pad(terminal, INDENT);
		}
		pad(terminal, names - width + GAP);
		put_wrapped(terminal, table_at(table, row, 1)->tone, table_at(table, row, 1)->text,
			    INDENT + names + GAP);
	}
}

struct layout {
	unsigned int widths[TABLE_COLUMNS_MAX];
	bool shown[TABLE_COLUMNS_MAX];
};

static unsigned int layout_width(const struct table *table, const struct layout *layout)
{
	unsigned int width = INDENT;

	for (size_t column = 0; column < table->column_count; column++)
		if (layout->shown[column])
			width += layout->widths[column] + GAP;
	return width - GAP;
}

/* Leave out what can be spared, the most dispensable column first, until the rest fits. */
static void lay_out(const struct terminal *terminal, const struct table *table,
		    struct layout *layout)
{
	for (size_t column = 0; column < table->column_count; column++) {
		layout->shown[column] = true;
		layout->widths[column] = format_width(table->columns[column].heading);
		for (size_t row = 0; row < table_rows(table); row++) {
			unsigned int width = format_width(table_at(table, row, column)->text);

			if (width > layout->widths[column])
				layout->widths[column] = width;
		}
	}
	while (layout_width(table, layout) > terminal->width) {
		size_t spare = table->column_count;

		for (size_t column = 0; column < table->column_count; column++)
			if (layout->shown[column] && table->columns[column].spare &&
			    (spare == table->column_count ||
			     table->columns[column].spare > table->columns[spare].spare))
				spare = column;
		if (spare == table->column_count)
			break;
		layout->shown[spare] = false;
	}
}

/* @blanks are owed from the cells before: none end a line. */
static void put_cell(const struct terminal *terminal, const struct column *column,
		     unsigned int width, enum tone tone, const char *text, unsigned int *blanks)
{
	unsigned int space = width - format_width(text);

	if (column->align == ALIGN_RIGHT)
		*blanks += space;
	if (*text) {
		pad(terminal, *blanks);
		put(terminal, tone, text);
		*blanks = 0;
	}
	if (column->align == ALIGN_LEFT)
		*blanks += space;
	*blanks += GAP;
}

static void put_grid(const struct terminal *terminal, const struct table *table)
{
	struct layout layout;
	unsigned int blanks = INDENT;

	lay_out(terminal, table, &layout);
	for (size_t column = 0; column < table->column_count; column++)
		if (layout.shown[column])
			put_cell(terminal, &table->columns[column], layout.widths[column],
				 TONE_MUTED, table->columns[column].heading, &blanks);
	fputc('\n', terminal->out);
	for (size_t row = 0; row < table_rows(table); row++) {
		blanks = INDENT;
		for (size_t column = 0; column < table->column_count; column++) {
			const struct cell *cell = table_at(table, row, column);

			if (layout.shown[column])
				put_cell(terminal, &table->columns[column], layout.widths[column],
					 cell->tone, cell->text, &blanks);
		}
		fputc('\n', terminal->out);
	}
}

/* What both have is there for orientation: one line of it will do. */
static void put_common_line(const struct terminal *terminal, const char *text)
{
	unsigned int columns = terminal->width - INDENT - GAP;
	bool whole = format_width(text) <= columns;
	size_t length = format_fit(text, whole ? columns : columns - 1);

	pad(terminal, INDENT + GAP);
	begin(terminal, tone_codes[TONE_MUTED]);
	put_bytes(terminal, text, length);
	if (!whole)
		put_bytes(terminal, "…", strlen("…"));
	end(terminal);
	fputc('\n', terminal->out);
}

static void put_side_line(const struct terminal *terminal, enum side side, const char *text)
{
	if (!text)
		return;
	pad(terminal, INDENT);
	put(terminal, side_tones[side], side == SIDE_KERNEL ? "- " : "+ ");
	put_wrapped(terminal, side_tones[side], text, INDENT + GAP);
}

/* As in a diff: "-" is the kernel's, "+" the engine's, what is the same stands once. */
static int put_context(const struct terminal *terminal, const struct divergence *divergence)
{
	for (size_t i = 0; i < divergence->context_count; i++) {
		struct context_row row;

		if (context_row(divergence, i, &row) < 0)
			return -ENOMEM;
		if (row.same)
			put_common_line(terminal, row.text[SIDE_KERNEL]);
		for (enum side side = 0; !row.same && side < SIDE_COUNT; side++)
			put_side_line(terminal, side, row.text[side]);
		context_row_release(&row);
	}
	if (divergence->context_count) {
		pad(terminal, INDENT);
		put(terminal, TONE_MUTED, "- the kernel's, + the engine's");
		fputc('\n', terminal->out);
	}
	return 0;
}

static void put_title(const struct terminal *terminal, const char *title)
{
	fputc('\n', terminal->out);
	begin(terminal, BOLD);
	put_bytes(terminal, title, strlen(title));
	end(terminal);
	fputc('\n', terminal->out);
}

static int put_section(const struct terminal *terminal, const struct section *section,
		       const struct result *result)
{
	struct table table;
	int ret = 0;

	section->build(result, &table);
	if (!table.error && (table.cell_count || table.note)) {
		put_title(terminal, section->title);
		if (table.lead) {
			pad(terminal, INDENT);
			put_wrapped(terminal, TONE_PLAIN, table.lead, INDENT);
		}
		if (table.facts)
			put_facts(terminal, &table);
		else if (table.cell_count)
			put_grid(terminal, &table);
		if (table.note) {
			pad(terminal, INDENT);
			put_wrapped(terminal, TONE_PLAIN, table.note, INDENT);
		}
		if (section->extra == EXTRA_CONTEXT)
			ret = put_context(terminal, &result->divergence);
	}
	if (table.error)
		ret = table.error;
	table_release(&table);
	return ret;
}

static int put_headline(const struct terminal *terminal, const struct result *result)
{
	struct headline headline;
	int ret = headline_build(result, &headline);

	if (ret == 0) {
		begin(terminal, BOLD);
		put(terminal, headline.tone, headline.word);
		pad(terminal, GAP);
		begin(terminal, BOLD);
		put_wrapped(terminal, TONE_PLAIN, headline.detail,
			    format_width(headline.word) + GAP);
		end(terminal);
	}
	headline_release(&headline);
	return ret;
}

static struct terminal terminal_on(FILE *out, bool colour, unsigned int width)
{
	return (struct terminal){
		.out = out,
		.width = width < WIDTH_MIN ? WIDTH_MIN : width,
		.colour = colour,
		.utf8 = locale_is_utf8(),
	};
}

int report_text_explanation(const struct result *result, FILE *out, bool colour, unsigned int width)
{
	const struct terminal terminal = terminal_on(out, colour, width);
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < section_count; i++)
		if (sections[i].where & IN_TEXT && sections[i].build == build_explanation)
			ret = put_section(&terminal, &sections[i], result);
	if (ret == 0 && (fflush(out) != 0 || ferror(out)))
		ret = errno ? -errno : -EIO;
	return ret;
}

int report_text(const struct result *result, FILE *out, bool colour, unsigned int width)
{
	const struct terminal terminal = terminal_on(out, colour, width);
	int ret = put_headline(&terminal, result);

	for (size_t i = 0; ret == 0 && i < section_count; i++)
		if (sections[i].where & IN_TEXT)
			ret = put_section(&terminal, &sections[i], result);
	if (ret == 0 && (fflush(out) != 0 || ferror(out)))
		ret = errno ? -errno : -EIO;
	return ret;
}

int report_text_files(const char *directory, FILE *out, bool colour)
{
	static const char *const files[] = {"report.html", "report.md", "result.json", "plots"};
	const struct terminal terminal = {
		.out = out, .width = 80, .colour = colour, .utf8 = locale_is_utf8()};
	bool any = false;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *path, *shown;

		if (asprintf(&path, "%s/%s", directory, files[i]) < 0)
			return -ENOMEM;
		shown = access(path, F_OK) == 0 ? format_printable(path) : NULL;
		if (shown) {
			if (!any)
				put_title(&terminal, "Report");
			pad(&terminal, INDENT);
			put(&terminal, TONE_PLAIN, shown);
			fputc('\n', out);
			any = true;
		}
		free(shown);
		free(path);
	}
	return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}
