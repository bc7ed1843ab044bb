/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/explain.h"
#include "profiler/attribution.h"
#include "profiler/interrupt.h"
#include "profiler/sender.h"
#include "profiler/stream_follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct send_request explain_send_request(const struct send_source *source,
					 const struct stream_form *form)
{
	return (struct send_request){
		.root_id = source->snapshot.id,
		.parent_id = source->parent_id,
		.clone_ids = source->clone_ids,
		.clone_count = source->clone_count,
		.flags = form->flags,
		.protocol = form->protocol,
		.generation = form->generation,
		.finder = form->finder,
		.memory_bytes = form->memory_bytes,
	};
}

/* -EAGAIN when another transaction was committed than the one the reference was made in. */
static int check_committed(const struct explain_request *request)
{
	struct volume_info info;
	int ret = volume_reread(request->volume);

	if (ret || !request->committed)
		return ret;
	volume_get_info(request->volume, &info);
	return info.generation == request->committed ? 0 : -EAGAIN;
}

/* An attribution_send_fn. */
static int send_as(void *context, const struct generation *generation, stream_sink_fn sink,
		   void *sink_context)
{
	const struct explain_request *request = context;
	struct send_request send = explain_send_request(request->source, &request->form);
	struct send_summary summary;
	int ret = check_committed(request), changed;

	if (ret)
		return ret;
	send.generation = *generation;
	send.sink = sink;
	send.sink_context = sink_context;
	ret = send_run(request->volume, &send, &summary);
	/* A send over a commit may have read the one side of it and the other. */
	changed = check_committed(request);
	return changed == -EAGAIN ? changed : ret;
}

/* The decisions about one inode, the last ones. */
struct last_decisions {
	struct why why;
	struct why_tail tail;
};

static void observe_decisions(void *context, const struct event *event)
{
	struct last_decisions *last = context;

	if (event->type == EVENT_INODE_BEGIN)
		why_tail_clear(&last->tail);
	why_observe(&last->why, event);
}

static int take_decisions(struct why_tail *tail, struct attribution *attribution)
{
	size_t count = tail->count < WHY_TAIL_LINES ? tail->count : WHY_TAIL_LINES;
	size_t first = tail->count - count;

	attribution->decisions = calloc(count + 1, sizeof(*attribution->decisions));
	if (!attribution->decisions)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		char **line = &tail->lines[(first + i) % WHY_TAIL_LINES];

		if (!*line)
			return -ENOMEM;
		attribution->decisions[attribution->decision_count++] = *line;
		*line = NULL;
	}
	return 0;
}

/* Send as asked once more, up to the command that differs, and listen. */
static int collect_decisions(const struct explain_request *request, struct attribution *attribution)
{
	struct send_request send = explain_send_request(request->source, &request->form);
	struct stream_follow follow;
	struct send_summary summary;
	struct last_decisions last = {.why = {.print = why_tail_line,
					      .sink = stream_follow_sink,
					      .sink_context = &follow}};
	int ret = stream_follow_init(&follow, request->reference);

	last.why.print_context = &last.tail;
	follow.deadline_ns = monotonic_ns() + request->limit_ns;
	if (ret == 0) {
		why_attach(&last.why, &send);
		send.observer = observe_decisions;
		send.observer_context = &last;
		/* How it ends is known: the lines are what is wanted. */
		(void)send_run(request->volume, &send, &summary);
		ret = take_decisions(&last.tail, attribution);
	}
	why_tail_clear(&last.tail);
	stream_follow_release(&follow);
	return ret;
}

int explain(const struct explain_request *request, struct attribution *attribution,
	    struct failure *failure)
{
	const struct attribution_request find = {
		.send = send_as,
		.context = (void *)request,
		.reference = request->reference,
		.asked = request->form.generation,
		.limit_ns = request->limit_ns,
	};
	int ret;

	if (request->progress)
		progress_begin_step(request->progress, "looking for what explains it");
	ret = attribution_find(&find, attribution, failure);
	if (ret == 0 && !attribution->found_count && check_committed(request) == 0 &&
	    collect_decisions(request, attribution))
		ret = failure_set(failure, -ENOMEM, "out of memory");
	if (request->progress)
		progress_clear(request->progress);
	return ret;
}

/* A stream_sink_fn. */
static int drop(void *context, const void *data, size_t length)
{
	(void)context;
	(void)data;
	(void)length;
	return interrupt_signal() ? -EINTR : 0;
}

int explain_why(const struct explain_request *request, const struct why_filter *filter,
		struct failure *failure)
{
	struct send_request send = explain_send_request(request->source, &request->form);
	struct why why = {.filter = *filter, .print = why_print_line, .sink = drop};
	struct send_summary summary;
	int ret;

	why_attach(&why, &send);
	ret = send_run(request->volume, &send, &summary);
	if (ret)
		return failure_set(failure, ret, "%s", volume_failure(request->volume)->text);
	why_finish(&why);
	return 0;
}
