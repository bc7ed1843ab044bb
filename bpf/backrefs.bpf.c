// SPDX-License-Identifier: GPL-2.0
/*
 * Searches for clone sources. find_extent_clone() itself is inlined or a clone of the compiler.
 * Since 6.2 a search is seen from iterate_extent_inodes(), the walk over the references, and
 * check_extent_item() within it. Before that it is seen from extent_from_logical(), ahead of the
 * walk, and from what is done with its result: clone_range() or send_extent_data().
 */
#include "bpf/current_send.h"
#include "bpf/tree_block.h"

enum {
	REFERENCES_MAX_BEFORE_6_2 = 64,
	CLONE_ROOTS_MAX = 4096,	    /* so many are looked at, for the sake of the verifier */
	EXTENT_ITEM_REFERENCES = 0, /* le64 */
};

static __always_inline void search_begin(struct send_state *state, uint64_t bytenr)
{
	if (settings.searches_timed) {
		state->search.began_ns = bpf_ktime_get_ns();
		step_begins(state, STATE_BACKREF, state->search.began_ns, &state->search.outer);
	}
	state->search.under_way = true;
	state->search.bytenr = bytenr;
	state->search.references = 0;
	state->search.candidates = 0;
	state->search.result = BACKREF_NO_CLONE;
}

static __always_inline void search_was_timed(struct send_state *state, uint64_t now)
{
	const struct state_search *search = &state->search;
	struct event *event;

	step_ends(state, search->outer, now);
	histogram_add(&state->search_ns, now - search->began_ns);
	event = record_begin(state, EVENT_BACKREF_WALK, now);
	if (!event)
		return;
	event->backref.bytenr = search->bytenr;
	event->backref.references = search->references;
	event->backref.candidates = search->candidates;
	event->backref.began_ns = search->began_ns;
	event->backref.result = search->result;
	record_submit(event);
}

static __always_inline void search_end(struct send_state *state)
{
	struct state_search *search = &state->search;

	search->under_way = false;
	state->backrefs.searches++;
	state->backrefs.results[search->result & 3]++;
	histogram_add(&state->references, search->references);
	if (settings.candidates_seen)
		histogram_add(&state->candidates, search->candidates);
	if (settings.searches_timed)
		search_was_timed(state, bpf_ktime_get_ns());
}

/* ---- since 6.2 ---- */

/* The walk is over; what it found is in the context that the visitor was given. */
static __always_inline void walk_ends(struct send_state *state)
{
	struct backref_ctx *context = (void *)state->search.context;

	if (!state->search.under_way)
		return;
	if (state->search.result == BACKREF_NO_CLONE && BPF_CORE_READ(context, found))
		state->search.result = BACKREF_CLONE;
	search_end(state);
}

static __always_inline void note_references(struct send_state *state, struct extent_buffer *leaf,
					    uint64_t offset)
{
	tree_block_read(leaf, offset + EXTENT_ITEM_REFERENCES, &state->search.references,
			sizeof(state->search.references));
}

SEC("fentry")
int BPF_PROG(walk_enter, struct btrfs_backref_walk_ctx *walk, bool search_commit_root,
	     void *iterate, struct backref_ctx *context)
{
	struct send_state *state = current_send();
	__u64 visited = 0;

	if (!state)
		return 0;
	bpf_get_func_arg(ctx, 3, &visited);
	state->search.context = visited;
	search_begin(state, walk->bytenr);
	return 0;
}

SEC("fexit")
int BPF_PROG(walk_exit)
{
	struct send_state *state = current_send();

	if (state)
		walk_ends(state);
	return 0;
}

/* Called for tree blocks on the way up as well, whose references are not the extent's. */
SEC("fexit")
int BPF_PROG(extent_item_checked, uint64_t bytenr, void *item, struct extent_buffer *leaf,
	     void *context, int result)
{
	struct send_state *state = current_send();
	__u64 offset = 0;

	if (!state || !state->search.under_way || bytenr != state->search.bytenr)
		return 0;
	/* The item is an offset in its leaf; typed as a pointer, no program may calculate with it.
	 */
	bpf_get_func_arg(ctx, 1, &offset);
	note_references(state, leaf, offset);
	if (result)
		state->search.result =
			state->search.references == 1 ? BACKREF_SINGLE_REF : BACKREF_OVER_LIMIT;
	return 0;
}

/* What is looked at says more than 0 when the walk can end with it: nothing better may come. */
SEC("fexit")
int BPF_PROG(candidate, uint64_t ino, uint64_t offset, uint64_t length, uint64_t root,
	     void *context, int result)
{
	struct send_state *state = current_send();

	if (!state)
		return 0;
	state->search.candidates++;
	state->backrefs.candidates++;
	if (result > 0)
		state->backrefs.early_stops++;
	return 0;
}

