/* SPDX-License-Identifier: GPL-2.0 */
#include "reports/bench.h"
#include "reports/format.h"
#include "reports/resources.h"
#include "reports/summary.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static size_t count_equal(const struct bench_history *history)
{
	size_t count = 0;

	for (size_t i = 0; i < history->workload_count; i++)
		count += bench_newest(history, i)->verdict == VERDICT_EQUAL;
	return count;
}

int bench_headline(const struct bench_history *history, struct bench_headline *headline)
{
	const struct compared_file *file = &history->files[history->file_count - 1];

	*headline = (struct bench_headline){
		.equal = count_equal(history),
		.word = "NOTHING",
		.tone = TONE_WARN,
	};
	if (history->workload_count) {
		bool good = headline->equal == history->workload_count;

		headline->word = good ? "IDENTICAL" : "DIFFERENT";
		headline->tone = good ? TONE_GOOD : TONE_BAD;
	}
	headline->detail = printable_text("%zu of %zu workloads sent alike, byte for byte%s%s%s%s",
					  headline->equal, history->workload_count,
					  *file->kernel ? "; Linux " : "", file->kernel,
					  *file->created ? ", " : "", file->created);
	return headline->detail ? 0 : -ENOMEM;
}

static const struct column times_columns[] = {
	{"Workload", ALIGN_LEFT, 0}, {"Kernel", ALIGN_RIGHT, 0}, {"Engine", ALIGN_RIGHT, 0},
	{"Faster", ALIGN_RIGHT, 0},  {"Stream", ALIGN_RIGHT, 0}, {"Verdict", ALIGN_LEFT, 0},
};

void bench_times_begin(struct table *table)
{
	table_init(table, times_columns, sizeof(times_columns) / sizeof(times_columns[0]));
}

void bench_usage_begin(struct table *table, const char *title)
{
	const struct column columns[] = {
		{title, ALIGN_LEFT, 0}, {"Sender", ALIGN_LEFT, 0}, RESOURCE_COLUMNS};

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
}

/* A figure, or the sign for none. */
static void add_figure(struct table *table, enum tone tone, bool known, const char *text)
{
	table_cell(table, known ? tone : TONE_MUTED, "%s", known ? text : FORMAT_NONE);
}

void bench_times_row(struct table *table, const char *label, const struct bench_seen *seen)
{
	static const char *const words[] = {
		[VERDICT_EQUAL] = "identical",
		[VERDICT_DIFFERENT] = "DIFFERENT",
		[VERDICT_INCOMPLETE] = "incomplete",
	};
	uint64_t kernel = seen->median[SIDE_KERNEL], engine = seen->median[SIDE_ENGINE];

	table_cell(table, TONE_PLAIN, "%s", label);
	add_figure(table, TONE_KERNEL, kernel > 0, DURATION(kernel));
	add_figure(table, TONE_ENGINE, engine > 0, DURATION(engine));
	add_figure(table, TONE_PLAIN, kernel && engine,
		   FACTOR(engine ? (double)kernel / (double)engine : 0));
	add_figure(table, TONE_PLAIN, seen->stream_bytes > 0, BYTES(seen->stream_bytes));
	table_cell(table, seen->verdict == VERDICT_EQUAL ? TONE_GOOD : TONE_BAD, "%s",
		   words[seen->verdict]);
}

void bench_usage_rows(struct table *table, const char *label, const struct bench_seen *seen)
{
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		const struct run_usage *usage = &seen->usage[side];

		table_cell(table, TONE_PLAIN, "%s", side ? "" : label);
		table_cell(table, side_tones[side], "%s", side_names[side]);
		resource_cells(table, usage->known && seen->samples, usage);
	}
}

static void put_point(struct table *table, enum bench_figure figure, double y)
{
	uint64_t whole = isnan(y) ? 0 : (uint64_t)y;

	add_figure(table, TONE_PLAIN, !isnan(y),
		   figure == BENCH_TIME	    ? DURATION(whole)
		   : figure == BENCH_STREAM ? BYTES(whole)
		   : figure == BENCH_HIT_RATE
			   ? PERCENT(isnan(y) ? 0 : (uint64_t)(y * 100000), 100000)
			   : COUNT(whole));
}

static void put_exponent(struct table *table, const struct bench_curve *curve, enum side side)
{
	const struct bench_fit *fit = &curve->fit[side];

	if (!curve->fitted[side])
		table_cell(table, TONE_MUTED, "too few points");
	else
		table_cell(table, side_tones[side], "x^%s (R² %s)", HUNDREDTHS(fit->exponent),
			   HUNDREDTHS(fit->certainty));
}

