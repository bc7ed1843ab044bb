/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/event_list.h"
#include "profiler/recording.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 1 << 16 };

/* What an event takes with its path: the one after it lies where a struct may. */
static size_t room_for(const struct event *event)
{
	return (event_size(event) + _Alignof(struct event) - 1) & -_Alignof(struct event);
}

static bool make_room(struct event_list *list, size_t bytes)
{
	size_t size = list->size ? 2 * list->size : FIRST_BYTES;
	uint8_t *longer;

	if (list->count == RECORDING_EVENTS_MAX)
		return false;
	if (list->size - list->used >= bytes)
		return true;
	longer = realloc(list->bytes, size);
	if (!longer)
		return false;
	list->bytes = longer;
	list->size = size;
	return true;
}

void event_list_add(struct event_list *list, const struct event *event)
{
	size_t room = room_for(event);

	if (!make_room(list, room)) {
		list->left_out++;
		return;
	}
	memcpy(list->bytes + list->used, event, event_size(event));
	list->used += room;
	list->count++;
}

const struct event *event_list_next(const struct event_list *list, const struct event *event)
{
	const uint8_t *at = event ? (const uint8_t *)event + room_for(event) : list->bytes;

	if (!list->used || at == list->bytes + list->used)
		return NULL;
	return (const struct event *)(const void *)at;
}

void event_list_empty(struct event_list *list)
{
	list->used = 0;
	list->count = 0;
}

void event_list_clear(struct event_list *list)
{
	free(list->bytes);
	*list = (struct event_list){0};
}
