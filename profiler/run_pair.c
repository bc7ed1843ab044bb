/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/run_pair.h"
#include "profiler/capabilities.h"
#include "profiler/cold_cache.h"
#include "profiler/run_recording.h"
#include "profiler/run_trace.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	READ_SIZE = 1 << 20,
};

static const char *const sender_names[SIDE_COUNT] = {
	[SIDE_KERNEL] = "kernel",
	[SIDE_ENGINE] = "engine",
};

static bool is_mounted(const struct pair_runner *runner)
{
	return runner->source.mounted.fd >= 0;
}

static int check_privilege(const struct run_request *request, struct failure *failure)
{
	if (request->kernel_stream || capability_effective(CAP_SYS_ADMIN))
		return 0;
	return failure_set(failure, -EPERM,
			   "the kernel's send needs CAP_SYS_ADMIN: run as root, or compare the "
			   "engine with a recorded stream (--image and --kernel-stream)");
}

/* A recorded stream is looked through once: it must be whole, and its figures are wanted. */
static int read_recorded(struct pair_runner *runner, void *buffer, struct failure *failure)
{
	struct stream_tap *tap = &runner->measurements[SIDE_KERNEL]->tap;
	uint64_t offset = 0;

	stream_tap_init(tap, 0);
	while (offset < runner->reference.size) {
		ssize_t got = pread(runner->reference.fd, buffer, READ_SIZE, offset);
		int ret;

		if (got < 0)
			return failure_set(failure, -errno, "cannot read: %s", strerror(errno));
		if (!got)
			break;
		ret = stream_tap_feed(tap, buffer, got, 0, failure);
		if (ret)
			return ret;
		offset += got;
	}
	return stream_tap_finish(tap, failure);
}

static int check_protocol(const struct stream_tap *tap, unsigned int protocol,
			  struct failure *failure)
{
	if (tap->protocol == protocol)
		return 0;
	return failure_set(failure, -EOPNOTSUPP, "have protocol %u expect %u (see --proto)",
			   tap->protocol, protocol);
}

static int open_recorded(struct pair_runner *runner, struct failure *failure)
{
	const char *path = runner->request->kernel_stream;
	struct measurement *recorded = runner->measurements[SIDE_KERNEL];
	struct failure cause = {0};
	void *buffer;
	int ret = runner->request->kernel_trace
			  ? run_recording_open(runner, failure)
			  : stream_store_open(path, &runner->reference, failure);

	if (ret)
		return ret;
	buffer = malloc(READ_SIZE);
	if (!buffer)
		return failure_set(failure, -ENOMEM, "out of memory");
	ret = read_recorded(runner, buffer, &cause);
	free(buffer);
	if (!ret)
		ret = check_protocol(&recorded->tap, runner->request->form.protocol, &cause);
	/* There were no times to be taken. */
	for (unsigned int i = 0; i < STREAM_C_COUNT; i++)
		recorded->tap.figures.kinds[i].latency = (struct latency){0};
	recorded->tap.figures.progress_count = 0;
	return ret ? failure_set(failure, ret, "%s: %s", path, cause.text) : 0;
}

static int open_all(struct pair_runner *runner, struct failure *failure)
{
	const struct run_request *request = runner->request;
	int ret = check_privilege(request, failure);

	if (!ret)
		ret = send_source_open(&request->names, &runner->source, failure);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < SIDE_COUNT; i++) {
		runner->measurements[i] = measurement_new();
		if (!runner->measurements[i])
			return failure_set(failure, -ENOMEM, "out of memory");
	}
	runner->watcher = trace_collector_new();
	if (!runner->watcher)
		return failure_set(failure, -ENOMEM, "out of memory");
	if (request->kernel_stream)
		ret = open_recorded(runner, failure);
	if (!ret && !request->cold)
		ret = send_source_open_volume(&runner->source, &runner->engine.volume, failure);
	return ret;
}

int pair_runner_init(struct pair_runner *runner, const struct run_request *request,
		     struct failure *failure)
{
	*runner = (struct pair_runner){
		.request = request,
		.source = {.mounted.fd = -1},
		.reference = STREAM_STORE_EMPTY,
		.kernel =
			{
				.source = &runner->source,
				.form = request->form,
			},
		.engine =
			{
				.source = &runner->source,
				.form = request->form,
				.is_batched = request->batch,
			},
	};
	return open_all(runner, failure);
}

