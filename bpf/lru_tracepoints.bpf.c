// SPDX-License-Identifier: GPL-2.0
/* The caches of a send, by the tracepoints of the maple trees in them (watched_cache.h). */
#include "bpf/watched_cache.h"

/* Beginnings of the names of functions, as a tracepoint tells them. */
#define LOOKUP "mtree_lo" /* mtree_load */
#define ERASE  "mtree_er" /* mtree_erase */

enum { RETURN_WORDS = 48 };

/* Where the kernel has the name of the function that looks up. */
static uint64_t lookup_name;
/* From the struct ma_state of a lookup to the address that it returns to; 0: not known. */
static uint64_t return_offset;

static __always_inline bool is_function(const char *name, const char *beginning)
{
	char begins[8] = {0};

	bpf_probe_read_kernel(begins, sizeof(begins), name);
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < sizeof(begins); i++) {
		if (begins[i] != beginning[i])
			return false;
	}
	return true;
}

/* The name is always the same one, so only the first time it is read. */
static __always_inline bool is_lookup(const char *name)
{
	if ((uint64_t)name == lookup_name)
		return true;
	if (!is_function(name, LOOKUP))
		return false;
	lookup_name = (uint64_t)name;
	return true;
}

/* A list's head, if what follows it points back. */
static __always_inline bool is_list(uint64_t address)
{
	struct list_head *head = (void *)address;
	struct list_head *back = BPF_CORE_READ(head, next, prev);

	return back == head;
}

/* Whether a struct send_ctx is at @address: then there are four caches in it. */
static __always_inline bool has_caches(uint64_t address)
{
	uint64_t list = address + bpf_core_field_offset(struct btrfs_lru_cache, lru_list);

	return is_list(list + bpf_core_field_offset(struct send_ctx, name_cache)) &&
	       is_list(list + bpf_core_field_offset(struct send_ctx, backref_cache)) &&
	       is_list(list + bpf_core_field_offset(struct send_ctx, dir_created_cache)) &&
	       is_list(list + bpf_core_field_offset(struct send_ctx, dir_utimes_cache));
}

static __always_inline void note_trees(struct send_state *state, uint64_t send_ctx)
{
	uint64_t tree = send_ctx + bpf_core_field_offset(struct btrfs_lru_cache, entries);

	state->trees[CACHE_NAME] = tree + bpf_core_field_offset(struct send_ctx, name_cache);
	state->trees[CACHE_BACKREF] = tree + bpf_core_field_offset(struct send_ctx, backref_cache);
	state->trees[CACHE_DIR_CREATED] =
		tree + bpf_core_field_offset(struct send_ctx, dir_created_cache);
	state->trees[CACHE_DIR_UTIMES] =
		tree + bpf_core_field_offset(struct send_ctx, dir_utimes_cache);
}

static __always_inline uint64_t cache_address(const struct send_state *state, uint32_t id)
{
	return state->trees[id & (CACHE_COUNT - 1)] -
	       bpf_core_field_offset(struct btrfs_lru_cache, entries);
}

/* Of a send that was under way before: what its caches hold already was not stored now. */
static __always_inline void note_sizes(struct send_state *state)
{
#pragma clang loop unroll(full)
	for (uint32_t id = 0; id < CACHE_COUNT; id++) {
		struct btrfs_lru_cache *cache = (void *)cache_address(state, id);

		state->watches[id].size = BPF_CORE_READ(cache, size);
		state->caches[id].max_entries = state->watches[id].size;
	}
}

/* The address as a number, for nothing is calculated with a typed pointer: out of it and in again.
 */
static __always_inline uint64_t address_of(struct send_state *state, struct ma_state *place)
{
	*(volatile uint64_t *)&state->place = (uint64_t)place;
	return *(volatile uint64_t *)&state->place;
}

static __always_inline uint64_t word_at(uint64_t address)
{
	uint64_t word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), (void *)address);
	return word;
}