SEC("fexit")
int BPF_PROG(roots_found, struct btrfs_backref_walk_ctx *walk, int result)
{
	struct send_state *state = current_send();

	if (state && !result)
		state->backrefs.roots_found += walk->roots->nnodes;
	return 0;
}

/* ---- before 6.2 ---- */

SEC("fentry")
int BPF_PROG(extent_search_enter, void *filesystem, uint64_t bytenr)
{
	struct send_state *state = current_send();

	if (state)
		search_begin(state, bytenr);
	return 0;
}

SEC("fexit")
int BPF_PROG(extent_search_exit, void *filesystem, uint64_t bytenr, struct btrfs_path *path,
	     void *key, void *flags, int result)
{
	struct send_state *state = current_send();
	struct extent_buffer *leaf;
	uint32_t offset = 0;
	uint64_t slot;

	if (!state)
		return 0;
	if (!settings.searches_timed)
		search_begin(state, bytenr);
	else if (!state->search.under_way)
		return 0;
	if (result < 0) {
		search_end(state);
		return 0;
	}
	leaf = path->nodes[0];
	slot = (uint32_t)path->slots[0];
	if (tree_block_read(leaf, TREE_BLOCK_HEADER_SIZE + slot * LEAF_ITEM_SIZE + LEAF_ITEM_OFFSET,
			    &offset, sizeof(offset)))
		note_references(state, leaf, TREE_BLOCK_HEADER_SIZE + offset);
	if (state->search.references <= REFERENCES_MAX_BEFORE_6_2)
		return 0;
	state->search.result = BACKREF_OVER_LIMIT;
	search_end(state);
	return 0;
}

/* Each snapshot that may be cloned from knows whether the search met it. */
static __always_inline bool clone_was_found(struct send_ctx *send_ctx)
{
	uint64_t roots, found = 0;

	if (!bpf_core_field_exists(struct clone_root, found_refs))
		return false;
	if (send_ctx->clone_roots->found_refs)
		return true;
	if (send_ctx->clone_roots_cnt == 1)
		return false;
	roots = (uint64_t)BPF_CORE_READ(send_ctx, clone_roots);
	roots += bpf_core_field_offset(struct clone_root, found_refs);
	for (uint32_t i = 1; i < CLONE_ROOTS_MAX && i < send_ctx->clone_roots_cnt; i++) {
		uint64_t at = roots + i * bpf_core_type_size(struct clone_root);

		bpf_probe_read_kernel(&found, sizeof(found), (void *)at);
		if (found)
			return true;
	}
	return false;
}

/* An extent is cloned: what was searched for was found. Seven arguments, but none is needed. */
SEC("kprobe")
int BPF_KPROBE(clone_enter_kprobe)
{
	struct send_state *state = current_send();

	if (!state || !state->search.under_way)
		return 0;
	state->search.result = BACKREF_CLONE;
	search_end(state);
	return 0;
}

SEC("fentry")
int BPF_PROG(candidate_before_6_2)
{
	struct send_state *state = current_send();

	if (!state)
		return 0;
	state->search.candidates++;
	state->backrefs.candidates++;
	return 0;
}

/* No program may have a pointer to a pointer; a helper gives it as a number. */
SEC("fexit")
int BPF_PROG(roots_found_before_6_2)
{
	struct send_state *state = current_send();
	struct ulist *found = NULL;
	__u64 roots = 0, result = 0;

	if (!state)
		return 0;
	bpf_get_func_arg(ctx, 4, &roots);
	bpf_get_func_ret(ctx, &result);
	if (!(int)result && !bpf_probe_read_kernel(&found, sizeof(found), (void *)roots))
		state->backrefs.roots_found += BPF_CORE_READ(found, nnodes);
	return 0;
}

/* ---- both ---- */

/*
 * An extent's data is sent. Before 6.2 the end of the search for where to clone it from cannot be
 * watched without a lot more; here it is over. What it found may be of no use.
 */
SEC("fentry")
int BPF_PROG(extent_data_enter, struct send_ctx *send_ctx)
{
	struct send_state *state = send_with(send_ctx);

	if (!state)
		return 0;
	if (state->search.under_way) {
		if (clone_was_found(send_ctx))
			state->search.result = BACKREF_CLONE;
		search_end(state);
	}
	if (settings.parts_measured)
		part_enter(state, STATE_READ, bpf_ktime_get_ns(), &state->read_outer);
	return 0;
}

SEC("fentry")
int BPF_PROG(leaf_resolved)
{
	struct send_state *state = current_send();

	if (state)
		state->backrefs.leaves_resolved++;
	return 0;
}

SEC("fentry")
int BPF_PROG(preliminary_reference)
{
	struct send_state *state = current_send();

	if (state)
		state->backrefs.preliminary_references++;
	return 0;
}
