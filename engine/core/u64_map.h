/* SPDX-License-Identifier: GPL-2.0 */
/* A hash table from numbers, block addresses mostly, to pointers other than NULL. */
#ifndef ENGINE_CORE_U64_MAP_H
#define ENGINE_CORE_U64_MAP_H

#include <stddef.h>
#include <stdint.h>

struct u64_map_slot {
	uint64_t key;
	void *value; /* NULL: empty */
};

/* Zero-initialise before first use. */
struct u64_map {
	struct u64_map_slot *slots;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
};

/* Frees the table, not what its pointers point to. */
void u64_map_release(struct u64_map *map);

/* Add @key, which is not in the map. 0 or -ENOMEM. */
int u64_map_add(struct u64_map *map, uint64_t key, void *value);

/* Remove @key if it is there. */
void u64_map_remove(struct u64_map *map, uint64_t key);

static inline size_t u64_map_home(const struct u64_map *map, uint64_t key)
{
	return (size_t)((key * 0x9e3779b97f4a7c15ULL) >> 32) & (map->capacity - 1);
}

/* NULL when it is not there. */
static inline void *u64_map_find(const struct u64_map *map, uint64_t key)
{
	size_t i;

	if (!map->capacity)
		return NULL;
	for (i = u64_map_home(map, key); map->slots[i].value; i = (i + 1) & (map->capacity - 1)) {
		if (map->slots[i].key == key)
			return map->slots[i].value;
	}
	return NULL;
}

#endif
