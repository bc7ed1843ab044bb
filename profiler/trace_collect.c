/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/trace_collect.h"
#include "profiler/trace_heavy.h"
#include "profiler/trace_histogram.h"
#include "profiler/trace_slow.h"

#include <stdlib.h>
#include <string.h>

/* Room is for so many extents and inodes; the length of a slot is doubled when there are too many.
 */
enum { COSTS_WATCHED = 4096, SLOT_NS = 1 << 16 };

struct trace_collector {
	struct trace_figures figures;
	struct trace_details details; /* without the costs */
	struct trace_heavy *extents, *inodes;
	struct trace_slow slow;
	uint64_t charged_ns;	   /* up to where time was charged to an inode */
	uint64_t command_ended_ns; /* the last one */
};

struct trace_collector *trace_collector_new(void)
{
	struct trace_collector *collector = calloc(1, sizeof(*collector));

	if (!collector)
		return NULL;
	collector->extents = trace_heavy_new(COSTS_WATCHED);
	collector->inodes = trace_heavy_new(COSTS_WATCHED);
	if (!collector->extents || !collector->inodes) {
		trace_collector_free(collector);
		return NULL;
	}
	trace_collector_begin(collector, 0);
	return collector;
}

void trace_collector_free(struct trace_collector *collector)
{
	if (!collector)
		return;
	trace_heavy_free(collector->extents);
	trace_heavy_free(collector->inodes);
	free(collector);
}

void trace_collector_begin(struct trace_collector *collector, uint64_t now_ns)
{
	trace_heavy_clear(collector->extents);
	trace_heavy_clear(collector->inodes);
	collector->slow.count = 0;
	collector->figures = (struct trace_figures){.began_ns = now_ns};
	collector->details = (struct trace_details){.slot_ns = SLOT_NS};
	collector->charged_ns = collector->command_ended_ns = now_ns;
}

static void add_slot(struct trace_slot *sum, const struct trace_slot *slot)
{
	sum->bytes += slot->bytes;
	sum->commands += slot->commands;
	sum->searches += slot->searches;
	sum->output_blocked_ns += slot->output_blocked_ns;
	sum->io_blocked_ns += slot->io_blocked_ns;
	sum->restarts += slot->restarts;
	if (slot->ino)
		sum->ino = slot->ino;
}

/* Two slots become one. */
static void widen_slots(struct trace_details *details)
{
	for (size_t i = 0; i < details->slot_count; i++) {
		const struct trace_slot slot = details->slots[i];

		details->slots[i] = (struct trace_slot){0};
		add_slot(&details->slots[i / 2], &slot);
	}
	details->slot_count = (details->slot_count + 1) / 2;
	details->slot_ns *= 2;
}

/* The slot of a time; what came before the send counts as its beginning. */
static struct trace_slot *slot_at(struct trace_collector *collector, uint64_t time_ns)
{
	struct trace_details *details = &collector->details;
	const uint64_t began_ns = collector->figures.began_ns;
	const uint64_t at = time_ns > began_ns ? time_ns - began_ns : 0;

	while (at / details->slot_ns >= TRACE_SLOTS)
		widen_slots(details);
	if (at / details->slot_ns >= details->slot_count)
		details->slot_count = at / details->slot_ns + 1;
	return &details->slots[at / details->slot_ns];
}

/*
 * The time since the last event belongs to the inode that was at work, but not what came before the
 * beginning of its work: that was the comparison of the trees.
 */
static struct trace_cost *charge_inode(struct trace_collector *collector, const struct event *event)
{
	uint64_t since = collector->charged_ns;

	if (event->time_ns > since)
		collector->charged_ns = event->time_ns;
	if (!event->ino || event->type == EVENT_INODE_BEGIN)
		return NULL;
	return trace_heavy_add(collector->inodes, event->ino, collector->charged_ns - since);
}

static uint64_t duration(uint64_t began_ns, uint64_t ended_ns)
{
	return ended_ns > began_ns ? ended_ns - began_ns : 0;
}

/*
 * Commands of these kinds name the inode at work on, by the name that it has in the end; others
 * name its folder, or what it is called for now.
 */
static bool names_inode(uint32_t kind)
{
	return (kind >= STREAM_C_SET_XATTR && kind <= STREAM_C_CHOWN) ||
	       (kind >= STREAM_C_UPDATE_EXTENT && kind <= STREAM_C_ENABLE_VERITY);
}

/* What a command took; when its sender does not say since when, since the end of the one before. */
static struct trace_slow_command command_of(const struct trace_collector *collector,
					    const struct event *event)
{
	uint64_t began_ns = event->command.began_ns, output_ns = event->command.output_ns;

	if (!began_ns)
		began_ns = collector->command_ended_ns;
	return (struct trace_slow_command){
		.kind = event->command.kind,
		.path_length = event->command.path_length,
		.ino = event->ino,
		.bytes = event->command.length,
		.offset = event->command.offset,
		.at_ns = duration(collector->figures.began_ns, began_ns),
		.work_ns = duration(began_ns, output_ns ? output_ns : event->time_ns),
		.output_ns = output_ns ? duration(output_ns, event->time_ns) : 0,
	};
}

