/* SPDX-License-Identifier: GPL-2.0 */
/* Results made up for the tests of reports. Their strings are static: do not release them. */
#ifndef TESTS_UNIT_SAMPLE_RESULT_H
#define TESTS_UNIT_SAMPLE_RESULT_H

#include "profiler/result.h"

#include <stdio.h>
#include <string.h>

enum { SAMPLE_REPEATS = 3 };

static struct run_sample sample_samples[SIDE_COUNT][SAMPLE_REPEATS + 2];
static struct snapshot_fact sample_clone_sources[1];

/* A latency of @count commands around @ns, one of them ten times as long, and some batched. */
static inline void sample_latency(struct latency *latency, unsigned int count, uint64_t ns)
{
	for (unsigned int i = 0; i < count; i++)
		latency_add(latency, ns + ns * i / count / 2);
	latency_add(latency, 10 * ns);
	latency->batched = count / 4;
}

static inline void sample_kind(struct result *result, unsigned int kind, uint64_t count,
			       uint64_t bytes, uint64_t kernel_ns)
{
	const uint64_t ns[SIDE_COUNT] = {kernel_ns, kernel_ns / 3};

	for (int side = 0; side < SIDE_COUNT; side++) {
		struct kind_stats *stats = &result->sides[side].kinds[kind];

		stats->count = count;
		stats->bytes = bytes;
		sample_latency(&stats->latency, (unsigned int)count, ns[side]);
	}
}

/* The kernel takes 900, 990 and 960 ms, the engine a third; a pair is discarded before the last. */
static inline void sample_sends(struct result *result)
{
	static const uint64_t ms[] = {1500, 900, 990, 2000, 960};

	for (int side = 0; side < SIDE_COUNT; side++) {
		struct side_result *sent = &result->sides[side];

		sent->samples = sample_samples[side];
		sent->sample_count = SAMPLE_REPEATS + 2;
		for (unsigned int i = 0; i < sent->sample_count; i++) {
			uint64_t ns = ms[i] * 1000000 / (side ? 3 : 1);

			sent->samples[i] = (struct run_sample){
				.duration_ns = ns,
				.first_byte_ns = ns / 1000,
				.cpu_ns = ns / 2,
				.bytes = 5342011,
				.commands = 1234,
				.generation = i < 3 ? 41 : 42,
				.repeat = i < 4 ? i : 3,
				.repeated_for_commit = i == 3,
				/* The kernel's memory is not known, nor reads of the warm-up. */
				.usage = {true, ns / 8, ns / 4, 700 + i, i, i > 0, 4096ull * i,
					  side != 0, side ? 50ull << 20 : 0},
			};
		}
		sent->progress_count = 50;
		for (unsigned int i = 0; i < 50; i++)
			sent->progress[i] =
				(struct progress_point){(i + 1) * (side ? 6400000ull : 19200000ull),
							(i + 1) * 106840ull, (i + 1) * 24};
	}
}

static inline void sample_counters(struct side_result *engine)
{
	engine->has_caches = true;
	engine->caches[CACHE_NAME] = (struct cache_counters){2000, 1500, 500, 244, 0, 256};
	engine->caches[CACHE_BACKREF] = (struct cache_counters){0};
	engine->caches[CACHE_DIR_CREATED] = (struct cache_counters){100, 100, 10, 0, 1, 10};
	engine->caches[CACHE_DIR_UTIMES] = (struct cache_counters){300, 1, 299, 235, 0, 65};
	engine->backrefs = (struct backref_counters){400, {100, 200, 4, 96}, 777, 888, 99, 140, 55};
	engine->volume = (struct volume_counters){50, 950, 6000000, 5000000, 0, 1};
}

