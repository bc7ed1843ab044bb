/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How sends under way are shown: what was seen of them now and one interval before becomes a line
 * for each. Nothing here asks the kernel or the clock.
 */
#ifndef PROFILER_TRACE_VIEW_H
#define PROFILER_TRACE_VIEW_H

#include "profiler/trace_details.h"
#include "profiler/tracer.h"
#include "reports/format.h"

#include <jansson.h>

enum trace_view_form {
	TRACE_VIEW_LIVE,  /* lines of a terminal, drawn over the last ones */
	TRACE_VIEW_LINES, /* one after another, for a file or a pipe */
	TRACE_VIEW_JSON,  /* an object a line */
};

struct trace_view {
	FILE *out;
	enum trace_view_form form;
	unsigned int width; /* columns of a line, at least 20; not of JSON */
	size_t rows;	    /* of a terminal: more sends than fit are counted; 0: no limit */
	bool colour;
	bool utf8;
	uint64_t realtime_ns; /* CLOCK_REALTIME at the moment that is shown, for JSON */
	/* The rest is private; zero at first. */
	size_t drawn; /* lines that are drawn over */
	bool headed;
	bool resized;
};

/* Sends at a time, as tracer_sends() gives them. */
struct trace_moment {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	const struct traced_send *sends;
	size_t count;
};

/* What a send did between two moments; since it began, if it was not seen at the first one. */
struct trace_interval {
	uint64_t ns;
	uint64_t bytes;
	uint64_t commands;
	struct cache_counters caches[CACHE_COUNT]; /* max_entries is the total's */
	uint64_t searches;
	uint64_t parts_ns[PART_COUNT];
};
void trace_interval_of(const struct traced_send *send, const struct trace_moment *now,
		       const struct trace_moment *before, struct trace_interval *interval);

/*
 * Show all sends of @now; @before is NULL the first time. 0, or a negative errno: -ENOMEM or what
 * the file said.
 */
int trace_view_show(struct trace_view *view, const struct trace_moment *now,
		    const struct trace_moment *before);

/* The part that took most of @parts_ns, in a few words and with its share of them. */
void trace_view_most_time(const struct trace_figures *figures, const uint64_t parts_ns[PART_COUNT],
			  char out[FORMAT_SIZE]);

/*
 * The terminal is of this size from now on. Where the lines that were drawn are then only the
 * terminal knows, so the next ones are drawn on an empty screen.
 */
void trace_view_resize(struct trace_view *view, unsigned int width, size_t rows);

/* A line of TRACE_VIEW_JSON: keys as those of a result's side, "trace" the totals so far. */
json_t *trace_view_to_json(const struct traced_send *send, const struct trace_interval *interval,
			   uint64_t now_ns, uint64_t realtime_ns);

/*
 * What was found out about a send, when it has ended: the sections of a report that rest on
 * watching it. @details, @folded_stacks and each of @missing may be NULL. 0 or a negative errno.
 */
struct trace_summary {
	const struct traced_send *send;
	const struct trace_details *details;
	const char *folded_stacks;
	/* Why not a higher one; NULL: nothing is said of the tier. */
	const char *tier_reason;
	const char *missing[METRIC_COUNT]; /* why a metric is not measured */
};
int trace_view_summary(const struct trace_summary *summary, FILE *out, bool colour,
		       unsigned int width);

#endif
