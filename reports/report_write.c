/* SPDX-License-Identifier: GPL-2.0 */
/* The files of a report. */
#include "reports/bench.h"
#include "reports/flame.h"
#include "reports/pages.h"
#include "reports/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* @subject: what it is a page of. */
typedef int (*page_fn)(const void *subject, const struct page_plots *plots, FILE *out);

static int write_page(const void *subject, const struct page_plots *plots, const char *directory,
		      const char *name, page_fn write, struct failure *failure)
{
	char *path;
	FILE *out;
	int ret;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		return failure_set(failure, -ENOMEM, "no memory");
	out = fopen(path, "we");
	ret = out ? write(subject, plots, out) : -errno;
	if (out && fclose(out) != 0 && ret == 0)
		ret = -errno;
	if (ret < 0)
		failure_set(failure, ret, "%s: %s", path, strerror(-ret));
	free(path);
	return ret;
}

static int write_markdown(const void *subject, const struct page_plots *plots, FILE *out)
{
	return markdown_write(subject, plots, out);
}

static int write_html(const void *subject, const struct page_plots *plots, FILE *out)
{
	return html_write(subject, plots, out);
}

static int write_bench_markdown(const void *subject, const struct page_plots *plots, FILE *out)
{
	return bench_markdown_write(subject, plots, out);
}

static int write_bench_html(const void *subject, const struct page_plots *plots, FILE *out)
{
	return bench_html_write(subject, plots, out);
}

static int write_flame(const void *subject, const struct page_plots *plots, FILE *out)
{
	const struct result *result = subject;
	int ret = flame_file(result->sides[SIDE_KERNEL].folded_stacks, out);

	(void)plots;
	return ret == 0 && (fflush(out) != 0 || ferror(out)) ? -EIO : ret;
}

static int write_stacks(const void *subject, const struct page_plots *plots, FILE *out)
{
	const struct result *result = subject;

	(void)plots;
	fputs(result->sides[SIDE_KERNEL].folded_stacks, out);
	return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}

/* Only with samples; what an earlier run left would be of other stacks. */
static int write_stack_files(const void *subject, const char *directory, struct failure *failure)
{
	const struct result *result = subject;
	static const struct {
		const char *name;
		page_fn write;
	} files[] = {{"flame.svg", write_flame}, {"stacks.folded", write_stacks}};
	bool sampled = flame_samples(result->sides[SIDE_KERNEL].folded_stacks);
	int ret = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && ret == 0; i++) {
		char *path;

		if (sampled) {
			ret = write_page(result, NULL, directory, files[i].name, files[i].write,
					 failure);
		} else if (asprintf(&path, "%s/%s", directory, files[i].name) >= 0) {
			remove(path);
			free(path);
		}
	}
	return ret;
}

/* What a report consists of beside its pages. */
struct report_set {
	page_fn markdown, html;
	/* NULL: there is nothing to draw, or nothing more to write. */
	int (*draw)(const void *subject, const char *directory, struct failure *failure);
	int (*write_more)(const void *subject, const char *directory, struct failure *failure);
	const char *flame; /* as struct page_plots has it */
};

static int draw(const void *subject, const char *directory, struct failure *failure)
{
	return report_plots(subject, directory, failure);
}

static int draw_bench(const void *subject, const char *directory, struct failure *failure)
{
	return bench_plots(subject, directory, failure);
}

/* That plots are missing is no error, but told. */
static int write_set(const void *subject, const struct report_set *set, const char *directory,
		     struct failure *failure)
{
	struct page_plots plots = {.link = "plots", .flame = set->flame};
	struct failure undrawn = {0};
	struct failure unwritten = {0};
	char *plots_directory;
	int ret;

	if (asprintf(&plots_directory, "%s/plots", directory) < 0)
		return failure_set(failure, -ENOMEM, "no memory");
	if (set->draw)
		set->draw(subject, plots_directory, &undrawn);
	plots.directory = plots_directory;
	if (undrawn.code)
		plots.reason = undrawn.text;
	ret = write_page(subject, &plots, directory, "report.md", set->markdown, &unwritten);
	if (ret == 0)
		ret = write_page(subject, &plots, directory, "report.html", set->html, &unwritten);
	if (ret == 0 && set->write_more)
		ret = set->write_more(subject, directory, &unwritten);
	free(plots_directory);
	if (ret < 0)
		return failure_set(failure, ret, "%s", unwritten.text);
	if (undrawn.code)
		failure_set(failure, undrawn.code, "plots: %s", undrawn.text);
	return 0;
}

int report_write_all(const struct result *result, const char *directory, struct failure *failure)
{
	bool sampled = flame_samples(result->sides[SIDE_KERNEL].folded_stacks);
	const struct report_set set = {
		.markdown = write_markdown,
		.html = write_html,
		.draw = draw,
		.write_more = write_stack_files,
		.flame = sampled ? "flame.svg" : NULL,
	};

	return write_set(result, &set, directory, failure);
}

int bench_write_all(const struct bench_history *history, const char *directory,
		    struct failure *failure)
{
	const struct report_set set = {
		.markdown = write_bench_markdown,
		.html = write_bench_html,
		.draw = history->curve_count ? draw_bench : NULL,
	};

	return write_set(history, &set, directory, failure);
}
