/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plot of a sweep: its curves over the parameter, a panel for each figure. Whole numbers only:
 * no locale's comma gets in.
 */
#include "reports/assets.h"
#include "reports/bench.h"
#include "reports/chart.h"
#include "reports/format.h"
#include "reports/plots.h"
#include "reports/summary.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <sys/stat.h>

/* Pixels of sweep.gp, and what the rate of hits is multiplied by to be a whole number. */
enum {
	WIDE_FIRST = 300,
	WIDE_HEIGHT = 210,
	NARROW_FIRST = 260,
	NARROW_HEIGHT = 200,
	RATE_UNITS = 10000,
};
/* Of an axis of x; nearer labels would run into each other in a small panel. */
#define LABEL_DISTANCE 0.16

struct sweep_plot {
	const struct bench_curve *curve;
	const char *name; /* of its files */
};

static const char *const titles[BENCH_FIGURES] = {
	[BENCH_TIME] = "time",
	[BENCH_WALKS] = "walks of back references",
	[BENCH_REFERENCES] = "references collected by them",
	[BENCH_HIT_RATE] = "hits of the leaf-to-roots cache",
	[BENCH_STREAM] = "stream",
};

/* What there are panels of. */
static size_t choose_panels(const struct bench_curve *curve,
			    enum bench_figure panels[BENCH_FIGURES])
{
	size_t count = 0;

	for (enum bench_figure figure = 0; figure < BENCH_FIGURES; figure++) {
		if (bench_curve_has(curve, figure, SIDE_KERNEL) ||
		    bench_curve_has(curve, figure, SIDE_ENGINE))
			panels[count++] = figure;
	}
	return count;
}

/* Parameters are plain words; what a file that is no bench of ours has instead is not drawn. */
static void put_word(FILE *script, const char *word)
{
	fputc('"', script);
	for (; *word; word++)
		fputc(isalnum((unsigned char)*word) || *word == '-' ? *word : '?', script);
	fputs("\"\n", script);
}

static bool is_on_axis(enum bench_figure figure, const struct bench_point *point)
{
	return point->x > 0 && (figure == BENCH_HIT_RATE ? point->y >= 0 : point->y > 0);
}

static void write_points(const struct bench_curve *curve, enum bench_figure figure, enum side side,
			 FILE *data)
{
	for (size_t i = 0; i < curve->point_count; i++) {
		const struct bench_point *point = &curve->points[figure][side][i];
		double unit = figure == BENCH_HIT_RATE ? RATE_UNITS : 1;

		if (is_on_axis(figure, point))
			fprintf(data, "%.0f %.0f\n", point->x, point->y * unit);
		else
			fprintf(data, "%.0f NaN\n", point->x);
	}
	fputs(curve->point_count ? "\n\n" : "NaN NaN\n\n\n", data);
}

static void write_fit(const struct bench_curve *curve, enum side side, double from, double to,
		      FILE *data)
{
	const struct bench_fit *fit = &curve->fit[side];
	double first = fit->factor * pow(from, fit->exponent);
	double last = fit->factor * pow(to, fit->exponent);

	if (curve->fitted[side] && isfinite(first) && isfinite(last))
		fprintf(data, "%.0f %.0f\n%.0f %.0f\n\n\n", from, first, to, last);
	else
		fputs("NaN NaN\n\n\n", data);
}

/*
 * Of what is on the axis; from 1 to 1 when nothing is. A range that is nearly none is widened, so
 * that a tick is in it.
 */
static void find_range(const struct bench_curve *curve, enum bench_figure figure, double *low,
		       double *high)
{
	*low = INFINITY;
	*high = -INFINITY;
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		for (size_t i = 0; i < curve->point_count; i++) {
			const struct bench_point *point = &curve->points[figure][side][i];

			if (!is_on_axis(figure, point))
				continue;
			*low = fmin(*low, point->y);
			*high = fmax(*high, point->y);
		}
	}
	if (*low > *high)
		*low = *high = 1;
	if (*high < 2 * *low) {
		*low /= 1.6;
		*high *= 1.6;
	}
}

static void put_tick(FILE *script, bool *first, const char *label, double at)
{
	fprintf(script, "%s\"%s\" %.0f", *first ? "" : ", ", label, at);
	*first = false;
}

/* Sizes have their own round numbers: powers of two. */
static void put_size_ticks(FILE *script, double low, double high)
{
	unsigned int every = 1 + (unsigned int)(log2(high / low) / 5);
	bool first = true;

	for (double power = ceil(log2(low)); power <= log2(high); power += every)
		put_tick(script, &first, BLOCK_SIZE((uint64_t)exp2(power)), exp2(power));
}

static void put_ticks(FILE *script, const struct bench_curve *curve, enum bench_figure figure)
{
	double ticks[CHART_TICKS_MAX], low, high;
	bool first = true;
	size_t count;

	find_range(curve, figure, &low, &high);
	count = chart_ticks(low, high, ticks);
	fputs("'(", script);
	if (figure == BENCH_HIT_RATE) {
		/* A label is a format. */
		fprintf(script, "\"0%%%%\" 0, \"50%%%%\" %d, \"100%%%%\" %d", RATE_UNITS / 2,
			RATE_UNITS);
	} else if (figure == BENCH_STREAM) {
		put_size_ticks(script, low, high);
	} else {
		/* There is no half of a walk. */
		for (size_t i = 0; i < count; i++) {
			if (ticks[i] >= 1)
				put_tick(script, &first,
					 figure == BENCH_TIME ? DURATION((uint64_t)ticks[i])
							      : COUNT((uint64_t)ticks[i]),
					 ticks[i]);
		}
	}
	fputs(")'", script);
}

