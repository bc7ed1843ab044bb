/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libsendengine: btrfs send in user space. The one public header: open a filesystem, send a
 * snapshot, read a send stream. No globals, no printing; a volume and everything made from it
 * belong to one thread at a time.
 */
#ifndef SENDENGINE_H
#define SENDENGINE_H

#include "engine/core/failure.h"
#include "engine/events.h"
#include "engine/send/clone_loss.h"
#include "engine/send/generation.h"
#include "engine/stream/stream_format.h"
#include "engine/stream/stream_read.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- volume ---- */

struct volume;

struct volume_options {
	bool live; /* the device is mounted: O_DIRECT, and blocks may move */
	/*
	 * Nobody writes to the devices before a stream that was sent has arrived. Its data may then
	 * be left where it lies in the page cache.
	 */
	bool still;
	size_t cache_bytes; /* tree block cache, until a send says more; 0: 128 MiB */
	/* The filesystem's other devices, in any order; each that is not given is missing. */
	const char *const *devices;
	size_t device_count;
};

/* Work done since the volume was opened. */
struct volume_counters {
	uint64_t blocks_read; /* tree blocks read and verified */
	uint64_t block_cache_hits;
	uint64_t bytes_read;	      /* from the devices, metadata and data */
	uint64_t data_bytes_verified; /* against the csum tree */
	/* Copies, or rebuilds from parity, that failed a check while another was good. */
	uint64_t bad_copies;
	uint64_t refreshes; /* of a live volume, after a block moved */
};

struct volume_info {
	uint8_t fsid[16];
	char label[257];
	uint64_t generation; /* of the superblock in use: the committed state that is read */
	uint64_t total_bytes;
	uint32_t sectorsize;
	uint32_t nodesize;
	const char *csum_name;
	unsigned int devices;	      /* that the filesystem has */
	unsigned int devices_missing; /* of them, that were not given */
};

/*
 * Open the filesystem on the image file or block device at @path, and on those of @options. The
 * newest valid superblock copy is used; chunk tree and root tree are read. Devices may be missing
 * as long as what is read can be had from the others. On failure *@out is not set and @failure says
 * why, unless it holds a failure already: -EUCLEAN corrupt, -EOPNOTSUPP a feature this reader lacks
 * (named), -EMEDIUMTYPE not btrfs, -EINVAL devices that do not belong together, -ENODEV a missing
 * one that is needed, or the errno of the open. Close with volume_close().
 */
int volume_open(const char *path, const struct volume_options *options, struct volume **out,
		struct failure *failure);
/* Accepts NULL. */
void volume_close(struct volume *volume);
void volume_get_info(const struct volume *volume, struct volume_info *info);
void volume_get_counters(const struct volume *volume, struct volume_counters *counters);
/* The failure behind the last negative return of a function given this volume. */
const struct failure *volume_failure(const struct volume *volume);
/*
 * Read the superblock again; if a newer transaction was committed, drop what was cached of the
 * older one. For a volume kept open between two sends. 0 or a negative errno as of volume_open().
 */
int volume_reread(struct volume *volume);

struct subvolume_info {
	uint64_t id;
	uint64_t ctransid;
	uint64_t otransid;
	uint8_t uuid[16];
	uint8_t parent_uuid[16];
	uint8_t received_uuid[16];
	bool read_only;
};

/*
 * Find a subvolume by @name: a number is a subvolume id; anything else a path from the top-level
 * subvolume (id 5), crossing subvolumes ("/" and "" are the top level itself). -ENOENT names the
 * component that is missing, -ENOTDIR the one that is no directory, -EINVAL what is no subvolume.
 */
int volume_find_subvolume(struct volume *volume, const char *name, struct subvolume_info *info);

/* Find a subvolume by its uuid; -ENOENT (no message recorded) when there is none. */
int volume_find_subvolume_by_uuid(struct volume *volume, const uint8_t uuid[16],
				  struct subvolume_info *info);

/*
 * The path of inode @ino inside subvolume @root_id, by its first name; the caller frees *@path. Its
 * bytes are whatever the names are made of. Without a message recorded: -ENOENT when there is none,
 * -ENAMETOOLONG when it is longer than PATH_MAX.
 */
int volume_inode_path(struct volume *volume, uint64_t root_id, uint64_t ino, char **path);

/* ---- send ---- */

enum {
	SEND_NO_FILE_DATA = 1u << 0, /* UPDATE_EXTENT in place of file data */
	SEND_OMIT_STREAM_HEADER = 1u << 1,
	SEND_OMIT_END_CMD = 1u << 2,
	SEND_COMPRESSED = 1u << 3, /* compressed extents as they are, from protocol 2 on */
};

