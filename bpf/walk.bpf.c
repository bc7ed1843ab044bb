// SPDX-License-Identifier: GPL-2.0
/* The walk over the trees: inodes, restarts after a relocation; and the paths built on the way. */
#include "bpf/current_send.h"
#include "bpf/send_ctx.h"

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

/* Called for each item that is new, gone or changed, and for some that are the same. */
SEC("fentry")
int BPF_PROG(item_changed, void *left, void *right, struct btrfs_key *key, int result,
	     struct send_ctx *send_ctx)
{
	struct send_state *state = current_send();

	if (!state)
		return 0;
	look_for_restart(state, send_ctx->last_reloc_trans);
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
	step_begins(state, STATE_PATH, now, &state->path_outer);
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
	step_ends(state, state->path_outer, now);
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
