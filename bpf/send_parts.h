/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which part of a send its thread's time belongs to. No helper of the kernel is called here, so
 * that a test can follow a thread through it in user space.
 */
#ifndef BPF_SEND_PARTS_H
#define BPF_SEND_PARTS_H

#include "bpf/send_state.h"

/*
 * The thread's time goes to @part from @now on. A program at a function may be interrupted after it
 * has looked at the clock: then the thread was away and came back meanwhile, later than @now.
 */
static __always_inline void part_set(struct send_state *state, uint32_t part, uint64_t now)
{
	if (now > state->part_since_ns) {
		state->parts_ns[state->part & (STATE_PARTS - 1)] += now - state->part_since_ns;
		state->part_since_ns = now;
	}
	state->part = part;
}

/* As that; the part before is in *@outer, for going back to it. */
static __always_inline void part_enter(struct send_state *state, uint32_t part, uint64_t now,
				       uint32_t *outer)
{
	*outer = state->part;
	part_set(state, part, now);
}

static __always_inline bool part_is_wait(uint32_t part)
{
	return part >= STATE_OUTPUT_BLOCKED;
}

/*
 * The thread leaves the processor, for the time that belongs to @part. When it seems to be away
 * already, its last return was not seen: what it did since then was counted as waiting, but the
 * part to go back to is still the one before that.
 */
static __always_inline void part_leave(struct send_state *state, uint32_t part, uint64_t now)
{
	if (part_is_wait(state->part))
		state->returns_unseen++;
	else
		state->off_cpu_outer = state->part;
	part_set(state, part, now);
}

static __always_inline void part_return(struct send_state *state, uint64_t now)
{
	part_set(state, state->off_cpu_outer, now);
}

#endif
