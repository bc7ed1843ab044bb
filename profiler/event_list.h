/* SPDX-License-Identifier: GPL-2.0 */
/* Events kept in memory with their paths, as many as a recording may have. */
#ifndef PROFILER_EVENT_LIST_H
#define PROFILER_EVENT_LIST_H

#include "engine/events.h"

#include <stddef.h>

struct event_list {
	uint8_t *bytes; /* owned: one after another, each with its path */
	size_t used;
	size_t size;
	size_t count;
	uint64_t left_out; /* for want of memory, or too many */
};

void event_list_add(struct event_list *list, const struct event *event);
/*
 * The event after @event, one of @list, or the first one for NULL; NULL: there is none. Valid until
 * another is added.
 */
const struct event *event_list_next(const struct event_list *list, const struct event *event);
/* Forget all but how many were left out; the memory is kept for others. */
void event_list_empty(struct event_list *list);
/* Free and forget all. */
void event_list_clear(struct event_list *list);

#endif
