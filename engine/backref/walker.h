/* SPDX-License-Identifier: GPL-2.0 */
/* The walker's own state, shared by walk.c and leaf_roots.c. */
#ifndef ENGINE_BACKREF_WALKER_H
#define ENGINE_BACKREF_WALKER_H

#include "engine/backref/ref_items.h"
#include "engine/backref/walk.h"
#include "engine/core/hash_table.h"

enum { WALK_ON = 0, WALK_STOP = 1 };

/* A list of block numbers or roots without repeats, in order of arrival. */
struct id_list {
	uint64_t *ids;
	size_t count;
	size_t capacity;
};

/* A file extent item that refers to the extent. */
struct found_item {
	uint64_t ino;
	uint64_t offset;
	uint64_t num_bytes;
	uint64_t data_offset;
	uint32_t next; /* in the list of its leaf, NO_ITEM at the end */
};

/* A leaf that holds such items. */
struct found_leaf {
	uint64_t bytenr;
	uint32_t first_item, last_item;
	UT_hash_handle hh;
};

struct backref_walker {
	struct volume *volume;
	const struct backref_visitor *visitor;
	struct backref_query query;
	struct extent_refs refs;       /* of the data extent */
	struct ref_items ref_items;    /* of the data extent; those shared begin refs.direct */
	struct extent_refs block_refs; /* of the tree block whose roots are looked for */
	struct extent_ref_list listed; /* of either, in the order of the extent tree */
	struct found_item *items;
	size_t item_count, item_capacity;
	struct found_leaf *leaves;
	size_t leaf_count, leaf_capacity;
	struct found_leaf *leaf_index;
	struct id_list blocks;
	struct id_list roots;
	struct btree_path path;
	struct backref_counters counters;
};

/* ---- walk.c: what both ways of walking are made of ---- */

/*
 * Note a file extent item of @leaf that refers to the extent, unless it does not cover the position
 * that is asked for: then *@index is NO_ITEM. A compressed item is taken whatever it covers, unless
 * the query says otherwise. MIRRORS: check_extent_in_eb() v6.18
 */
int backref_take_item(struct backref_walker *walker, const struct tree_block *leaf, uint32_t slot,
		      uint32_t *index);
/* Put one list of items behind another. */
void backref_append_items(struct backref_walker *walker, uint32_t *first, uint32_t *last,
			  uint32_t added_first, uint32_t added_last);
/* Every item of the leaf that refers to the extent, last one first. MIRRORS: find_extent_in_eb() */
int backref_scan_leaf(struct backref_walker *walker, struct extent_ref *ref);
int backref_reserve_leaves(struct backref_walker *walker, size_t count);
/* Room was reserved. 0 or -ENOMEM. */
int backref_add_leaf(struct backref_walker *walker, const struct extent_ref *ref);

/* ---- walk_listed.c: as the first send walked ---- */

/* Fill walker->leaves from walker->refs, in the order of the extent tree. */
int backref_list_leaves(struct backref_walker *walker);
/* One step up from the block whose references are in walker->block_refs. */
int backref_list_parents(struct backref_walker *walker);

/* ---- leaf_roots.c ---- */

int backref_id_list_add(struct id_list *list, uint64_t id);
/*
 * Where the tree of @ref has its block at the reference's level, on the way to the reference's key:
 * that is the parent; 0 when the block referred to is the tree's root node.
 */
int backref_find_parent(struct backref_walker *walker, const struct extent_ref *ref,
			uint64_t *parent);

/*
 * Fill walker->roots with the roots that reach the tree block at @bytenr, those found at lower
 * levels first. MIRRORS: btrfs_find_all_roots_safe() v6.18
 */
int backref_find_roots(struct backref_walker *walker, uint64_t bytenr);

/*
 * Get the root of an indirect reference. 0, -ENOENT when it is gone (the reference then leads
 * nowhere), or a negative errno.
 */
int backref_get_root(struct backref_walker *walker, uint64_t root_id, struct root **out);

#endif
