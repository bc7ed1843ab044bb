/* SPDX-License-Identifier: GPL-2.0 */
/* One send, measured: the sender in its thread, its stream read, timed and compared here. */
#ifndef PROFILER_MEASURE_H
#define PROFILER_MEASURE_H

#include "profiler/progress.h"
#include "profiler/sender.h"
#include "profiler/stream_store.h"
#include "profiler/stream_tap.h"

struct measurement {
	uint64_t duration_ns; /* as the sending thread saw it, from its start to its return */
	uint64_t cpu_ns;
	struct run_usage usage;
	bool dropped; /* the stream of this send; the next two are of one before it */
	struct stream_tap tap;
	struct stream_comparison comparison; /* with the reference */
};

struct measure_request {
	send_fn send;
	void *context;
	const struct stream_store *reference; /* what the stream is compared with */
	const char *directory;		      /* for a stream that differs */
	struct progress *progress;	      /* begun by the caller */
	bool to_null;			      /* the stream is dropped unread */
};

/* Heap, about 150 KiB. Free with measurement_free(), which accepts NULL. */
struct measurement *measurement_new(void);
void measurement_free(struct measurement *measurement);

/*
 * Run a send to its end; what an earlier one left in @measurement is forgotten, but if this one's
 * stream is dropped tap and comparison stay. 0, the sender's error, -EPROTO or -ENODATA when what
 * it wrote is no whole stream, or dropped has another size than before, -EINTR after a Ctrl-C. The
 * thread is joined in any case.
 */
int measure_send(const struct measure_request *request, struct measurement *measurement,
		 struct failure *failure);

#endif
