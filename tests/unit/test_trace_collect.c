/* SPDX-License-Identifier: GPL-2.0 */
/* From events to figures and details, whoever told them. */
#include "profiler/trace_collect.h"
#include "profiler/trace_heavy.h"
#include "profiler/trace_histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BEGAN = 5000000, MS = 1000000 };

/* xorshift64: the same numbers in each run. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void test_histogram(void **state)
{
	struct trace_histogram histogram = {0};

	(void)state;
	for (unsigned int i = 0; i < TRACE_HISTOGRAM_BUCKETS; i++) {
		uint64_t first = trace_histogram_first(i);

		assert_int_equal(trace_histogram_beginning(first), i);
		trace_histogram_add(&histogram, first);
		assert_int_equal(histogram.buckets[i], 1);
		if (i && i < TRACE_HISTOGRAM_BUCKETS - 1)
			trace_histogram_add(&histogram, 2 * first - 1);
		assert_int_equal(histogram.buckets[i],
				 i && i < TRACE_HISTOGRAM_BUCKETS - 1 ? 2 : 1);
	}
	assert_int_equal(trace_histogram_beginning(3), TRACE_HISTOGRAM_BUCKETS);
	trace_histogram_add(&histogram, UINT64_MAX / 2);
	assert_int_equal(histogram.buckets[TRACE_HISTOGRAM_BUCKETS - 1], 2);
	assert_true(histogram.max == UINT64_MAX / 2);
	assert_int_equal(histogram.count, 2 + 2 * (TRACE_HISTOGRAM_BUCKETS - 2) + 1);
}

/* With room for all keys, what a plain array of sums says. */
static void test_heavy_is_exact(void **state)
{
	enum { KEYS = 200 };
	uint64_t sums[KEYS] = {0}, random = 1;
	struct trace_heavy *heavy = trace_heavy_new(KEYS);
	struct trace_cost top[KEYS];

	(void)state;
	assert_non_null(heavy);
	for (int i = 0; i < 20000; i++) {
		uint64_t key = next_random(&random) % KEYS, ns = next_random(&random) % 1000;

		sums[key] += ns;
		trace_heavy_add(heavy, key, ns)->commands++;
	}
	assert_int_equal(trace_heavy_top(heavy, top, KEYS), KEYS);
	for (size_t i = 0; i < KEYS; i++) {
		assert_int_equal(top[i].time_ns, sums[top[i].key]);
		assert_int_equal(top[i].doubt_ns, 0);
		assert_true(!i || top[i - 1].time_ns >= top[i].time_ns);
		assert_true(top[i].commands > 0);
	}
	assert_int_equal(trace_heavy_top(heavy, top, 3), 3);
	trace_heavy_clear(heavy);
	assert_int_equal(trace_heavy_top(heavy, top, KEYS), 0);
	trace_heavy_free(heavy);
	trace_heavy_free(NULL);
}

/*
 * With too little room: no time is understated, none overstated by more than its doubt, and whoever
 * has more than an equal share of everything is there.
 */
static void test_heavy_is_bounded(void **state)
{
	enum { KEYS = 5000, ROOM = 64 };
	static uint64_t sums[KEYS];
	uint64_t random = 7, all = 0;
	struct trace_heavy *heavy = trace_heavy_new(ROOM);
	struct trace_cost top[ROOM];

	(void)state;
	assert_non_null(heavy);
	for (int i = 0; i < 100000; i++) {
		/* Few keys are costly, many cheap. */
		uint64_t key = next_random(&random) % 4 ? next_random(&random) % 10
							: next_random(&random) % KEYS;
		uint64_t ns = 1 + next_random(&random) % 100;

		sums[key] += ns;
		all += ns;
		trace_heavy_add(heavy, key, ns);
	}
	assert_int_equal(trace_heavy_top(heavy, top, ROOM), ROOM);
	for (size_t i = 0; i < ROOM; i++) {
		assert_true(top[i].time_ns >= sums[top[i].key]);
		assert_true(top[i].time_ns - top[i].doubt_ns <= sums[top[i].key]);
	}
	for (uint64_t key = 0; key < KEYS; key++) {
		bool found = false;

		for (size_t i = 0; i < ROOM; i++)
			found |= top[i].key == key;
		assert_true(found || sums[key] <= all / ROOM);
	}
	for (size_t i = 0; i < 10; i++)
		assert_in_range(top[i].key, 0, 9);
	trace_heavy_free(heavy);
}

