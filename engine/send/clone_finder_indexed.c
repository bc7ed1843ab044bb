/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The indexed finder. It sees what the kernel's walk sees, in that order, and does to the
 * leaf-to-roots cache what the walk does, but takes references, items and roots from the index:
 *
 *   1. all references in visiting order: an item whose leaf is in the cache is judged at once;
 *   2. all leaves in visiting order: those not in the cache get their roots and enter it, which
 *      may push others out; their items are judged.
 *
 * Each look-up makes a leaf the most recent one, so they are done even where nothing is judged.
 * DIFFERS: a look-up that repeats the one before it is left out, as are those of 1 if they are the
 * same as in the search before (look_ups.h), and an item that was judged in 1 is not always judged
 * again; none of that changes what is found or what the cache holds.
 */
#include "engine/backref/extent_index.h"
#include "engine/core/array.h"
#include "engine/send/clone_finder_state.h"
#include "engine/send/look_ups.h"

#include <errno.h>
#include <stdlib.h>

enum { FOUND = 1 };

/* A leaf to be visited, with its items as a list. */
struct visit {
	struct index_leaf *leaf;
	uint32_t first, last; /* indexes of visited items, NO_ITEM for none */
};

struct visited_item {
	uint32_t item; /* index of the extent's items */
	uint32_t next;
};

struct indexed_search {
	struct extent_index *index;
	struct extent_ref_filter filter;
	struct visit *visits;
	size_t visit_count, visit_capacity;
	struct visited_item *items;
	size_t item_count, item_capacity;
	uint64_t first_visit;	  /* number of this search's first visit; a leaf holds the number */
	struct look_ups look_ups; /* of step 1 */
	/*
	 * A leaf has been seen that is not aligned to the node size. Only such leaves can overlap,
	 * in a damaged filesystem, and then have one entry of the cache between them: from now on
	 * entries are looked up by their keys, and none is attached to a leaf.
	 */
	bool by_key;
};

static void forget_leaf(struct lru_entry *entry)
{
	struct leaf_roots *known = (struct leaf_roots *)entry;

	if (known->leaf)
		known->leaf->cached = NULL;
}

static void attach(const struct indexed_search *indexed, struct index_leaf *leaf,
		   struct leaf_roots *known)
{
	if (!known || indexed->by_key)
		return;
	leaf->cached = known;
	known->leaf = leaf;
}

static void leaf_made(void *context, struct index_leaf *leaf)
{
	struct clone_finder *finder = context;
	uint64_t key = clone_finder_leaf_key(finder, leaf->bytenr);

	if (leaf->bytenr % finder->volume->nodesize)
		finder->indexed->by_key = true;
	attach(finder->indexed, leaf,
	       (struct leaf_roots *)lru_cache_peek(&finder->leaf_cache, key, 0));
}

static void leaf_dropped(void *context, struct index_leaf *leaf)
{
	struct leaf_roots *known = leaf->cached;

	(void)context;
	if (known)
		known->leaf = NULL;
}

int indexed_search_new(struct clone_finder *finder, size_t max_bytes)
{
	struct indexed_search *indexed = calloc(1, sizeof(*indexed));
	int ret;

	if (!indexed)
		return volume_fail(finder->volume, -ENOMEM, "out of memory for the clone finder");
	indexed->filter = finder->visitor.filter;
	indexed->filter.skip_data_ref = NULL;
	ret = extent_index_new(finder->volume, &indexed->filter, max_bytes, &indexed->index);
	if (ret) {
		free(indexed);
		return ret;
	}
	extent_index_watch_leaves(indexed->index, leaf_made, leaf_dropped, finder);
	finder->leaf_cache.forget = forget_leaf;
	finder->indexed = indexed;
	return 0;
}

void indexed_search_free(struct indexed_search *indexed)
{
	if (!indexed)
		return;
	extent_index_free(indexed->index);
	look_ups_release(&indexed->look_ups);
	free(indexed->visits);
	free(indexed->items);
	free(indexed);
}

const struct backref_counters *indexed_search_counters(const struct indexed_search *indexed)
{
	return extent_index_counters(indexed->index);
}

uint32_t indexed_search_last_leaves(const struct indexed_search *indexed)
{
	return (uint32_t)indexed->visit_count;
}

size_t indexed_search_peak_bytes(const struct indexed_search *indexed)
{
	return extent_index_peak_bytes(indexed->index);
}

