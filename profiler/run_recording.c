/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/run_recording.h"
#include "profiler/kernel_generation.h"
#include "profiler/run_record.h"
#include "profiler/trace_collect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* An event_fn; memory that is short is told by run_recording_open(), which counts. */
static void keep_event(void *context, const struct event *event)
{
	event_list_add(context, event);
}

static int check_snapshot(const char *what, const struct snapshot_fact *recorded,
			  const struct snapshot_fact *have, struct failure *failure)
{
	if (recorded->id == have->id && recorded->ctransid == have->ctransid &&
	    !memcmp(recorded->uuid, have->uuid, sizeof(have->uuid)))
		return 0;
	return failure_set(failure, -EINVAL,
			   "%s is not the one that was recorded: have id %" PRIu64
			   ", transid %" PRIu64 " expect id %" PRIu64 ", transid %" PRIu64,
			   what, have->id, have->ctransid, recorded->id, recorded->ctransid);
}

static int check_request(const struct pair_runner *runner, struct failure *failure)
{
	const struct recording *recording = &runner->recording;
	unsigned int flags = (recording->no_data ? SEND_NO_FILE_DATA : 0) |
			     (recording->compressed_data ? SEND_COMPRESSED : 0);
	int ret = check_snapshot("the snapshot", &recording->snapshot, &runner->source.snapshot,
				 failure);

	if (!ret)
		ret = check_snapshot("the parent", &recording->parent, &runner->source.parent,
				     failure);
	if (!ret && flags != (runner->request->form.flags & (SEND_NO_FILE_DATA | SEND_COMPRESSED)))
		ret = failure_set(failure, -EINVAL,
				  "it was recorded %s --no-data and %s --compressed-data",
				  recording->no_data ? "with" : "without",
				  recording->compressed_data ? "with" : "without");
	return ret;
}

int run_recording_open(struct pair_runner *runner, struct failure *failure)
{
	const struct run_request *request = runner->request;
	struct failure cause = {0};
	int ret = recording_load(request->kernel_stream, request->directory, &runner->recording,
				 keep_event, &runner->events, &runner->reference, failure);

	if (ret)
		return ret;
	if (runner->events.count != runner->recording.event_count)
		return failure_set(failure, -ENOMEM, "out of memory");
	ret = check_request(runner, &cause);
	return ret ? failure_set(failure, ret, "%s: %s", request->kernel_stream, cause.text) : 0;
}

int run_recording_details(const struct pair_runner *runner, const struct trace_figures *figures,
			  struct side_result *kernel)
{
	struct trace_collector *collector;
	const struct event *event = NULL;

	if (!runner->events.count)
		return 0;
	collector = trace_collector_new();
	trace_details_free(kernel->details);
	kernel->details = calloc(1, sizeof(*kernel->details));
	if (collector && kernel->details) {
		trace_collector_begin(collector, figures->began_ns);
		while ((event = event_list_next(&runner->events, event)))
			trace_collect(collector, event);
		trace_collector_end(collector, figures->ended_ns, figures->result);
		trace_collector_details(collector, kernel->details);
		run_record_paths(runner, kernel->details);
	}
	trace_collector_free(collector);
	return collector && kernel->details ? 0 : -ENOMEM;
}

static int list_missing(const struct trace_figures *figures, struct result *result)
{
	static const char reason[] = "was not measured when the kernel's send was recorded";

	result->missing = calloc(METRIC_COUNT + 1, sizeof(*result->missing));
	if (!result->missing)
		return -ENOMEM;
	for (unsigned int i = 0; i <= METRIC_COUNT; i++) {
		struct missing_metric *missing = &result->missing[result->missing_count];

		if (i < METRIC_COUNT && trace_knows(figures, i))
			continue;
		missing->metric = i < METRIC_COUNT ? trace_metric_sentence(i) : "kernel timings";
		snprintf(missing->reason, sizeof(missing->reason), "%s", reason);
		result->missing_count++;
	}
	return 0;
}

int run_recording_describe(const struct pair_runner *runner, struct result *result)
{
	const struct recording *recording = &runner->recording;
	struct side_result *kernel = &result->sides[SIDE_KERNEL];

	result->kernel_recorded = true;
	result->tier = recording->figures.tier;
	memcpy(result->tier_reason, recording->tier_reason, sizeof(result->tier_reason));
	if (list_missing(&recording->figures, result))
		return -ENOMEM;
	if (recording->figures.tier == TIER_PIPE)
		return 0;
	kernel->trace = malloc(sizeof(*kernel->trace));
	if (!kernel->trace)
		return -ENOMEM;
	*kernel->trace = recording->figures;
	kernel->has_caches = true;
	memcpy(kernel->caches, recording->figures.caches, sizeof(kernel->caches));
	kernel->backrefs = recording->figures.backrefs;
	return run_recording_details(runner, kernel->trace, kernel);
}

int run_recording_save(const struct pair_runner *runner, const struct result *result,
		       struct failure *failure)
{
	const struct side_result *kernel = &result->sides[SIDE_KERNEL];
	struct recording recording = {
		.snapshot = runner->source.snapshot,
		.parent = runner->source.parent,
		.protocol = runner->request->form.protocol,
		.no_data = runner->request->form.flags & SEND_NO_FILE_DATA,
		.compressed_data = runner->request->form.flags & SEND_COMPRESSED,
	};
	struct kernel_generation running;
	struct utsname name;

	if (uname(&name))
		return failure_set(failure, -errno, "cannot tell the kernel: %s", strerror(errno));
	snprintf(recording.kernel, sizeof(recording.kernel), "%s", name.release);
	kernel_generation_running(&running);
	recording.generation = running.generation;
	memcpy(recording.tier_reason, result->tier_reason, sizeof(recording.tier_reason));
	if (kernel->trace)
		recording.figures = *kernel->trace;
	return recording_save(runner->request->record, &recording, &runner->events,
			      &runner->reference, failure);
}
