/* SPDX-License-Identifier: GPL-2.0 */
/* Sections on what watching a send told: its time, what was costly, how it was watched. */
#include "reports/flame.h"
#include "reports/format.h"
#include "reports/sections.h"
#include "reports/summary.h"
#include "reports/traced.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS_BAR = 30, COSTS_BAR = 10, PATH_IN_TEXT = 32 };

static void share_cell(struct table *table, uint64_t part, uint64_t whole)
{
	table_cell(table, TONE_PLAIN, "%s", PERCENT(part, whole));
	if (whole)
		table_bar(table, (double)part / (double)whole);
}

static const char *how_divided(const struct trace_figures *figures)
{
	if (!trace_is_divided(figures))
		return " What was done on the processor could not be told apart: too few samples "
		       "of the stack, or no names for what they are in.";
	return figures->parts_sampled ? " The parts on the processor are shares of the samples of "
					"its stack, the waits are measured."
				      : "";
}

/* Not divided, all that was done on the processor stands in one row. */
static const char *row_name(const struct trace_figures *figures, enum trace_part part)
{
	return part == PART_OTHER && !trace_is_divided(figures) ? "on the processor"
								: trace_part_name(part);
}

void build_parts(const struct result *result, struct table *table)
{
	static const struct column columns[] = {
		{"Part", ALIGN_LEFT, 0},
		{"Time", ALIGN_RIGHT, 0},
		{"Share", ALIGN_RIGHT, 0},
	};
	const struct trace_figures *figures =
		traced(&result->sides[SIDE_KERNEL], METRIC_TIME_SPLIT);
	uint64_t sum = 0;

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	table->bar_width = PARTS_BAR;
	for (enum trace_part part = 0; figures && part < PART_COUNT; part++)
		sum += figures->parts_ns[part];
	if (!sum)
		return;
	for (enum trace_part part = 0; part < PART_COUNT; part++) {
		table_cell(table, TONE_PLAIN, "%s", row_name(figures, part));
		if (part < PART_OTHER && !trace_is_divided(figures)) {
			table_cell(table, TONE_MUTED, FORMAT_NONE);
			table_cell(table, TONE_MUTED, FORMAT_NONE);
			continue;
		}
		table_cell(table, TONE_PLAIN, "%s", DURATION(figures->parts_ns[part]));
		share_cell(table, figures->parts_ns[part], sum);
	}
	table_note(table, "%s in all.%s", DURATION(sum), how_divided(figures));
}

static uint64_t command_time(const struct trace_command_figures *command)
{
	return command->work_ns + command->output_ns;
}

/* The kinds that occur, those that took the most time first. */
static size_t commands_by_time(const struct trace_figures *figures, unsigned int *kinds)
{
	size_t count = 0;

	for (unsigned int kind = 0; kind < STREAM_C_COUNT; kind++) {
		size_t place = count;

		if (!figures->commands[kind].count)
			continue;
		for (; place && command_time(&figures->commands[kinds[place - 1]]) <
					command_time(&figures->commands[kind]);
		     place--)
			kinds[place] = kinds[place - 1];
		kinds[place] = kind;
		count++;
	}
	return count;
}

void build_command_work(const struct result *result, struct table *table)
{
	static const struct column columns[] = {
		{"Command", ALIGN_LEFT, 0}, {"Count", ALIGN_RIGHT, 0}, {"Work", ALIGN_RIGHT, 0},
		{"Output", ALIGN_RIGHT, 0}, {"Each", ALIGN_RIGHT, 1},  {"Share", ALIGN_RIGHT, 0},
	};
	const struct trace_figures *figures =
		traced(&result->sides[SIDE_KERNEL], METRIC_COMMAND_TIMES);
	unsigned int kinds[STREAM_C_COUNT];
	uint64_t sum = 0;
	size_t count;

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	table->bar_width = COSTS_BAR;
	if (!figures)
		return;
	count = commands_by_time(figures, kinds);
	for (size_t i = 0; i < count; i++)
		sum += command_time(&figures->commands[kinds[i]]);
	for (size_t i = 0; i < count; i++) {
		const struct trace_command_figures *command = &figures->commands[kinds[i]];

		table_cell(table, TONE_PLAIN, "%s", kind_name(kinds[i]));
		table_cell(table, TONE_PLAIN, "%s", COUNT(command->count));
		table_cell(table, TONE_PLAIN, "%s", DURATION(command->work_ns));
		table_cell(table, TONE_PLAIN, "%s", DURATION(command->output_ns));
		table_cell(table, TONE_PLAIN, "%s",
			   DURATION(command_time(command) / command->count));
		share_cell(table, command_time(command), sum);
	}
}

