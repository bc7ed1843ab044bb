/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Elements that only one side has are set aside; the rest is divided and conquered over a stack of
 * ranges. Each range is trimmed of its common head and tail, then split at a point that the path
 * through it passes:
 *
 *	1. the middle of a shortest edit script, if it has at most 2 * COST_MAX edits;
 *	2. else all elements that are unique on both sides and rise together (patience), tried a few
 *	   times only, since it sorts the range;
 *	3. else the furthest point reached by step 1.
 *
 * Step 3 costs COST_MAX^2 and advances by COST_MAX at least, so the whole stays below
 * (n + m) * COST_MAX steps and a few sorts.
 */
#include "profiler/stream_align.h"

#include "profiler/stream_anchor.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
	COST_MAX = 512,		/* edits looked at from either end of a range */
	ANCHOR_TRIES = 8,	/* how often one range and its parts may be sorted for anchors */
	COMMON_SIZE_MIN = 2048, /* smaller ranges are aligned as they are */
	FRONT_SIZE = 2 * (COST_MAX + 1) + 1,
	UNREACHED = -1,
};

struct aligner {
	const uint64_t *left;
	const uint64_t *right;
	uint32_t *partner;
	struct align_range *stack;
	size_t depth;
	size_t capacity;
	/* The furthest x on each diagonal x - y, counted from that of the range's corner. */
	int64_t forward[FRONT_SIZE];
	int64_t backward[FRONT_SIZE];
};

struct point {
	uint32_t left;
	uint32_t right;
};

struct aligner *aligner_new(void)
{
	return calloc(1, sizeof(struct aligner));
}

void aligner_free(struct aligner *aligner)
{
	if (aligner)
		free(aligner->stack);
	free(aligner);
}

static bool is_empty(const struct align_range *range)
{
	return range->left_begin == range->left_end || range->right_begin == range->right_end;
}

static int push(struct aligner *aligner, struct align_range range)
{
	if (is_empty(&range))
		return 0;
	if (aligner->depth == aligner->capacity) {
		size_t capacity = aligner->capacity ? aligner->capacity * 2 : 64;
		struct align_range *stack = reallocarray(aligner->stack, capacity, sizeof(*stack));

		if (!stack)
			return -ENOMEM;
		aligner->stack = stack;
		aligner->capacity = capacity;
	}
	aligner->stack[aligner->depth++] = range;
	return 0;
}

static int push_both_sides(struct aligner *aligner, const struct align_range *range,
			   struct point split, unsigned int anchor_tries)
{
	struct align_range before = *range, after = *range;
	int ret;

	before.left_end = after.left_begin = split.left;
	before.right_end = after.right_begin = split.right;
	before.anchor_tries = after.anchor_tries = anchor_tries;
	ret = push(aligner, after);
	return ret ? ret : push(aligner, before);
}

/* Pair the common head and tail off. */
static void trim(struct aligner *aligner, struct align_range *range)
{
	const uint64_t *left = aligner->left, *right = aligner->right;

	while (!is_empty(range) && left[range->left_begin] == right[range->right_begin])
		aligner->partner[range->left_begin++] = range->right_begin++;
	while (!is_empty(range) && left[range->left_end - 1] == right[range->right_end - 1])
		aligner->partner[--range->left_end] = --range->right_end;
}

/* One more edit on diagonal @k from the start, then along equal elements. UNREACHED: off the box.
 */
static int64_t step_forward(const struct aligner *aligner, const struct align_range *range,
			    const int64_t *front, int64_t diagonal)
{
	int64_t x = UNREACHED;

	if (front[-1] != UNREACHED && front[-1] < range->left_end)
		x = front[-1] + 1;
	if (front[1] != UNREACHED && front[1] - diagonal <= range->right_end && front[1] > x)
		x = front[1];
	if (x == UNREACHED)
		return UNREACHED;
	while (x < range->left_end && x - diagonal < range->right_end &&
	       aligner->left[x] == aligner->right[x - diagonal])
		x++;
	return x;
}

static int64_t step_backward(const struct aligner *aligner, const struct align_range *range,
			     const int64_t *front, int64_t diagonal)
{
	int64_t x = UNREACHED;

	if (front[1] != UNREACHED && front[1] > range->left_begin)
		x = front[1] - 1;
	if (front[-1] != UNREACHED && front[-1] - diagonal >= range->right_begin &&
	    (x == UNREACHED || front[-1] < x))
		x = front[-1];
	if (x == UNREACHED)
		return UNREACHED;
	while (x > range->left_begin && x - diagonal > range->right_begin &&
	       aligner->left[x - 1] == aligner->right[x - 1 - diagonal])
		x--;
	return x;
}

/* A front is read one diagonal beyond what was reached: mark those two. */
static void widen(int64_t *centre, int64_t cost)
{
	centre[-cost] = centre[cost] = UNREACHED;
	centre[-cost - 1] = centre[cost + 1] = UNREACHED;
}

static struct point point_at(int64_t x, int64_t diagonal)
{
	return (struct point){.left = (uint32_t)x, .right = (uint32_t)(x - diagonal)};
}

/*
 * Two fronts grow from the corners of the box until they meet. The range is trimmed and not empty,
 * so the script has two edits or more and the meeting point is neither corner. Without a meeting
 * within COST_MAX, @split is the point furthest from the start; returns whether they met.
 */
