/* SPDX-License-Identifier: GPL-2.0 */
/* Tables, tiles, sample strips and the divergence of an HTML page. */
#include "reports/html_parts.h"
#include "reports/assets.h"
#include "reports/context.h"
#include "reports/format.h"
#include "reports/palette.h"

#include <errno.h>
#include <math.h>

const char *const html_tone_classes[TONE_COUNT] = {
	[TONE_PLAIN] = "",	  [TONE_GOOD] = "good",	  [TONE_WARN] = "warn",
	[TONE_BAD] = "bad",	  [TONE_MUTED] = "muted", [TONE_KERNEL] = "kernel",
	[TONE_ENGINE] = "engine",
};

enum { COURSE_WIDTH = 100, COURSE_HEIGHT = 24, COURSE_MARGIN = 3 };

/* A line through the values, from the least to the greatest, and a mark on the last. */
static void put_course(const struct cell *cell, FILE *out)
{
	const unsigned int width = COURSE_WIDTH - 2 * COURSE_MARGIN;
	const unsigned int height = COURSE_HEIGHT - 2 * COURSE_MARGIN;
	double least = INFINITY, greatest = -INFINITY;
	unsigned int x = 0, y = 0;

	for (size_t i = 0; i < cell->course_count; i++) {
		least = fmin(least, cell->course[i]);
		greatest = fmax(greatest, cell->course[i]);
	}
	fprintf(out,
		"<svg class=\"course\" viewBox=\"0 0 %d %d\" role=\"img\" "
		"aria-label=\"course\"><polyline points=\"",
		COURSE_WIDTH, COURSE_HEIGHT);
	for (size_t i = 0; i < cell->course_count; i++) {
		double up = greatest > least ? (cell->course[i] - least) / (greatest - least) : 0.5;

		if (isnan(cell->course[i]))
			continue;
		x = COURSE_MARGIN + (unsigned int)(width * i / (cell->course_count - 1));
		y = COURSE_MARGIN + (unsigned int)((1 - up) * height + 0.5);
		fprintf(out, "%u,%u ", x, y);
	}
	fprintf(out, "\"/><circle cx=\"%u\" cy=\"%u\" r=\"2.5\"/></svg>", x, y);
}

static void put_cell(const struct column *column, const struct cell *cell, bool head, FILE *out)
{
	fprintf(out, "<%s class=\"%s %s\"", head ? "th scope=\"row\"" : "td",
		column->align == ALIGN_RIGHT ? "num" : "", html_tone_classes[cell->tone]);
	/* Thousandths, so that no locale's comma gets into the style. */
	if (cell->bar >= 0)
		fprintf(out, " style=\"--bar:%u\"", (unsigned int)(cell->bar * 1000 + 0.5));
	fputc('>', out);
	if (cell->course_count > 1)
		put_course(cell, out);
	else
		format_html(out, cell->text);
	fprintf(out, "</%s>", head ? "th" : "td");
}

static void put_headings(const struct table *table, FILE *out)
{
	fputs("<thead><tr>", out);
	for (size_t column = 0; column < table->column_count; column++) {
		const char *heading = table->columns[column].heading;

		/* A heading must say something: an empty one is a plain cell. */
		fprintf(out, "<%s class=\"%s\">", *heading ? "th scope=\"col\"" : "td",
			table->columns[column].align == ALIGN_RIGHT ? "num" : "");
		format_html(out, heading);
		fputs(*heading ? "</th>" : "</td>", out);
	}
	fputs("</tr></thead>", out);
}

/* A row whose first cell is empty goes on with the one above. */
static bool row_continues(const struct table *table, size_t row)
{
	return !*table_at(table, row, 0)->text;
}

