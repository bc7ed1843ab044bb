// SPDX-License-Identifier: GPL-2.0
/*
 * The caches of a send. Since 6.4 all four are LRU caches inside struct send_ctx, told apart by
 * where in it they are. Before that there is a name cache only, and its functions are inlined: a
 * lookup is a call of __get_cur_name_and_parent(), and it missed if the cache has another entry
 * then. What all of them found is told by their number and that of the entries; what each one did,
 * which records need, by looking at its end.
 */
#include "bpf/current_send.h"
#include "bpf/send_ctx.h"

enum { NAME_CACHE_GROWN = 256, NAME_CACHE_KEPT = 128 }; /* entries, before 6.4 */

SEC("fexit")
int BPF_PROG(lru_lookup, struct btrfs_lru_cache *cache, uint64_t key, uint64_t generation,
	     void *entry)
{
	struct send_state *state = current_send();
	__u64 address = 0;
	uint32_t id;

	if (!state)
		return 0;
	bpf_get_func_arg(ctx, 0, &address);
	id = cache_at(state, address);
	if (id >= CACHE_COUNT)
		return 0;
	state->caches[id].lookups++;
	if (entry)
		state->caches[id].hits++;
	record_cache(state, id, entry ? CACHE_LOOKUP_HIT : CACHE_LOOKUP_MISS);
	return 0;
}

/* A full cache drops its oldest entry for the new one. */
SEC("fentry")
int BPF_PROG(lru_store_enter, struct btrfs_lru_cache *cache)
{
	struct send_state *state = current_send();

	if (state)
		state->cache_full = cache->max_size && cache->size == cache->max_size;
	return 0;
}

SEC("fexit")
int BPF_PROG(lru_store_exit, struct btrfs_lru_cache *cache, void *entry, unsigned int flags,
	     int result)
{
	struct send_state *state = current_send();
	__u64 address = 0;
	uint32_t id;

	if (!state || result)
		return 0;
	bpf_get_func_arg(ctx, 0, &address);
	id = cache_at(state, address);
	if (id >= CACHE_COUNT)
		return 0;
	if (state->cache_full) {
		state->caches[id].evictions++;
		record_cache(state, id, CACHE_EVICT);
	}
	state->caches[id].stores++;
	if (cache->size > state->caches[id].max_entries)
		state->caches[id].max_entries = cache->size;
	record_cache(state, id, CACHE_STORE);
	return 0;
}

/* When a send ends its caches are emptied one after the other, the one of names first. */
SEC("fentry")
int BPF_PROG(lru_clear, struct btrfs_lru_cache *cache)
{
	struct send_state *state = current_send();
	__u64 address = 0;
	uint32_t id;

	if (!state)
		return 0;
	bpf_get_func_arg(ctx, 0, &address);
	id = cache_at(state, address);
	if (id == CACHE_NAME)
		state->send_ends = 1;
	if (id >= CACHE_COUNT || state->send_ends || !cache->size)
		return 0;
	state->caches[id].clears++;
	record_cache(state, id, CACHE_CLEAR);
	return 0;
}

/* ---- before 6.4 ---- */

/*
 * When it has grown to twice its size the older half is dropped at once, and no other entry is:
 * what is wrong, overwritten or of no use any more is dropped from a smaller one.
 */
SEC("fentry")
int BPF_PROG(name_entry_dropped, struct send_ctx *send_ctx)
{
	struct send_state *state = send_with(send_ctx);
	struct cache_counters *names;
	uint32_t entries;

	if (!state)
		return 0;
	names = &state->caches[CACHE_NAME];
	state->name_dropped++;
	entries = send_ctx->name_cache_size;
	/* The last one, for which it is cleaned at once, was not there when a lookup was over. */
	if (entries == NAME_CACHE_GROWN) {
		state->name_cleaning = 1;
		entries--;
	}
	if (entries > names->max_entries)
		names->max_entries = entries;
	if (!state->name_cleaning)
		return 0;
	if (entries == NAME_CACHE_KEPT + 1)
		state->name_cleaning = 0;
	names->evictions++;
	record_cache(state, CACHE_NAME, CACHE_EVICT);
	return 0;
}

SEC("fentry")
int BPF_PROG(name_lookup_enter, struct send_ctx *send_ctx)
{
	struct send_state *state = send_with(send_ctx);

	if (state)
		state->name_lookups++;
	return 0;
}

/* How many entries came in since the last lookup: one, by this one, or none, for it was a hit. */
static __always_inline bool name_was_stored(struct send_state *state, uint32_t entries)
{
	bool stored = entries + state->name_dropped != state->name_entries;

	state->name_entries = entries;
	state->name_dropped = 0;
	return stored;
}

/* An entry that is found but stale is dropped and made anew, and counts as a miss. */
SEC("fexit")
int BPF_PROG(name_lookup_exit, struct send_ctx *send_ctx, uint64_t ino, uint64_t generation,
	     void *parent, void *parent_generation, void *name, int result)
{
	struct send_state *state = current_send();
	struct cache_counters *counters;
	uint32_t entries;

	if (!state)
		return 0;
	counters = &state->caches[CACHE_NAME];
	counters->lookups++;
	entries = send_ctx->name_cache_size;
	if (!name_was_stored(state, entries)) {
		/* Without a result it had not been there, and is not now. */
		counters->hits += result >= 0;
		record_cache(state, CACHE_NAME, result >= 0 ? CACHE_LOOKUP_HIT : CACHE_LOOKUP_MISS);
		return 0;
	}
	counters->stores++;
	if (entries > counters->max_entries)
		counters->max_entries = entries;
	record_cache(state, CACHE_NAME, CACHE_LOOKUP_MISS);
	record_cache(state, CACHE_NAME, CACHE_STORE);
	return 0;
}
