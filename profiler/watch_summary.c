/* SPDX-License-Identifier: GPL-2.0 */
/* What is said when watching has ended. */
#include "profiler/json_build.h"
#include "profiler/result_fields.h"
#include "profiler/watch.h"
#include "reports/format.h"
#include "reports/text_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *outcome_of(const struct traced_send *send, bool ended)
{
	if (!ended)
		return "still under way";
	return trace_result_text(send->figures.result);
}

/* Why there is no @metric, and which option asks for it; NULL: there is. */
static const char *reason_missing(const struct watch *watch, enum trace_metric metric)
{
	if (!tracer_unasked(watch->tracer, metric))
		return tracer_missing(watch->tracer, metric);
	return metric == METRIC_STACKS ? "not asked for: --stacks or --flame"
				       : "not asked for: --full";
}

/* Those that ended, then those under way. */
static size_t count_sends(const struct watch *watch)
{
	return watch->ended.count + watch->running.count;
}

static const struct traced_send *send_at(const struct watch *watch, size_t i)
{
	return i < watch->ended.count ? &watch->ended.sends[i]
				      : &watch->running.sends[i - watch->ended.count];
}

/* One that goes on is measured up to when it was last looked at. */
static uint64_t end_of(const struct watch *watch, const struct trace_figures *figures)
{
	return figures->ended_ns ? figures->ended_ns : watch->before_ns;
}

static void overview_row(const struct watch *watch, const struct traced_send *send,
			 struct table *table)
{
	const struct trace_figures *figures = &send->figures;
	uint64_t ns = end_of(watch, figures) - figures->began_ns;
	bool failed = figures->ended_ns && figures->result < 0;
	char most[FORMAT_SIZE];

	trace_view_most_time(figures, figures->parts_ns, most);
	table_cell(table, TONE_PLAIN, "%" PRIu32, send->process);
	table_cell(table, TONE_PLAIN, "%s", send->command);
	if (send->root_id)
		table_cell(table, TONE_PLAIN, "%" PRIu64, send->root_id);
	else
		table_cell(table, TONE_MUTED, FORMAT_NONE);
	if (send->parent_id)
		table_cell(table, TONE_PLAIN, "%" PRIu64, send->parent_id);
	else
		table_cell(table, TONE_MUTED, FORMAT_NONE);
	table_cell(table, TONE_PLAIN, "%s", DURATION(ns));
	if (trace_knows(figures, METRIC_OUTPUT)) {
		table_cell(table, TONE_PLAIN, "%s", BYTES(figures->output_bytes));
		table_cell(table, TONE_PLAIN, "%s", RATE(figures->output_bytes, ns));
	} else {
		table_cell(table, TONE_MUTED, FORMAT_NONE);
		table_cell(table, TONE_MUTED, FORMAT_NONE);
	}
	table_cell(table, TONE_PLAIN, "%s", most);
	table_cell(table, failed ? TONE_BAD : TONE_PLAIN, "%s",
		   outcome_of(send, figures->ended_ns != 0));
}

/* All of them in a line each, before what is told of each. */
static int put_overview(const struct watch *watch, const struct text_terminal *terminal)
{
	static const struct column columns[] = {
		{"Process", ALIGN_RIGHT, 0},   {"Command", ALIGN_LEFT, 3},
		{"Subvolume", ALIGN_RIGHT, 0}, {"Parent", ALIGN_RIGHT, 2},
		{"Duration", ALIGN_RIGHT, 0},  {"Sent", ALIGN_RIGHT, 0},
		{"Rate", ALIGN_RIGHT, 1},      {"Most time", ALIGN_LEFT, 0},
		{"Result", ALIGN_LEFT, 0},
	};
	struct table table;
	int ret;

	table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < count_sends(watch); i++)
		overview_row(watch, send_at(watch, i), &table);
	ret = table.error;
	if (!ret) {
		text_title(terminal, "Sends");
		text_table(terminal, &table);
	}
	table_release(&table);
	return ret;
}

/* "process 4711 (btrfs), subvolume 258, parent 257: done after 4.51 s, 2.37 MiB" */
static int put_heading(const struct watch *watch, const struct traced_send *send,
		       const struct text_terminal *terminal)
{
	const struct trace_figures *figures = &send->figures;
	char subvolume[40] = "", parent[40] = "", bytes[FORMAT_SIZE + 2] = "";
	char *heading;

	if (send->root_id)
		snprintf(subvolume, sizeof(subvolume), ", subvolume %" PRIu64, send->root_id);
	if (send->parent_id)
		snprintf(parent, sizeof(parent), ", parent %" PRIu64, send->parent_id);
	if (trace_knows(figures, METRIC_OUTPUT))
		snprintf(bytes, sizeof(bytes), ", %s", BYTES(figures->output_bytes));
	heading = printable_text("process %" PRIu32 " (%s)%s%s: %s after %s%s", send->process,
				 send->command, subvolume, parent,
				 outcome_of(send, figures->ended_ns != 0),
				 DURATION(end_of(watch, figures) - figures->began_ns), bytes);
	if (!heading)
		return -ENOMEM;
	fputc('\n', terminal->out);
	text_begin(terminal, TEXT_BOLD);
	text_wrapped(terminal, TONE_PLAIN, heading, 0);
	text_end(terminal);
	free(heading);
	return 0;
}

