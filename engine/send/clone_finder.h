/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finding where the receiver can clone an extent from. Which candidate is seen first decides what
 * the stream says, so there are two finders that see them in one order:
 *
 * - the faithful one walks backrefs as the kernel does, for each extent anew, with the kernel's
 *   leaf-to-roots cache; its counters are those of the kernel's work;
 * - the indexed one keeps what it found (backref/extent_index.h) and the state of the kernel's
 *   leaf-to-roots cache, which decides that order. Its counters are those of its own work.
 */
#ifndef ENGINE_SEND_CLONE_FINDER_H
#define ENGINE_SEND_CLONE_FINDER_H

#include "engine/backref/walk.h"
#include "engine/fs/root.h"
#include "engine/send/clone_sharing.h"
#include "engine/send/generation.h"
#include "engine/sendengine.h"

/* A root that may be cloned from, and the best source found in it for the current extent. */
struct clone_root {
	struct root *root;
	uint64_t ino;
	uint64_t offset;
	uint64_t num_bytes;
	bool found;
};

/* The extent for which a source is looked for. */
struct clone_query {
	uint64_t ino;
	uint64_t offset; /* of its file extent item */
	uint64_t length; /* of the item, cut at the end of file */
	uint64_t disk_bytenr;
	uint64_t extent_offset; /* where the item's data begins in the extent */
	uint64_t leaf;		/* bytenr of the leaf with the item */
	uint64_t leaf_owner;	/* its owner: not always the send root */
	uint64_t sent_until;	/* of this inode: behind it nothing can be cloned yet */
	bool compressed;
};

struct clone_finder;

/* What a search did, for the observer. */
struct clone_search {
	enum backref_result result;
	uint64_t references;
	uint64_t candidates;
	uint32_t leaves;
	struct clone_sharing sharing;
};

struct clone_finder_setup {
	enum send_finder kind;
	size_t index_bytes;	 /* what the indexed finder may keep */
	uint64_t max_references; /* as in struct send_request */
	struct root *send_root;
	struct clone_root *roots; /* by id, the send root among them; they stay the caller's */
	size_t root_count;
	const struct generation *generation;
};

int clone_finder_new(struct volume *volume, const struct clone_finder_setup *setup,
		     struct clone_finder **out);
/* Accepts NULL. */
void clone_finder_free(struct clone_finder *finder);

/*
 * Find the best source for @query: *@source is one of the roots, or NULL when there is none. 0 or a
 * negative errno. @search is filled in both cases. MIRRORS: find_extent_clone() v6.18
 */
int clone_finder_find(struct clone_finder *finder, const struct clone_query *query,
		      struct clone_root **source, struct clone_search *search);

/* Told of every reference that a search comes across, in the order of the walk. */
typedef void (*clone_told_fn)(void *context, enum clone_rule rule,
			      const struct backref_candidate *candidate);
void clone_finder_tell(struct clone_finder *finder, clone_told_fn told, void *context);

/* The most memory that its index took; of the faithful one 0. */
size_t clone_finder_peak_bytes(const struct clone_finder *finder);

/* The leaf-to-roots cache, for its counters and its observer. */
struct lru_cache *clone_finder_cache(struct clone_finder *finder);
void clone_finder_get_counters(const struct clone_finder *finder,
			       struct backref_counters *counters);

#endif
