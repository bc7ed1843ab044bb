/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The report as one HTML file: style and plots inside, no script, nothing fetched. Whatever the
 * filesystem or the user named goes through format_html().
 */
#include "reports/flame.h"
#include "reports/format.h"
#include "reports/html_parts.h"
#include "reports/html_trace.h"
#include "reports/pages.h"
#include "reports/plots.h"
#include "reports/report.h"
#include "reports/sections.h"
#include "reports/summary.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* A table with more rows than all commands have, both sides, is folded away: many samples. */
enum { ROWS_FOLDED = 2 * STREAM_C_COUNT };

/* A section's plot as HTML; *@html is NULL when it has none, or none was drawn. */
static int read_plot(const struct section *section, const struct page_plots *plots, char **html)
{
	size_t size;
	FILE *out;
	int ret;

	*html = NULL;
	if (!section->plot || !plots->directory)
		return 0;
	out = open_memstream(html, &size);
	if (!out)
		return -ENOMEM;
	ret = plot_inline(plots->directory, section->plot, section->title, out);
	if (fclose(out) != 0)
		ret = -ENOMEM;
	if (ret < 0) {
		free(*html);
		*html = NULL;
	}
	return ret == -ENOMEM ? ret : 0;
}

static int put_picture(const struct section *section, const struct result *result,
		       const struct table *table, FILE *out)
{
	switch (section->extra) {
	case EXTRA_SAMPLES:
		html_strips(result, out);
		return 0;
	case EXTRA_PARTS:
		html_parts(table, out);
		return 0;
	case EXTRA_TIMELINE:
		html_timeline(result, out);
		return 0;
	case EXTRA_FLAME:
		return flame_draw(result->sides[SIDE_KERNEL].folded_stacks, out);
	default:
		return 0;
	}
}

static int put_parts(const struct section *section, const struct result *result,
		     const struct table *table, const char *plot, FILE *out)
{
	int ret;

	fprintf(out, "<section id=\"%s\">\n<h2>%s</h2>\n", section->id, section->title);
	if (section->meaning) {
		fputs("<p class=\"meaning\">", out);
		format_html(out, section->meaning);
		fputs("</p>\n", out);
	}
	if (table->lead) {
		fputs("<p class=\"lead\">", out);
		format_html(out, table->lead);
		fputs("</p>\n", out);
	}
	if (plot)
		fprintf(out, "<figure>%s</figure>\n", plot);
	ret = put_picture(section, result, table, out);
	if (table_rows(table) > ROWS_FOLDED)
		fprintf(out, "<details>\n<summary>All %zu rows</summary>\n", table_rows(table));
	if (table->cell_count)
		html_table(table, out);
	if (table_rows(table) > ROWS_FOLDED)
		fputs("</details>\n", out);
	if (table->note) {
		fprintf(out, "<p class=\"note %s\">", html_tone_classes[table->note_tone]);
		format_html(out, table->note);
		fputs("</p>\n", out);
	}
	if (ret == 0 && section->extra == EXTRA_CONTEXT)
		ret = html_context(&result->divergence, out);
	fputs("</section>\n", out);
	return ret;
}

static int put_section(const struct section *section, const struct result *result,
		       const struct page_plots *plots, FILE *out)
{
	struct table table;
	char *plot = NULL;
	int ret;

	section->build(result, &table);
	ret = table.error;
	if (ret == 0)
		ret = read_plot(section, plots, &plot);
	if (ret == 0 && (table.cell_count || table.note || plot))
		ret = put_parts(section, result, &table, plot, out);
	free(plot);
	table_release(&table);
	return ret;
}

int html_absent_plots(const struct page_plots *plots, FILE *out)
{
	char *reason;

	if (!plots->reason)
		return 0;
	reason = printable_text("%s", plots->reason);
	if (!reason)
		return -ENOMEM;
	fputs("<p class=\"absent\">Plots are missing: ", out);
	format_html(out, reason);
	fputs(".</p>\n", out);
	free(reason);
	return 0;
}

static int put_head(const struct result *result, const struct page_plots *plots, FILE *out)
{
	struct headline headline;
	int ret = headline_build(result, &headline);

	if (ret == 0) {
		html_begin(headline.tone, headline.word, "btrfs send, kernel against engine", out);
		format_html(out, headline.detail);
		fputs("</p>\n</header>\n", out);
		ret = html_tiles(result, &headline, out);
	}
	headline_release(&headline);
	return ret == 0 ? html_absent_plots(plots, out) : ret;
}

int html_write(const struct result *result, const struct page_plots *plots, FILE *out)
{
	int ret = put_head(result, plots, out);

	for (size_t i = 0; ret == 0 && i < section_count; i++)
		if (sections[i].where & IN_HTML)
			ret = put_section(&sections[i], result, plots, out);
	if (ret == 0)
		fputs("</main>\n</body>\n</html>\n", out);
	if (ret == 0 && (fflush(out) != 0 || ferror(out)))
		ret = errno ? -errno : -EIO;
	return ret;
}

static bool has_a_plot(const char *directory)
{
	for (size_t i = 0; i < section_count; i++) {
		char *path;
		bool found;

		if (!sections[i].plot ||
		    asprintf(&path, "%s/%s.svg", directory, sections[i].plot) < 0)
			continue;
		found = access(path, R_OK) == 0;
		free(path);
		if (found)
			return true;
	}
	return false;
}

int report_html(const struct result *result, const char *plots_directory, FILE *out)
{
	struct page_plots plots = {.directory = plots_directory};

	if (!plots_directory || !has_a_plot(plots_directory))
		plots.reason = PLOTS_NOT_DRAWN;
	return html_write(result, &plots, out);
}
