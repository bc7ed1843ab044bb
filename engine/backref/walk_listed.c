/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The walk of the first send (3.6): references are taken as the extent tree lists them. Two things
 * get lost that later kernels find. Of the items behind one reference only the first in each leaf
 * is seen, and where several references lead to one leaf only the items of the first: often not
 * even the extent that is being sent. MIRRORS: find_parent_nodes() v3.6
 */
#include "engine/backref/walker.h"

#include <errno.h>

/* Both lists in one, as they were read. */
static int list_references(struct backref_walker *walker, const struct extent_refs *refs)
{
	const struct extent_ref *indirect = refs->indirect.refs, *direct = refs->direct.refs;
	const struct extent_ref *indirect_end = indirect + refs->indirect.count;
	const struct extent_ref *direct_end = direct + refs->direct.count;
	int ret = 0;

	walker->listed.count = 0;
	while (ret == 0 && (indirect < indirect_end || direct < direct_end)) {
		bool take_direct = indirect == indirect_end ||
				   (direct < direct_end && direct->place < indirect->place);

		ret = extent_ref_list_add(&walker->listed, take_direct ? direct++ : indirect++);
	}
	return ret ? volume_fail(walker->volume, ret, "out of memory for backrefs") : 0;
}

static int compare_u64(uint64_t left, uint64_t right)
{
	return (left > right) - (left < right);
}

static int compare_parents(const struct extent_ref *left, const struct extent_ref *right)
{
	return compare_u64(left->parent, right->parent);
}

static int compare_references(const struct extent_ref *left, const struct extent_ref *right)
{
	int order = left->level - right->level;

	if (!order)
		order = compare_u64(left->root_id, right->root_id);
	if (!order)
		order = key_compare(&left->key, &right->key);
	return order ? order : compare_parents(left, right);
}

static int compare_places(const void *left, const void *right)
{
	return compare_u64(((const struct extent_ref *)left)->place,
			   ((const struct extent_ref *)right)->place);
}

static int by_parent(const void *left, const void *right)
{
	int order = compare_parents(left, right);

	return order ? order : compare_places(left, right);
}

static int by_reference(const void *left, const void *right)
{
	int order = compare_references(left, right);

	return order ? order : compare_places(left, right);
}

/*
 * Keep the first of those that are the same; what the others have found is lost. Sorted for that
 * and back again, as there may be very many. MIRRORS: __merge_refs() v3.6
 */
static void merge(struct extent_ref_list *list,
		  int (*compare)(const struct extent_ref *, const struct extent_ref *),
		  int (*order)(const void *, const void *))
{
	size_t kept = 0, i;

	if (list->count < 2)
		return;
	for (i = 0; i < list->count; i++)
		list->refs[i].place = (uint32_t)i;
	qsort(list->refs, list->count, sizeof(*list->refs), order);
	for (i = 1; i < list->count; i++) {
		if (compare(&list->refs[kept], &list->refs[i]) == 0)
			list->refs[kept].count += list->refs[i].count;
		else
			list->refs[++kept] = list->refs[i];
	}
	list->count = kept + 1;
	qsort(list->refs, list->count, sizeof(*list->refs), compare_places);
}

/* Put @ref behind the one at @index. */
static int insert_behind(struct backref_walker *walker, size_t index, const struct extent_ref *ref)
{
	struct extent_ref_list *list = &walker->listed;

	if (extent_ref_list_add(list, ref))
		return volume_fail(walker->volume, -ENOMEM, "out of memory for backrefs");
	memmove(&list->refs[index + 2], &list->refs[index + 1],
		(list->count - index - 2) * sizeof(*ref));
	list->refs[index + 1] = *ref;
	return 0;
}

/*
 * The item at the path refers to the extent: note it for its leaf, unless one of that leaf is noted
 * already. The first leaf goes to the reference at @index itself, each further one right behind it.
 */
static int take_first_of_leaf(struct backref_walker *walker, size_t index, size_t *leaves)
{
	const struct tree_block *leaf = walker->path.nodes[0];
	struct extent_ref found = walker->listed.refs[index];
	uint32_t item;
	int ret = backref_take_item(walker, leaf, walker->path.slots[0], &item);

	if (ret || item == NO_ITEM)
		return ret;
	/* Leaves come one after another: the last one is right behind the first. */
	if (*leaves && walker->listed.refs[*leaves == 1 ? index : index + 1].parent == leaf->bytenr)
		return WALK_ON;
	found.parent = leaf->bytenr;
	found.first_item = item;
	found.last_item = item;
	if ((*leaves)++ > 0)
		return insert_behind(walker, index, &found);
	walker->listed.refs[index] = found;
	return WALK_ON;
}

