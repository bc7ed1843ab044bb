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

/* Keys are numbers of inodes or addresses of blocks: the upper bits of a product mix them. */
static size_t bucket_of(uint64_t key, uint64_t generation)
{
	return ((key ^ generation << 32) * 0x9e3779b97f4a7c15ULL) >> (64 - LRU_BUCKET_BITS);
}

static struct lru_entry *find(const struct lru_cache *cache, uint64_t key, uint64_t generation)
{
	struct lru_entry *entry = cache->buckets[bucket_of(key, generation)];

	while (entry && (entry->key.key != key || entry->key.generation != generation))
		entry = entry->next_in_bucket;
	return entry;
}

static struct lru_entry **bucket_for(struct lru_cache *cache, const struct lru_entry *entry)
{
	return &cache->buckets[bucket_of(entry->key.key, entry->key.generation)];
}

struct lru_entry *lru_cache_lookup(struct lru_cache *cache, uint64_t key, uint64_t generation)
{
	struct lru_entry *entry = find(cache, key, generation);

	cache->counters.lookups++;
	if (!entry) {
		note(cache, CACHE_LOOKUP_MISS);
		return NULL;
	}
	note_hit(cache, entry);
	return entry;
}

struct lru_entry *lru_cache_peek(const struct lru_cache *cache, uint64_t key, uint64_t generation)
{
	return find(cache, key, generation);
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
	struct lru_entry **link = bucket_for(cache, entry);

	while (*link != entry)
		link = &(*link)->next_in_bucket;
	*link = entry->next_in_bucket;
	DL_DELETE(cache->oldest, entry);
	cache->size--;
	if (cache->forget)
		cache->forget(entry);
	free(entry);
}

static void evict(struct lru_cache *cache)
{
	drop(cache, cache->oldest);
	cache->counters.evictions++;
	note(cache, CACHE_EVICT);
}

bool lru_cache_store(struct lru_cache *cache, struct lru_entry *entry)
{
	struct lru_entry **bucket = bucket_for(cache, entry);

	if (find(cache, entry->key.key, entry->key.generation))
		return false;
	if (cache->max_size > 0 && cache->size == cache->max_size)
		evict(cache);
	entry->next_in_bucket = *bucket;
	*bucket = entry;
	DL_APPEND(cache->oldest, entry);
	cache->size++;
	if (cache->keep > 0 && cache->size == cache->max_size) {
		while (cache->size > cache->keep)
			evict(cache);
	}
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
