/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of data extents and of the leaves that refer to them, kept between searches. A
 * reference is resolved when it is first asked for, once; so are the roots that reach a leaf.
 *
 * The index is bounded by a number of bytes: the extents that were not asked for longest go first,
 * and everything is found again when it is asked for again.
 */
#ifndef ENGINE_BACKREF_EXTENT_INDEX_H
#define ENGINE_BACKREF_EXTENT_INDEX_H

#include "engine/backref/walk.h"

struct index_leaf {
	uint64_t bytenr;
	uint64_t *roots; /* that reach it, in the order of backref_find_roots() */
	uint32_t root_count;
	bool has_roots;
	/* The user's. */
	void *cached;
	uint64_t visit;
};

/* A file extent item that refers to the extent. */
struct index_item {
	uint64_t ino;
	uint64_t offset;      /* of the item, in the file */
	uint64_t data_offset; /* where its data begins in the extent */
	uint64_t num_bytes;
	struct index_leaf *leaf;
	bool is_encoded; /* compressed: it stands for any position */
};

#define INDEX_FAR UINT32_MAX

struct index_ref {
	uint64_t root_id; /* 0 for a shared reference */
	uint64_t ino;
	uint64_t offset;
	uint64_t counted;	 /* how many items it stands for */
	struct index_leaf *leaf; /* of a shared reference, once resolved */
	uint32_t first, count;	 /* its items: by file offset; of a shared one by slot */
	bool is_resolved;
};

/* For who looks at very many references: what matters of one in a few bytes. */
struct index_prefix {
	uint64_t ino;
	struct index_leaf *leaf; /* of its item */
	/* A number that two extents share here if the leaves up to here are the same, in order. */
	uint64_t leaves;
	/*
	 * The positions in the extent that each one up to here stands for. Positions from
	 * INDEX_FAR on are not told apart.
	 */
	uint32_t begin, end;
};

/* Neighbours in the prefix that have one leaf. */
struct index_run {
	struct index_leaf *leaf;
	uint32_t end; /* behind the last of them, as a number in the prefix */
};

struct index_extent {
	/* What each search needs lies together. */
	struct index_extent *newer, *older; /* private */
	uint64_t bytenr;
	uint64_t references;
	struct index_ref *refs; /* in visiting order, shared ones last */
	/* Of the first references that are of one root, and have one item each; once resolved. */
	struct index_prefix *prefix;
	struct index_run *runs;
	struct index_item *items;
	size_t prefix_count;
	/* The user's: of the prefix, those that came before what the last search looked at. */
	size_t unsent;
	size_t ref_count;
	size_t item_count;
	size_t barren; /* the user's: of refs, those at its end that are of no use */
	/* The rest is private. */
	size_t item_capacity;
	struct extent_ref_list shared; /* its shared references */
	size_t bytes;
	size_t run_count, run_capacity;
};

struct extent_index;

/* @filter is asked whether extents and tree blocks have too many references to be looked at. */
int extent_index_new(struct volume *volume, const struct extent_ref_filter *filter,
		     size_t max_bytes, struct extent_index **out);
/* Accepts NULL. */
void extent_index_free(struct extent_index *index);

/*
 * A leaf is about to be dropped: @dropped is told, so that nothing points to it any more; and a new
 * one is made, for which @made can say what was known of it.
 */
void extent_index_watch_leaves(struct extent_index *index,
			       void (*made)(void *context, struct index_leaf *leaf),
			       void (*dropped)(void *context, struct index_leaf *leaf),
			       void *context);

/*
 * Get the extent at @bytenr; NULL when it is not known to the filesystem, or the filter does not
 * accept it. Valid until the next call. 0 or a negative errno.
 */
int extent_index_get(struct extent_index *index, uint64_t bytenr, struct index_extent **out);

/* Make the items of one of its references known; the array of items may move. */
int extent_index_resolve(struct extent_index *index, struct index_extent *extent, size_t ref);

/* Make the roots of a leaf known. */
int extent_index_find_roots(struct extent_index *index, struct index_leaf *leaf);

/* Memory in use, and the most that ever was. */
size_t extent_index_bytes(const struct extent_index *index);
size_t extent_index_peak_bytes(const struct extent_index *index);
const struct backref_counters *extent_index_counters(const struct extent_index *index);

#endif
