/* SPDX-License-Identifier: GPL-2.0 */
/* Which clone source is the parent when only clone sources are given, as `btrfs send -c` has it. */
#ifndef PROFILER_PARENT_CHOICE_H
#define PROFILER_PARENT_CHOICE_H

#include "engine/sendengine.h"

#include <stddef.h>

/*
 * Choose a parent for @snapshot among the clone sources @ids: the subvolume it was made a snapshot
 * of if that is one of them, else the snapshot of the same subvolume whose ctransid is nearest to
 * that one's. 0 with the index in *@choice, -ENOENT with @failure set when none is related, or a
 * read error.
 */
int parent_choose(struct volume *volume, uint64_t snapshot, const uint64_t *ids, size_t count,
		  size_t *choice, struct failure *failure);

#endif
