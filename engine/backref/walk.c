/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/backref/walker.h"

#include "engine/core/array.h"

#include <errno.h>

int backref_walker_new(struct volume *volume, const struct backref_visitor *visitor,
		       struct backref_walker **out)
{
	struct backref_walker *walker = calloc(1, sizeof(*walker));

	if (!walker)
		return volume_fail(volume, -ENOMEM, "out of memory for the backref walker");
	walker->volume = volume;
	walker->visitor = visitor;
	walker->ref_items = (struct ref_items){.volume = volume, .shared = &walker->refs.direct};
	*out = walker;
	return 0;
}

void backref_walker_free(struct backref_walker *walker)
{
	if (!walker)
		return;
	btree_path_release(&walker->path);
	btree_path_release(&walker->ref_items.path);
	HASH_CLEAR(hh, walker->leaf_index);
	extent_refs_release(&walker->refs);
	extent_refs_release(&walker->block_refs);
	free(walker->listed.refs);
	free(walker->items);
	free(walker->leaves);
	free(walker->blocks.ids);
	free(walker->roots.ids);
	free(walker);
}

const struct backref_counters *backref_walker_counters(const struct backref_walker *walker)
{
	return &walker->counters;
}

uint32_t backref_walker_last_leaves(const struct backref_walker *walker)
{
	return (uint32_t)walker->leaf_count;
}

int backref_get_root(struct backref_walker *walker, uint64_t root_id, struct root **out)
{
	return root_get(walker->volume, root_id, out);
}

static struct backref_candidate candidate_of(uint64_t root_id, const struct found_item *item)
{
	return (struct backref_candidate){.root_id = root_id,
					  .ino = item->ino,
					  .offset = item->offset,
					  .num_bytes = item->num_bytes,
					  .data_offset = item->data_offset};
}

static int evaluate(struct backref_walker *walker, uint64_t root_id, const struct found_item *item)
{
	const struct backref_candidate candidate = candidate_of(root_id, item);

	return walker->visitor->candidate(walker->visitor->filter.context, &candidate) ? WALK_STOP
										       : WALK_ON;
}

int backref_take_item(struct backref_walker *walker, const struct tree_block *leaf, uint32_t slot,
		      uint32_t *index)
{
	const struct btrfs_file_extent_item *extent = tree_block_item_data(leaf, slot);
	const struct backref_visitor *visitor = walker->visitor;
	struct key key = tree_block_key(leaf, slot);
	struct found_item item = {.ino = key.objectid,
				  .offset = key.offset,
				  .num_bytes = from_le64(extent->num_bytes),
				  .data_offset = from_le64(extent->offset),
				  .next = NO_ITEM};
	const uint64_t *roots;
	size_t count, i;

	*index = NO_ITEM;
	if (walker->query.filter_compressed ||
	    (!extent->compression && !extent->encryption && !from_le16(extent->other_encoding))) {
		if (walker->query.position < item.data_offset) {
			const struct backref_candidate part = candidate_of(0, &item);

			visitor->passed_over(visitor->filter.context, leaf->bytenr, &part);
			return WALK_ON;
		}
		if (walker->query.position >= item.data_offset + item.num_bytes)
			return WALK_ON;
		item.offset += walker->query.position - item.data_offset;
	}
	if (visitor->cache_lookup(visitor->filter.context, leaf->bytenr, &roots, &count)) {
		for (i = 0; i < count; i++) {
			if (evaluate(walker, roots[i], &item) == WALK_STOP)
				return WALK_STOP;
		}
	}
	if (array_reserve((void **)&walker->items, &walker->item_capacity, walker->item_count,
			  sizeof(item)))
		return volume_fail(walker->volume, -ENOMEM, "out of memory for backrefs");
	*index = (uint32_t)walker->item_count;
	walker->items[walker->item_count++] = item;
	return WALK_ON;
}