static struct trace_collector *begun(void)
{
	struct trace_collector *collector = trace_collector_new();

	assert_non_null(collector);
	trace_collector_begin(collector, BEGAN);
	return collector;
}

static struct event event_at(uint32_t type, uint64_t ino, uint64_t ns)
{
	return (struct event){.type = type, .ino = ino, .time_ns = BEGAN + ns};
}

static void tell(struct trace_collector *collector, uint32_t type, uint64_t ino, uint64_t ns)
{
	const struct event event = event_at(type, ino, ns);

	trace_collect(collector, &event);
}

static void tell_command(struct trace_collector *collector, uint64_t ino, uint64_t ns,
			 uint32_t kind, uint64_t output_ns)
{
	struct event event = event_at(EVENT_COMMAND, ino, ns);

	event.command.kind = kind;
	event.command.length = 100;
	event.command.output_ns = output_ns ? BEGAN + output_ns : 0;
	trace_collect(collector, &event);
}

static void tell_path(struct trace_collector *collector, uint64_t ino, uint64_t ns, uint32_t kind,
		      const char *path)
{
	struct event_with_path told = {.event = event_at(EVENT_COMMAND, ino, ns)};

	told.event.command.kind = kind;
	told.event.command.path_length = (uint32_t)strlen(path);
	told.event.command.path_size = told.event.command.path_length + 1;
	strcpy(told.path, path);
	trace_collect(collector, &told.event);
}

static void tell_search(struct trace_collector *collector, uint64_t ns, uint64_t took_ns,
			uint64_t bytenr, uint64_t references)
{
	struct event event = event_at(EVENT_BACKREF_WALK, 257, ns);

	event.backref.bytenr = bytenr;
	event.backref.references = references;
	event.backref.candidates = 3;
	event.backref.began_ns = BEGAN + ns - took_ns;
	event.backref.result = BACKREF_CLONE;
	trace_collect(collector, &event);
}

static void test_commands(void **state)
{
	struct trace_collector *collector = begun();
	const struct trace_figures *figures = trace_collector_figures(collector);

	(void)state;
	tell_command(collector, 257, 10, STREAM_C_WRITE, 7);
	tell_command(collector, 257, 30, STREAM_C_WRITE, 25);
	tell_command(collector, 258, 70, STREAM_C_UTIMES, 0); /* who does not know its output */
	tell_command(collector, 258, 80, STREAM_C_COUNT, 0);  /* none that there is */
	assert_int_equal(figures->commands[STREAM_C_WRITE].count, 2);
	assert_int_equal(figures->commands[STREAM_C_WRITE].bytes, 200);
	assert_int_equal(figures->commands[STREAM_C_WRITE].work_ns, 7 + 15);
	assert_int_equal(figures->commands[STREAM_C_WRITE].output_ns, 3 + 5);
	assert_int_equal(figures->commands[STREAM_C_UTIMES].work_ns, 40);
	assert_int_equal(figures->commands[STREAM_C_UTIMES].output_ns, 0);
	assert_int_equal(figures->output_bytes, 300);
	trace_collector_end(collector, BEGAN + 90, -5);
	assert_int_equal(figures->ended_ns - figures->began_ns, 90);
	assert_int_equal(figures->result, -5);
	assert_int_equal(figures->records, 4);
	trace_collector_begin(collector, BEGAN);
	assert_int_equal(figures->output_bytes, 0);
	trace_collector_free(collector);
}

static void test_caches(void **state)
{
	static const uint32_t operations[] = {CACHE_LOOKUP_HIT, CACHE_LOOKUP_MISS, CACHE_LOOKUP_HIT,
					      CACHE_STORE,	CACHE_EVICT,	   CACHE_CLEAR,
					      CACHE_CLEAR + 1};
	struct trace_collector *collector = begun();
	const struct cache_counters *cache =
		&trace_collector_figures(collector)->caches[CACHE_DIR_UTIMES];
	struct event event = event_at(EVENT_CACHE, 0, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		event.cache.cache = CACHE_DIR_UTIMES;
		event.cache.operation = operations[i];
		trace_collect(collector, &event);
	}
	event.cache.cache = CACHE_COUNT;
	trace_collect(collector, &event);
	assert_int_equal(cache->lookups, 3);
	assert_int_equal(cache->hits, 2);
	assert_int_equal(cache->stores, 1);
	assert_int_equal(cache->evictions, 1);
	assert_int_equal(cache->clears, 1);
	trace_collector_free(collector);
}