/* 300 MiB written, 60 as the first copy, 200 lost, most of it over the limit, by seven files. */
static inline void sample_losses(struct loss_result *losses)
{
	static char names[7][16];
	struct clone_loss_counters *counters = &losses->counters;
	const uint64_t mib = 1 << 20;

	losses->known = true;
	counters->cloned = 100 * mib;
	counters->bytes[CLONE_LOSS_UNSHARED] = 40 * mib;
	counters->bytes[CLONE_LOSS_FIRST_COPY] = 60 * mib;
	counters->bytes[CLONE_LOSS_OVER_LIMIT] = 190 * mib;
	counters->bytes[CLONE_LOSS_LATER_PART] = 10 * mib;
	counters->file_count = 7;
	for (unsigned int i = 0; i < counters->file_count; i++) {
		counters->files[i] = (struct clone_loss_file){.ino = 300 + i};
		counters->files[i].bytes[CLONE_LOSS_OVER_LIMIT] = (30 - i) * mib;
		snprintf(names[i], sizeof(names[i]), "vm/disk-%u", i);
		losses->paths[i] = names[i];
	}
	counters->files[0].bytes[CLONE_LOSS_LATER_PART] = 10 * mib;
	losses->paths[1] = NULL;
}

static inline void sample_environment(struct environment *environment)
{
	strcpy(environment->kernel, "6.18.44");
	strcpy(environment->machine, "x86_64");
	strcpy(environment->cpu, "Some Processor");
	strcpy(environment->sendprof, "0.1.0");
	strcpy(environment->created, "2025-11-21T09:31:07Z");
	environment->cpus = 2;
	environment->memory_bytes = 8ull << 30;
	environment->filesystem = "/mnt";
	environment->device = "/dev/loop3";
	environment->mount_options = "rw,relatime";
	environment->volume = (struct volume_info){
		.label = "demo",
		.total_bytes = 3ull << 30,
		.sectorsize = 4096,
		.nodesize = 16384,
		.csum_name = "crc32c",
		.devices = 1,
	};
}

/* Equal streams of 1,234 commands; the engine three times as fast. */
static inline void sample_equal(struct result *result)
{
	static struct missing_metric missing[] = {{"kernel cache hits", "the pipe hides them"}};

	memset(result, 0, sizeof(*result));
	result->verdict = VERDICT_EQUAL;
	sample_environment(&result->environment);
	result->snapshot = (struct snapshot_fact){"/mnt/child", 261, {1, 2}, 38};
	result->parent = (struct snapshot_fact){"/mnt/base", 258, {3}, 21};
	sample_clone_sources[0] = (struct snapshot_fact){"/mnt/other", 259, {4}, 27};
	result->clone_sources = sample_clone_sources;
	result->clone_source_count = 1;
	result->protocol = 1;
	result->generation = GENERATION_6_18;
	result->repeat = SAMPLE_REPEATS;
	result->finder = SEND_FINDER_INDEXED;
	result->memory_bytes = SEND_MEMORY_DEFAULT;
	result->tier = TIER_PIPE;
	sample_sends(result);
	sample_kind(result, STREAM_C_SNAPSHOT, 1, 118, 30000);
	sample_kind(result, STREAM_C_UTIMES, 600, 30000, 3000);
	sample_kind(result, STREAM_C_WRITE, 120, 5300000, 90000);
	sample_kind(result, STREAM_C_SET_XATTR, 512, 11876, 6000);
	sample_kind(result, STREAM_C_END, 1, 10, 1000);
	sample_counters(&result->sides[SIDE_ENGINE]);
	sample_losses(&result->losses);
	result->beyond = (struct beyond_result){.known = true,
						.max_references = 5000,
						.commands = 1300,
						.bytes = 1048576,
						.cloned_extents = 77,
						.duration_ns = 12000000};
	result->missing = missing;
	result->missing_count = 1;
}

static inline void sample_different(struct result *result)
{
	static char *const kernel[] = {"MKFILE path=a ino=257", "WRITE path=a file_offset=0",
				       "CHMOD path=a mode=0644"};
	static char *const engine[] = {"MKFILE path=a ino=257", "WRITE path=a file_offset=4096",
				       NULL};
	struct divergence *divergence = &result->divergence;

	sample_equal(result);
	result->verdict = VERDICT_DIFFERENT;
	result->sides[SIDE_ENGINE].kinds[STREAM_C_WRITE].count = 119;
	*divergence = (struct divergence){
		.found = true,
		.command_index = 1001,
		.byte_offset = 0x9f3c,
		.identical = 1231,
		.changed = 2,
		.only_kernel = 1,
		.context_count = 3,
		.context_first_different = 1,
		.attributes = "file_offset",
	};
	memcpy(divergence->kernel_context, kernel, sizeof(kernel));
	memcpy(divergence->engine_context, engine, sizeof(engine));
}

