/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A btrfs filesystem opened for reading: devices, superblock, chunk map, cache of verified tree
 * blocks, roots. Everything above reads through it; it never writes.
 */
#ifndef ENGINE_VOLUME_VOLUME_H
#define ENGINE_VOLUME_VOLUME_H

#include "engine/core/failure.h"
#include "engine/format/disk_format.h"
#include "engine/sendengine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device_set;
struct chunk_map;
struct tree_block_cache;
struct root_cache;
struct csum_algorithm;

struct volume {
	struct failure failure;
	struct device_set *devices;
	struct chunk_map *chunks;
	struct tree_block_cache *blocks;
	struct root_cache *roots;
	const struct csum_algorithm *csum;

	/* From the superblock. */
	uint8_t fsid[BTRFS_FSID_SIZE];
	uint8_t metadata_uuid[BTRFS_FSID_SIZE]; /* what tree block headers carry */
	char label[BTRFS_LABEL_SIZE + 1];
	uint64_t generation;
	uint64_t incompat_flags;
	uint64_t total_bytes;
	uint64_t root_tree_bytenr;
	uint64_t chunk_tree_bytenr;
	uint64_t chunk_root_generation;
	uint8_t root_tree_level;
	uint8_t chunk_tree_level;
	uint32_t sectorsize;
	uint32_t nodesize;

	/* From the chunk tree. */
	unsigned int device_count;
	unsigned int missing_devices;

	/*
	 * The device is mounted: blocks may move while they are read. A tree block that is not what
	 * its parent promised is then -ESTALE (not -EUCLEAN), and the reader calls
	 * volume_take_up_commit() and searches again. @epoch counts refreshes; roots carry the
	 * epoch they were read in.
	 */
	bool live;
	bool still; /* see struct volume_options */
	unsigned int epoch;

	struct volume_counters counters;
};

/* Record a failure of this volume; see failure_set(). */
#define volume_fail(volume, code, ...) failure_set(&(volume)->failure, code, __VA_ARGS__)

/*
 * Re-read superblock, chunk map and roots of a live volume and drop all cached tree blocks that
 * nobody holds. 0, or a negative errno (-ESTALE when nothing has changed, so searching again would
 * loop: then the block is really corrupt).
 */
int volume_refresh(struct volume *volume);

/*
 * Reading a live volume failed with @code, because what was read has moved if a commit has passed
 * since @epoch, in which the reader learned where it is: then 0, the failure is forgotten and the
 * reader searches again. Otherwise it is damage: @code, with the failure that was recorded; or why
 * the refresh failed.
 */
int volume_take_up_commit(struct volume *volume, unsigned int epoch, int code);

#endif
