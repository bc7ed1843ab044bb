// SPDX-License-Identifier: GPL-2.0
/*
 * Reads that the sending thread gives to a device. What is built upon other devices queues them
 * again for these, in the same thread: then each one counts.
 */
#include "bpf/current_send.h"

enum {
	OPERATION_MASK = 0xff,
	OPERATION_READ = 0,
};

SEC("tp_btf")
int BPF_PROG(io_queued, struct bio *bio)
{
	struct send_state *state = current_send();

	if (!state || (bio->bi_opf & OPERATION_MASK) != OPERATION_READ)
		return 0;
	state->disk_reads++;
	state->disk_read_bytes += bio->bi_iter.bi_size;
	return 0;
}