void backref_append_items(struct backref_walker *walker, uint32_t *first, uint32_t *last,
			  uint32_t added_first, uint32_t added_last)
{
	if (added_first == NO_ITEM)
		return;
	if (*first == NO_ITEM)
		*first = added_first;
	else
		walker->items[*last].next = added_first;
	*last = added_last;
}

/* What is being collected of one indirect reference: a direct one for each leaf. */
struct counted_items {
	struct backref_walker *walker;
	const struct extent_ref *ref;
	struct extent_ref found; /* to the leaf at hand; no parent yet: none */
};

/* A ref_item_fn. */
static int take_counted_item(void *context, const struct tree_block *leaf, uint32_t slot)
{
	struct counted_items *counted = context;
	struct backref_walker *walker = counted->walker;
	struct extent_ref *found = &counted->found;
	uint32_t index;
	int ret = backref_take_item(walker, leaf, slot, &index);

	if (ret || index == NO_ITEM)
		return ret;
	if (found->parent != leaf->bytenr) {
		if (found->parent) {
			ret = extent_ref_list_add(&walker->refs.direct, found);
			if (ret)
				return ret;
		}
		*found = *counted->ref;
		found->parent = leaf->bytenr;
	}
	backref_append_items(walker, &found->first_item, &found->last_item, index, index);
	return WALK_ON;
}

static int resolve_data_ref(struct backref_walker *walker, const struct extent_ref *ref)
{
	struct counted_items counted = {.walker = walker, .ref = ref, .found = *ref};
	int ret = ref_items_counted(&walker->ref_items, ref, take_counted_item, &counted);

	if (ret == WALK_ON && counted.found.parent)
		ret = extent_ref_list_add(&walker->refs.direct, &counted.found);
	return ret;
}

static int resolve_data_refs(struct backref_walker *walker)
{
	struct extent_ref_list *indirect = &walker->refs.indirect;
	struct extent_ref_list *direct = &walker->refs.direct;
	size_t i, before;
	int ret;

	extent_ref_list_order(indirect);
	extent_ref_list_order(direct);
	walker->ref_items.bytenr = walker->query.bytenr;
	walker->ref_items.shared_count = direct->count;
	for (i = 0; i < indirect->count; i++) {
		before = direct->count;
		if (indirect->refs[i].count == 0)
			continue;
		ret = resolve_data_ref(walker, &indirect->refs[i]);
		if (ret)
			return ret;
		/* The kernel inserts a resolved one again for each leaf, and if there is none. */
		walker->counters.preliminary_references +=
			direct->count > before ? direct->count - before : 1;
	}
	extent_ref_list_order(direct);
	return WALK_ON;
}

struct shared_items {
	struct backref_walker *walker;
	struct extent_ref *ref;
};

/* A ref_item_fn: the items of a shared reference are listed last one first. */
static int take_shared_item(void *context, const struct tree_block *leaf, uint32_t slot)
{
	const struct shared_items *shared = context;
	struct backref_walker *walker = shared->walker;
	struct extent_ref *ref = shared->ref;
	uint32_t index;
	int ret = backref_take_item(walker, leaf, slot, &index);

	if (ret || index == NO_ITEM)
		return ret;
	walker->items[index].next = ref->first_item;
	ref->first_item = index;
	if (ref->last_item == NO_ITEM)
		ref->last_item = index;
	return WALK_ON;
}

int backref_scan_leaf(struct backref_walker *walker, struct extent_ref *ref)
{
	struct shared_items shared = {.walker = walker, .ref = ref};

	walker->ref_items.bytenr = walker->query.bytenr;
	return ref_items_in_leaf(&walker->ref_items, ref->parent, take_shared_item, &shared);
}

int backref_reserve_leaves(struct backref_walker *walker, size_t count)
{
	struct found_leaf *grown;

	if (walker->leaf_capacity >= count)
		return 0;
	grown = reallocarray(walker->leaves, count, sizeof(*grown));
	if (!grown)
		return volume_fail(walker->volume, -ENOMEM, "out of memory for backrefs");
	walker->leaves = grown;
	walker->leaf_capacity = count;
	return 0;
}

