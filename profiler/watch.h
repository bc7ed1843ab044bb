/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sends that others start, watched until something ends that: what the tracer sees becomes lines,
 * an interval at a time, and a summary.
 */
#ifndef PROFILER_WATCH_H
#define PROFILER_WATCH_H

#include "profiler/folded.h"
#include "profiler/trace_view.h"
#include "profiler/watch_details.h"

struct send_list {
	struct traced_send *sends; /* owned */
	size_t count;
};

struct watch {
	struct tracer *tracer;	       /* the caller's */
	struct trace_view view;	       /* where and how; no lines when out is NULL */
	struct watch_details *details; /* owned; what single events tell; NULL: not asked for */
	struct folded *stacks;	       /* owned; of all sends; NULL: not asked for */
	uint64_t interval_ns;
	int end; /* a pidfd: watching ends with this process; -1: it does not */
	/* What a signal that asks to stop does: called once, watching goes on; NULL: it ends. */
	void (*interrupted)(void *context, int signal);
	void *context;
	/* Private but for reading; zero at first. */
	struct send_list running;
	struct send_list ended; /* the newest, up to WATCH_KEPT after each interval */
	size_t told;		/* of ended, the first ones were shown */
	uint64_t seen;		/* ended ones in all */
	struct send_list before;
	uint64_t before_ns;
	bool signal_told;
};

/* Sends that ended and whose figures are kept for the summary. */
enum { WATCH_KEPT = 64 };

/* Watch to the end. 0 or a negative errno with @failure set. End with watch_release(). */
int watch_sends(struct watch *watch, struct failure *failure);

/* Then, if there are stacks: add those of the sends under way. 0 or a negative errno. */
int watch_add_running_stacks(struct watch *watch, struct failure *failure);
/* What was found out about each send. 0 or a negative errno. */
int watch_summarize(const struct watch *watch, FILE *out, bool colour, unsigned int width);
/* The same as one object: {"summary": ...}; NULL without memory. */
json_t *watch_summary_to_json(const struct watch *watch);

/* Free what it owns. */
void watch_release(struct watch *watch);

#endif