void pair_runner_release(struct pair_runner *runner)
{
	volume_close(runner->engine.volume);
	for (unsigned int i = 0; i < SIDE_COUNT; i++)
		measurement_free(runner->measurements[i]);
	trace_collector_free(runner->watcher);
	stream_store_close(&runner->reference);
	recording_release(&runner->recording);
	event_list_clear(&runner->events);
	free(runner->folded_stacks);
	send_source_close(&runner->source);
}

static int read_generation(struct pair_runner *runner, uint64_t *generation,
			   struct failure *failure)
{
	struct volume_info info;
	int ret = volume_reread(runner->source.volume);

	if (ret)
		return failure_set(failure, ret, "%s", volume_failure(runner->source.volume)->text);
	volume_get_info(runner->source.volume, &info);
	*generation = info.generation;
	return 0;
}

/* What one side does before and in its send. */
static int run_side(struct pair_runner *runner, enum side side, unsigned int repeat,
		    struct failure *failure)
{
	const struct run_request *request = runner->request;
	const struct measure_request measure = {
		.send = side == SIDE_KERNEL ? kernel_send : engine_send,
		.context = side == SIDE_KERNEL ? (void *)&runner->kernel : (void *)&runner->engine,
		.reference = &runner->reference,
		.directory = request->directory,
		.progress = request->progress,
		.to_null = request->sink == SINK_NULL && repeat,
	};
	int ret = 0;

	runner->at = side;
	if (request->cold)
		ret = cold_cache_drop(runner->source.devices, runner->source.device_count,
				      is_mounted(runner), failure);
	/* After the drop, which would take this away again. */
	if (!ret)
		ret = stream_store_prefetch(&runner->reference, failure);
	if (ret)
		return ret;
	/* The warm-up is not measured: it is for the counters that compare with the kernel's. */
	if (request->form.finder_is_default)
		runner->engine.form.finder =
			repeat || runner->verifying ? SEND_FINDER_INDEXED : SEND_FINDER_FAITHFUL;
	progress_begin(request->progress, sender_names[side], repeat, request->repeat);
	ret = measure_send(&measure, runner->measurements[side], failure);
	progress_clear(request->progress);
	return ret;
}

/* What the kernel sent last is what the engine is compared with. */
static void adopt_kernel_stream(struct pair_runner *runner)
{
	struct measurement *measurement = runner->measurements[SIDE_KERNEL];
	struct stream_comparison *comparison = &measurement->comparison;

	if (measurement->dropped || !comparison->differs)
		return;
	stream_store_close(&runner->reference);
	runner->reference = comparison->own;
	comparison->own = STREAM_STORE_EMPTY;
	stream_store_settle(&runner->reference);
}

int run_pair(struct pair_runner *runner, unsigned int repeat, struct failure *failure)
{
	uint64_t generation_after;
	int ret = 0;

	runner->at = SIDE_ENGINE;
	if (is_mounted(runner))
		ret = mounted_filesystem_sync(&runner->source.mounted, failure);
	if (!ret)
		ret = read_generation(runner, &runner->generation, failure);
	if (!ret && !runner->request->kernel_stream) {
		ret = run_trace_begin_send(runner, failure);
		if (!ret)
			ret = run_side(runner, SIDE_KERNEL, repeat, failure);
		if (!ret)
			ret = run_trace_end_send(runner, failure);
		if (!ret)
			adopt_kernel_stream(runner);
	}
	/* To be watched takes time: in the warm-up it does not count. */
	runner->engine.watcher = repeat || runner->verifying ? NULL : runner->watcher;
	if (!ret)
		ret = run_side(runner, SIDE_ENGINE, repeat, failure);
	if (!ret && is_mounted(runner))
		ret = mounted_filesystem_wait(&runner->source.mounted, failure);
	if (!ret)
		ret = read_generation(runner, &generation_after, failure);
	if (!ret)
		runner->steady = generation_after == runner->generation;
	return ret;
}

bool run_pair_equal(const struct pair_runner *runner, uint64_t *first_difference)
{
	const struct stream_comparison *comparison = &runner->measurements[SIDE_ENGINE]->comparison;

	*first_difference = comparison->first_difference;
	return !comparison->differs;
}

const struct stream_store *run_pair_engine_stream(const struct pair_runner *runner)
{
	const struct stream_comparison *comparison = &runner->measurements[SIDE_ENGINE]->comparison;

	return comparison->differs ? &comparison->own : &runner->reference;
}
