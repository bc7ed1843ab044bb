/* SPDX-License-Identifier: GPL-2.0 */
/* For programs: the state of the thread they run in, and what most of them do with it. */
#ifndef BPF_CURRENT_SEND_H
#define BPF_CURRENT_SEND_H

#include "bpf/send_maps.h"
#include "bpf/send_parts.h"

/* The state of a thread's send; NULL when it does not send, or is not watched. */
static __always_inline struct send_state *send_of(uint32_t thread)
{
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < STATE_PROBES; i++) {
		struct send_state *state = &sends[(thread + i) & (STATE_SLOTS - 1)];

		if (state->thread == thread)
			return state;
	}
	return NULL;
}

/* As that, for one that probably does not send. */
static __always_inline struct send_state *send_of_any(uint32_t thread)
{
	/* An idle processor's thread, whose number is 0, would have every free slot. */
	if (!thread || !senders_at[thread & (STATE_SLOTS - 1)])
		return NULL;
	return send_of(thread);
}

static __always_inline struct send_state *current_send(void)
{
	return send_of(bpf_get_current_task_btf()->pid);
}

/* Of the send that was looked for last; another one may write it at any time. */
static uint8_t last_slot;

/*
 * As that, in a function that is told the send's struct: then the thread need not be asked for. The
 * end of a send that was taken up may come after that of its struct.
 */
static __always_inline struct send_state *send_with(const struct send_ctx *send_ctx)
{
	struct send_state *state = &sends[last_slot & (STATE_SLOTS - 1)];

	if (state->send_ctx == (uint64_t)send_ctx && !state->taken_up)
		return state;
	state = current_send();
	if (state)
		last_slot = state->slot;
	return state;
}

/* A step on CPU begins and ends; where time is split by samples, it is no matter of theirs. */
static __always_inline void step_begins(struct send_state *state, uint32_t part, uint64_t now,
					uint32_t *outer)
{
	if (settings.parts_measured)
		part_enter(state, part, now, outer);
}

static __always_inline void step_ends(struct send_state *state, uint32_t outer, uint64_t now)
{
	if (settings.parts_measured)
		part_set(state, outer, now);
}

/* Of all that the thread wrote, by calls and in the kernel; 0 when nobody counts. */
static __always_inline uint64_t bytes_written(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!bpf_core_field_exists(task->ioac.wchar))
		return 0;
	return task->ioac.wchar;
}

/* In a send the thread writes nothing but the stream. */
static __always_inline void note_output(struct send_state *state)
{
	state->output_bytes = bytes_written() - state->written_before;
}

/* The thread has @written so much; what it wrote since a command was begun was that command. */
static __always_inline void command_was_written(struct send_state *state, uint64_t written)
{
	state->commands[state->command_kind & (STATE_COMMANDS - 1)].bytes +=
		written - state->written_so_far;
	state->written_so_far = written;
}

/*
 * The name cache before 6.4 with @entries in it now: what was stored into it is there or was
 * dropped, and what was looked up without being stored was there.
 */
static __always_inline void note_names(struct send_state *state, uint32_t entries)
{
	struct cache_counters *names = &state->caches[CACHE_NAME];

	names->lookups = state->name_lookups;
	names->stores = (uint64_t)entries + state->name_dropped - state->name_entries;
	names->hits = names->lookups - names->stores;
	if (entries > names->max_entries)
		names->max_entries = entries;
}

/* Bucket 0 counts zeros, bucket i values from 2^(i-1) up to 2^i - 1; the last one all above. */
static __always_inline uint32_t bucket_of(uint64_t value)
{
	uint32_t bucket = 0;

	if (value <= 1)
		return value;
	if (value >= 1ULL << (STATE_BUCKETS - 2))
		return STATE_BUCKETS - 1;
	if (value >> 16) {
		value >>= 16;
		bucket += 16;
	}
	if (value >> 8) {
		value >>= 8;
		bucket += 8;
	}
	if (value >> 4) {
		value >>= 4;
		bucket += 4;
	}
	if (value >> 2) {
		value >>= 2;
		bucket += 2;
	}
	if (value >> 1) {
		value >>= 1;
		bucket += 1;
	}
	return bucket + (uint32_t)value;
}

static __always_inline void histogram_add(struct state_histogram *histogram, uint64_t value)
{
	histogram->count++;
	histogram->sum += value;
	if (value > histogram->max)
		histogram->max = value;
	histogram->buckets[bucket_of(value) & (STATE_BUCKETS - 1)]++;
}

/*
 * A record of @type to be filled and given to record_submit(); NULL when records are not wanted, or
 * there is no room, which is counted.
 */
static __always_inline struct event *record_begin(struct send_state *state, uint32_t type,
						  uint64_t now)
{
	struct event *event;

	if (!settings.records)
		return NULL;
	event = bpf_ringbuf_reserve(&records, sizeof(*event), 0);
	if (!event) {
		state->dropped++;
		return NULL;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = now;
	event->ino = state->ino;
	event->type = type;
	event->sender = state->thread;
	state->records++;
	return event;
}

/* User space looks by itself, now and then: waking it up costs more than the record. */
static __always_inline void record_submit(struct event *event)
{
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

static __always_inline void record_cache(struct send_state *state, uint32_t cache,
					 uint32_t operation)
{
	struct event *event;

	if (!settings.records)
		return;
	event = record_begin(state, EVENT_CACHE, bpf_ktime_get_ns());
	if (!event)
		return;
	event->cache.cache = cache;
	event->cache.operation = operation;
	record_submit(event);
}

#endif