/* Whose events a table is made of, and what is to be known about it. */
static void costs_note(const struct side_result *side, const char *who,
		       const struct trace_cost *costs, size_t count, struct table *table)
{
	const struct trace_figures *figures = side->trace;
	uint64_t doubt_ns = 0;
	char uncertain[3 * FORMAT_SIZE] = "";

	for (size_t i = 0; i < count; i++)
		doubt_ns = costs[i].doubt_ns > doubt_ns ? costs[i].doubt_ns : doubt_ns;
	if (doubt_ns)
		snprintf(uncertain, sizeof(uncertain),
			 " There were too many to watch each: times may be up to %s too high.",
			 DURATION(doubt_ns));
	if (traced_incomplete(side)) {
		table_note(table, "INCOMPLETE: %s of the %s's %s events were lost.%s",
			   COUNT(figures->dropped), who, COUNT(figures->dropped + figures->records),
			   uncertain);
		table->note_tone = TONE_WARN;
	} else {
		table_note(table, "From the %s's events.%s", who, uncertain);
	}
}

/* The kernel's before the engine's; NULL when neither's events tell of @metric. */
static const struct side_result *side_with_costs(const struct result *result,
						 enum trace_metric metric, const char **name)
{
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		*name = side_names[side];
		if (result->sides[side].details && traced(&result->sides[side], metric))
			return &result->sides[side];
	}
	return NULL;
}

/* Candidates are dear to watch: they may not have been asked for. */
static void candidates_cell(struct table *table, const struct side_result *side,
			    const struct trace_cost *cost)
{
	if (traced(side, METRIC_CANDIDATES))
		table_cell(table, TONE_PLAIN, "%s", COUNT(cost->candidates));
	else
		table_cell(table, TONE_MUTED, FORMAT_NONE);
}

void build_extents(const struct result *result, struct table *table)
{
	static const struct column columns[] = {
		{"Extent at", ALIGN_LEFT, 0},	{"Searches", ALIGN_RIGHT, 0},
		{"References", ALIGN_RIGHT, 0}, {"Candidates", ALIGN_RIGHT, 1},
		{"Time", ALIGN_RIGHT, 0},	{"Share", ALIGN_RIGHT, 0},
	};
	const char *who;
	const struct side_result *side = side_with_costs(result, METRIC_CLONE_SEARCHES, &who);

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	table->bar_width = COSTS_BAR;
	if (!side || !side->details->extent_count)
		return;
	for (size_t i = 0; i < side->details->extent_count; i++) {
		const struct trace_cost *cost = &side->details->extents[i];

		table_cell(table, TONE_PLAIN, "%llu", (unsigned long long)cost->key);
		table_cell(table, TONE_PLAIN, "%s", COUNT(cost->searches));
		table_cell(table, TONE_PLAIN, "%s", COUNT(cost->references));
		candidates_cell(table, side, cost);
		table_cell(table, TONE_PLAIN, "%s", DURATION(cost->time_ns));
		share_cell(table, cost->time_ns, side->trace ? side->trace->search_ns.sum : 0);
	}
	costs_note(side, who, side->details->extents, side->details->extent_count, table);
}

/*
 * With no more than @columns of a path; 0: all of it. @is_cut: the path is the end of a longer one.
 */
static void path_cell(struct table *table, const char *path, bool is_cut, unsigned int columns)
{
	char *printable = path ? printable_text("%s%s", is_cut ? "…" : "", path) : NULL;
	char *cut = printable ? format_path(printable, columns ? columns : UINT_MAX) : NULL;

	if (path && !cut)
		table->error = -ENOMEM;
	else if (cut)
		table_cell(table, *cut ? TONE_PLAIN : TONE_MUTED, "%s",
			   *cut ? cut : "the subvolume itself");
	else
		table_cell(table, TONE_MUTED, FORMAT_NONE);
	free(printable);
	free(cut);
}

