/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What to send, found from names: ids of the snapshots and the device they are read from. Names are
 * paths on a mounted filesystem, or paths and subvolume ids inside an image.
 */
#ifndef PROFILER_SEND_SOURCE_H
#define PROFILER_SEND_SOURCE_H

#include "profiler/mounted.h"
#include "profiler/options.h"
#include "profiler/result.h"

struct send_names {
	const char *snapshot;
	const char *parent; /* NULL: full send */
	struct option_list clone_sources;
	const char *image; /* file or device the names lie in; NULL: they are mounted paths */
	/* Without a parent, choose one among the clone sources as `btrfs send` does. */
	bool choose_parent;
};

struct send_source {
	struct snapshot_fact snapshot;
	struct snapshot_fact parent;	     /* path NULL: full send */
	struct snapshot_fact *clone_sources; /* as given, the parent not among them */
	size_t clone_source_count;
	/* For both senders: the parent first, as btrfs-progs passes it, then the clone sources. */
	uint64_t *clone_ids;
	size_t clone_count;
	uint64_t parent_id; /* 0: full send */

	struct mounted_subvolume mounted;     /* the snapshot; fd -1 for an image */
	struct mounted_filesystem filesystem; /* empty for an image */
	const char *device;    /* the image, or the mounted device; borrowed from the above */
	bool live;	       /* the device is mounted */
	struct volume *volume; /* open, after a sync when mounted */
};

/*
 * Resolve @names, sync and open the device. Every snapshot must be read-only (-EPERM, the message
 * says how to make it so) and on the same filesystem (-EXDEV). End with send_source_close().
 */
int send_source_open(const struct send_names *names, struct send_source *source,
		     struct failure *failure);
/* Accepts a source whose opening failed. */
void send_source_close(struct send_source *source);

#endif