/* @place is on the stack of mtree_load(), and behind it is where that returns to. */
static __always_inline void find_return(uint64_t place)
{
	for (uint32_t i = 1; i < RETURN_WORDS; i++) {
		uint64_t word = word_at(place + i * sizeof(word));

		if (word < settings.lookup_begin || word >= settings.lookup_end)
			continue;
		return_offset = i * sizeof(word);
		return;
	}
}

/* The tree of a cache tells where the send's struct is, whichever cache it is. */
static __always_inline bool find_send_ctx(struct send_state *state, struct ma_state *place)
{
	/* By a helper: it gives a number, where a member read would give a pointer. */
	const uint64_t cache = (uint64_t)BPF_CORE_READ(place, tree) -
			       bpf_core_field_offset(struct btrfs_lru_cache, entries);
	const uint64_t candidates[] = {
		cache - bpf_core_field_offset(struct send_ctx, name_cache),
		cache - bpf_core_field_offset(struct send_ctx, backref_cache),
		cache - bpf_core_field_offset(struct send_ctx, dir_created_cache),
		cache - bpf_core_field_offset(struct send_ctx, dir_utimes_cache),
	};

#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
		if (!has_caches(candidates[i]))
			continue;
		send_ctx_found(state, (void *)candidates[i]);
		note_trees(state, candidates[i]);
		note_sizes(state);
		/* Nothing is stored before it is looked for. */
		if (!return_offset && settings.store_end)
			find_return(address_of(state, place));
		return true;
	}
	return false;
}

/* The cache that a tree belongs to; trees of others have events, too, also in interrupts. */
static __always_inline uint32_t cache_of_tree(const struct send_state *state,
					      struct ma_state *place)
{
	uint64_t tree = (uint64_t)place->tree;

#pragma clang loop unroll(full)
	for (uint32_t id = 0; id < CACHE_COUNT; id++) {
		if (tree == state->trees[id])
			return id;
	}
	return CACHE_OF_OTHERS;
}

/* A key that is there already is looked up by the store itself, too. */
static __always_inline bool within_store(struct send_state *state, struct ma_state *place,
					 uint32_t id)
{
	uint64_t caller;

	/* Leaves have no generations. */
	if (!return_offset || id == CACHE_BACKREF)
		return false;
	caller = word_at(address_of(state, place) + return_offset);
	return caller >= settings.store_begin && caller < settings.store_end;
}

static __always_inline void note_lookup(struct send_state *state, uint32_t id, uint64_t key,
					const struct cache_view *view)
{
	struct state_cache_watch *watch = &state->watches[id & (CACHE_COUNT - 1)];

	state->caches[id & (CACHE_COUNT - 1)].lookups++;
	watch->pending = 1;
	watch->clearing = 0;
	watch->key = key;
	watch->size_at_lookup = view->size;
}

static __always_inline void look_around(struct send_state *state)
{
	struct send_ctx *send_ctx = (void *)state->send_ctx;

	state->ino = BPF_CORE_READ(send_ctx, cur_ino);
	note_output(state);
	look_for_restart(state, BPF_CORE_READ(send_ctx, last_reloc_trans));
}

SEC("tp_btf")
int BPF_PROG(tree_read, const char *function, struct ma_state *place)
{
	struct send_state *state = current_send();
	struct state_cache_watch *watch;
	struct cache_view view;
	uint32_t id;
	bool hit;

	if (!state || !is_lookup(function) || (!state->send_ctx && !find_send_ctx(state, place)))
		return 0;
	id = cache_of_tree(state, place);
	if (id >= CACHE_COUNT)
		return 0;
	watch = &state->watches[id & (CACHE_COUNT - 1)];
	cache_look(state, id, cache_address(state, id), &view);
	if (watch->pending && watch->key == place->index && within_store(state, place, id)) {
		watched_lookup_was(state, id, view.size < watch->size_at_lookup);
		watched_count_stores(state, id, &view);
		return 0;
	}
	hit = watched_lookup_hit(watch, &view, false);
	watched_note_newest(watch, &view);
	if (watch->pending)
		watched_lookup_was(state, id, hit);
	watched_count_stores(state, id, &view);
	/* Leaves are looked up too often for that, names often enough. */
	if (id != CACHE_BACKREF)
		look_around(state);
	note_lookup(state, id, place->index, &view);
	return 0;
}

