/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a data extent to everyone who refers to it, in the kernel's own order. MIRRORS:
 * iterate_extent_inodes() v6.18 with everything below it.
 *
 *   data extent -> references (extent_refs.h, descending) -> leaves with matching file extent items
 *               -> roots that reach each leaf -> candidates (inode, offset, root)
 *
 * A leaf whose roots the visitor already knows is evaluated at once, while the leaves are still
 * being collected; the others wait until all are. The visitor may end the walk at any candidate, so
 * what it has cached decides which candidate comes first.
 */
#ifndef ENGINE_BACKREF_WALK_H
#define ENGINE_BACKREF_WALK_H

#include "engine/backref/extent_refs.h"

struct backref_candidate {
	uint64_t root_id;
	uint64_t ino;
	uint64_t offset;      /* in the file, of the byte that the walk asks for */
	uint64_t num_bytes;   /* of the whole file extent item */
	uint64_t data_offset; /* where the item's data begins in the extent */
};

struct backref_visitor {
	struct extent_ref_filter filter; /* its context is passed to all of these */
	/* The roots that reach @leaf, if known; borrowed until the next call. */
	bool (*cache_lookup)(void *context, uint64_t leaf, const uint64_t **roots, size_t *count);
	void (*cache_store)(void *context, uint64_t leaf, const uint64_t *roots, size_t count);
	/* True ends the walk. */
	bool (*candidate)(void *context, const struct backref_candidate *candidate);
	/*
	 * For notes. An item of @leaf is about to be evaluated with each of the leaf's roots, which
	 * were looked up or stored just before; or it is passed over, since it shows only what lies
	 * behind the position. Its root_id is 0.
	 */
	void (*evaluating)(void *context, uint64_t leaf, const struct backref_candidate *item);
	void (*passed_over)(void *context, uint64_t leaf, const struct backref_candidate *item);
};

/* What is looked for. */
struct backref_query {
	uint64_t bytenr;	/* of the data extent */
	uint64_t position;	/* offset in the (uncompressed) extent that an item has to cover */
	bool filter_compressed; /* compressed items, too, have to cover it */
	bool as_listed;		/* as the first send did: walk_listed.c */
};

struct backref_walker;

int backref_walker_new(struct volume *volume, const struct backref_visitor *visitor,
		       struct backref_walker **out);
/* Accepts NULL. */
void backref_walker_free(struct backref_walker *walker);

/* Walk until the end or until the visitor has enough. 0 or a negative errno. */
int backref_walk(struct backref_walker *walker, const struct backref_query *query);

/* Counters since the walker was made: preliminary references, leaves; and of the last walk. */
const struct backref_counters *backref_walker_counters(const struct backref_walker *walker);
uint32_t backref_walker_last_leaves(const struct backref_walker *walker);

#endif
