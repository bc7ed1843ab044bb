/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/tree/compare.h"

#include <errno.h>
#include <stdbool.h>

int tree_walk(struct root *root, const struct key *first, change_fn changed, void *context)
{
	struct btree_path path = {0};
	int ret;

	for (ret = btree_search_from(root, first, &path); ret == 0; ret = btree_next(&path)) {
		struct key key = btree_path_key(&path);

		ret = changed(context, &path, NULL, &key, CHANGE_NEW);
		if (ret < 0)
			break;
	}
	btree_path_release(&path);
	return ret < 0 ? ret : 0;
}

/* One of the two trees, at a slot of some level. */
struct side {
	struct root *root;
	struct btree_path path;
	struct key key; /* at the current slot */
	int level;
	int root_level;
	bool ended;
};

enum advance {
	STAY,
	ADVANCE,	/* down if this is not a leaf, else to the next slot */
	ADVANCE_BESIDE, /* to the next slot at this level or above: the subtree is shared */
};

static void note_key(struct side *side)
{
	side->key = tree_block_key(side->path.nodes[side->level], side->path.slots[side->level]);
}

/* Nothing below @level is held any more. */
static void release_below(struct side *side, int level)
{
	while (level-- > 0) {
		tree_block_put(side->path.nodes[level]);
		side->path.nodes[level] = NULL;
		side->path.slots[level] = 0;
	}
}

static int side_begin(struct side *side, struct root *root)
{
	const struct key first = {0};
	int ret;

	*side = (struct side){.root = root};
	ret = btree_search(root, &first, &side->path);
	if (ret < 0)
		return ret;
	/* As it is now: the search may have read the root anew. */
	side->level = side->root_level = root->level;
	release_below(side, side->level);
	if (side->path.nodes[side->level]->nritems == 0)
		side->ended = true;
	else
		note_key(side);
	return 0;
}

static int move_down(struct side *side)
{
	const struct tree_block *parent = side->path.nodes[side->level];
	uint32_t slot = side->path.slots[side->level];
	struct tree_block_id id = tree_block_child(parent, slot);
	struct tree_block *child;
	int ret = tree_block_get(side->root->volume, &id, &child);

	if (ret)
		return ret;
	ret = tree_block_check_child(side->root->volume, parent, slot, child);
	if (ret) {
		tree_block_put(child);
		return ret;
	}
	side->level--;
	side->path.nodes[side->level] = child;
	side->path.slots[side->level] = 0;
	return 0;
}

/* Keys rise from block to block, too: inodes come in their order. */
static int check_rises(const struct side *side, const struct key *last)
{
	if (key_compare(last, &side->key) < 0)
		return 0;
	return volume_fail(
		side->root->volume, -EUCLEAN,
		"tree block %llu: key (%llu %u %llu) at slot %u, expect more than (%llu %u %llu)",
		(unsigned long long)side->path.nodes[side->level]->bytenr,
		(unsigned long long)side->key.objectid, side->key.type,
		(unsigned long long)side->key.offset, side->path.slots[side->level],
		(unsigned long long)last->objectid, last->type, (unsigned long long)last->offset);
}

static int move_beside(struct side *side)
{
	struct btree_path *path = &side->path;
	struct key last = side->key;

	path->slots[side->level]++;
	while (path->slots[side->level] >= path->nodes[side->level]->nritems) {
		if (side->level == side->root_level) {
			path->slots[side->level]--;
			side->ended = true;
			break;
		}
		tree_block_put(path->nodes[side->level]);
		path->nodes[side->level] = NULL;
		path->slots[side->level] = 0;
		side->level++;
		path->slots[side->level]++;
	}
	note_key(side);
	return side->ended ? 0 : check_rises(side, &last);
}

static int side_advance(struct side *side, enum advance advance)
{
	if (advance == STAY || side->ended)
		return 0;
	if (advance == ADVANCE && side->level > 0)
		return move_down(side);
	return move_beside(side);
}

/*
 * A block moved under us (live volume): search the key that each side stood at again, from the
 * roots as they are now. Read-only roots keep their keys and their shape; one that was made
 * writable meanwhile need not.
 */
