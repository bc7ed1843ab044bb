/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a search for a clone source came across of others who have bytes of the extent. It only
 * takes notes: what the search finds, and in which order it looks, does not depend on them.
 */
#ifndef ENGINE_SEND_CLONE_SHARING_H
#define ENGINE_SEND_CLONE_SHARING_H

#include "engine/send/clone_loss.h"

#include <stdbool.h>

/* Who has bytes of the extent. Of a byte that several have, the first one here is the reason. */
enum clone_sharing_kind {
	SHARING_UNKNOWN,    /* blocks moved, nobody knows */
	SHARING_OVER_LIMIT, /* somebody, nobody looked who */
	SHARING_USABLE,	    /* the receiver, and it could be cloned */
	SHARING_SAME_FILE,  /* before in the same file, but that does not count as sent */
	SHARING_LATER_PART, /* the receiver, but not the first byte: that is what is looked for */
	SHARING_HIDDEN,	    /* somebody behind a tree block with too many references */
	SHARING_ELSEWHERE,  /* a snapshot that could be a clone source, but is none */
	SHARING_LATER,	    /* the sent snapshot, further on */
	SHARING_KINDS,
	SHARING_NONE = SHARING_KINDS,
};

/* By kind, from the first such byte to the last; empty: none. Offsets in the extent. */
struct clone_sharing {
	struct clone_sharing_range {
		uint64_t begin, end;
	} by[SHARING_KINDS];
};

void clone_sharing_add(struct clone_sharing *sharing, enum clone_sharing_kind kind, uint64_t begin,
		       uint64_t end);

/*
 * Why the *@bytes, at least one, at @position of the extent are written: @reason if they could be
 * cloned, @unshared if nobody else has them. *@bytes is cut to those with this one reason.
 */
enum clone_loss clone_sharing_loss(const struct clone_sharing *sharing, uint64_t position,
				   uint64_t *bytes, enum clone_loss reason,
				   enum clone_loss unshared);

#endif
