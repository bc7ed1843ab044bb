/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/watch.h"
#include "profiler/inode_path.h"
#include "profiler/interrupt.h"
#include "profiler/sender.h"
#include "profiler/terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * Ended sends are taken at least so often, whatever the interval: the kernel keeps a few hundred.
 * A signal that comes just before waiting is noticed as late.
 */
#define LOOK_NS UINT64_C(500000000)

/* With single events: so often at least the ring is emptied. */
#define POLL_NS UINT64_C(20000000)

/* On a terminal so many ended sends stay above those under way. */
enum { LIVE_ENDED = 4 };

static void list_clear(struct send_list *list)
{
	free(list->sends);
	*list = (struct send_list){0};
}

static int list_add(struct send_list *list, const struct traced_send *sends, size_t count)
{
	struct traced_send *longer;

	if (!count)
		return 0;
	longer = reallocarray(list->sends, list->count + count, sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	list->sends = longer;
	memcpy(longer + list->count, sends, count * sizeof(*sends));
	list->count += count;
	return 0;
}

static void poll_events(struct watch *watch)
{
	if (!watch->details)
		return;
	while (tracer_poll(watch->tracer, 0, watch_details_event, watch->details) > 0)
		;
}

static int add_stacks(struct watch *watch, const struct traced_send *send, struct failure *failure)
{
	char *lines;
	size_t size;
	FILE *out;
	int ret;

	if (!watch->stacks)
		return 0;
	out = open_memstream(&lines, &size);
	if (!out)
		return failure_set(failure, -ENOMEM, "out of memory for stacks");
	ret = tracer_folded_stacks(watch->tracer, send, out, failure);
	if (fclose(out) && !ret)
		ret = failure_set(failure, -ENOMEM, "out of memory for stacks");
	if (!ret && folded_add(watch->stacks, lines))
		ret = failure_set(failure, -ENOMEM, "out of memory for stacks");
	free(lines);
	return ret;
}

int watch_add_running_stacks(struct watch *watch, struct failure *failure)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < watch->running.count; i++)
		ret = add_stacks(watch, &watch->running.sends[i], failure);
	return ret;
}

/* What was found out about a send that ended, before it makes room in the kernel. */
static int keep(struct watch *watch, const struct traced_send *send, struct failure *failure)
{
	int ret = add_stacks(watch, send, failure);

	if (ret)
		return ret;
	watch->seen++;
	if (list_add(&watch->ended, send, 1))
		return failure_set(failure, -ENOMEM, "out of memory");
	return tracer_forget(watch->tracer, send, failure);
}

/*
 * Take what there is: those that ended are ours from now on. Events first: then the send that each
 * is of is among those seen.
 */
static int look(struct watch *watch, struct failure *failure)
{
	struct send_list seen;
	size_t running = 0;
	int ret;

	poll_events(watch);
	ret = tracer_sends(watch->tracer, &seen.sends, &seen.count, failure);
	if (!ret && watch->details &&
	    watch_details_assign(watch->details, seen.sends, seen.count)) {
		ret = failure_set(failure, -ENOMEM, "out of memory for events");
	}
	for (size_t i = 0; !ret && i < seen.count; i++) {
		const struct traced_send *send = &seen.sends[i];

		if (!send->figures.ended_ns) {
			seen.sends[running++] = *send;
			continue;
		}
		ret = keep(watch, send, failure);
	}
	if (ret) {
		free(seen.sends);
		return ret;
	}
	seen.count = running;
	list_clear(&watch->running);
	watch->running = seen;
	return 0;
}

static void forget_oldest(struct watch *watch)
{
	struct send_list *ended = &watch->ended;

	if (ended->count > WATCH_KEPT) {
		for (size_t i = 0; watch->details && i < ended->count - WATCH_KEPT; i++)
			watch_details_forget(watch->details, &ended->sends[i]);
		memmove(ended->sends, ended->sends + ended->count - WATCH_KEPT,
			WATCH_KEPT * sizeof(*ended->sends));
		ended->count = WATCH_KEPT;
	}
	watch->told = ended->count;
}

