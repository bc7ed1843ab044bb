/* SPDX-License-Identifier: GPL-2.0 */
/* One pair of sends, the kernel's and then the engine's, in one committed state. */
#ifndef PROFILER_RUN_PAIR_H
#define PROFILER_RUN_PAIR_H

#include "profiler/engine_send.h"
#include "profiler/event_list.h"
#include "profiler/kernel_send.h"
#include "profiler/measure.h"
#include "profiler/recording.h"
#include "profiler/run.h"
#include "profiler/tracer.h"

#include <pthread.h>
#include <stdatomic.h>

struct pair_runner {
	const struct run_request *request;
	struct send_source source;
	struct kernel_send kernel;
	struct engine_send engine;
	/*
	 * The kernel's latest stream, or the recorded one. The kernel's next stream is compared
	 * with it and replaces it if it differs; the engine's is compared with it afterwards.
	 */
	struct stream_store reference;
	struct trace_collector *watcher; /* of the engine's send in the warm-up */

	/* NULL: the pipe tells all. Opened and closed by whoever runs the pairs. */
	struct tracer *tracer;
	bool tracing;		    /* this pair is the traced one */
	bool verifying;		    /* only for comparing what the measured ones send */
	struct trace_figures trace; /* of the last pair, if it was traced */
	char *folded_stacks;	    /* of it; owned, NULL: none were taken */

	/* Read from a recording, if there is one; or, events only, to be written into one. */
	struct recording recording;
	struct event_list events;
	pthread_t trace_reader; /* takes events and samples while the kernel sends */
	atomic_bool reading_trace;
	int reading_failed; /* 0 or a negative errno */

	/* Of the last pair. */
	struct measurement *measurements[SIDE_COUNT];
	uint64_t generation; /* committed when it began */
	bool steady;	     /* nothing was committed while it ran */
	bool traced;	     /* the kernel's send was seen from inside */
	enum side at;	     /* who was at work, also when it failed */
};

/* Resolve names and open what all pairs need. End with pair_runner_release() in any case. */
int pair_runner_init(struct pair_runner *runner, const struct run_request *request,
		     struct failure *failure);
void pair_runner_release(struct pair_runner *runner);

/* Run a pair; @repeat is for the progress line. The streams may differ: that is no error. */
int run_pair(struct pair_runner *runner, unsigned int repeat, struct failure *failure);

/* Whether the streams of the last pair were the same bytes, and if not from where on. */
bool run_pair_equal(const struct pair_runner *runner, uint64_t *first_difference);

/* The engine's stream of the last pair. */
const struct stream_store *run_pair_engine_stream(const struct pair_runner *runner);

#endif
