/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/trace_heavy.h"
#include "engine/core/hash_table.h"

#include <stdlib.h>

struct entry {
	struct trace_cost cost;
	size_t place; /* in the heap */
	UT_hash_handle hh;
};

struct trace_heavy {
	size_t room, count;
	struct entry *entries;
	struct entry **heap; /* the cheapest first; above each no costlier one */
	struct entry *by_key;
};

struct trace_heavy *trace_heavy_new(size_t room)
{
	struct trace_heavy *heavy = calloc(1, sizeof(*heavy));

	if (!heavy)
		return NULL;
	heavy->room = room;
	heavy->entries = calloc(room, sizeof(*heavy->entries));
	heavy->heap = calloc(room, sizeof(struct entry *));
	if (heavy->entries && heavy->heap)
		return heavy;
	trace_heavy_free(heavy);
	return NULL;
}

void trace_heavy_free(struct trace_heavy *heavy)
{
	if (!heavy)
		return;
	trace_heavy_clear(heavy);
	free(heavy->entries);
	free(heavy->heap);
	free(heavy);
}

void trace_heavy_clear(struct trace_heavy *heavy)
{
	HASH_CLEAR(hh, heavy->by_key);
	for (size_t i = 0; i < heavy->count; i++)
		free(heavy->entries[i].cost.path);
	heavy->count = 0;
}

static void put_at(struct trace_heavy *heavy, size_t place, struct entry *entry)
{
	heavy->heap[place] = entry;
	entry->place = place;
}

/* An entry became costlier: those below that are cheaper come up. */
static void sink(struct trace_heavy *heavy, struct entry *entry)
{
	size_t place = entry->place;

	for (;;) {
		size_t child = 2 * place + 1;

		if (child + 1 < heavy->count &&
		    heavy->heap[child + 1]->cost.time_ns < heavy->heap[child]->cost.time_ns)
			child++;
		if (child >= heavy->count ||
		    heavy->heap[child]->cost.time_ns >= entry->cost.time_ns)
			break;
		put_at(heavy, place, heavy->heap[child]);
		place = child;
	}
	put_at(heavy, place, entry);
}

/* A new entry, of no cost yet, belongs to the top. */
static void rise(struct trace_heavy *heavy, struct entry *entry)
{
	size_t place = entry->place;

	while (place && heavy->heap[(place - 1) / 2]->cost.time_ns > entry->cost.time_ns) {
		put_at(heavy, place, heavy->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	put_at(heavy, place, entry);
}

static struct entry *enter(struct trace_heavy *heavy, uint64_t key)
{
	struct entry *entry;
	uint64_t inherited = 0;

	if (heavy->count < heavy->room) {
		entry = &heavy->entries[heavy->count];
		put_at(heavy, heavy->count++, entry);
	} else {
		entry = heavy->heap[0];
		inherited = entry->cost.time_ns;
		if (hash_has_added(entry))
			HASH_DEL(heavy->by_key, entry);
		free(entry->cost.path);
	}
	entry->cost = (struct trace_cost){.key = key, .time_ns = inherited, .doubt_ns = inherited};
	rise(heavy, entry);
	/* Without memory it is not found again, and the key may have several entries. */
	HASH_ADD(hh, heavy->by_key, cost.key, sizeof(key), entry);
	return entry;
}

struct trace_cost *trace_heavy_add(struct trace_heavy *heavy, uint64_t key, uint64_t time_ns)
{
	struct entry *entry;

	HASH_FIND(hh, heavy->by_key, &key, sizeof(key), entry);
	if (!entry)
		entry = enter(heavy, key);
	entry->cost.time_ns += time_ns;
	sink(heavy, entry);
	return &entry->cost;
}

static int costlier_first(const void *left, const void *right)
{
	const struct entry *a = *(struct entry *const *)left, *b = *(struct entry *const *)right;

	if (a->cost.time_ns != b->cost.time_ns)
		return a->cost.time_ns < b->cost.time_ns ? 1 : -1;
	return (a->cost.key > b->cost.key) - (a->cost.key < b->cost.key);
}

size_t trace_heavy_top(const struct trace_heavy *heavy, struct trace_cost *top, size_t count)
{
	struct entry **sorted = calloc(heavy->count + 1, sizeof(struct entry *));

	if (!sorted)
		return 0;
	for (size_t i = 0; i < heavy->count; i++)
		sorted[i] = &heavy->entries[i];
	qsort(sorted, heavy->count, sizeof(struct entry *), costlier_first);
	if (count > heavy->count)
		count = heavy->count;
	for (size_t i = 0; i < count; i++)
		top[i] = sorted[i]->cost;
	free(sorted);
	return count;
}
