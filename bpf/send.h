/* SPDX-License-Identifier: GPL-2.0 */
/* For programs: a send begins and ends. */
#ifndef BPF_SEND_H
#define BPF_SEND_H

#include "bpf/current_send.h"

static __always_inline struct send_state *take_free_slot(uint32_t thread)
{
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < STATE_PROBES; i++) {
		struct send_state *state = &sends[(thread + i) & (STATE_SLOTS - 1)];

		if (!state->thread && __sync_bool_compare_and_swap(&state->thread, 0, thread)) {
			__sync_fetch_and_add(&senders_at[thread & (STATE_SLOTS - 1)], 1);
			state->slot = (thread + i) & (STATE_SLOTS - 1);
			return state;
		}
	}
	return NULL;
}

/* So many parents of a process are looked at. */
enum { ANCESTORS = 16 };

static __always_inline bool descends_from(uint32_t process)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	for (uint32_t i = 0; i <= ANCESTORS && task; i++) {
		uint32_t number = BPF_CORE_READ(task, tgid);

		if (number == process)
			return true;
		task = BPF_CORE_READ(task, real_parent);
	}
	return false;
}

/* Whether sends of the current thread are wanted. Asked when one begins: it may take its time. */
static __always_inline bool is_watched(void)
{
	return !settings.process || descends_from(settings.process);
}

/* The current thread, which is watched, sends from now on; NULL when there is no slot for it. */
static __always_inline struct send_state *send_begin(void)
{
	uint64_t id = bpf_get_current_pid_tgid();
	struct send_state *state = take_free_slot(id);

	if (!state)
		return NULL;
	state->process = id >> 32;
	bpf_get_current_comm(state->command, sizeof(state->command));
	state->part = STATE_OTHER;
	/* When it is in the middle of something, its end comes without a beginning. */
	state->write_outer = STATE_OTHER;
	state->read_outer = STATE_OTHER;
	state->path_outer = STATE_OTHER;
	state->search.outer = STATE_OTHER;
	state->last_reloc_trans = STATE_NO_TRANSACTION;
	state->written_before = bytes_written();
	/* Nothing was begun, so what is written goes to no command: the head of the stream. */
	state->command_kind = STATE_COMMANDS - 1;
	state->written_so_far = state->written_before;
	state->began_ns = bpf_ktime_get_ns();
	state->part_since_ns = state->began_ns;
	state->last_command_end_ns = state->began_ns;
	return state;
}

/* The send of the current thread is over: its state is kept aside, its slot is free. */
static __always_inline void send_end(struct send_state *state, int64_t result)
{
	struct ended_key key = {.began_ns = state->began_ns, .thread = state->thread};
	uint32_t first = 0;
	const struct send_state *zero = bpf_map_lookup_elem(&zeros, &first);

	state->ended_ns = bpf_ktime_get_ns();
	state->result = result;
	part_set(state, state->part, state->ended_ns);
	if (bpf_map_update_elem(&ended, &key, state, BPF_ANY))
		__sync_fetch_and_add(&sends_unseen, 1);
	if (!zero)
		return;
	__sync_fetch_and_add(&senders_at[state->thread & (STATE_SLOTS - 1)], -1);
	/* All but the thread, which comes last: then another one may take the slot. */
	bpf_probe_read_kernel(&state->process, sizeof(*state) - sizeof(state->thread),
			      &zero->process);
	__sync_lock_test_and_set(&state->thread, 0);
}

#endif
