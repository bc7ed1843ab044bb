/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/send/look_ups.h"

#include "engine/core/array.h"

#include <errno.h>
#include <stdlib.h>

void look_ups_release(struct look_ups *look_ups)
{
	free(look_ups->now.all);
	free(look_ups->before.all);
}

void look_ups_begin(struct look_ups *look_ups, const struct index_extent *extent, size_t refs)
{
	look_ups->now.prefix = refs ? extent->prefix[refs - 1].leaves : 0;
	look_ups->now.count = 0;
	look_ups->extent = extent;
	look_ups->prefix_refs = refs;
	look_ups->last = refs ? extent->prefix[refs - 1].leaf : NULL;
}

int look_ups_add(struct look_ups *look_ups, struct index_leaf *leaf)
{
	struct look_up_list *now = &look_ups->now;

	if (leaf == look_ups->last)
		return 0;
	if (array_reserve((void **)&now->all, &now->capacity, now->count, sizeof(*now->all)))
		return -ENOMEM;
	now->all[now->count++] = (struct looked_up){.leaf = leaf, .bytenr = leaf->bytenr};
	look_ups->last = leaf;
	return 0;
}

static bool same(const struct look_up_list *one, const struct look_up_list *other)
{
	size_t i;

	if (one->prefix != other->prefix || one->count != other->count)
		return false;
	for (i = 0; i < one->count; i++) {
		if (one->all[i].bytenr != other->all[i].bytenr)
			return false;
	}
	return true;
}

/* What look-ups are done in, and how. */
struct looking {
	struct lru_cache *cache;
	look_ups_entry_fn entry_of;
	const void *context;
};

static void look_up(const struct looking *looking, const struct index_leaf *leaf)
{
	struct lru_entry *entry = looking->entry_of(looking->context, leaf);

	if (entry)
		lru_cache_touch(looking->cache, entry);
	else
		lru_cache_miss(looking->cache);
}

static void look_up_prefix(const struct look_ups *look_ups, const struct looking *looking)
{
	const struct index_run *run = look_ups->extent->runs;
	uint32_t begin;

	/* The last one may go on behind the references that are meant. */
	for (begin = 0; begin < look_ups->prefix_refs; begin = run++->end)
		look_up(looking, run->leaf);
}

void look_ups_settle(struct look_ups *look_ups, struct lru_cache *cache, look_ups_entry_fn entry_of,
		     const void *context)
{
	const struct looking looking = {cache, entry_of, context};
	const struct look_up_list now = look_ups->now;
	size_t i;

	if (!look_ups->is_before_known || !same(&now, &look_ups->before)) {
		look_up_prefix(look_ups, &looking);
		for (i = 0; i < now.count; i++)
			look_up(&looking, now.all[i].leaf);
	}
	look_ups->now = look_ups->before;
	look_ups->before = now;
	look_ups->is_before_known = true;
}

void look_ups_forget(struct look_ups *look_ups)
{
	look_ups->is_before_known = false;
}
