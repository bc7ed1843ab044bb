/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/run_beyond.h"
#include "profiler/explain.h"
#include "profiler/interrupt.h"

#include <errno.h>

/* A stream_sink_fn: only the size is wanted, and the summary has it. */
static int drop_command(void *context, const void *data, size_t length)
{
	(void)context;
	(void)data;
	(void)length;
	return interrupt_signal() ? -EINTR : 0;
}

int run_beyond(const struct pair_runner *runner, struct beyond_result *beyond,
	       struct failure *failure)
{
	struct volume *volume =
		runner->engine.volume ? runner->engine.volume : runner->source.volume;
	struct send_request request = explain_send_request(&runner->source, &runner->request->form);
	struct send_summary summary;
	uint64_t began;
	int ret;

	if (!runner->request->max_references)
		return 0;
	request.finder = SEND_FINDER_INDEXED;
	request.max_references = runner->request->max_references;
	request.sink = drop_command;
	began = monotonic_ns();
	ret = volume_reread(volume);
	if (!ret)
		ret = send_run(volume, &request, &summary);
	if (ret)
		return failure_set(failure, ret, "%s",
				   ret == -EINTR ? "interrupted" : volume_failure(volume)->text);
	*beyond = (struct beyond_result){
		.known = true,
		.max_references = request.max_references == UINT64_MAX ? 0 : request.max_references,
		.commands = summary.commands,
		.bytes = summary.bytes,
		.cloned_extents = summary.backrefs.results[BACKREF_CLONE],
		.duration_ns = monotonic_ns() - began,
	};
	return 0;
}
