/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A counted cache that forgets the least recently used entry: the shape of the kernel's send
 * caches. Which entry is forgotten when can change a stream, so order and size are part of the
 * contract. MIRRORS: btrfs_lru_cache_*() v6.18
 */
#ifndef ENGINE_CORE_LRU_CACHE_H
#define ENGINE_CORE_LRU_CACHE_H

#include "engine/events.h"

#include <stdbool.h>
#include <stddef.h>

/* First member of every entry type; the cache frees an entry with free(). */
struct lru_entry {
	struct lru_key {
		uint64_t key;
		uint64_t generation;
	} key;
	struct lru_entry *prev, *next;
	struct lru_entry *next_in_bucket;
};

/* For caches of a few hundred entries; with more the search takes longer, no more. */
enum { LRU_BUCKET_BITS = 8, LRU_BUCKETS = 1 << LRU_BUCKET_BITS };

struct lru_cache {
	struct lru_entry *buckets[LRU_BUCKETS];
	struct lru_entry *oldest; /* list from least to most recently used */
	size_t size;
	size_t max_size; /* 0: unlimited */
	/* Unless 0: no room is made for a store; one that fills the cache leaves only so many. */
	size_t keep;
	struct cache_counters counters;
	void (*observe)(void *context, enum cache_id cache, enum cache_operation operation);
	void *context;
	enum cache_id id;
	/* An entry leaves the cache and is about to be freed. May be NULL. */
	void (*forget)(struct lru_entry *entry);
};

/* The entry becomes the most recently used one. NULL when there is none. */
struct lru_entry *lru_cache_lookup(struct lru_cache *cache, uint64_t key, uint64_t generation);

/* The same without a trace: neither the order nor a counter changes. */
struct lru_entry *lru_cache_peek(const struct lru_cache *cache, uint64_t key, uint64_t generation);

/* A look-up of what is known not to be there. */
void lru_cache_miss(struct lru_cache *cache);

/* A look-up of an @entry that is known to be there. */
void lru_cache_touch(struct lru_cache *cache, struct lru_entry *entry);

/*
 * Store @entry, whose key is set, and take ownership; a full cache drops its oldest entry. False
 * (ownership stays with the caller) when the key is already there.
 */
bool lru_cache_store(struct lru_cache *cache, struct lru_entry *entry);

/* Remove and free one entry. */
void lru_cache_remove(struct lru_cache *cache, struct lru_entry *entry);

/* Remove and free all entries. */
void lru_cache_clear(struct lru_cache *cache);

#endif