/* Blocks that moved leave stale leaf addresses behind, see lookup_leaf() of the faithful finder. */
static void drop_stale_cache(struct clone_finder *finder)
{
	if (finder->leaf_cache.size == 0 || finder->cache_epoch == finder->volume->epoch)
		return;
	lru_cache_clear(&finder->leaf_cache);
	look_ups_forget(&finder->indexed->look_ups);
}

/* The entry of @leaf in the cache, or NULL. */
static struct lru_entry *entry_of(const void *context, const struct index_leaf *leaf)
{
	const struct clone_finder *finder = context;

	if (!finder->indexed->by_key)
		return leaf->cached;
	return lru_cache_peek(&finder->leaf_cache, clone_finder_leaf_key(finder, leaf->bytenr), 0);
}

/* As lookup_leaf() of the faithful finder, without a search. */
static const struct leaf_roots *look_up(struct clone_finder *finder, const struct index_leaf *leaf)
{
	struct leaf_roots *known;

	drop_stale_cache(finder);
	known = (struct leaf_roots *)entry_of(finder, leaf);
	if (known)
		lru_cache_touch(&finder->leaf_cache, &known->entry);
	else
		lru_cache_miss(&finder->leaf_cache);
	return known;
}

static uint64_t wanted_position(const struct clone_finder *finder)
{
	return finder->query->compressed ? 0 : finder->query->extent_offset;
}

static bool covers(const struct index_item *item, uint64_t position)
{
	return item->is_encoded ||
	       (position >= item->data_offset && position - item->data_offset < item->num_bytes);
}

static bool is_skipped(struct clone_finder *finder, const struct index_ref *ref)
{
	return ref->ino == finder->query->ino && finder->root_count == 1 &&
	       clone_finder_skip_own_ref(finder, ref->root_id, ref->ino, ref->offset);
}

static int judge(struct clone_finder *finder, const struct index_item *item, uint64_t position,
		 const uint64_t *roots, size_t count)
{
	struct backref_candidate candidate = {
		.ino = item->ino,
		.offset = item->offset + (item->is_encoded ? 0 : position - item->data_offset),
		.num_bytes = item->num_bytes};
	size_t i;

	finder->search->candidates += count;
	for (i = 0; i < count; i++) {
		candidate.root_id = roots[i];
		if (clone_finder_judge(finder, &candidate) == CLONE_PERFECT)
			return FOUND;
	}
	return 0;
}

/* Look up @leaf, for now without a trace in the cache. 0 or a negative errno. */
static int peek(struct clone_finder *finder, struct index_leaf *leaf,
		const struct leaf_roots **known)
{
	*known = (const struct leaf_roots *)entry_of(finder, leaf);
	if (look_ups_add(&finder->indexed->look_ups, leaf))
		return volume_fail(finder->volume, -ENOMEM, "out of memory for backrefs");
	return 0;
}

/* The items of one reference. */
static int judge_known(struct clone_finder *finder, const struct index_extent *extent,
		       const struct index_ref *ref)
{
	uint64_t position = wanted_position(finder);
	uint32_t i;

	for (i = ref->first; i < ref->first + ref->count; i++) {
		const struct index_item *item = &extent->items[i];
		const struct leaf_roots *known;
		int ret;

		if (!covers(item, position))
			continue;
		ret = peek(finder, item->leaf, &known);
		if (ret)
			return ret;
		/* Alone, the sent root has no source in an inode that is not sent yet. */
		if (!known || (finder->root_count == 1 && item->ino > finder->query->ino))
			continue;
		if (judge(finder, item, position, known->ids, known->count) == FOUND)
			return FOUND;
	}
	return 0;
}

/*
 * How many of the first references have nothing to be done but to look up their leaves, since
 * alone, the sent root has no source in an inode that is not sent yet. In the prefix inodes
 * descend.
 */
static size_t count_unsent(const struct clone_finder *finder, struct index_extent *extent)
{
	size_t low = 0, high = finder->root_count == 1 ? extent->prefix_count : 0;
	const struct index_prefix *prefix = extent->prefix;
	uint64_t position = wanted_position(finder), ino = finder->query->ino;

	/* Mostly the search before was for the next of the references: there is one less now. */
	if (extent->unsent && extent->unsent <= high && prefix[extent->unsent - 1].ino <= ino) {
		high = extent->unsent - 1;
		if (high && prefix[high - 1].ino > ino)
			low = high;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (prefix[middle].ino > ino)
			low = middle + 1;
		else
			high = middle;
	}
	extent->unsent = low;
	if (low && (position < prefix[low - 1].begin || position >= prefix[low - 1].end))
		return 0;
	return low;
}