static void collect_command(struct trace_collector *collector, const struct event *event)
{
	struct trace_command_figures *figures;
	struct trace_cost *inode = charge_inode(collector, event);
	struct trace_slot *slot = slot_at(collector, event->time_ns);
	const char *path = event_path(event);
	const struct trace_slow_command command = command_of(collector, event);

	if (event->command.kind >= STREAM_C_COUNT || !stream_commands[event->command.kind].name)
		return;
	trace_slow_add(&collector->slow, &command, path);
	figures = &collector->figures.commands[event->command.kind];
	figures->count++;
	figures->bytes += event->command.length;
	figures->work_ns += command.work_ns;
	figures->output_ns += command.output_ns;
	collector->command_ended_ns = event->time_ns;
	collector->figures.output_bytes += event->command.length;
	slot->bytes += event->command.length;
	slot->commands++;
	if (event->ino)
		slot->ino = event->ino;
	if (inode) {
		inode->commands++;
		inode->bytes += event->command.length;
		if (!inode->path && path && names_inode(event->command.kind))
			inode->path = strdup(path);
	}
}

static void add_search(struct trace_cost *cost, const struct event *event)
{
	cost->searches++;
	cost->candidates += event->backref.candidates;
	if (event->backref.references > cost->references)
		cost->references = event->backref.references;
}

static void collect_search(struct trace_collector *collector, const struct event *event)
{
	struct trace_figures *figures = &collector->figures;
	struct trace_cost *inode = charge_inode(collector, event);
	uint64_t began_ns = event->backref.began_ns, took_ns = 0;

	if (event->backref.result > BACKREF_SINGLE_REF)
		return;
	if (began_ns) {
		took_ns = duration(began_ns, event->time_ns);
		trace_histogram_add(&figures->search_ns, took_ns);
	}
	figures->backrefs.searches++;
	figures->backrefs.results[event->backref.result]++;
	figures->backrefs.candidates += event->backref.candidates;
	trace_histogram_add(&figures->references, event->backref.references);
	trace_histogram_add(&figures->candidates, event->backref.candidates);
	slot_at(collector, event->time_ns)->searches++;
	add_search(trace_heavy_add(collector->extents, event->backref.bytenr, took_ns), event);
	if (inode)
		add_search(inode, event);
}

static void collect_cache(struct trace_collector *collector, const struct event *event)
{
	struct cache_counters *cache;

	charge_inode(collector, event);
	if (event->cache.cache >= CACHE_COUNT)
		return;
	cache = &collector->figures.caches[event->cache.cache];
	switch (event->cache.operation) {
	case CACHE_LOOKUP_HIT:
		cache->hits++;
		cache->lookups++;
		break;
	case CACHE_LOOKUP_MISS:
		cache->lookups++;
		break;
	case CACHE_STORE:
		cache->stores++;
		break;
	case CACHE_EVICT:
		cache->evictions++;
		break;
	case CACHE_CLEAR:
		cache->clears++;
		break;
	}
}

/* A wait may be longer than a slot: each gets its part. */
static void collect_blocked(struct trace_collector *collector, const struct event *event)
{
	const uint64_t began_ns = collector->figures.began_ns;
	bool output = event->blocked.reason == BLOCKED_FOR_OUTPUT;
	uint64_t at = event->blocked.began_ns > began_ns ? event->blocked.began_ns : began_ns;

	collector->figures.parts_ns[output ? PART_OUTPUT_BLOCKED : PART_IO_BLOCKED] +=
		duration(at, event->time_ns);
	slot_at(collector, event->time_ns); /* the last one: slots are not widened from here on */
	while (at < event->time_ns) {
		struct trace_slot *slot = slot_at(collector, at);
		uint64_t slot_ns = collector->details.slot_ns;
		uint64_t left = event->time_ns - at, part = slot_ns - (at - began_ns) % slot_ns;

		/* No time is computed that is later than the event's: there may be none. */
		part = part < left ? part : left;
		if (output)
			slot->output_blocked_ns += part;
		else
			slot->io_blocked_ns += part;
		at += part;
	}
}

void trace_collect(void *context, const struct event *event)
{
	struct trace_collector *collector = context;

	switch (event->type) {
	case EVENT_COMMAND:
		collect_command(collector, event);
		break;
	case EVENT_INODE_BEGIN:
		collector->figures.inodes++;
		charge_inode(collector, event);
		break;
	case EVENT_INODE_END:
		charge_inode(collector, event);
		break;
	case EVENT_BACKREF_WALK:
		collect_search(collector, event);
		break;
	case EVENT_CACHE:
		collect_cache(collector, event);
		break;
	case EVENT_PATH_RESOLVED:
		if (event->path.began_ns)
			trace_histogram_add(&collector->figures.path_ns,
					    duration(event->path.began_ns, event->time_ns));
		break;
	case EVENT_RESTART:
		collector->figures.restarts++;
		slot_at(collector, event->time_ns)->restarts++;
		break;
	case EVENT_BLOCKED:
		collect_blocked(collector, event);
		break;
	default:
		return; /* decisions are nobody's cost */
	}
	collector->details.events++;
}

void trace_collector_end(struct trace_collector *collector, uint64_t now_ns, int64_t result)
{
	slot_at(collector, now_ns);
	collector->figures.ended_ns = now_ns;
	collector->figures.result = result;
	collector->figures.records = collector->details.events;
}

const struct trace_figures *trace_collector_figures(const struct trace_collector *collector)
{
	return &collector->figures;
}

void trace_collector_details(const struct trace_collector *collector, struct trace_details *details)
{
	*details = collector->details;
	details->extent_count = trace_heavy_top(collector->extents, details->extents, TRACE_COSTS);
	details->inode_count = trace_heavy_top(collector->inodes, details->inodes, TRACE_COSTS);
	details->command_count = trace_slow_top(&collector->slow, details->commands);
	for (size_t i = 0; i < details->inode_count; i++) {
		const char *path = details->inodes[i].path;

		details->inodes[i].path = path ? strdup(path) : NULL;
	}
}
