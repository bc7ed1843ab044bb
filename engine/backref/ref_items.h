/* SPDX-License-Identifier: GPL-2.0 */
/* From one reference of a data extent to the file extent items behind it. */
#ifndef ENGINE_BACKREF_REF_ITEMS_H
#define ENGINE_BACKREF_REF_ITEMS_H

#include "engine/backref/extent_refs.h"

/* 0 to go on, 1 to stop, or a negative errno. */
typedef int (*ref_item_fn)(void *context, const struct tree_block *leaf, uint32_t slot);

struct ref_items {
	struct volume *volume;
	uint64_t bytenr; /* of the data extent */
	/* Its shared references in visiting order: their leaves count for nobody else. */
	const struct extent_ref_list *shared; /* its first ones; what follows is other's */
	size_t shared_count;
	struct btree_path path; /* kept between searches: neighbours share its blocks */
};

/* Whether the file extent item at @slot refers to the extent at @bytenr. */
bool ref_item_refers_to(const struct tree_block *leaf, uint32_t slot, uint64_t bytenr);

/*
 * Tell @take of the items that the indirect reference @ref counts, by ascending file offset. 0,
 * what @take returned to stop, or a negative errno. MIRRORS: resolve_indirect_ref(),
 * add_all_parents() v6.18 at level 0
 */
int ref_items_counted(struct ref_items *items, const struct extent_ref *ref, ref_item_fn take,
		      void *context);

/*
 * Tell @take of every item in the leaf at @bytenr that refers to the extent, in slot order. As
 * above. MIRRORS: find_extent_in_eb() v6.18
 */
int ref_items_in_leaf(struct ref_items *items, uint64_t leaf, ref_item_fn take, void *context);

#endif
