/* SPDX-License-Identifier: GPL-2.0 */
#include "profiler/trace_figures.h"

#include <errno.h>
#include <string.h>

static const char *const tier_names[TIER_COUNT] = {
	[TIER_PIPE] = "pipe",
	[TIER_TRACEPOINT] = "tracepoint",
	[TIER_FUNCTION] = "function",
};

static const struct {
	const char *key;
	const char *sentence;
} metrics[METRIC_COUNT] = {
#define TRACE_METRIC(id, key, sentence) {key, sentence},
#include "profiler/trace_metric.def"
#undef TRACE_METRIC
};

static const char *const part_names[PART_COUNT] = {
	[PART_BACKREF] = "backrefs",
	[PART_PATH] = "paths",
	[PART_READ] = "reading data",
	[PART_WRITE] = "writing commands",
	[PART_OTHER] = "other work",
	[PART_OUTPUT_BLOCKED] = "waiting for the reader",
	[PART_IO_BLOCKED] = "waiting for the device",
	[PART_OFF_CPU] = "off the processor",
};

const char *trace_tier_name(enum trace_tier tier)
{
	return tier_names[tier];
}

bool trace_tier_find(const char *name, enum trace_tier *tier)
{
	for (unsigned int i = 0; i < TIER_COUNT; i++) {
		if (strcmp(name, tier_names[i]))
			continue;
		*tier = i;
		return true;
	}
	return false;
}

const char *trace_metric_key(enum trace_metric metric)
{
	return metrics[metric].key;
}

const char *trace_metric_sentence(enum trace_metric metric)
{
	return metrics[metric].sentence;
}

const char *trace_part_name(enum trace_part part)
{
	return part_names[part];
}

const struct search_counter search_counters[SEARCH_COUNTERS] = {
#define ROW(name, member, of_searches, metric)                                                 \
	{                                                                                      \
		name, offsetof(struct backref_counters, member), of_searches, METRIC_##metric, \
	}
	ROW("extents looked at", searches, false, CLONE_SEARCHES),
	ROW("a clone source was found", results[BACKREF_CLONE], true, CLONE_SEARCHES),
	ROW("walked, nothing usable", results[BACKREF_NO_CLONE], true, CLONE_SEARCHES),
	ROW("only our own reference: not walked", results[BACKREF_SINGLE_REF], true,
	    CLONE_SEARCHES),
	ROW("too many references: not walked", results[BACKREF_OVER_LIMIT], true, CLONE_SEARCHES),
	ROW("candidates evaluated", candidates, false, CANDIDATES),
	ROW("searches ended by a perfect one", early_stops, false, EARLY_STOPS),
	ROW("preliminary references", preliminary_references, false, PRELIMINARY_REFERENCES),
	ROW("leaves resolved to their roots", leaves_resolved, false, LEAF_ROOTS),
	ROW("roots they were found to have", roots_found, false, ROOTS_FOUND),
#undef ROW
};

uint64_t search_count(const struct backref_counters *counters, const struct search_counter *counter)
{
	return *(const uint64_t *)((const char *)counters + counter->offset);
}

bool trace_is_divided(const struct trace_figures *figures)
{
	for (enum trace_part part = 0; part < PART_OTHER; part++) {
		if (figures->parts_ns[part])
			return true;
	}
	return false;
}

/* Those that only the kernel knows: on the way to user space they become others, or none. */
static bool is_interruption(int64_t error)
{
	enum { ERESTARTSYS = 512, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK = 516 };

	return error == EINTR || error == ERESTARTSYS || error == ERESTARTNOINTR ||
	       error == ERESTARTNOHAND || error == ERESTART_RESTARTBLOCK;
}

const char *trace_result_text(int64_t result)
{
	if (!result)
		return "done";
	if (result > 0)
		return "ended, how was not seen";
	return is_interruption(-result) ? "interrupted" : strerror((int)-result);
}
