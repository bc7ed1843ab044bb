/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Searching and walking one tree from a committed root. On a live volume a block that moved under
 * the reader makes these functions refresh the volume and search their key again by themselves.
 */
#ifndef ENGINE_TREE_BTREE_H
#define ENGINE_TREE_BTREE_H

#include "engine/fs/root.h"
#include "engine/tree/tree_block.h"

/*
 * A position in a tree: nodes[0] is the leaf, nodes[root level] the root. Holds its blocks; they
 * stay readable (their content is immutable) until btree_path_release(), whatever the disk does.
 * Zero-initialise before first use; may be reused for another search without a release, which is
 * faster when both go through the same nodes. A function that fails leaves nothing held.
 */
struct btree_path {
	struct root *root;
	struct tree_block *nodes[BTRFS_MAX_LEVEL];
	uint32_t slots[BTRFS_MAX_LEVEL];
	unsigned int epoch; /* of the volume when it was searched */
};

void btree_path_release(struct btree_path *path);

/*
 * Position @path at @key or where it would be inserted: slots[0] may then equal the leaf's item
 * count. 0 found, 1 not found, negative errno.
 */
int btree_search(struct root *root, const struct key *key, struct btree_path *path);

/*
 * Position @path at the first item with a key >= @key. 0 positioned, 1 no such item, negative
 * errno.
 */
int btree_search_from(struct root *root, const struct key *key, struct btree_path *path);

/* Position at the last item with a key <= @key. 0 positioned, 1 no such item, negative errno. */
int btree_search_before(struct root *root, const struct key *key, struct btree_path *path);

/*
 * Step to the next item, into the next leaf if need be. 0, 1 at the end of the tree (and again when
 * called there), negative errno.
 */
int btree_next(struct btree_path *path);

/* Step to the first item of the next leaf. 0, 1 at the end of the tree, negative errno. */
int btree_next_leaf(struct btree_path *path);

/*
 * Positions that a root keeps for look-ups that mostly come back to the neighbourhood of the one
 * before; one for each kind of item, since those of one kind lie apart from those of another. What
 * is borrowed from such a position is valid until the next use of its place: copy it at once.
 */
enum btree_place {
	PLACE_INODE_ITEM,
	PLACE_INODE_REF,
	PLACE_XATTR,
	PLACE_DIR_ENTRY,
	PLACE_TOP_ENTRY, /* in the top directory, where all orphans are */
	PLACE_COUNT,
};

/* NULL without memory; the failure is recorded. */
struct btree_path *btree_kept(struct root *root, enum btree_place place);
void btree_drop_kept(struct root *root);

static inline struct key btree_path_key(const struct btree_path *path)
{
	return tree_block_key(path->nodes[0], path->slots[0]);
}

static inline const void *btree_path_data(const struct btree_path *path)
{
	return tree_block_item_data(path->nodes[0], path->slots[0]);
}

static inline uint32_t btree_path_size(const struct btree_path *path)
{
	return tree_block_item_size(path->nodes[0], path->slots[0]);
}

#endif
