/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/watch.h"
#include "profiler/interrupt.h"

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

/* On a terminal so many ended sends stay above those under way. */
enum { LIVE_ENDED = 4 };

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

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

/* Take what there is: those that ended are ours from now on. */
static int look(struct watch *watch, struct failure *failure)
{
	struct send_list seen;
	size_t running = 0;
	int ret = tracer_sends(watch->tracer, &seen.sends, &seen.count, failure);

	for (size_t i = 0; !ret && i < seen.count; i++) {
		const struct traced_send *send = &seen.sends[i];

		if (!send->figures.ended_ns) {
			seen.sends[running++] = *send;
			continue;
		}
		watch->seen++;
		if (list_add(&watch->ended, send, 1))
			ret = failure_set(failure, -ENOMEM, "out of memory");
		else
			ret = tracer_forget(watch->tracer, send, failure);
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
		memmove(ended->sends, ended->sends + ended->count - WATCH_KEPT,
			WATCH_KEPT * sizeof(*ended->sends));
		ended->count = WATCH_KEPT;
	}
	watch->told = ended->count;
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
static bool wait_for_end(const struct watch *watch, uint64_t ns)
{
	struct pollfd end = {.fd = watch->end, .events = POLLIN};
	const struct timespec timeout = {.tv_nsec = (long)(ns < LOOK_NS ? ns : LOOK_NS)};

	return ppoll(&end, 1, &timeout, NULL) > 0;
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
	uint64_t next_ns = now_ns();
	bool over = false;

	while (!over) {
		uint64_t time_ns = now_ns();
		int ret;

		if (next_ns > time_ns)
			over = wait_for_end(watch, next_ns - time_ns);
		over = stopped_by_signal(watch) || over;
		ret = look(watch, failure);
		if (ret)
			return ret;
		time_ns = now_ns();
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
}
