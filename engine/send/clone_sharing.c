/* SPDX-License-Identifier: GPL-2.0 */
#include "engine/send/clone_sharing.h"

static bool is_empty(const struct clone_sharing_range *range)
{
	return range->begin == range->end;
}

void clone_sharing_add(struct clone_sharing *sharing, enum clone_sharing_kind kind, uint64_t begin,
		       uint64_t end)
{
	struct clone_sharing_range *range = &sharing->by[kind];

	if (begin >= end)
		return;
	if (is_empty(range) || begin < range->begin)
		range->begin = begin;
	if (end > range->end)
		range->end = end;
}

/* Behind @position another reason may begin at @boundary. */
static void cut_at(uint64_t boundary, uint64_t position, uint64_t *bytes)
{
	if (boundary > position && boundary - position < *bytes)
		*bytes = boundary - position;
}

static enum clone_loss loss_of_kind(enum clone_sharing_kind kind, enum clone_loss reason)
{
	static const enum clone_loss losses[SHARING_KINDS] = {
		[SHARING_UNKNOWN] = CLONE_LOSS_MOVED,
		[SHARING_OVER_LIMIT] = CLONE_LOSS_OVER_LIMIT,
		[SHARING_SAME_FILE] = CLONE_LOSS_SAME_FILE,
		[SHARING_LATER_PART] = CLONE_LOSS_LATER_PART,
		[SHARING_HIDDEN] = CLONE_LOSS_METADATA_OVER_LIMIT,
		[SHARING_ELSEWHERE] = CLONE_LOSS_NO_CLONE_SOURCE,
		[SHARING_LATER] = CLONE_LOSS_FIRST_COPY,
	};

	return kind == SHARING_USABLE ? reason : losses[kind];
}

enum clone_loss clone_sharing_loss(const struct clone_sharing *sharing, uint64_t position,
				   uint64_t *bytes, enum clone_loss reason,
				   enum clone_loss unshared)
{
	enum clone_sharing_kind found = SHARING_NONE;
	bool is_shared = false;

	for (int kind = 0; kind < SHARING_KINDS; kind++) {
		const struct clone_sharing_range *range = &sharing->by[kind];

		if (is_empty(range))
			continue;
		is_shared = true;
		cut_at(range->begin, position, bytes);
		cut_at(range->end, position, bytes);
		if (found == SHARING_NONE && position >= range->begin && position < range->end)
			found = kind;
	}
	if (found != SHARING_NONE)
		return loss_of_kind(found, reason);
	return is_shared && unshared == CLONE_LOSS_UNSHARED ? CLONE_LOSS_OWN_PART : unshared;
}
