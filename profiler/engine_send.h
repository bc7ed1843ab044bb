/* SPDX-License-Identifier: GPL-2.0 */
/* The engine's send, run like the kernel's: in a thread, one write for each command if wanted. */
#ifndef PROFILER_ENGINE_SEND_H
#define PROFILER_ENGINE_SEND_H

#include "profiler/notice_log.h"
#include "profiler/send_source.h"
#include "profiler/stream_form.h"
#include "profiler/trace_collect.h"

struct engine_send {
	const struct send_source *source;
	struct stream_form form;
	/* Kept open between sends, so that its cache stays warm; NULL: opened for each send. */
	struct volume *volume;
	/* Watches the next sends; NULL: nobody does, and they take no time for it. */
	struct trace_collector *watcher;
	bool is_batched; /* small commands are written together: no command has a time of its own */
	/* What the last send did. */
	struct send_summary summary;
	struct notice_log notices;
	struct volume_counters counters;
	uint64_t committed; /* generation that was sent */
};

/*
 * A send_fn; @context is a struct engine_send. Opening the volume, or reading its superblock again
 * when it is kept open, is part of the send.
 */
int engine_send(void *context, int fd, struct failure *failure);

#endif
