/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A stream compared with a stored one command by command, and stopped at the first that differs: a
 * wrong guess costs only what comes before.
 */
#ifndef PROFILER_STREAM_FOLLOW_H
#define PROFILER_STREAM_FOLLOW_H

#include "profiler/stream_store.h"

struct stream_follow {
	const struct stream_store *reference; /* borrowed */
	uint8_t *window;		      /* of the reference */
	uint64_t window_offset;
	size_t window_length;
	uint64_t position; /* all commands before it are the same */
	bool differs;	   /* the command that comes there does not, and was the last */
	uint8_t *last;	   /* that command; owned, kept if wanted */
	size_t last_length;
	bool keep_last;
	uint64_t deadline_ns;	/* CLOCK_MONOTONIC; 0: none */
	struct failure failure; /* of reading the reference */
};

/* 0 or -ENOMEM. Release in any case. */
int stream_follow_init(struct stream_follow *follow, const struct stream_store *reference);
void stream_follow_release(struct stream_follow *follow);

/* From the beginning again; what was kept is kept. */
void stream_follow_rewind(struct stream_follow *follow);

/*
 * A stream_sink_fn; @context is a struct stream_follow. -ECANCELED stops at the first difference,
 * -ETIMEDOUT at the deadline, -EINTR after a Ctrl-C; else what reading the reference returned.
 */
int stream_follow_sink(void *context, const void *data, size_t length);

/* After a stream that was not stopped: is the reference at its end, too? */
bool stream_follow_is_whole(const struct stream_follow *follow);

#endif
