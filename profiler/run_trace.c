/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/run_trace.h"
#include "profiler/kernel_generation.h"
#include "profiler/run_recording.h"
#include "profiler/trace_agreement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEEDS_PROBES "the pipe tier sees only the stream; this needs programs in the kernel"
#define IN_A_FILE    "its stream was read from a file, the kernel's send was not run"

/* Of the ring of events, and how long their reader sleeps at most. */
enum { RING_BYTES = 32 << 20, POLL_MS = 20 };

/* A send may be short; a number that beats with no timer. */
enum { STACK_HERTZ = 1997 };

static const struct missing_metric unseen_in_pipe[] = {
	{"kernel cache hit rates", NEEDS_PROBES},
	{"kernel backref walks", NEEDS_PROBES},
	{"kernel waiting for disk and pipe", NEEDS_PROBES},
};

static const struct missing_metric unseen_in_file[] = {
	{"kernel timings", IN_A_FILE},
	{"kernel cache hit rates", IN_A_FILE},
	{"kernel backref walks", IN_A_FILE},
};

static int set_missing(struct result *result, const struct missing_metric *missing, size_t count)
{
	result->missing = calloc(count, sizeof(*result->missing));
	if (!result->missing)
		return -ENOMEM;
	memcpy(result->missing, missing, count * sizeof(*result->missing));
	result->missing_count = count;
	return 0;
}

static int list_missing_metrics(const struct tracer *tracer, struct result *result)
{
	struct missing_metric missing[METRIC_COUNT];
	size_t count = 0;

	for (unsigned int metric = 0; metric < METRIC_COUNT; metric++) {
		const char *reason = tracer_missing(tracer, metric);

		if (!reason)
			continue;
		missing[count].metric = trace_metric_sentence(metric);
		snprintf(missing[count++].reason, sizeof(missing[0].reason), "%s", reason);
	}
	return count ? set_missing(result, missing, count) : 0;
}

static int list_missing(const struct tracer *tracer, struct result *result)
{
	int ret;

	if (result->kernel_recorded)
		return set_missing(result, unseen_in_file,
				   sizeof(unseen_in_file) / sizeof(unseen_in_file[0]));
	if (result->tier != TIER_PIPE)
		return list_missing_metrics(tracer, result);
	ret = set_missing(result, unseen_in_pipe,
			  sizeof(unseen_in_pipe) / sizeof(unseen_in_pipe[0]));
	/* Nobody asked for the pipe: why there is nothing better. */
	for (size_t i = 0; i < result->missing_count && result->tier_reason[0]; i++)
		snprintf(result->missing[i].reason, sizeof(result->missing[i].reason), "%.220s",
			 result->tier_reason);
	return ret;
}

/* Its pair is not timed, so it may cost what it costs: everything is counted. */
static int open_tracer(struct pair_runner *runner, struct failure *failure)
{
	const struct run_request *request = runner->request;
	const struct tracer_options options = {
		.forced = request->tier_forced,
		.tier = request->tier,
		.process = getpid(),
		.groups = (1ULL << METRIC_COUNT) - 1,
		.records = request->record != NULL,
		.ring_bytes = RING_BYTES,
		.stack_hertz = STACK_HERTZ,
	};

	if (request->kernel_stream || request->tier == TIER_PIPE)
		return 0;
	return tracer_open(&options, &runner->tracer, failure);
}

static void keep_event(void *context, const struct event *event)
{
	event_list_add(context, event);
}

/* What has room in the kernel would be full, and we are busy with the stream. */
static void *read_trace(void *context)
{
	struct pair_runner *runner = context;
	int ret = 0;

	while (ret >= 0 && atomic_load(&runner->reading_trace))
		ret = tracer_poll(runner->tracer, POLL_MS, keep_event, &runner->events);
	while (ret >= 0 && (ret = tracer_poll(runner->tracer, 0, keep_event, &runner->events)) > 0)
		;
	runner->reading_failed = ret;
	return NULL;
}

static int start_reading_trace(struct pair_runner *runner, struct failure *failure)
{
	int error;

	/* Those of the warm-up were not wanted. */
	while (tracer_poll(runner->tracer, 0, keep_event, &runner->events) > 0)
		;
	event_list_clear(&runner->events);
	atomic_store(&runner->reading_trace, true);
	error = pthread_create(&runner->trace_reader, NULL, read_trace, runner);
	if (!error)
		return 0;
	atomic_store(&runner->reading_trace, false);
	return failure_set(failure, -error, "cannot start a thread: %s", strerror(error));
}

static void stop_reading_trace(struct pair_runner *runner)
{
	if (!atomic_exchange(&runner->reading_trace, false))
		return;
	pthread_join(runner->trace_reader, NULL);
}