/* A kernel that lacks a behaviour. */
static inline void sample_explained(struct result *result)
{
	const uint64_t row = UINT64_C(1) << BEHAVIOUR_CLONE_UNALIGNED_EOF;

	sample_different(result);
	result->attribution = (struct attribution){
		.state = ATTRIBUTION_FOUND,
		.asked = {GENERATION_6_18, 0},
		.differs_at = 0x9f30,
		.found = {{GENERATION_6_18, row}},
		.found_count = 1,
		.rows = row,
		.whole = 1u << GENERATION_6_6,
		.sends = 19,
		.duration_ns = 84000000,
	};
}

/* One that does what no generation does. */
static inline void sample_unexplained(struct result *result)
{
	static char *decisions[] = {"inode 258: new", "  offset 0, 4096 bytes: cloned"};

	sample_different(result);
	result->attribution = (struct attribution){
		.state = ATTRIBUTION_STOPPED,
		.asked = {GENERATION_6_18, 0},
		.differs_at = 0x9f30,
		.relevant = UINT64_C(1) << BEHAVIOUR_CLONE_LARGEST,
		.further = {{{GENERATION_6_12, 0}, 0xa000}},
		.further_count = 1,
		.sends = 1234,
		.duration_ns = 30000000000,
		.stopped = "the limit of 30 s was reached",
		.decisions = decisions,
		.decision_count = 2,
	};
}

/* More of them than have a text. */
static inline void sample_notices(struct notice_log *notices, const char *text)
{
	notices->counts[NOTICE_PATH_MISSING] = 2;
	notices->counts[NOTICE_LEFT_BEHIND] = 1;
	notices->total = 3;
	for (notices->text_count = 0; notices->text_count < 2; notices->text_count++)
		snprintf(notices->texts[notices->text_count], NOTICE_TEXT_SIZE, "%s", text);
}

/* The engine failed before its first byte. */
static inline void sample_incomplete(struct result *result)
{
	struct side_result *engine = &result->sides[SIDE_ENGINE];

	sample_equal(result);
	result->verdict = VERDICT_INCOMPLETE;
	memset(engine, 0, sizeof(*engine));
	memset(&result->losses, 0, sizeof(result->losses));
	strcpy(engine->error, "/dev/loop3: leaf 30408704 slot 12: item end 17032 beyond 16283");
}

/* An image and a stream from a file: the kernel was not run. */
static inline void sample_recorded(struct result *result)
{
	struct side_result *kernel = &result->sides[SIDE_KERNEL];

	sample_equal(result);
	result->kernel_recorded = true;
	result->environment.device = NULL;
	result->environment.mount_options = NULL;
	result->parent = (struct snapshot_fact){0};
	result->clone_source_count = 0;
	kernel->sample_count = 1;
	kernel->samples[0] = (struct run_sample){.bytes = 5342011, .commands = 1234, .repeat = 1};
	kernel->progress_count = 0;
	for (int kind = 0; kind < STREAM_C_COUNT; kind++)
		kernel->kinds[kind].latency = (struct latency){0};
}

/* Values in one bucket of a histogram. */
static inline void sample_bucket(struct trace_histogram *histogram, unsigned int bucket,
				 uint64_t count, uint64_t value)
{
	histogram->buckets[bucket] = count;
	histogram->count += count;
	histogram->sum += count * value;
	histogram->max = value > histogram->max ? value : histogram->max;
}

static char sample_path_end[] = "end/of/a/long/path";
static char sample_inode_path[] = "srv/machines/of the tests/with a long name/disk.img";