static void put_title(FILE *script, const struct bench_curve *curve, enum bench_figure figure)
{
	(void)curve;
	fprintf(script, "\"%s\"", titles[figure]);
}

static void put_logarithmic(FILE *script, const struct bench_curve *curve, enum bench_figure figure)
{
	(void)curve;
	fprintf(script, "%d", figure != BENCH_HIT_RATE);
}

/* Thousandths: the range may begin below 1. */
static void put_low(FILE *script, const struct bench_curve *curve, enum bench_figure figure)
{
	double low, high;

	find_range(curve, figure, &low, &high);
	fprintf(script, "%.0f / 1000.0", figure == BENCH_HIT_RATE ? 0 : low * 1000 / 1.3);
}

static void put_high(FILE *script, const struct bench_curve *curve, enum bench_figure figure)
{
	double low, high;

	find_range(curve, figure, &low, &high);
	fprintf(script, "%.0f / 1000.0",
		figure == BENCH_HIT_RATE ? RATE_UNITS * 1050.0 : high * 1000 * 1.3);
}

/* What is an array in the script: a value for each panel. */
static void put_arrays(const struct bench_curve *curve, const enum bench_figure *panels,
		       size_t count, FILE *script)
{
	static const struct {
		const char *name;
		void (*put)(FILE *script, const struct bench_curve *curve,
			    enum bench_figure figure);
	} arrays[] = {
		{"titles", put_title}, {"logarithmic", put_logarithmic},
		{"y_tics", put_ticks}, {"y_low", put_low},
		{"y_high", put_high},
	};

	fprintf(script, "panels = %zu\n", count);
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
		fprintf(script, "array %s[%zu] = [", arrays[i].name, count);
		for (size_t panel = 0; panel < count; panel++) {
			fputs(panel ? ", " : "", script);
			arrays[i].put(script, curve, panels[panel]);
		}
		fputs("]\n", script);
	}
}

/* "kernel ~ x^1.93 (R² 0.99)" */
static void put_name(const struct bench_curve *curve, enum side side, FILE *script)
{
	fprintf(script, "%s_name = ", side_names[side]);
	if (!bench_curve_has(curve, BENCH_TIME, side))
		fputs("''\n", script);
	else if (!curve->fitted[side])
		fprintf(script, "'%s'\n", side_names[side]);
	else
		fprintf(script, "'%s ~ x^%s'.(narrow ? '' : ' (R² %s)')\n", side_names[side],
			HUNDREDTHS(curve->fit[side].exponent),
			HUNDREDTHS(curve->fit[side].certainty));
}

/* A label at each value that is far enough from the one before. */
static void put_values(const struct bench_curve *curve, double from, double to, FILE *script)
{
	const struct bench_point *points = curve->points[BENCH_TIME][SIDE_KERNEL];
	double last = -1;
	bool first = true;

	fputs("x_tics = '(", script);
	for (size_t i = 0; i < curve->point_count; i++) {
		double at = to > from ? log(points[i].x / from) / log(to / from) : 0;

		if (points[i].x < from || at < last + LABEL_DISTANCE)
			continue;
		put_tick(script, &first, COUNT((uint64_t)points[i].x), points[i].x);
		last = at;
	}
	fprintf(script, ")'\nx_low = %.0f / 1.1\nx_high = %.0f * 1.1\n", from, to);
}

static void plot_sweep(const void *subject, FILE *data, FILE *script, struct plot_height *height)
{
	const struct sweep_plot *plot = subject;
	const struct bench_curve *curve = plot->curve;
	const struct bench_point *points = curve->points[BENCH_TIME][SIDE_KERNEL];
	enum bench_figure panels[BENCH_FIGURES];
	size_t count = choose_panels(curve, panels), first = 0;
	double from, to;

	/* Points rise; a 0 has no place on the axis. */
	while (first < curve->point_count && !(points[first].x > 0))
		first++;
	if (!count || panels[0] != BENCH_TIME || first == curve->point_count)
		return;
	from = points[first].x;
	to = points[curve->point_count - 1].x;
	for (size_t i = 0; i < count; i++)
		for (enum side side = 0; side < SIDE_COUNT; side++)
			write_points(curve, panels[i], side, data);
	for (enum side side = 0; side < SIDE_COUNT; side++)
		write_fit(curve, side, from, to, data);
	fprintf(script, "data = \"%s.dat\"\nparameter = ", plot->name);
	put_word(script, curve->parameter);
	for (enum side side = 0; side < SIDE_COUNT; side++)
		put_name(curve, side, script);
	put_values(curve, from, to, script);
	put_arrays(curve, panels, count, script);
	height->wide = WIDE_FIRST + WIDE_HEIGHT * (unsigned int)(count / 2);
	height->narrow = NARROW_FIRST + NARROW_HEIGHT * (unsigned int)(count - 1);
}

int bench_plots(const struct bench_history *history, const char *directory, struct failure *failure)
{
	int ret = 0;

	if (mkdir(directory, 0777) < 0 && errno != EEXIST)
		return failure_set(failure, -errno, "%s: %s", directory, strerror(errno));
	for (size_t i = 0; ret == 0 && i < history->curve_count; i++) {
		char name[BENCH_PLOT_NAME];
		const struct plot plot = {bench_plot_name(i, name), asset_sweep_gp, plot_sweep};

		ret = plot_make(&plot, &(struct sweep_plot){&history->curves[i], name}, directory,
				failure);
	}
	return ret;
}

const char *bench_plot_name(size_t curve, char name[BENCH_PLOT_NAME])
{
	snprintf(name, BENCH_PLOT_NAME, "sweep-%zu", curve + 1);
	return name;
}
