/* SPDX-License-Identifier: GPL-2.0 */
/* The walker's own state, shared by walk.c and leaf_roots.c. */
#ifndef ENGINE_BACKREF_WALKER_H
#define ENGINE_BACKREF_WALKER_H

#include "engine/backref/ref_items.h"
#include "engine/backref/walk.h"

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
