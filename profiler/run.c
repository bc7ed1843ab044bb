/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/run.h"
#include "profiler/divergence.h"
#include "profiler/environment.h"
#include "profiler/explain.h"
#include "profiler/run_beyond.h"
#include "profiler/run_record.h"
#include "profiler/run_recording.h"
#include "profiler/run_trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often a pair is run that a commit came into, before giving up. */
enum { ATTEMPTS_MAX = 4 };

static int out_of_memory(struct failure *failure)
{
	return failure_set(failure, -ENOMEM, "out of memory");
}

static int copy_fact(struct snapshot_fact *copy, const struct snapshot_fact *fact)
{
	*copy = *fact;
	if (!fact->path)
		return 0;
	copy->path = strdup(fact->path);
	return copy->path ? 0 : -ENOMEM;
}

static int copy_text(char **copy, const char *text)
{
	if (!text)
		return 0;
	*copy = strdup(text);
	return *copy ? 0 : -ENOMEM;
}

static int join_devices(const struct send_source *source, char **joined)
{
	size_t size;
	FILE *file = open_memstream(joined, &size);

	if (!file)
		return -ENOMEM;
	for (size_t i = 0; i < source->device_count; i++)
		fprintf(file, "%s%s", i ? ", " : "", source->devices[i]);
	return fclose(file) ? -ENOMEM : 0;
}

static int describe_environment(const struct send_source *source, struct environment *environment)
{
	const struct mounted_filesystem *filesystem = &source->filesystem;
	const char *where = filesystem->mount_point;

	environment_collect(environment);
	volume_get_info(source->volume, &environment->volume);
	if (join_devices(source, &environment->device))
		return -ENOMEM;
	return copy_text(&environment->filesystem, where ? where : environment->device) ||
			       copy_text(&environment->mount_options, filesystem->mount_options)
		       ? -ENOMEM
		       : 0;
}

static int describe_snapshots(const struct send_source *source, struct result *result)
{
	result->clone_sources =
		calloc(source->clone_source_count + 1, sizeof(*result->clone_sources));
	if (!result->clone_sources)
		return -ENOMEM;
	for (size_t i = 0; i < source->clone_source_count; i++) {
		if (copy_fact(&result->clone_sources[result->clone_source_count++],
			      &source->clone_sources[i]))
			return -ENOMEM;
	}
	return copy_fact(&result->snapshot, &source->snapshot) ||
			       copy_fact(&result->parent, &source->parent)
		       ? -ENOMEM
		       : 0;
}

/* Everything that is known before the first send. */
static int describe(const struct pair_runner *runner, struct result *result)
{
	const struct run_request *request = runner->request;
	int ret;

	result->verdict = VERDICT_INCOMPLETE;
	result->no_data = request->form.flags & SEND_NO_FILE_DATA;
	result->compressed_data = request->form.flags & SEND_COMPRESSED;
	result->protocol = request->form.protocol;
	result->generation = request->form.generation.id;
	result->turned = request->form.generation.turned;
	result->cold = request->cold;
	result->sink = request->sink;
	result->finder = request->form.finder;
	result->memory_bytes =
		request->form.memory_bytes ? request->form.memory_bytes : SEND_MEMORY_DEFAULT;
	result->batch = request->batch;
	result->repeat = request->repeat;
	ret = describe_environment(&runner->source, &result->environment);
	if (!ret)
		ret = describe_snapshots(&runner->source, result);
	if (!ret && result->kernel_recorded)
		ret = run_record_recorded(runner, result);
	return ret;
}

static void note_error(const struct pair_runner *runner, const struct failure *failure,
		       struct result *result)
{
	struct side_result *side = &result->sides[runner->at];

	snprintf(side->error, sizeof(side->error), "%s", failure->text);
}

/*
 * Run a pair until no commit comes in between. With one in between the senders may have read
 * different states; if they wrote the same stream all the same, nothing is in doubt.
 */
static int run_steady_pair(struct pair_runner *runner, unsigned int repeat, struct result *result,
			   struct failure *failure)
{
	for (unsigned int attempt = 1;; attempt++) {
		uint64_t offset;
		int ret = run_pair(runner, repeat, failure);
		bool counts;

		if (ret) {
			note_error(runner, failure, result);
			return ret;
		}
		counts = runner->steady || run_pair_equal(runner, &offset);
		if (run_record_pair(runner, repeat, !counts, result))
			return out_of_memory(failure);
		if (counts)
			return 0;
		if (attempt == ATTEMPTS_MAX)
			return failure_set(failure, -EAGAIN,
					   "%s: the filesystem would not hold still: a commit came "
					   "into each of %d pairs of sends",
					   runner->source.devices[0], ATTEMPTS_MAX);
		progress_note(runner->request->progress,
			      "a commit came in between the two sends, running them again");
	}
}

static struct explain_request explain_request(const struct pair_runner *runner)
{
	const struct run_request *request = runner->request;

	return (struct explain_request){
		.source = &runner->source,
		/* With cold caches none is kept open for the engine. */
		.volume = runner->engine.volume ? runner->engine.volume : runner->source.volume,
		.form = request->form,
		.reference = &runner->reference,
		.committed = runner->generation,
		.limit_ns = request->explain_ns,
		.progress = request->progress,
	};
}

