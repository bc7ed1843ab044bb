/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sections in which the kernel's counts stand beside the engine's: caches and the search for clone
 * sources. Where both are known they should be the same; what is not is marked, and said.
 */
#include "profiler/trace_histogram.h"
#include "reports/format.h"
#include "reports/sections.h"
#include "reports/summary.h"
#include "reports/traced.h"

enum { HISTOGRAM_BAR = 16, SENDER_COLUMN = 1, ENGINE_COLUMN = 2 };

/* What came of comparing figures of both sides. */
struct agreement {
	unsigned int compared, different;
};

/* How a figure of one side is shown that should be the other's, too. */
static enum tone compared_tone(struct agreement *agreement, uint64_t own, const uint64_t *other)
{
	if (!other)
		return TONE_PLAIN;
	agreement->compared++;
	if (own == *other)
		return TONE_PLAIN;
	agreement->different++;
	return TONE_WARN;
}

static void count_cell(struct table *table, struct agreement *agreement, uint64_t own,
		       const uint64_t *other)
{
	enum tone tone = compared_tone(agreement, own, other);

	table_cell(table, tone, "%s", COUNT(own));
}

static void agreement_note(struct table *table, const struct agreement *agreement,
			   const char *figures)
{
	if (!agreement->compared)
		return;
	/* Each pair was looked at from both sides. */
	if (agreement->different) {
		table_note(table, "Kernel and engine differ in %u of %u %s.",
			   agreement->different / 2, agreement->compared / 2, figures);
		table->note_tone = TONE_WARN;
	} else {
		table_note(table, "Kernel and engine agree in all %u %s.", agreement->compared / 2,
			   figures);
		table->note_tone = TONE_GOOD;
	}
}

/* One side needs no name. */
static void leave_out_other_side(const struct result *result, size_t column, struct table *table)
{
	if (traced_kernel_alone(result))
		table_leave_out(table, column);
}

static void side_cell(struct table *table, enum side side)
{
	table_cell(table, side_tones[side], "%s", side_names[side]);
}

static void cache_row(const struct cache_counters *cache, const struct cache_counters *other,
		      struct agreement *agreement, struct table *table)
{
#define COUNTED(member) count_cell(table, agreement, cache->member, other ? &other->member : NULL)
	COUNTED(lookups);
	COUNTED(hits);
	table_cell(table, TONE_PLAIN, "%s", PERCENT(cache->hits, cache->lookups));
	if (cache->lookups)
		table_bar(table, (double)cache->hits / (double)cache->lookups);
	COUNTED(stores);
	COUNTED(evictions);
	COUNTED(clears);
#undef COUNTED
	/* Nobody counts the entries of the kernel's. */
	if (cache->max_entries || !cache->stores)
		table_cell(table, TONE_PLAIN, "%s", COUNT(cache->max_entries));
	else
		table_cell(table, TONE_MUTED, FORMAT_NONE);
}

void build_caches(const struct result *result, struct table *table)
{
	static const struct column columns[] = {
		{"Cache", ALIGN_LEFT, 0},    {"Sender", ALIGN_LEFT, 0},
		{"Lookups", ALIGN_RIGHT, 0}, {"Hits", ALIGN_RIGHT, 0},
		{"Rate", ALIGN_RIGHT, 0},    {"Stores", ALIGN_RIGHT, 2},
		{"Evicted", ALIGN_RIGHT, 1}, {"Cleared", ALIGN_RIGHT, 3},
		{"Peak", ALIGN_RIGHT, 4},
	};
	static const char *const names[CACHE_COUNT] = {
		[CACHE_NAME] = "names of inodes",
		[CACHE_BACKREF] = "roots of leaves",
		[CACHE_DIR_CREATED] = "created dirs",
		[CACHE_DIR_UTIMES] = "dir times to send",
	};
	struct agreement agreement = {0};

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	for (enum cache_id i = 0; i < CACHE_COUNT; i++) {
		const char *name = names[i];

		for (enum side side = 0; side < SIDE_COUNT; side++) {
			const struct cache_counters *cache = traced_cache(&result->sides[side], i);

			if (!cache)
				continue;
			table_cell(table, TONE_PLAIN, "%s", name);
			side_cell(table, side);
			cache_row(cache, traced_cache(&result->sides[!side], i), &agreement, table);
			name = "";
		}
	}
	agreement_note(table, &agreement, "counts");
	leave_out_other_side(result, SENDER_COLUMN, table);
}

