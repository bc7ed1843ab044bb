/* SPDX-License-Identifier: GPL-2.0 */
#include "reports/traced.h"

const struct trace_figures *traced(const struct side_result *side, enum trace_metric metric)
{
	return side->trace && trace_knows(side->trace, metric) ? side->trace : NULL;
}

const struct cache_counters *traced_cache(const struct side_result *side, enum cache_id cache)
{
	static const enum trace_metric metrics[CACHE_COUNT] = {
		[CACHE_NAME] = METRIC_CACHE_NAME,
		[CACHE_BACKREF] = METRIC_CACHE_BACKREF,
		[CACHE_DIR_CREATED] = METRIC_CACHE_DIR_CREATED,
		[CACHE_DIR_UTIMES] = METRIC_CACHE_DIR_UTIMES,
	};

	if (traced(side, metrics[cache]))
		return &side->trace->caches[cache];
	return side->has_caches && !side->trace ? &side->caches[cache] : NULL;
}

const struct backref_counters *traced_backrefs(const struct side_result *side,
					       enum trace_metric metric)
{
	if (traced(side, metric))
		return &side->trace->backrefs;
	return side->has_caches && !side->trace ? &side->backrefs : NULL;
}

bool traced_kernel_alone(const struct result *result)
{
	const struct side_result *engine = &result->sides[SIDE_ENGINE];

	return result->sides[SIDE_KERNEL].trace && !engine->sample_count && !engine->trace &&
	       !engine->has_caches;
}

enum side traced_details(const struct result *result)
{
	enum side side = SIDE_KERNEL;

	while (side < SIDE_COUNT && !result->sides[side].details)
		side++;
	return side;
}

bool traced_incomplete(const struct side_result *side)
{
	return side->trace && side->trace->dropped;
}

uint64_t traced_duration_ns(const struct trace_figures *figures)
{
	return figures->ended_ns > figures->began_ns ? figures->ended_ns - figures->began_ns : 0;
}
