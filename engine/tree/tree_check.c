/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shape of a whole tree block: item count, key order, where items and pointers lie. What is
 * inside an item is tree_check_items.c's. Runs on each block read.
 */
#include "engine/tree/tree_check.h"

#include "engine/tree/tree_check_items.h"

#include <errno.h>
#include <inttypes.h>

static int check_key_order(const struct checked_item *item, const struct key *previous)
{
	if (item->slot == 0 || key_compare(previous, &item->key) < 0)
		return 0;
	return checked_item_fail(item,
				 "key out of order, expect more than (%" PRIu64 " %u %" PRIu64 ")",
				 previous->objectid, previous->type, previous->offset);
}

/*
 * Items fill a leaf's end without gaps: the first one's data ends at the block's end, each other
 * one's where the data before it begins. @data_end is that place, from the end of the header; it
 * moves to this item's begin.
 */
static int check_item_bounds(const struct checked_item *item, uint32_t *data_end)
{
	const struct btrfs_item *header = tree_block_item(item->block, item->slot);
	uint32_t headers_end = item->block->nritems * sizeof(struct btrfs_item);
	uint32_t offset = from_le32(header->offset);
	uint64_t end = (uint64_t)offset + from_le32(header->size);

	if (end != *data_end)
		return checked_item_fail(item, "item end %" PRIu64 ", expect %u", end, *data_end);
	if (offset < headers_end)
		return checked_item_fail(
			item, "item offset %u inside the item headers, expect at least %u", offset,
			headers_end);
	*data_end = offset;
	return 0;
}

static int check_leaf(const struct tree_block *leaf, const struct tree_check_limits *limits,
		      struct failure *failure)
{
	struct checked_item item = {.block = leaf, .limits = limits, .failure = failure};
	uint32_t data_end = limits->nodesize - sizeof(struct btrfs_header);
	struct key previous = {0};
	int ret;

	for (item.slot = 0; item.slot < leaf->nritems; item.slot++) {
		item.key = key_from_disk(&tree_block_item(leaf, item.slot)->key);
		ret = check_key_order(&item, &previous);
		if (ret)
			return ret;
		ret = check_item_bounds(&item, &data_end);
		if (ret)
			return ret;
		item.data = tree_block_item_data(leaf, item.slot);
		item.size = tree_block_item_size(leaf, item.slot);
		ret = checked_item_check(&item);
		if (ret)
			return ret;
		previous = item.key;
	}
	return 0;
}

static int check_node(const struct tree_block *node, const struct tree_check_limits *limits,
		      struct failure *failure)
{
	struct checked_item item = {.block = node, .limits = limits, .failure = failure};
	struct key previous = {0};
	uint64_t blockptr;
	int ret;

	for (item.slot = 0; item.slot < node->nritems; item.slot++) {
		item.key = key_from_disk(&tree_block_pointer(node, item.slot)->key);
		ret = check_key_order(&item, &previous);
		if (ret)
			return ret;
		blockptr = from_le64(tree_block_pointer(node, item.slot)->blockptr);
		if (blockptr == 0 || blockptr % limits->sectorsize)
			return checked_item_fail(&item,
						 "block pointer %" PRIu64
						 ", expect a multiple of %u that is not 0",
						 blockptr, limits->sectorsize);
		previous = item.key;
	}
	return 0;
}

int tree_check(const struct tree_block *block, const struct tree_check_limits *limits,
	       struct failure *failure)
{
	const char *kind = block->level ? "node" : "leaf";
	size_t entry = block->level ? sizeof(struct btrfs_key_ptr) : sizeof(struct btrfs_item);
	size_t most = (limits->nodesize - sizeof(struct btrfs_header)) / entry;

	if (block->level >= BTRFS_MAX_LEVEL)
		return failure_set(failure, -EUCLEAN,
				   "node %" PRIu64 ": level %u, expect at most %d", block->bytenr,
				   block->level, BTRFS_MAX_LEVEL - 1);
	if (block->nritems > most)
		return failure_set(failure, -EUCLEAN,
				   "%s %" PRIu64 ": %u items, expect at most %zu", kind,
				   block->bytenr, block->nritems, most);
	/* A tree may be empty, but then its root is a leaf. */
	if (block->level && block->nritems == 0)
		return failure_set(failure, -EUCLEAN,
				   "node %" PRIu64 ": 0 items, expect at least 1", block->bytenr);
	return block->level ? check_node(block, limits, failure)
			    : check_leaf(block, limits, failure);
}
