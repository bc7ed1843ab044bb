/* SPDX-License-Identifier: GPL-2.0 */
/* The filesystem of a workload: built once, kept as an image file, mounted for its run. */
#ifndef PROFILER_BENCH_FILESYSTEM_H
#define PROFILER_BENCH_FILESYSTEM_H

#include "profiler/bench_plan.h"

/* Of filesystems that are built here: what has it is ours to replace. */
#define BENCH_LABEL "sendprof-bench"

struct bench_place {
	char *cache;	    /* folder of the images; owned */
	const char *device; /* build on this one each time; NULL: on images in the cache */
	char *mkfs_version; /* owned */
	char *mount_point;  /* a temporary folder; owned */
	bool mounted;
	char *copy; /* of an image, mounted in its place; owned, NULL: there is none */
};

/*
 * Find out where images are and by which version of mkfs they are made; nothing is created. The
 * first part of bench_place_open().
 */
int bench_place_find(struct bench_place *place, const char *cache, const char *device,
		     struct failure *failure);
/* "_mkfs-v6.2_builder-1.img": what names of images end with. The caller frees it; NULL: no memory.
 */
char *bench_image_suffix(const struct bench_place *place);

/*
 * Find or make the folders, and go into a mount namespace of our own: nothing stays mounted then,
 * however this process ends, and a loop device is freed with its mount. @cache NULL: the user's.
 * 0 or a negative errno. End with bench_place_close() in any case.
 */
int bench_place_open(struct bench_place *place, const char *cache, const char *device,
		     struct failure *failure);
void bench_place_close(struct bench_place *place);

/* Whether the image of @job is in the cache. */
bool bench_filesystem_cached(const struct bench_place *place, const struct bench_job *job);

/*
 * Build the filesystem unless it is cached, and mount it read-only; that of a live workload is
 * mounted to be changed, as a copy of what is cached. Its claims were verified when it was built. 0
 * or a negative errno; -EINTR after a Ctrl-C.
 */
int bench_filesystem_mount(struct bench_place *place, const struct bench_job *job,
			   struct failure *failure);
int bench_filesystem_unmount(struct bench_place *place, struct failure *failure);

#endif
