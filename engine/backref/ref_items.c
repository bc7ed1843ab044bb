/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/backref/ref_items.h"

#include <errno.h>
#include <stdlib.h>

bool ref_item_refers_to(const struct tree_block *leaf, uint32_t slot, uint64_t bytenr)
{
	const struct btrfs_file_extent_item *extent = tree_block_item_data(leaf, slot);

	return extent->type != BTRFS_FILE_EXTENT_INLINE && from_le64(extent->disk_bytenr) == bytenr;
}

static int compare_parent(const void *key, const void *element)
{
	const uint64_t *parent = key;
	const struct extent_ref *ref = element;

	return (ref->parent > *parent) - (ref->parent < *parent);
}

/* Is @leaf named by a shared reference of the extent? Then its items are not counted here. */
static bool is_shared_leaf(const struct ref_items *items, uint64_t leaf)
{
	return items->shared_count && bsearch(&leaf, items->shared->refs, items->shared_count,
					      sizeof(*items->shared->refs), compare_parent);
}

/* Leaves that shared references stand for, or that another tree owns, are not this reference's. */
static bool is_foreign_leaf(const struct ref_items *items, const struct extent_ref *ref,
			    const struct tree_block *leaf)
{
	return leaf->owner != ref->root_id || is_shared_leaf(items, leaf->bytenr);
}

/* Walk forward through the items of the reference's inode until as many matched as it counts. */
static int take_counted(struct ref_items *items, const struct extent_ref *ref, ref_item_fn take,
			void *context)
{
	struct btree_path *path = &items->path;
	uint64_t matched = 0;
	int ret = 0;

	if (path->slots[0] >= path->nodes[0]->nritems ||
	    is_foreign_leaf(items, ref, path->nodes[0]))
		ret = btree_next_leaf(path);
	while (ret == 0 && matched < ref->count) {
		struct key key = btree_path_key(path);

		if (key.objectid != ref->key.objectid || key.type != BTRFS_EXTENT_DATA_KEY)
			return 0;
		if (path->slots[0] == 0 && is_foreign_leaf(items, ref, path->nodes[0])) {
			ret = btree_next_leaf(path);
			continue;
		}
		if (ref_item_refers_to(path->nodes[0], path->slots[0], items->bytenr)) {
			const struct btrfs_file_extent_item *extent = btree_path_data(path);

			if (key.offset - from_le64(extent->offset) == ref->key.offset) {
				matched++;
				ret = take(context, path->nodes[0], path->slots[0]);
				if (ret)
					return ret;
			}
		}
		/* Not into a leaf that nobody asked for. */
		if (matched < ref->count)
			ret = btree_next(path);
	}
	return ret < 0 ? ret : 0;
}

int ref_items_counted(struct ref_items *items, const struct extent_ref *ref, ref_item_fn take,
		      void *context)
{
	struct key key = ref->key;
	struct root *root;
	int ret = root_get(items->volume, ref->root_id, &root);

	/* A root that is gone: the reference leads nowhere. */
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	/* Cloning may leave an offset below zero here; the item then lies anywhere in the file. */
	if (key.offset >= INT64_MAX)
		key.offset = 0;
	ret = btree_search(root, &key, &items->path);
	return ret < 0 ? ret : take_counted(items, ref, take, context);
}

int ref_items_in_leaf(struct ref_items *items, uint64_t leaf, ref_item_fn take, void *context)
{
	const struct tree_block_id id = {.bytenr = leaf, .level = 0};
	struct tree_block *block;
	uint32_t slot;
	int ret = tree_block_get(items->volume, &id, &block);

	if (ret)
		return ret;
	for (slot = 0; ret == 0 && slot < block->nritems; slot++) {
		if (tree_block_key(block, slot).type == BTRFS_EXTENT_DATA_KEY &&
		    ref_item_refers_to(block, slot, items->bytenr))
			ret = take(context, block, slot);
	}
	tree_block_put(block);
	return ret;
}