/* What both sides' events tell; the kernel's doings take twice as long. */
static inline void sample_events(struct trace_figures *figures, struct trace_details *details,
				 unsigned int slowness)
{
	*figures = (struct trace_figures){
		.began_ns = 1000,
		.ended_ns = 1000 + slowness * 400000000,
		.output_bytes = 5342011,
		.inodes = 60,
		.records = 4000,
		.backrefs = {400, {100, 200, 4, 96}, 777, 888, 99},
	};
	figures->caches[CACHE_NAME] = (struct cache_counters){2000, 1500, 500, 244, 1, 0};
	figures->caches[CACHE_BACKREF] = (struct cache_counters){700, 650, 50, 0, 1, 0};
	figures->caches[CACHE_DIR_CREATED] = (struct cache_counters){100, 100, 10, 0, 2, 0};
	figures->caches[CACHE_DIR_UTIMES] = (struct cache_counters){300, 1, 299, 235, 0, 0};
	sample_bucket(&figures->references, 1, 300, 1);
	sample_bucket(&figures->references, 4, 100, 12);
	sample_bucket(&figures->candidates, 0, 50, 0);
	sample_bucket(&figures->candidates, 2, 350, 3);
	sample_bucket(&figures->search_ns, 12, 400, slowness * 2000);
	*details = (struct trace_details){
		.extents = {{.key = 30408704,
			     .time_ns = slowness * 400000,
			     .searches = 20,
			     .references = 12,
			     .candidates = 240},
			    {.key = 13631488,
			     .time_ns = slowness * 100000,
			     .searches = 7,
			     .references = 1,
			     .candidates = 7}},
		.extent_count = 2,
		.inodes = {{.key = 257,
			    .time_ns = slowness * 100000000,
			    .commands = 800,
			    .bytes = 5000000,
			    .searches = 300,
			    .candidates = 700,
			    .path = sample_inode_path}},
		.inode_count = 1,
		.commands = {{.kind = STREAM_C_WRITE,
			      .path_length = sizeof(sample_inode_path) - 1,
			      .ino = 257,
			      .bytes = 49211,
			      .offset = 1048576,
			      .at_ns = slowness * 50000000,
			      .work_ns = slowness * 3000000,
			      .output_ns = slowness * 100000,
			      .path = sample_inode_path},
			     {.kind = STREAM_C_UTIMES,
			      .path_length = 4000,
			      .bytes = 4060,
			      .work_ns = slowness * 20000,
			      .path = sample_path_end},
			     {.kind = STREAM_C_END, .bytes = 10, .work_ns = 9}},
		.command_count = 3,
		.slot_ns = slowness * 200000000,
		.slots = {{5000000, 800, 300, 0, 50000000, 0, 257},
			  {342011, 434, 100, 9, 0, 0, 311}},
		.slot_count = 2,
		.events = 4000,
	};
}

/* The kernel watched in the highest tier; both sides agree in what they count. */
static inline void sample_traced(struct result *result)
{
	static struct trace_figures figures[SIDE_COUNT];
	static struct trace_details details[SIDE_COUNT];
	static char stacks[] =
		"send;compare;read 30\nsend;find_clone;walk 50\nsend;find_clone 20\n";
	static const uint64_t parts[PART_COUNT] = {400, 50, 60, 90, 100, 60, 30, 10};
	struct trace_figures *kernel = &figures[SIDE_KERNEL];

	sample_equal(result);
	result->tier = TIER_FUNCTION;
	result->missing_count = 0;
	for (unsigned int side = 0; side < SIDE_COUNT; side++) {
		sample_events(&figures[side], &details[side], side == SIDE_KERNEL ? 2 : 1);
		figures[side].metrics = (UINT64_C(1) << METRIC_COUNT) - 1;
		result->sides[side].trace = &figures[side];
		result->sides[side].details = &details[side];
	}
	figures[SIDE_ENGINE].metrics &= ~(UINT64_C(1) << METRIC_TIME_SPLIT);
	figures[SIDE_ENGINE].caches[CACHE_NAME].max_entries = 256;
	kernel->thread = 4711;
	kernel->tier = TIER_FUNCTION;
	for (unsigned int part = 0; part < PART_COUNT; part++)
		kernel->parts_ns[part] = parts[part] * 1000000;
	kernel->parts_sampled = true;
	kernel->commands[STREAM_C_WRITE] =
		(struct trace_command_figures){120, 5300000, 600000000, 90000000};
	kernel->commands[STREAM_C_UTIMES] =
		(struct trace_command_figures){600, 30000, 6000000, 4000000};
	kernel->path_ns = (struct trace_histogram){70, 350000, 9000, {0}};
	kernel->disk_reads = 44;
	kernel->disk_read_bytes = 6 << 20;
	kernel->restarts = 1;
	details[SIDE_KERNEL].slots[1].restarts = 1;
	result->sides[SIDE_KERNEL].folded_stacks = stacks;
}

