/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two send streams compared as aligned sequences of commands. Equal commands are aligned first; in
 * the gaps that remain, a command that only the left has and one that only the right has are
 * "changed" when they are of the same kind and path (preferring the same place in the file).
 */
#ifndef PROFILER_STREAM_DIFF_H
#define PROFILER_STREAM_DIFF_H

#include "profiler/stream_file.h"

enum { STREAM_DIFF_CONTEXT_MAX = 1000 };

struct stream_diff_options {
	size_t context;	   /* rows before the first divergence; after it twice as many and one */
	uint64_t ignored;  /* 1 << attribute id: what does not count; 1: the headers' protocol */
	size_t data_bytes; /* of DATA in the rows' texts */
};

/* In commands; a stream header counts only where the sides differ in it. */
struct stream_diff_counts {
	uint64_t identical;
	uint64_t changed;
	uint64_t only_left;
	uint64_t only_right;
};

enum stream_diff_state {
	STREAM_DIFF_SAME,
	STREAM_DIFF_CHANGED,
	STREAM_DIFF_ONLY_LEFT,
	STREAM_DIFF_ONLY_RIGHT,
};

/* Two aligned commands, or one that has no partner. */
struct stream_diff_row {
	enum stream_diff_state state;
	struct stream_position left;  /* not set in ONLY_RIGHT */
	struct stream_position right; /* not set in ONLY_LEFT */
	char *left_text;	      /* owned; NULL in ONLY_RIGHT */
	char *right_text;	      /* owned; NULL in ONLY_LEFT */
	uint64_t attributes;	      /* of CHANGED: 1 << id of those that differ */
	uint32_t data_difference;     /* if DATA is one of them: the first byte that differs */
};

struct stream_diff {
	bool different;
	struct stream_diff_counts total;
	struct stream_diff_counts kinds[STREAM_C_COUNT]; /* by command number; 0: headers */
	uint64_t attributes[STREAM_A_COUNT]; /* changed commands that differ in the attribute */
	/* The first divergence, if different: commands before it, and where it is on each side. */
	uint64_t first_command;
	uint64_t left_offset;
	uint64_t right_offset;
	struct stream_diff_row *rows; /* around it */
	size_t row_count;
	size_t first_row; /* the one that differs first */
};

/*
 * Compare the rest of @left with the rest of @right; both can be read again (see
 * stream_file_make_seekable()). Identical beginnings cost no memory, each command after them up to
 * 100 bytes. 0 also when a file turned out damaged: then its failure is set and @diff covers what
 * was good. -ENOMEM, or a read error (in the file's failure), leave @diff without meaning. Release
 * with stream_diff_release() in any case.
 */
int stream_diff_run(struct stream_file *left, struct stream_file *right,
		    const struct stream_diff_options *options, struct stream_diff *diff);
void stream_diff_release(struct stream_diff *diff);

#endif
