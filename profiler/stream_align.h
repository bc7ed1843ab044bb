/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The alignment of two sequences of 64-bit hashes: which element of the one stands for which of the
 * other, in order. Bounded time and memory for any input: a shortest edit script where the
 * sequences are alike (Myers 1986, linear space), anchors on hashes that are unique on both sides
 * where they are not, and a greedy path where there are no anchors either.
 */
#ifndef PROFILER_STREAM_ALIGN_H
#define PROFILER_STREAM_ALIGN_H

#include <stddef.h>
#include <stdint.h>

#define ALIGN_NONE UINT32_MAX

/* Buffers kept between calls. */
struct aligner;

/* NULL without memory. Free with aligner_free(), which accepts NULL. */
struct aligner *aligner_new(void);
void aligner_free(struct aligner *aligner);

/*
 * Align @left [left_begin, left_end) with @right [right_begin, right_end): partner[i] is set to the
 * index in @right of the element equal to left[i], and left alone where there is none. Partners
 * rise. Indexes are below ALIGN_NONE. 0 or -ENOMEM.
 */
struct align_range {
	uint32_t left_begin;
	uint32_t left_end;
	uint32_t right_begin;
	uint32_t right_end;
	unsigned int anchor_tries; /* private */
};
int align_range(struct aligner *aligner, const uint64_t *left, const uint64_t *right,
		struct align_range range, uint32_t *partner);

#endif
