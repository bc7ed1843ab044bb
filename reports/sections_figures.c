/* SPDX-License-Identifier: GPL-2.0 */
/* Sections that show what was measured. */
#include "reports/format.h"
#include "reports/resources.h"
#include "reports/sections.h"
#include "reports/summary.h"

#include <errno.h>

static void side_cell(struct table *table, enum side side)
{
	table_cell(table, side_tones[side], "%s", side_names[side]);
}

/* A duration, or the sign for none. */
static void duration_cell(struct table *table, bool known, uint64_t ns)
{
	if (known)
		table_cell(table, TONE_PLAIN, "%s", DURATION(ns));
	else
		table_cell(table, TONE_MUTED, FORMAT_NONE);
}

static void duration_row(const struct side_result *side, const struct sample_figures *total,
			 struct table *table)
{
	const struct run_sample *last = sample_last(side);
	struct sample_figures first, cpu;

	if (sample_figures(side, SAMPLE_FIRST_BYTE, &first) < 0 ||
	    sample_figures(side, SAMPLE_CPU, &cpu) < 0)
		table->error = -ENOMEM;
	duration_cell(table, true, total->median);
	duration_cell(table, true, total->min);
	duration_cell(table, true, total->max);
	duration_cell(table, first.median > 0, first.median);
	duration_cell(table, cpu.median > 0, cpu.median);
	table_cell(table, TONE_PLAIN, "%s", RATE(last->bytes, total->median));
	table_cell(table, TONE_PLAIN, "%s",
		   total->median
			   ? COUNT((uint64_t)((double)last->commands * 1e9 / (double)total->median))
			   : FORMAT_NONE);
}

void build_durations(const struct result *result, struct table *table)
{
	static const struct column columns[] = {
		{"", ALIGN_LEFT, 0},
		{"Median", ALIGN_RIGHT, 0},
		{"Fastest", ALIGN_RIGHT, 0},
		{"Slowest", ALIGN_RIGHT, 0},
		{"First byte", ALIGN_RIGHT, 3},
		{"CPU", ALIGN_RIGHT, 2},
		{"Throughput", ALIGN_RIGHT, 0},
		{"Commands/s", ALIGN_RIGHT, 4},
	};
	struct headline headline;

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		struct sample_figures total;

		if (side == SIDE_KERNEL && result->kernel_recorded)
			continue;
		if (sample_figures(&result->sides[side], SAMPLE_DURATION, &total) < 0)
			table->error = -ENOMEM;
		if (!total.count)
			continue;
		side_cell(table, side);
		duration_row(&result->sides[side], &total, table);
	}
	if (headline_build(result, &headline) < 0)
		table->error = -ENOMEM;
	else if (headline.speed)
		table_note(table, "engine %s%s%s", headline.speed, headline.caution ? "; " : "",
			   headline.caution ? headline.caution : "");
	headline_release(&headline);
}

void build_resources(const struct result *result, struct table *table)
{
	static const struct column columns[] = {{"", ALIGN_LEFT, 0}, RESOURCE_COLUMNS};

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		const struct run_sample *last = sample_last(&result->sides[side]);
		struct run_usage usage;

		result_median_usage(result, side, &usage);
		if (!last || !sample_is_measured(last) || !usage.known)
			continue;
		side_cell(table, side);
		resource_cells(table, true, &usage);
	}
}

static const char *sample_remark(const struct run_sample *sample, bool timed)
{
	if (!timed)
		return "recorded, not timed";
	if (sample->repeated_for_commit)
		return "a commit came in between: run again";
	if (sample->traced)
		return "traced, not timed";
	return sample->repeat ? "" : "warm-up";
}

static void transaction_cell(struct table *table, uint64_t transaction)
{
	if (transaction)
		table_cell(table, TONE_PLAIN, "%llu", (unsigned long long)transaction);
	else
		table_cell(table, TONE_MUTED, FORMAT_NONE);
}