static void list_inodes(const struct result *result, unsigned int path_columns, struct table *table)
{
	static const struct column columns[] = {
		{"Inode", ALIGN_LEFT, 0},	{"Commands", ALIGN_RIGHT, 0},
		{"Bytes", ALIGN_RIGHT, 0},	{"Searches", ALIGN_RIGHT, 3},
		{"Candidates", ALIGN_RIGHT, 2}, {"Time", ALIGN_RIGHT, 0},
		{"Share", ALIGN_RIGHT, 0},	{"Path", ALIGN_LEFT, 1},
	};
	const char *who;
	const struct side_result *side = side_with_costs(result, METRIC_INODES, &who);

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	table->bar_width = COSTS_BAR;
	if (!side || !side->details->inode_count)
		return;
	for (size_t i = 0; i < side->details->inode_count; i++) {
		const struct trace_cost *cost = &side->details->inodes[i];

		table_cell(table, TONE_PLAIN, "%llu", (unsigned long long)cost->key);
		table_cell(table, TONE_PLAIN, "%s", COUNT(cost->commands));
		table_cell(table, TONE_PLAIN, "%s", BYTES(cost->bytes));
		table_cell(table, TONE_PLAIN, "%s", COUNT(cost->searches));
		candidates_cell(table, side, cost);
		table_cell(table, TONE_PLAIN, "%s", DURATION(cost->time_ns));
		share_cell(table, cost->time_ns, side->trace ? traced_duration_ns(side->trace) : 0);
		path_cell(table, cost->path, false, path_columns);
	}
	costs_note(side, who, side->details->inodes, side->details->inode_count, table);
}

void build_inodes(const struct result *result, struct table *table)
{
	list_inodes(result, 0, table);
}

void build_inodes_in_text(const struct result *result, struct table *table)
{
	list_inodes(result, PATH_IN_TEXT, table);
}

static void list_slow_commands(const struct result *result, unsigned int path_columns,
			       struct table *table)
{
	static const struct column columns[] = {
		{"Command", ALIGN_LEFT, 0},   {"Bytes", ALIGN_RIGHT, 2},
		{"Work", ALIGN_RIGHT, 0},     {"Output", ALIGN_RIGHT, 0},
		{"Begun at", ALIGN_RIGHT, 3}, {"Offset", ALIGN_RIGHT, 4},
		{"Path", ALIGN_LEFT, 1},
	};
	const char *who;
	const struct side_result *side = side_with_costs(result, METRIC_COMMAND_TIMES, &who);

	table_init(table, columns, sizeof(columns) / sizeof(columns[0]));
	if (!side || !side->details->command_count)
		return;
	for (size_t i = 0; i < side->details->command_count; i++) {
		const struct trace_slow_command *command = &side->details->commands[i];
		bool is_cut = command->path && command->path_length > strlen(command->path);

		table_cell(table, TONE_PLAIN, "%s", kind_name(command->kind));
		table_cell(table, TONE_PLAIN, "%s", BYTES(command->bytes));
		table_cell(table, TONE_PLAIN, "%s", DURATION(command->work_ns));
		table_cell(table, command->output_ns ? TONE_PLAIN : TONE_MUTED, "%s",
			   command->output_ns ? DURATION(command->output_ns) : FORMAT_NONE);
		table_cell(table, TONE_PLAIN, "%s", DURATION(command->at_ns));
		table_cell(table, command->offset ? TONE_PLAIN : TONE_MUTED, "%s",
			   command->offset ? COUNT(command->offset) : FORMAT_NONE);
		path_cell(table, command->path, is_cut, path_columns);
	}
	costs_note(side, who, NULL, 0, table);
}

void build_slow_commands(const struct result *result, struct table *table)
{
	list_slow_commands(result, 0, table);
}

void build_slow_commands_in_text(const struct result *result, struct table *table)
{
	list_slow_commands(result, PATH_IN_TEXT, table);
}

/* ---- pictures: the table only says whether there is one, and what is to be known ---- */

static const struct column no_columns[] = {{"", ALIGN_LEFT, 0}};

