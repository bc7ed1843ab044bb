/* SPDX-License-Identifier: GPL-2.0 */
/* Benches as one HTML file, in the style of a run's report: style and charts inside, no script. */
#include "reports/bench.h"
#include "reports/chart.h"
#include "reports/comparison_tables.h"
#include "reports/format.h"
#include "reports/html_parts.h"
#include "reports/pages.h"
#include "reports/plots.h"
#include "reports/resources.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void begin_section(const char *id, const char *title, const char *meaning, FILE *out)
{
	fprintf(out, "<section id=\"%s\">\n<h2>%s</h2>\n", id, title);
	if (meaning) {
		fputs("<p class=\"meaning\">", out);
		format_html(out, meaning);
		fputs("</p>\n", out);
	}
}

/* Draw @table and release it; the section ends with it. */
static int end_section(struct table *table, FILE *out)
{
	int ret = table->error;

	if (!ret && table->cell_count)
		html_table(table, out);
	if (!ret && table->note) {
		fputs("<p class=\"note\">", out);
		format_html(out, table->note);
		fputs("</p>\n", out);
	}
	table_release(table);
	fputs("</section>\n", out);
	return ret;
}

static double ratio_of(const struct bench_seen *seen)
{
	return seen->median[SIDE_KERNEL] && seen->median[SIDE_ENGINE]
		       ? (double)seen->median[SIDE_KERNEL] / (double)seen->median[SIDE_ENGINE]
		       : 0;
}

/* The mean of ratios is their geometric one: twice and half as fast are even. */
static int put_tiles(const struct bench_history *history, size_t equal, FILE *out)
{
	double logs = 0;
	size_t count = 0, least = 0, most = 0;
	char total[FORMAT_SIZE + 16];

	snprintf(total, sizeof(total), "of %s workloads", COUNT(history->workload_count));
	for (size_t i = 0; i < history->workload_count; i++) {
		double ratio = ratio_of(bench_newest(history, i));

		if (!(ratio > 0))
			continue;
		if (!count || ratio < ratio_of(bench_newest(history, least)))
			least = i;
		if (!count || ratio > ratio_of(bench_newest(history, most)))
			most = i;
		logs += log(ratio);
		count++;
	}
	fputs("<dl class=\"tiles\">\n", out);
	html_tile(out, "", "Identical streams", COUNT(equal), total);
	if (count) {
		char *labels[] = {printable_text("%s", history->workloads[most].label),
				  printable_text("%s", history->workloads[least].label)};

		if (!labels[0] || !labels[1]) {
			free(labels[0]);
			free(labels[1]);
			return -ENOMEM;
		}
		html_tile(out, "", "Engine, typically", FACTOR(exp(logs / (double)count)),
			  "as fast as the kernel: geometric mean");
		html_tile(out, "", "At best", FACTOR(ratio_of(bench_newest(history, most))),
			  labels[0]);
		html_tile(out, "", "At worst", FACTOR(ratio_of(bench_newest(history, least))),
			  labels[1]);
		free(labels[0]);
		free(labels[1]);
	}
	fputs("</dl>\n", out);
	return 0;
}

static int put_head(const struct bench_history *history, const struct page_plots *plots, FILE *out)
{
	struct bench_headline headline;
	int ret = bench_headline(history, &headline);

	if (ret == 0) {
		html_begin(headline.tone, headline.word, "btrfs send, workloads measured", out);
		format_html(out, headline.detail);
		fputs("</p>\n</header>\n", out);
		ret = put_tiles(history, headline.equal, out);
	}
	free(headline.detail);
	return ret == 0 ? html_absent_plots(plots, out) : ret;
}

static int put_times(const struct bench_history *history, FILE *out)
{
	struct chart_bar *bars = calloc(history->workload_count + 1, sizeof(*bars));
	struct table table;

	if (!bars)
		return -ENOMEM;
	bench_times_begin(&table);
	for (size_t i = 0; i < history->workload_count; i++) {
		const struct bench_seen *seen = bench_newest(history, i);

		bench_times_row(&table, history->workloads[i].label, seen);
		memcpy(bars[i].values, seen->median, sizeof(bars[i].values));
	}
	/* In the table they are printable. */
	for (size_t i = 0; !table.error && i < history->workload_count; i++)
		bars[i].label = table_at(&table, i, 0)->text;
	begin_section("times", "Times",
		      "Medians of the sends that count, from the beginning of the sending thread "
		      "to its end. Bars of a workload are to the scale of the slower of the two.",
		      out);
	if (!table.error && history->workload_count)
		chart_bars("Times by workload, kernel above engine", bars, history->workload_count,
			   out);
	free(bars);
	return end_section(&table, out);
}

static void put_title(const char *text, FILE *out)
{
	char *title = printable_text("%s", text);

	fputs("<h3>", out);
	format_html(out, title ? title : "");
	fputs("</h3>\n", out);
	free(title);
}

