// SPDX-License-Identifier: GPL-2.0
/* Samples of the stacks of sending threads, taken by the clock of each processor. */
#include "bpf/current_send.h"

SEC("perf_event")
int stack_sample(struct bpf_perf_event_data *ctx)
{
	struct send_state *state = current_send();
	struct sample_key key = {0};
	uint64_t one = 1, *count;

	if (!state || !state->part_since_ns)
		return 0;
	key.began_ns = state->began_ns;
	key.thread = state->thread;
	key.stack = bpf_get_stackid(ctx, &stacks, 0);
	if (key.stack < 0) {
		key.stack = -1;
		state->samples_lost++;
	}
	count = bpf_map_lookup_elem(&samples, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	else if (bpf_map_update_elem(&samples, &key, &one, BPF_NOEXIST) && key.stack >= 0)
		state->samples_lost++;
	return 0;
}
