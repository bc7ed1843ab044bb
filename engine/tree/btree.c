/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/tree/btree.h"

#include <errno.h>
#include <stdlib.h>

/* Commits that may pass under one search of a live volume before it gives up. */
enum { MAX_RESTARTS = 16 };

void btree_path_release(struct btree_path *path)
{
	int level;

	for (level = 0; level < BTRFS_MAX_LEVEL; level++) {
		tree_block_put(path->nodes[level]);
		path->nodes[level] = NULL;
		path->slots[level] = 0;
	}
	path->root = NULL;
}

static inline int compare_with_disk(const uint8_t *disk, const struct key *key)
{
	uint64_t objectid = get_le64(disk);
	uint64_t offset;
	uint8_t type;

	if (objectid != key->objectid)
		return objectid < key->objectid ? -1 : 1;
	type = disk[offsetof(struct btrfs_disk_key, type)];
	if (type != key->type)
		return type < key->type ? -1 : 1;
	offset = get_le64(disk + offsetof(struct btrfs_disk_key, offset));
	if (offset != key->offset)
		return offset < key->offset ? -1 : 1;
	return 0;
}

/* The first slot with a key >= @key; 0 if it is equal, else 1. */
static int find_slot(const struct tree_block *block, const struct key *key, uint32_t *slot)
{
	const uint8_t *keys = block->data + sizeof(struct btrfs_header);
	size_t stride = block->level ? sizeof(struct btrfs_key_ptr) : sizeof(struct btrfs_item);
	uint32_t low = 0, high = block->nritems;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = compare_with_disk(keys + middle * stride, key);

		if (order == 0) {
			*slot = middle;
			return 0;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*slot = low;
	return 1;
}

/*
 * Put the block that @id names into @path at @level. One search after another mostly goes through
 * the same nodes: those stay as they are, and *@stayed says so.
 */
static int set_node(struct volume *volume, struct btree_path *path, int level,
		    const struct tree_block_id *id, bool *stayed)
{
	struct tree_block *held = path->nodes[level];
	struct tree_block *block;
	int ret;

	*stayed = held && held->bytenr == id->bytenr && held->generation == id->generation &&
		  held->level == level;
	if (*stayed)
		return 0;
	ret = tree_block_get(volume, id, &block);
	if (ret)
		return ret;
	tree_block_put(held);
	path->nodes[level] = block;
	return 0;
}

/*
 * Subvolumes share blocks, so theirs belong to any subvolume; the blocks of another tree are its
 * own. While a balance runs its trees borrow the blocks of others.
 */
static int check_owner(const struct root *root, const struct tree_block *block)
{
	if (block->owner == root->id || root->id == BTRFS_TREE_RELOC_OBJECTID ||
	    (root->is_subvolume && root_id_is_subvolume(block->owner)))
		return 0;
	return volume_fail(root->volume, -EUCLEAN,
			   "tree block %llu: belongs to root %llu, found in root %llu",
			   (unsigned long long)block->bytenr, (unsigned long long)block->owner,
			   (unsigned long long)root->id);
}

/*
 * Put the child at the current slot of @level into @path, one level down. *@stayed: the parent was
 * there before; then a child that was there too is its child, which was checked.
 */
static int descend(struct btree_path *path, int level, bool *stayed)
{
	struct volume *volume = path->root->volume;
	const struct tree_block *parent = path->nodes[level];
	struct tree_block_id id = tree_block_child(parent, path->slots[level]);
	bool parent_stayed = *stayed;
	int ret = set_node(volume, path, level - 1, &id, stayed);

	*stayed = *stayed && parent_stayed;
	if (*stayed)
		return 0;
	if (!ret)
		ret = check_owner(path->root, path->nodes[level - 1]);
	if (!ret)
		ret = tree_block_check_child(volume, parent, path->slots[level],
					     path->nodes[level - 1]);
	return ret;
}

/* Does @path stand in the leaf of @root that has @key between its first and its last one? */
static bool leaf_holds(const struct root *root, const struct btree_path *path,
		       const struct key *key)
{
	const struct tree_block *leaf = path->nodes[0];
	const uint8_t *keys;

	if (!leaf || path->root != root || path->epoch != root->volume->epoch || !leaf->nritems)
		return false;
	keys = leaf->data + sizeof(struct btrfs_header);
	return compare_with_disk(keys, key) <= 0 &&
	       compare_with_disk(keys + (leaf->nritems - 1) * sizeof(struct btrfs_item), key) >= 0;
}

/* btree_search() without restarts. */
static int search_once(struct root *root, const struct key *key, struct btree_path *path)
{
	const struct tree_block_id id = {
		.bytenr = root->bytenr, .generation = root->generation, .level = root->level};
	bool stayed, same_root = path->root == root;
	int level, ret;

	if (leaf_holds(root, path, key))
		return find_slot(path->nodes[0], key, &path->slots[0]);
	path->root = root;
	path->epoch = root->volume->epoch;
	for (level = root->level + 1; level < BTRFS_MAX_LEVEL; level++) {
		tree_block_put(path->nodes[level]);
		path->nodes[level] = NULL;
	}
	ret = set_node(root->volume, path, root->level, &id, &stayed);
	stayed = stayed && same_root;
	if (!ret && !stayed)
		ret = check_owner(root, path->nodes[root->level]);
	if (ret)
		return ret;
	for (level = root->level; level > 0; level--) {
		/* The child that holds @key is the last one that does not begin behind it. */
		if (find_slot(path->nodes[level], key, &path->slots[level]) &&
		    path->slots[level] > 0)
			path->slots[level]--;
		ret = descend(path, level, &stayed);
		if (ret)
			return ret;
	}
	return find_slot(path->nodes[0], key, &path->slots[0]);
}

/* Keys rise from leaf to leaf: a tree that says otherwise could be walked for ever. */
static int check_next_leaf(const struct btree_path *path, const struct key *last)
{
	struct key first = tree_block_key(path->nodes[0], 0);

	if (key_compare(last, &first) < 0)
		return 0;
	return volume_fail(path->root->volume, -EUCLEAN,
			   "leaf %llu: first key (%llu %u %llu) is not behind the leaf before",
			   (unsigned long long)path->nodes[0]->bytenr,
			   (unsigned long long)first.objectid, first.type,
			   (unsigned long long)first.offset);
}

/* btree_next_leaf() without restarts. */
static int next_leaf_once(struct btree_path *path)
{
	const struct tree_block *leaf = path->nodes[0];
	int level = 1, ret;
	struct key last;

	while (level < BTRFS_MAX_LEVEL && path->nodes[level] &&
	       path->slots[level] + 1 >= path->nodes[level]->nritems)
		level++;
	if (level == BTRFS_MAX_LEVEL || !path->nodes[level]) {
		path->slots[0] = leaf->nritems;
		return 1;
	}
	/* Below another node a leaf is never empty. */
	last = tree_block_key(leaf, leaf->nritems - 1);
	path->slots[level]++;
	for (; level > 0; level--) {
		bool stayed = false;

		ret = descend(path, level, &stayed);
		if (ret)
			return ret;
		path->slots[level - 1] = 0;
	}
	return check_next_leaf(path, &last);
}

/*
 * A block moved that was looked for by what was true in @epoch: take up the volume's new state, so
 * that the caller may search again. If there is none, the block is damaged, and the failure
 * recorded for it says how. The chunk tree is read by the refresh itself, which begins again on its
 * own.
 */
static int take_up_refresh(struct root *root, unsigned int epoch)
{
	int ret;

	if (root->id == BTRFS_CHUNK_TREE_OBJECTID)
		return -ESTALE;
	ret = volume_take_up_commit(root->volume, epoch, -EUCLEAN);
	return ret ? ret : root_update(root);
}

static int search_from_once(struct root *root, const struct key *key, struct btree_path *path)
{
	int ret = search_once(root, key, path);

	if (ret == 1)
		ret = path->slots[0] < path->nodes[0]->nritems ? 0 : next_leaf_once(path);
	return ret;
}

typedef int (*search_fn)(struct root *root, const struct key *key, struct btree_path *path);

/* Search until the tree holds still; on failure nothing is held. */
static int search_with_restarts(struct root *root, const struct key *key, struct btree_path *path,
				search_fn search)
{
	int restarts = 0, ret = 0;

	if (root->epoch != root->volume->epoch)
		ret = root_update(root);
	while (!ret) {
		ret = search(root, key, path);
		if (ret != -ESTALE || restarts++ == MAX_RESTARTS)
			break;
		ret = take_up_refresh(root, path->epoch);
	}
	if (ret < 0)
		btree_path_release(path);
	return ret;
}

int btree_search(struct root *root, const struct key *key, struct btree_path *path)
{
	return search_with_restarts(root, key, path, search_once);
}

int btree_search_from(struct root *root, const struct key *key, struct btree_path *path)
{
	return search_with_restarts(root, key, path, search_from_once);
}

int btree_search_before(struct root *root, const struct key *key, struct btree_path *path)
{
	int ret = btree_search(root, key, path);

	if (ret != 1)
		return ret;
	/* A leaf begins with its parent's key, which is <= @key unless @key is before all items. */
	if (path->slots[0] == 0)
		return 1;
	path->slots[0]--;
	return 0;
}

/* The block that should follow moved: find the item behind @last in the tree's new state. */
static int search_behind(struct root *root, const struct key *last, struct btree_path *path)
{
	int ret = take_up_refresh(root, path->epoch);

	if (!ret)
		ret = btree_search_from(root, last, path);
	if (!ret) {
		struct key key = btree_path_key(path);

		if (key_compare(&key, last) == 0)
			ret = btree_next(path);
	}
	return ret;
}

int btree_next_leaf(struct btree_path *path)
{
	const struct tree_block *leaf = path->nodes[0];
	struct key last;
	int ret;

	if (!leaf->nritems)
		return 1;
	last = tree_block_key(leaf, leaf->nritems - 1);
	ret = next_leaf_once(path);
	if (ret == -ESTALE)
		ret = search_behind(path->root, &last, path);
	if (ret < 0)
		btree_path_release(path);
	return ret;
}

int btree_next(struct btree_path *path)
{
	if (path->slots[0] + 1 < path->nodes[0]->nritems) {
		path->slots[0]++;
		return 0;
	}
	return btree_next_leaf(path);
}

struct btree_path *btree_kept(struct root *root, enum btree_place place)
{
	if (!root->kept)
		root->kept = calloc(PLACE_COUNT, sizeof(*root->kept));
	if (!root->kept) {
		volume_fail(root->volume, -ENOMEM, "out of memory for a position");
		return NULL;
	}
	return &root->kept[place];
}

void btree_drop_kept(struct root *root)
{
	int place;

	for (place = 0; root->kept && place < PLACE_COUNT; place++)
		btree_path_release(&root->kept[place]);
	free(root->kept);
	root->kept = NULL;
}
