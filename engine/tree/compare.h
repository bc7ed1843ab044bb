/* SPDX-License-Identifier: GPL-2.0 */
/* Every item of one tree, or what distinguishes two trees, told in key order to a callback. */
#ifndef ENGINE_TREE_COMPARE_H
#define ENGINE_TREE_COMPARE_H

#include "engine/tree/btree.h"

enum change {
	CHANGE_NEW,	/* only in the left (send) tree */
	CHANGE_DELETED, /* only in the right (parent) tree */
	CHANGE_CHANGED, /* in both, with different data */
	CHANGE_SAME,	/* in both, in blocks that are not shared */
};

/*
 * @left or @right is positioned at the item with @key, as far as @change says it exists there. A
 * negative return ends the walk and is returned.
 */
typedef int (*change_fn)(void *context, struct btree_path *left, struct btree_path *right,
			 const struct key *key, enum change change);

/* Report each item of @root from @first on as CHANGE_NEW; the right path is NULL. */
int tree_walk(struct root *root, const struct key *first, change_fn changed, void *context);

/*
 * Report how @left differs from @right. Subtrees that both share (same block, same generation) are
 * skipped. 0 or the first negative errno.
 */
int tree_compare(struct root *left, struct root *right, change_fn changed, void *context);

#endif
