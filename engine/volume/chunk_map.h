/* SPDX-License-Identifier: GPL-2.0 */
/* What a chunk map is made of, for chunk.c, which builds it, and chunk_read.c. */
#ifndef ENGINE_VOLUME_CHUNK_MAP_H
#define ENGINE_VOLUME_CHUNK_MAP_H

#include "engine/volume/device_set.h"
#include "engine/volume/profile.h"

struct stripe {
	const struct volume_device *device; /* NULL: missing */
	uint64_t devid;
	uint64_t physical; /* on the device */
};

struct chunk {
	uint64_t logical;
	uint64_t length;
	const struct profile *profile;
	unsigned int columns;
	unsigned int stripe_count;
	bool is_whole; /* every device is there and up to date */
	struct stripe *stripes;
};

struct chunk_map {
	struct chunk *chunks; /* by logical address, without overlap */
	size_t count;
	size_t allocated;
	size_t last;	  /* index of the last hit: neighbours are read together */
	uint8_t *scratch; /* STRIPE_LENGTH bytes once something was rebuilt */
};

/* NULL when no chunk holds @logical. */
const struct chunk *chunk_map_find(struct chunk_map *map, uint64_t logical);

#endif
