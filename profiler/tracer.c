/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/tracer_private.h"

#include "bpf/send_parts.h"
#include "profiler/sender.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How often a ring that wakes up nobody is looked into while waiting. */
enum { LOOK_INTERVAL_MS = 5 };

/* How often samples are taken out of the kernel on the way. */
#define SAMPLES_NS UINT64_C(500000000)

static int out_of_memory(struct failure *failure)
{
	return failure_set(failure, -ENOMEM, "out of memory");
}

static int take_record(void *context, void *data, size_t size)
{
	struct tracer *tracer = context;
	const struct event *event = data;

	if (size >= sizeof(*event) && size >= event_size(event))
		tracer->consume(tracer->consume_context, event);
	return 0;
}

static int open_ring(struct tracer *tracer, struct failure *failure)
{
	if (!tracer->skeleton || !tracer->options.records)
		return 0;
	tracer->ring = ring_buffer__new(tracer_records_map(tracer), take_record, tracer, NULL);
	return tracer->ring ? 0
			    : failure_set(failure, -errno, "cannot read the tracer's records: %s",
					  strerror(errno));
}

int tracer_open(const struct tracer_options *options, struct tracer **out, struct failure *failure)
{
	struct tracer *tracer;
	int ret;

	*out = NULL;
	if (options->forced && options->tier == TIER_PIPE)
		return 0;
	tracer = calloc(1, sizeof(*tracer));
	if (!tracer)
		return out_of_memory(failure);
	tracer->options = *options;
	tracer->symbols = kernel_symbols_read("/proc/kallsyms");
	ret = tracer_choose_tier(tracer, failure);
	if (!ret)
		ret = open_ring(tracer, failure);
	if (ret) {
		tracer_close(tracer);
		return ret;
	}
	*out = tracer;
	return 0;
}

void tracer_close(struct tracer *tracer)
{
	if (!tracer)
		return;
	ring_buffer__free(tracer->ring);
	tracer_unload(tracer);
	kernel_types_close(tracer->types);
	kernel_symbols_free(tracer->symbols);
	free(tracer);
}

enum trace_tier tracer_tier(const struct tracer *tracer)
{
	return tracer->tier;
}

const char *tracer_tier_reason(const struct tracer *tracer)
{
	return tracer->tier_reason;
}

const char *tracer_missing(const struct tracer *tracer, enum trace_metric metric)
{
	if (tracer->metrics >> metric & 1)
		return NULL;
	if (tracer->tier == TIER_PIPE)
		return tracer->tier_reason;
	return tracer->missing[metric];
}

bool tracer_unasked(const struct tracer *tracer, enum trace_metric metric)
{
	return tracer->unasked >> metric & 1;
}

/* Who polls while a long send goes on asks for nothing else. */
static int take_samples_in_time(struct tracer *tracer)
{
	struct timespec now;
	uint64_t now_ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
	if (now_ns - tracer->samples_taken_ns < SAMPLES_NS)
		return 0;
	tracer->samples_taken_ns = now_ns;
	return tracer_take_samples(tracer);
}

int tracer_poll(struct tracer *tracer, int timeout_ms, event_fn consume, void *context)
{
	int interval_ms = tracer->ring ? LOOK_INTERVAL_MS : timeout_ms;
	const struct timespec interval = {.tv_nsec = interval_ms * 1000000L};
	int waited_ms = 0, count, ret;

	ret = take_samples_in_time(tracer);
	if (ret)
		return ret;
	tracer->consume = consume;
	tracer->consume_context = context;
	for (;;) {
		count = tracer->ring ? ring_buffer__consume(tracer->ring) : 0;
		if (count || waited_ms >= timeout_ms)
			return count;
		waited_ms += interval_ms;
		/* A signal ends the waiting, too. */
		if (nanosleep(&interval, NULL))
			return 0;
	}
}

/* ---- states ---- */

struct send_list {
	struct traced_send *sends;
	size_t count;
	size_t size;
};

_Static_assert(sizeof(struct state_histogram) == sizeof(struct trace_histogram),
	       "a histogram has one layout");
