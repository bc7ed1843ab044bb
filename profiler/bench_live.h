/* SPDX-License-Identifier: GPL-2.0 */
/* A balance that runs while a workload is sent, and the count of what it moved. */
#ifndef PROFILER_BENCH_LIVE_H
#define PROFILER_BENCH_LIVE_H

#include "engine/core/failure.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Addresses of the data extents below a folder, file by file. */
struct extent_places {
	uint64_t *bytenrs; /* owned */
	size_t count;
};

struct bench_live {
	const char *top;	 /* where the filesystem is mounted; borrowed */
	char *folder;		 /* what is looked at in it; owned */
	struct extent_places at; /* where its extents were in the beginning */
	pid_t pid;		 /* who balances; 0: nobody */
	int rounds_fd;		 /* a byte comes from there after each whole balance */
};

struct bench_moves {
	uint64_t rounds;	/* balances that came to their end */
	uint64_t extents;	/* in the folder */
	uint64_t moved_extents; /* that are elsewhere in the end than in the beginning */
};

/*
 * Note where the extents below @folder of the filesystem mounted at @top are, and balance all of it
 * over and over in a process of its own. 0 or a negative errno. End with bench_live_stop() in any
 * case.
 */
int bench_live_start(struct bench_live *live, const char *top, const char *folder,
		     struct failure *failure);

/*
 * With @moves, wait until one balance at least went through all of the filesystem, stop, and count.
 * -EIO when not every extent has moved. NULL: only stop.
 */
int bench_live_stop(struct bench_live *live, struct bench_moves *moves, struct failure *failure);

#endif
