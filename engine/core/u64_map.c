/* SPDX-License-Identifier: GPL-2.0 */
/* Open addressing with linear probing; at least a third of the slots is empty. */
#include "engine/core/u64_map.h"

#include <errno.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 64 };

void u64_map_release(struct u64_map *map)
{
	free(map->slots);
	*map = (struct u64_map){0};
}

static void put(struct u64_map *map, uint64_t key, void *value)
{
	size_t i = u64_map_home(map, key);

	while (map->slots[i].value)
		i = (i + 1) & (map->capacity - 1);
	map->slots[i] = (struct u64_map_slot){.key = key, .value = value};
}

static int grow(struct u64_map *map)
{
	struct u64_map grown = {.capacity = map->capacity ? 2 * map->capacity : FIRST_CAPACITY,
				.count = map->count};
	size_t i;

	grown.slots = calloc(grown.capacity, sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	for (i = 0; i < map->capacity; i++) {
		if (map->slots[i].value)
			put(&grown, map->slots[i].key, map->slots[i].value);
	}
	free(map->slots);
	*map = grown;
	return 0;
}

int u64_map_add(struct u64_map *map, uint64_t key, void *value)
{
	if (3 * (map->count + 1) > 2 * map->capacity && grow(map))
		return -ENOMEM;
	put(map, key, value);
	map->count++;
	return 0;
}

/* What was probed past the hole moves into it, so that no search ends there too early. */
static void close_hole(struct u64_map *map, size_t hole)
{
	size_t mask = map->capacity - 1, i = hole;

	for (;;) {
		size_t home;

		i = (i + 1) & mask;
		if (!map->slots[i].value)
			break;
		home = u64_map_home(map, map->slots[i].key);
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		map->slots[hole] = map->slots[i];
		hole = i;
	}
	map->slots[hole] = (struct u64_map_slot){0};
}

void u64_map_remove(struct u64_map *map, uint64_t key)
{
	size_t i;

	if (!map->capacity)
		return;
	for (i = u64_map_home(map, key); map->slots[i].value; i = (i + 1) & (map->capacity - 1)) {
		if (map->slots[i].key != key)
			continue;
		close_hole(map, i);
		map->count--;
		return;
	}
}
