/* SPDX-License-Identifier: GPL-2.0 */
/* Tiles, sample strips and the divergence of the HTML page. */
#include "reports/html_parts.h"
#include "reports/context.h"
#include "reports/format.h"

#include <errno.h>

static void tile(FILE *out, const char *tone, const char *label, const char *value,
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
	tile(out, side_names[side], labels[side], DURATION(figures.median), spread);
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
		tile(out, "", "Engine, by medians", headline->speed,
		     headline->caution ? headline->caution : "the spreads do not overlap");
	for (enum side side = 0; ret == 0 && side < SIDE_COUNT; side++)
		ret = duration_tile(result, side, out);
	if (last) {
		char commands[FORMAT_SIZE + 16];

		snprintf(commands, sizeof(commands), "%s commands", COUNT(last->commands));
		tile(out, "", "Stream", BYTES(last->bytes), commands);
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
