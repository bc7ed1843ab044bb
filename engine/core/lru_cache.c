/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/core/lru_cache.h"

#include <stdlib.h>
#include <utlist.h>

static void note(struct lru_cache *cache, enum cache_operation operation)
{
	if (cache->observe)
		cache->observe(cache->context, cache->id, operation);
}

static void note_hit(struct lru_cache *cache, struct lru_entry *entry)
{
	cache->counters.hits++;
	note(cache, CACHE_LOOKUP_HIT);
	/* The newest one is the head's predecessor. */
	if (entry == cache->oldest->prev)
		return;
	DL_DELETE(cache->oldest, entry);
	DL_APPEND(cache->oldest, entry);
}

struct lru_entry *lru_cache_lookup(struct lru_cache *cache, uint64_t key, uint64_t generation)
{
	struct lru_key wanted = {.key = key, .generation = generation};
	struct lru_entry *entry;

	cache->counters.lookups++;
	HASH_FIND(hh, cache->index, &wanted, sizeof(wanted), entry);
	if (!entry) {
		note(cache, CACHE_LOOKUP_MISS);
		return NULL;
	}
	note_hit(cache, entry);
	return entry;
}

struct lru_entry *lru_cache_peek(const struct lru_cache *cache, uint64_t key, uint64_t generation)
{
	struct lru_key wanted = {.key = key, .generation = generation};
	struct lru_entry *entry;

	HASH_FIND(hh, cache->index, &wanted, sizeof(wanted), entry);
	return entry;
}

void lru_cache_miss(struct lru_cache *cache)
{
	cache->counters.lookups++;
	note(cache, CACHE_LOOKUP_MISS);
}

void lru_cache_touch(struct lru_cache *cache, struct lru_entry *entry)
{
	cache->counters.lookups++;
	note_hit(cache, entry);
}

static void drop(struct lru_cache *cache, struct lru_entry *entry)
{
	DL_DELETE(cache->oldest, entry);
	HASH_DEL(cache->index, entry);
	cache->size--;
	if (cache->forget)
		cache->forget(entry);
	free(entry);
}

bool lru_cache_store(struct lru_cache *cache, struct lru_entry *entry)
{
	struct lru_entry *present;

	HASH_FIND(hh, cache->index, &entry->key, sizeof(entry->key), present);
	if (present)
		return false;
	if (cache->max_size > 0 && cache->size == cache->max_size) {
		drop(cache, cache->oldest);
		cache->counters.evictions++;
		note(cache, CACHE_EVICT);
	}
	HASH_ADD(hh, cache->index, key, sizeof(entry->key), entry);
	DL_APPEND(cache->oldest, entry);
	cache->size++;
	cache->counters.stores++;
	if (cache->size > cache->counters.max_entries)
		cache->counters.max_entries = cache->size;
	note(cache, CACHE_STORE);
	return true;
}

void lru_cache_remove(struct lru_cache *cache, struct lru_entry *entry)
{
	drop(cache, entry);
}

void lru_cache_clear(struct lru_cache *cache)
{
	struct lru_entry *entry, *next;

	if (cache->size == 0)
		return;
	DL_FOREACH_SAFE(cache->oldest, entry, next)
	drop(cache, entry);
	cache->counters.clears++;
	note(cache, CACHE_CLEAR);
}