void build_timeline(const struct result *result, struct table *table)
{
	enum side side = traced_details(result);

	table_init(table, no_columns, 1);
	if (side == SIDE_COUNT)
		return;
	if (traced_incomplete(&result->sides[side])) {
		table_note(table,
			   "INCOMPLETE: %s of the %s's events were lost, its curves are too low.",
			   COUNT(result->sides[side].trace->dropped), side_names[side]);
		table->note_tone = TONE_WARN;
	} else {
		table_note(table, "Each curve has its own scale; the figure beside it is its "
				  "highest point.");
	}
}

void build_flame(const struct result *result, struct table *table)
{
	uint64_t samples = flame_samples(result->sides[SIDE_KERNEL].folded_stacks);

	table_init(table, no_columns, 1);
	if (samples)
		table_note(table,
			   "%s samples. Widths are shares of them, the order of functions "
			   "side by side has no meaning.",
			   COUNT(samples));
}

/* ---- how it was watched ---- */

static void warn_fact(struct table *table, const char *name, const char *text)
{
	table_cell(table, TONE_MUTED, "%s", name);
	table_cell(table, TONE_WARN, "%s", text);
}

static void events_fact(const struct trace_figures *figures, struct table *table)
{
	char text[6 * FORMAT_SIZE];

	if (figures->dropped) {
		snprintf(text, sizeof(text),
			 "INCOMPLETE: %s taken, %s lost for want of room; totals are right, what "
			 "is told of single extents, inodes and times is not",
			 COUNT(figures->records), COUNT(figures->dropped));
		warn_fact(table, "Events", text);
	} else if (figures->records) {
		table_fact(table, "Events", "%s, none lost", COUNT(figures->records));
	}
}

/* What is known to be wrong with the figures. */
static void losses_facts(const struct trace_figures *figures, struct table *table)
{
	char text[6 * FORMAT_SIZE];

	if (figures->samples_lost) {
		snprintf(text, sizeof(text),
			 "INCOMPLETE: %s lost for want of room, or without their stack",
			 COUNT(figures->samples_lost));
		warn_fact(table, "Samples", text);
	}
	if (figures->returns_unseen) {
		snprintf(text, sizeof(text),
			 "%s not seen to end, where the kernel did not tell of it: each counts as "
			 "waiting up to the next one",
			 COUNT(figures->returns_unseen));
		warn_fact(table, "Waits", text);
	}
}

static void metrics_fact(const struct trace_figures *figures, struct table *table)
{
	unsigned int known = (unsigned int)__builtin_popcountll(figures->metrics);

	if (known == METRIC_COUNT)
		table_fact(table, "Measured", "everything");
	else
		table_fact(table, "Measured",
			   "%u of %u things; the others are listed with their reasons", known,
			   METRIC_COUNT);
}

void build_tracing(const struct result *result, struct table *table)
{
	const struct trace_figures *figures = result->sides[SIDE_KERNEL].trace;

	table_init_facts(table);
	if (!figures)
		return;
	/* Of one of several sends that were watched in the same way it is not told. */
	if (result->tier != TIER_PIPE) {
		table_fact(table, "Tier", "%s%s%s", trace_tier_name(result->tier),
			   *result->tier_reason ? "; not a higher one: " : "", result->tier_reason);
		metrics_fact(figures, table);
	}
	events_fact(figures, table);
	losses_facts(figures, table);
	if (trace_knows(figures, METRIC_RESTARTS))
		table_fact(table, "Restarts", "%s, because of a relocation",
			   COUNT(figures->restarts));
	if (trace_knows(figures, METRIC_INODES))
		table_fact(table, "Inodes", "%s", COUNT(figures->inodes));
	if (trace_knows(figures, METRIC_PATHS) && figures->path_ns.count)
		table_fact(table, "Paths", "%s resolved in %s", COUNT(figures->path_ns.count),
			   DURATION(figures->path_ns.sum));
	if (trace_knows(figures, METRIC_DISK_READS))
		table_fact(table, "Device reads", "%s, %s", COUNT(figures->disk_reads),
			   BYTES(figures->disk_read_bytes));
	if (figures->result)
		table_fact(table, "Result", "%s (%lld)", trace_result_text(figures->result),
			   (long long)figures->result);
}