void html_table(const struct table *table, FILE *out)
{
	fprintf(out, "<div class=\"scroll\" tabindex=\"0\"><table class=\"%s\">\n",
		table->facts ? "facts" : "grid");
	if (!table->facts)
		put_headings(table, out);
	fputs("<tbody>\n", out);
	for (size_t row = 0; row < table_rows(table); row++) {
		fprintf(out, "<tr%s>", row_continues(table, row) ? " class=\"more\"" : "");
		for (size_t column = 0; column < table->column_count; column++) {
			bool head = !column && !row_continues(table, row);

			put_cell(&table->columns[column], table_at(table, row, column), head, out);
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

void html_begin(enum tone tone, const char *word, const char *product, FILE *out)
{
	fprintf(out,
		"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n"
		"<title>sendprof: %s</title>\n<style>\n",
		word);
	palette_css(out, ":root");
	fputs(asset_page_css, out);
	fprintf(out,
		"</style>\n</head>\n<body>\n<main>\n<header class=\"%s\">\n"
		"<p class=\"product\">%s</p>\n<h1>%s</h1>\n<p class=\"detail\">",
		html_tone_classes[tone], product, word);
}

void html_tile(FILE *out, const char *tone, const char *label, const char *value,
	       const char *detail)
{
	fprintf(out, "<div class=\"tile %s\"><dt>%s</dt><dd>", tone, label);
	format_html(out, value);
	if (detail) {
		fputs(" <small>", out);
		format_html(out, detail);
		fputs("</small>", out);
	}
	fputs("</dd></div>\n", out);
}

static int duration_tile(const struct result *result, enum side side, FILE *out)
{
	static const char *const labels[SIDE_COUNT] = {"Kernel, median", "Engine, median"};
	struct sample_figures figures;
	char spread[3 * FORMAT_SIZE];

	if (side == SIDE_KERNEL && result->kernel_recorded)
		return 0;
	if (sample_figures(&result->sides[side], SAMPLE_DURATION, &figures) < 0)
		return -ENOMEM;
	if (!figures.count)
		return 0;
	snprintf(spread, sizeof(spread), "%s to %s, %s", DURATION(figures.min),
		 DURATION(figures.max),
		 RATE(sample_last(&result->sides[side])->bytes, figures.median));
	html_tile(out, side_names[side], labels[side], DURATION(figures.median), spread);
	return 0;
}

int html_tiles(const struct result *result, const struct headline *headline, FILE *out)
{
	const struct run_sample *last = sample_last(&result->sides[SIDE_ENGINE]);
	int ret = 0;

	if (!last)
		last = sample_last(&result->sides[SIDE_KERNEL]);
	fputs("<dl class=\"tiles\">\n", out);
	if (headline->speed)
		html_tile(out, "", "Engine, by medians", headline->speed,
			  headline->caution ? headline->caution : "the spreads do not overlap");
	for (enum side side = 0; ret == 0 && side < SIDE_COUNT; side++)
		ret = duration_tile(result, side, out);
	if (last) {
		char commands[FORMAT_SIZE + 16];

		snprintf(commands, sizeof(commands), "%s commands", COUNT(last->commands));
		html_tile(out, "", "Stream", BYTES(last->bytes), commands);
	}
	fputs("</dl>\n", out);
	return ret;
}

static void strip(const struct side_result *side, enum side which, uint64_t longest, FILE *out)
{
	fprintf(out, "<div class=\"strip %s\"><span class=\"name\">%s</span><span class=\"line\">",
		side_names[which], side_names[which]);
	for (size_t i = 0; i < side->sample_count; i++) {
		const struct run_sample *sample = &side->samples[i];
		unsigned int place =
			(unsigned int)((double)sample->duration_ns * 1000 / (double)longest);

		fprintf(out, "<i class=\"%s\" style=\"--at:%u\" title=\"%s\"></i>",
			sample_is_measured(sample) ? "" : "aside", place,
			DURATION(sample->duration_ns));
	}
	fputs("</span></div>\n", out);
}

void html_strips(const struct result *result, FILE *out)
{
	uint64_t longest = 0;

	for (int side = 0; side < SIDE_COUNT; side++)
		for (size_t i = 0; i < result->sides[side].sample_count; i++)
			if (result->sides[side].samples[i].duration_ns > longest)
				longest = result->sides[side].samples[i].duration_ns;
	if (!longest)
		return;
	fputs("<div class=\"strips\" aria-hidden=\"true\">\n", out);
	for (enum side side = 0; side < SIDE_COUNT; side++)
		if (result->sides[side].sample_count &&
		    !(side == SIDE_KERNEL && result->kernel_recorded))
			strip(&result->sides[side], side, longest, out);
	fprintf(out,
		"<div class=\"strip scale\"><span class=\"name\"></span><span class=\"line\">"
		"<span>0</span><span>%s</span></span></div>\n</div>\n"
		"<p class=\"note\">Each mark is one send; hollow ones are not counted.</p>\n",
		DURATION(longest));
}

/* A line of words, those marked that the other side's line does not have. */
static void put_line(const struct context_row *row, enum side side, FILE *out)
{
	const char *line = row->text[side], *other = row->text[!side], *word;
	size_t length;
	bool first = true;

	fprintf(out, "<code class=\"%s\">", row->same ? "same" : side_names[side]);
	while (line && (word = context_word(&line, &length)) != NULL) {
		bool marked = other && !context_has_word(other, word, length);

		fputs(first ? "" : " ", out);
		fputs(marked ? "<mark>" : first ? "<b>" : "<span>", out);
		format_html_part(out, word, length);
		fputs(marked ? "</mark>" : first ? "</b>" : "</span>", out);
		first = false;
	}
	fputs("</code>", out);
}

int html_context(const struct divergence *divergence, FILE *out)
{
	if (!divergence->context_count)
		return 0;
	fputs("<div class=\"context\">\n<div class=\"row names\"><span class=\"kernel\">kernel"
	      "</span><span class=\"engine\">engine</span></div>\n",
	      out);
	for (size_t i = 0; i < divergence->context_count; i++) {
		struct context_row row;

		if (context_row(divergence, i, &row) < 0)
			return -ENOMEM;
		fprintf(out, "<div class=\"row %s%s\">", row.same ? "same" : "differs",
			row.first_different ? " first" : "");
		put_line(&row, SIDE_KERNEL, out);
		if (!row.same)
			put_line(&row, SIDE_ENGINE, out);
		fputs("</div>\n", out);
		context_row_release(&row);
	}
	fputs("</div>\n", out);
	return 0;
}