void build_bench_fits(const struct bench_history *history, struct table *table)
{
	static const struct column columns[] = {
		{"Sweep", ALIGN_LEFT, 0},  {"Over", ALIGN_LEFT, 0},   {"Points", ALIGN_RIGHT, 0},
		{"Kernel", ALIGN_LEFT, 0}, {"Engine", ALIGN_LEFT, 0},
	};

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < history->curve_count; i++) {
		const struct bench_curve *curve = &history->curves[i];

		table_cell(table, TONE_PLAIN, "%s", curve->label);
		table_cell(table, TONE_PLAIN, "%s", curve->parameter);
		table_cell(table, TONE_PLAIN, "%zu", curve->point_count);
		put_exponent(table, curve, SIDE_KERNEL);
		put_exponent(table, curve, SIDE_ENGINE);
	}
}

void build_bench_points(const struct bench_curve *curve, struct table *table)
{
	const struct column columns[] = {
		{"Value", ALIGN_RIGHT, 0},	{"Sender", ALIGN_LEFT, 0},
		{"Time", ALIGN_RIGHT, 0},	{"Walks", ALIGN_RIGHT, 0},
		{"References", ALIGN_RIGHT, 0}, {"Cache hits", ALIGN_RIGHT, 0},
		{"Stream", ALIGN_RIGHT, 0},
	};

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < curve->point_count; i++) {
		for (enum side side = 0; side < SIDE_COUNT; side++) {
			const double x = curve->points[BENCH_TIME][side][i].x;

			table_cell(table, TONE_PLAIN, "%s", side ? "" : COUNT((uint64_t)x));
			table_cell(table, side_tones[side], "%s", side_names[side]);
			for (enum bench_figure figure = 0; figure < BENCH_FIGURES; figure++)
				put_point(table, figure, curve->points[figure][side][i].y);
		}
	}
}

static const char *text_or_none(const char *text)
{
	return *text ? text : FORMAT_NONE;
}

void build_bench_files(const struct bench_history *history, struct table *table)
{
	static const struct column columns[] = {
		{"File", ALIGN_LEFT, 0},	{"Measured", ALIGN_LEFT, 1},
		{"Kernel", ALIGN_LEFT, 2},	{"Processor", ALIGN_LEFT, 4},
		{"Processors", ALIGN_RIGHT, 4}, {"sendprof", ALIGN_LEFT, 3},
	};

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < history->file_count; i++) {
		const struct compared_file *file = &history->files[i];

		table_cell(table, TONE_PLAIN, "%s", file->path);
		table_cell(table, TONE_PLAIN, "%s", text_or_none(file->created));
		table_cell(table, TONE_PLAIN, "%s", text_or_none(file->kernel));
		table_cell(table, TONE_PLAIN, "%s", text_or_none(file->cpu));
		table_cell(table, TONE_PLAIN, "%s", text_or_none(file->cpus));
		table_cell(table, TONE_PLAIN, "%s", text_or_none(file->sendprof));
	}
	if (history->gone)
		table_note(table, "%zu workload%s of earlier files %s not in the newest.",
			   history->gone, history->gone == 1 ? "" : "s",
			   history->gone == 1 ? "is" : "are");
}

/* The newest of them, so that a line is not too long. */
enum { COURSE_MAX = 8 };

static char *course_text(const struct bench_history *history, size_t workload, enum side side)
{
	size_t first = history->file_count > COURSE_MAX ? history->file_count - COURSE_MAX : 0,
	       size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = first; i < history->file_count; i++) {
		uint64_t ns = history->workloads[workload].seen[i].median[side];

		fprintf(out, "%s%s", i > first ? ", " : "", ns ? DURATION(ns) : FORMAT_NONE);
	}
	return fclose(out) ? NULL : text;
}

void build_bench_course(const struct bench_history *history, struct table *table)
{
	static const struct column columns[] = {
		{"Workload", ALIGN_LEFT, 0},
		{"Sender", ALIGN_LEFT, 0},
		{"Medians, oldest first", ALIGN_LEFT, 0},
	};

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; history->file_count > 1 && i < history->workload_count; i++) {
		for (enum side side = 0; side < SIDE_COUNT; side++) {
			char *text = course_text(history, i, side);

			table_cell(table, TONE_PLAIN, "%s",
				   side ? "" : history->workloads[i].label);
			table_cell(table, side_tones[side], "%s", side_names[side]);
			table_cell(table, side_tones[side], "%s", text ? text : "");
			if (!text)
				table->error = -ENOMEM;
			free(text);
		}
	}
	if (history->file_count > COURSE_MAX)
		table_note(table, "Of %zu files the newest %d.", history->file_count, COURSE_MAX);
}
