/* SPDX-License-Identifier: GPL-2.0 */
/* Events kept in memory, as many as a recording may have. */
#ifndef PROFILER_EVENT_LIST_H
#define PROFILER_EVENT_LIST_H

#include "engine/events.h"

#include <stddef.h>

struct event_list {
	struct event *events; /* owned */
	size_t count;
	size_t size;
	uint64_t left_out; /* for want of memory, or too many */
};

void event_list_add(struct event_list *list, const struct event *event);
/* Free and forget all. */
void event_list_clear(struct event_list *list);

#endif