enum {
	SEND_PROTOCOL_RELEASE = 2, /* the highest that release kernels send */
	SEND_PROTOCOL_MAX = 3,	   /* of kernels built with CONFIG_BTRFS_DEBUG, or EXPERIMENTAL */
};

enum { SEND_MEMORY_DEFAULT = 256 << 20, SEND_MEMORY_MIN = 16 << 20 };

/* How clone sources are looked for; the stream is the same. */
enum send_finder {
	SEND_FINDER_FAITHFUL, /* as the kernel does, so that counters compare with the kernel's */
	SEND_FINDER_INDEXED,  /* the fast one */
};

/*
 * Where a stream goes: called once for the stream header, unless that is left out, and once for
 * each command, in order; 0 or a negative errno to stop.
 */
typedef int (*stream_sink_fn)(void *context, const void *data, size_t length);
/* The same for a command with data: its end, the data, is where it was read to. */
typedef int (*stream_sink_parts_fn)(void *context, const void *head, size_t head_length,
				    const struct stream_data *data);

enum send_notice_id {
#define NOTICE(id, sentence) NOTICE_##id,
#include "engine/notices.def"
#undef NOTICE
	NOTICE_COUNT,
};

/*
 * Something that a receiver of this stream gets wrong, since kernels of the generation asked for
 * send it so. Paths are borrowed for the call.
 */
struct send_notice {
	enum send_notice_id id;
	enum stream_command_id command; /* 0: none */
	uint64_t ino;			/* the inode being sent; 0: none */
	uint64_t offset, length;
	const char *path, *other; /* not NUL terminated */
	size_t path_length, other_length;
};
typedef void (*send_notice_fn)(void *context, const struct send_notice *notice);

/*
 * The id, for machines; and the notice as one line of text, with the inode, cut to @size bytes: at
 * least 1, for the NUL.
 */
const char *send_notice_name(enum send_notice_id id);
void send_notice_text(const struct send_notice *notice, char *text, size_t size);

struct send_request {
	uint64_t root_id;   /* the read-only snapshot to send */
	uint64_t parent_id; /* 0: full send */
	/* Exactly the clone sources; list the parent too if it is one (btrfs-progs does). */
	const uint64_t *clone_ids;
	size_t clone_count;
	unsigned int flags;    /* SEND_* */
	unsigned int protocol; /* 1 to SEND_PROTOCOL_MAX */
	struct generation generation;
	/* An observer of decisions always gets the faithful one, which comes across them all. */
	enum send_finder finder;
	/*
	 * What caches of this send and of its volume may hold, whatever the size of the filesystem;
	 * 0: SEND_MEMORY_DEFAULT. Below SEND_MEMORY_MIN nearly nothing is kept, but the stream is
	 * the same.
	 */
	size_t memory_bytes;
	/*
	 * Look for clone sources of extents with at most so many references, as far as memory_bytes
	 * allows; 0: what the generation looks at, so that the stream is the kernel's. Needs the
	 * indexed finder.
	 */
	uint64_t max_references;
	stream_sink_fn sink;
	stream_sink_parts_fn sink_parts; /* NULL: every command comes in one part */
	void *sink_context;
	event_fn observer; /* may be NULL */
	void *observer_context;
	send_notice_fn
		notify; /* may be NULL: then what the receiver gets wrong is not looked for */
	void *notify_context;
	bool observe_decisions; /* the observer also wants EVENT_INODE_FATE and what follows it */
};

/* What a send did; filled also when it failed. */
struct send_summary {
	uint64_t commands;
	uint64_t bytes;
	uint64_t peak_bytes; /* the most that was in caches and windows at a time, or a bit more */
	struct cache_counters caches[CACHE_COUNT];
	struct backref_counters backrefs;
	struct clone_loss_counters losses;
	uint64_t notices[NOTICE_COUNT];
};

/*
 * Send a snapshot. 0, -EPERM for a subvolume that is not read-only, -ENOENT for an unknown id,
 * -EPROTO, -EINVAL or -EOPNOTSUPP for a request that contradicts itself or its generation, -EUCLEAN
 * for corruption, -EIO for what cannot be read or is not there as the kernel needs it, -ENOMEM, the
 * sink's error; the message is in volume_failure(). After an error what was written so far is not a
 * valid stream.
 */
int send_run(struct volume *volume, const struct send_request *request,
	     struct send_summary *summary);

#endif
