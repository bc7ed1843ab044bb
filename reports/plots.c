/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plots: for each a data file, its script with the values it needs on top, and one run of
 * gnuplot that draws it three times.
 */
#include "reports/plots.h"
#include "reports/assets.h"
#include "reports/gnuplot.h"
#include "reports/palette.h"
#include "reports/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct plot plots[] = {
	{"progress", asset_progress_gp, plot_progress},
	{"latency", asset_latency_gp, plot_latency},
	{"mix", asset_mix_gp, plot_mix},
};

/* Pixels. A PNG has twice of it, for dense screens. */
static const struct {
	const char *suffix, *class_name;
	unsigned int width;
	bool narrow;
} svg_variants[] = {{"", "wide", 860, false}, {"-narrow", "narrow", 380, true}};

/* "wx": made anew in place of what may be there, so no link planted there is followed. */
static int open_new(const char *directory, const char *name, const char *suffix, FILE **file,
		    struct failure *failure)
{
	char *path;
	int ret = 0;

	if (asprintf(&path, "%s/%s%s", directory, name, suffix) < 0)
		return failure_set(failure, -ENOMEM, "no memory");
	remove(path);
	*file = fopen(path, "wxe");
	if (!*file)
		ret = failure_set(failure, -errno, "%s: %s", path, strerror(errno));
	free(path);
	return ret;
}

static int close_written(FILE *file, const char *name, struct failure *failure)
{
	int ret = ferror(file) ? -EIO : 0;

	if (fclose(file) != 0 && ret == 0)
		ret = -errno;
	return ret < 0 ? failure_set(failure, ret, "plot %s: %s", name, strerror(-ret)) : 0;
}

static void write_colours(FILE *script)
{
	for (size_t i = 0; i < COLOUR_ROLES; i++)
		fprintf(script, "%s = \"#%06x\"\n", palette[i].name, palette[i].light);
}

/* Data and script. @height is what the plot wants, 0 when there is nothing to draw. */
static int write_inputs(const struct plot *plot, const void *subject, const char *directory,
			struct plot_height *height, struct failure *failure)
{
	FILE *data = NULL, *script = NULL;
	int ret = open_new(directory, plot->name, ".dat", &data, failure);
	int closed;

	if (ret == 0)
		ret = open_new(directory, plot->name, ".gp", &script, failure);
	if (ret == 0) {
		fprintf(script, "# Shown again by: gnuplot -p %s.gp\n", plot->name);
		fputs("set encoding utf8\nif (!exists(\"narrow\")) narrow = 0\n", script);
		write_colours(script);
		plot->prepare(subject, data, script, height);
		fputs(plot->script, script);
	}
	if (data) {
		closed = close_written(data, plot->name, failure);
		ret = ret < 0 ? ret : closed;
	}
	if (script) {
		closed = close_written(script, plot->name, failure);
		ret = ret < 0 ? ret : closed;
	}
	return ret;
}

static void remove_plot(const struct plot *plot, const char *directory)
{
	static const char *const suffixes[] = {".svg", "-narrow.svg", ".png", ".dat", ".gp"};
	char *path;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (asprintf(&path, "%s/%s%s", directory, plot->name, suffixes[i]) < 0)
			return;
		remove(path);
		free(path);
	}
}

static int draw(const struct plot *plot, const char *directory, const struct plot_height *height,
		struct failure *failure)
{
	char commands[2048];
	int used = 0;
	const int size = sizeof(commands);

	for (size_t i = 0; i < sizeof(svg_variants) / sizeof(svg_variants[0]); i++)
		used += snprintf(commands + used, (size_t)(size - used),
				 "reset session\n"
				 "set terminal svg size %u,%u dynamic noenhanced font "
				 "\"sans-serif,13\"\n"
				 "set output \"%s%s.svg\"\nnarrow = %d\nload \"%s.gp\"\n",
				 svg_variants[i].width,
				 svg_variants[i].narrow ? height->narrow : height->wide, plot->name,
				 svg_variants[i].suffix, svg_variants[i].narrow, plot->name);
	snprintf(commands + used, (size_t)(size - used),
		 "reset session\n"
		 "set terminal pngcairo size %u,%u noenhanced font \"sans-serif,10\" fontscale 2 "
		 "linewidth 2 background \"#%06x\"\n"
		 "set output \"%s.png\"\nnarrow = 0\nload \"%s.gp\"\nunset output\n",
		 2 * svg_variants[0].width, 2 * height->wide, palette[COLOUR_PAGE].light,
		 plot->name, plot->name);
	return gnuplot_run(directory, commands, failure);
}

static int adapt_variants(const struct plot *plot, const char *directory, struct failure *failure)
{
	char *path;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < sizeof(svg_variants) / sizeof(svg_variants[0]); i++) {
		if (asprintf(&path, "%s/%s%s.svg", directory, plot->name, svg_variants[i].suffix) <
		    0)
			return failure_set(failure, -ENOMEM, "no memory");
		ret = svg_adapt(path, failure);
		free(path);
	}
	return ret;
}

int plot_make(const struct plot *plot, const void *subject, const char *directory,
	      struct failure *failure)
{
	struct plot_height height = {0};
	int ret;

	remove_plot(plot, directory);
	ret = write_inputs(plot, subject, directory, &height, failure);
	if (ret == 0 && height.wide) {
		ret = draw(plot, directory, &height, failure);
		if (ret == 0)
			ret = adapt_variants(plot, directory, failure);
	}
	if (ret == 0 && !height.wide)
		remove_plot(plot, directory);
	return ret;
}

int plot_inline(const char *directory, const char *name, const char *label, FILE *out)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < sizeof(svg_variants) / sizeof(svg_variants[0]); i++) {
		char *path;

		if (asprintf(&path, "%s/%s%s.svg", directory, name, svg_variants[i].suffix) < 0)
			return -ENOMEM;
		ret = svg_inline(path, svg_variants[i].class_name, label, out);
		free(path);
	}
	return ret;
}

int report_plots(const struct result *result, const char *directory, struct failure *failure)
{
	int ret = 0;

	if (mkdir(directory, 0777) < 0 && errno != EEXIST)
		return failure_set(failure, -errno, "%s: %s", directory, strerror(errno));
	for (size_t i = 0; ret == 0 && i < sizeof(plots) / sizeof(plots[0]); i++)
		ret = plot_make(&plots[i], result, directory, failure);
	return ret;
}