_Static_assert((int)STATE_PARTS == (int)PART_COUNT && (int)STATE_OFF_CPU == (int)PART_OFF_CPU,
	       "parts have one numbering");
_Static_assert((int)STATE_COMMANDS > (int)STREAM_C_COUNT, "room for every command, and for none");

/* With more clone sources than this, the roots of a leaf may be too many for the kernel's cache. */
enum { CACHED_ROOTS_MAX = 17 };

static uint64_t known_metrics(const struct tracer *tracer, const struct send_state *state)
{
	/* There the walks from leaves to their roots are counted by what is cached of them. */
	if (tracer->tier == TIER_TRACEPOINT && state->clone_roots > CACHED_ROOTS_MAX)
		return tracer->metrics & ~(1ULL << METRIC_LEAF_ROOTS);
	return tracer->metrics;
}

static void copy_figures(const struct tracer *tracer, const struct send_state *state,
			 struct trace_figures *figures)
{
	*figures = (struct trace_figures){
		.thread = state->thread,
		.tier = tracer->tier,
		.metrics = known_metrics(tracer, state),
		.began_ns = state->began_ns,
		.ended_ns = state->ended_ns,
		.result = state->result,
		.output_bytes = state->output_bytes,
		.backrefs = state->backrefs,
		.disk_reads = state->disk_reads,
		.disk_read_bytes = state->disk_read_bytes,
		.restarts = state->restarts,
		.inodes = state->inodes,
		.records = state->records,
		.dropped = state->dropped,
		.samples_lost = state->samples_lost,
		.returns_unseen = state->returns_unseen,
	};
	for (unsigned int i = 0; i < STREAM_C_COUNT; i++)
		figures->commands[i] = (struct trace_command_figures){
			.count = state->commands[i].count,
			.bytes = state->commands[i].bytes,
			.work_ns = state->commands[i].work_ns,
			.output_ns = state->commands[i].output_ns,
		};
	memcpy(figures->caches, state->caches, sizeof(figures->caches));
	memcpy(&figures->references, &state->references, sizeof(figures->references));
	memcpy(&figures->candidates, &state->candidates, sizeof(figures->candidates));
	memcpy(&figures->search_ns, &state->search_ns, sizeof(figures->search_ns));
	memcpy(&figures->path_ns, &state->path_resolution_ns, sizeof(figures->path_ns));
	memcpy(figures->parts_ns, state->parts_ns, sizeof(figures->parts_ns));
}

/* A send may be seen under way and, just after, among the ended ones: the later state counts. */
static int add_send(struct tracer *tracer, const struct send_state *state, struct send_list *list)
{
	struct traced_send *send = NULL;

	for (size_t i = 0; i < list->count && !send; i++) {
		const struct trace_figures *known = &list->sends[i].figures;

		if (known->thread == state->thread && known->began_ns == state->began_ns)
			send = &list->sends[i];
	}
	if (!send && list->count == list->size) {
		size_t size = list->size ? 2 * list->size : 8;
		struct traced_send *sends = reallocarray(list->sends, size, sizeof(*sends));

		if (!sends)
			return -ENOMEM;
		list->sends = sends;
		list->size = size;
	}
	if (!send)
		send = &list->sends[list->count++];
	memset(send, 0, sizeof(*send));
	copy_figures(tracer, state, &send->figures);
	send->process = state->process;
	memcpy(send->command, state->command, sizeof(send->command) - 1);
	send->root_id = state->root_id;
	send->parent_id = state->parent_id;
	send->flags = state->flags;
	send->ino = state->ino;
	send->path_of = state->path_of;
	memcpy(send->path, state->last_command.path, sizeof(send->path) - 1);
	return 0;
}

/*
 * The account is kept where a thread changes from one part to another: one that waits for its
 * reader for hours has none of it there.
 */
static void account_until_now(const struct tracer *tracer, struct send_state *state)
{
	bool is_accounted = tracer->metrics >> METRIC_TIME_SPLIT & 1;

	if (is_accounted && state->part_since_ns && !state->ended_ns)
		part_set(state, state->part, monotonic_ns());
}