static void test_searches(void **state)
{
	struct trace_collector *collector = begun();
	const struct trace_figures *figures = trace_collector_figures(collector);
	struct trace_details details;

	(void)state;
	tell_search(collector, 1000, 100, 4096, 6);
	tell_search(collector, 2000, 300, 8192, 1);
	tell_search(collector, 3000, 250, 4096, 5);
	trace_collector_details(collector, &details);
	assert_int_equal(figures->backrefs.searches, 3);
	assert_int_equal(figures->backrefs.results[BACKREF_CLONE], 3);
	assert_int_equal(figures->backrefs.candidates, 9);
	assert_int_equal(figures->references.buckets[3], 2);
	assert_int_equal(figures->references.max, 6);
	assert_int_equal(figures->search_ns.sum, 650);
	assert_int_equal(details.extent_count, 2);
	assert_int_equal(details.extents[0].key, 4096);
	assert_int_equal(details.extents[0].time_ns, 350);
	assert_int_equal(details.extents[0].searches, 2);
	assert_int_equal(details.extents[0].references, 6);
	assert_int_equal(details.extents[0].candidates, 6);
	assert_int_equal(details.extents[1].key, 8192);
	assert_int_equal(details.inodes[0].searches, 3);
	trace_collector_free(collector);
}

/* As many as there is room for, whatever their order: those that took longest. */
static void test_slow_commands(void **state)
{
	enum { COMMANDS = 500, STEP = 1000 };
	struct trace_collector *collector = begun();
	struct trace_details *details = calloc(1, sizeof(*details));

	(void)state;
	for (unsigned int i = 0; i < COMMANDS; i++) {
		/* Each number of 0 to COMMANDS - 1 once; 7 and COMMANDS have no divisor. */
		unsigned int took = i * 7 % COMMANDS;
		char path[16];
		struct event_with_path told = {.event = event_at(EVENT_COMMAND, 300, 0)};

		/* One that is lost before it adds nothing to it. */
		told.event.command.began_ns = BEGAN + i * STEP;
		told.event.command.output_ns = told.event.command.began_ns + took / 2;
		told.event.time_ns = told.event.command.began_ns + took;
		told.event.command.kind = STREAM_C_WRITE;
		told.event.command.length = i;
		told.event.command.offset = 17 + i;
		told.event.command.path_length = 1000 + i;
		told.event.command.path_size = snprintf(path, sizeof(path), "%u", i) + 1;
		strcpy(told.path, path);
		trace_collect(collector, &told.event);
	}
	trace_collector_details(collector, details);
	assert_int_equal(details->command_count, TRACE_COSTS);
	for (unsigned int i = 0; i < TRACE_COSTS; i++) {
		const struct trace_slow_command *command = &details->commands[i];
		unsigned int took = COMMANDS - 1 - i;

		assert_int_equal(command->work_ns, took / 2);
		assert_int_equal(command->output_ns, took - took / 2);
		assert_int_equal(command->bytes * 7 % COMMANDS, took);
		assert_int_equal(command->at_ns, command->bytes * STEP);
		assert_int_equal(command->offset, 17 + command->bytes);
		assert_int_equal(command->path_length, 1000 + command->bytes);
		assert_int_equal(strtoul(command->path, NULL, 10), command->bytes);
		assert_int_equal(command->ino, 300);
		assert_int_equal(command->kind, STREAM_C_WRITE);
	}
	trace_details_free(details);
	trace_collector_free(collector);
}

/* Of a sender that does not tell when work began; and of equally slow ones the first come first. */
static void test_few_slow_commands(void **state)
{
	struct trace_collector *collector = begun();
	struct trace_details *details = calloc(1, sizeof(*details));

	(void)state;
	tell_command(collector, 257, 10, STREAM_C_WRITE, 0);
	tell_command(collector, 258, 20, STREAM_C_UTIMES, 0);
	tell_command(collector, 0, 50, STREAM_C_END, 0);
	trace_collector_details(collector, details);
	assert_int_equal(details->command_count, 3);
	assert_int_equal(details->commands[0].kind, STREAM_C_END);
	assert_int_equal(details->commands[0].work_ns, 30);
	assert_int_equal(details->commands[0].output_ns, 0);
	assert_int_equal(details->commands[0].at_ns, 20);
	assert_null(details->commands[0].path);
	assert_int_equal(details->commands[1].kind, STREAM_C_WRITE);
	assert_int_equal(details->commands[2].kind, STREAM_C_UTIMES);
	trace_details_free(details);
	/* The next send has none of them. */
	trace_collector_begin(collector, BEGAN);
	details = calloc(1, sizeof(*details));
	trace_collector_details(collector, details);
	assert_int_equal(details->command_count, 0);
	trace_details_free(details);
	trace_collector_free(collector);
}

