/* SPDX-License-Identifier: GPL-2.0 */
/* A recorded stream against the engine's stream of the same snapshots: `stream diff --explain`. */
#ifndef PROFILER_STREAM_DIFF_ENGINE_H
#define PROFILER_STREAM_DIFF_ENGINE_H

#include "profiler/result.h"
#include "profiler/send_source.h"
#include "profiler/stream_form.h"
#include "profiler/stream_store.h"

struct diff_engine {
	struct send_source source;
	struct stream_form form;
	struct stream_store recorded;
	struct stream_comparison comparison; /* of the engine's stream with the recorded one */
	struct failure send_failure;	     /* the engine's send failed: its stream is cut short */
	uint64_t committed;		     /* generation that it read */
};

/*
 * Send @names with the engine, in the protocol of the recorded stream. A send that fails is no
 * error: it may be what differs. 0 or a negative errno with @failure. Close in any case.
 */
int diff_engine_open(struct diff_engine *engine, const struct send_names *names,
		     const struct stream_form_options *form, const char *recorded,
		     struct failure *failure);
void diff_engine_close(struct diff_engine *engine);

/* The engine's stream, borrowed. */
const struct stream_store *diff_engine_stream(const struct diff_engine *engine);

/* See explain(). */
int diff_engine_explain(const struct diff_engine *engine, uint64_t limit_ns,
			struct attribution *attribution, struct failure *failure);

#endif
