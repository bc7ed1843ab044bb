/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A send of the kernel in a file: what tracing found out, its single events and its stream, for an
 * engine's send to be compared with later and elsewhere. docs/recording-format.md has the format.
 */
#ifndef PROFILER_RECORDING_H
#define PROFILER_RECORDING_H

#include "profiler/event_list.h"
#include "profiler/result.h"
#include "profiler/stream_store.h"

/* More are not recorded, and a file with more is refused. */
#define RECORDING_EVENTS_MAX (UINT64_C(1) << 22)

struct recording {
	char kernel[96];	      /* its release */
	struct generation generation; /* it is of */
	struct snapshot_fact snapshot;
	struct snapshot_fact parent; /* id 0: a full send */
	uint32_t protocol;
	bool no_data;
	bool compressed_data;
	char tier_reason[256];
	struct trace_figures figures; /* TIER_PIPE: nothing but the stream is known */
	uint64_t event_count;	      /* an event lost when it was recorded is not among them */
	uint64_t stream_bytes;
};

/*
 * Write @path, which is whole afterwards, or as it was before. How many events and bytes of the
 * stream follow is told by @events and @stream. 0 or a negative errno with @failure set.
 */
int recording_save(const char *path, const struct recording *recording,
		   const struct event_list *events, const struct stream_store *stream,
		   struct failure *failure);

/*
 * Read the whole of @path: facts to @recording, events to @consume (may be NULL) before it is known
 * that the file is whole, the stream into @stream, whose file is in @directory. 0; -EPROTO when it
 * is no recording, damaged or cut off, -EOPNOTSUPP for another version; with @failure set nothing
 * is left in @recording and @stream.
 */
int recording_load(const char *path, const char *directory, struct recording *recording,
		   event_fn consume, void *context, struct stream_store *stream,
		   struct failure *failure);

/* The same of the facts only. */
int recording_load_facts(const char *path, struct recording *recording, struct failure *failure);

/* Free what it owns. */
void recording_release(struct recording *recording);

#endif
