/* SPDX-License-Identifier: GPL-2.0 */
/* Benches as GitHub's Markdown: what a CI job puts into its summary. */
#include "reports/bench.h"
#include "reports/format.h"
#include "reports/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int put_head(const struct bench_history *history, FILE *out)
{
	struct bench_headline headline;
	int ret = bench_headline(history, &headline);

	if (ret == 0) {
		fprintf(out, "# %s: ", headline.word);
		format_markdown(out, headline.detail);
		fputs("\n\n", out);
	}
	free(headline.detail);
	return ret;
}

static int put_rows(const struct bench_history *history, FILE *out)
{
	struct table times, usage;
	int ret, later;

	bench_times_begin(&times);
	bench_usage_begin(&usage, "Workload");
	for (size_t i = 0; i < history->workload_count; i++) {
		const char *label = history->workloads[i].label;

		bench_times_row(&times, label, bench_newest(history, i));
		bench_usage_rows(&usage, label, bench_newest(history, i));
	}
	ret = markdown_section(2, "Times", &times, out);
	later = markdown_section(2, "Resources", &usage, out);
	return ret ? ret : later;
}

/* A picture if it was drawn, else the figures alone. */
static int put_curve(const struct bench_history *history, size_t index,
		     const struct page_plots *plots, FILE *out)
{
	const struct bench_curve *curve = &history->curves[index];
	char *title = printable_text("%s over %s", curve->label, curve->parameter);
	char name[BENCH_PLOT_NAME], *path = NULL;
	struct table table;

	if (!title)
		return -ENOMEM;
	build_bench_points(curve, &table);
	fputs("### ", out);
	format_markdown(out, title);
	fputs("\n\n", out);
	free(title);
	bench_plot_name(index, name);
	if (plots && plots->directory && asprintf(&path, "%s/%s.png", plots->directory, name) < 0)
		table.error = -ENOMEM;
	else if (path && access(path, R_OK) == 0)
		fprintf(out, "![%s](%s/%s.png)\n\n", name, plots->link, name);
	free(path);
	if (table.error == 0)
		markdown_table(&table, out);
	table_release(&table);
	return table.error;
}

static int put_sweeps(const struct bench_history *history, const struct page_plots *plots,
		      FILE *out)
{
	struct table table;
	int ret;

	build_bench_fits(history, &table);
	ret = markdown_section(2, "How times grow", &table, out);
	for (size_t i = 0; ret == 0 && i < history->curve_count; i++)
		ret = put_curve(history, i, plots, out);
	return ret;
}

static int put_files(const struct bench_history *history, FILE *out)
{
	struct table table;
	int ret;

	build_bench_course(history, &table);
	ret = markdown_section(2, "Course", &table, out);
	if (ret)
		return ret;
	build_bench_files(history, &table);
	return markdown_section(2, "Where and when", &table, out);
}

int bench_markdown_write(const struct bench_history *history, const struct page_plots *plots,
			 FILE *out)
{
	int ret = put_head(history, out);

	if (ret == 0)
		ret = markdown_absent_plots(plots, out);
	if (ret == 0)
		ret = put_rows(history, out);
	if (ret == 0)
		ret = put_sweeps(history, plots, out);
	if (ret == 0)
		ret = put_files(history, out);
	if (ret == 0 && (fflush(out) != 0 || ferror(out)))
		ret = errno ? -errno : -EIO;
	return ret;
}

int bench_markdown(const struct bench_history *history, FILE *out)
{
	return bench_markdown_write(history, NULL, out);
}
