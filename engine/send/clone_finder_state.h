/* SPDX-License-Identifier: GPL-2.0 */
/* A clone finder's own state, shared by clone_finder.c and the two ways of finding references. */
#ifndef ENGINE_SEND_CLONE_FINDER_STATE_H
#define ENGINE_SEND_CLONE_FINDER_STATE_H

#include "engine/backref/walk.h"
#include "engine/core/lru_cache.h"
#include "engine/send/clone_finder.h"

struct index_leaf;
struct indexed_search;

/* What else is known of the roots that reach a leaf. */
enum {
	LEAF_ELSEWHERE = 1u << 0, /* one could be a clone source, but was not given as one */
	LEAF_HIDDEN = 1u << 1,	  /* some lie behind a tree block with too many references */
};

/* The roots among the clone roots that reach a leaf, in the order in which they were found. */
struct leaf_roots {
	struct lru_entry entry;
	struct index_leaf *leaf; /* of the index, which points back; or NULL */
	unsigned int seen;	 /* LEAF_* */
	size_t count;
	uint64_t ids[];
};

struct clone_finder {
	struct volume *volume;
	struct root *send_root;
	struct clone_root *roots;
	size_t root_count;
	const struct generation *generation;
	uint64_t kernel_limit;	   /* of references, in this generation */
	uint64_t references_limit; /* extents and tree blocks with more are not looked at */
	struct backref_visitor visitor;
	struct backref_walker *walker;	/* NULL: indexed */
	struct indexed_search *indexed; /* NULL: faithful */
	struct lru_cache leaf_cache;
	unsigned int cache_epoch; /* of the volume when the cache's first entry was stored */
	struct backref_counters counters;
	clone_told_fn told; /* NULL: nobody wants to know */
	void *told_context;

	/* The search under way. */
	const struct clone_query *query;
	struct clone_search *search;
	bool any_candidate;
	bool own_ref_seen;
	unsigned int leaf_seen; /* as in struct leaf_roots, of the leaf looked up last */
	int error;		/* of a look at a candidate's inode */
};

/* ---- clone_finder.c ---- */

/* Under what the cache remembers a leaf. */
uint64_t clone_finder_leaf_key(const struct clone_finder *finder, uint64_t leaf);

/* Remember the roots of a leaf. NULL when they are not: too many, or it is there already. */
struct leaf_roots *clone_finder_store_leaf(struct clone_finder *finder, uint64_t leaf,
					   const uint64_t *roots, size_t count);

/* May this root be cloned from? */
bool clone_finder_is_source(const struct clone_finder *finder, uint64_t root_id);

/* Judge a reference as clone source, and keep it if it is the best so far. */
enum clone_rule clone_finder_judge(struct clone_finder *finder,
				   const struct backref_candidate *candidate);

/* The extent_ref_filter's skip_data_ref(). */
bool clone_finder_skip_own_ref(void *context, uint64_t root_id, uint64_t ino, uint64_t offset);

/* ---- clone_finder_indexed.c ---- */

int indexed_search_new(struct clone_finder *finder, size_t max_bytes);
/* Accepts NULL. */
void indexed_search_free(struct indexed_search *indexed);
/* What backref_walk() does for the query under way, from the index. 0 or a negative errno. */
int indexed_search_run(struct clone_finder *finder);
/* As backref_walker_counters(). */
const struct backref_counters *indexed_search_counters(const struct indexed_search *indexed);
uint32_t indexed_search_last_leaves(const struct indexed_search *indexed);
size_t indexed_search_peak_bytes(const struct indexed_search *indexed);

#endif