static bool find_middle(struct aligner *aligner, const struct align_range *range,
			struct point *split)
{
	int64_t from = (int64_t)range->left_begin - range->right_begin;
	int64_t to = (int64_t)range->left_end - range->right_end;
	int64_t shift = to - from; /* forward's diagonal k is backward's k - shift */
	int64_t *forward = aligner->forward + COST_MAX + 1;
	int64_t *backward = aligner->backward + COST_MAX + 1;
	uint64_t furthest = 0;
	bool odd = shift & 1;

	widen(forward, 0);
	widen(backward, 0);
	forward[0] = range->left_begin;
	backward[0] = range->left_end;
	for (int64_t cost = 1; cost <= COST_MAX; cost++) {
		widen(forward, cost);
		for (int64_t k = -cost; k <= cost; k += 2) {
			int64_t x = step_forward(aligner, range, forward + k, from + k);
			int64_t other = k - shift;

			forward[k] = x;
			if (x == UNREACHED)
				continue;
			if ((uint64_t)(2 * x - from - k) > furthest) {
				furthest = 2 * x - from - k;
				*split = point_at(x, from + k);
			}
			if (odd && llabs(other) < cost && backward[other] != UNREACHED &&
			    backward[other] <= x) {
				*split = point_at(x, from + k);
				return true;
			}
		}
		widen(backward, cost);
		for (int64_t k = -cost; k <= cost; k += 2) {
			int64_t x = step_backward(aligner, range, backward + k, to + k);
			int64_t other = k + shift;

			backward[k] = x;
			if (x != UNREACHED && !odd && llabs(other) <= cost &&
			    forward[other] != UNREACHED && forward[other] >= x) {
				*split = point_at(x, to + k);
				return true;
			}
		}
	}
	return false;
}

/* Push the parts between the anchors of a chain, from its end to its begin. */
static int push_between(struct aligner *aligner, const struct align_range *range,
			const struct anchor *anchors, uint32_t last)
{
	struct align_range rest = *range;

	rest.anchor_tries--;
	for (uint32_t i = last; i != ALIGN_NONE; i = anchors[i].previous) {
		struct align_range part = rest;
		int ret;

		/* The part begins with the anchor, which trim() will pair. */
		part.left_begin = rest.left_end = anchors[i].left;
		part.right_begin = rest.right_end = anchors[i].right;
		ret = push(aligner, part);
		if (ret)
			return ret;
	}
	return push(aligner, rest);
}

/* Split @range at its anchors; *@found says whether there were any. */
static int split_at_anchors(struct aligner *aligner, const struct align_range *range, bool *found)
{
	struct anchor *anchors;
	uint32_t last;
	int ret = anchors_find(aligner->left, aligner->right, range, &anchors, &last);

	if (ret)
		return ret;
	*found = last != ALIGN_NONE;
	if (*found)
		ret = push_between(aligner, range, anchors, last);
	free(anchors);
	return ret;
}

static int solve(struct aligner *aligner, struct align_range range)
{
	struct point split;
	bool found = false;
	int ret;

	trim(aligner, &range);
	if (is_empty(&range))
		return 0;
	if (find_middle(aligner, &range, &split))
		return push_both_sides(aligner, &range, split, range.anchor_tries);
	if (range.anchor_tries) {
		ret = split_at_anchors(aligner, &range, &found);
		if (ret || found)
			return ret;
	}
	return push_both_sides(aligner, &range, split, 0);
}

static int run(struct aligner *aligner, const uint64_t *left, const uint64_t *right,
	       struct align_range range, uint32_t *partner)
{
	int ret;

	aligner->left = left;
	aligner->right = right;
	aligner->partner = partner;
	aligner->depth = 0;
	range.anchor_tries = ANCHOR_TRIES;
	ret = push(aligner, range);
	while (!ret && aligner->depth)
		ret = solve(aligner, aligner->stack[--aligner->depth]);
	return ret;
}

/*
 * The same without the elements that the other side does not have: they cannot be aligned, and
 * streams that share nothing are then no work at all.
 */
static int run_on_common(struct aligner *aligner, const uint64_t *left, const uint64_t *right,
			 const struct align_range *range, uint32_t *partner)
{
	struct element_list lists[2] = {0};
	uint32_t *partners = NULL;
	int ret = common_elements(left, right, range, lists);

	if (!ret)
		partners = reallocarray(NULL, lists[0].count + 1, sizeof(*partners));
	if (!ret && !partners)
		ret = -ENOMEM;
	for (uint32_t i = 0; !ret && i < lists[0].count; i++)
		partners[i] = ALIGN_NONE;
	if (!ret)
		ret = run(aligner, lists[0].hashes, lists[1].hashes,
			  (struct align_range){
				  .left_end = lists[0].count,
				  .right_end = lists[1].count,
			  },
			  partners);
	for (uint32_t i = 0; !ret && i < lists[0].count; i++) {
		if (partners[i] != ALIGN_NONE)
			partner[lists[0].index[i]] = lists[1].index[partners[i]];
	}
	free(partners);
	element_list_release(&lists[0]);
	element_list_release(&lists[1]);
	return ret;
}

int align_range(struct aligner *aligner, const uint64_t *left, const uint64_t *right,
		struct align_range range, uint32_t *partner)
{
	uint64_t size;

	aligner->left = left;
	aligner->right = right;
	aligner->partner = partner;
	trim(aligner, &range);
	size = (uint64_t)range.left_end - range.left_begin + range.right_end - range.right_begin;
	if (size < COMMON_SIZE_MIN || is_empty(&range))
		return run(aligner, left, right, range, partner);
	return run_on_common(aligner, left, right, &range, partner);
}
