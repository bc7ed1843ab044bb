// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoint tier's base: the send itself, by the system call; and the bytes it wrote, by the
 * accounting of the thread. A send that a 32-bit program starts in a 64-bit kernel is not seen.
 */
#include "bpf/send_call.h"
#include "bpf/watched_cache.h"

SEC("tp_btf")
int BPF_PROG(call_enter, struct pt_regs *registers, long number)
{
	/* A switch of threads on the way here may have taken it up. */
	if (!is_send_call(registers, number) || current_send() || !is_watched())
		return 0;
	if (!send_begin())
		__sync_fetch_and_add(&sends_unseen, 1);
	return 0;
}

SEC("tp_btf")
int BPF_PROG(call_exit, struct pt_regs *registers, long result)
{
	struct send_state *state;

	if (call_number(registers) != SYSCALL_IOCTL)
		return 0;
	state = current_send();
	if (!state)
		return 0;
	watched_caches_end(state);
	note_output(state);
	send_end(state, result);
	return 0;
}