int run_trace_start(struct pair_runner *runner, struct result *result, struct failure *failure)
{
	int ret;

	if (runner->request->kernel_trace)
		return run_recording_describe(runner, result)
			       ? failure_set(failure, -ENOMEM, "out of memory")
			       : 0;
	ret = open_tracer(runner, failure);
	if (ret)
		return ret;
	result->tier = TIER_PIPE;
	result->kernel_recorded = runner->request->kernel_stream != NULL;
	if (runner->tracer) {
		result->tier = tracer_tier(runner->tracer);
		snprintf(result->tier_reason, sizeof(result->tier_reason), "%s",
			 tracer_tier_reason(runner->tracer));
	}
	if (list_missing(runner->tracer, result))
		return failure_set(failure, -ENOMEM, "out of memory");
	if (result->tier == TIER_PIPE)
		run_trace_stop(runner);
	return 0;
}

void run_trace_stop(struct pair_runner *runner)
{
	stop_reading_trace(runner);
	tracer_close(runner->tracer);
	runner->tracer = NULL;
}

int run_trace_begin_send(struct pair_runner *runner, struct failure *failure)
{
	int ret;

	runner->traced = false;
	if (!runner->tracing)
		return 0;
	ret = tracer_reset(runner->tracer, failure);
	return ret ? ret : start_reading_trace(runner, failure);
}

/* What was left out counts for nothing; which figures are too low cannot be told. */
static int note_missed(const struct tracer *tracer, struct result *result)
{
	struct missing_metric *missing;
	char programs[96];
	uint64_t missed = tracer_missed(tracer, programs, sizeof(programs));

	if (!missed)
		return 0;
	missing = reallocarray(result->missing, result->missing_count + 1, sizeof(*missing));
	if (!missing)
		return -ENOMEM;
	result->missing = missing;
	missing += result->missing_count++;
	missing->metric = "some of what the kernel's send did";
	snprintf(missing->reason, sizeof(missing->reason), TRACER_MISSED_FORMAT, missed, programs);
	return 0;
}

static int keep_stacks(struct pair_runner *runner, const struct traced_send *send,
		       struct failure *failure)
{
	size_t size = 0;
	FILE *out;
	int ret;

	free(runner->folded_stacks);
	runner->folded_stacks = NULL;
	if (!trace_knows(&runner->trace, METRIC_STACKS))
		return 0;
	out = open_memstream(&runner->folded_stacks, &size);
	if (!out)
		return failure_set(failure, -errno, "out of memory for stacks");
	ret = tracer_folded_stacks(runner->tracer, send, out, failure);
	if (fclose(out) && !ret)
		ret = failure_set(failure, -ENOMEM, "out of memory for stacks");
	return ret;
}

int run_trace_end_send(struct pair_runner *runner, struct failure *failure)
{
	struct traced_send *sends;
	size_t count;
	int ret;

	stop_reading_trace(runner);
	if (!runner->tracing)
		return 0;
	if (runner->reading_failed)
		return failure_set(failure, runner->reading_failed,
				   "cannot read what is traced: %s",
				   strerror(-runner->reading_failed));
	ret = tracer_sends(runner->tracer, &sends, &count, failure);
	for (size_t i = 0; !ret && i < count; i++) {
		if (!sends[i].figures.ended_ns)
			continue;
		runner->trace = sends[i].figures;
		runner->trace.dropped += runner->events.left_out;
		runner->traced = true;
		ret = keep_stacks(runner, &sends[i], failure);
	}
	free(sends);
	return ret;
}

int run_trace_record(const struct pair_runner *runner, struct result *result)
{
	struct side_result *kernel = &result->sides[SIDE_KERNEL];
	struct kernel_generation running;

	if (result->kernel_recorded && kernel->trace &&
	    runner->engine.form.finder == SEND_FINDER_FAITHFUL)
		trace_agreement_check(result, &runner->recording.generation);
	if (!runner->traced)
		return 0;
	if (note_missed(runner->tracer, result))
		return -ENOMEM;
	if (!kernel->trace)
		kernel->trace = malloc(sizeof(*kernel->trace));
	if (!kernel->trace)
		return -ENOMEM;
	*kernel->trace = runner->trace;
	free(kernel->folded_stacks);
	kernel->folded_stacks = runner->folded_stacks ? strdup(runner->folded_stacks) : NULL;
	if (runner->folded_stacks && !kernel->folded_stacks)
		return -ENOMEM;
	if (runner->request->record && run_recording_details(runner, kernel->trace, kernel))
		return -ENOMEM;
	/* What is not among its metrics is listed as missing. */
	kernel->has_caches = true;
	memcpy(kernel->caches, runner->trace.caches, sizeof(kernel->caches));
	kernel->backrefs = runner->trace.backrefs;
	/* The other finder does less, and counts its own work. */
	if (runner->engine.form.finder != SEND_FINDER_FAITHFUL)
		return 0;
	kernel_generation_running(&running);
	trace_agreement_check(result, &running.generation);
	return 0;
}
