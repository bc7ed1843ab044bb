/* SPDX-License-Identifier: GPL-2.0 */
/* The chunk map: logical addresses (bytenr) to places on the devices, in all profiles. */
#ifndef ENGINE_VOLUME_CHUNK_H
#define ENGINE_VOLUME_CHUNK_H

#include "engine/volume/volume.h"

struct chunk_map;
struct device;

/* Read the system chunk array of @super, then the chunk tree through it. */
int chunk_map_load(struct volume *volume, const struct btrfs_super_block *super);
/* Accepts NULL. */
void chunk_map_free(struct chunk_map *map);

/*
 * A mirror is a way of reading a range: one of its copies, or with RAID5 and RAID6 a rebuild from
 * what else is in the row. Those that need a missing device do not count. Copies come before
 * rebuilds, and devices that missed commits last.
 */

/* How many mirrors the range at @logical has, 1 also if there is none; 0 when no chunk holds it. */
unsigned int chunk_map_mirrors(const struct volume *volume, uint64_t logical);

/*
 * Read @length bytes at @logical by @mirror (0 the first). The range may span stripes and chunks:
 * each piece is read by its own mirror of that number, or by its last. -EUCLEAN for an address
 * outside every chunk, -ENODEV if missing devices leave no mirror (they are named), device errors
 * else.
 */
int chunk_map_read(struct volume *volume, uint64_t logical, unsigned int mirror, void *buffer,
		   size_t length);

/*
 * Where the first mirror of a range lies, if it lies in one piece on one device that is up to date.
 */
bool chunk_map_locate(const struct volume *volume, uint64_t logical, size_t length,
		      struct device **device, uint64_t *physical);

/*
 * Whether to try all mirrors of a range at @logical again, since what was read of it fits no
 * checksum. Waits a moment if so. @tries: how often that was done before, counted here.
 */
bool chunk_map_retry(struct volume *volume, uint64_t logical, unsigned int *tries);

#endif
