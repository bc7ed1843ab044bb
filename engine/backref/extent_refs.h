/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The references that the extent tree holds of one data extent or tree block, in the order in which
 * the kernel visits them: descending. That order decides which clone source a send takes.
 */
#ifndef ENGINE_BACKREF_EXTENT_REFS_H
#define ENGINE_BACKREF_EXTENT_REFS_H

#include "engine/tree/btree.h"

enum { NO_ITEM = 0xffffffff };

/*
 * One reference. Direct ones name the block that points at the extent (@parent); indirect ones name
 * a root and a key to be searched there.
 */
struct extent_ref {
	uint64_t root_id; /* 0 for shared references */
	struct key key;	  /* of the file extent item; the first key of a tree block; else zeros */
	uint64_t parent;  /* bytenr; 0 while not resolved, or for the root node of a tree */
	uint64_t count;
	int level; /* of the referring block; 0 refers to a data extent */
	bool has_key;
	uint32_t place; /* in the order of the extent tree */
	/* File extent items found in the leaf @parent; indexes of the walker's list. */
	uint32_t first_item, last_item;
};

struct extent_ref_list {
	struct extent_ref *refs;
	size_t count;
	size_t capacity;
};

/* Append a copy. 0 or -ENOMEM. */
int extent_ref_list_add(struct extent_ref_list *list, const struct extent_ref *ref);

/*
 * Sort into visiting order and merge equal references, adding their counts.
 * MIRRORS: prelim_ref_compare(), prelim_ref_insert() v6.18
 */
void extent_ref_list_order(struct extent_ref_list *list);

struct extent_refs {
	struct extent_ref_list indirect;
	struct extent_ref_list direct;
};

void extent_refs_release(struct extent_refs *refs);

struct extent_ref_filter {
	/* False: as if the extent had no references. */
	bool (*accept_extent)(void *context, uint64_t bytenr, uint64_t references);
	/* True: leave this data reference out. May be NULL. */
	bool (*skip_data_ref)(void *context, uint64_t root_id, uint64_t ino, uint64_t offset);
	void *context;
};

/*
 * Replace the content of @refs by the references of the extent or tree block at @bytenr, not yet in
 * order. 0 (also when there are none or they were not accepted), or a negative errno.
 * MIRRORS: add_inline_refs(), add_keyed_refs(), add_missing_keys() v6.18
 */
int extent_refs_collect(struct volume *volume, uint64_t bytenr,
			const struct extent_ref_filter *filter, struct extent_refs *refs);

/*
 * Find the data extent that @address lies in. 0 with *@bytenr, -ENOENT (no message recorded) when
 * there is none, or a negative errno. MIRRORS: extent_from_logical() v3.6
 */
int extent_at_address(struct volume *volume, uint64_t address, uint64_t *bytenr);

#endif
