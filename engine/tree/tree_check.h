/* SPDX-License-Identifier: GPL-2.0 */
/* The checker of whole tree blocks: what it passes may be read without further bounds checks. */
#ifndef ENGINE_TREE_TREE_CHECK_H
#define ENGINE_TREE_TREE_CHECK_H

#include "engine/tree/tree_block.h"

/* The parts of a volume that the checker needs to know. */
struct tree_check_limits {
	uint32_t nodesize;
	uint32_t sectorsize;
};

/*
 * Check a block whose header members are already in @block (its data holds nodesize bytes): item
 * count, key order, item bounds (no overlap, inside the block), and each item by its key type, so
 * that everything a reader dereferences is inside the item: fixed sizes; every entry of
 * variable-length items (inode refs, extrefs, dir items, xattrs, inline backrefs, chunks); file
 * extent items (type, compression, inline size, alignment and overflow of the u64 sums); names of
 * 1 to 255 bytes. Unknown key types pass when their bounds are right. 0 or -EUCLEAN with the
 * message "leaf 30408704 slot 12 key (257 INODE_REF 256): name of 300 bytes, expect at most 255".
 */
int tree_check(const struct tree_block *block, const struct tree_check_limits *limits,
	       struct failure *failure);

#endif