/*
 * How many items of the reference's inode refer to the extent: behind so many there are none. With
 * shared references that cannot be told.
 */
static uint64_t most_items(const struct backref_walker *walker, const struct extent_ref *ref)
{
	const struct extent_ref_list *indirect = &walker->refs.indirect;
	uint64_t most = 0;
	size_t i;

	if (walker->refs.direct.count)
		return UINT64_MAX;
	for (i = 0; i < indirect->count; i++) {
		if (indirect->refs[i].root_id == ref->root_id &&
		    indirect->refs[i].key.objectid == ref->key.objectid)
			most += indirect->refs[i].count;
	}
	return most;
}

/* All items of the inode from the reference's key on. MIRRORS: add_all_parents() v3.6 at level 0 */
static int take_items(struct backref_walker *walker, size_t index, size_t *leaves)
{
	uint64_t most = most_items(walker, &walker->listed.refs[index]);
	uint64_t ino = walker->listed.refs[index].key.objectid;
	struct btree_path *path = &walker->path;
	int ret = path->slots[0] < path->nodes[0]->nritems ? 0 : btree_next_leaf(path);

	for (; ret == 0 && most; ret = btree_next(path)) {
		struct key key = btree_path_key(path);

		if (key.objectid != ino || key.type != BTRFS_EXTENT_DATA_KEY)
			break;
		if (!ref_item_refers_to(path->nodes[0], path->slots[0], walker->query.bytenr))
			continue;
		most--;
		ret = take_first_of_leaf(walker, index, leaves);
		if (ret)
			return ret;
	}
	return ret < 0 ? ret : WALK_ON;
}

/*
 * Resolve the reference at @index; *@leaves is how many it became. -ENOENT when its root is gone,
 * which ends the walk.
 */
static int resolve(struct backref_walker *walker, size_t index, size_t *leaves)
{
	const struct extent_ref *ref = &walker->listed.refs[index];
	struct key key = ref->key;
	struct root *root;
	int ret;

	*leaves = 0;
	if (ref->parent || ref->count == 0)
		return WALK_ON;
	if (ref->level > 0)
		return backref_find_parent(walker, ref, &walker->listed.refs[index].parent);
	ret = backref_get_root(walker, ref->root_id, &root);
	if (ret)
		return ret;
	ret = btree_search(root, &key, &walker->path);
	if (ret >= 0)
		ret = take_items(walker, index, leaves);
	btree_path_release(&walker->path);
	return ret;
}

/* MIRRORS: __resolve_indirect_refs() v3.6 */
static int resolve_listed(struct backref_walker *walker, const struct extent_refs *refs)
{
	size_t i, leaves;
	int ret = list_references(walker, refs);

	if (ret)
		return ret;
	merge(&walker->listed, compare_references, by_reference);
	for (i = 0; ret == WALK_ON && i < walker->listed.count; i += leaves ? leaves : 1)
		ret = resolve(walker, i, &leaves);
	if (ret == -ENOENT) {
		walker->listed.count = 0;
		ret = WALK_ON;
	}
	if (ret == WALK_ON)
		merge(&walker->listed, compare_parents, by_parent);
	return ret;
}

int backref_list_leaves(struct backref_walker *walker)
{
	size_t i;
	int ret = resolve_listed(walker, &walker->refs);

	if (ret == WALK_ON)
		ret = backref_reserve_leaves(walker, walker->listed.count);
	for (i = 0; ret == WALK_ON && i < walker->listed.count; i++) {
		struct extent_ref *ref = &walker->listed.refs[i];

		if (ref->count == 0 || ref->parent == 0)
			continue;
		if (ref->first_item == NO_ITEM)
			ret = backref_scan_leaf(walker, ref);
		if (ret == WALK_ON)
			ret = backref_add_leaf(walker, ref);
	}
	return ret;
}

int backref_list_parents(struct backref_walker *walker)
{
	size_t i;
	int ret = resolve_listed(walker, &walker->block_refs);

	for (i = 0; ret == WALK_ON && i < walker->listed.count; i++) {
		const struct extent_ref *ref = &walker->listed.refs[i];

		if (ref->parent)
			ret = backref_id_list_add(&walker->blocks, ref->parent);
		else if (ref->root_id)
			ret = backref_id_list_add(&walker->roots, ref->root_id);
	}
	return ret;
}