/* An inode is called as its first command of those says that name the inode itself. */
static void test_paths(void **state)
{
	struct trace_collector *collector = begun();
	struct trace_details *details = calloc(1, sizeof(*details));

	(void)state;
	tell_path(collector, 257, 10, STREAM_C_MKFILE, "o257-9-0");
	tell_path(collector, 257, 20, STREAM_C_RENAME, "o257-9-0");
	tell_path(collector, 257, 30, STREAM_C_UTIMES, "");
	tell_command(collector, 257, 35, STREAM_C_WRITE, 0); /* its path was not read */
	tell_path(collector, 257, 40, STREAM_C_WRITE, "dir/file");
	tell_path(collector, 257, 50, STREAM_C_CHMOD, "dir/other");
	tell_path(collector, 258, 60, STREAM_C_UTIMES, "dir");
	tell_path(collector, 256, 70, STREAM_C_CHOWN, "");
	trace_collector_details(collector, details);
	assert_int_equal(details->inode_count, 3);
	assert_string_equal(details->inodes[0].path, "dir/file");
	assert_int_equal(details->inodes[1].key, 256);
	assert_string_equal(details->inodes[1].path, "");
	assert_null(details->inodes[2].path);
	trace_details_free(details);
	trace_collector_free(collector);
}

/* Time from event to event goes to the inode at work, but not what came before its beginning. */
static void test_inodes(void **state)
{
	struct trace_collector *collector = begun();
	struct trace_details details;

	(void)state;
	tell(collector, EVENT_INODE_BEGIN, 257, 100);
	tell_command(collector, 257, 110, STREAM_C_MKFILE, 0);
	tell(collector, EVENT_PATH_RESOLVED, 256, 115); /* of another, for this one */
	tell(collector, EVENT_INODE_END, 257, 130);
	tell(collector, EVENT_INODE_BEGIN, 258, 1000);
	tell_command(collector, 258, 1005, STREAM_C_MKFILE, 0);
	tell(collector, EVENT_CACHE, 258, 1010);
	tell_command(collector, 0, 1500, STREAM_C_END, 0);
	trace_collector_end(collector, BEGAN + 1600, 0);
	trace_collector_details(collector, &details);
	assert_int_equal(trace_collector_figures(collector)->inodes, 2);
	assert_int_equal(details.inode_count, 2);
	assert_int_equal(details.inodes[0].key, 257);
	assert_int_equal(details.inodes[0].time_ns, 30);
	assert_int_equal(details.inodes[0].commands, 1);
	assert_int_equal(details.inodes[0].bytes, 100);
	assert_int_equal(details.inodes[1].key, 258);
	assert_int_equal(details.inodes[1].time_ns, 10);
	trace_collector_free(collector);
}

/* However long a send is, there are no more slots than there is room for, and nothing is lost. */
static void test_slots(void **state)
{
	static const uint64_t lengths[] = {1, 3 * MS, 777 * MS, UINT64_C(3600000) * MS};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct trace_collector *collector = begun();
		struct trace_details details;
		uint64_t commands = 0, last = 0;

		for (unsigned int step = 1; step <= 1000; step++)
			tell_command(collector, step, lengths[i] / 1000 * step, STREAM_C_WRITE, 0);
		trace_collector_end(collector, BEGAN + lengths[i], 0);
		trace_collector_details(collector, &details);
		assert_in_range(details.slot_count, 1, TRACE_SLOTS);
		assert_true(details.slot_ns * details.slot_count >= lengths[i]);
		for (size_t slot = 0; slot < details.slot_count; slot++) {
			commands += details.slots[slot].commands;
			assert_int_equal(details.slots[slot].bytes,
					 100 * details.slots[slot].commands);
			assert_true(!details.slots[slot].ino || details.slots[slot].ino > last);
			last = details.slots[slot].ino ? details.slots[slot].ino : last;
		}
		assert_int_equal(commands, 1000);
		assert_int_equal(last, 1000);
		/* As fine as there is room for, once a slot of the first length is too short. */
		if (lengths[i] > 100 * MS)
			assert_true(details.slot_count > TRACE_SLOTS / 2 - 1);
		trace_collector_free(collector);
	}
}

