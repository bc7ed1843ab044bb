/* SPDX-License-Identifier: GPL-2.0 */
#include "reports/html_trace.h"
#include "reports/format.h"
#include "reports/summary.h"
#include "reports/traced.h"

#include <stddef.h>

void html_parts(const struct table *table, FILE *out)
{
	fputs("<div class=\"parts\" aria-hidden=\"true\">", out);
	for (size_t row = 0; row < table_rows(table); row++) {
		const struct cell *share = table_at(table, row, table->column_count - 1);

		fprintf(out, "<i style=\"flex-grow:%u\" title=\"",
			share->bar > 0 ? (unsigned int)(share->bar * 10000 + 0.5) : 0);
		format_html(out, table_at(table, row, 0)->text);
		fputs(": ", out);
		format_html(out, share->text);
		fputs("\"></i>", out);
	}
	fputs("</div>\n", out);
}

/* ---- timeline ---- */

enum { HEIGHT = 100 };

enum curve_kind {
	CURVE_RATE,  /* an amount in each slot: bars */
	CURVE_SHARE, /* a time in each slot, of the slot's: bars */
	CURVE_LEVEL, /* what it was last: a line */
};

static const struct curve {
	const char *name;
	enum curve_kind kind;
	size_t offset; /* in a slot */
	const char *(*format)(char out[FORMAT_SIZE], uint64_t value);
} curves[] = {
	{"bytes", CURVE_RATE, offsetof(struct trace_slot, bytes), format_bytes},
	{"commands", CURVE_RATE, offsetof(struct trace_slot, commands), format_count},
	{"inode", CURVE_LEVEL, offsetof(struct trace_slot, ino), format_count},
	{"clone searches", CURVE_RATE, offsetof(struct trace_slot, searches), format_count},
	{"waiting for the reader", CURVE_SHARE, offsetof(struct trace_slot, output_blocked_ns),
	 NULL},
	{"waiting for the device", CURVE_SHARE, offsetof(struct trace_slot, io_blocked_ns), NULL},
};

static uint64_t slot_value(const struct trace_slot *slot, const struct curve *curve)
{
	return *(const uint64_t *)((const char *)slot + curve->offset);
}

static uint64_t highest(const struct trace_details *details, const struct curve *curve)
{
	uint64_t most = 0;

	for (size_t i = 0; i < details->slot_count; i++)
		if (slot_value(&details->slots[i], curve) > most)
			most = slot_value(&details->slots[i], curve);
	return most;
}

static unsigned int height_of(uint64_t value, uint64_t top)
{
	double share = (double)value / (double)top;

	return (unsigned int)((share > 1 ? 1 : share) * HEIGHT + 0.5);
}

static void put_bars(const struct trace_details *details, const struct curve *curve, uint64_t top,
		     FILE *out)
{
	fputs("<path d=\"", out);
	for (size_t i = 0; i < details->slot_count; i++) {
		unsigned int height = height_of(slot_value(&details->slots[i], curve), top);

		if (height)
			fprintf(out, "M%zu %dv-%uh1v%uz", i, HEIGHT, height, height);
	}
	fputs("\"/>", out);
}

/* From one known level to the next. */
static void put_line(const struct trace_details *details, const struct curve *curve, uint64_t top,
		     FILE *out)
{
	char step = 'M';

	fputs("<path class=\"level\" d=\"", out);
	for (size_t i = 0; i < details->slot_count; i++) {
		uint64_t value = slot_value(&details->slots[i], curve);

		if (!value)
			continue;
		fprintf(out, "%c%zu.5 %u", step, i, HEIGHT - height_of(value, top));
		step = 'L';
	}
	fputs("\"/>", out);
}

static void put_restarts(const struct trace_details *details, FILE *out)
{
	for (size_t i = 0; i < details->slot_count; i++)
		if (details->slots[i].restarts)
			fprintf(out, "<path class=\"restart\" d=\"M%zu.5 0v%d\"/>", i, HEIGHT);
}

static void put_peak(const struct trace_details *details, const struct curve *curve, uint64_t most,
		     FILE *out)
{
	char text[FORMAT_SIZE];

	if (curve->kind == CURVE_SHARE)
		format_html(out, PERCENT(most, details->slot_ns));
	else
		format_html(out, curve->format(text, most));
}

static void put_curve(const struct trace_details *details, const struct curve *curve, FILE *out)
{
	uint64_t most = highest(details, curve);
	uint64_t top = curve->kind == CURVE_SHARE ? details->slot_ns : most;

	if (!most || !top)
		return;
	fprintf(out, "<div class=\"curve\"><span class=\"name\">%s</span>", curve->name);
	fprintf(out,
		"<svg viewBox=\"0 0 %zu %d\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
		details->slot_count, HEIGHT);
	if (curve->kind == CURVE_LEVEL)
		put_line(details, curve, top, out);
	else
		put_bars(details, curve, top, out);
	put_restarts(details, out);
	fputs("</svg><span class=\"peak\">", out);
	put_peak(details, curve, most, out);
	fputs("</span></div>\n", out);
}

static void put_side(const struct side_result *side, enum side which, FILE *out)
{
	const struct trace_details *details = side->details;
	uint64_t restarts = 0;

	for (size_t i = 0; i < details->slot_count; i++)
		restarts += details->slots[i].restarts;
	fprintf(out, "<div class=\"timeline %s\">\n<p class=\"name\">%s</p>\n", side_names[which],
		side_names[which]);
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		put_curve(details, &curves[i], out);
	fprintf(out,
		"<div class=\"curve scale\"><span class=\"name\"></span><span class=\"line\">"
		"<span>0</span><span>%s, in steps of %s</span></span><span class=\"peak\">"
		"</span></div>\n",
		DURATION(details->slot_ns * details->slot_count), DURATION(details->slot_ns));
	if (restarts)
		fprintf(out,
			"<p class=\"note\">Upright lines: %s restart%s after a relocation."
			"</p>\n",
			COUNT(restarts), restarts == 1 ? "" : "s");
	fputs("</div>\n", out);
}

void html_timeline(const struct result *result, FILE *out)
{
	for (enum side side = 0; side < SIDE_COUNT; side++)
		if (result->sides[side].details && result->sides[side].details->slot_count)
			put_side(&result->sides[side], side, out);
}
