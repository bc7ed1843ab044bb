/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/run_record.h"
#include "profiler/run_trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int add_sample(struct side_result *side, const struct run_sample *sample)
{
	struct run_sample *samples =
		reallocarray(side->samples, side->sample_count + 1, sizeof(*samples));

	if (!samples)
		return -ENOMEM;
	samples[side->sample_count++] = *sample;
	side->samples = samples;
	return 0;
}

static void add_latency(struct latency *sum, const struct latency *latency)
{
	sum->count += latency->count;
	sum->batched += latency->batched;
	sum->total_ns += latency->total_ns;
	if (latency->max_ns > sum->max_ns)
		sum->max_ns = latency->max_ns;
	for (unsigned int i = 0; i < LATENCY_BUCKETS; i++)
		sum->buckets[i] += latency->buckets[i];
}

/* Counts, bytes and progress are those of this send; latencies are gathered over the measured ones.
 */
static void set_figures(struct side_result *side, const struct tap_figures *figures, bool measured)
{
	for (unsigned int i = 0; i < STREAM_C_COUNT; i++) {
		side->kinds[i].count = figures->kinds[i].count;
		side->kinds[i].bytes = figures->kinds[i].bytes;
		if (measured)
			add_latency(&side->kinds[i].latency, &figures->kinds[i].latency);
	}
	memcpy(side->progress, figures->progress, sizeof(side->progress));
	side->progress_count = figures->progress_count;
}

static void set_engine_counters(struct side_result *side, const struct engine_send *engine)
{
	side->volume = engine->counters;
	/* Those of the indexed finder are of its own work, not of the kernel's. */
	if (side->has_caches && engine->form.finder != SEND_FINDER_FAITHFUL)
		return;
	side->has_caches = true;
	memcpy(side->caches, engine->summary.caches, sizeof(side->caches));
	side->backrefs = engine->summary.backrefs;
	side->notices = engine->notices;
}

static void set_losses(const struct pair_runner *runner, struct loss_result *losses)
{
	const struct send_source *source = &runner->source;

	if (losses->known && runner->engine.form.finder != SEND_FINDER_FAITHFUL)
		return;
	loss_result_release(losses);
	losses->known = true;
	losses->counters = runner->engine.summary.losses;
	/* A path that cannot be told is no reason to give up the figures. */
	for (size_t i = 0; i < losses->counters.file_count; i++) {
		if (volume_inode_path(source->volume, source->snapshot.id,
				      losses->counters.files[i].ino, &losses->paths[i]))
			losses->paths[i] = NULL;
	}
}

static int record_side(const struct pair_runner *runner, enum side index, unsigned int repeat,
		       bool discarded, struct side_result *side)
{
	const struct measurement *measurement = runner->measurements[index];
	const struct tap_figures *figures = &measurement->tap.figures;
	/* What was written together came together: the times say nothing about a command. */
	bool is_timed = index == SIDE_KERNEL || !runner->engine.is_batched;
	struct run_sample sample = {
		.duration_ns = measurement->duration_ns,
		.first_byte_ns = measurement->dropped ? 0 : figures->first_byte_ns,
		.cpu_ns = measurement->cpu_ns,
		/* A stream that was dropped is as long as the one before it. */
		.bytes = figures->bytes,
		.commands = figures->commands,
		.generation = index == SIDE_ENGINE ? runner->engine.committed : runner->generation,
		.repeat = repeat,
		.traced = runner->traced,
		.repeated_for_commit = discarded,
		.usage = measurement->usage,
	};

	/* The process has the engine's memory, the kernel's is not its own. */
	if (index == SIDE_KERNEL)
		sample.usage.has_peak_bytes = false;
	if (!discarded && !measurement->dropped)
		set_figures(side, figures, repeat > 0 && is_timed);
	return add_sample(side, &sample);
}

void run_record_paths(const struct pair_runner *runner, struct trace_details *details)
{
	const struct send_source *source = &runner->source;

	for (size_t i = 0; i < details->inode_count; i++) {
		uint64_t ino = details->inodes[i].key;
		char *path;

		/* What was removed is only in the parent. */
		if (volume_inode_path(source->volume, source->snapshot.id, ino, &path) &&
		    (!source->parent.path ||
		     volume_inode_path(source->volume, source->parent.id, ino, &path)))
			continue;
		free(details->inodes[i].path);
		details->inodes[i].path = path;
	}
}

/* What the engine's events tell, and of its counters what they do not. */
static int set_engine_trace(struct side_result *side, const struct pair_runner *runner)
{
	static const enum trace_metric known[] = {
		METRIC_COMMANDS,
		METRIC_COMMAND_TIMES,
		METRIC_CLONE_SEARCHES,
		METRIC_SEARCH_TIMES,
		METRIC_CANDIDATES,
		METRIC_EXTENT_REFERENCES,
		METRIC_PRELIMINARY_REFERENCES,
		METRIC_LEAF_ROOTS,
		METRIC_ROOTS_FOUND,
		METRIC_EARLY_STOPS,
		METRIC_CACHE_NAME,
		METRIC_CACHE_BACKREF,
		METRIC_CACHE_DIR_CREATED,
		METRIC_CACHE_DIR_UTIMES,
		METRIC_INODES,
	};
	const struct send_summary *summary = &runner->engine.summary;

	trace_details_free(side->details);
	side->details = calloc(1, sizeof(*side->details));
	if (!side->trace)
		side->trace = malloc(sizeof(*side->trace));
	if (!side->trace || !side->details)
		return -ENOMEM;
	*side->trace = *trace_collector_figures(runner->watcher);
	trace_collector_details(runner->watcher, side->details);
	run_record_paths(runner, side->details);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		side->trace->metrics |= UINT64_C(1) << known[i];
	for (size_t i = 0; i < CACHE_COUNT; i++)
		side->trace->caches[i].max_entries = summary->caches[i].max_entries;
	side->trace->backrefs.preliminary_references = summary->backrefs.preliminary_references;
	side->trace->backrefs.leaves_resolved = summary->backrefs.leaves_resolved;
	side->trace->backrefs.roots_found = summary->backrefs.roots_found;
	side->trace->backrefs.early_stops = summary->backrefs.early_stops;
	return 0;
}

int run_record_pair(const struct pair_runner *runner, unsigned int repeat, bool discarded,
		    struct result *result)
{
	int ret = 0;

	if (!result->kernel_recorded)
		ret = record_side(runner, SIDE_KERNEL, repeat, discarded,
				  &result->sides[SIDE_KERNEL]);
	if (!ret)
		ret = record_side(runner, SIDE_ENGINE, repeat, discarded,
				  &result->sides[SIDE_ENGINE]);
	if (ret || discarded)
		return ret;
	set_losses(runner, &result->losses);
	/* Counters of both sides are of one state: that of the traced pair, if there was one. */
	if (runner->traced || result->kernel_recorded || !result->sides[SIDE_KERNEL].trace)
		set_engine_counters(&result->sides[SIDE_ENGINE], &runner->engine);
	if (!repeat && !runner->traced && !runner->verifying)
		ret = set_engine_trace(&result->sides[SIDE_ENGINE], runner);
	return ret ? ret : run_trace_record(runner, result);
}

int run_record_recorded(const struct pair_runner *runner, struct result *result)
{
	const struct tap_figures *figures = &runner->measurements[SIDE_KERNEL]->tap.figures;
	struct side_result *side = &result->sides[SIDE_KERNEL];
	const struct run_sample sample = {
		.bytes = figures->bytes,
		.commands = figures->commands,
		.repeat = 1,
	};

	set_figures(side, figures, false);
	return add_sample(side, &sample);
}
