/* SPDX-License-Identifier: GPL-2.0 */
#include "reports/chart.h"
#include "reports/format.h"
#include "reports/summary.h"

#include <math.h>
#include <string.h>

/* Pixels. */
enum {
	WIDE = 860,
	NARROW = 380,
	HEIGHT = 250,
	TOP = 30, /* the names of the lines are there */
	LEFT = 74,
	RIGHT = 22,
	BOTTOM = 46,
	LABEL_SPACE = 62, /* from one label of the x axis to the next, at least */
	ROW = 54,
	BAR = 12,
	VALUE_SPACE = 84, /* behind a bar */
	CHARACTER = 8,	  /* about, of the font */
	TICKS_MAX = 7,
};

/* From a range to pixels. */
struct axis {
	double from, to;
	int start, end;
	bool is_log;
};

static double scaled(const struct axis *axis, double value)
{
	return axis->is_log ? log(value) : value;
}

static int place(const struct axis *axis, double value)
{
	double from = scaled(axis, axis->from), to = scaled(axis, axis->to);
	double part = to > from ? (scaled(axis, value) - from) / (to - from) : 0.5;

	return axis->start + (int)lround(part * (axis->end - axis->start));
}

static bool counts(const struct bench_point *point)
{
	return point->y > 0;
}

/* The ranges of all points; false when there are none. */
static bool find_ranges(const struct chart *chart, struct axis *x, struct axis *y)
{
	x->from = y->from = INFINITY;
	x->to = y->to = -INFINITY;
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		const struct chart_line *line = &chart->lines[side];

		for (size_t i = 0; i < line->count; i++) {
			if (!counts(&line->points[i]))
				continue;
			x->from = fmin(x->from, line->points[i].x);
			x->to = fmax(x->to, line->points[i].x);
			y->from = fmin(y->from, line->points[i].y);
			y->to = fmax(y->to, line->points[i].y);
		}
	}
	return x->from <= x->to;
}

static void begin_svg(const char *label, const char *class_name, int width, int height, FILE *out)
{
	fprintf(out,
		"<svg class=\"plot %s\" role=\"img\" viewBox=\"0 0 %d %d\" font-size=\"13\" "
		"aria-label=\"",
		class_name, width, height);
	format_html(out, label);
	fputs("\">", out);
}

static void put_text(FILE *out, int x, int y, const char *anchor, const char *colour,
		     const char *text)
{
	fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" fill=\"var(--%s)\">", x, y, anchor,
		colour);
	format_html(out, text);
	fputs("</text>", out);
}

/* The next of 1, 2, 5, 10, 20... times a power of ten. */
static double next_round(double value)
{
	double power = pow(10, floor(log10(value) + 1e-9));
	double lead = value / power;

	return (lead < 1.5 ? 2 : lead < 3.5 ? 5 : 10) * power;
}

size_t chart_ticks(double from, double to, double ticks[CHART_TICKS_MAX])
{
	double tick = pow(10, floor(log10(from)));
	bool decades = log10(to / from) > 2.5;
	unsigned int every = 1 + (unsigned int)(log10(to / from) / TICKS_MAX);
	size_t count = 0;

	for (unsigned int i = 0; tick <= to * 1.0001 && count < CHART_TICKS_MAX; i++) {
		if (tick >= from * 0.9999 && (!decades || i % every == 0))
			ticks[count++] = tick;
		tick = decades ? 10 * tick : next_round(tick);
	}
	return count;
}

static void put_y_axis(const struct axis *y, int left, int right, FILE *out)
{
	double ticks[CHART_TICKS_MAX];
	size_t count = chart_ticks(y->from, y->to, ticks);

	for (size_t i = 0; i < count; i++) {
		int at = place(y, ticks[i]);

		fprintf(out, "<path d=\"M%d %dH%d\" stroke=\"var(--rule)\" fill=\"none\"/>", left,
			at, right);
		put_text(out, left - 8, at + 4, "end", "muted", DURATION((uint64_t)ticks[i]));
	}
}

/* A label at each point that is far enough from the label before. */
static void put_x_axis(const struct chart *chart, const struct axis *x, int bottom, FILE *out)
{
	const struct chart_line *line = &chart->lines[SIDE_KERNEL];
	int last = -LABEL_SPACE;
	char buffer[64];

	if (line->count < chart->lines[SIDE_ENGINE].count)
		line = &chart->lines[SIDE_ENGINE];
	for (size_t i = 0; i < line->count; i++) {
		double value = line->points[i].x;
		int at = place(x, value);

		if (at < last + LABEL_SPACE)
			continue;
		last = at;
		put_text(out, at, bottom + 18, "middle", "muted",
			 chart->x_text(chart->context, value, buffer, sizeof(buffer)));
	}
}

