/* SPDX-License-Identifier: GPL-2.0 */
/* Where and how two stored streams that differ do so, in the terms of the result model. */
#ifndef PROFILER_DIVERGENCE_H
#define PROFILER_DIVERGENCE_H

#include "profiler/result.h"
#include "profiler/stream_store.h"

/*
 * Fill @divergence, which is empty before, for two whole streams that differ first at byte @offset.
 * 0 or a negative errno; what was filled until then is owned by @divergence in any case.
 */
int divergence_find(const struct stream_store *kernel, const struct stream_store *engine,
		    uint64_t offset, struct divergence *divergence, struct failure *failure);

#endif
