/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For programs: what a send does with its caches, concluded from the caches themselves. Their
 * functions cannot be watched in this tier; but each cache keeps its entries in a maple tree, and
 * looking up a key, erasing it and most ways of writing one have a tracepoint, ahead of what is
 * done.
 *
 * A lookup that hits makes its entry the newest one; so whether it did is seen at the next event,
 * before anything is stored: the first store into an empty cache, which has no event, needs none.
 * Stores are what the size grew by, beside what was erased. Several entries of one key, that is of
 * different generations of an inode, share a place in the tree: storing the second one looks the
 * key up once more, and removing one of them erases nothing.
 */
#ifndef BPF_WATCHED_CACHE_H
#define BPF_WATCHED_CACHE_H

#include "bpf/send_ctx.h"

struct cache_view {
	uint64_t newest; /* address of its list head; 0: the cache is empty */
	uint32_t size;
};

/*
 * Leaves are looked up more often than all else of a send, the same one many times: then nothing
 * but the order can have changed, for only entries of inodes can be removed without an event.
 */
static __always_inline void cache_look(const struct send_state *state, uint32_t id,
				       uint64_t address, struct cache_view *view)
{
	const struct state_cache_watch *watch = &state->watches[id & (CACHE_COUNT - 1)];
	struct btrfs_lru_cache *cache = (void *)address;
	uint64_t list = address + bpf_core_field_offset(struct btrfs_lru_cache, lru_list);

	view->newest = (uint64_t)BPF_CORE_READ(cache, lru_list.prev);
	if (view->newest == list)
		view->newest = 0;
	if (id == CACHE_BACKREF && watch->pending && view->newest == watch->newest)
		view->size = watch->size_at_lookup;
	else
		view->size = BPF_CORE_READ(cache, size);
}

static __always_inline uint64_t entry_key(uint64_t list)
{
	struct btrfs_lru_cache_entry *entry =
		(void *)(list - bpf_core_field_offset(struct btrfs_lru_cache_entry, lru_list));

	return BPF_CORE_READ(entry, key);
}

static __always_inline void watched_lookup_was(struct send_state *state, uint32_t id, bool hit)
{
	state->watches[id & (CACHE_COUNT - 1)].pending = 0;
	if (hit)
		state->caches[id & (CACHE_COUNT - 1)].hits++;
	record_cache(state, id, hit ? CACHE_LOOKUP_HIT : CACHE_LOOKUP_MISS);
}

/*
 * Whether the lookup that waits for this was a hit, now that nothing but its own effect is seen; or
 * its key is just being @erased.
 */
static __always_inline bool watched_lookup_hit(const struct state_cache_watch *watch,
					       const struct cache_view *view, bool erased)
{
	/* The key was stored, so it had not been there. */
	if (view->size > watch->size_at_lookup)
		return false;
	/* Found, found wrong and removed, in the second case without a trace in the tree. */
	if (erased || view->size < watch->size_at_lookup)
		return true;
	if (view->newest != watch->newest)
		return view->newest;
	return watch->newest && watch->newest_key == watch->key;
}

/*
 * Remember which entry is the newest one. Its key is read only where it does not follow: if nothing
 * came between, what a lookup found, or what was stored after it, is of its key.
 */
static __always_inline void watched_note_newest(struct state_cache_watch *watch,
						const struct cache_view *view)
{
	if (view->newest && view->newest != watch->newest)
		watch->newest_key = watch->pending && view->size >= watch->size_at_lookup
					    ? watch->key
					    : entry_key(view->newest);
	watch->newest = view->newest;
}

static __always_inline void watched_count_stores(struct send_state *state, uint32_t id,
						 const struct cache_view *view)
{
	struct state_cache_watch *watch = &state->watches[id & (CACHE_COUNT - 1)];
	struct cache_counters *counters = &state->caches[id & (CACHE_COUNT - 1)];

	/* Full before, and full again. */
	if (watch->full_erase && view->size > watch->size) {
		counters->evictions++;
		record_cache(state, id, CACHE_EVICT);
	}
	watch->full_erase = 0;
	if (view->size > watch->size) {
		counters->stores += view->size - watch->size;
		record_cache(state, id, CACHE_STORE);
	}
	watch->size = view->size;
	if (view->size > counters->max_entries)
		counters->max_entries = view->size;
}

/* Before a send's struct is gone: nothing was seen of these caches any more, so they were empty. */
static __always_inline void watched_caches_end(struct send_state *state)
{
#pragma clang loop unroll(full)
	for (uint32_t id = 0; id < CACHE_COUNT; id++) {
		if (state->watches[id].pending)
			watched_lookup_was(state, id, false);
	}
	/* Each walk from a leaf to its roots ends with storing them, unless they are too many. */
	state->backrefs.leaves_resolved = state->caches[CACHE_BACKREF].stores;
}

#endif