static void put_line(const struct chart *chart, const struct axis *x, const struct axis *y,
		     enum side side, FILE *out)
{
	const struct chart_line *line = &chart->lines[side];
	bool drawing = false;

	fprintf(out, "<path fill=\"none\" stroke=\"var(--%s)\" stroke-width=\"2\" d=\"",
		side_names[side]);
	for (size_t i = 0; i < line->count; i++) {
		const struct bench_point *point = &line->points[i];

		if (counts(point))
			fprintf(out, "%s%d %d", drawing ? "L" : "M", place(x, point->x),
				place(y, point->y));
		drawing = counts(point);
	}
	fputs("\"/>", out);
	for (size_t i = 0; i < line->count; i++) {
		const struct bench_point *point = &line->points[i];

		if (counts(point))
			fprintf(out,
				"<circle cx=\"%d\" cy=\"%d\" r=\"4\" fill=\"var(--%s)\"><title>%s"
				"</title></circle>",
				place(x, point->x), place(y, point->y), side_names[side],
				DURATION((uint64_t)point->y));
	}
}

/* Names of the lines, from the left to the right. */
static void put_names(const struct chart *chart, int left, int right, FILE *out)
{
	if (chart->lines[SIDE_KERNEL].count)
		put_text(out, left, 16, "start", "kernel", side_names[SIDE_KERNEL]);
	if (chart->lines[SIDE_ENGINE].count)
		put_text(out, right, 16, "end", "engine", side_names[SIDE_ENGINE]);
}

static void draw(const struct chart *chart, const char *class_name, int width, FILE *out)
{
	struct axis x = {.start = LEFT + 12, .end = width - RIGHT};
	struct axis y = {.start = HEIGHT - BOTTOM - 8, .end = TOP + 8, .is_log = true};

	if (!find_ranges(chart, &x, &y))
		return;
	/* A flat line lies in the middle, with a mark above and below it. */
	if (y.to < 2 * y.from) {
		y.from /= 1.6;
		y.to *= 1.6;
	}
	begin_svg(chart->label, class_name, width, HEIGHT, out);
	put_y_axis(&y, LEFT, width - RIGHT + 10, out);
	put_x_axis(chart, &x, HEIGHT - BOTTOM, out);
	for (enum side side = 0; side < SIDE_COUNT; side++)
		put_line(chart, &x, &y, side, out);
	put_names(chart, LEFT, width - RIGHT + 10, out);
	fputs("</svg>", out);
}

void chart_draw(const struct chart *chart, FILE *out)
{
	fputs("<figure>", out);
	draw(chart, "wide", WIDE, out);
	draw(chart, "narrow", NARROW, out);
	fputs("</figure>\n", out);
}

/* The label as far as there is room; the whole as what is shown when it is pointed at. */
static void put_bar_label(const char *label, int y, int width, FILE *out)
{
	size_t fits = format_fit(label, (unsigned int)(width / CHARACTER));

	fprintf(out, "<text x=\"0\" y=\"%d\" fill=\"var(--ink)\">", y);
	format_html_part(out, label, fits);
	if (label[fits])
		fputs("…", out);
	fputs("<title>", out);
	format_html(out, label);
	fputs("</title></text>", out);
}

static void put_bars(const struct chart_bar *bar, int top, int width, FILE *out)
{
	uint64_t longest = bar->values[SIDE_KERNEL] > bar->values[SIDE_ENGINE]
				   ? bar->values[SIDE_KERNEL]
				   : bar->values[SIDE_ENGINE];

	put_bar_label(bar->label, top + 14, width, out);
	for (enum side side = 0; side < SIDE_COUNT && longest; side++) {
		int y = top + 20 + (int)side * (BAR + 2);
		double part = (double)bar->values[side] / (double)longest;
		int length = (int)lround(part * (width - VALUE_SPACE));

		fprintf(out,
			"<rect x=\"0\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"1\" "
			"fill=\"var(--%s)\"/>",
			y, length > 1 ? length : 1, BAR, side_names[side]);
		put_text(out, (length > 1 ? length : 1) + 7, y + BAR - 1, "start", side_names[side],
			 bar->values[side] ? DURATION(bar->values[side]) : FORMAT_NONE);
	}
}

void chart_bars(const char *label, const struct chart_bar *bars, size_t count, FILE *out)
{
	static const struct {
		const char *class_name;
		int width;
	} variants[] = {{"wide", WIDE}, {"narrow", NARROW}};

	fputs("<figure>", out);
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		begin_svg(label, variants[i].class_name, variants[i].width, (int)count * ROW, out);
		for (size_t row = 0; row < count; row++)
			put_bars(&bars[row], (int)row * ROW, variants[i].width, out);
		fputs("</svg>", out);
	}
	fputs("</figure>\n", out);
}