int backref_add_leaf(struct backref_walker *walker, const struct extent_ref *ref)
{
	struct found_leaf *leaf;

	HASH_FIND(hh, walker->leaf_index, &ref->parent, sizeof(ref->parent), leaf);
	if (leaf) {
		backref_append_items(walker, &leaf->first_item, &leaf->last_item, ref->first_item,
				     ref->last_item);
		return 0;
	}
	leaf = &walker->leaves[walker->leaf_count];
	*leaf = (struct found_leaf){
		.bytenr = ref->parent, .first_item = ref->first_item, .last_item = ref->last_item};
	HASH_ADD(hh, walker->leaf_index, bytenr, sizeof(leaf->bytenr), leaf);
	if (!hash_has_added(leaf))
		return volume_fail(walker->volume, -ENOMEM, "out of memory for backrefs");
	walker->leaf_count++;
	return 0;
}

/* The leaves of all direct references, each once, in visiting order. */
static int collect_leaves(struct backref_walker *walker)
{
	struct extent_ref_list *direct = &walker->refs.direct;
	size_t i;
	int ret = backref_reserve_leaves(walker, direct->count);

	if (ret)
		return ret;
	for (i = 0; i < direct->count; i++) {
		struct extent_ref *ref = &direct->refs[i];

		if (ref->count == 0)
			continue;
		if (ref->root_id == 0)
			ret = backref_scan_leaf(walker, ref);
		if (ret == WALK_ON)
			ret = backref_add_leaf(walker, ref);
		if (ret)
			return ret;
	}
	return WALK_ON;
}

/* MIRRORS: iterate_leaf_refs() v6.18 for each root */
static int evaluate_leaf(struct backref_walker *walker, const struct found_leaf *leaf,
			 const uint64_t *roots, size_t count)
{
	size_t i;
	uint32_t index;

	for (index = leaf->first_item; index != NO_ITEM; index = walker->items[index].next) {
		const struct backref_candidate item = candidate_of(0, &walker->items[index]);

		walker->visitor->evaluating(walker->visitor->filter.context, leaf->bytenr, &item);
	}
	for (i = 0; i < count; i++) {
		for (index = leaf->first_item; index != NO_ITEM;
		     index = walker->items[index].next) {
			if (evaluate(walker, roots[i], &walker->items[index]) == WALK_STOP)
				return WALK_STOP;
		}
	}
	return WALK_ON;
}

static int evaluate_leaves(struct backref_walker *walker)
{
	const struct backref_visitor *visitor = walker->visitor;
	void *context = visitor->filter.context;
	size_t i;

	for (i = 0; i < walker->leaf_count; i++) {
		const struct found_leaf *leaf = &walker->leaves[i];
		const uint64_t *roots;
		size_t count;
		int ret;

		if (!visitor->cache_lookup(context, leaf->bytenr, &roots, &count)) {
			ret = backref_find_roots(walker, leaf->bytenr);
			if (ret)
				return ret;
			roots = walker->roots.ids;
			count = walker->roots.count;
			visitor->cache_store(context, leaf->bytenr, roots, count);
		}
		ret = evaluate_leaf(walker, leaf, roots, count);
		if (ret)
			return ret;
	}
	return WALK_ON;
}

int backref_walk(struct backref_walker *walker, const struct backref_query *query)
{
	int ret;

	walker->query = *query;
	walker->item_count = 0;
	walker->leaf_count = 0;
	ret = extent_refs_collect(walker->volume, query->bytenr, &walker->visitor->filter,
				  &walker->refs);
	walker->counters.preliminary_references +=
		walker->refs.indirect.count + walker->refs.direct.count;
	if (ret == 0 && query->as_listed) {
		ret = backref_list_leaves(walker);
	} else if (ret == 0) {
		ret = resolve_data_refs(walker);
		if (ret == WALK_ON)
			ret = collect_leaves(walker);
	}
	HASH_CLEAR(hh, walker->leaf_index);
	if (ret == WALK_ON)
		ret = evaluate_leaves(walker);
	return ret < 0 ? ret : 0;
}
