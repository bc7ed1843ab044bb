/* SPDX-License-Identifier: GPL-2.0 */
/* The commands that took longest, of any number of them: exact, in constant memory. */
#ifndef PROFILER_TRACE_SLOW_H
#define PROFILER_TRACE_SLOW_H

#include "engine/events.h"
#include "profiler/trace_details.h"

#include <stdbool.h>

struct trace_slow {
	struct trace_slow_command commands[TRACE_COSTS]; /* without their paths */
	bool have_paths[TRACE_COSTS];
	char paths[TRACE_COSTS][EVENT_PATH_MAX];
	size_t count;
	size_t fastest; /* its place, when there is no room for more */
};

/* @command, whose path is @path; NULL: it names none, or it is not known. */
void trace_slow_add(struct trace_slow *slow, const struct trace_slow_command *command,
		    const char *path);

/*
 * Up to TRACE_COSTS of them, the longest first, of equally long ones the earlier. Their paths are
 * the caller's. Returns how many.
 */
size_t trace_slow_top(const struct trace_slow *slow, struct trace_slow_command *top);

#endif
