/* SPDX-License-Identifier: GPL-2.0 */
/* A comparison as one HTML file, in the style of a run's report. */
#include "reports/chart.h"
#include "reports/comparison.h"
#include "reports/comparison_tables.h"
#include "reports/format.h"
#include "reports/html_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Draw @table unless it is empty, and release it. @id is a plain word. */
static int put_section(const char *id, size_t number, const char *title, const char *meaning,
		       struct table *table, const char *figure, FILE *out)
{
	int ret = table->error;

	if (ret == 0 && (table->cell_count || table->note)) {
		fprintf(out, "<section id=\"%s%.0zu\">\n<h2>", id, number);
		format_html(out, title);
		fputs("</h2>\n", out);
		if (meaning)
			fprintf(out, "<p class=\"meaning\">%s</p>\n", meaning);
		if (figure)
			fputs(figure, out);
		if (table->cell_count)
			html_table(table, out);
		if (table->note) {
			fputs("<p class=\"note\">", out);
			format_html(out, table->note);
			fputs("</p>\n", out);
		}
		fputs("</section>\n", out);
	}
	table_release(table);
	return ret;
}

static void put_tiles(const struct comparison *comparison,
		      const struct comparison_headline *headline, FILE *out)
{
	const struct {
		const char *label, *value, *detail;
	} tiles[] = {
		{"Gates passed", COUNT(comparison->passed),
		 comparison->skipped ? "some had nothing to compare with" : NULL},
		{"Gates failed", COUNT(comparison->failed), NULL},
		{"Figures worse", COUNT(headline->judged[JUDGED_WORSE]), "beyond noise"},
		{"Figures better", COUNT(headline->judged[JUDGED_BETTER]), "beyond noise"},
	};

	fputs("<dl class=\"tiles\">\n", out);
	for (size_t i = 0; i < sizeof(tiles) / sizeof(tiles[0]); i++)
		html_tile(out, "", tiles[i].label, tiles[i].value, tiles[i].detail);
	fputs("</dl>\n", out);
}

static int put_head(const struct comparison *comparison, FILE *out)
{
	struct comparison_headline headline;
	int ret = comparison_headline(comparison, &headline);

	if (ret == 0) {
		html_begin(headline.tone, headline.word, "btrfs send, results compared", out);
		format_html(out, headline.detail);
		fputs("</p>\n</header>\n", out);
		put_tiles(comparison, &headline, out);
	}
	comparison_headline_release(&headline);
	return ret;
}

static const char *file_text(void *context, double x, char *buffer, size_t size)
{
	const struct comparison *comparison = context;

	compared_file_when(comparison->files, comparison->file_count, (size_t)(x + 0.5), buffer,
			   size);
	return buffer;
}

static const struct metric *find_metric(const struct compared_workload *workload, const char *name)
{
	for (size_t i = 0; i < workload->metric_count; i++) {
		if (!strcmp(workload->metrics[i].name, name))
			return &workload->metrics[i];
	}
	return NULL;
}

/* Both durations over all files, when there is history. */
static int put_course(const struct comparison *comparison, const struct compared_workload *workload,
		      FILE *out)
{
	static const char *const names[SIDE_COUNT] = {"kernel.duration", "engine.duration"};
	struct chart chart = {
		.label = "Durations over all results, oldest first",
		.x_text = file_text,
		.context = (void *)comparison,
	};
	struct bench_point *points[SIDE_COUNT];
	size_t count = comparison->file_count;

	if (count < 3)
		return 0;
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		const struct metric *metric = find_metric(workload, names[side]);

		points[side] = calloc(count, sizeof(*points[side]));
		for (size_t i = 0; points[side] && metric && i < count; i++)
			points[side][i] = (struct bench_point){
				(double)i, metric->seen[i].present ? metric->seen[i].value : 0};
		chart.lines[side] =
			(struct chart_line){points[side], points[side] && metric ? count : 0};
	}
	if (points[SIDE_KERNEL] && points[SIDE_ENGINE])
		chart_draw(&chart, out);
	count = points[SIDE_KERNEL] && points[SIDE_ENGINE];
	free(points[SIDE_KERNEL]);
	free(points[SIDE_ENGINE]);
	return count ? 0 : -ENOMEM;
}

static int put_changes(const struct comparison *comparison, size_t index, FILE *out)
{
	const struct compared_workload *workload = &comparison->workloads[index];
	char *title = changes_title(comparison, workload), *figure = NULL;
	size_t size;
	FILE *drawing = title ? open_memstream(&figure, &size) : NULL;
	struct table table;
	int ret = drawing ? put_course(comparison, workload, drawing) : -ENOMEM;

	if (drawing && fclose(drawing))
		ret = -ENOMEM;
	if (ret == 0) {
		build_changes(comparison, workload, true, &table);
		ret = put_section(
			"changes", index + 1, title,
			index ? NULL
			      : "From the base to the new result. Of samples the median is shown; "
				"a change is within noise while the interval in which it lies, "
				"with 95% confidence, holds zero.",
			&table, figure, out);
	}
	free(figure);
	free(title);
	return ret;
}

int comparison_html(const struct comparison *comparison, FILE *out)
{
	struct table table;
	int ret = put_head(comparison, out);

	if (ret == 0) {
		build_reasons(comparison, &table);
		ret = put_section("failed", 0, "Why it failed", NULL, &table, NULL, out);
	}
	if (ret == 0) {
		build_gates(comparison, &table);
		ret = put_section("gates", 0, "Gates", NULL, &table, NULL, out);
	}
	for (size_t i = 0; ret == 0 && i < comparison->workload_count; i++)
		ret = put_changes(comparison, i, out);
	if (ret == 0) {
		build_compared_files(comparison, &table);
		ret = put_section("compared", 0, "Compared", NULL, &table, NULL, out);
	}
	if (ret == 0)
		fputs("</main>\n</body>\n</html>\n", out);
	if (ret == 0 && (fflush(out) != 0 || ferror(out)))
		ret = errno ? -errno : -EIO;
	return ret;
}
