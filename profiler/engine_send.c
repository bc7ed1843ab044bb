/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/engine_send.h"
#include "profiler/sender.h"
#include "profiler/stream_output.h"
#include "profiler/write_all.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A stream_sink_fn: @context points to the descriptor. */
static int write_command(void *context, const void *data, size_t length)
{
	return write_all(*(const int *)context, data, length);
}

/* A stream_sink_parts_fn: a command in one system call, without a copy of its data. */
static int write_command_parts(void *context, const void *head, size_t head_length,
			       const struct stream_data *data)
{
	struct iovec parts[] = {
		{.iov_base = (void *)head, .iov_len = head_length},
		{.iov_base = (void *)data->bytes, .iov_len = data->length},
	};

	return write_all_parts(*(const int *)context, parts, 2);
}

static void subtract_counters(struct volume_counters *counters,
			      const struct volume_counters *before)
{
	counters->blocks_read -= before->blocks_read;
	counters->block_cache_hits -= before->block_cache_hits;
	counters->bytes_read -= before->bytes_read;
	counters->data_bytes_verified -= before->data_bytes_verified;
	counters->bad_copies -= before->bad_copies;
	counters->refreshes -= before->refreshes;
}

static int send_from(struct engine_send *send, struct volume *volume, int fd,
		     struct failure *failure)
{
	struct stream_output output = {.fd = -1};
	struct send_request request = {
		.root_id = send->source->snapshot.id,
		.parent_id = send->source->parent_id,
		.clone_ids = send->source->clone_ids,
		.clone_count = send->source->clone_count,
		.flags = send->form.flags,
		.protocol = send->form.protocol,
		.generation = send->form.generation,
		.finder = send->form.finder,
		.memory_bytes = send->form.memory_bytes,
		.sink = write_command,
		.sink_parts = write_command_parts,
		.sink_context = &fd,
		.observer = send->watcher ? trace_collect : NULL,
		.observer_context = send->watcher,
		.notify = notice_log_add,
		.notify_context = &send->notices,
	};
	struct volume_counters before;
	struct volume_info info;
	int ret = 0;

	if (send->is_batched) {
		ret = stream_output_attach(fd, "the pipe", &output, failure);
		if (ret)
			return ret;
		request.sink = stream_output_write;
		request.sink_parts = stream_output_write_parts;
		request.sink_context = &output;
	}
	send->notices = (struct notice_log){0};
	volume_get_counters(volume, &before);
	volume_get_info(volume, &info);
	send->committed = info.generation;
	if (send->watcher)
		trace_collector_begin(send->watcher, monotonic_ns());
	ret = send_run(volume, &request, &send->summary);
	if (!ret && send->is_batched)
		ret = stream_output_finish(&output);
	if (send->watcher)
		trace_collector_end(send->watcher, monotonic_ns(), ret);
	if (output.failure.code)
		failure_set(failure, output.failure.code, "%s", output.failure.text);
	if (send->is_batched)
		stream_output_close(&output, true);
	volume_get_counters(volume, &send->counters);
	subtract_counters(&send->counters, &before);
	return ret;
}

int engine_send(void *context, int fd, struct failure *failure)
{
	struct engine_send *send = context;
	struct volume *volume = send->volume;
	int ret;

	if (volume)
		ret = volume_reread(volume);
	else
		ret = send_source_open_volume(send->source, &volume, failure);
	if (!ret)
		ret = send_from(send, volume, fd, failure);
	if (ret && volume && !failure->code)
		failure_set(failure, ret, "%s", volume_failure(volume)->text);
	if (!send->volume)
		volume_close(volume);
	return ret;
}
