/* SPDX-License-Identifier: GPL-2.0 */
/* What is known of a side from watching its send, wherever in the result it stands. */
#ifndef REPORTS_TRACED_H
#define REPORTS_TRACED_H

#include "profiler/result.h"

/* The figures, when they tell this metric; else NULL. */
const struct trace_figures *traced(const struct side_result *side, enum trace_metric metric);

/*
 * Counters of a cache, NULL when they are not known: of a send that was watched, what was seen;
 * else what the sender says of itself.
 */
const struct cache_counters *traced_cache(const struct side_result *side, enum cache_id cache);
/* Of the search for clone sources, as far as @metric is among what is known; else NULL. */
const struct backref_counters *traced_backrefs(const struct side_result *side,
					       enum trace_metric metric);

/* Nothing at all is known of an engine's send: the kernel's was only watched. */
bool traced_kernel_alone(const struct result *result);

/* The side whose single events are shown: the kernel's if they were taken; SIDE_COUNT: none. */
enum side traced_details(const struct result *result);
/* Of the kernel's send some events were dropped: what rests on them is incomplete. */
bool traced_incomplete(const struct side_result *side);

/* Duration of the send that was watched. */
uint64_t traced_duration_ns(const struct trace_figures *figures);

#endif
