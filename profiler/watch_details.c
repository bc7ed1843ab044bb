/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/watch_details.h"
#include "engine/core/hash_table.h"
#include "profiler/event_list.h"
#include "profiler/trace_collect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Paths kept of a send; of more, those of inodes that cost little are given up. */
enum { PATHS_MAX = 16384 };

struct inode_path {
	uint64_t ino;
	uint64_t time_ns;
	uint32_t thread;
	char *path;
	UT_hash_handle hh;
};

struct watched_send {
	uint64_t began_ns;
	uint32_t thread;
	struct trace_collector *collector; /* NULL: it has ended, or nothing came of it */
	struct trace_details *details;	   /* NULL: not asked for, and not ended */
	struct inode_path *paths;	   /* by inode */
	struct watched_send *next;
};

struct watch_details {
	struct watched_send *sends; /* the newest first */
	struct event_list events;   /* put aside */
	struct inode_path **paths;  /* put aside; each owned */
	size_t path_count, path_size;
	bool short_of_memory;
};

struct watch_details *watch_details_new(void)
{
	return calloc(1, sizeof(struct watch_details));
}

static void free_path(struct inode_path *path)
{
	if (path)
		free(path->path);
	free(path);
}

static void free_send(struct watched_send *send)
{
	struct inode_path *path, *next;

	HASH_ITER(hh, send->paths, path, next)
	{
		HASH_DEL(send->paths, path);
		free_path(path);
	}
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
	for (size_t i = 0; i < watched->path_count; i++)
		free_path(watched->paths[i]);
	free(watched->paths);
	event_list_clear(&watched->events);
	free(watched);
}

/* ---- putting aside ---- */

void watch_details_event(void *context, const struct event *event)
{
	struct watch_details *watched = context;

	event_list_add(&watched->events, event);
}

static struct inode_path *copy_path(const struct traced_path *path)
{
	struct inode_path *copy = calloc(1, sizeof(*copy));

	if (!copy)
		return NULL;
	copy->ino = path->ino;
	copy->time_ns = path->time_ns;
	copy->thread = path->thread;
	copy->path = strdup(path->path);
	if (copy->path)
		return copy;
	free(copy);
	return NULL;
}

void watch_details_path(void *context, const struct traced_path *path)
{
	struct watch_details *watched = context;
	struct inode_path *copy = copy_path(path), **longer;

	if (copy && watched->path_count == watched->path_size) {
		size_t size = watched->path_size ? 2 * watched->path_size : 64;

		longer = reallocarray(watched->paths, size, sizeof(*longer));
		if (longer) {
			watched->paths = longer;
			watched->path_size = size;
		}
	}
	if (copy && watched->path_count < watched->path_size) {
		watched->paths[watched->path_count++] = copy;
		return;
	}
	free_path(copy);
	watched->short_of_memory = true;
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

/* Those of inodes that are not among the costly ones any more. */
static void give_up_paths(struct watched_send *send)
{
	struct inode_path *path, *next;

	HASH_ITER(hh, send->paths, path, next)
	{
		if (trace_collector_has_inode(send->collector, path->ino))
			continue;
		HASH_DEL(send->paths, path);
		free_path(path);
	}
}

static void keep_path(struct watched_send *send, struct inode_path *path)
{
	struct inode_path *old;

	HASH_FIND(hh, send->paths, &path->ino, sizeof(path->ino), old);
	if (old) {
		HASH_DEL(send->paths, old);
		free_path(old);
	}
	HASH_ADD(hh, send->paths, ino, sizeof(path->ino), path);
	/* Without memory it is shown by its number. */
	if (!hash_has_added(path))
		free_path(path);
	if (HASH_COUNT(send->paths) > PATHS_MAX)
		give_up_paths(send);
}

static int assign_paths(struct watch_details *watched, const struct traced_send *sends,
			size_t count)
{
	const struct traced_send *last = NULL;

	for (size_t i = 0; i < watched->path_count; i++) {
		struct inode_path *path = watched->paths[i];
		const struct traced_send *of =
			owner(sends, count, last, path->thread, path->time_ns);
		struct watched_send *send = of ? find_or_add(watched, of) : NULL;

		if (of && !send)
			return -ENOMEM;
		last = of;
		watched->paths[i] = NULL;
		if (send && send->collector)
			keep_path(send, path);
		else
			free_path(path);
	}
	watched->path_count = 0;
	return 0;
}

static void fill_details(struct watched_send *send)
{
	struct trace_details *details = calloc(1, sizeof(*details));

	if (!details)
		return;
	trace_collector_details(send->collector, details);
	for (size_t i = 0; i < details->inode_count; i++) {
		struct inode_path *path;

		HASH_FIND(hh, send->paths, &details->inodes[i].key, sizeof(uint64_t), path);
		if (path)
			details->inode_paths[i] = strdup(path->path);
	}
	trace_details_free(send->details);
	send->details = details;
}

/* What it was collected in is large, and needed no more. */
static void finish(struct watched_send *send, const struct trace_figures *figures)
{
	struct inode_path *path, *next;

	if (!send->collector)
		return;
	trace_collector_end(send->collector, figures->ended_ns, figures->result);
	fill_details(send);
	trace_collector_free(send->collector);
	send->collector = NULL;
	HASH_ITER(hh, send->paths, path, next)
	{
		HASH_DEL(send->paths, path);
		free_path(path);
	}
}

int watch_details_assign(struct watch_details *watched, const struct traced_send *sends,
			 size_t count)
{
	int ret = watched->short_of_memory || watched->events.left_out ? -ENOMEM : 0;

	if (!ret)
		ret = assign_events(watched, sends, count);
	if (!ret)
		ret = assign_paths(watched, sends, count);
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
