/* SPDX-License-Identifier: GPL-2.0 */
/* For programs: what the struct send_ctx of a send tells. */
#ifndef BPF_SEND_CTX_H
#define BPF_SEND_CTX_H

#include "bpf/current_send.h"

enum { CACHE_OF_OTHERS = CACHE_COUNT };

/* From now on the send's own struct is known. */
static __always_inline void send_ctx_found(struct send_state *state, struct send_ctx *send_ctx)
{
	struct btrfs_root *parent = BPF_CORE_READ(send_ctx, parent_root);

	state->send_ctx = (uint64_t)send_ctx;
	state->root_id = BPF_CORE_READ(send_ctx, send_root, root_key.objectid);
	state->parent_id = parent ? BPF_CORE_READ(parent, root_key.objectid) : 0;
	state->flags = BPF_CORE_READ(send_ctx, flags);
	state->clone_roots = BPF_CORE_READ(send_ctx, clone_roots_cnt);
}

/*
 * Which of the send's caches is at the address @cache. A number, for typed pointers cannot be
 * subtracted.
 */
static __always_inline uint32_t cache_at(const struct send_state *state, uint64_t cache)
{
	uint64_t offset = cache - state->send_ctx;
	struct send_ctx *send_ctx = NULL; /* only its type is of interest */

	if (offset == bpf_core_field_offset(send_ctx->name_cache))
		return CACHE_NAME;
	if (offset == bpf_core_field_offset(send_ctx->backref_cache))
		return CACHE_BACKREF;
	if (offset == bpf_core_field_offset(send_ctx->dir_created_cache))
		return CACHE_DIR_CREATED;
	if (offset == bpf_core_field_offset(send_ctx->dir_utimes_cache))
		return CACHE_DIR_UTIMES;
	return CACHE_OF_OTHERS;
}

/*
 * A relocation moves blocks; the send notices at the next commit, remembers in last_reloc_trans for
 * which transaction, and searches its place again. Before the walk begins nothing is remembered.
 */
static __always_inline void look_for_restart(struct send_state *state, uint64_t last)
{
	uint64_t before = state->last_reloc_trans;
	struct event *event;

	if (last == before)
		return;
	state->last_reloc_trans = last;
	if (before == STATE_NO_TRANSACTION)
		return;
	state->restarts++;
	event = record_begin(state, EVENT_RESTART, bpf_ktime_get_ns());
	if (event)
		record_submit(event);
}

#endif
