/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The look-ups in the leaf-to-roots cache that belong to one search. Each makes its leaf the most
 * recent one, so to repeat all look-ups of the search before, in their order, changes nothing. That
 * is what searches of neighbours mostly do, so look-ups are noted first, and done at the end unless
 * they are the same.
 */
#ifndef ENGINE_SEND_LOOK_UPS_H
#define ENGINE_SEND_LOOK_UPS_H

#include "engine/backref/extent_index.h"
#include "engine/core/lru_cache.h"

struct looked_up {
	struct index_leaf *leaf; /* of the search under way only */
	uint64_t bytenr;
};

/* Look-ups in their order; one that repeats the one before it counts for nothing. */
struct look_up_list {
	uint64_t prefix; /* stands for the extent's first references, see struct index_prefix */
	struct looked_up *all; /* behind them */
	size_t count, capacity;
};

struct look_ups {
	struct look_up_list now, before;
	bool is_before_known;
	const struct index_extent *extent;
	size_t prefix_refs;
	const struct index_leaf *last;
};

void look_ups_release(struct look_ups *look_ups);

/* Begin a search, with the look-ups of the first @refs references of @extent, in its prefix. */
void look_ups_begin(struct look_ups *look_ups, const struct index_extent *extent, size_t refs);

/* Note one more. 0 or -ENOMEM. */
int look_ups_add(struct look_ups *look_ups, struct index_leaf *leaf);

/* A leaf's entry in the cache, or NULL. */
typedef struct lru_entry *(*look_ups_entry_fn)(const void *context, const struct index_leaf *leaf);

/* Do what was noted: no entry of @cache came or went since the search began. */
void look_ups_settle(struct look_ups *look_ups, struct lru_cache *cache, look_ups_entry_fn entry_of,
		     const void *context);

/* The cache was used in another way: the look-ups before are not the last ones any more. */
void look_ups_forget(struct look_ups *look_ups);

#endif
