/* SPDX-License-Identifier: GPL-2.0 */
/* Which tier of tracing this machine allows. */
#include "profiler/capabilities.h"
#include "profiler/tracer_private.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <unistd.h>

/* Those that cost most; who wants them asks for them. */
static const uint64_t dear_metrics = 1ULL << METRIC_CANDIDATES | 1ULL << METRIC_EARLY_STOPS |
				     1ULL << METRIC_PRELIMINARY_REFERENCES |
				     1ULL << METRIC_ROOTS_FOUND | 1ULL << METRIC_COMMAND_TIMES |
				     1ULL << METRIC_SEARCH_TIMES | 1ULL << METRIC_PATHS |
				     1ULL << METRIC_INODES;

/* What every tier with programs needs; NULL when it is there. */
static const char *general_obstacle(void)
{
	if (!capability_effective(CAP_SYS_ADMIN) &&
	    !(capability_effective(CAP_BPF) && capability_effective(CAP_PERFMON)))
		return "needs root, or CAP_BPF and CAP_PERFMON";
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return "this kernel has no type information (CONFIG_DEBUG_INFO_BTF)";
	return NULL;
}

static void note_reason(struct tracer *tracer, enum trace_tier tier, const char *reason)
{
	if (!tracer->tier_reason[0])
		snprintf(tracer->tier_reason, sizeof(tracer->tier_reason), "%s tier: %.200s",
			 trace_tier_name(tier), reason);
}

static void set_wanted(struct tracer *tracer)
{
	uint64_t all = (1ULL << METRIC_COUNT) - 1;

	tracer->wanted = tracer->options.groups;
	if (!tracer->wanted)
		tracer->wanted = all & ~dear_metrics;
	/* Who asks for searches or for single events wants to know how long they take. */
	if ((tracer->options.groups || tracer->options.records) &&
	    tracer->wanted >> METRIC_CLONE_SEARCHES & 1)
		tracer->wanted |= 1ULL << METRIC_SEARCH_TIMES;
	/*
	 * Without an inode's begin and end nobody knows whose the time is; and what tells of a
	 * command times it.
	 */
	if (tracer->options.records)
		tracer->wanted |= 1ULL << METRIC_INODES | 1ULL << METRIC_COMMAND_TIMES;
	if (!tracer->options.stack_hertz)
		tracer->wanted &= ~(1ULL << METRIC_STACKS);
}

static int refuse(const struct tracer *tracer, struct failure *failure)
{
	return failure_set(failure, -EOPNOTSUPP, "%s", tracer->tier_reason);
}

int tracer_choose_tier(struct tracer *tracer, struct failure *failure)
{
	const struct tracer_options *options = &tracer->options;
	const char *obstacle = general_obstacle();

	tracer->tier = TIER_PIPE;
	set_wanted(tracer);
	if (obstacle)
		note_reason(tracer, options->tier, obstacle);
	for (unsigned int tier = options->tier; !obstacle && tier > TIER_PIPE; tier--) {
		struct failure cause = {0};
		int ret = tracer_load(tracer, tier, &cause);

		if (!ret) {
			tracer->tier = tier;
			return 0;
		}
		if (ret != -EOPNOTSUPP)
			return failure_set(failure, ret, "%s", cause.text);
		note_reason(tracer, tier, cause.text);
		if (options->forced)
			break;
	}
	return options->forced ? refuse(tracer, failure) : 0;
}
