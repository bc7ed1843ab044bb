/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What to send, found from names: ids of the snapshots and the devices they are read from. Names
 * are paths on a mounted filesystem, or paths and subvolume ids inside an image.
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
	struct option_list images; /* files or devices the names lie in; none: mounted paths */
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
	/* The images, or the mounted devices; at least one, borrowed from the above. */
	const char *const *devices;
	size_t device_count;
	bool live;	       /* the devices are in use */
	bool still;	       /* and nobody writes to them */
	struct volume *volume; /* open, after a sync when mounted */
};

/*
 * Resolve @names, sync and open the devices. Every snapshot must be read-only (-EPERM, the message
 * says how to make it so) and on the same filesystem (-EXDEV). End with send_source_close().
 */
int send_source_open(const struct send_names *names, struct send_source *source,
		     struct failure *failure);
/* Accepts a source whose opening failed. */
void send_source_close(struct send_source *source);

/* Open the devices of @source once more; close with volume_close(). */
int send_source_open_volume(const struct send_source *source, struct volume **out,
			    struct failure *failure);

#endif