/* A lower tier, events that were lost, and counts that differ. */
static inline void sample_traced_in_part(struct result *result)
{
	struct trace_figures *kernel;

	sample_traced(result);
	kernel = result->sides[SIDE_KERNEL].trace;
	result->tier = kernel->tier = TIER_TRACEPOINT;
	strcpy(result->tier_reason, "no fentry in this kernel");
	kernel->metrics = UINT64_C(1) << METRIC_CACHE_NAME | UINT64_C(1) << METRIC_CACHE_BACKREF |
			  UINT64_C(1) << METRIC_PRELIMINARY_REFERENCES |
			  UINT64_C(1) << METRIC_INODES;
	kernel->caches[CACHE_NAME].hits = 1499;
	kernel->dropped = 1000;
	kernel->samples_lost = 17;
	kernel->returns_unseen = 3;
	result->sides[SIDE_KERNEL].details->inodes[0].doubt_ns = 7000;
}

/* A run that ended before anything was known. */
static inline void sample_empty(struct result *result)
{
	memset(result, 0, sizeof(*result));
	result->verdict = VERDICT_INCOMPLETE;
}

#define SAMPLE_HOSTILE_BEGIN "</td><script>alert(1)</script>\"'&|`*_\033[31m\xe2\x80\xae"
#define SAMPLE_HOSTILE_END   "\n# x"
/* Not UTF-8, as a path may be. */
#define SAMPLE_HOSTILE SAMPLE_HOSTILE_BEGIN "\xff" SAMPLE_HOSTILE_END
/* The same from a document, which may only hold UTF-8. */
#define SAMPLE_HOSTILE_WORD SAMPLE_HOSTILE_BEGIN SAMPLE_HOSTILE_END

/* Every string that comes from outside is made to break out of its place. */
static inline void sample_hostile(struct result *result)
{
	static char text[] = SAMPLE_HOSTILE,
		    line[] = "CLONE " SAMPLE_HOSTILE " path=" SAMPLE_HOSTILE;
	static struct missing_metric missing[] = {{SAMPLE_HOSTILE_WORD, SAMPLE_HOSTILE}};
	static char *decisions[] = {text, line};
	static char stacks[] = SAMPLE_HOSTILE ";" SAMPLE_HOSTILE " 9\n<b>;\\ 3\n;;;; 2\n 7\nx\n";
	struct environment *environment = &result->environment;
	static struct result traced;

	sample_traced(&traced);
	sample_unexplained(result);
	for (int side = 0; side < SIDE_COUNT; side++) {
		result->sides[side].trace = traced.sides[side].trace;
		result->sides[side].details = traced.sides[side].details;
		result->sides[side].details->inodes[0].path = text;
		result->sides[side].details->commands[0].path = text;
	}
	result->sides[SIDE_KERNEL].folded_stacks = stacks;
	snprintf(result->tier_reason, sizeof(result->tier_reason), "%s", text);
	result->attribution.decisions = decisions;
	environment->filesystem = environment->device = environment->mount_options = text;
	snprintf(environment->volume.label, sizeof(environment->volume.label), "%s", text);
	snprintf(environment->cpu, sizeof(environment->cpu), "%s", text);
	result->snapshot.path = result->parent.path = sample_clone_sources[0].path = text;
	result->losses.paths[0] = text;
	sample_notices(&result->sides[SIDE_ENGINE].notices, text);
	result->divergence.kernel_context[1] = line;
	result->divergence.engine_context[2] = text;
	result->divergence.attributes = text;
	result->missing = missing;
}

static void (*const sample_makers[])(struct result *result) = {
	sample_equal, sample_different, sample_incomplete,  sample_explained, sample_recorded,
	sample_empty, sample_hostile,	sample_unexplained, sample_traced,    sample_traced_in_part,
};
enum { SAMPLE_MAKERS = sizeof(sample_makers) / sizeof(sample_makers[0]) };

#endif