/* The streams are at hand only now; the first pair that differs is the one that is explained. */
static int judge_pair(struct pair_runner *runner, bool *different, struct result *result,
		      struct failure *failure)
{
	const struct explain_request request = explain_request(runner);
	uint64_t offset;
	int ret;

	if (run_pair_equal(runner, &offset))
		return 0;
	*different = true;
	if (result->divergence.found)
		return 0;
	ret = divergence_find(&runner->reference, run_pair_engine_stream(runner), offset,
			      &result->divergence, failure);
	if (!ret && request.limit_ns)
		ret = explain(&request, &result->attribution, failure);
	return ret;
}

static int tell_why(const struct pair_runner *runner, struct failure *failure)
{
	const struct explain_request request = explain_request(runner);
	int ret;

	if (!runner->request->why)
		return 0;
	ret = volume_reread(request.volume);
	if (ret)
		return failure_set(failure, ret, "%s", volume_failure(request.volume)->text);
	return explain_why(&request, runner->request->why, failure);
}

static int run_and_judge(struct pair_runner *runner, unsigned int repeat, bool *different,
			 struct result *result, struct failure *failure)
{
	int ret = run_steady_pair(runner, repeat, result, failure);

	return ret ? ret : judge_pair(runner, different, result, failure);
}

/* Traced and for nothing else: what watches is gone before anything is timed. */
static int run_traced_pair(struct pair_runner *runner, bool *different, struct result *result,
			   struct failure *failure)
{
	int ret;

	if (!runner->tracer)
		return 0;
	runner->tracing = true;
	ret = run_and_judge(runner, 0, different, result, failure);
	runner->tracing = false;
	runner->traced = false;
	run_trace_stop(runner);
	return ret;
}

/*
 * What goes to nowhere cannot be compared. Where the finder of what is measured is not that of the
 * warm-up, its stream is compared here.
 */
static int run_verified_pair(struct pair_runner *runner, bool *different, struct result *result,
			     struct failure *failure)
{
	const struct run_request *request = runner->request;
	int ret;

	if (request->sink != SINK_NULL || !request->form.finder_is_default)
		return 0;
	runner->verifying = true;
	ret = run_and_judge(runner, 0, different, result, failure);
	runner->verifying = false;
	return ret;
}

static int run_pairs(struct pair_runner *runner, struct result *result, struct failure *failure)
{
	const struct run_request *request = runner->request;
	bool different = false;

	for (unsigned int repeat = 0; repeat <= request->repeat; repeat++) {
		int ret = run_and_judge(runner, repeat, &different, result, failure);

		if (!ret && !repeat)
			ret = run_traced_pair(runner, &different, result, failure);
		if (!ret && !repeat)
			ret = run_verified_pair(runner, &different, result, failure);
		if (!ret && repeat == request->repeat)
			result->verdict = different ? VERDICT_DIFFERENT : VERDICT_EQUAL;
		if (!ret)
			ret = request->after_pair(request->context, result, failure);
		if (ret)
			return ret;
	}
	return 0;
}

static int keep_stream(const struct stream_store *store, const char *directory, const char *name,
		       struct failure *failure)
{
	char *path;
	int ret;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		return out_of_memory(failure);
	ret = stream_store_save(store, path, failure);
	free(path);
	return ret;
}

static int keep_streams(const struct pair_runner *runner, struct failure *failure)
{
	const struct run_request *request = runner->request;
	int ret = 0;

	if (!request->keep_streams)
		return 0;
	if (!request->kernel_stream)
		ret = keep_stream(&runner->reference, request->directory, "kernel.stream", failure);
	if (!ret)
		ret = keep_stream(run_pair_engine_stream(runner), request->directory,
				  "engine.stream", failure);
	return ret;
}

static void warn_about_directory(const struct pair_runner *runner)
{
	const struct run_request *request = runner->request;
	const struct mounted_subvolume *mounted = &runner->source.mounted;

	if (mounted->fd >= 0 && mounted_on_same_filesystem(mounted, request->directory))
		progress_note(request->progress,
			      "%s is on the filesystem that is sent: writing there disturbs the "
			      "figures, another --out does not",
			      request->directory);
}

const char *const run_tier_words[] = {"auto", "pipe", "tracepoint", "function", NULL};

void run_request_set_tier(struct run_request *request, unsigned int word)
{
	request->tier_forced = word != RUN_TIER_AUTO;
	request->tier = word == RUN_TIER_AUTO ? TIER_COUNT - 1 : word - RUN_TIER_PIPE;
}

int run(const struct run_request *request, struct result *result, struct failure *failure)
{
	struct pair_runner runner;
	int ret;

	memset(result, 0, sizeof(*result));
	result->verdict = VERDICT_INCOMPLETE;
	ret = pair_runner_init(&runner, request, failure);
	if (!ret)
		ret = run_trace_start(&runner, result, failure);
	if (!ret && describe(&runner, result))
		ret = out_of_memory(failure);
	if (!ret) {
		warn_about_directory(&runner);
		ret = run_pairs(&runner, result, failure);
	}
	if (!ret)
		ret = keep_streams(&runner, failure);
	if (!ret && request->record)
		ret = run_recording_save(&runner, result, failure);
	if (!ret)
		ret = run_beyond(&runner, &result->beyond, failure);
	if (!ret)
		ret = tell_why(&runner, failure);
	run_trace_stop(&runner);
	pair_runner_release(&runner);
	return ret;
}
