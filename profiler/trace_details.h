/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the single events of one send add up to beyond its totals: where the time went by extent, by
 * inode and in single commands, and how the send went on. It rests on every event having been seen:
 * whoever shows it says so when some were lost (trace_figures.dropped).
 */
#ifndef PROFILER_TRACE_DETAILS_H
#define PROFILER_TRACE_DETAILS_H

#include <stddef.h>
#include <stdint.h>

enum { TRACE_COSTS = 20, TRACE_SLOTS = 160 };

/* What an extent or an inode cost. */
struct trace_cost {
	uint64_t key; /* bytenr of an extent, number of an inode */
	uint64_t time_ns;
	uint64_t doubt_ns;   /* of time_ns, so much may be another's: too many were costly */
	uint64_t commands;   /* of an inode */
	uint64_t bytes;	     /* of those */
	uint64_t searches;   /* for a clone source */
	uint64_t references; /* most that an extent item told */
	uint64_t candidates; /* looked at, over all searches */
	char *path;	     /* of an inode; NULL: not known */
};

/* A single command that took long. */
struct trace_slow_command {
	uint32_t kind;	      /* command number of the stream format */
	uint32_t path_length; /* of the whole path: of a longer one path is the end */
	uint64_t ino;	      /* at work on; 0: none */
	uint64_t bytes;
	uint64_t offset; /* in the stream; 0: not known */
	uint64_t at_ns;	 /* since the send began, when the work on it began */
	uint64_t work_ns;
	uint64_t output_ns; /* 0: part of the work */
	char *path;	    /* NULL: it names none, or it is not known */
};

static inline uint64_t trace_slow_time(const struct trace_slow_command *command)
{
	return command->work_ns + command->output_ns;
}

/* A stretch of the send, all of equal length. */
struct trace_slot {
	uint64_t bytes;
	uint64_t commands;
	uint64_t searches;
	uint64_t output_blocked_ns;
	uint64_t io_blocked_ns;
	uint64_t restarts;
	uint64_t ino; /* last at work on; 0: on none */
};

struct trace_details {
	/* Most costly first. Of an extent: its searches; of an inode: from event to event. */
	struct trace_cost extents[TRACE_COSTS];
	size_t extent_count;
	struct trace_cost inodes[TRACE_COSTS];
	size_t inode_count; /* whose paths are owned */
	/* The longest first; their paths are owned. */
	struct trace_slow_command commands[TRACE_COSTS];
	size_t command_count;
	uint64_t slot_ns;
	struct trace_slot slots[TRACE_SLOTS]; /* the first begins with the send */
	size_t slot_count;
	uint64_t events; /* that all this is made of */
};

/* Accepts NULL. */
void trace_details_free(struct trace_details *details);

#endif
