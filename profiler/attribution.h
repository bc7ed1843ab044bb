/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which behaviour explains a difference: the engine sends again with rows of the generations table
 * turned, until its stream is the kernel's. Each attempt ends at the first command that differs.
 *
 *   1. each row alone, and the other generations as they are
 *   2. pairs with a row, or a generation, that changes the stream up to the first difference
 *   3. more rows, as long as each one more agrees further
 *   4. of several rows, or of another generation, only what shows in this stream
 */
#ifndef PROFILER_ATTRIBUTION_H
#define PROFILER_ATTRIBUTION_H

#include "profiler/result.h"
#include "profiler/stream_store.h"

/*
 * Send as @generation into @sink. 0, the sink's error, -EAGAIN when the filesystem is not in the
 * state any more that the reference was made from, or what the send failed with.
 */
typedef int (*attribution_send_fn)(void *context, const struct generation *generation,
				   stream_sink_fn sink, void *sink_context);

struct attribution_request {
	attribution_send_fn send;
	void *context;
	const struct stream_store *reference; /* the kernel's stream */
	struct generation asked;
	uint64_t limit_ns; /* looked at before each command: a silent send may take longer */
};

/*
 * Fill @attribution, all but its decisions. A send that fails is an attempt that differs where it
 * failed. 0, -EINTR after a Ctrl-C, -ENOMEM, or an error of reading the reference, with @failure.
 */
int attribution_find(const struct attribution_request *request, struct attribution *attribution,
		     struct failure *failure);

#endif
