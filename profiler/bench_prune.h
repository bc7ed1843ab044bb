/* SPDX-License-Identifier: GPL-2.0 */
/* Images in the cache that no bench of this version would take. */
#ifndef PROFILER_BENCH_PRUNE_H
#define PROFILER_BENCH_PRUNE_H

#include "engine/core/failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_pruned {
	size_t removed, kept; /* images */
	uint64_t bytes;	      /* that the removed ones took on disk */
};

enum bench_image {
	BENCH_IMAGE_FOREIGN, /* not named as an image of ours */
	BENCH_IMAGE_CURRENT,
	BENCH_IMAGE_OLD,	/* of another version of the builder or of mkfs.btrfs */
	BENCH_IMAGE_UNFINISHED, /* of a process, which may have ended */
};

/*
 * What a file in the cache is by its @name. @suffix is what names of current images end with; *@pid
 * is the process of an unfinished one.
 */
enum bench_image bench_image_kind(const char *name, const char *suffix, int *pid);

/*
 * Remove from the folder @cache the images that are old, and unfinished ones of processes that are
 * no more. What is not named as an image, or holds no filesystem with our label, stays. 0 or a
 * negative errno with @failure set; a folder that is not there has nothing in it.
 */
int bench_prune(const char *cache, const char *suffix, struct bench_pruned *pruned,
		struct failure *failure);

#endif