/* One row of the clone search: a count of each side that has one, and its share of the searches. */
static void search_rows(const struct result *result, const struct search_counter *counter,
			struct agreement *agreement, struct table *table)
{
	const struct backref_counters *counted[SIDE_COUNT];
	const char *name = counter->name;
	uint64_t counts[SIDE_COUNT];

	for (enum side side = 0; side < SIDE_COUNT; side++) {
		counted[side] = traced_backrefs(&result->sides[side], counter->metric);
		counts[side] = counted[side] ? search_count(counted[side], counter) : 0;
	}
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		uint64_t searches;

		if (!counted[side])
			continue;
		searches = counter->of_searches ? counted[side]->searches : 0;
		table_cell(table, TONE_PLAIN, "%s", name);
		side_cell(table, side);
		count_cell(table, agreement, counts[side], counted[!side] ? &counts[!side] : NULL);
		table_cell(table, TONE_PLAIN, "%s",
			   counter->of_searches ? PERCENT(counts[side], searches) : "");
		if (searches)
			table_bar(table, (double)counts[side] / (double)searches);
		name = "";
	}
}

void build_backrefs(const struct result *result, struct table *table)
{
	static const struct column columns[] = {
		{"Work", ALIGN_LEFT, 0},
		{"Sender", ALIGN_LEFT, 0},
		{"Count", ALIGN_RIGHT, 0},
		{"Share", ALIGN_RIGHT, 0},
	};
	struct agreement agreement = {0};

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < SEARCH_COUNTERS; i++)
		search_rows(result, &search_counters[i], &agreement, table);
	agreement_note(table, &agreement, "counts");
	leave_out_other_side(result, SENDER_COLUMN, table);
}

/* ---- histograms ---- */

struct histogram_pair {
	const struct trace_histogram *sides[SIDE_COUNT]; /* NULL: not known */
	unsigned int first, last;			 /* buckets with something in them */
	uint64_t most;
};

/* False when neither side has anything. */
static bool pair_of(const struct result *result, enum trace_metric metric, size_t offset,
		    struct histogram_pair *pair)
{
	*pair = (struct histogram_pair){.first = TRACE_HISTOGRAM_BUCKETS};
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		const struct trace_figures *figures = traced(&result->sides[side], metric);
		const struct trace_histogram *histogram;

		if (!figures)
			continue;
		histogram = (const void *)((const char *)figures + offset);
		pair->sides[side] = histogram;
		for (unsigned int i = 0; i < TRACE_HISTOGRAM_BUCKETS; i++) {
			if (!histogram->buckets[i])
				continue;
			pair->first = i < pair->first ? i : pair->first;
			pair->last = i > pair->last ? i : pair->last;
			if (histogram->buckets[i] > pair->most)
				pair->most = histogram->buckets[i];
		}
	}
	return pair->most > 0;
}

/* "0", "1", "2 to 3", "4 to 7", ... */
static void range_cell(struct table *table, unsigned int bucket)
{
	uint64_t first = trace_histogram_first(bucket);

	if (bucket == TRACE_HISTOGRAM_BUCKETS - 1)
		table_cell(table, TONE_PLAIN, "%s and more", COUNT(first));
	else if (bucket < 2)
		table_cell(table, TONE_PLAIN, "%s", COUNT(first));
	else
		table_cell(table, TONE_PLAIN, "%s to %s", COUNT(first), COUNT(2 * first - 1));
}

static void time_range_cell(struct table *table, unsigned int bucket)
{
	table_cell(table, TONE_PLAIN, "from %s", DURATION(trace_histogram_first(bucket)));
}

static void histogram_cell(const struct histogram_pair *pair, enum side side, unsigned int bucket,
			   struct agreement *agreement, struct table *table)
{
	const struct trace_histogram *own = pair->sides[side], *other = pair->sides[!side];