static int add_current(struct tracer *tracer, struct send_state *state, struct send_list *list)
{
	for (uint32_t slot = 0; slot < STATE_SLOTS; slot++) {
		*state = tracer_states(tracer)[slot];
		if (!state->thread || !state->began_ns)
			continue;
		account_until_now(tracer, state);
		if (add_send(tracer, state, list))
			return -ENOMEM;
	}
	return 0;
}

static int add_ended(struct tracer *tracer, struct send_state *state, struct send_list *list)
{
	struct ended_key key, *previous = NULL;
	int map = tracer_ended_map(tracer);

	while (!bpf_map_get_next_key(map, previous, &key)) {
		/* Taken away meanwhile by nobody but us. */
		if (!bpf_map_lookup_elem(map, &key, state) && add_send(tracer, state, list))
			return -ENOMEM;
		previous = &key;
	}
	return 0;
}

static int by_beginning(const void *left, const void *right)
{
	const struct traced_send *a = left, *b = right;

	return a->figures.began_ns < b->figures.began_ns
		       ? -1
		       : a->figures.began_ns > b->figures.began_ns;
}

int tracer_sends(struct tracer *tracer, struct traced_send **sends, size_t *count,
		 struct failure *failure)
{
	struct send_list list = {0};
	struct send_state *state;
	int ret;

	*sends = NULL;
	*count = 0;
	if (!tracer->skeleton)
		return 0;
	state = malloc(sizeof(*state));
	ret = state ? add_current(tracer, state, &list) : -ENOMEM;
	if (!ret)
		ret = add_ended(tracer, state, &list);
	free(state);
	if (!ret)
		ret = tracer_take_samples(tracer);
	if (!ret && !tracer_measures_parts(tracer))
		tracer_split_by_samples(tracer, list.sends, list.count);
	if (ret) {
		free(list.sends);
		return failure_set(failure, ret, "cannot read what was traced: %s", strerror(-ret));
	}
	if (list.count)
		qsort(list.sends, list.count, sizeof(*list.sends), by_beginning);
	*sends = list.sends;
	*count = list.count;
	return 0;
}

uint64_t tracer_unseen(const struct tracer *tracer)
{
	return tracer->skeleton ? tracer_unseen_counter(tracer) : 0;
}

/* Sends under way keep their samples. */
static int forget_samples(struct tracer *tracer)
{
	struct ended_key under_way[STATE_SLOTS];
	struct send_list list = {0};
	struct send_state *state = malloc(sizeof(*state));
	int ret = state ? add_current(tracer, state, &list) : -ENOMEM;

	for (size_t i = 0; i < list.count; i++)
		under_way[i] = (struct ended_key){.began_ns = list.sends[i].figures.began_ns,
						  .thread = list.sends[i].figures.thread};
	if (!ret)
		ret = tracer_forget_samples(tracer, under_way, list.count);
	free(list.sends);
	free(state);
	return ret;
}

static int forget(struct tracer *tracer, const struct ended_key *key, struct failure *failure)
{
	if (!bpf_map_delete_elem(tracer_ended_map(tracer), key) || errno == ENOENT)
		return 0;
	return failure_set(failure, -errno, "cannot forget what was traced: %s", strerror(errno));
}

int tracer_forget(struct tracer *tracer, const struct traced_send *send, struct failure *failure)
{
	const struct ended_key key = {
		.began_ns = send->figures.began_ns,
		.thread = send->figures.thread,
	};

	if (!tracer->skeleton || !send->figures.ended_ns)
		return 0;
	tracer_forget_samples_of(tracer, &key);
	return forget(tracer, &key, failure);
}

int tracer_reset(struct tracer *tracer, struct failure *failure)
{
	struct ended_key key;
	int ret;

	if (!tracer->skeleton)
		return 0;
	while (!bpf_map_get_next_key(tracer_ended_map(tracer), NULL, &key)) {
		ret = forget(tracer, &key, failure);
		if (ret)
			return ret;
	}
	ret = forget_samples(tracer);
	return ret ? failure_set(failure, ret, "cannot forget what was sampled: %s", strerror(-ret))
		   : 0;
}
