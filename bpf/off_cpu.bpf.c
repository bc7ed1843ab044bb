// SPDX-License-Identifier: GPL-2.0
/*
 * Time in which a sending thread did not run. What it waits for is told by how it waits: for the
 * device in the state that is accounted as such; for the reader of the stream in a way that a
 * signal ends, as nothing else in a send does, or by the function tier's knowledge that it is
 * writing.
 */
#include "bpf/send_call.h"

enum { TASK_INTERRUPTIBLE = 1 };

static __always_inline uint32_t waits_for(const struct send_state *state, bool preempted,
					  struct task_struct *task)
{
	unsigned int how = task->__state;

	if (preempted || !how)
		return STATE_OFF_CPU;
	if (BPF_CORE_READ_BITFIELD(task, in_iowait))
		return STATE_IO_BLOCKED;
	if (how & TASK_INTERRUPTIBLE || state->part == STATE_WRITE)
		return STATE_OUTPUT_BLOCKED;
	return STATE_OFF_CPU;
}

static __always_inline void record_wait(struct send_state *state, uint32_t part, uint64_t began_ns,
					uint64_t now)
{
	struct event *event;

	if (part == STATE_OFF_CPU)
		return;
	event = record_begin(state, EVENT_BLOCKED, now);
	if (!event)
		return;
	event->blocked.began_ns = began_ns;
	event->blocked.reason = part == STATE_IO_BLOCKED ? BLOCKED_FOR_IO : BLOCKED_FOR_OUTPUT;
	record_submit(event);
}

/*
 * Where it is now is where who looks on sees it until it comes back: for long from its reader only,
 * and where commands are seen these tell it else.
 */
static __always_inline void note_inode(struct send_state *state, uint32_t part)
{
	struct send_ctx *send_ctx = (void *)state->send_ctx;

	if (send_ctx && (part == STATE_OUTPUT_BLOCKED || !settings.commands_begun))
		state->ino = BPF_CORE_READ(send_ctx, cur_ino);
}

/* Without part_since_ns a send is just beginning or ending. */
SEC("tp_btf")
int BPF_PROG(thread_switched, bool preempted, struct task_struct *from, struct task_struct *to)
{
	struct send_state *state = send_of_any(from->pid);
	uint64_t now, since;
	uint32_t part;

	if (!state && settings.commands_unseen)
		state = take_up_call();
	if (state && is_over(state)) {
		if (settings.output_accounted)
			note_output(state);
		if (settings.commands_begun)
			command_was_written(state, bytes_written());
		send_end(state, STATE_RESULT_UNSEEN);
		state = NULL;
	}
	if (state && state->part_since_ns) {
		part = waits_for(state, preempted, from);
		part_leave(state, part, bpf_ktime_get_ns());
		if (settings.output_accounted)
			note_output(state);
		note_inode(state, part);
	}
	state = send_of_any(to->pid);
	if (!state || !state->part_since_ns || !part_is_wait(state->part))
		return 0;
	now = bpf_ktime_get_ns();
	since = state->part_since_ns;
	part = state->part;
	part_return(state, now);
	record_wait(state, part, since, now);
	return 0;
}