/* Step 1. Whatever it finds, its look-ups are to be settled. */
static int judge_all_known(struct clone_finder *finder, struct index_extent *extent)
{
	size_t i = count_unsent(finder, extent);

	look_ups_begin(&finder->indexed->look_ups, extent, i);
	for (; i < extent->ref_count; i++) {
		int ret;

		if (is_skipped(finder, &extent->refs[i]))
			continue;
		ret = extent_index_resolve(finder->indexed->index, extent, i);
		if (ret == 0)
			ret = judge_known(finder, extent, &extent->refs[i]);
		if (ret)
			return ret;
	}
	return 0;
}

/* The visit of @leaf in this search; NULL without memory. */
static struct visit *get_visit(struct indexed_search *indexed, struct index_leaf *leaf)
{
	struct visit *visit;

	if (leaf->visit >= indexed->first_visit)
		return &indexed->visits[leaf->visit - indexed->first_visit];
	if (array_reserve((void **)&indexed->visits, &indexed->visit_capacity, indexed->visit_count,
			  sizeof(*visit)))
		return NULL;
	leaf->visit = indexed->first_visit + indexed->visit_count;
	visit = &indexed->visits[indexed->visit_count++];
	*visit = (struct visit){.leaf = leaf, .first = NO_ITEM, .last = NO_ITEM};
	return visit;
}

static int add_visited(struct indexed_search *indexed, struct index_leaf *leaf, uint32_t item)
{
	struct visit *visit = get_visit(indexed, leaf);
	uint32_t added = (uint32_t)indexed->item_count;

	if (!visit || array_reserve((void **)&indexed->items, &indexed->item_capacity,
				    indexed->item_count, sizeof(*indexed->items)))
		return -ENOMEM;
	indexed->items[indexed->item_count++] =
		(struct visited_item){.item = item, .next = NO_ITEM};
	if (visit->first == NO_ITEM)
		visit->first = added;
	else
		indexed->items[visit->last].next = added;
	visit->last = added;
	return 0;
}

/* Those leaves of an indirect reference that have the position, by descending address. */
static int visit_indirect(struct clone_finder *finder, const struct index_extent *extent,
			  const struct index_ref *ref)
{
	const struct index_item *items = extent->items;
	uint64_t position = wanted_position(finder), below = UINT64_MAX;
	uint32_t end = ref->first + ref->count, i;

	for (;;) {
		struct index_leaf *leaf = NULL;

		for (i = ref->first; i < end; i++) {
			if (covers(&items[i], position) && items[i].leaf->bytenr < below &&
			    (!leaf || items[i].leaf->bytenr > leaf->bytenr))
				leaf = items[i].leaf;
		}
		if (!leaf)
			return 0;
		for (i = ref->first; i < end; i++) {
			if (items[i].leaf == leaf && covers(&items[i], position) &&
			    add_visited(finder->indexed, leaf, i))
				return -ENOMEM;
		}
		below = leaf->bytenr;
	}
}

/* The leaf is visited even if nothing in it has the position; its items the last one first. */
static int visit_shared(struct clone_finder *finder, const struct index_extent *extent,
			const struct index_ref *ref)
{
	uint64_t position = wanted_position(finder);
	uint32_t i;

	if (!get_visit(finder->indexed, ref->leaf))
		return -ENOMEM;
	for (i = ref->first + ref->count; i-- > ref->first;) {
		if (covers(&extent->items[i], position) &&
		    add_visited(finder->indexed, ref->leaf, i))
			return -ENOMEM;
	}
	return 0;
}

static int plan_visits(struct clone_finder *finder, const struct index_extent *extent)
{
	size_t i;

	for (i = 0; i < extent->ref_count; i++) {
		const struct index_ref *ref = &extent->refs[i];
		int ret = 0;

		if (ref->leaf)
			ret = visit_shared(finder, extent, ref);
		else if (ref->count && !is_skipped(finder, ref))
			ret = visit_indirect(finder, extent, ref);
		if (ret)
			return volume_fail(finder->volume, ret, "out of memory for backrefs");
	}
	return 0;
}

