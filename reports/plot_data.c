/* SPDX-License-Identifier: GPL-2.0 */
/* The data of the plots. Whole numbers and fixed decimals of our own: no locale's comma gets in. */
#include "reports/format.h"
#include "reports/plots.h"
#include "reports/summary.h"

#include <math.h>
#include <stdlib.h>

/* A block of a data file must not be empty; gnuplot leaves out a point that is not a number. */
static void end_block(FILE *data, bool empty)
{
	fputs(empty ? "NaN NaN NaN\n\n\n" : "\n\n", data);
}

static void write_sides(const struct result *result, bool kernel, bool engine, FILE *script)
{
	fprintf(script, "has_kernel = %d\nhas_engine = %d\n", kernel && !result->kernel_recorded,
		engine);
}

/* ---- progress ---- */

struct scale {
	const char *name;
	uint64_t size;
};

static const struct scale *scale_for(const struct scale *scales, uint64_t largest)
{
	while (scales[1].name && largest >= scales[1].size)
		scales++;
	return scales;
}

void plot_progress(const void *subject, FILE *data, FILE *script, struct plot_height *height)
{
	const struct result *result = subject;
	static const struct scale times[] = {
		{"µs", 1000}, {"ms", 1000000}, {"s", 1000000000}, {NULL, 0}};
	static const struct scale sizes[] = {
		{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0}};
	uint64_t longest = 0, largest = 0;
	const struct scale *time, *size;

	for (int side = 0; side < SIDE_COUNT; side++) {
		const struct side_result *sent = &result->sides[side];

		if (sent->progress_count)
			fputs("0 0\n", data);
		for (size_t i = 0; i < sent->progress_count; i++) {
			const struct progress_point *point = &sent->progress[i];

			fprintf(data, "%llu %llu\n", (unsigned long long)point->time_ns,
				(unsigned long long)point->bytes);
			longest = point->time_ns > longest ? point->time_ns : longest;
			largest = point->bytes > largest ? point->bytes : largest;
		}
		end_block(data, !sent->progress_count);
	}
	if (!longest)
		return;
	time = scale_for(times, longest);
	size = scale_for(sizes, largest);
	fprintf(script, "time_unit = \"%s\"\ntime_scale = %llu.0\n", time->name,
		(unsigned long long)time->size);
	fprintf(script, "size_unit = \"%s\"\nsize_scale = %llu.0\n", size->name,
		(unsigned long long)size->size);
	write_sides(result, result->sides[SIDE_KERNEL].progress_count > 0,
		    result->sides[SIDE_ENGINE].progress_count > 0, script);
	*height = (struct plot_height){320, 260};
}

/* ---- latency ---- */

enum {
	SMOOTH = 3,	      /* buckets to each side; eight are a power of two */
	OUTLINE_HEIGHT = 420, /* thousandths of the distance of two kinds */
	OUTLINE_LEAST = 25,   /* that a single outlier can still be seen */
};

static uint64_t bucket_start_ns(unsigned int bucket)
{
	uint64_t start = bucket ? latency_bucket_limit_ns(bucket - 1) : 0;

	return start ? start : 1;
}

/*
 * Commands for each unit of the logarithmic axis: buckets are not equally wide on it. Triangular
 * weights, so that the outline shows the shape and not the luck of single buckets.
 */
static double density(const struct latency *latency, int middle)
{
	double commands = 0, width = 0;

	for (int bucket = middle - SMOOTH; bucket <= middle + SMOOTH; bucket++) {
		int weight = SMOOTH + 1 - abs(bucket - middle);

		if (bucket < 0 || bucket >= LATENCY_BUCKETS)
			continue;
		commands += weight * (double)latency->buckets[bucket];
		width += weight * log((double)latency_bucket_limit_ns((unsigned int)bucket) /
				      (double)bucket_start_ns((unsigned int)bucket));
	}
	return commands > 0 && width > 0 ? commands / width : 0;
}

/* Thousandths with a sign, as a decimal. */
static void put_thousandths(FILE *data, long value)
{
	unsigned long size = value < 0 ? (unsigned long)-value : (unsigned long)value;

	fprintf(data, "%s%lu.%03lu", value < 0 ? "-" : "", size / 1000, size % 1000);
}

static void write_outline(const struct latency *latency, long base, bool up, FILE *data)
{
	double largest = 0;
	int first = -1, last = 0;

	for (int bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
		double height = density(latency, bucket);

		if (!(height > 0))
			continue;
		largest = height > largest ? height : largest;
		first = first < 0 ? bucket : first;
		last = bucket;
	}
	/* One bucket further on either side the height is 0: there the outline is closed. */
	first = first > 0 ? first - 1 : first;
	last = last + 1 < LATENCY_BUCKETS ? last + 1 : last;
	for (int bucket = first; largest > 0 && bucket <= last; bucket++) {
		uint64_t ns = (bucket_start_ns((unsigned int)bucket) +
			       latency_bucket_limit_ns((unsigned int)bucket)) /
			      2;
		double dense = density(latency, bucket);
		long height = (long)(dense / largest * OUTLINE_HEIGHT);

		if (dense > 0 && height < OUTLINE_LEAST)
			height = OUTLINE_LEAST;
		fprintf(data, "%llu ", (unsigned long long)ns);
		put_thousandths(data, up ? base + height : base - height);
		fputc('\n', data);
	}
	end_block(data, !(largest > 0));
}

struct latency_range {
	uint64_t low, high;
};

