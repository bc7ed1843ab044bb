/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/send/context.h"

#include <time.h>

uint64_t send_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

void send_observe(struct send_context *send, struct event *event)
{
	if (!send->request->observer)
		return;
	event->time_ns = send_now_ns();
	send->request->observer(send->request->observer_context, event);
}

void send_observe_cache(void *context, enum cache_id cache, enum cache_operation operation)
{
	struct send_context *send = context;
	struct event event = {.type = EVENT_CACHE, .ino = send->cur.ino};

	event.cache.cache = cache;
	event.cache.operation = operation;
	send_observe(send, &event);
}
