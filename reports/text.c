/* SPDX-License-Identifier: GPL-2.0 */
/* The summary for a terminal. */
#include "reports/context.h"
#include "reports/format.h"
#include "reports/report.h"
#include "reports/sections.h"
#include "reports/summary.h"
#include "reports/text_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What both have is there for orientation: one line of it will do. */
static void put_common_line(const struct text_terminal *terminal, const char *text)
{
	unsigned int columns = terminal->width - TEXT_INDENT - TEXT_GAP;
	bool whole = format_width(text) <= columns;
	size_t length = format_fit(text, whole ? columns : columns - 1);

	text_pad(terminal, TEXT_INDENT + TEXT_GAP);
	text_begin(terminal, text_tone_codes[TONE_MUTED]);
	text_bytes(terminal, text, length);
	if (!whole)
		text_bytes(terminal, "…", strlen("…"));
	text_end(terminal);
	fputc('\n', terminal->out);
}

static void put_side_line(const struct text_terminal *terminal, enum side side, const char *text)
{
	if (!text)
		return;
	text_pad(terminal, TEXT_INDENT);
	text_put(terminal, side_tones[side], side == SIDE_KERNEL ? "- " : "+ ");
	text_wrapped(terminal, side_tones[side], text, TEXT_INDENT + TEXT_GAP);
}

/* As in a diff: "-" is the kernel's, "+" the engine's, what is the same stands once. */
static int put_context(const struct text_terminal *terminal, const struct divergence *divergence)
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
		text_pad(terminal, TEXT_INDENT);
		text_put(terminal, TONE_MUTED, "- the kernel's, + the engine's");
		fputc('\n', terminal->out);
	}
	return 0;
}

static int put_section(const struct text_terminal *terminal, const struct section *section,
		       const struct result *result)
{
	struct table table;
	int ret = 0;

	section->build(result, &table);
	if (!table.error && (table.cell_count || table.note)) {
		text_title(terminal, section->title);
		table.text_rows = section->text_rows;
		text_table(terminal, &table);
		if (section->extra == EXTRA_CONTEXT)
			ret = put_context(terminal, &result->divergence);
	}
	if (table.error)
		ret = table.error;
	table_release(&table);
	return ret;
}

static int put_headline(const struct text_terminal *terminal, const struct result *result)
{
	struct headline headline;
	int ret = headline_build(result, &headline);

	if (ret == 0) {
		text_begin(terminal, TEXT_BOLD);
		text_put(terminal, headline.tone, headline.word);
		text_pad(terminal, TEXT_GAP);
		text_begin(terminal, TEXT_BOLD);
		text_wrapped(terminal, TONE_PLAIN, headline.detail,
			     format_width(headline.word) + TEXT_GAP);
		text_end(terminal);
	}
	headline_release(&headline);
	return ret;
}

/* All sections that @wanted takes. */
static int put_sections(const struct text_terminal *terminal, const struct result *result,
			bool (*wanted)(const struct section *section))
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < section_count; i++)
		if (wanted(&sections[i]))
			ret = put_section(terminal, &sections[i], result);
	if (ret == 0 && (fflush(terminal->out) != 0 || ferror(terminal->out)))
		ret = errno ? -errno : -EIO;
	return ret;
}

static bool is_explanation(const struct section *section)
{
	return section->where & IN_TEXT && section->build == build_explanation;
}

static bool is_in_trace(const struct section *section)
{
	return section->where & IN_TRACE;
}

static bool is_in_text(const struct section *section)
{
	return section->where & IN_TEXT;
}

int report_text_explanation(const struct result *result, FILE *out, bool colour, unsigned int width)
{
	const struct text_terminal terminal = text_terminal_on(out, colour, width);

	return put_sections(&terminal, result, is_explanation);
}

int report_text_trace(const struct result *result, FILE *out, bool colour, unsigned int width)
{
	const struct text_terminal terminal = text_terminal_on(out, colour, width);

	return put_sections(&terminal, result, is_in_trace);
}

int report_text(const struct result *result, FILE *out, bool colour, unsigned int width)
{
	const struct text_terminal terminal = text_terminal_on(out, colour, width);
	int ret = put_headline(&terminal, result);

	return ret ? ret : put_sections(&terminal, result, is_in_text);
}

int report_text_files(const char *directory, FILE *out, bool colour)
{
	static const char *const files[] = {"report.html", "report.md",	    "result.json",
					    "flame.svg",   "stacks.folded", "plots"};
	const struct text_terminal terminal = text_terminal_on(out, colour, 80);
	bool any = false;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *path, *shown;

		if (asprintf(&path, "%s/%s", directory, files[i]) < 0)
			return -ENOMEM;
		shown = access(path, F_OK) == 0 ? format_printable(path) : NULL;
		if (shown) {
			if (!any)
				text_title(&terminal, "Report");
			text_pad(&terminal, TEXT_INDENT);
			text_put(&terminal, TONE_PLAIN, shown);
			fputc('\n', out);
			any = true;
		}
		free(shown);
		free(path);
	}
	return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}
