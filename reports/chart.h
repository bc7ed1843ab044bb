/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small charts as SVG inside a page that defines the colours: lines of both senders on a
 * logarithmic scale of time, and bars. Coordinates are whole pixels, so no locale's comma gets in.
 */
#ifndef REPORTS_CHART_H
#define REPORTS_CHART_H

#include "profiler/bench_fit.h"
#include "profiler/result.h"

#include <stdio.h>

/* Nanoseconds over something; a y that is not above 0 is a gap. */
struct chart_line {
	const struct bench_point *points; /* by rising x */
	size_t count;
};

struct chart {
	const char *label; /* what it shows, for who cannot see it */
	struct chart_line lines[SIDE_COUNT];
	const char *(*x_text)(void *context, double x, char *buffer, size_t size);
	void *context;
};

/*
 * Round values from @from up to @to, both above 0, for a logarithmic axis: 1, 2, 5, 10..., or
 * decades when there are many. At most CHART_TICKS_MAX; returns how many.
 */
enum { CHART_TICKS_MAX = 12 };
size_t chart_ticks(double from, double to, double ticks[CHART_TICKS_MAX]);

/* Draw it in two widths, of which the style of the page shows one. */
void chart_draw(const struct chart *chart, FILE *out);

struct chart_bar {
	const char *label;
	uint64_t values[SIDE_COUNT]; /* nanoseconds, 0: none */
};

/* Two bars a row, the longer one of each row as wide as there is room. */
void chart_bars(const char *label, const struct chart_bar *bars, size_t count, FILE *out);

#endif