void build_samples(const struct result *result, struct table *table)
{
	static const struct column columns[] = {
		{"Repeat", ALIGN_RIGHT, 0},   {"Sender", ALIGN_LEFT, 0},
		{"Duration", ALIGN_RIGHT, 0}, {"First byte", ALIGN_RIGHT, 0},
		{"CPU", ALIGN_RIGHT, 0},      {"Commands", ALIGN_RIGHT, 0},
		{"Bytes", ALIGN_RIGHT, 0},    {"Transaction", ALIGN_RIGHT, 0},
		{"", ALIGN_LEFT, 0},
	};

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		for (size_t i = 0; i < result->sides[side].sample_count; i++) {
			const struct run_sample *sample = &result->sides[side].samples[i];
			bool timed = side == SIDE_ENGINE || !result->kernel_recorded;

			table_cell(table, TONE_PLAIN, "%u", sample->repeat);
			side_cell(table, side);
			duration_cell(table, timed, sample->duration_ns);
			duration_cell(table, timed, sample->first_byte_ns);
			duration_cell(table, timed && sample->cpu_ns, sample->cpu_ns);
			table_cell(table, TONE_PLAIN, "%s", COUNT(sample->commands));
			table_cell(table, TONE_PLAIN, "%s", COUNT(sample->bytes));
			transaction_cell(table, sample->generation);
			table_cell(table, TONE_MUTED, "%s", sample_remark(sample, timed));
		}
	}
}

static void latency_row(const struct kind_stats *stats, const char *name, enum side side,
			struct table *table)
{
	const struct latency *latency = &stats->latency;
	static const unsigned int per_mille[] = {500, 900, 990};
	bool timed = latency->count > 0;

	table_cell(table, TONE_PLAIN, "%s", name);
	side_cell(table, side);
	table_cell(table, TONE_PLAIN, "%s", COUNT(stats->count));
	table_cell(table, TONE_PLAIN, "%s",
		   PERCENT(latency->count, latency->count + latency->batched));
	for (size_t i = 0; i < sizeof(per_mille) / sizeof(per_mille[0]); i++)
		duration_cell(table, timed, latency_percentile_ns(latency, per_mille[i]));
	duration_cell(table, timed, latency->max_ns);
	duration_cell(table, timed, latency->total_ns);
}

/* How much the table does not tell. */
static void latency_note(const uint64_t *timed, const uint64_t *batched, struct table *table)
{
	char parts[SIDE_COUNT][3 * FORMAT_SIZE] = {"", ""};

	for (enum side side = 0; side < SIDE_COUNT; side++)
		if (batched[side])
			snprintf(parts[side], sizeof(parts[side]), "%s of the %s's commands (%s)",
				 COUNT(batched[side]), side_names[side],
				 PERCENT(batched[side], batched[side] + timed[side]));
	if (*parts[SIDE_KERNEL] || *parts[SIDE_ENGINE])
		table_note(table, "Batched, so not timed, over all repeats: %s%s%s.",
			   parts[SIDE_KERNEL],
			   *parts[SIDE_KERNEL] && *parts[SIDE_ENGINE] ? ", " : "",
			   parts[SIDE_ENGINE]);
}

void build_latency(const struct result *result, struct table *table)
{
	static const struct column columns[] = {
		{"Command", ALIGN_LEFT, 0}, {"Sender", ALIGN_LEFT, 0}, {"Count", ALIGN_RIGHT, 0},
		{"Timed", ALIGN_RIGHT, 2},  {"p50", ALIGN_RIGHT, 0},   {"p90", ALIGN_RIGHT, 1},
		{"p99", ALIGN_RIGHT, 0},    {"Max", ALIGN_RIGHT, 0},   {"Total", ALIGN_RIGHT, 3},
	};
	unsigned int kinds[STREAM_C_COUNT];
	uint64_t timed[SIDE_COUNT] = {0}, batched[SIDE_COUNT] = {0};
	size_t count = kinds_by_time(result, kinds);

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < count; i++) {
		const char *name = kind_name(kinds[i]);

		for (enum side side = 0; side < SIDE_COUNT; side++) {
			const struct kind_stats *stats = &result->sides[side].kinds[kinds[i]];

			if (!(stats->latency.count + stats->latency.batched))
				continue;
			latency_row(stats, name, side, table);
			timed[side] += stats->latency.count;
			batched[side] += stats->latency.batched;
			name = "";
		}
	}
	latency_note(timed, batched, table);
}

