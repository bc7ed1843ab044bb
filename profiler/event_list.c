/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/event_list.h"
#include "profiler/recording.h"

#include <stdlib.h>

void event_list_add(struct event_list *list, const struct event *event)
{
	if (list->count == list->size && list->size < RECORDING_EVENTS_MAX) {
		size_t size = list->size ? 2 * list->size : 1024;
		struct event *events = reallocarray(list->events, size, sizeof(*events));

		if (events) {
			list->events = events;
			list->size = size;
		}
	}
	if (list->count < list->size)
		list->events[list->count++] = *event;
	else
		list->left_out++;
}

void event_list_clear(struct event_list *list)
{
	free(list->events);
	*list = (struct event_list){0};
}