/* Where no program sees paths, or the last one that was seen is another inode's. */
static void find_paths(const struct watch *watch)
{
	for (size_t i = 0; i < watch->running.count; i++) {
		struct traced_send *send = &watch->running.sends[i];
		char path[sizeof(send->path)];

		if (!send->root_id || !send->ino || (*send->path && send->path_of == send->ino) ||
		    inode_path_of(send->process, send->root_id, send->ino, path, sizeof(path)))
			continue;
		memcpy(send->path, path, sizeof(path));
		send->path_of = send->ino;
	}
}

static void follow_terminal(struct trace_view *view)
{
	unsigned int columns, rows;

	if (view->form == TRACE_VIEW_LIVE && view->out && terminal_size(view->out, &columns, &rows))
		trace_view_resize(view, columns, rows);
}

static uint64_t realtime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* A line for each send that is under way or has just ended. */
static int show(struct watch *watch, uint64_t time_ns)
{
	const struct trace_moment before = {watch->before_ns, watch->before.sends,
					    watch->before.count};
	bool live = watch->view.form == TRACE_VIEW_LIVE;
	struct send_list list = {0};
	size_t first = watch->told;
	int ret;

	follow_terminal(&watch->view);
	find_paths(watch);
	watch->view.realtime_ns = realtime_ns();
	if (live)
		first = watch->ended.count > LIVE_ENDED ? watch->ended.count - LIVE_ENDED : 0;
	ret = list_add(&list, watch->ended.sends + first, watch->ended.count - first);
	if (!ret)
		ret = list_add(&list, watch->running.sends, watch->running.count);
	if (!ret && watch->view.out && (list.count || live))
		ret = trace_view_show(&watch->view,
				      &(struct trace_moment){time_ns, list.sends, list.count},
				      watch->before_ns ? &before : NULL);
	list_clear(&watch->before);
	watch->before = list;
	watch->before_ns = time_ns;
	forget_oldest(watch);
	return ret;
}

/* Whether the process that watching ends with has ended. */
static bool wait_for_end(struct watch *watch, uint64_t ns)
{
	struct pollfd end = {.fd = watch->end, .events = POLLIN};
	uint64_t until_ns = monotonic_ns() + (ns < LOOK_NS ? ns : LOOK_NS);
	uint64_t step_ns = watch->details ? POLL_NS : LOOK_NS;

	for (uint64_t time_ns = monotonic_ns(); time_ns < until_ns; time_ns = monotonic_ns()) {
		uint64_t left_ns = until_ns - time_ns;
		const struct timespec timeout = {
			.tv_nsec = (long)(left_ns < step_ns ? left_ns : step_ns)};

		if (ppoll(&end, 1, &timeout, NULL) > 0)
			return true;
		if (interrupt_signal() && !watch->signal_told)
			return false;
		poll_events(watch);
	}
	return false;
}

static bool stopped_by_signal(struct watch *watch)
{
	if (!interrupt_signal())
		return false;
	if (!watch->interrupted)
		return true;
	if (!watch->signal_told)
		watch->interrupted(watch->context, interrupt_signal());
	watch->signal_told = true;
	return false;
}

int watch_sends(struct watch *watch, struct failure *failure)
{
	uint64_t next_ns = monotonic_ns();
	bool over = false;

	while (!over) {
		uint64_t time_ns = monotonic_ns();
		int ret;

		if (next_ns > time_ns)
			over = wait_for_end(watch, next_ns - time_ns);
		over = stopped_by_signal(watch) || over;
		ret = look(watch, failure);
		if (ret)
			return ret;
		time_ns = monotonic_ns();
		if (time_ns < next_ns && !over)
			continue;
		next_ns = time_ns + watch->interval_ns;
		ret = show(watch, time_ns);
		if (ret)
			return failure_set(failure, ret, "cannot show the sends: %s",
					   strerror(-ret));
	}
	return 0;
}

void watch_release(struct watch *watch)
{
	list_clear(&watch->running);
	list_clear(&watch->ended);
	list_clear(&watch->before);
	watch_details_free(watch->details);
	folded_free(watch->stacks);
}