static void widen(struct latency_range *range, const struct latency *latency)
{
	for (unsigned int bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
		if (!latency->buckets[bucket])
			continue;
		if (!range->low || bucket_start_ns(bucket) < range->low)
			range->low = bucket_start_ns(bucket);
		if (latency_bucket_limit_ns(bucket) > range->high)
			range->high = latency_bucket_limit_ns(bucket);
	}
}

/* Powers of ten are labelled: so that two of them are seen, a small range is widened to them. */
static void write_latency_range(const struct latency_range *range, FILE *script)
{
	uint64_t below = 1, above;

	while (below <= range->low / 10)
		below *= 10;
	for (above = below; above < range->high && above <= UINT64_MAX / 10;)
		above *= 10;
	if (range->high / 100 >= range->low) {
		below = range->low;
		above = range->high;
	}
	fprintf(script, "x_low = %llu * 0.6\nx_high = %llu * 1.6\n", (unsigned long long)below,
		(unsigned long long)above);
}

static void write_medians(const struct result *result, const unsigned int *kinds, size_t count,
			  enum side side, FILE *data)
{
	bool empty = true;

	for (size_t i = 0; i < count; i++) {
		const struct latency *latency = &result->sides[side].kinds[kinds[i]].latency;

		if (!latency->count)
			continue;
		fprintf(data, "%llu ", (unsigned long long)latency_percentile_ns(latency, 500));
		put_thousandths(data, -(long)i * 1000);
		fputs(side == SIDE_KERNEL ? " 0.420\n" : " -0.420\n", data);
		empty = false;
	}
	end_block(data, empty);
}

static void write_kind_tics(const unsigned int *kinds, size_t count, FILE *script)
{
	fputs("set ytics (", script);
	for (size_t i = 0; i < count; i++)
		fprintf(script, "%s\"%s\" -%zu", i ? ", " : "", kind_name(kinds[i]), i);
	fprintf(script, ")\nkinds = %zu\n", count);
}

void plot_latency(const void *subject, FILE *data, FILE *script, struct plot_height *height)
{
	const struct result *result = subject;
	unsigned int kinds[STREAM_C_COUNT];
	size_t all = kinds_by_time(result, kinds), count = 0;
	struct latency_range range = {0};
	uint64_t timed[SIDE_COUNT] = {0};

	for (size_t i = 0; i < all; i++) {
		const struct latency *kernel = &result->sides[SIDE_KERNEL].kinds[kinds[i]].latency;
		const struct latency *engine = &result->sides[SIDE_ENGINE].kinds[kinds[i]].latency;

		if (!(kernel->count + engine->count))
			continue;
		write_outline(kernel, -(long)count * 1000, true, data);
		write_outline(engine, -(long)count * 1000, false, data);
		widen(&range, kernel);
		widen(&range, engine);
		timed[SIDE_KERNEL] += kernel->count;
		timed[SIDE_ENGINE] += engine->count;
		kinds[count++] = kinds[i];
	}
	if (!count)
		return;
	write_medians(result, kinds, count, SIDE_KERNEL, data);
	write_medians(result, kinds, count, SIDE_ENGINE, data);
	write_kind_tics(kinds, count, script);
	write_latency_range(&range, script);
	write_sides(result, timed[SIDE_KERNEL] > 0, timed[SIDE_ENGINE] > 0, script);
	height->wide = 80 + 36 * (unsigned int)count;
	height->narrow = 80 + 30 * (unsigned int)count;
}

/* ---- mix ---- */

static void write_bars(const struct kind_stats *stats, const unsigned int *kinds, size_t count,
		       const char *foot, const char *top, FILE *data)
{
	for (size_t i = 0; i < count; i++) {
		const struct kind_stats *kind = &stats[kinds[i]];

		fprintf(data, "%zu %s %s %llu %llu \"%s\" \"%s\"\n", i, foot, top,
			(unsigned long long)kind->count, (unsigned long long)kind->bytes,
			COUNT(kind->count), BYTES(kind->bytes));
	}
	end_block(data, !count);
}

static void write_mix_maxima(const struct result *result, FILE *script)
{
	uint64_t count = 1, bytes = 1;

	for (int side = 0; side < SIDE_COUNT; side++) {
		for (size_t i = 0; i < STREAM_C_COUNT; i++) {
			const struct kind_stats *kind = &result->sides[side].kinds[i];

			count = kind->count > count ? kind->count : count;
			bytes = kind->bytes > bytes ? kind->bytes : bytes;
		}
	}
	fprintf(script, "most_commands = %llu.0\nmost_bytes = %llu.0\n", (unsigned long long)count,
		(unsigned long long)bytes);
}

void plot_mix(const void *subject, FILE *data, FILE *script, struct plot_height *height)
{
	const struct result *result = subject;
	unsigned int kinds[STREAM_C_COUNT];
	size_t count = kinds_by_time(result, kinds);
	enum side once = kinds_shown_once(result);
	unsigned int pitch = once < SIDE_COUNT ? 22 : 36; /* pixels from kind to kind */

	if (!count)
		return;
	if (once < SIDE_COUNT) {
		write_bars(result->sides[once].kinds, kinds, count, "-0.32", "0.32", data);
	} else {
		write_bars(result->sides[SIDE_KERNEL].kinds, kinds, count, "0.02", "0.38", data);
		write_bars(result->sides[SIDE_ENGINE].kinds, kinds, count, "-0.38", "-0.02", data);
	}
	write_kind_tics(kinds, count, script);
	write_mix_maxima(result, script);
	fprintf(script, "bars = %d\npitch = %u\n", once < SIDE_COUNT ? 1 : 2, pitch);
	height->wide = 60 + pitch * (unsigned int)count;
	height->narrow = 2 * (60 + (pitch - 4) * (unsigned int)count);
}
