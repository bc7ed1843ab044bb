/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/trace_agreement.h"

#include <stdio.h>

#define CACHE_FIELD(name) offsetof(struct cache_counters, name)

static const struct {
	const char *name;
	size_t offset;
} cache_fields[] = {
	{"lookups", CACHE_FIELD(lookups)},	{"hits", CACHE_FIELD(hits)},
	{"stores", CACHE_FIELD(stores)},	{"evictions", CACHE_FIELD(evictions)},
	{"times cleared", CACHE_FIELD(clears)}, {"most entries", CACHE_FIELD(max_entries)},
};

static uint64_t field(const void *counters, size_t offset)
{
	return *(const uint64_t *)((const char *)counters + offset);
}

static void compare(struct trace_agreement *agreement, const char *what, const char *name,
		    uint64_t kernel, uint64_t engine)
{
	struct trace_disagreement *found;

	agreement->compared++;
	if (kernel == engine || agreement->count == AGREEMENT_MAX)
		return;
	found = &agreement->found[agreement->count++];
	snprintf(found->what, sizeof(found->what), "%s, %s", what, name);
	found->kernel = kernel;
	found->engine = engine;
}

static void compare_caches(const struct result *result, const struct generation *generation,
			   struct trace_agreement *agreement)
{
	static const char *const names[CACHE_COUNT] = {
		[CACHE_NAME] = "name cache",
		[CACHE_BACKREF] = "leaf-to-roots cache",
		[CACHE_DIR_CREATED] = "cache of created directories",
		[CACHE_DIR_UTIMES] = "cache of directory times",
	};
	const struct trace_figures *trace = result->sides[SIDE_KERNEL].trace;

	/*
	 * Kernels without the others have a name cache of another kind, halved when it is full. The
	 * engine has it as a generation that does not remember the roots of leaves.
	 */
	if (trace_knows(trace, METRIC_CACHE_BACKREF) !=
	    generation_behaves(generation, BEHAVIOUR_LEAF_ROOTS_CACHED))
		return;
	for (unsigned int cache = 0; cache < CACHE_COUNT; cache++) {
		for (size_t i = 0; i < sizeof(cache_fields) / sizeof(cache_fields[0]); i++) {
			const void *kernel = &result->sides[SIDE_KERNEL].caches[cache];
			const void *engine = &result->sides[SIDE_ENGINE].caches[cache];
			size_t offset = cache_fields[i].offset;

			if (trace_knows(trace, METRIC_CACHE_NAME + cache))
				compare(agreement, names[cache], cache_fields[i].name,
					field(kernel, offset), field(engine, offset));
		}
	}
}

void trace_agreement_check(struct result *result, const struct generation *kernel)
{
	const struct generation engine = {result->generation, result->turned};
	const struct trace_figures *trace = result->sides[SIDE_KERNEL].trace;
	struct trace_agreement *agreement = &result->agreement;

	*agreement = (struct trace_agreement){0};
	if (generation_difference(&engine, kernel))
		return;
	compare_caches(result, &engine, agreement);
	for (size_t i = 0; i < SEARCH_COUNTERS; i++) {
		const struct search_counter *counter = &search_counters[i];

		if (trace_knows(trace, counter->metric))
			compare(agreement, "clone sources", counter->name,
				search_count(&result->sides[SIDE_KERNEL].backrefs, counter),
				search_count(&result->sides[SIDE_ENGINE].backrefs, counter));
	}
}