static int search_again(struct side *side)
{
	struct key key = side->key;
	int ret = btree_search(side->root, &key, &side->path);

	if (ret < 0)
		return ret;
	if (side->root->level != side->root_level)
		return volume_fail(side->root->volume, -EUCLEAN,
				   "root %llu: level %u, expect %d after blocks moved",
				   (unsigned long long)side->root->id, side->root->level,
				   side->root_level);
	release_below(side, side->level);
	if (side->path.slots[side->level] < side->path.nodes[side->level]->nritems) {
		note_key(side);
		if (key_compare(&key, &side->key) == 0)
			return 0;
	}
	return volume_fail(side->root->volume, -EUCLEAN,
			   "root %llu: key (%llu %u %llu) is gone after blocks moved",
			   (unsigned long long)side->root->id, (unsigned long long)key.objectid,
			   key.type, (unsigned long long)key.offset);
}

static int advance_both(struct side *left, enum advance left_step, struct side *right,
			enum advance right_step)
{
	struct volume *volume = left->root->volume;
	int ret;

	for (;;) {
		const struct side *moving = left;

		ret = side_advance(left, left_step);
		if (ret == 0) {
			left_step = STAY;
			moving = right;
			ret = side_advance(right, right_step);
		}
		if (ret != -ESTALE)
			return ret;
		ret = volume_take_up_commit(volume, moving->path.epoch, -EUCLEAN);
		if (ret == 0)
			ret = search_again(left);
		if (ret == 0)
			ret = search_again(right);
		if (ret)
			return ret;
	}
}

static bool items_equal(const struct btree_path *left, const struct btree_path *right)
{
	uint32_t size = btree_path_size(left);

	return size == btree_path_size(right) &&
	       memcmp(btree_path_data(left), btree_path_data(right), size) == 0;
}

static bool children_shared(const struct side *left, const struct side *right)
{
	struct tree_block_id a =
		tree_block_child(left->path.nodes[left->level], left->path.slots[left->level]);
	struct tree_block_id b =
		tree_block_child(right->path.nodes[right->level], right->path.slots[right->level]);

	return a.bytenr == b.bytenr && a.generation == b.generation;
}

struct steps {
	enum advance left, right;
};

/* Both stand in leaves: report the smaller key, or the pair. */
static int compare_items(struct side *left, struct side *right, change_fn changed, void *context,
			 struct steps *steps)
{
	int order = key_compare(&left->key, &right->key);
	enum change change;

	*steps = (struct steps){order <= 0 ? ADVANCE : STAY, order >= 0 ? ADVANCE : STAY};
	if (order < 0)
		change = CHANGE_NEW;
	else if (order > 0)
		change = CHANGE_DELETED;
	else
		change = items_equal(&left->path, &right->path) ? CHANGE_SAME : CHANGE_CHANGED;
	return changed(context, &left->path, &right->path, order > 0 ? &right->key : &left->key,
		       change);
}

/* Both stand in nodes of one level: skip what they share. */
static struct steps compare_pointers(const struct side *left, const struct side *right)
{
	int order = key_compare(&left->key, &right->key);

	if (order)
		return (struct steps){order < 0 ? ADVANCE : STAY, order > 0 ? ADVANCE : STAY};
	if (children_shared(left, right))
		return (struct steps){ADVANCE_BESIDE, ADVANCE_BESIDE};
	return (struct steps){ADVANCE, ADVANCE};
}

static int compare_step(struct side *left, struct side *right, change_fn changed, void *context,
			struct steps *steps)
{
	if (left->ended || right->ended) {
		struct side *rest = left->ended ? right : left;

		*steps =
			(struct steps){left->ended ? STAY : ADVANCE, right->ended ? STAY : ADVANCE};
		if (rest->level > 0)
			return 0;
		return changed(context, &left->path, &right->path, &rest->key,
			       left->ended ? CHANGE_DELETED : CHANGE_NEW);
	}
	if (left->level == 0 && right->level == 0)
		return compare_items(left, right, changed, context, steps);
	if (left->level == right->level)
		*steps = compare_pointers(left, right);
	else
		*steps = left->level < right->level ? (struct steps){STAY, ADVANCE}
						    : (struct steps){ADVANCE, STAY};
	return 0;
}

/* MIRRORS: btrfs_compare_trees() v6.18 */
int tree_compare(struct root *left_root, struct root *right_root, change_fn changed, void *context)
{
	struct side left, right = {0};
	struct steps steps;
	int ret = side_begin(&left, left_root);

	if (ret == 0)
		ret = side_begin(&right, right_root);
	while (ret == 0 && !(left.ended && right.ended)) {
		ret = compare_step(&left, &right, changed, context, &steps);
		if (ret >= 0)
			ret = advance_both(&left, steps.left, &right, steps.right);
	}
	btree_path_release(&left.path);
	btree_path_release(&right.path);
	return ret < 0 ? ret : 0;
}
