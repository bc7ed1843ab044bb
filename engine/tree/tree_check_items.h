/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of the tree checker: one item of a leaf and its checks by key type. */
#ifndef ENGINE_TREE_TREE_CHECK_ITEMS_H
#define ENGINE_TREE_TREE_CHECK_ITEMS_H

#include "engine/tree/tree_check.h"

/* An item whose bounds inside the leaf are known to be right. */
struct checked_item {
	const struct tree_block *block;
	const struct tree_check_limits *limits;
	struct failure *failure;
	struct key key;
	uint32_t slot;
	const uint8_t *data;
	uint32_t size; /* bytes at @data */
};

/* Check the content of an item. 0, also for key types without a check, or -EUCLEAN with a message.
 */
int checked_item_check(const struct checked_item *item);

/*
 * Record what is wrong with the item (or with the pointer, in a node) at a slot, behind block, slot
 * and key. Returns -EUCLEAN.
 */
int checked_item_fail(const struct checked_item *item, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
