/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The maps and settings that all programs share. send_maps.bpf.c defines them and is linked first:
 * the linker takes a wrong offset for what it saw used before it was defined.
 */
#ifndef BPF_SEND_MAPS_H
#define BPF_SEND_MAPS_H

#include "bpf/send_state.h"
#include "vmlinux/btrfs.h"

/*
 * States of the sends under way. A thread's state is in the slot of its number or one of the next
 * few: found without a call, and without what even an array needs as a map of its own.
 */
extern struct send_state sends[STATE_SLOTS];

/*
 * How many threads that send have their number's slot here: where there is none no slot is looked
 * at, for most threads that are switched to and from do not send.
 */
extern uint32_t senders_at[STATE_SLOTS];

/* States of those that ended, until user space took them. */
struct ended_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STATE_ENDED);
	__type(key, struct ended_key);
	__type(value, struct send_state);
};
extern struct ended_map ended SEC(".maps");

/* What a free slot is cleared with; never written. */
struct zeros_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct send_state);
};
extern struct zeros_map zeros SEC(".maps");

/* Single events, struct event; user space sets the size. */
struct records_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
};
extern struct records_map records SEC(".maps");

/* How often which stack was met. */
struct samples_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STATE_SAMPLES);
	__type(key, struct sample_key);
	__type(value, uint64_t);
};
extern struct samples_map samples SEC(".maps");

struct stacks_map {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, STATE_STACKS);
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, STATE_STACK_DEPTH * sizeof(uint64_t));
};
extern struct stacks_map stacks SEC(".maps");

/* Constants for the verifier, so that what is not wanted costs nothing. */
extern const volatile struct trace_settings settings;

/* Sends for which there was no slot, or no room when they had ended. */
extern uint64_t sends_unseen;

#endif
