// SPDX-License-Identifier: GPL-2.0
/* The send itself, by entry and exit of the ioctl's function. */
#include "bpf/send.h"

SEC("fentry")
int BPF_PROG(send_enter)
{
	struct send_state *state = current_send();

	/* Of an earlier send, whose end nobody saw. */
	if (state)
		send_end(state, STATE_RESULT_UNSEEN);
	if (is_watched() && !send_begin())
		__sync_fetch_and_add(&sends_unseen, 1);
	return 0;
}

/* The first argument is of another type in each release, so none is named. */
SEC("fexit")
int BPF_PROG(send_exit)
{
	struct send_state *state = current_send();
	__u64 result = 0;

	if (!state)
		return 0;
	if (settings.output_accounted)
		note_output(state);
	if (settings.commands_begun)
		command_was_written(state, bytes_written());
	/* Its caches are gone. */
	if (settings.names_begun)
		note_names(state, 0);
	bpf_get_func_ret(ctx, &result);
	send_end(state, (int64_t)result);
	return 0;
}