/* Only a plot: the points are no reading matter. */
void build_progress(const struct result *result, struct table *table)
{
	static const struct column columns[] = {{"", ALIGN_LEFT, 0}};

	table_init(table, columns, 1);
	if (!result->sides[SIDE_KERNEL].progress_count &&
	    !result->sides[SIDE_ENGINE].progress_count)
		table_note(table, "No progress was recorded.");
}

static void mix_of_both(const struct result *result, const unsigned int *kinds, size_t count,
			struct table *table)
{
	static const struct column columns[] = {
		{"Command", ALIGN_LEFT, 0},	    {"Kernel's", ALIGN_RIGHT, 0},
		{"Engine's", ALIGN_RIGHT, 0},	    {"Kernel's bytes", ALIGN_RIGHT, 0},
		{"Engine's bytes", ALIGN_RIGHT, 0},
	};

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < count; i++) {
		const struct kind_stats *kernel = &result->sides[SIDE_KERNEL].kinds[kinds[i]];
		const struct kind_stats *engine = &result->sides[SIDE_ENGINE].kinds[kinds[i]];
		enum tone counts = kernel->count == engine->count ? TONE_PLAIN : TONE_BAD;
		enum tone bytes = kernel->bytes == engine->bytes ? TONE_PLAIN : TONE_BAD;

		table_cell(table, TONE_PLAIN, "%s", kind_name(kinds[i]));
		table_cell(table, counts, "%s", COUNT(kernel->count));
		table_cell(table, counts, "%s", COUNT(engine->count));
		table_cell(table, bytes, "%s", COUNT(kernel->bytes));
		table_cell(table, bytes, "%s", COUNT(engine->bytes));
	}
}

static void mix_of_one(const struct kind_stats *stats, const unsigned int *kinds, size_t count,
		       struct table *table)
{
	static const struct column columns[] = {
		{"Command", ALIGN_LEFT, 0}, {"Count", ALIGN_RIGHT, 0}, {"Share", ALIGN_RIGHT, 0},
		{"Bytes", ALIGN_RIGHT, 0},  {"Share", ALIGN_RIGHT, 0},
	};
	uint64_t commands = 0, bytes = 0;

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < count; i++) {
		commands += stats[kinds[i]].count;
		bytes += stats[kinds[i]].bytes;
	}
	for (size_t i = 0; i < count; i++) {
		const struct kind_stats *kind = &stats[kinds[i]];

		table_cell(table, TONE_PLAIN, "%s", kind_name(kinds[i]));
		table_cell(table, TONE_PLAIN, "%s", COUNT(kind->count));
		table_cell(table, TONE_PLAIN, "%s", PERCENT(kind->count, commands));
		table_bar(table, (double)kind->count / (double)commands);
		table_cell(table, TONE_PLAIN, "%s", BYTES(kind->bytes));
		table_cell(table, TONE_PLAIN, "%s", PERCENT(kind->bytes, bytes));
		table_bar(table, bytes ? (double)kind->bytes / (double)bytes : 0);
	}
}

void build_mix(const struct result *result, struct table *table)
{
	unsigned int kinds[STREAM_C_COUNT];
	size_t count = kinds_by_time(result, kinds);
	enum side only = kinds_shown_once(result);

	if (only < SIDE_COUNT)
		mix_of_one(result->sides[only].kinds, kinds, count, table);
	else
		mix_of_both(result, kinds, count, table);
}

void build_reads(const struct result *result, struct table *table)
{
	const struct volume_counters *volume = &result->sides[SIDE_ENGINE].volume;

	table_init_facts(table);
	if (!volume->blocks_read && !volume->bytes_read)
		return;
	table_fact(
		table, "Tree blocks", "%s read and verified, %s taken from the block cache (%s)",
		COUNT(volume->blocks_read), COUNT(volume->block_cache_hits),
		PERCENT(volume->block_cache_hits, volume->block_cache_hits + volume->blocks_read));
	table_fact(table, "From the device", "%s", BYTES(volume->bytes_read));
	table_fact(table, "Data verified", "%s against checksums",
		   BYTES(volume->data_bytes_verified));
	table_fact(table, "Bad copies", "%s", COUNT(volume->bad_copies));
	table_fact(table, "Refreshed", "%s time%s, after a block had moved",
		   COUNT(volume->refreshes), volume->refreshes == 1 ? "" : "s");
}
