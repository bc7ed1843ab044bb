/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pipe tier of tracing: bytes of a send stream with the times at which they were read become
 * counts, latencies and progress. A sender writes each command at once, so what a read returns ends
 * where a command ends, unless the pipe was full.
 */
#ifndef PROFILER_STREAM_TAP_H
#define PROFILER_STREAM_TAP_H

#include "profiler/result.h"

/* What was seen of one send. */
struct tap_figures {
	uint64_t first_byte_ns; /* since the send began; 0: no byte came */
	uint64_t bytes;		/* with the stream header */
	uint64_t commands;
	struct kind_stats kinds[STREAM_C_COUNT];
	struct progress_point progress[RESULT_PROGRESS_POINTS];
	size_t progress_count;
};

struct stream_tap {
	struct tap_figures figures;
	/* The rest is private. */
	uint64_t start_ns;
	uint64_t last_end_ns; /* when the last command was complete */
	uint64_t last_read_ns;
	uint64_t progress_step_ns;	    /* least distance of two progress points */
	unsigned int protocol;		    /* 0 until the stream header was read */
	bool ended;			    /* END was seen */
	uint8_t header[STREAM_HEADER_SIZE]; /* of the stream or of a command, as far as it came */
	size_t header_used;
	uint64_t command_offset;
	uint32_t command_length;
	uint32_t command_left; /* bytes of the payload that are still to come */
	uint16_t command_kind;
};

/* Times are CLOCK_MONOTONIC. A tap is large: keep it on the heap. */
void stream_tap_init(struct stream_tap *tap, uint64_t start_ns);

/*
 * Take the @length bytes that one read returned at @now_ns. 0, or -EPROTO for what cannot be a
 * stream.
 */
int stream_tap_feed(struct stream_tap *tap, const void *data, size_t length, uint64_t now_ns,
		    struct failure *failure);

/* The stream ends: -ENODATA unless that is just after END. Adds the last progress point. */
int stream_tap_finish(struct stream_tap *tap, struct failure *failure);

#endif
