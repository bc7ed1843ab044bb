/* SPDX-License-Identifier: GPL-2.0 */
/* Both questions are answered by sorting the two sides by hash and merging them. */
#include "profiler/stream_anchor.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

struct occurrence {
	uint64_t hash;
	uint32_t index;
};

/* Both sides of a range, each sorted by hash. */
struct sorted {
	struct occurrence *left;
	struct occurrence *right;
	size_t left_count;
	size_t right_count;
};

/* All occurrences of one hash on each side. */
struct runs {
	size_t left;
	size_t left_length;
	size_t right;
	size_t right_length;
};

static int compare_occurrences(const void *a, const void *b)
{
	const struct occurrence *first = a, *second = b;

	if (first->hash != second->hash)
		return first->hash < second->hash ? -1 : 1;
	return first->index < second->index ? -1 : first->index > second->index;
}

static int compare_anchors(const void *a, const void *b)
{
	const struct anchor *first = a, *second = b;

	return first->left < second->left ? -1 : first->left > second->left;
}

static struct occurrence *sorted_occurrences(const uint64_t *hashes, uint32_t begin, uint32_t end)
{
	struct occurrence *occurrences = reallocarray(NULL, end - begin, sizeof(*occurrences));

	if (!occurrences)
		return NULL;
	for (uint32_t i = begin; i < end; i++)
		occurrences[i - begin] = (struct occurrence){.hash = hashes[i], .index = i};
	qsort(occurrences, end - begin, sizeof(*occurrences), compare_occurrences);
	return occurrences;
}

/* The number of occurrences of the hash at @at. */
static size_t run_length(const struct occurrence *occurrences, size_t count, size_t at)
{
	size_t end = at + 1;

	while (end < count && occurrences[end].hash == occurrences[at].hash)
		end++;
	return end - at;
}

/*
 * Step through both sides hash by hash: the next one that both have, as the runs of its
 * occurrences. False when there is none left.
 */
static bool next_common(const struct sorted *sorted, struct runs *runs)
{
	size_t i = runs->left + runs->left_length, j = runs->right + runs->right_length;

	while (i < sorted->left_count && j < sorted->right_count) {
		if (sorted->left[i].hash < sorted->right[j].hash) {
			i++;
		} else if (sorted->left[i].hash > sorted->right[j].hash) {
			j++;
		} else {
			*runs = (struct runs){
				.left = i,
				.left_length = run_length(sorted->left, sorted->left_count, i),
				.right = j,
				.right_length = run_length(sorted->right, sorted->right_count, j),
			};
			return true;
		}
	}
	return false;
}

/* Fill @anchors, ordered by left index, with what occurs exactly once on each side. */
static size_t collect_anchors(const struct sorted *sorted, struct anchor *anchors)
{
	struct runs runs = {0};
	size_t count = 0;

	while (next_common(sorted, &runs)) {
		if (runs.left_length == 1 && runs.right_length == 1)
			anchors[count++] = (struct anchor){
				.left = sorted->left[runs.left].index,
				.right = sorted->right[runs.right].index,
			};
	}
	qsort(anchors, count, sizeof(*anchors), compare_anchors);
	return count;
}

/* Mark, by index from the range's begin, what both sides have, and count it. */
static void mark_common(const struct sorted *sorted, const struct align_range *range,
			bool *marked[2], size_t counts[2])
{
	struct runs runs = {0};

	counts[0] = counts[1] = 0;
	while (next_common(sorted, &runs)) {
		for (size_t i = 0; i < runs.left_length; i++)
			marked[0][sorted->left[runs.left + i].index - range->left_begin] = true;
		for (size_t i = 0; i < runs.right_length; i++)
			marked[1][sorted->right[runs.right + i].index - range->right_begin] = true;
		counts[0] += runs.left_length;
		counts[1] += runs.right_length;
	}
}

/*
 * Link the longest chain of anchors that rises on the right too: piles[p] is the anchor with the
 * lowest right index that ends a chain of p + 1. Returns the last anchor of the chain.
 */