/*
 * What is so for all of them, the tier and what is not measured, stands once, below the @last one.
 */
static int put_send(const struct watch *watch, const struct traced_send *send, bool last,
		    const struct text_terminal *terminal)
{
	struct traced_send measured = *send;
	struct trace_summary summary = {
		.send = &measured,
		.details = watch->details ? watch_details_of(watch->details, send) : NULL,
	};
	int ret = put_heading(watch, send, terminal);

	measured.figures.ended_ns = end_of(watch, &send->figures);
	if (last)
		summary.tier_reason = tracer_tier_reason(watch->tracer);
	for (unsigned int i = 0; last && i < METRIC_COUNT; i++)
		summary.missing[i] = reason_missing(watch, i);
	return ret ? ret
		   : trace_view_summary(&summary, terminal->out, terminal->colour, terminal->width);
}

int watch_summarize(const struct watch *watch, FILE *out, bool colour, unsigned int width)
{
	const struct text_terminal terminal = text_terminal_on(out, colour, width);
	size_t running = watch->running.count, count = count_sends(watch);
	uint64_t unseen = tracer_unseen(watch->tracer);
	char programs[128];
	uint64_t missed = tracer_missed(watch->tracer, programs, sizeof(programs));
	int ret = 0;

	fprintf(out, "%" PRIu64 " %s ended", watch->seen, watch->seen == 1 ? "send" : "sends");
	if (running)
		fprintf(out, ", %zu %s under way", running, running == 1 ? "is" : "are");
	if (unseen)
		fprintf(out, ", %" PRIu64 " %s not watched: too many at a time", unseen,
			unseen == 1 ? "was" : "were");
	if (missed)
		fprintf(out, "; " TRACER_MISSED_FORMAT, missed, programs);
	fputs(watch->ended.count < watch->seen ? "; the last ones:\n" : "\n", out);
	if (count > 1)
		ret = put_overview(watch, &terminal);
	for (size_t i = 0; !ret && i < count; i++)
		ret = put_send(watch, send_at(watch, i), i == count - 1, &terminal);
	if (!ret && (fflush(out) || ferror(out)))
		ret = errno ? -errno : -EIO;
	return ret;
}

static void put_details(const struct watch *watch, const struct send_list *list,
			struct json_builder *array)
{
	for (size_t i = 0; watch->details && i < list->count; i++) {
		const struct traced_send *send = &list->sends[i];
		struct json_builder row = json_begin_object();

		json_put_number(&row, "thread", send->figures.thread);
		json_put_number(&row, "began_ns", send->figures.began_ns);
		json_put(&row, "details",
			 trace_details_to_json(watch_details_of(watch->details, send)));
		json_append(array, json_finish(&row));
	}
}

json_t *watch_summary_to_json(const struct watch *watch)
{
	struct json_builder line = json_begin_object(), object = json_begin_object();
	struct json_builder missing = json_begin_array();
	struct json_builder details = json_begin_array();
	const char *reason = tracer_tier_reason(watch->tracer);

	put_details(watch, &watch->ended, &details);
	put_details(watch, &watch->running, &details);
	for (unsigned int i = 0; i < METRIC_COUNT; i++) {
		const char *why = reason_missing(watch, i);
		struct json_builder row;

		if (!why)
			continue;
		row = json_begin_object();
		json_put_text(&row, "metric", trace_metric_key(i));
		json_put_text(&row, "reason", why);
		json_append(&missing, json_finish(&row));
	}
	json_put_text(&object, "tier", trace_tier_name(tracer_tier(watch->tracer)));
	json_put_text(&object, "tier_reason", *reason ? reason : NULL);
	json_put_number(&object, "ended", watch->seen);
	json_put_number(&object, "under_way", watch->running.count);
	json_put_number(&object, "not_watched", tracer_unseen(watch->tracer));
	json_put_number(&object, "runs_missed", tracer_missed(watch->tracer, NULL, 0));
	json_put(&object, "missing", json_finish(&missing));
	json_put(&object, "sends", json_finish(&details));
	json_put(&line, "summary", json_finish(&object));
	return json_finish(&line);
}
