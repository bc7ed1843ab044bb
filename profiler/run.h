/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The runner: pairs of sends, the kernel's and the engine's, over the same snapshots in the same
 * committed state; what it finds goes into a result.
 */
#ifndef PROFILER_RUN_H
#define PROFILER_RUN_H

#include "profiler/progress.h"
#include "profiler/send_source.h"
#include "profiler/stream_form.h"
#include "profiler/trace_figures.h"
#include "profiler/why.h"

struct run_request {
	struct send_names names;
	const char *kernel_stream; /* recorded, to compare with; NULL: run the kernel's send */
	bool kernel_trace;	   /* that is a recording, not only a stream */
	const char *record;	   /* write a recording of the kernel's send there; NULL: none */
	const char *directory;	   /* exists; for temporary files and kept streams */
	unsigned int repeat;	   /* measured pairs, after one that is not */
	struct stream_form form;
	bool cold;
	enum send_sink sink;
	bool tier_forced;	      /* that one or nothing */
	enum trace_tier tier;	      /* the highest in which the kernel's send is traced */
	bool keep_streams;	      /* as kernel.stream and engine.stream in the directory */
	bool batch;		      /* the engine writes small commands together */
	uint64_t max_references;      /* what to clone in one more send; 0: there is none */
	uint64_t explain_ns;	      /* how long to look for what explains a difference; 0: not */
	const struct why_filter *why; /* what the engine is asked about in the end; NULL: nothing */
	struct progress *progress;
	/* Called with the result so far after each pair; its error ends the run. */
	int (*after_pair)(void *context, const struct result *result, struct failure *failure);
	void *context;
};

/* The words of an option for the tier, ended by NULL: "auto", then the tiers in their order. */
extern const char *const run_tier_words[];
enum { RUN_TIER_AUTO, RUN_TIER_PIPE };
/* By the index of one of them. */
void run_request_set_tier(struct run_request *request, unsigned int word);

/*
 * Run all pairs. @result is zeroed before and the caller's to release in any case; when something
 * failed its verdict is incomplete, and its snapshot has no path if not even the snapshots could be
 * found. 0 or a negative errno with @failure set: what a sender returned, -EAGAIN when the
 * filesystem would not hold still, -EINTR after a Ctrl-C.
 */
int run(const struct run_request *request, struct result *result, struct failure *failure);

#endif
