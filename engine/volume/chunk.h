/* SPDX-License-Identifier: GPL-2.0 */
/* The chunk map: logical addresses (bytenr) to places on the device, SINGLE and DUP profiles. */
#ifndef ENGINE_VOLUME_CHUNK_H
#define ENGINE_VOLUME_CHUNK_H

#include "engine/volume/volume.h"

struct chunk_map;

/* Read the system chunk array of @super, then the chunk tree through it. */
int chunk_map_load(struct volume *volume, const struct btrfs_super_block *super);
/* Accepts NULL. */
void chunk_map_free(struct chunk_map *map);

/* How many copies the range at @logical has; 0 when no chunk holds it. */
unsigned int chunk_map_mirrors(const struct volume *volume, uint64_t logical);

/*
 * Read @length bytes at @logical from copy @mirror (0 the first). The range may span chunks.
 * -EUCLEAN for an address outside every chunk, device errors else.
 */
int chunk_map_read(struct volume *volume, uint64_t logical, unsigned int mirror, void *buffer,
		   size_t length);

#endif