/* A wait that is longer than a slot is part of all that it touches, and of no other. */
static void test_waits(void **state)
{
	struct trace_collector *collector = begun();
	struct trace_details details;
	struct event event = event_at(EVENT_BLOCKED, 0, 100 * MS);
	uint64_t output = 0, io = 0;

	(void)state;
	event.blocked.began_ns = BEGAN + 40 * MS;
	event.blocked.reason = BLOCKED_FOR_OUTPUT;
	trace_collect(collector, &event);
	event.time_ns += 10 * MS;
	event.blocked.began_ns = BEGAN - 3 * MS; /* before the send: only what is in it counts */
	event.blocked.reason = BLOCKED_FOR_IO;
	trace_collect(collector, &event);
	tell(collector, EVENT_RESTART, 0, 20 * MS);
	trace_collector_end(collector, BEGAN + 200 * MS, 0);
	trace_collector_details(collector, &details);
	for (size_t i = 0; i < details.slot_count; i++) {
		uint64_t first = i * details.slot_ns, end = first + details.slot_ns;
		const struct trace_slot *slot = &details.slots[i];

		assert_true(slot->output_blocked_ns <= details.slot_ns);
		assert_true(!slot->output_blocked_ns || (end > 40 * MS && first < 100 * MS));
		assert_true(!slot->io_blocked_ns || first < 110 * MS);
		assert_int_equal(slot->restarts, first <= 20 * MS && end > 20 * MS);
		output += slot->output_blocked_ns;
		io += slot->io_blocked_ns;
	}
	assert_int_equal(output, 60 * MS);
	assert_int_equal(io, 110 * MS);
	assert_int_equal(trace_collector_figures(collector)->parts_ns[PART_OUTPUT_BLOCKED],
			 60 * MS);
	assert_int_equal(trace_collector_figures(collector)->parts_ns[PART_IO_BLOCKED], 110 * MS);
	assert_int_equal(trace_collector_figures(collector)->restarts, 1);
	trace_collector_free(collector);
}

/* Times at the end of what a number holds, as a file may have them. */
static void test_waits_at_the_end_of_time(void **state)
{
	struct trace_collector *collector = begun();
	struct event event = event_at(EVENT_BLOCKED, 0, 0);
	struct trace_details details;
	uint64_t waited = 0;

	(void)state;
	event.time_ns = UINT64_MAX;
	event.blocked.began_ns = BEGAN;
	event.blocked.reason = BLOCKED_FOR_IO;
	trace_collect(collector, &event);
	trace_collector_details(collector, &details);
	for (size_t i = 0; i < details.slot_count; i++)
		waited += details.slots[i].io_blocked_ns;
	assert_true(waited == UINT64_MAX - BEGAN);
	trace_collector_free(collector);
}

/* Whatever the records hold, nothing is written where it should not be. */
static void test_random_events(void **state)
{
	struct trace_collector *collector = begun();
	uint64_t random = 3;
	struct trace_details details;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct event event;
		uint64_t *words = (uint64_t *)&event;

		for (size_t word = 0; word < sizeof(event) / sizeof(*words); word++)
			words[word] = next_random(&random) >> next_random(&random) % 64;
		event.type %= EVENT_TYPE_COUNT + 1;
		if (event.type == EVENT_COMMAND)
			event.command.path_size = 0;
		trace_collect(collector, &event);
	}
	trace_collector_details(collector, &details);
	assert_in_range(details.slot_count, 1, TRACE_SLOTS);
	assert_int_equal(details.extent_count, TRACE_COSTS);
	trace_collector_free(collector);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_heavy_is_exact),
		cmocka_unit_test(test_heavy_is_bounded),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_caches),
		cmocka_unit_test(test_searches),
		cmocka_unit_test(test_inodes),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_slow_commands),
		cmocka_unit_test(test_few_slow_commands),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_waits_at_the_end_of_time),
		cmocka_unit_test(test_random_events),
	};

	return cmocka_run_group_tests_name("trace_collect", tests, NULL, NULL);
}