static int put_curve(const struct bench_history *history, size_t index,
		     const struct page_plots *plots, FILE *out)
{
	const struct bench_curve *curve = &history->curves[index];
	char name[BENCH_PLOT_NAME];
	struct table table;

	put_title(curve->label, out);
	if (plots->directory) {
		fputs("<figure>", out);
		/* Why there is none is said on top of the page. */
		(void)plot_inline(plots->directory, bench_plot_name(index, name), name, out);
		fputs("</figure>\n", out);
	}
	build_bench_points(curve, &table);
	fputs("<details>\n<summary>The figures</summary>\n", out);
	if (!table.error)
		html_table(&table, out);
	fputs("</details>\n", out);
	table_release(&table);
	return table.error;
}

static int put_curves(const struct bench_history *history, const struct page_plots *plots,
		      FILE *out)
{
	struct table table;
	int ret = 0;

	if (!history->curve_count)
		return 0;
	begin_section("sweeps", "How times grow",
		      "Medians over a parameter, both axes logarithmic, so a power is a straight "
		      "line: x^1 means twice the time for twice the value. Dotted is what fits "
		      "best. Below it why: extents whose back references were walked, the "
		      "references that these walks collected, and how often the roots of a leaf "
		      "were known already. The engine's counts are those of its faithful "
		      "finder, in the warm-up; the kernel's take --tier.",
		      out);
	for (size_t i = 0; ret == 0 && i < history->curve_count; i++)
		ret = put_curve(history, i, plots, out);
	build_bench_fits(history, &table);
	if (ret == 0)
		return end_section(&table, out);
	table_release(&table);
	return ret;
}

static const char *file_text(void *context, double x, char *buffer, size_t size)
{
	const struct bench_history *history = context;

	compared_file_when(history->files, history->file_count, (size_t)(x + 0.5), buffer, size);
	return buffer;
}

static int put_course(const struct bench_history *history, const struct bench_course *course,
		      FILE *out)
{
	struct bench_point *points[SIDE_COUNT];
	char *label = printable_text("%s", course->label);
	struct chart chart = {
		.label = label,
		.x_text = file_text,
		.context = (void *)history,
	};
	bool failed = !label;

	for (enum side side = 0; side < SIDE_COUNT; side++) {
		points[side] = calloc(history->file_count, sizeof(*points[side]));
		failed |= !points[side];
		for (size_t i = 0; points[side] && i < history->file_count; i++)
			points[side][i] = (struct bench_point){
				(double)i, (double)course->seen[i].median[side]};
		chart.lines[side] = (struct chart_line){points[side], history->file_count};
	}
	if (!failed) {
		put_title(label, out);
		chart_draw(&chart, out);
	}
	free(points[SIDE_KERNEL]);
	free(points[SIDE_ENGINE]);
	free(label);
	return failed ? -ENOMEM : 0;
}

static int put_courses(const struct bench_history *history, FILE *out)
{
	int ret = 0;

	if (history->file_count < 2)
		return 0;
	begin_section("course", "Course",
		      "Medians of each file, oldest first, by when they were measured.", out);
	for (size_t i = 0; ret == 0 && i < history->workload_count; i++)
		ret = put_course(history, &history->workloads[i], out);
	fputs("</section>\n", out);
	return ret;
}

static int put_usage(const struct bench_history *history, FILE *out)
{
	struct table table;

	bench_usage_begin(&table, "Workload");
	for (size_t i = 0; i < history->workload_count; i++)
		bench_usage_rows(&table, history->workloads[i].label, bench_newest(history, i));
	begin_section("used", "Resources", RESOURCES_MEANING, out);
	return end_section(&table, out);
}

static int put_files(const struct bench_history *history, FILE *out)
{
	struct table table;

	build_bench_files(history, &table);
	begin_section("files", "Where and when", NULL, out);
	return end_section(&table, out);
}

int bench_html_write(const struct bench_history *history, const struct page_plots *plots, FILE *out)
{
	int ret = put_head(history, plots, out);

	if (ret == 0)
		ret = put_times(history, out);
	if (ret == 0)
		ret = put_curves(history, plots, out);
	if (ret == 0)
		ret = put_courses(history, out);
	if (ret == 0)
		ret = put_usage(history, out);
	if (ret == 0)
		ret = put_files(history, out);
	if (ret == 0)
		fputs("</main>\n</body>\n</html>\n", out);
	if (ret == 0 && (fflush(out) != 0 || ferror(out)))
		ret = errno ? -errno : -EIO;
	return ret;
}

int bench_html(const struct bench_history *history, const char *plots_directory, FILE *out)
{
	struct page_plots plots = {.directory = plots_directory};
	char name[BENCH_PLOT_NAME], *path = NULL;

	if (plots_directory &&
	    asprintf(&path, "%s/%s.svg", plots_directory, bench_plot_name(0, name)) < 0)
		return -ENOMEM;
	if (history->curve_count && (!path || access(path, R_OK)))
		plots.reason = PLOTS_NOT_DRAWN;
	free(path);
	return bench_html_write(history, &plots, out);
}
