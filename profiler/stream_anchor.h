/* SPDX-License-Identifier: GPL-2.0 */
/* For the aligner: which elements two sequences share, and which of them can serve as anchors. */
#ifndef PROFILER_STREAM_ANCHOR_H
#define PROFILER_STREAM_ANCHOR_H

#include "profiler/stream_align.h"

/* An element that occurs exactly once on each side. */
struct anchor {
	uint32_t left;
	uint32_t right;
	uint32_t previous; /* in the longest rising chain that ends here; ALIGN_NONE: the first */
};

/*
 * The longest chain of anchors of @range that rises on both sides: its last one is
 * (*@anchors)[*@last], ALIGN_NONE if there is none. The caller frees *@anchors. 0 or -ENOMEM.
 */
int anchors_find(const uint64_t *left, const uint64_t *right, const struct align_range *range,
		 struct anchor **anchors, uint32_t *last);

/* Some elements of a sequence, in its order. */
struct element_list {
	uint64_t *hashes;
	uint32_t *index; /* where each was */
	uint32_t count;
};

/* Fill @lists with the elements of either side of @range that the other side has too. */
int common_elements(const uint64_t *left, const uint64_t *right, const struct align_range *range,
		    struct element_list lists[2]);
void element_list_release(struct element_list *list);

#endif