	if (!own) {
		table_cell(table, TONE_MUTED, FORMAT_NONE);
		return;
	}
	count_cell(table, agreement, own->buckets[bucket],
		   agreement && other ? &other->buckets[bucket] : NULL);
	table_bar(table, (double)own->buckets[bucket] / (double)pair->most);
}

static void histogram_note(const struct histogram_pair *pair, const struct agreement *agreement,
			   struct table *table)
{
	const struct trace_histogram *known =
		pair->sides[pair->sides[SIDE_KERNEL] ? SIDE_KERNEL : SIDE_ENGINE];

	table_note(table, "On average %s, at most %s, over %s searches.%s",
		   COUNT(known->count ? (known->sum + known->count / 2) / known->count : 0),
		   COUNT(known->max), COUNT(known->count),
		   !agreement->compared	  ? ""
		   : agreement->different ? " Kernel and engine differ."
					  : " Kernel and engine agree.");
}

static void build_histogram(const struct result *result, enum trace_metric metric, size_t offset,
			    const struct column *columns, struct table *table)
{
	struct agreement agreement = {0};
	struct histogram_pair pair;

	table_init(table, columns, 3);
	table->bar_width = HISTOGRAM_BAR;
	if (!pair_of(result, metric, offset, &pair))
		return;
	for (unsigned int bucket = pair.first; bucket <= pair.last; bucket++) {
		range_cell(table, bucket);
		for (enum side side = 0; side < SIDE_COUNT; side++)
			histogram_cell(&pair, side, bucket, &agreement, table);
	}
	histogram_note(&pair, &agreement, table);
	leave_out_other_side(result, ENGINE_COLUMN, table);
}

void build_references(const struct result *result, struct table *table)
{
	static const struct column columns[] = {
		{"References", ALIGN_LEFT, 0},
		{"Kernel", ALIGN_RIGHT, 0},
		{"Engine", ALIGN_RIGHT, 0},
	};

	build_histogram(result, METRIC_EXTENT_REFERENCES,
			offsetof(struct trace_figures, references), columns, table);
}

void build_candidates(const struct result *result, struct table *table)
{
	static const struct column columns[] = {
		{"Candidates", ALIGN_LEFT, 0},
		{"Kernel", ALIGN_RIGHT, 0},
		{"Engine", ALIGN_RIGHT, 0},
	};

	build_histogram(result, METRIC_CANDIDATES, offsetof(struct trace_figures, candidates),
			columns, table);
}

void build_search_times(const struct result *result, struct table *table)
{
	static const struct column columns[] = {
		{"A search took", ALIGN_LEFT, 0},
		{"Kernel", ALIGN_RIGHT, 0},
		{"Engine", ALIGN_RIGHT, 0},
	};
	struct histogram_pair pair;

	table_init(table, columns, 3);
	table->bar_width = HISTOGRAM_BAR;
	if (!pair_of(result, METRIC_SEARCH_TIMES, offsetof(struct trace_figures, search_ns), &pair))
		return;
	for (unsigned int bucket = pair.first; bucket <= pair.last; bucket++) {
		time_range_cell(table, bucket);
		for (enum side side = 0; side < SIDE_COUNT; side++)
			/* Times are nobody's to agree in. */
			histogram_cell(&pair, side, bucket, NULL, table);
	}
}

void build_agreement(const struct result *result, struct table *table)
{
	static const struct column columns[] = {
		{"Counter", ALIGN_LEFT, 0},
		{"Kernel's", ALIGN_RIGHT, 0},
		{"Engine's", ALIGN_RIGHT, 0},
	};
	const struct trace_agreement *agreement = &result->agreement;

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < agreement->count; i++) {
		table_cell(table, TONE_BAD, "%s", agreement->found[i].what);
		table_cell(table, TONE_BAD, "%s", COUNT(agreement->found[i].kernel));
		table_cell(table, TONE_BAD, "%s", COUNT(agreement->found[i].engine));
	}
	if (agreement->compared)
		table_note(table, "%zu of %u counters differ.", agreement->count,
			   agreement->compared);
}
