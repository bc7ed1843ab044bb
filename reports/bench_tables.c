/* SPDX-License-Identifier: GPL-2.0 */
#include "reports/bench.h"
#include "reports/format.h"
#include "reports/summary.h"

#include <math.h>

static const struct column times_columns[] = {
	{"Workload", ALIGN_LEFT, 0}, {"Kernel", ALIGN_RIGHT, 0}, {"Engine", ALIGN_RIGHT, 0},
	{"Faster", ALIGN_RIGHT, 0},  {"Stream", ALIGN_RIGHT, 0}, {"Verdict", ALIGN_LEFT, 0},
};

void bench_times_begin(struct table *table)
{
	table_init(table, times_columns, sizeof(times_columns) / sizeof(times_columns[0]));
}

static const struct column usage_columns[] = {
	{"Resources, medians", ALIGN_LEFT, 0},
	{"Sender", ALIGN_LEFT, 0},
	{"User", ALIGN_RIGHT, 0},
	{"System", ALIGN_RIGHT, 0},
	{"Faults", ALIGN_RIGHT, 1},
	{"Major", ALIGN_RIGHT, 2},
	{"From device", ALIGN_RIGHT, 0},
	{"Peak memory", ALIGN_RIGHT, 0},
};

void bench_usage_begin(struct table *table)
{
	table_init(table, usage_columns, sizeof(usage_columns) / sizeof(usage_columns[0]));
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
		bool known = usage->known && seen->samples;

		table_cell(table, TONE_PLAIN, "%s", side ? "" : label);
		table_cell(table, side_tones[side], "%s", side_names[side]);
		add_figure(table, TONE_PLAIN, known, DURATION(usage->user_ns));
		add_figure(table, TONE_PLAIN, known, DURATION(usage->system_ns));
		add_figure(table, TONE_PLAIN, known, COUNT(usage->minor_faults));
		add_figure(table, TONE_PLAIN, known, COUNT(usage->major_faults));
		add_figure(table, TONE_PLAIN, known && usage->has_device_bytes,
			   BYTES(usage->device_bytes));
		add_figure(table, TONE_PLAIN, known && usage->has_peak_bytes,
			   BYTES(usage->peak_bytes));
	}
}

static void put_exponent(struct table *table, const struct bench_curve *curve, enum side side)
{
	const struct bench_fit *fit = &curve->fit[side];
	long exponent = lround(fabs(fit->exponent) * 100), certainty = lround(fit->certainty * 100);

	if (!curve->fitted[side])
		table_cell(table, TONE_MUTED, "too few points");
	else
		table_cell(table, side_tones[side], "x^%s%ld.%02ld (R² %ld.%02ld)",
			   fit->exponent < 0 && exponent ? "-" : "", exponent / 100, exponent % 100,
			   certainty / 100, certainty % 100);
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
		table_cell(table, TONE_PLAIN, "%zu", curve->point_count[SIDE_KERNEL]);
		put_exponent(table, curve, SIDE_KERNEL);
		put_exponent(table, curve, SIDE_ENGINE);
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