SEC("tp_btf")
int BPF_PROG(tree_write, const char *function, struct ma_state *place)
{
	struct send_state *state = current_send();
	struct state_cache_watch *watch;
	struct cache_view view;
	uint32_t id;

	if (!state || !state->send_ctx)
		return 0;
	id = cache_of_tree(state, place);
	if (id >= CACHE_COUNT)
		return 0;
	watch = &state->watches[id & (CACHE_COUNT - 1)];
	if (!watch->pending)
		return 0;
	cache_look(state, id, cache_address(state, id), &view);
	watched_lookup_was(state, id, watched_lookup_hit(watch, &view, false));
	return 0;
}

/* The relocated leaves in the cache are worth nothing; so say the kernel's own two marks. */
static __always_inline bool is_outdated(uint64_t address)
{
	struct send_ctx *send_ctx = (void *)address;

	return BPF_CORE_READ(send_ctx, send_root, fs_info, last_reloc_trans) >
	       BPF_CORE_READ(send_ctx, backref_cache_last_reloc_trans);
}

static __always_inline bool is_full(const struct send_state *state, uint32_t id, uint32_t size)
{
	struct btrfs_lru_cache *cache = (void *)cache_address(state, id);
	uint32_t max_size = BPF_CORE_READ(cache, max_size);

	return max_size && size == max_size;
}

/* Already out of the list, still within the size. */
static __always_inline void note_erase(struct send_state *state, uint32_t id, uint64_t key,
				       const struct cache_view *view)
{
	struct state_cache_watch *watch = &state->watches[id & (CACHE_COUNT - 1)];

	/* Its place in memory may be another one's soon. */
	watch->newest = 0;
	watch->size = view->size - 1;
	/* What is removed by itself was looked up for that; a leaf never is. */
	if (key == watch->key && id != CACHE_BACKREF)
		return;
	watch->full_erase = is_full(state, id, view->size);
	/* Otherwise names go when the send ends: its caches are emptied, this one first. */
	if (id == CACHE_NAME && !watch->full_erase)
		state->send_ends = 1;
	if (id != CACHE_BACKREF || state->send_ends || watch->clearing ||
	    !is_outdated(state->send_ctx))
		return;
	watch->clearing = 1;
	state->caches[CACHE_BACKREF].clears++;
	record_cache(state, CACHE_BACKREF, CACHE_CLEAR);
}

SEC("tp_btf")
int BPF_PROG(tree_erase, const char *function, struct ma_state *place)
{
	struct send_state *state = current_send();
	struct state_cache_watch *watch;
	struct cache_view view;
	uint32_t id;

	if (!state || !state->send_ctx || !is_function(function, ERASE))
		return 0;
	id = cache_of_tree(state, place);
	if (id >= CACHE_COUNT)
		return 0;
	watch = &state->watches[id & (CACHE_COUNT - 1)];
	cache_look(state, id, cache_address(state, id), &view);
	if (watch->pending)
		watched_lookup_was(state, id,
				   watched_lookup_hit(watch, &view, place->index == watch->key));
	watched_count_stores(state, id, &view);
	note_erase(state, id, place->index, &view);
	return 0;
}

/* In this tier nothing else of a backref walk is seen. */
SEC("tp_btf")
int BPF_PROG(reference_inserted)
{
	struct send_state *state = current_send();

	if (state)
		state->backrefs.preliminary_references++;
	return 0;
}