static int judge_visit(struct clone_finder *finder, const struct index_extent *extent,
		       const struct visit *visit, const uint64_t *roots, size_t count)
{
	const struct indexed_search *indexed = finder->indexed;
	size_t i;
	uint32_t at;

	for (i = 0; i < count; i++) {
		for (at = visit->first; at != NO_ITEM; at = indexed->items[at].next) {
			const struct index_item *item = &extent->items[indexed->items[at].item];

			if (judge(finder, item, wanted_position(finder), &roots[i], 1) == FOUND)
				return FOUND;
		}
	}
	return 0;
}

/* Step 2. */
static int visit_leaves(struct clone_finder *finder, const struct index_extent *extent)
{
	struct indexed_search *indexed = finder->indexed;
	size_t i;

	for (i = 0; i < indexed->visit_count; i++) {
		const struct visit *visit = &indexed->visits[i];
		struct index_leaf *leaf = visit->leaf;
		const struct leaf_roots *known = look_up(finder, leaf);
		int ret = 0;

		if (!known) {
			ret = extent_index_find_roots(indexed->index, leaf);
			if (ret)
				return ret;
			attach(indexed, leaf,
			       clone_finder_store_leaf(finder, leaf->bytenr, leaf->roots,
						       leaf->root_count));
			ret = judge_visit(finder, extent, visit, leaf->roots, leaf->root_count);
		} else {
			ret = judge_visit(finder, extent, visit, known->ids, known->count);
		}
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * The items of one reference, without the leaf-to-roots cache. Whether any of its roots may be
 * cloned from is the same in each search of a send.
 */
static int judge_beyond(struct clone_finder *finder, const struct index_extent *extent,
			const struct index_ref *ref, bool *is_barren)
{
	uint64_t position = wanted_position(finder);

	*is_barren = true;
	for (uint32_t i = ref->first; i < ref->first + ref->count; i++) {
		const struct index_item *item = &extent->items[i];
		int ret = extent_index_find_roots(finder->indexed->index, item->leaf);

		if (ret)
			return ret;
		for (uint32_t k = 0; k < item->leaf->root_count && *is_barren; k++)
			*is_barren = !clone_finder_is_source(finder, item->leaf->roots[k]);
		if (*is_barren || !covers(item, position))
			continue;
		ret = judge(finder, item, position, item->leaf->roots, item->leaf->root_count);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * An extent that kernels do not look at: nothing has to be seen in their order, so a search begins
 * with low inodes, which were sent, and need not look at everything. Without these short cuts its
 * time would grow with the number of references, and the send's with their square.
 */
static int search_beyond(struct clone_finder *finder, struct index_extent *extent)
{
	enum { ENOUGH = 1024 }; /* references, once there is a source, for a better one */
	size_t begin = extent->ref_count - extent->barren, i;
	bool is_barren;

	for (i = begin; i-- > 0;) {
		int ret = extent_index_resolve(finder->indexed->index, extent, i);

		if (ret == 0)
			ret = judge_beyond(finder, extent, &extent->refs[i], &is_barren);
		if (ret)
			return ret;
		if (is_barren && i + 1 == extent->ref_count - extent->barren)
			extent->barren++;
		if (finder->any_candidate && begin - i >= ENOUGH)
			return FOUND;
	}
	return 0;
}

int indexed_search_run(struct clone_finder *finder)
{
	struct indexed_search *indexed = finder->indexed;
	struct index_extent *extent;
	int ret;

	indexed->first_visit += indexed->visit_count + 1;
	indexed->visit_count = 0;
	indexed->item_count = 0;
	ret = extent_index_get(indexed->index, finder->query->disk_bytenr, &extent);
	if (ret || !extent)
		return ret;
	if (extent->references > finder->kernel_limit) {
		ret = search_beyond(finder, extent);
		return ret < 0 ? ret : 0;
	}
	drop_stale_cache(finder);
	ret = judge_all_known(finder, extent);
	look_ups_settle(&indexed->look_ups, &finder->leaf_cache, entry_of, finder);
	if (ret)
		return ret < 0 ? ret : 0;
	look_ups_forget(&indexed->look_ups);
	ret = plan_visits(finder, extent);
	if (ret == 0)
		ret = visit_leaves(finder, extent);
	return ret < 0 ? ret : 0;
}
