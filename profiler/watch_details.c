/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/watch_details.h"
#include "engine/core/hash_table.h"
#include "profiler/event_list.h"
#include "profiler/trace_collect.h"

#include <errno.h>
#include <stdlib.h>

struct watched_send {
	uint64_t began_ns;
	uint32_t thread;
	struct trace_collector *collector; /* NULL: it has ended, or nothing came of it */
	struct trace_details *details;	   /* NULL: not asked for, and not ended */
	struct watched_send *next;
};

struct watch_details {
	struct watched_send *sends; /* the newest first */
	struct event_list events;   /* put aside */
};

struct watch_details *watch_details_new(void)
{
	return calloc(1, sizeof(struct watch_details));
}

static void free_send(struct watched_send *send)
{
	trace_collector_free(send->collector);
	trace_details_free(send->details);
	free(send);
}

void watch_details_free(struct watch_details *watched)
{
	if (!watched)
		return;
	while (watched->sends) {
		struct watched_send *send = watched->sends;

		watched->sends = send->next;
		free_send(send);
	}
	event_list_clear(&watched->events);
	free(watched);
}

/* ---- putting aside ---- */

void watch_details_event(void *context, const struct event *event)
{
	struct watch_details *watched = context;

	event_list_add(&watched->events, event);
}

/* ---- whose it is ---- */

static bool is_of(const struct traced_send *send, uint32_t thread, uint64_t time_ns)
{
	const struct trace_figures *figures = &send->figures;

	return figures->thread == thread && time_ns >= figures->began_ns &&
	       (!figures->ended_ns || time_ns <= figures->ended_ns);
}

static struct watched_send *find(const struct watch_details *watched,
				 const struct traced_send *send)
{
	struct watched_send *known = watched->sends;

	while (known &&
	       (known->thread != send->figures.thread || known->began_ns != send->figures.began_ns))
		known = known->next;
	return known;
}

static struct watched_send *find_or_add(struct watch_details *watched,
					const struct traced_send *send)
{
	struct watched_send *known = find(watched, send);

	if (known)
		return known;
	known = calloc(1, sizeof(*known));
	if (!known)
		return NULL;
	known->began_ns = send->figures.began_ns;
	known->thread = send->figures.thread;
	known->collector = trace_collector_new();
	if (!known->collector) {
		free(known);
		return NULL;
	}
	trace_collector_begin(known->collector, known->began_ns);
	known->next = watched->sends;
	watched->sends = known;
	return known;
}

/* The send a thing is of, that it came of the last one being likely. NULL: of none. */
static const struct traced_send *owner(const struct traced_send *sends, size_t count,
				       const struct traced_send *last, uint32_t thread,
				       uint64_t time_ns)
{
	if (last && is_of(last, thread, time_ns))
		return last;
	for (size_t i = 0; i < count; i++)
		if (is_of(&sends[i], thread, time_ns))
			return &sends[i];
	return NULL;
}

static int assign_events(struct watch_details *watched, const struct traced_send *sends,
			 size_t count)
{
	const struct traced_send *last = NULL;
	const struct event *event = NULL;
	struct watched_send *send = NULL;

	while ((event = event_list_next(&watched->events, event))) {
		const struct traced_send *of =
			owner(sends, count, last, event->sender, event->time_ns);

		if (!of)
			continue;
		if (of != last)
			send = find_or_add(watched, of);
		if (!send)
			return -ENOMEM;
		last = of;
		if (send->collector)
			trace_collect(send->collector, event);
	}
	event_list_empty(&watched->events);
	return 0;
}

static void fill_details(struct watched_send *send)
{
	struct trace_details *details = calloc(1, sizeof(*details));

	if (!details)
		return;
	trace_collector_details(send->collector, details);
	trace_details_free(send->details);
	send->details = details;
}

/* What it was collected in is large, and needed no more. */
static void finish(struct watched_send *send, const struct trace_figures *figures)
{
	if (!send->collector)
		return;
	trace_collector_end(send->collector, figures->ended_ns, figures->result);
	fill_details(send);
	trace_collector_free(send->collector);
	send->collector = NULL;
}

int watch_details_assign(struct watch_details *watched, const struct traced_send *sends,
			 size_t count)
{
	int ret = watched->events.left_out ? -ENOMEM : 0;

	if (!ret)
		ret = assign_events(watched, sends, count);
	for (size_t i = 0; i < count && !ret; i++) {
		struct watched_send *send = find(watched, &sends[i]);

		if (send && sends[i].figures.ended_ns)
			finish(send, &sends[i].figures);
	}
	return ret;
}

const struct trace_details *watch_details_of(struct watch_details *watched,
					     const struct traced_send *send)
{
	struct watched_send *known = find(watched, send);

	if (known && known->collector)
		fill_details(known);
	return known ? known->details : NULL;
}

void watch_details_forget(struct watch_details *watched, const struct traced_send *send)
{
	struct watched_send **at = &watched->sends, *known = find(watched, send);

	if (!known)
		return;
	while (*at != known)
		at = &(*at)->next;
	*at = known->next;
	free_send(known);
}
