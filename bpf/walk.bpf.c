// SPDX-License-Identifier: GPL-2.0
/* The walk over the trees: inodes, restarts after a relocation; and the paths built on the way. */
#include "bpf/current_send.h"

enum {
	KEY_INODE_ITEM = 1,
	COMPARED_SAME = 3, /* enum btrfs_compare_tree_result */
};

static __always_inline void record_inode(struct send_state *state, uint32_t type, uint64_t ino)
{
	struct event *event;

	if (!settings.records || !ino)
		return;
	event = record_begin(state, type, bpf_ktime_get_ns());
	if (!event)
		return;
	event->ino = ino;
	record_submit(event);
}

/*
 * A relocation moves blocks; the send notices at the next commit, remembers in last_reloc_trans for
 * which transaction, and searches its place again. Before the walk begins nothing is remembered.
 */
static __always_inline void look_for_restart(struct send_state *state, struct send_ctx *send_ctx)
{
	uint64_t last = send_ctx->last_reloc_trans;
	struct event *event;

	if (state->tree_walk_begun && last != state->last_reloc_trans) {
		state->restarts++;
		event = record_begin(state, EVENT_RESTART, bpf_ktime_get_ns());
		if (event)
			record_submit(event);
	}
	state->tree_walk_begun = 1;
	state->last_reloc_trans = last;
}

/* Called for each item that is new, gone or changed, and for some that are the same. */
SEC("fentry")
int BPF_PROG(item_changed, void *left, void *right, struct btrfs_key *key, int result,
	     struct send_ctx *send_ctx)
{
	struct send_state *state = current_send();

	if (!state)
		return 0;
	look_for_restart(state, send_ctx);
	if (key->type != KEY_INODE_ITEM || result == COMPARED_SAME)
		return 0;
	state->inodes++;
	record_inode(state, EVENT_INODE_END, state->walk_ino);
	state->ino = key->objectid;
	state->walk_ino = key->objectid;
	record_inode(state, EVENT_INODE_BEGIN, state->walk_ino);
	return 0;
}

SEC("fentry")
int BPF_PROG(path_enter)
{
	struct send_state *state = current_send();
	uint64_t now;

	if (!state)
		return 0;
	now = bpf_ktime_get_ns();
	state->path_began_ns = now;
	part_enter(state, STATE_PATH, now, &state->path_outer);
	return 0;
}

SEC("fexit")
int BPF_PROG(path_exit, struct send_ctx *send_ctx, uint64_t ino)
{
	struct send_state *state = current_send();
	struct event *event;
	uint64_t now;

	if (!state || !state->path_began_ns)
		return 0;
	now = bpf_ktime_get_ns();
	part_set(state, state->path_outer, now);
	histogram_add(&state->path_resolution_ns, now - state->path_began_ns);
	event = record_begin(state, EVENT_PATH_RESOLVED, now);
	if (event) {
		event->ino = ino;
		event->path.began_ns = state->path_began_ns;
		record_submit(event);
	}
	state->path_began_ns = 0;
	return 0;
}