static uint32_t longest_chain(struct anchor *anchors, size_t count, uint32_t *piles)
{
	size_t length = 0;

	for (size_t i = 0; i < count; i++) {
		size_t low = 0, high = length;

		while (low < high) {
			size_t middle = (low + high) / 2;

			if (anchors[piles[middle]].right < anchors[i].right)
				low = middle + 1;
			else
				high = middle;
		}
		anchors[i].previous = low ? piles[low - 1] : ALIGN_NONE;
		piles[low] = (uint32_t)i;
		if (low == length)
			length++;
	}
	return length ? piles[length - 1] : ALIGN_NONE;
}

static void sorted_release(struct sorted *sorted)
{
	free(sorted->left);
	free(sorted->right);
}

static int sorted_init(struct sorted *sorted, const uint64_t *left, const uint64_t *right,
		       const struct align_range *range)
{
	*sorted = (struct sorted){
		.left = sorted_occurrences(left, range->left_begin, range->left_end),
		.right = sorted_occurrences(right, range->right_begin, range->right_end),
		.left_count = range->left_end - range->left_begin,
		.right_count = range->right_end - range->right_begin,
	};
	if (sorted->left && sorted->right)
		return 0;
	sorted_release(sorted);
	return -ENOMEM;
}

int anchors_find(const uint64_t *left, const uint64_t *right, const struct align_range *range,
		 struct anchor **anchors, uint32_t *last)
{
	struct sorted sorted;
	struct anchor *found = NULL;
	uint32_t *piles = NULL;
	size_t most;
	int ret = sorted_init(&sorted, left, right, range);

	if (ret)
		return ret;
	most = sorted.left_count < sorted.right_count ? sorted.left_count : sorted.right_count;
	found = reallocarray(NULL, most, sizeof(*found));
	piles = reallocarray(NULL, most, sizeof(*piles));
	if (found && piles) {
		*last = longest_chain(found, collect_anchors(&sorted, found), piles);
		*anchors = found;
	} else {
		free(found);
		ret = -ENOMEM;
	}
	free(piles);
	sorted_release(&sorted);
	return ret;
}

static int element_list_init(struct element_list *list, size_t most)
{
	list->hashes = reallocarray(NULL, most + 1, sizeof(*list->hashes));
	list->index = reallocarray(NULL, most + 1, sizeof(*list->index));
	return list->hashes && list->index ? 0 : -ENOMEM;
}

void element_list_release(struct element_list *list)
{
	free(list->hashes);
	free(list->index);
}

/* Append the elements of @hashes [begin, end) that are marked. */
static void take_marked(struct element_list *list, const uint64_t *hashes, uint32_t begin,
			uint32_t end, const bool *marked)
{
	for (uint32_t i = begin; i < end; i++) {
		if (!marked[i - begin])
			continue;
		list->hashes[list->count] = hashes[i];
		list->index[list->count++] = i;
	}
}

int common_elements(const uint64_t *left, const uint64_t *right, const struct align_range *range,
		    struct element_list lists[2])
{
	struct sorted sorted;
	bool *marked[2];
	size_t counts[2];
	int ret = sorted_init(&sorted, left, right, range);

	if (ret)
		return ret;
	marked[0] = calloc(sorted.left_count, sizeof(bool));
	marked[1] = calloc(sorted.right_count, sizeof(bool));
	if (marked[0] && marked[1])
		mark_common(&sorted, range, marked, counts);
	else
		ret = -ENOMEM;
	sorted_release(&sorted);
	for (size_t side = 0; side < 2 && !ret; side++)
		ret = element_list_init(&lists[side], counts[side]);
	if (!ret) {
		take_marked(&lists[0], left, range->left_begin, range->left_end, marked[0]);
		take_marked(&lists[1], right, range->right_begin, range->right_end, marked[1]);
	}
	free(marked[0]);
	free(marked[1]);
	return ret;
}
